#!/usr/bin/env python3
"""Write docs/results/: the results of CPython's own tests and of other projects' suites, from reports of `wl-make test
--json`.

    docs/results.py REPORT.json...

For each report it writes a file with one line for each test file, followed by the tests that failed, each with its reason from
docs/testing.md; and README.md with the totals. Called by .ci/full."""

import collections
import datetime
import json
import os
import re
import sys

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "results")
STATES = ("passed", "failed", "skipped", "ran no test", "crashed", "took too long")


def file_lines(file):
    yield "%-36s %-13s %5d %4d %5d%s" % (
        file["name"], file["state"], file["passed"], file["failed"], file["skipped"],
        "  %s" % file.get("expected", "NOT EXPECTED") if file["state"] not in ("passed", "failed") else "")
    for test in file["tests"]:
        if test["state"] == "failed":
            yield "    %s: %s" % (test["name"], test.get("expected", "NOT EXPECTED"))


def thousands(counter, keys=("passed", "failed", "skipped")):
    return ["{:,}".format(counter[key]) for key in keys]


class Report:
    def __init__(self, name):
        with open(name, encoding="utf-8") as f:
            content = json.load(f)
        self.title = content["title"].removeprefix("python/v")
        self.of_suites = self.title.endswith(", suites")
        self.files = content["files"]
        self.name = re.sub(r"[^\w.]+", "-", self.title) + ".txt"
        self.states = collections.Counter(file["state"] for file in self.files)
        self.tests = collections.Counter()
        self.reasons = collections.Counter()
        self.suites = collections.defaultdict(collections.Counter)
        for file in self.files:
            suite = self.suites[file["name"].split("/")[0]] if self.of_suites else collections.Counter()
            suite["files"] += 1
            for state in ("passed", "failed", "skipped"):
                self.tests[state] += file[state]
                suite[state] += file[state]
            if file["state"] not in ("passed", "failed"):
                self.reasons[file.get("expected", "not expected"), "files"] += 1
            for test in file["tests"]:
                if test["state"] == "failed":
                    self.reasons[test.get("expected", "not expected"), "tests"] += 1

    def write(self):
        with open(os.path.join(HERE, self.name), "w", encoding="utf-8") as f:
            f.write("%s\n\n%-36s %-13s %5s %4s %5s\n" % (self.title, "", "", "ok", "bad", "skip"))
            for file in self.files:
                f.write("".join(line + "\n" for line in file_lines(file)))


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


def readme(reports):
    own = [r for r in reports if not r.of_suites]
    yield "# Results of CPython's own tests, and of other projects'"
    yield ""
    yield "Written by `docs/results.py` (`.ci/full`), %s. [testing.md](../testing.md) explains the words." % (
        datetime.date.today())
    yield ""
    if own:
        yield "## CPython's own"
        yield ""
        yield from table(
            ["", *("files " + state if i == 0 else state for i, state in enumerate(STATES)), "tests passed", "failed", "skipped"],
            (["[%s](%s)" % (r.title, r.name), *(r.states[s] for s in STATES), *thousands(r.tests)] for r in own))
        yield from reasons(own)
    suites = [r for r in reports if r.of_suites]
    for r in suites:
        yield ""
        yield "## [%s](%s)" % (r.title, r.name)
        yield ""
        yield from table(["", "files", "tests passed", "failed", "skipped"],
                         ([name, suite["files"], *thousands(suite)] for name, suite in sorted(r.suites.items())))
    if suites:
        yield from reasons(suites)


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    reports = [Report(name) for name in sys.argv[1:]]
    os.makedirs(HERE, exist_ok=True)
    for report in reports:
        report.write()
    with open(os.path.join(HERE, "README.md"), "w", encoding="utf-8") as f:
        f.write("".join(line + "\n" for line in readme(reports)))


main()
