#!/usr/bin/env python3
"""Write docs/modules.md from the tables that the builds of the Pythons left behind.

    docs/modules.py [BUILD-OUTPUT [SOURCE...]]

Only the text between the two comments is replaced; the rest of the page is written by hand. The table has the newest release of
each series in BUILD-OUTPUT. SOURCE is the unpacked source of a release that was not built: its column comes from its own list of
modules and the recipe's modules.txt, and a build would have to confirm it."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BEGIN, END = "<!-- table: docs/modules.py -->", "<!-- end of table -->"
SIGNS = {"yes": "yes", "expected": "*yes*", "no": "–", "useless": "(–)", None: ""}
REMARKS = os.path.join(HERE, "../ports/python/base/modules.txt")


def releases(output):
    newest = {}
    for name in os.listdir(os.path.join(output, "python")):
        version = tuple(map(int, re.findall(r"\d+", name)))
        if os.path.exists(os.path.join(output, "python", name, "share/modules.tsv")):
            newest[version[:2]] = max(newest.get(version[:2], ((), "")), (version, name))
    return [name for version, name in sorted(newest.values())]


def read(output, name):
    with open(os.path.join(output, "python", name, "share/modules.tsv")) as file:
        rows = [line.rstrip("\n").split("\t") for line in file][1:]
    return {module: (status, note) for module, status, note in rows}


def text_of(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def remarks():
    """The entries of modules.txt for a Python with all switches on: {module: (section, reason)}."""
    found, section = {}, None
    for line in text_of(REMARKS).splitlines():
        names, _, reason = line.partition(": ")
        if line.startswith("["):
            section = line.strip("[]")
        elif reason and not line.startswith("#") and " without " not in section:
            found.update((name, (section.split()[0], reason)) for name in names.split())
    return found


def expected(source):
    """The table that a build of SOURCE would make if it went like the other builds."""
    version = re.search(r'PY_VERSION\s+"([^"]+)"', text_of(source, "Include/patchlevel.h"))[1]
    listed = set(re.findall(r'"(\w+)"', text_of(source, "Python/stdlib_module_names.h")))
    notes = remarks()
    paths = {name: os.path.join(source, "Lib", *name.split(".")) for name in notes if "." in name}
    listed |= {name for name, path in paths.items() if os.path.exists(path + ".py") or os.path.isdir(path)}
    table = {}
    for name in listed:
        section, reason = notes.get(name, ("", ""))
        table[name] = {"absent": "no", "refused": "no", "useless": "useless"}.get(section, "expected"), reason
    return version, table


def main(output, *sources):
    built = {name: read(output, name) for name in releases(output)}
    columns = {name.removeprefix("v"): table for name, table in built.items()}
    columns |= {version + " (not built)": table for version, table in map(expected, sources)}
    names = sorted(columns, key=lambda name: list(map(int, re.findall(r"\d+", name))))
    tables = [columns[name] for name in names]
    lines = ["| module | " + " | ".join(names) + " | |", "|---" * (len(names) + 2) + "|"]
    for module in sorted(set().union(*tables), key=lambda name: (name.lstrip("_").lower(), name)):
        found = [table.get(module, (None, "")) for table in tables]
        note = next((note for status, note in reversed(found) if note), "")
        lines.append(f"| `{module}` | " + " | ".join(SIGNS[status] for status, _ in found) + f" | {note} |")
    counts = [sum(status in ("yes", "expected") for status, _ in table.values()) for table in tables]
    lines.append("| present | " + " | ".join(map(str, counts)) + " | |")
    path = os.path.join(HERE, "modules.md")
    with open(path) as file:
        text = file.read()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    with open(path, "w") as file:
        file.write(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after)


main(*(sys.argv[1:] or [os.path.join(HERE, "../build-output")]))
