#!/usr/bin/python3
"""bombs.py KIND FILE: writes a small module that would cost a compiler very much of some resource."""

import sys


def number(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def section(kind, content):
    return bytes([kind]) + number(len(content)) + content


def some(things):
    return number(len(things)) + b"".join(things)


NOTHING = b"\x60\0\0"
EXPORTS = [b"\6memory\2\0", b"\6_start\0\0"]


def module(bodies, types=(NOTHING,), of=None, tables=b"", exports=(), data=b"", more=b""):
    """Functions with these bodies (locals and instructions without the end), of type 0, or of the types `of`."""
    of = of or [0] * len(bodies)
    return (b"\0asm\1\0\0\0" + section(1, some(list(types))) + section(3, some([number(t) for t in of])) +
            (section(4, tables) if tables else b"") + section(5, b"\1\0\1") + section(7, some(EXPORTS + list(exports))) +
            section(10, some([number(len(b) + 1) + b + b"\x0b" for b in bodies])) + data + more)


def arithmetic(n):
    """One function in which every value depends on every other."""
    code = b"".join(b"\x20" + number(i % 1000) + b"\x20" + number(i * 7 % 1000) + b"\x6c\x41" + number(i % 60) + b"\x6a\x21" +
                    number(i * 13 % 1000) for i in range(n))
    return b"\1" + number(1000) + b"\x7f" + code


WIDE = b"\x60" + number(1000) + b"\x7f" * 1000 + b"\0"
BOMBS = {
    "locals": lambda: module([b"\1" + number(50000) + b"\x7f"] * 1000),
    "more-locals": lambda: module([b"\2" + number(30000) + b"\x7f" + number(30000) + b"\x7e"]),
    "endless-locals": lambda: module([b"\1\xff\xff\xff\xff\x0f\x7f"]),
    "parameters": lambda: module([b"\0"] * 20000, types=[NOTHING, WIDE], of=[0] + [1] * 19999),
    "exports": lambda: module([b"\0"] * 2, types=[NOTHING, WIDE], of=[0, 1], exports=[b"\4%04d\0\1" % i for i in range(9999)]),
    "wide": lambda: module([b"\0"], types=[NOTHING, b"\x60" + number(1001) + b"\x7f" * 1001 + b"\0"]),
    "tables": lambda: module([b"\0"], tables=some([b"\x70\0\0"] * 101)),
    "data": lambda: module([b"\0"], data=section(11, some([b"\0\x41\0\x0b\0"] * 100001))),
    "function": lambda: module([b"\0" + b"\1" * 7654321]),
    "functions": lambda: module([b"\0"] * 1000001),
    "blocks": lambda: module([b"\0" + b"\2\x40" * 100000 + b"\x0b" * 100000]),
    "twice": lambda: module([b"\0"], more=section(10, some([b"\2\0\x0b"]))),
    # Imports in front of the functions, so that there are more of them.
    "order": lambda: b"\0asm\1\0\0\0" + section(1, some([NOTHING])) + section(3, some([b"\0"] * 100000)) +
                     section(2, some([b"\x16wasi_snapshot_preview1\x08fd_close\0\0"] * 50)) + section(7, some(EXPORTS)),
    # Allowed by every rule.
    "arithmetic": lambda: module([arithmetic(300000)]),
    "many": lambda: module([b"\0"] * 300000),
}

with open(sys.argv[2], "wb") as f:
    f.write(BOMBS[sys.argv[1]]())
