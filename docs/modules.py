#!/usr/bin/env python3
"""Write docs/modules.md from the tables that the Pythons' builds left.

    docs/modules.py [BUILD-OUTPUT]

Only what is between the two comments is replaced; the text around it is written by hand. Takes the newest release of each
series that BUILD-OUTPUT has."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BEGIN, END = "<!-- table: docs/modules.py -->", "<!-- end of table -->"
SIGNS = {"yes": "yes", "no": "–", "useless": "(–)", None: ""}


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


def main(output):
    names = releases(output)
    tables = [read(output, name) for name in names]
    lines = ["| module | " + " | ".join(name.removeprefix("v") for name in names) + " | |", "|---" * (len(names) + 2) + "|"]
    for module in sorted(set().union(*tables), key=lambda name: (name.lstrip("_").lower(), name)):
        found = [table.get(module, (None, "")) for table in tables]
        note = next((note for status, note in reversed(found) if note), "")
        lines.append(f"| `{module}` | " + " | ".join(SIGNS[status] for status, _ in found) + f" | {note} |")
    counts = [sum(status == "yes" for status, _ in table.values()) for table in tables]
    lines.append("| there | " + " | ".join(map(str, counts)) + " | |")
    path = os.path.join(HERE, "modules.md")
    with open(path) as file:
        text = file.read()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    with open(path, "w") as file:
        file.write(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after)


main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "../build-output"))
