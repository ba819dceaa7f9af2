#!/usr/bin/env python3
"""Write docs/results/: the results of CPython's own tests and of other projects' suites, from reports of `wl-make test
--json`.

    docs/results.py [--merge] REPORT.json...

For each report it writes a file with one line for each test file, followed by the tests that failed, each with its reason from
docs/testing.md; and README.md with the totals of all these files. With --merge, test files that the report does not have keep their
results, each with its date; for runs of a part. Called by .ci/full."""

import collections
import datetime
import json
import os
import re
import sys

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "results")
STATES = ("passed", "failed", "skipped", "ran no test", "crashed", "took too long")


LINE = re.compile(r"(\S+) +(%s) +(\d+) +(\d+) +(\d+)(?:  ([^@]+?))?(?:  @(.*))?" % "|".join(STATES))


def file_lines(file, date):
    yield "%-36s %-13s %5d %4d %5d%s%s" % (
        file["name"], file["state"], file["passed"], file["failed"], file["skipped"],
        "  %s" % file.get("expected", "NOT EXPECTED") if file["state"] not in ("passed", "failed") else "",
        "  @%s" % file["date"] if file["date"] != date else "")
    for test in file["tests"]:
        if test["state"] == "failed":
            yield "    %s: %s" % (test["name"], test.get("expected", "NOT EXPECTED"))
        elif is_left_out(test):
            yield "    %s: %s" % (test["name"], test["reason"])


LEFT_OUT = "left out, "


def is_left_out(test):
    """Of the skipped tests, those that would not end (LEFT_OUT in wl_test.py)."""
    return test["state"] == "skipped" and test["reason"].startswith(LEFT_OUT)


def thousands(counter, keys=("passed", "failed", "skipped")):
    return ["{:,}".format(counter[key]) for key in keys]


def read_json(name):
    with open(name, encoding="utf-8") as f:
        content = json.load(f)
    date = str(datetime.date.today())
    return content["title"].removeprefix("python/v"), date, [{**file, "date": date} for file in content["files"]]


def read_text(name):
    """What write() has written."""
    with open(name, encoding="utf-8") as f:
        title, date, *lines = f.read().splitlines()
    files = []
    for line in lines[2:]:
        if line.startswith("    "):
            test, reason = line[4:].rsplit(": ", 1)
            files[-1]["tests"].append({"name": test, "state": "skipped", "reason": reason} if reason.startswith(LEFT_OUT) else
                                      {"name": test, "state": "failed", "expected": reason})
        else:
            name, state, *numbers, reason, changed = LINE.fullmatch(line).groups()
            passed, failed, skipped = map(int, numbers)
            files.append({"name": name, "state": state, "passed": passed, "failed": failed, "skipped": skipped, "tests": [],
                          "date": changed or date, **({"expected": reason} if reason else {})})
    return title, date, files


class Report:
    def __init__(self, title, date, files):
        self.title, self.date, self.files = title, date, files
        self.of_suites = self.title.endswith(", suites")
        self.name = re.sub(r"[^\w.]+", "-", self.title) + ".txt"

    def count(self):
        self.states = collections.Counter(file["state"] for file in self.files)
        self.tests = collections.Counter()
        self.reasons = collections.Counter()
        self.left_out = {}
        self.suites = collections.defaultdict(collections.Counter)
        self.dates = collections.defaultdict(lambda: "9999")
        for file in self.files:
            name = file["name"].split("/")[0] if self.of_suites else ""
            suite = self.suites[name]
            self.dates[name] = min(self.dates[name], file["date"])
            suite["files"] += 1
            for state in ("passed", "failed", "skipped"):
                self.tests[state] += file[state]
                suite[state] += file[state]
            if file["state"] not in ("passed", "failed"):
                self.reasons[file.get("expected", "NOT EXPECTED"), "files"] += 1
            for test in file["tests"]:
                if test["state"] == "failed":
                    self.reasons[test.get("expected", "NOT EXPECTED"), "tests"] += 1
                elif is_left_out(test):
                    self.left_out[test["name"]] = test["reason"].removeprefix(LEFT_OUT)

    def when(self):
        later = sum(file["date"] != self.date for file in self.files)
        return self.date + (", %d files later" % later if later else "")

    def merge(self, into):
        """Adds the files of another report that this one does not have."""
        names = {file["name"] for file in self.files}
        self.date = into.date
        self.files = sorted(self.files + [file for file in into.files if file["name"] not in names], key=lambda file: file["name"])

    def write(self):
        with open(os.path.join(HERE, self.name), "w", encoding="utf-8") as f:
            f.write("%s\n%s\n\n%-36s %-13s %5s %4s %5s\n" % (self.title, self.date, "", "", "ok", "bad", "skip"))
            for file in self.files:
                f.write("".join(line + "\n" for line in file_lines(file, self.date)))


def table(head, rows):
    yield "| %s |" % " | ".join(head)
    yield "|%s" % ("---|" * len(head))
    for row in rows:
        yield "| %s |" % " | ".join(str(cell) for cell in row)


def reasons(reports):
    yield ""
    yield "Why tests failed, and in brackets why files did not run:"
    yield ""
    total = collections.Counter()
    for r in reports:
        for (reason, _), n in r.reasons.items():
            total[reason] += n
    # The rows are the reasons, because there are more reasons than runs.
    yield from table(
        ["", *(r.title for r in reports)],
        ([reason, *("%d (%d)" % (r.reasons[reason, "tests"], r.reasons[reason, "files"]) for r in reports)]
         for reason, _ in total.most_common()))


def left_out(reports):
    tests = {test: why for r in reports for test, why in r.left_out.items()}
    if not tests:
        return
    yield ""
    yield "Tests that are left out and count as skipped, because they would not end:"
    yield ""
    for test, why in sorted(tests.items()):
        yield "- `%s` (%s): %s" % (test, "; ".join(r.title for r in reports if test in r.left_out), why)


def readme(reports):
    own = [r for r in reports if not r.of_suites]
    yield "# Results of CPython's own tests, and of other projects'"
    yield ""
    yield "Written by `docs/results.py` (`.ci/full`). [testing.md](../testing.md) explains the words."
    yield ""
    if own:
        yield "## CPython's own"
        yield ""
        yield from table(
            ["", "of", *("files " + state if i == 0 else state for i, state in enumerate(STATES)), "tests passed", "failed", "skipped"],
            (["[%s](%s)" % (r.title, r.name), r.when(), *(r.states[s] for s in STATES), *thousands(r.tests)] for r in own))
        yield from reasons(own)
        yield from left_out(own)
    suites = [r for r in reports if r.of_suites]
    for r in suites:
        yield ""
        yield "## [%s](%s)" % (r.title, r.name)
        yield ""
        yield from table(["", "of", "files", "tests passed", "failed", "skipped"],
                         ([name, r.dates[name], suite["files"], *thousands(suite)] for name, suite in sorted(r.suites.items())))
    if suites:
        yield from reasons(suites)


def key(report):
    """In the order of the tables: new versions first, and wl-run first."""
    version, *rest = report.title.split(", ")
    return report.of_suites, [-int(n) for n in version.split(".")], "native" in rest, rest


def main():
    arguments = sys.argv[1:]
    merges = "--merge" in arguments
    if merges:
        arguments.remove("--merge")
    if not arguments or arguments[0].startswith("-"):
        sys.exit(__doc__)
    os.makedirs(HERE, exist_ok=True)
    for name in arguments:
        report = Report(*read_json(name))
        before = os.path.join(HERE, report.name)
        if merges and os.path.exists(before):
            report.merge(Report(*read_text(before)))
        report.write()
    reports = sorted((Report(*read_text(os.path.join(HERE, name))) for name in os.listdir(HERE) if name.endswith(".txt")), key=key)
    for report in reports:
        report.count()
    with open(os.path.join(HERE, "README.md"), "w", encoding="utf-8") as f:
        f.write("".join(line + "\n" for line in readme(reports)))


main()
