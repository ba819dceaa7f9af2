#!/bin/bash
# Small programs for a real Python, each in every flavour: tests/cases/NAME.py asserts what must come out, and ends with status
# 0. It is given a folder of its own, /w, where it can write.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.13.5}
CASES=$WL_SOURCE_ROOT/tests/cases

# `each FLAVOUR`: every case, or those that CASES_ONLY names, with the first that fails told last.
each() {
    local case name failed=
    [ "$1" = plain ] || set -- "$1" --flavour "$1"
    real build -q "$PY" "${@:2}"
    status 0
    # The runner, too: what run says when it has to build it first is none of a case's output.
    real build -q toolchain/wl-run
    status 0
    for case in "$CASES"/*.py; do
        name=$(basename -- "$case" .py)
        case " ${CASES_ONLY-$name} " in *" $name "*) ;; *) continue ;; esac
        rm -rf work
        mkdir work
        cp "$case" work/case.py
        real run "$PY" "${@:2}" --dir "$PWD/work::/w" -- /w/case.py /w
        [ "$st" = 0 ] && [ ! -s "$T/.err" ] && continue
        printf 'failed: %s: status %s\n' "$name" "$st"
        tail -c 2000 "$T/.err"
        failed="$failed $name"
    done
    [ -z "$failed" ] || fail "cases that failed:$failed"
}

test_cases_in_a_plain_Python() {
    each plain
}

test_cases_in_a_single_Python() {
    each single
}

test_cases_in_a_snapshot() {
    each snapshot
}

# The same program of the command line: one statement, in each flavour, with the status and the words that belong to it.
ends() {
    local flavour
    for flavour in "" single snapshot; do
        real run "$PY" ${flavour:+--flavour "$flavour"} -- -c "$3"
        status "$1"
        [ -z "$2" ] || err "$2"
    done
}

test_signals_end_a_program_as_elsewhere() {
    ends 143 '' 'import signal; signal.raise_signal(signal.SIGTERM)'
    ends 137 '' 'import os; os.kill(os.getpid(), 9)'
    ends 130 '' 'import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); signal.raise_signal(signal.SIGINT)'
    ends 0 '' 'import signal; signal.raise_signal(signal.SIGCHLD)'
    ends 1 'RuntimeError: deadlock' 'import queue; queue.Queue().get()'
}

test_a_missing_module_is_told_after_a_name() {
    real run "$PY" -- -m nope
    status 1
    err 'No module named nope'
    ! grep -q '^:' "$T/.err" || fail 'it begins with a colon'
}

# SIGINT does what the program said. (A shell has what it starts in the background ignore SIGINT.)
interrupted() {
    local pid
    "$PYTHON" -c 'import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])' \
        "$OUT/toolchain/wl-run/bin/wl-run" --quick --dir "$OUT/$PY/usr::/usr" "$OUT/$PY/bin/python.wasm" -c "$1" >"$T/.out" 2>"$T/.err" &
    pid=$!
    wait_for 30 grep -q ready "$T/.out"
    kill -INT "$pid"
    st=0
    wait "$pid" || st=$?
}
test_an_ignored_interrupt() {
    real build -q toolchain/wl-run "$PY"
    interrupted 'import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print("ready", flush=True); time.sleep(1); print("done")'
    status 0
    out done
    is "$(cat "$T/.err")" '' stderr
}
test_an_interrupt_with_the_default_of_the_system() {
    real build -q toolchain/wl-run "$PY"
    interrupted 'import signal, time; signal.signal(signal.SIGINT, signal.SIG_DFL); print("ready", flush=True); time.sleep(20)'
    status 130
}

# pip itself, in the guest: it installs wheels from a folder that is mapped. Its progress bar wants a thread.
test_pip_installs_wheels_in_the_guest() {
    HOME=$REAL_HOME "$PYTHON" -m pip download -q --no-deps --disable-pip-version-check -d wheels pip >.log 2>&1 ||
        cannot_be_had "$(tail -n 1 .log)"
    "$PYTHON" - <<'END'
import zipfile
with zipfile.ZipFile("wheels/made_up-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("made_up.py", "def main(): print('made up')\n")
    for name, text in {"METADATA": "Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n",
                       "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
                       "entry_points.txt": "[console_scripts]\nmade-up = made_up:main\n", "RECORD": ""}.items():
        wheel.writestr("made_up-1.0.dist-info/" + name, text)
END
    mkdir -p root/tmp root/home/user root/site
    cp -R wheels root/
    real run "$PY" --dir "$PWD/root::/" --env HOME=/home/user --env "PYTHONPATH=/wheels/$(basename wheels/pip-*.whl)" -- \
        -m pip install --no-index --find-links /wheels --target /site --progress-bar off made-up
    status 0
    out 'Successfully installed made-up-1.0'
    there root/site/made_up.py root/site/made_up-1.0.dist-info/METADATA
    real run "$PY" --dir "$PWD/root/site::/site" --env PYTHONPATH=/site -- -c 'import made_up; made_up.main()'
    out 'made up'
}

main "$@"
