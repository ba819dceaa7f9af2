#!/bin/bash
# wl-make test of a real Python: some files of CPython's own tests, the summary, the reports, and what goes wrong.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.13.5}

tests() {
    real test "$PY" "$@"
}

test_some_files() {
    tests bisect test_structseq 'heap*' --json r.json --junit r.xml
    status 0
    out '/3] test_bisect: passed' '/3] test_heapq: passed' "$PY, plain, wl-run" \
        'files: 3 passed, 0 failed, 0 skipped, 0 ran no test, 0 crashed, 0 took too long'
    grep -qE '^tests: [1-9][0-9]+ passed, 0 failed \(0 of them as expected\), [0-9]+ skipped$' .out || fail "no sums: $(cat .out)"
    "$PYTHON" - <<'END' || fail 'the reports are wrong'
import json, xml.etree.ElementTree as tree
files = {f["name"]: f for f in json.load(open("r.json"))["files"]}
assert set(files) == {"test_bisect", "test_heapq", "test_structseq"} and files["test_bisect"]["passed"] > 30, files
suites = {s.get("name"): s for s in tree.parse("r.xml").iter("testsuite")}
assert int(suites["test_heapq"].get("tests")) == len(suites["test_heapq"]) > 20
END
}

test_a_deadline_and_a_name() {
    tests test_json --deadline 1
    clean_failure 1
    out 'test_json: took too long' 'not as expected: took too long: test_json'
    tests no_such
    clean_failure 2
    err "there is no file of tests named 'no_such'"
}

main "$@"
