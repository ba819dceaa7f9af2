#!/bin/bash
# Sessions, their copies, and functions of the host: session.c with a real Python, by each engine.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3000}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.13.5}

sessions() {
    real build toolchain/wlpy
    status 0
    local wlpy=$OUT/toolchain/wlpy
    cc -O1 -g -Wall -Wextra -Werror -D_GNU_SOURCE -I"$wlpy/include" "$E2E/session.c" -o session -L"$wlpy/lib" "-l$1" \
        "-Wl,-rpath,$wlpy/lib" -lpthread || fail 'session.c was not compiled'
}

# `python FLAVOUR`: its file is $OUT/$PY/bin/python-FLAVOUR.wasm.
python() {
    real build -q "$PY" --flavour "$1"
    status 0
}

test_by_wasmtime() {
    sessions wlpy
    python snapshot
    export WLPY_CACHE=$REAL_HOME/.cache/wl-make/compiled
    export WLPY_MODULE=$OUT/$PY/bin/python-snapshot.wasm
    SECONDS_EACH=900 run ./session wasm "$WLPY_MODULE"
    status 0
    [ ! -s .out ] || fail "$(head -n 20 .out)"
    saved_module
}

# The module that session.c has saved is a program as any other.
saved_module() {
    real build toolchain/wl-run
    status 0
    local run="$OUT/toolchain/wl-run/bin/wl-run --quick --cache-dir $T/compiled saved.wasm"
    # shellcheck disable=SC2086
    SECONDS_EACH=300 run $run -c 'print(x, f(4)); import sys; print(sys.argv)' a
    status 0
    out "{'a': 1} 8" "['-c', 'a']"
    # Another start of Python does not know what was saved.
    # shellcheck disable=SC2086
    SECONDS_EACH=300 run $run -O -c 'print(globals().get("x"))'
    status 0
    out None
}

# Python starts when the session does.
test_of_a_single_file() {
    sessions wlpy
    python single
    export WLPY_CACHE=$REAL_HOME/.cache/wl-make/compiled
    for name in values exceptions functions forks; do
        SECONDS_EACH=900 run ./session wasm "$OUT/$PY/bin/python-single.wasm" "$name"
        status 0
        [ ! -s .out ] || fail "$(head -n 20 .out)"
    done
}

# A plain Python has no sessions.
test_what_is_no_session() {
    sessions wlpy
    real build -q "$PY"
    status 0
    export WLPY_CACHE=$REAL_HOME/.cache/wl-make/compiled
    SECONDS_EACH=900 run ./session wasm "$OUT/$PY/bin/python.wasm" values
    status 1
    out 'it exports no wl_session'
}

test_natively() {
    sessions wlpy-native
    real aot -q --library "$PY" --flavour snapshot -o guest.so
    status 0
    python snapshot
    # libwlpy-native runs no .wasm file.
    sessions wlpy
    export WLPY_MODULE=$OUT/$PY/bin/python-snapshot.wasm
    SECONDS_EACH=900 run ./session native "$PWD/guest.so" save
    status 0
    [ ! -s .out ] || fail "$(head -n 20 .out)"
    saved_module
    unset WLPY_MODULE
    sessions wlpy-native
    SECONDS_EACH=900 run ./session native "$PWD/guest.so"
    status 0
    [ ! -s .out ] || fail "$(head -n 20 .out)"
    # What is the same each time is the same with either engine.
    run ./session native "$PWD/guest.so" print-fixed
    status 0
    cp .err natively
    sessions wlpy
    python snapshot
    export WLPY_CACHE=$REAL_HOME/.cache/wl-make/compiled
    SECONDS_EACH=900 run ./session wasm "$OUT/$PY/bin/python-snapshot.wasm" print-fixed
    status 0
    cmp natively .err || fail "$(cat natively .err)"
}

# Good and hostile programs, mixed, on two threads; MIXED_RUNS is how many. (`MIXED_RUNS=1000000 MIXED_SECONDS=86400 LIMIT=90000`.)
mixed_runs() {
    cc -O1 -g -Wall -Wextra -Werror -D_GNU_SOURCE -I"$OUT/toolchain/wlpy/include" "$E2E/mixed-runs.c" -o mixed-runs \
        -L"$OUT/toolchain/wlpy/lib" -lwlpy "-Wl,-rpath,$OUT/toolchain/wlpy/lib" -lpthread || fail 'mixed-runs.c was not compiled'
    export WLPY_CACHE=$REAL_HOME/.cache/wl-make/compiled
    SECONDS_EACH=${MIXED_SECONDS:-1500} run ./mixed-runs "$1" "$2" "${MIXED_RUNS:-$3}"
    status 0
    [ ! -s .out ] || fail "$(head -n 20 .out)"
}

# Defaults of limits, coarse clocks, and what a session keeps of its configuration; the engine is $1.
configurations() {
    cc -O1 -g -Wall -Wextra -Werror -D_GNU_SOURCE -I"$OUT/toolchain/wlpy/include" "$E2E/session-limits.c" -o session-limits \
        -L"$OUT/toolchain/wlpy/lib" -lwlpy "-Wl,-rpath,$OUT/toolchain/wlpy/lib" -lpthread || fail 'session-limits.c was not compiled'
    export WLPY_CACHE=$REAL_HOME/.cache/wl-make/compiled
    SECONDS_EACH=900 run ./session-limits "$@"
    status 0
    [ ! -s .out ] || fail "$(head -n 20 .out)"
}

test_configurations_by_wasmtime() {
    sessions wlpy
    python snapshot
    configurations wasm "$OUT/$PY/bin/python-snapshot.wasm"
}

test_configurations_natively() {
    sessions wlpy
    real aot -q --library "$PY" --flavour snapshot -o guest.so
    status 0
    configurations native "$PWD/guest.so"
}

test_mixed_runs_by_wasmtime() {
    sessions wlpy
    python snapshot
    mixed_runs wasm "$OUT/$PY/bin/python-snapshot.wasm" 500
}

test_mixed_runs_natively() {
    sessions wlpy
    real aot -q --library "$PY" --flavour snapshot -o guest.so
    status 0
    mixed_runs native "$PWD/guest.so" 2000
}

# The native part of the library with sanitizers in it: sessions under AddressSanitizer (with its search for leaks) and
# UndefinedBehaviorSanitizer, runs and sessions of two threads under ThreadSanitizer.
test_under_sanitizers() {
    [ -n "${WL_CHECK_LONG-}" ] || skip 'only with WL_CHECK_LONG'
    real aot -q --library "$PY" --flavour snapshot -o guest.so
    status 0
    local sanitize name program
    for sanitize in address,undefined thread; do
        name=${sanitize%,*}
        meson setup --werror -Dwasmtime=none -Dtests=disabled -Db_sanitize=$sanitize -Db_lundef=false "lib-$name" "$WL_SOURCE_ROOT/host" >log 2>&1 &&
            meson compile -C "lib-$name" >>log 2>&1 || fail "the library was not compiled: $(tail -n 5 log)"
        program=$([ "$name" = thread ] && echo mixed-runs || echo session)
        cc -O1 -g -Wall -Wextra -Werror -D_GNU_SOURCE -fsanitize=$sanitize -I"$WL_SOURCE_ROOT/host/include" "$E2E/$program.c" -o "$program-$name" \
            -L"lib-$name" -lwlpy-native "-Wl,-rpath,$PWD/lib-$name" -lpthread || fail "$program.c was not compiled"
    done
    # (The faults of guests are not for the sanitizer.)
    ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:use_sigaltstack=0 UBSAN_OPTIONS=halt_on_error=1 SECONDS_EACH=1500 run ./session-address native "$PWD/guest.so"
    status 0
    [ ! -s .out ] || fail "$(head -n 20 .out)"
    SECONDS_EACH=1500 run ./mixed-runs-thread native "$PWD/guest.so" 1000 ends
    status 0
    not_err ThreadSanitizer
    [ ! -s .out ] || fail "$(head -n 20 .out)"
}

main "$@"
