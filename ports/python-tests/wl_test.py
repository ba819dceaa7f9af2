"""Runs one file of CPython's tests inside the guest, as `python -m test` does, and writes what became of each test:

    wl_test.py NAME FILE

FILE gets a line for each test: its state (passed, failed, skipped), its name and, behind a tab each, the reason. Started by
`wl-make test` (src/regrtest/). The exit status is regrtest's."""
import os
import sys
import xml.etree.ElementTree as ElementTree


def one_line(text):
    return " ".join((text or "").split())


def outcome(case):
    for kind in ("error", "failure"):
        found = case.find(kind)
        if found is not None:
            lines = (found.text or found.get("message") or "").strip().splitlines()
            return "failed", one_line(lines[-1] if lines else found.get("type"))
    found = case.find("skipped")
    if found is not None:
        return "skipped", one_line(found.text or found.get("message"))
    return "passed", ""


def main():
    name, file = sys.argv[1:]
    report = file + ".xml"
    sys.argv = ["regrtest", "--junit-xml", report, "--tempdir", "/tmp", name]
    from test.libregrtest.main import main as regrtest
    status = 0
    try:
        regrtest()
    except SystemExit as e:
        status = e.code if isinstance(e.code, int) else 1
    with open(file, "w", encoding="utf-8", errors="backslashreplace") as f:
        if os.path.exists(report):
            for case in ElementTree.parse(report).iter("testcase"):
                state, reason = outcome(case)
                f.write("%s\t%s\t%s\n" % (state, case.get("name"), reason))
    # What the tests have left must not decide how this ends.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


main()
