#!/bin/bash
# Runs small programs in a real Python, in every flavour, as WebAssembly and as native programs: tests/cases/NAME.py
# checks its own results and ends with status 0. Each program gets two directories, /w and /v, in which it can write.
#
# The machine's own Python runs each program, too, in a root that looks the same, and must give the same results. A
# program for which that is not possible has a line "# Only here: REASON".
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.13.5}
CASES=$WL_SOURCE_ROOT/tests/cases

# `each COMMAND...`: runs every case, or those in CASES_ONLY, with a command that gets the case's arguments. Prints
# which cases failed, and how.
each() {
    local case name failed=
    for case in "$CASES"/*.py; do
        name=$(basename -- "$case" .py)
        case " ${CASES_ONLY-$name} " in *" $name "*) ;; *) continue ;; esac
        [ "$1" != by_the_machine ] || ! grep -q '^# Only here: ' "$case" || continue
        rm -rf w v
        mkdir w v
        cp "$case" w/case.py
        "$@" /w/case.py /w
        [ "$st" = 0 ] && [ ! -s "$T/.err" ] && continue
        printf 'failed: %s: status %s\n' "$name" "$st"
        tail -c 2000 "$T/.err"
        failed="$failed $name"
    done
    [ -z "$failed" ] || fail "cases that failed:$failed"
}

# `in_flavour ENGINE FLAVOUR`: runs every case in a flavour. The engine is always given, because `run` otherwise starts
# a native program if one was compiled before.
in_flavour() {
    local given=(--engine "$1")
    [ "$2" = plain ] || given+=(--flavour "$2")
    # Build the runner, the Python and the native program first, so that their output is not part of a case's.
    real run -q "$PY" "${given[@]}" -- -c ''
    status 0
    each real run "$PY" "${given[@]}" --dir "$PWD/w::/w" --dir "$PWD/v::/v" --
}

test_cases_in_a_plain_Python() {
    in_flavour wasmtime plain
}

test_cases_in_a_single_Python() {
    in_flavour wasmtime single
}

test_cases_in_a_snapshot() {
    in_flavour wasmtime snapshot
}

# As native programs (wl-make aot). clang needs minutes for each, once. The flavour single is left out: its native program is that of
# the snapshot, which only starts differently (and `.ci/full tests` runs CPython's tests with it).
test_cases_natively_in_a_plain_Python() {
    in_flavour native plain
}

test_cases_natively_in_a_snapshot() {
    in_flavour native snapshot
}

# The machine's Python, in a root in which it sees the same files as a guest: an empty /tmp of 64 MB, a home directory,
# and the two directories.
by_the_machine() {
    run bwrap --unshare-all --ro-bind /usr /usr --ro-bind-try /etc /etc --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
        --symlink usr/bin /bin --proc /proc --dev /dev --size $((64 << 20)) --tmpfs /tmp --tmpfs /home/user --bind w /w \
        --bind v /v --clearenv --setenv HOME /home/user --setenv PATH /usr/bin --chdir / "$PYTHON" "$@"
}
test_cases_in_the_machines_Python() {
    bwrap --unshare-all --ro-bind / / true 2>/dev/null || skip 'bubblewrap does not work here'
    case $PYTHON in /usr/*) ;; *) skip 'there is no Python below /usr' ;; esac
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || skip "the machine's Python is older than 3.11"
    umask 022
    each by_the_machine
}

# The same program on the command line: one statement, in each flavour, with its status and output.
ends() {
    local flavour
    for flavour in ${FLAVOURS-plain single snapshot}; do
        real run "$PY" --engine "${ENGINE:-wasmtime}" --flavour "$flavour" -- -c "$3"
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

test_signals_end_a_native_program_as_elsewhere() {
    ENGINE=native FLAVOURS='plain snapshot'
    test_signals_end_a_program_as_elsewhere
}

test_a_missing_module_is_told_after_a_name() {
    real run "$PY" -- -m nope
    status 1
    err 'No module named nope'
    ! grep -q '^:' "$T/.err" || fail 'it begins with a colon'
}

# SIGINT does what the program asked for. (A shell lets its background processes ignore SIGINT.)
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

# pip itself, in the guest: it installs wheels from a shared directory. Its progress bar, which it shows for more than one package,
# needs a thread.
test_pip_installs_wheels_in_the_guest() {
    HOME=$REAL_HOME "$PYTHON" -m pip download -q --no-deps --disable-pip-version-check -d wheels pip >.log 2>&1 ||
        not_available "$(tail -n 1 .log)"
    "$PYTHON" - <<'END'
import zipfile
for package, requires in ("made_up", "Requires-Dist: required\n"), ("required", ""):
    with zipfile.ZipFile(f"wheels/{package}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(package + ".py", "def main(): print('made up')\n")
        for name, text in {"METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n{requires}",
                           "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
                           "entry_points.txt": f"[console_scripts]\n{package} = {package}:main\n", "RECORD": ""}.items():
            wheel.writestr(f"{package}-1.0.dist-info/{name}", text)
END
    mkdir -p root/tmp root/home/user root/site
    cp -R wheels root/
    real run "$PY" --dir "$PWD/root::/" --env HOME=/home/user --env "PYTHONPATH=/wheels/$(basename wheels/pip-*.whl)" -- \
        -m pip install --no-index --find-links /wheels --target /site --progress-bar off made-up
    status 0
    out 'Successfully installed made-up-1.0 required-1.0'
    there root/site/made_up.py root/site/made_up-1.0.dist-info/METADATA
    real run "$PY" --dir "$PWD/root/site::/site" --env PYTHONPATH=/site -- -c 'import made_up; made_up.main()'
    out 'made up'
}

main "$@"
