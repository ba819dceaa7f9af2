#!/bin/bash
# wl-make test of a real Python: some files of CPython's own tests, the summary, the reports, and failures; two small
# suites of other projects.
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

test_a_report_of_the_recipe() {
    [ -n "${WL_CHECK_LONG-}" ] || skip 'only with WL_CHECK_LONG'
    real_tool test-recipe --quick -o report "$PY"
    status 0
    is "$(grep -c '| succeeded |' report)" 6
}

# A third of the files, for CI: those that WASI affects, the libraries, and the language. .ci/full runs all.
THIRD="
os posix posixpath genericpath ntpath pathlib stat shutil tempfile glob fnmatch fileinput filecmp file fileio io bufio
memoryio largefile univnewlines dbm dbm_dumb dbm_sqlite3 linecache select poll signal errno time calendar datetime strftime strptime
zoneinfo random uuid secrets locale utf8_mode c_locale_coercion cmd_line cmd_line_script runpy site sys sys_settrace sys_setprofile
sysconfig warnings atexit platform
import importlib pkg pkgutil zipimport zipapp zipfile modulefinder frozen frame compileall py_compile
zlib gzip bz2 lzma sqlite3 ssl hashlib hmac decimal ctypes pyexpat xml_etree xml_etree_c sax json csv re struct array binascii base64
pickle copy copyreg marshal shelve plistlib tomllib configparser
asyncio threading context queue
grammar syntax ast compile exceptions except_star generators coroutines asyncgen descr class dataclasses enum functools itertools
collections dict set list tuple bytes str int long float complex cmath math fractions statistics format patma typing types
type_params weakref gc finalization faulthandler monitoring capi call traceback tracemalloc unittest doctest inspect pydoc argparse
urllib urllib2_localnet urllib_response httplib httpservers ftplib smtplib poplib imaplib xmlrpc wsgiref mailbox subprocess socket
socketserver selectors
"

test_a_third_of_the_files() {
    # shellcheck disable=SC2086 # a list of words
    tests $THIRD
    [ "$st" = 0 ] || fail "$(grep '^unexpected' .out)"
    out "/$(wc -w <<<"$THIRD")] test_" ' 0 crashed, 0 took too long'
}

# Tests of the network run, on loopback.
test_the_network() {
    tests urllib_response selectors wsgiref
    status 0
    out '/3] test_urllib_response: passed' '/3] test_selectors: passed'
    ! grep -qE 'test_(selectors|urllib_response): passed, 0 tests' .out || fail "$(cat .out)"
}

test_a_deadline_and_a_name() {
    tests test_pickle --deadline 1
    clean_failure 1
    out 'test_pickle: took too long' 'unexpected: took too long: test_pickle'
    tests no_such
    clean_failure 2
    err "there is no test file named 'no_such'"
}

test_suites() {
    tests --suite tomli --suite markupsafe --json r.json
    status 0
    out "$PY, plain, wl-run, suites" ' 0 crashed, 0 took too long'
    grep -qE '^tomli: 3 files, [1-9][0-9]* tests passed, 0 failed, ' .out || fail "no line for tomli: $(cat .out)"
    grep -q '"markupsafe/tests/test_escape.py"' r.json || fail 'the report lacks a file'
    tests --suite tomli --suite markupsafe tomli/tests/test_misc.py escape
    status 0
    out '/2] tomli/tests/test_misc.py: passed' '/2] markupsafe/tests/test_escape.py: passed'
    tests --suite no_such
    clean_failure 3
    err 'suites/no_such'
    real test libs/zlib --suite tomli
    clean_failure 2
    err '--suite takes a Python'
}

main "$@"
