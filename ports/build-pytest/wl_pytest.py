"""Runs one file of a suite's tests inside the guest, with pytest, and writes the result of each test:

    python -m wl_pytest SUITE/FILE RESULTS

FILE is in /source, a copy of the suite's sources; /suite/options has options for pytest. RESULTS has the format that
wl_test of the port python-tests writes, one line for each test. The name of a test is SUITE/ and pytest's name for
it. The exit status is regrtest's. `wl-make test` (src/regrtest/) starts this program."""
import os
import sys
from pathlib import Path

import pytest

# regrtest's exit status for pytest's: tests failed, no test ran. Any other status means an error of pytest itself.
STATUS = {pytest.ExitCode.OK: 0, pytest.ExitCode.TESTS_FAILED: 2, pytest.ExitCode.NO_TESTS_COLLECTED: 4,
          pytest.ExitCode.INTERRUPTED: 2}
OPTIONS = [
    # Several files run at once, so they must not share a cache.
    "-p", "no:cacheprovider",
    "--rootdir=/source", "--basetemp=/tmp/pytest", "--color=no", "--tb=short",
]
WORST = ("passed", "skipped", "failed")


def one_line(text):
    return " ".join(text.split())[:300]


def reason(report):
    """Why a test, or a file, failed or was skipped."""
    said = report.longrepr
    if getattr(report, "wasxfail", None) is not None:
        return "expected to fail: %s" % report.wasxfail
    if isinstance(said, tuple):  # of a skipped test
        return said[2].removeprefix("Skipped: ")
    crash = getattr(said, "reprcrash", None)
    if crash:
        return crash.message
    # A missing fixture has an error string. For a file that cannot be imported, the text ends in the error.
    return getattr(said, "errorstring", None) or (str(said).strip().splitlines() or [""])[-1].removeprefix("E ")


class Results:
    def __init__(self, suite, name, file):
        self.suite, self.name, self.file = suite, name, file
        self.running = {}  # the worst state of a test's phases so far, and why
        self.skipped = None  # why the file was skipped

    def write(self, state, name, why=""):
        self.file.write("%s\t%s/%s\t%s\n" % (state, self.suite, one_line(name), one_line(why)))
        self.file.flush()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session):
        # A suite's conftest.py ignores the files that are not for this Python, but pytest asks it only about files that
        # it finds itself.
        path = Path(self.name).absolute()
        if session.gethookproxy(path.parent).pytest_ignore_collect(collection_path=path, config=session.config):
            self.skipped = "the suite's conftest.py leaves it out"
            session.items, session.testscollected = [], 0
            return True
        return None

    def pytest_collectreport(self, report):
        if report.failed:
            # Not the bare name of the file, which means the file as a whole.
            self.write("failed", report.nodeid + "::import", reason(report))
        elif report.skipped:
            self.skipped = reason(report)

    def pytest_runtest_logreport(self, report):
        state, why = self.running.get(report.nodeid, ("passed", ""))
        if WORST.index(report.outcome) > WORST.index(state):
            state, why = report.outcome, reason(report)
        self.running[report.nodeid] = state, why

    def pytest_runtest_logfinish(self, nodeid):
        state, why = self.running.pop(nodeid)
        self.write(state, nodeid, why)


def main():
    name, path = sys.argv[1:]
    suite, name = name.split("/", 1)
    with open("/suite/options", encoding="utf-8") as f:
        options = f.read().splitlines()
    # For hypothesis: the same examples each time, and no deadline.
    os.environ["CI"] = "true"
    os.chdir("/source")
    with open(path, "w", encoding="utf-8", errors="backslashreplace") as f:
        results = Results(suite, name, f)
        status = STATUS.get(pytest.main([*OPTIONS, *options, name], [results]), 1)
        if status == 4 and results.skipped:
            # In the words of regrtest.
            print("%s/%s skipped -- %s" % (suite, name, one_line(results.skipped)))
            status = 0
    # Nothing that the tests left behind may change the exit status.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
