"""Unlimited recursion ends in an exception, even if sys.setrecursionlimit() allows more than there is room for."""
# Only here: elsewhere it takes all memory of the machine, or overflows the C stack.
# Memory: 192M
import sys


class Attribute:
    def __getattr__(self, name):
        return getattr(self, name + "x")


class Shown:
    def __repr__(self):
        return repr([self])


class Equal:
    def __eq__(self, other):
        return self == other


class Made:
    def __init__(self):
        Made()


class Method:
    def method(self, n):
        return 1 + self.method(n + 1)


def plain():
    return plain()


def counted(n):
    return counted(n + 1)


def with_cleanup():
    try:
        return with_cleanup()
    finally:
        cleaned[0] += 1


def keywords(**named):
    return keywords(**named)


def sorts():
    return sorted([1], key=lambda x: sorts())


def maps():
    return list(map(lambda x: maps(), [1]))


def comprehends():
    return [comprehends() for _ in [1]]


def executes():
    exec("executes()")


cleaned = [0]
nested = [None]
for _ in range(100000):
    nested = [nested]
# In 3.11 a raised limit can still end the program: docs/modules.md says so.
for limit in (1000, 10**9) if sys.version_info >= (3, 12) else (1000,):
    sys.setrecursionlimit(limit)
    for function in (plain, lambda: counted(0), lambda: Method().method(0), with_cleanup, keywords, comprehends, sorts, maps,
                     executes, Made, lambda: Attribute().x, lambda: repr(Shown()), lambda: Equal() == Equal(), lambda: repr(nested)):
        try:
            function()
        except (RecursionError, MemoryError) as error:
            kind = type(error)
        else:
            raise AssertionError(function)
        assert limit > 1000 or kind is RecursionError, (function, kind)
assert cleaned[0] > 900
