#!/usr/bin/env python3
"""Tries to build packages of PyPI with native code, and keeps what came of it in tried.tsv beside this file.

    ports/pypi/try.py [OPTION...] [NAME...]

Each package is built by `wl-make wheel`, linked into a Python, and imported there. Without names, those of names.txt
that tried.tsv does not have are tried: packages with native code that are downloaded most, the quick ones first. The program
prints a line for each package, and at the end how many build as they are. It is not part of CI, because it needs hours.

    --all         also try again what tried.tsv has
    --tests       also run the package's own tests, if there is a recipe for them (ports/package-tests)
    --minutes N   start no new package after this time
    --only-wheels build only the wheels, which shows less, but sooner
    --cache-dir DIR, --python PORT   as those of wl-make"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FILE = os.path.join(HERE, "tried.tsv")
HEAD = "package\tversion\tstate\tsize\tpassed\tfailed\tskipped\tnote\n"
# What the messages of the tool are, and how the table says it.
REASONS = [
    (r"has a wheel without native code", "pure", ""),
    (r"written in Rust", "fails", "Rust"),
    (r"cannot be built for Python [^:]*: (.*)", "fails", r"\1"),
    (r"cannot find what the build of \S+ requires: (.*)", "fails", r"what its build requires: \1"),
]


def tool(a, *words):
    env = dict(os.environ, CI="1")
    command = [os.path.join(ROOT, "wl-make.sh"), *words]
    if a.cache_dir:
        command += ["--cache-dir", a.cache_dir]
    return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")


def read():
    try:
        with open(FILE, encoding="utf-8") as f:
            rows = [line.rstrip("\n").split("\t") for line in f][1:]
    except FileNotFoundError:
        rows = []
    return {row[0]: row for row in rows}


def write(rows):
    with open(FILE + ".new", "w", encoding="utf-8") as f:
        f.write(HEAD)
        f.writelines("\t".join(rows[name]) + "\n" for name in sorted(rows))
    os.replace(FILE + ".new", FILE)


def normal(name):
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~\[ ]", name)[0]).lower()


def one_line(text):
    return " ".join(text.split())[:200]


def why(done):
    """The tool's message, shortened: (state, note)."""
    said = [line for line in done.stderr.splitlines() if "wl-make: error: " in line]
    said = said[-1].split("wl-make: error: ", 1)[1] if said else "no message"
    for pattern, state, note in REASONS:
        found = re.search(pattern, said)
        if found:
            return state, one_line(re.split(r"; ", found.expand(note))[0])
    step = re.search(r"step '([^']*)' failed", said)
    if step:
        # The lines before the message are the step's last.
        lines = [line for line in done.stderr.splitlines() if re.search(r"\berror\b|Error:|ERROR", line) and "wl-make: error:" not in line]
        return "fails", one_line(f"{step[1]}: {lines[0] if lines else ''}".replace("/wl/", ""))
    return "fails", one_line(said)


def size_of(place):
    return sum(os.lstat(os.path.join(root, name)).st_size
               for part in ("bin", "usr") for root, _, names in os.walk(os.path.join(place, part)) for name in names)


def plain_size(a, output):
    if a.plain is None:
        done = tool(a, "build", "-q", a.python, "--output", output)
        if done.returncode:
            sys.exit(done.stderr)
        a.plain = size_of(os.path.join(output, a.python))
    return a.plain


def tests_of(a, name):
    """passed, failed, skipped: as text."""
    done = tool(a, "test", a.python, "--with", name, "--suite", normal(name))
    found = re.search(r": \d+ files, (\d+) tests passed, (\d+) failed, (\d+) skipped", done.stdout)
    return found.groups() if found else ("", "", "")


def attempt(a, name, output):
    done = tool(a, "wheel", name, "-o", os.path.join(output, "wheels"), "--python", a.python)
    if done.returncode:
        state, note = why(done)
        return [normal(name), "", state, "", "", "", "", note]
    wheel = [line for line in done.stdout.splitlines() if ".whl" in line][-1]
    version = os.path.basename(wheel).split("-")[1]
    if a.only_wheels:
        return [normal(name), version, "builds", "", "", "", "", "wheel only"]
    done = tool(a, "build", "-q", a.python, "--with", name, "--output", output)
    if done.returncode:
        return [normal(name), version, *["fails", "", "", "", ""], why(done)[1]]
    place = f"{output}/{a.python}+{normal(name)}"
    size = size_of(place) - plain_size(a, output)
    has_tests = os.path.exists(os.path.join(ROOT, "ports/package-tests", normal(name)))
    return [normal(name), version, "builds", str(size), *(tests_of(a, name) if a.tests and has_tests else ("", "", "")), ""]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("names", nargs="*", metavar="NAME")
    p.add_argument("--all", action="store_true")
    p.add_argument("--tests", action="store_true")
    p.add_argument("--only-wheels", action="store_true")
    p.add_argument("--minutes", type=float)
    p.add_argument("--cache-dir")
    p.add_argument("--python", default="python/v3.13.5")
    a = p.parse_args()
    a.plain = None
    rows, end = read(), time.monotonic() + a.minutes * 60 if a.minutes else None
    with open(os.path.join(HERE, "names.txt"), encoding="utf-8") as f:
        listed = [line.strip() for line in f if line.strip() and not line.startswith("#")]
    names = a.names or [name for name in listed if a.all or normal(name) not in rows]
    with tempfile.TemporaryDirectory(prefix="wl-try-") as output:
        for name in names:
            if end and time.monotonic() > end:
                break
            row = attempt(a, name, output)
            old = rows.get(normal(name))
            # A version's test results stay until they are measured again.
            if old and old[1] == row[1] and not row[4]:
                row[4:7] = old[4:7]
            rows[normal(name)] = row
            write(rows)
            print("\t".join(row), flush=True)
    native = [row for row in rows.values() if row[2] != "pure"]
    recipe = [row for row in native if os.path.exists(os.path.join(HERE, row[0]))]
    built = [row for row in native if row[2] == "builds"]
    print(f"{len(native)} packages with native code: {len([r for r in built if r not in recipe])} build as they are, "
          f"{len([r for r in built if r in recipe])} with a recipe, {len(native) - len(built)} do not build")


main()
