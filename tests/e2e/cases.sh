#!/bin/bash
# Runs small programs in a real Python, in every flavour, as WebAssembly and as native programs: tests/cases/NAME.py
# checks its own results and ends with status 0. Each program gets two directories, /w and /v, in which it can write.
#
# The machine's own Python runs each program, too, in a root that looks the same, and must give the same results. A
# program for which that is not possible has a line "# Only here: REASON". A line "# Memory: SIZE" limits its memory.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.13.5}
CASES=$WL_SOURCE_ROOT/tests/cases

# `each COMMAND...`: runs every case, or those in CASES_ONLY, with a command that gets the case's arguments. Prints
# which cases failed, and how.
each() {
    local case name memory failed=
    for case in "$CASES"/*.py; do
        name=$(basename -- "$case" .py)
        case " ${CASES_ONLY-$name} " in *" $name "*) ;; *) continue ;; esac
        [ "$1" != by_the_machine ] || ! grep -q '^# Only here: ' "$case" || continue
        memory=$(sed -n 's/^# Memory: //p' "$case")
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
    each by_the_tool
}
by_the_tool() {
    real run "$PY" "${given[@]}" ${memory:+--max-memory "$memory"} --dir "$PWD/w::/w" --dir "$PWD/v::/v" -- "$@"
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

test_signals_end_a_program_as_natively() {
    ends 143 '' 'import signal; signal.raise_signal(signal.SIGTERM)'
    ends 137 '' 'import os; os.kill(os.getpid(), 9)'
    ends 130 '' 'import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); signal.raise_signal(signal.SIGINT)'
    ends 0 '' 'import signal; signal.raise_signal(signal.SIGCHLD)'
    ends 1 'RuntimeError: deadlock' 'import queue; queue.Queue().get()'
}

test_signals_end_a_native_program_as_elsewhere() {
    ENGINE=native FLAVOURS='plain snapshot'
    test_signals_end_a_program_as_natively
}

test_a_missing_module_is_reported_after_a_name() {
    real run "$PY" -- -m nope
    status 1
    err 'No module named nope'
    ! grep -q '^:' "$T/.err" || fail 'it begins with a colon'
}

# Local time follows TZ, otherwise /etc/localtime in a shared directory. Both hold from the start.
test_local_time_of_the_environment() {
    local flavour given say='import time; print(*time.tzname, time.strftime("%H:%M %Z", time.localtime(1782907200)))'
    real build -q "$PY"
    status 0
    mkdir etc
    cp "$OUT/$PY/usr/local/share/zoneinfo/Asia/Tokyo" etc/localtime
    for flavour in "" single snapshot; do
        given=("$PY" --engine "${ENGINE:-wasmtime}" ${flavour:+--flavour "$flavour"})
        real run "${given[@]}" --env TZ=Europe/Berlin -- -c "$say"
        status 0
        is "$(cat "$T/.out")" 'CET CEST 14:00 CEST' "TZ=Europe/Berlin, $flavour"
        real run "${given[@]}" --env TZ=CET-1CEST,M3.5.0,M10.5.0/3 --dir "$PWD/etc::/etc" -- -c "$say"
        is "$(cat "$T/.out")" 'CET CEST 14:00 CEST' "TZ=CET-1CEST..., $flavour"
        real run "${given[@]}" --dir "$PWD/etc::/etc" -- -c "$say"
        is "$(cat "$T/.out")" 'JST JST 21:00 JST' "/etc/localtime, $flavour"
        real run "${given[@]}" -- -c "$say"
        is "$(cat "$T/.out")" 'UTC UTC 12:00 UTC' "no zone, $flavour"
    done
}

# A program that uses up its memory ends like any other with an uncaught exception. Where nothing of the memory is free at the
# end (the second program), not even for a traceback, only the exception's name is printed.
test_memory_that_is_used_up() {
    local flavour program
    real build -q toolchain/wl-run
    for flavour in "" single snapshot; do
        real build -q "$PY" ${flavour:+--flavour "$flavour"}
        status 0
        for program in 'a = []
def f():
    while True: a.append(bytes(1000))
f()' 'a = []
while True: a = [a]' 'import sys
sys.setrecursionlimit(10**9)
a = []
def f(n): a.append([n]); f(n + 1)
f(0)'; do
            run "$OUT/toolchain/wl-run/bin/wl-run" --quick --max-memory 96M --dir "$OUT/$PY/usr::/usr" \
                "$OUT/$PY/bin/python${flavour:+-$flavour}.wasm" -c "$program"
            status 1
            err MemoryError
            [[ $program != *'def f'* ]] || err 'Traceback (most recent call last):'
            not_err 'lost sys.stderr'
            not_err SystemError
        done
    done
}

# On Linux a name has any bytes; Python shows those that are not UTF-8 as surrogates.
test_names_on_the_host_that_are_not_text() {
    local flavour
    for flavour in "" single snapshot; do
        mkdir w
        : >w/caf$'\xe9'
        real run "$PY" --engine "${ENGINE:-wasmtime}" ${flavour:+--flavour "$flavour"} --dir "$PWD/w::/w" -- -c '
import os, shutil
assert os.listdir("/w") == ["caf\udce9"] and os.listdir(b"/w") == [b"caf\xe9"], os.listdir("/w")
assert os.stat("/w/caf\udce9").st_size == 0 and os.path.isfile(b"/w/caf\xe9")
with open("/w/caf\udce9", "w") as f:
    f.write("text")
os.mkdir(b"/w/\xff")
os.rename("/w/caf\udce9", "/w/\udcff/\udcfe")
os.symlink("\udcfe", "/w/\udcff/link")
assert os.readlink(b"/w/\xff/link") == b"\xfe"
assert open("/w/\udcff/link").read() == "text"
assert [(a, b, sorted(c)) for a, b, c in os.walk(b"/w")] == [(b"/w", [b"\xff"], []), (b"/w/\xff", [], [b"link", b"\xfe"])]
shutil.rmtree("/w/\udcff")
os.mkdir("/w/\udcfd")
'
        status 0
        there w/$'\xfd'
        rm -r w
    done
}

test_the_interpreter_has_a_name() {
    local flavour
    for flavour in "" single snapshot; do
        real run "$PY" --engine "${ENGINE:-wasmtime}" ${flavour:+--flavour "$flavour"} -- \
            -c 'import os, sys; assert sys.executable == "/usr/local/bin/python3" and os.path.isfile(sys.executable), sys.executable'
        status 0
    done
    run "$OUT/$PY/usr/local/bin/python3" -c 'import json'
    status 126
    err 'start the module with wl-run'
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

# Signals from outside reach handlers (tests/cases/signals.py has those that a program sends itself).
# `signalled COMMAND...`: starts it and waits until it is ready.
signalled() {
    : >"$T/.out"
    "$@" >"$T/.out" 2>"$T/.err" &
    pid=$!
    wait_for 60 grep -q ready "$T/.out"
}
ended() {
    st=0
    wait "$pid" || st=$?
}
reach_handlers() {
    local pid
    signalled "$@" -c '
import asyncio, os, signal
async def main():
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, done.set)
    signal.signal(signal.SIGUSR1, lambda *_: os.write(1, b"one\n"))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    print("ready", flush=True)
    await done.wait()
    print("graceful")
asyncio.run(main())'
    kill -USR1 "$pid"
    wait_for 30 grep -q one "$T/.out"
    kill -HUP "$pid"
    kill -TERM "$pid"
    ended
    status 0
    out graceful
    # Threads that wait, code that computes, and a wait that only the handler can end.
    signalled "$@" -c '
import signal, threading
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
print("ready", flush=True)
stop.wait()
print("stopped")'
    kill -TERM "$pid"
    ended
    status 0
    out stopped
    signalled "$@" -c '
import signal, sys
signal.signal(signal.SIGUSR2, lambda *_: sys.exit(9))
print("ready", flush=True)
while True: pass'
    kill -USR2 "$pid"
    ended
    status 9
    # Without a handler, as natively.
    signalled "$@" -c 'import time; print("ready", flush=True); time.sleep(100)'
    kill -TERM "$pid"
    ended
    status 143
    signalled "$@" -c 'import signal, time
signal.signal(signal.SIGHUP, print)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
print("ready", flush=True)
time.sleep(100)'
    kill -HUP "$pid"
    ended
    status 129
}
test_signals_from_outside_reach_handlers() {
    real build -q toolchain/wl-run "$PY"
    reach_handlers "$OUT/toolchain/wl-run/bin/wl-run" --quick --dir "$OUT/$PY/usr::/usr" "$OUT/$PY/bin/python.wasm"
}
test_signals_from_outside_reach_handlers_of_a_snapshot() {
    real build -q toolchain/wl-run
    real build -q --flavour snapshot "$PY"
    reach_handlers "$OUT/toolchain/wl-run/bin/wl-run" --quick "$OUT/$PY/bin/python-snapshot.wasm"
}
test_signals_from_outside_reach_handlers_natively() {
    real build -q --flavour snapshot "$PY"
    real_tool aot "$OUT/$PY/bin/python-snapshot.wasm" -o native
    status 0
    reach_handlers ./native --
}
# What is ignored from the start stays so, as after exec().
test_signals_that_are_ignored_from_the_start() {
    local pid
    real build -q toolchain/wl-run "$PY"
    signalled nohup "$OUT/toolchain/wl-run/bin/wl-run" --quick --dir "$OUT/$PY/usr::/usr" "$OUT/$PY/bin/python.wasm" -c '
import signal, time
assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
print("ready", flush=True)
time.sleep(1)
print("done")'
    kill -HUP "$pid"
    ended
    status 0
    out done
}

# Locks on files meet those of other programs, here and outside.
plain() {
    timeout 300 "$OUT/toolchain/wl-run/bin/wl-run" --quick --cache-dir compiled --dir "$OUT/$PY/usr::/usr" --dir "$PWD/w::/w" "$@"
}
test_programs_write_one_database() {
    local module=$OUT/$PY/bin/python.wasm name pids=() pid
    real build -q toolchain/wl-run "$PY"
    mkdir w
    cat >w/writer.py <<'END'
import sqlite3, sys
name, path = sys.argv[1:]
base = sqlite3.connect(path, timeout=200, isolation_level=None)
base.execute("create table if not exists t(name, n, unique(name, n))")
for i in range(100):
    base.execute("begin immediate")
    before, = base.execute("select count(*) from t").fetchone()
    base.execute("insert into t values(?, ?)", (name, i))
    assert base.execute("select count(*) from t").fetchone() == (before + 1,)
    base.execute("rollback" if i % 10 == 9 else "commit")
assert base.execute("pragma integrity_check").fetchone() == ("ok",)
END
    plain "$module" -c pass || fail 'it does not start'
    for name in a b; do
        plain "$module" /w/writer.py "$name" /w/base.db 2>"$name.err" &
        pids+=($!)
    done
    "$PYTHON" w/writer.py c w/base.db 2>c.err &
    pids+=($!)
    for pid in "${pids[@]}"; do
        wait "$pid" || fail "$(cat ./*.err)"
    done
    is "$("$PYTHON" -c 'import sqlite3; print(sqlite3.connect("w/base.db").execute("select name, count(*) from t group by name").fetchall())')" \
        "[('a', 90), ('b', 90), ('c', 90)]"
    is "$(ls w)" 'base.db
writer.py'
}
# With a write-ahead log, everybody reads while one writes: processes of the guest, and this machine's SQLite, which maps the index.
test_programs_with_WAL() {
    local module=$OUT/$PY/bin/python.wasm
    real build -q toolchain/wl-run "$PY"
    mkdir w
    cat >w/wal.py <<'END'
import os, sqlite3, sys, time

def work(name, path, rounds):
    base = sqlite3.connect(path, timeout=200, isolation_level=None)
    assert base.execute("pragma journal_mode=wal").fetchone() == ("wal",)
    base.execute("create table if not exists t(name, n, size, unique(name, n))")
    # Readers do not wait for the one that writes, and see the same until they end.
    other = sqlite3.connect(path, timeout=200, isolation_level=None)
    for i in range(rounds):
        other.execute("begin")
        seen = other.execute("select count(*), sum(length(size)) from t").fetchone()
        base.execute("begin immediate")
        before, = base.execute("select count(*) from t").fetchone()
        base.execute("insert into t values(?, ?, ?)", (name, i, 10))
        base.execute("insert into t values(?, ?, hex(randomblob(1500)))", (name, i + 1000000))
        assert base.execute("select count(*) from t").fetchone() == (before + 2,)
        assert other.execute("select count(*), sum(length(size)) from t").fetchone() == seen
        base.execute("rollback" if i % 10 == 9 else "commit")
        assert other.execute("select count(*), sum(length(size)) from t").fetchone() == seen
        other.execute("commit")
        if i % 20 == 5:
            base.execute("pragma wal_checkpoint(passive)")
        mine, = base.execute("select count(*) from t where name = ? and n < 1000000", (name,)).fetchone()
        assert mine == i + 1 - (i + 1) // 10, (mine, i)
    assert base.execute("pragma integrity_check").fetchone() == ("ok",)
    other.close()
    base.close()

if len(sys.argv) > 3:
    work(sys.argv[1], sys.argv[2], int(sys.argv[3]))
else:
    import subprocess
    path, rounds = sys.argv[1:]
    names = "abc"
    # (The first connection decides how the file is written.)
    base = sqlite3.connect(path)
    assert base.execute("pragma journal_mode=wal").fetchone() == ("wal",)
    children = [subprocess.Popen([sys.executable, __file__, name, path, rounds]) for name in names]
    assert not any([child.wait() for child in children])
    print(base.execute("select name, count(*) from t group by name").fetchall())
END
    plain "$module" -c pass || fail 'it does not start'
    plain "$module" /w/wal.py /w/base.db 60 >"$T/.out" 2>"$T/.err" &
    wait_for 300 test -s w/base.db-wal
    "$PYTHON" w/wal.py n w/base.db 60 2>n.err || fail "$(cat n.err)"
    wait $! || fail 'it failed'
    out "[('a', 108), ('b', 108), ('c', 108)"
    is "$("$PYTHON" -c 'import sqlite3; base = sqlite3.connect("w/base.db"); print(base.execute("pragma integrity_check").fetchall(), base.execute("select name, count(*) from t group by name").fetchall())')" \
        "[('ok',)] [('a', 108), ('b', 108), ('c', 108), ('n', 108)]"
    is "$(ls w)" 'base.db
wal.py'
    # One that is killed while it writes leaves what it has committed, and the others go on.
    cat >w/dies.py <<'END'
import os, sqlite3, subprocess, sys
path = "/w/killed.db"
base = sqlite3.connect(path, timeout=60, isolation_level=None)
if len(sys.argv) == 1:
    base.execute("pragma journal_mode=wal")
    base.execute("create table t(n)")
    for n in range(5):
        child = subprocess.Popen([sys.executable, __file__, str(n)], stdout=subprocess.PIPE)
        assert child.stdout.readline() == b"written\n"
        assert base.execute("select n from t").fetchall() == [(i,) for i in range(n + 1)]
        child.kill()
        child.wait()
        assert base.execute("select n from t").fetchall() == [(i,) for i in range(n + 1)]
    base.execute("insert into t values (5)")
    assert base.execute("pragma integrity_check").fetchone() == ("ok",)
    print("good")
else:
    base.execute("insert into t values (?)", (int(sys.argv[1]),))
    base.execute("begin immediate")
    base.executemany("insert into t values (?)", [(100,)] * 1000)
    print("written", flush=True)
    sys.stdin.read()
    __import__("time").sleep(1000)
END
    plain "$module" /w/dies.py >"$T/.out" 2>"$T/.err" || fail 'it failed'
    out good
    # Threads, with connections of their own and with one.
    cat >w/threads.py <<'END'
import sqlite3, threading
assert sqlite3.threadsafety == 3
base = sqlite3.connect("/w/threads.db", timeout=60, isolation_level=None, check_same_thread=False)
base.execute("pragma journal_mode=wal")
base.execute("create table t(n)")
def own(n):
    mine = sqlite3.connect("/w/threads.db", timeout=60, isolation_level=None)
    for _ in range(30):
        mine.execute("insert into t values (?)", (n,))
    mine.close()
def common(n):
    for _ in range(30):
        base.execute("insert into t values (?)", (n,))
threads = [threading.Thread(target=f, args=(n,)) for n in range(3) for f in (own, common)]
for t in threads: t.start()
for t in threads: t.join()
print(base.execute("select n, count(*) from t group by n").fetchall(), base.execute("pragma integrity_check").fetchall())
END
    plain "$module" /w/threads.py >"$T/.out" 2>"$T/.err" || fail 'it failed'
    out "[(0, 60), (1, 60), (2, 60)] [('ok',)]"
}
# Without threads, ThreadPoolExecutor runs a call at once if that is asked for, and never otherwise.
test_calls_run_inline() {
    local module=$OUT/$PY/bin/python.wasm
    real build -q toolchain/wl-run "$PY"
    mkdir w
    cat >w/inline.py <<'END'
import asyncio, sys, threading
from concurrent.futures import ThreadPoolExecutor, as_completed

def fail(n):
    raise ValueError(n)

def nested(n):
    with ThreadPoolExecutor() as pool:
        return pool.submit(pow, n, 2).result()

begun = []
with ThreadPoolExecutor(3, initializer=begun.append, initargs=("initialized",)) as pool:
    assert list(pool.map(nested, range(5))) == [0, 1, 4, 9, 16] and begun[:1] == ["initialized"]
    assert sorted(f.result() for f in as_completed([pool.submit(abs, -n) for n in range(4)])) == [0, 1, 2, 3]
    assert isinstance(pool.submit(fail, 1).exception(), ValueError)
try:
    pool.submit(abs, 1)
except RuntimeError:
    pass
else:
    raise AssertionError("a call after the end")

async def main():
    return await asyncio.to_thread(threading.get_ident), await asyncio.gather(*[asyncio.to_thread(nested, n) for n in range(3)])

ident, squares = asyncio.run(main())
assert squares == [0, 1, 4]
print(len(begun), ident == threading.get_ident())
END
    plain --max-threads 0 --env WL_THREADS=inline "$module" /w/inline.py >"$T/.out" 2>"$T/.err" || fail 'it failed'
    is "$(cat "$T/.out")" '1 True'
    # Where there are threads, they are used.
    plain --env WL_THREADS=inline "$module" /w/inline.py >"$T/.out" 2>"$T/.err" || fail 'it failed'
    is "$(cut -d ' ' -f 2 "$T/.out")" False
    ! plain --max-threads 0 "$module" /w/inline.py >"$T/.out" 2>"$T/.err" || fail 'calls ran without a thread'
    err "RuntimeError: can't start new thread"
}
test_waiting_for_a_lock() {
    local module=$OUT/$PY/bin/python.wasm wait='import fcntl; file = open("/w/file", "r+")
try: fcntl.LOCK(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError: print("taken", flush=True)
fcntl.LOCK(file, fcntl.LOCK_EX); print("got")' kind pid
    real build -q toolchain/wl-run "$PY"
    mkdir w
    : >w/file
    for kind in flock lockf; do
        "$PYTHON" -c 'import fcntl, sys, time; file = open("w/file", "r+"); getattr(fcntl, sys.argv[1])(file, fcntl.LOCK_EX); print("ready", flush=True); time.sleep(1000)' \
            $kind >holder &
        pid=$!
        wait_for 10 grep -q ready holder
        st=0
        plain --deadline 1 "$module" -c "${wait//LOCK(/$kind(}" >"$T/.out" 2>"$T/.err" || st=$?
        status 124
        is "$(cat "$T/.out")" taken
        plain "$module" -c "${wait//LOCK(/$kind(}" >"$T/.out" 2>"$T/.err" &
        wait_for 30 grep -q taken "$T/.out"
        kill $pid
        wait $! || fail 'it did not get the lock'
        is "$(tail -n 1 "$T/.out")" got
    done
}
test_a_descriptor_has_the_number_behind_the_directories() {
    real build -q toolchain/wl-run "$PY"
    echo text >file
    run "$OUT/toolchain/wl-run/bin/wl-run" --quick --fd 7 --dir "$OUT/$PY/usr::/usr" "$OUT/$PY/bin/python.wasm" \
        -c 'import os; print(os.read(4, 100))' 7<file
    status 0
    out "b'text\\n'"
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
    ! grep -h 'Failed to open' "$T/.err" "$T/.out" || fail 'it does not know its own name'
    grep -q '/usr/local/bin/python3' root/site/bin/made_up || fail 'the script does not name an interpreter'
    there root/site/made_up.py root/site/made_up-1.0.dist-info/METADATA
    real run "$PY" --dir "$PWD/root/site::/site" --env PYTHONPATH=/site -- -c 'import made_up; made_up.main()'
    out 'made up'
}

main "$@"
