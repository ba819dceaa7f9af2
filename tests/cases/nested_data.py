"""Data that is nested too deep for functions in C raises an exception, and can be freed."""
import ast
import collections
import copy
import dataclasses
import functools
import json
import marshal
import operator
import pickle
import pprint
import sys
import types
import xml.etree.ElementTree

DEPTH = 100000


@dataclasses.dataclass
class Data:
    x: object


class Plain:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return self.x == other.x

    def __repr__(self):
        return "Plain(%r)" % self.x


def nested(make):
    x = make(None)
    for _ in range(DEPTH):
        x = make(x)
    return x


def too_deep(kinds, function, *arguments):
    try:
        function(*arguments)
    except kinds:
        pass
    else:
        raise AssertionError((function, arguments))


for make in (lambda x: [x], lambda x: (x,), lambda x: {1: x}, lambda x: collections.deque([x]), Data, Plain,
             lambda x: collections.OrderedDict([(1, x)]), lambda x: types.SimpleNamespace(x=x)):
    one, other = nested(make), nested(make)
    too_deep(RecursionError, operator.eq, one, other)
    too_deep(RecursionError, repr, one)
    too_deep(RecursionError, str, one)
    too_deep((RecursionError, TypeError), json.dumps, one)
    too_deep(RecursionError, pickle.dumps, one)
    too_deep(RecursionError, pickle._dumps, one)
    too_deep(RecursionError, copy.deepcopy, one)
    too_deep(ValueError, marshal.dumps, one)
    too_deep(RecursionError, pprint.pformat, one)
    del one, other

for source in ("[" * DEPTH + "]" * DEPTH, "(" * DEPTH + ")" * DEPTH, "-" * DEPTH + "1", "1+" * DEPTH + "1", "a" + ".b" * DEPTH,
               "a" + "[0]" * DEPTH, "not " * DEPTH + "1", "lambda: " * DEPTH + "1", "f(" * DEPTH + ")" * DEPTH,
               "{1:" * DEPTH + "1" + "}" * DEPTH):
    for parse in ast.literal_eval, eval, lambda source: compile(source, "name", "exec"):
        too_deep((RecursionError, MemoryError, SyntaxError, NameError, ValueError), parse, source)
too_deep((RecursionError, MemoryError, SyntaxError), ast.parse, "[" * DEPTH + "]" * DEPTH)
too_deep(RecursionError, json.loads, "[" * DEPTH + "]" * DEPTH)
too_deep(RecursionError, json.loads, '{"a":' * DEPTH + "1" + "}" * DEPTH)
too_deep(ValueError, marshal.loads, b"[\1\0\0\0" * DEPTH + b"N")
too_deep(RecursionError, isinstance, 1, functools.reduce(lambda a, b: (a,), range(DEPTH), (str,)))

tree = xml.etree.ElementTree.fromstring("<a>" * DEPTH + "</a>" * DEPTH)
try:
    copy.deepcopy(tree)  # elsewhere it succeeds, or overflows the stack
except RecursionError:
    pass
too_deep(RecursionError, xml.etree.ElementTree.tostring, tree)
del tree
assert pickle.loads(b"]" * DEPTH + b"a" * (DEPTH - 1) + b".")[0]
