#!/usr/bin/env python3
"""plot.py FILE.json: draws a saved measurement as FILE.svg and writes its table, FILE.md. The JSON is the only input, so the same
results give the same bytes."""
import html
import json
import math
import os
import sys

UNITS = {"ratio": "as multiples of python3", "bytes": "in bytes"}
STYLE = """
  :root { --paper: #ffffff; --ink: #1f2328; --faint: #d1d9e0; --mark: #0969da; --one: #cf222e }
  @media (prefers-color-scheme: dark) {
    :root { --paper: #0d1117; --ink: #e6edf3; --faint: #343b44; --mark: #58a6ff; --one: #ff7b72 }
  }
  text { font: 12px sans-serif; fill: var(--ink) }
  .small { font-size: 10px }
  .strong { font-weight: bold }
  .end { text-anchor: end }
  .middle { text-anchor: middle }
  .paper { fill: var(--paper) }
  .grid { stroke: var(--faint) }
  .one { stroke: var(--one) }
  .noise { stroke: var(--mark); stroke-width: 6; opacity: 0.4 }
  .mark { stroke: var(--mark); stroke-width: 2.5 }
"""


def fail(why):
    sys.exit(f"plot.py: {why}")


def read(path):
    """Reads the document and checks it; the functions below rely on that."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        for key in "benchmark", "port", "machine", "date", "commit":
            if not isinstance(document[key], str):
                fail(f"{path}: {key} is not a string")
        for row in document["results"]:
            for key in "name", "unit", "of":
                if not isinstance(row.get(key, "") if key == "of" else row[key], str):
                    fail(f"{path}: {key} is not a string in {row}")
            for key in "median", "min", "max", "best":
                value = row.get(key, 0) if key == "best" else row[key]
                if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
                    fail(f"{path}: {key} is not a number in {row}")
        if not document["results"]:
            fail(f"{path}: it has no results")
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    except ValueError as error:
        fail(f"{path}: is not JSON: {error}")
    except (KeyError, TypeError, AttributeError) as error:
        fail(f"{path}: is not a saved measurement: {error!r}")
    return document


def number(value, unit):
    if unit == "bytes":
        for size, name in (1e6, "MB"), (1e3, "kB"):
            if value >= size:
                return f"{value / size:.3g} {name}"
        return f"{value:.0f}"
    if value >= 100 or (unit != "ratio" and value == int(value)):
        return f"{value:.0f}"
    return f"{value:.3g}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def unique(values):
    return list(dict.fromkeys(values))


def heading(document, column):
    """A Python's name, with its version if that differs from the port's."""
    version = document.get("versions", {}).get(column, "")
    same = version == document["port"].rpartition("/v")[2]
    return (column, "" if same else version)


# --- the plot ---


def ticks(low, high):
    """Numbers that are easy to read on a logarithmic axis."""
    steps = [step * 10.0**power for power in range(-6, 12) for step in (1, 2, 5)]
    inside = [step for step in steps if low <= step <= high]
    if len(inside) > 4:
        inside = [step for step in inside if f"{step:e}"[0] == "1"] or inside[::2]
    return inside


def plot(document, rows):
    """Measurements and Pythons form a grid: the shorter list becomes panels, the longer one lines. A stroke is the median, a bar
    goes from the minimum to the maximum."""
    unit = rows[0]["unit"]
    names, pythons = unique(row["name"] for row in rows), unique(row["of"] for row in rows)
    by_python = len(names) > len(pythons)
    lines, panels = (names, pythons) if by_python else (pythons, names)
    cells = {(row["name"], row["of"]) if by_python else (row["of"], row["name"]): row for row in rows}
    values = [row[key] for row in rows for key in ("min", "max", "median") if row[key] > 0]
    if not values:
        fail("there is nothing to draw: all values are 0")
    # A value far from all others is shown at the edge.
    usual = 2 * sorted(values)[int(0.97 * (len(values) - 1))]
    low, high = min(values) / 1.15, min(max(values), usual) * 1.15
    few = len(panels) <= 4
    label, panel, step, top = 8 + 6.6 * max(map(len, lines)), max(200 if few else 90, *(6.6 * len(name) for name in panels)), 18, 76
    value_width = 56 if few else 34
    if not by_python:
        label = max(label, 8 + 6.6 * max(len(" ".join(heading(document, line))) for line in lines))
    width, height = round(label + len(panels) * (panel + 8) + 12), top + step * len(lines) + 34

    def x(left, value):
        return left + (panel - value_width) * math.log(min(value, high) / low) / math.log(high / low)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
        f"<title>{html.escape(document['benchmark'])} of {html.escape(document['port'])}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
    ]

    def text(left, y, words, classes=""):
        out.append(f'<text x="{left:.1f}" y="{y:.1f}"' + (f' class="{classes}"' if classes else "") + f">{html.escape(words)}</text>")

    def line(x1, y1, x2, y2, classes):
        out.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{classes}"/>')

    text(8, 20, f"{document['benchmark']} of {document['port']}, {UNITS.get(unit, 'in ' + unit)}: median (number, stroke), minimum to maximum (bar)", "strong")
    bottom = top + step * len(lines)
    means = sum(name.startswith("geometric mean") for name in lines)
    if 0 < means < len(lines):
        line(8, bottom - means * step, width - 8, bottom - means * step, "grid")
    for i, name in enumerate(lines):
        words = name if by_python else " ".join(heading(document, name)).strip()
        text(label, top + step * i + 13, words, "end strong" if name.startswith("geometric mean") else "end")
    for k, name in enumerate(panels):
        left = label + 8 + k * (panel + 8)
        title, version = heading(document, name) if by_python else (name, "")
        text(left, 48, title, "strong")
        if version:
            # Python's version, and below it the engine's.
            for n, part in enumerate(version.split(", ")):
                text(left, 60 + 11 * n, part, "small")
        for tick in ticks(low, high):
            at = x(left, tick)
            line(at, top, at, bottom, "grid")
            text(at, bottom + 13, number(tick, unit) if unit == "bytes" else f"{tick:g}", "small middle")
        if unit == "ratio" and low < 1 < high:
            line(x(left, 1), top, x(left, 1), bottom, "one")
        for i, what in enumerate(lines):
            row = cells.get((what, name))
            y = top + step * i + step / 2
            if row is None or not row["median"]:
                text(left + panel - 2, y + 4, "–", "small end")
                continue
            line(x(left, row["min"] or low), y, x(left, row["max"]), y, "noise")
            if row["median"] > high:
                text(x(left, high) - 2, y + 4, "›", "strong")
            else:
                line(x(left, row["median"]), y - 6, x(left, row["median"]), y + 6, "mark")
            strong = " strong" if what.startswith("geometric mean") else ""
            text(left + panel - 2, y + 4, number(row["median"], unit), "small end" + strong)
    out.append("</svg>")
    return "\n".join(out) + "\n"


# --- the table ---


def cell(row):
    median = number(row["median"], row["unit"])
    return median if "best" not in row or row["min"] == row["max"] else f"{median} ({number(row['best'], row['unit'])})"


def grid(document, rows):
    names, pythons = unique(row["name"] for row in rows), unique(row["of"] for row in rows)
    cells = {(row["name"], row["of"]): row for row in rows}
    out = ["| | " + " | ".join(" ".join(heading(document, python)).strip() for python in pythons) + " |", "|---" * (len(pythons) + 1) + "|"]
    for name in names:
        line = []
        for python in pythons:
            row = cells.get((name, python))
            line.append(cell(row) if row else "–")
        out.append(f"| {name} | " + " | ".join(line) + " |")
    return out


def table(document, picture):
    rows = document["results"]
    out = [
        f"# {document['benchmark']} of {document['port']}",
        "",
        f"Measured by `bench/{document['benchmark']}` on {document['date'][:10]}, commit {document['commit']}.",
        f"Machine: {document['machine']}. Written by `bench/plot.py`.",
        "",
        "Each figure is the median of all runs, followed by the best in parentheses; for a ratio, that is the ratio of the best times.",
        "A version is given if it differs from the port's; – means that a program did not run there.",
    ]
    if picture:
        out += ["", f"![{document['benchmark']}]({picture})"]
    for unit in unique(row["unit"] for row in rows if row.get("of")):
        title = UNITS.get(unit, "in " + unit)
        out += ["", f"## {title[0].upper()}{title[1:]}", ""]
        out += grid(document, [row for row in rows if row.get("of") and row["unit"] == unit])
    others = [row for row in rows if not row.get("of")]
    if others:
        out += ["", "## Other figures" if len(others) < len(rows) else "## All", "", "| | |", "|---|---|"]
        for row in others:
            suffix = "" if row["unit"] in ("bytes", "files", "programs") else f", {row['unit']}"
            out.append(f"| {row['name']}{suffix} | {cell(row)} |")
    return "\n".join(out) + "\n"


def main(arguments):
    if len(arguments) != 1 or not arguments[0].endswith(".json"):
        fail("usage: plot.py FILE.json")
    stem = arguments[0][: -len(".json")]
    document = read(arguments[0])
    drawn = [row for row in document["results"] if row.get("of")]
    # Ratios say most; without any, take the first unit.
    unit = "ratio" if any(row["unit"] == "ratio" for row in drawn) else drawn[0]["unit"] if drawn else None
    drawn = [row for row in drawn if row["unit"] == unit]
    files = {}
    if drawn:
        files[stem + ".svg"] = plot(document, drawn)
    files[stem + ".md"] = table(document, os.path.basename(stem) + ".svg" if drawn else None)
    for path, words in files.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(words)


main(sys.argv[1:])
