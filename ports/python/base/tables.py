"""Compress the tables of numbers in CPython's headers.

    tables.py TABLES_H HEADER...

HEADERS are the headers that one extension module includes, in the same order. Each large array of plain numbers in
them becomes an array without values. The last header gets all the values, compressed, and a macro with which the
module fills the arrays when it starts (guest/tables.h). Arrays that are small or hold addresses stay unchanged."""

import os
import re
import sys
import zlib

WIDTHS = {"unsigned char": 1, "ucs2_t": 2, "DBCHAR": 2, "unsigned short": 2, "unsigned int": 4, "Py_UCS4": 4}
# Of cjkcodecs.h.
NAMES = {"U": 0xFFFE, "N": 0xFFFF, "M": 0xFFFE, "D": 0xFFFD}
LEAST = 1000  # bytes
DIFFERENCES, PLANES = 1, 2

ARRAY = re.compile(r"^static const ({}) (\w+)\[\d*\] = \{{([^{{}}]*)\}};".format("|".join(WIDTHS)), re.MULTILINE)


def forms(numbers, width):
    """The bytes of a table in each form."""
    for form in range(4 if width > 1 else 2):
        shown = numbers
        if form & DIFFERENCES:
            shown = [(b - a) % 256 ** width for a, b in zip([0] + numbers, numbers)]
        content = b"".join(number.to_bytes(width, "little") for number in shown)
        if form & PLANES:
            content = b"".join(content[i::width] for i in range(width))
        yield len(zlib.compress(content, 9)), form, content


def pack(tables_h, *headers):
    entries, contents = [], []

    def without_values(match):
        kind, name, body = match.groups()
        words = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL).replace(",", " ").split()
        numbers = [NAMES[word] if word in NAMES else int(word, 0) for word in words]
        if len(numbers) * WIDTHS[kind] < LEAST:
            return match[0]
        _, form, content = min(forms(numbers, WIDTHS[kind]))
        entries.append(f"    {{{name}, {len(numbers)}, {WIDTHS[kind]}, {form}}},\n")
        contents.append(content)
        return f"static {kind} {name}[{len(numbers)}];"

    for header in headers:
        with open(header) as file:
            text = ARRAY.sub(without_values, file.read())
        if header == headers[-1]:
            assert entries, f"no tables in {headers}"
            packed = zlib.compress(b"".join(contents), 9)
            lines = "".join(",".join(map(str, packed[i:i + 32])) + ",\n" for i in range(0, len(packed), 32))
            text += f"""
#include "{os.path.relpath(tables_h, os.path.dirname(header))}"

static const struct wl_table wl_tables[] = {{
{"".join(entries)}}};
static const unsigned char wl_tables_packed[] = {{
{lines}}};

/* If the module started in another way, nothing would fill the tables. */
#pragma clang diagnostic error "-Wunused-function"
static PyObject *
wl_tables_start(PyModuleDef *def)
{{
    static char filled;

    if (!filled && wl_tables_fill(wl_tables, {len(entries)}, wl_tables_packed, sizeof wl_tables_packed) < 0)
        return NULL;
    filled = 1;
    return PyModuleDef_Init(def);
}}
#define PyModuleDef_Init wl_tables_start
"""
        with open(header, "w") as file:
            file.write(text)
    print(f"{os.path.basename(headers[-1])}: {len(entries)} tables, {sum(map(len, contents))} bytes, now {len(packed)}")


pack(*sys.argv[1:])
