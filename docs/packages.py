#!/usr/bin/env python3
"""Write the table of docs/packages.md from ports/pypi/tried.tsv, which ports/pypi/try.py writes, and the recipes of ports/pypi.

    docs/packages.py

Only the text between the two comments is replaced; the rest of the page is written by hand."""

import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
PYPI = os.path.join(HERE, "../ports/pypi")
BEGIN, END = "<!-- table: docs/packages.py -->", "<!-- end of table -->"


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def recipes():
    """The recipes, and why a package cannot be built: {name: reason or None}."""
    found = {}
    for name in os.listdir(PYPI):
        path = os.path.join(PYPI, name, "recipe.yaml")
        if name != "base" and os.path.exists(path):
            reason = re.search(r'"unavailable=([^"]*)"', text_of(path))
            found[name] = reason and reason[1]
    return found


def megabytes(size):
    return f"{int(size) / 1e6:.1f} MB" if size else ""


def table():
    known = recipes()
    path = os.path.join(PYPI, "tried.tsv")
    rows = [line.split("\t") for line in text_of(path).splitlines()[1:]] if os.path.exists(path) else []
    rows = [row for row in rows if row[2] != "pure" and not known.get(row[0])]
    lines = ["| package | builds | adds | its own tests | remarks |", "|---|---|---|---|---|"]
    for name, version, state, size, passed, failed, skipped, note in rows:
        if state == "builds":
            tests = f"{int(passed):,} passed, {failed} failed, {int(skipped):,} skipped" if passed else ""
            lines.append(f"| {name} {version} | {'recipe' if name in known else 'as it is'} | {megabytes(size)} | {tests} | {note} |")
    refused = [(row[0], row[7]) for row in rows if row[2] != "builds"] + [(n, r) for n, r in known.items() if r]
    for name, note in sorted(refused):
        lines.append(f"| {name} | no | | | {note.replace('|', '/')} |")
    built = [row for row in rows if row[2] == "builds"]
    lines += ["", f"Of {len(built) + len(refused)} packages that were tried, {len([r for r in built if r[0] not in known])} build as they are "
              f"and {len([r for r in built if r[0] in known])} with a recipe."]
    return "\n".join(lines)


def main():
    page = os.path.join(HERE, "packages.md")
    text = text_of(page)
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    with open(page, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}")


main()
