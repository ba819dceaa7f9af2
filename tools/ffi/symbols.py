"""Write the table of functions that ctypes can call: see ffi.h.

    symbols.py DECLARED OUTPUT ARCHIVE...

DECLARED is a C source after preprocessing. A function or variable is in the table if DECLARED has its name and one
of the archives of WebAssembly objects defines it. The object tells the type of a function."""

import itertools
import re
import sys

TYPES = {0x7F: "i", 0x7E: "I", 0x7D: "f", 0x7C: "d"}
C_TYPES = {"i": "uint32_t", "I": "uint64_t", "f": "float", "d": "double", "v": "void"}
# Symbols: kinds and flags of the symbol table of an object.
FUNCTION, DATA = 0, 1
LOCAL, UNDEFINED, NAMED, THREAD = 0x02, 0x10, 0x40, 0x100
# These are large, and Python has its own versions.
LEFT_OUT = re.compile(r"crypt|encrypt|setkey|gz\w+|inflateBack\w*|v?[fs]?w(printf|scanf)|(is|to)w\w+|wcs?width|[jy][01n]f?")


class Reader:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def number(self):
        """An unsigned LEB128 number."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def bytes(self, count):
        self.at += count
        return self.data[self.at - count:self.at]

    def name(self):
        return self.bytes(self.number()).decode()

    def limits(self):
        flags = self.byte()
        self.number()
        if flags & 1:
            self.number()

    def end(self):
        return self.at >= len(self.data)


def members(path):
    """The files in an archive."""
    with open(path, "rb") as file:
        data = file.read()
    if not data.startswith(b"!<arch>\n"):
        sys.exit(f"{path}: this is no archive")
    at = 8
    while at + 60 <= len(data):
        size = int(data[at + 48:at + 58])
        yield data[at + 60:at + 60 + size]
        at += 60 + size + size % 2


def symbols(data):
    """The symbols that an object defines for others: (name, signature). The signature of data is None."""
    types, functions = [], []
    file = Reader(data, 8)
    while not file.end():
        kind = file.byte()
        section = Reader(file.bytes(file.number()))
        if kind == 1:  # types
            for _ in range(section.number()):
                if section.byte() != 0x60:
                    raise ValueError("a type that is not a function")
                arguments, results = ([section.byte() for _ in range(section.number())] for _ in range(2))
                known = all(t in TYPES for t in arguments + results) and len(results) < 2
                types.append("".join(TYPES[t] for t in results or ()) .rjust(1, "v") + "".join(TYPES[t] for t in arguments)
                             if known else None)
        elif kind == 2:  # imports
            for _ in range(section.number()):
                section.name(), section.name()
                what = section.byte()
                if what == 0:
                    functions.append(types[section.number()])
                elif what == 1:
                    section.byte()
                    section.limits()
                elif what == 2:
                    section.limits()
                else:  # a global or a tag
                    section.byte(), section.byte()
        elif kind == 3:  # functions
            functions += [types[section.number()] for _ in range(section.number())]
        elif kind == 0 and section.name() == "linking":
            if section.number() != 2:
                raise ValueError("an unknown kind of object")
            while not section.end():
                part, part_kind = None, section.byte()
                part = Reader(section.bytes(section.number()))
                if part_kind == 8:  # symbol table
                    yield from table(part, functions)


def table(part, functions):
    for _ in range(part.number()):
        kind, flags = part.byte(), part.number()
        if kind == DATA:
            name = part.name()
            if not flags & UNDEFINED:
                part.number(), part.number(), part.number()
                if not flags & (LOCAL | THREAD):
                    yield name, None
        elif kind == 3:  # section
            part.number()
        else:
            index = part.number()
            if not flags & UNDEFINED or flags & NAMED:
                name = part.name()
                if kind == FUNCTION and not flags & (UNDEFINED | LOCAL) and functions[index]:
                    yield name, functions[index]


def callbacks():
    """The types of callbacks, and how many of each can be in use at once."""
    for arguments in itertools.chain.from_iterable(itertools.product("iIfd", repeat=n) for n in range(3)):
        for result in "viIfd":
            yield result + "".join(arguments), 32 if set(arguments) <= {"i"} and result in "vi" else 4
    # long double: one argument, and a result that is written to an address.
    yield from (("vII", 4), ("viII", 4), ("viiII", 4))
    for count in range(3, 7):
        yield "d" * (count + 1), 4
    for count in range(3, 11):
        for result in "viId":
            yield result + "i" * count, 32 if count < 7 and result in "vi" else 8


def write(out, found, variadic):
    groups = {}
    for text, count in callbacks():
        groups[text] = max(count, groups.get(text, 0))
    signatures = sorted({text for text in found.values() if text} | set(groups) | {"iii", "iiii"})
    number = {text: index for index, text in enumerate(signatures)}
    out.write('/* Made by symbols.py. */\n#include "ffi.h"\n\n')
    for text in signatures:
        types = ", ".join(C_TYPES[t] for t in text[1:]) or "void"
        arguments = ", ".join(f"a[{n}].{t}" for n, t in enumerate(text[1:]))
        result = "" if text[0] == "v" else f"r->{text[0]} = "
        out.write(f"static void call_{text}(void (*fn)(void), const union wl_ffi_word *a, union wl_ffi_word *r)\n{{\n"
                  f"    (void)a, (void)r;\n    {result}(({C_TYPES[text[0]]}(*)({types}))fn)({arguments});\n}}\n")
    out.write("\nconst struct wl_ffi_signature wl_ffi_signatures[] = {\n")
    out.writelines(f'    {{"{text}", call_{text}}},\n' for text in signatures)
    out.write("};\n\n")
    for name, text in sorted(found.items()):
        if text:
            out.write(f"extern {C_TYPES[text[0]]} {name}({', '.join(C_TYPES[t] for t in text[1:]) or 'void'});\n")
        else:
            out.write(f"extern char {name}[];\n")
    out.write("\nconst struct wl_ffi_symbol wl_ffi_symbols[] = {\n")
    for name, text in sorted(found.items()):
        out.write(f'    {{"{name}", {name}, {number[text] if text else -1}, {int(bool(text) and name in variadic)}}},\n')
    out.write("};\n\n")
    first, rows, thunks = 0, [], []
    for text, count in groups.items():
        # A thunk is only a number before the arguments, so that having many of them costs little.
        c_type, arguments = C_TYPES[text[0]], "".join(f", {C_TYPES[t]} a{n}" for n, t in enumerate(text[1:]))
        words = ", ".join(f"{{.{t} = a{n}}}" for n, t in enumerate(text[1:])) or "{.i = 0}"
        passed = "".join(f", a{n}" for n in range(len(text) - 1))
        gives = "return " if text[0] != "v" else ""
        out.write(f"__attribute__((noinline)) static {c_type} enter_{text}(unsigned number{arguments})\n{{\n"
                  f"    union wl_ffi_word words[] = {{{words}}}, result = {{.I = 0}};\n\n"
                  f"    wl_ffi_enter(number, words, &result);\n"
                  + (f"    return result.{text[0]};\n" if gives else "") + "}\n")
        out.writelines(f"static {c_type} thunk_{k}({arguments[2:] or 'void'}) {{ {gives}enter_{text}({k}{passed}); }}\n"
                       for k in range(first, first + count))
        rows.append(f"    {{{number[text]}, {first}, {count}}},\n")
        thunks += [f"thunk_{k}" for k in range(first, first + count)]
        first += count
    out.write("\nconst struct wl_ffi_thunk_group wl_ffi_thunk_groups[] = {\n" + "".join(rows) + "};\n")
    out.write("const void *const wl_ffi_thunks[] = {\n" + "".join(f"    {name},\n" for name in thunks) + "};\n")
    for what in ("signature", "symbol", "thunk_group", "thunk"):
        name = f"wl_ffi_{what}s"
        out.write(f"const unsigned wl_ffi_{what}_count = sizeof {name} / sizeof *{name};\n")


def main(declared, output, *archives):
    with open(declared, encoding="utf-8", errors="replace") as file:
        text = file.read()
    words = set(re.findall(r"[A-Za-z_]\w*", text))
    # Functions with "..." in their declaration. In place of "..." they get an address.
    variadic = set(re.findall(r"\b([A-Za-z_]\w*)\s*\((?:[^;{}()]|\([^()]*\))*,\s*\.\.\.\s*\)", text))
    found = {}
    for archive in archives:
        for data in members(archive):
            if data.startswith(b"\0asm"):
                for name, signature in symbols(data):
                    if name in words:
                        found.setdefault(name, signature)
    # Some functions exist for each kind of number. Their versions for long double are large, too.
    long = {name for name in found if name.endswith("l") and name[:-1] in found and name[:-1] + "f" in found}
    found = {name: text for name, text in found.items() if name not in long and not LEFT_OUT.fullmatch(name)}
    with open(output, "w") as out:
        write(out, found, variadic)
    print(f"{sum(bool(text) for text in found.values())} functions, {sum(not text for text in found.values())} variables")


main(*sys.argv[1:])
