#!/bin/bash
# Runs the runner's own tests (host/tests) as one suite of the project: builds host/ separately, under sanitizers, with
# the library of the port toolchain/wasmtime and headers of toolchain/wabt, runs its tests, and prints each of their
# cases as TAP. (A report that is missing fails the suite.)
#
# Meson sets WL_MAKE to the tool and WL_SOURCE_ROOT to the checkout.
set -u

: "${WL_MAKE:?}" "${WL_SOURCE_ROOT:?}"
work=$(mktemp -d "${TMPDIR:-/tmp}/wl-host.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

build() {
    WL_MAKE_ROOT=$WL_SOURCE_ROOT "$WL_MAKE" ${WL_CHECK_CACHE:+--cache-dir "$WL_CHECK_CACHE"} \
        ${WL_CHECK_OFFLINE:+--offline} --output "$work/output" toolchain/wasmtime toolchain/wabt toolchain/aot toolchain/aot-host &&
        "$WL_SOURCE_ROOT/host/tests/guests.sh" "$work/output/toolchain/wabt" "$work/output/toolchain/aot" \
            "$work/output/toolchain/aot-host" "$work/guests" &&
        meson setup --werror -Dwasmtime="$work/output/toolchain/wasmtime" -Dwabt="$work/output/toolchain/wabt" \
            -Dguests="$work/guests" -Dtests=enabled -Db_sanitize=address,undefined -Db_lundef=false "$work/build" "$WL_SOURCE_ROOT/host" &&
        meson compile -C "$work/build"
}

if ! build >"$work/log" 2>&1; then
    tail -n 40 "$work/log" | sed 's/^/# /'
    printf '1..1\nnot ok 1 - build the runner\n'
    exit 1
fi
meson test --no-rebuild --print-errorlogs -C "$work/build" >"$work/log" 2>&1 || sed 's/^/# /' "$work/log"
reports=("$work/build/meson-logs/testlog.junit.xml")

# With WL_CHECK_LONG, the runs on many threads also under ThreadSanitizer.
races() {
    meson setup --werror -Dwasmtime="$work/output/toolchain/wasmtime" -Dguests="$work/guests" -Dtests=enabled -Db_sanitize=thread \
        -Db_lundef=false "$work/races" "$WL_SOURCE_ROOT/host" && ninja -C "$work/races" tests/test_races &&
        TSAN_OPTIONS="suppressions=$WL_SOURCE_ROOT/tests/host/threads.supp" meson test --no-rebuild --print-errorlogs -C "$work/races" \
            races-wasmtime races-native
}
if [ -n "${WL_CHECK_LONG-}" ]; then
    races >"$work/log" 2>&1 || sed 's/^/# /' "$work/log"
    reports+=("$work/races/meson-logs/testlog.junit.xml")
fi
python3 - "${reports[@]}" <<'END'
import sys
import xml.etree.ElementTree as tree

cases = [case for report in sys.argv[1:] for case in tree.parse(report).iter("testcase")]
print(f"1..{len(cases)}")
for number, case in enumerate(cases, 1):
    bad = case.find("failure") is not None or case.find("error") is not None
    skip = " # SKIP" if case.find("skipped") is not None else ""
    print(f"{'not ' if bad else ''}ok {number} - {case.get('classname')}: {case.get('name')}{skip}")
END
