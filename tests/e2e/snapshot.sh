#!/bin/bash
# The flavour snapshot of a real Python: it does the same as the flavour single with the same arguments, variables and
# input, and nothing in it is older than its start.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.11.2}

flavours() {
    real build $PY toolchain/wl-run --flavour plain
    status 0
    real build $PY --flavour single
    status 0
    real build $PY --flavour snapshot
    status 0
    RUN="$OUT/toolchain/wl-run/bin/wl-run --quick --argv0 python.wasm --cache-dir $CACHE/compiled"
    SINGLE=$OUT/$PY/bin/python-single.wasm
    SNAPSHOT=$OUT/$PY/bin/python-snapshot.wasm
    IN=/dev/null
    mkdir -p d
}

# `snapshot [OPTION...] -- ARGUMENT...`
snapshot() {
    local options=()
    options_before "$@"
    shift ${#options[@]}
    st=0
    # shellcheck disable=SC2086 # several words
    timeout 300 $RUN --dir d::/d "${options[@]}" "$SNAPSHOT" "${@:2}" <"$IN" >.out 2>.err || st=$?
}

# `same [OPTION...] -- ARGUMENT...`: both do the same.
same() {
    local options=() a=0 b=0 all="$*"
    options_before "$@"
    shift $((${#options[@]} + 1))
    # shellcheck disable=SC2086 # several words
    timeout 300 $RUN --dir d::/d "${options[@]}" "$SINGLE" "$@" <"$IN" >1.out 2>1.err || a=$?
    # shellcheck disable=SC2086 # several words
    timeout 300 $RUN --dir d::/d "${options[@]}" "$SNAPSHOT" "$@" <"$IN" >2.out 2>2.err || b=$?
    [ "$a" = "$b" ] || fail "$all: status $a and $b: $(cat 2.err)"
    cmp -s 1.out 2.out || fail "$all: $(diff 1.out 2.out)"
    cmp -s 1.err 2.err || fail "$all: $(diff 1.err 2.err)"
    [ -s 1.out ] || [ -s 1.err ] || [ "$a" != 0 ] || fail "$all: it said nothing, so nothing was compared"
}

show='import sys,os,site,io,warnings
print(sys.argv, sys.orig_argv, sys.flags, sys.path, sys.executable, sys.prefix, sys.base_prefix, sys.warnoptions)
print(sys._xoptions, sys.dont_write_bytecode, sys.stdin, sys.stdout, sys.stderr, sys.__stdout__ is sys.stdout)
print(sys.stdin.encoding, sys.stdin.errors, sys.stdout.errors, sys.stdout.line_buffering, sys.stdout.write_through)
print(dict(os.environ), os.environb, os.getcwd(), sys.meta_path, __name__, list(globals()), site.ENABLE_USER_SITE)
print(sys.getfilesystemencoding(), io.text_encoding(None), sys.getrecursionlimit(), warnings.filters, __debug__)
print(os.listdir("/d"), os.listdir("/"), sys.stdin and sys.stdin.isatty(), sys.gettrace(), sys.is_finalizing())'

test_it_is_started_already() {
    flavours
    snapshot -- -c 'import sys; print({"asyncio", "json", "typing"} <= set(sys.modules))'
    status 0
    is "$(cat .out)" True
    # With an option that it cannot apply afterwards it does a normal start, in the same module.
    snapshot -- -O -c 'import sys; print("asyncio" in sys.modules, __debug__)'
    status 0
    is "$(cat .out)" 'False False'
}

test_options_and_variables() {
    flavours
    local o
    same -- -c "$show" a b
    same --env A=1 --env B= --env 'C=ä' -- -c "$show"
    for o in -O -OO -I -E -s -S -P -B -b -bb -u -q -i -R -d '-W error' '-W ignore::DeprecationWarning' '-X utf8=0' \
        '-X dev' '-X int_max_str_digits=0' '--check-hash-based-pycs always'; do
        # shellcheck disable=SC2086 # an option and its value
        same -- $o -c "$show"
    done
    for o in PYTHONHASHSEED=0 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=x PYTHONOPTIMIZE=2 PYTHONWARNINGS=error \
        PYTHONIOENCODING=latin-1:replace PYTHONUTF8=0 PYTHONSAFEPATH=1 PYTHONNOUSERSITE=1 PYTHONDEVMODE=1 LC_ALL=C \
        LANG=de_DE.UTF-8 PYTHONINSPECT=1 PYTHONHOME=/usr/local PATH=/bin HOME=/d TZ=Europe/Berlin; do
        same --env "$o" -- -c "$show"
    done
    same --env PYTHONWARNINGS=error -- -I -c "$show"
    same --argv0 /x/y/python.wasm -- -c "$show"
    same --argv0 ./x/python -- -c "$show"
    for o in -h -V -VV -Z -c -m --help-env; do
        same -- $o
    done
}

test_programs_and_input() {
    flavours
    mkdir d/pkg d/site
    echo "$show" | tee d/show.py >d/pkg/__main__.py
    echo 'print("customized", __name__)' >d/site/sitecustomize.py
    same -- /d/show.py 1 2
    same -- /d/pkg x
    same -- none.py
    same -- /d
    same -- -m none
    same --env PYTHONPATH=/d -- -m pkg y
    same --env PYTHONPATH=/d:/none -- -c "$show"
    same --env PYTHONPATH=/d/site -- -c "$show"
    same --env PYTHONPATH=/d/site -- -I -c "$show"
    IN=d/show.py
    same --
    same -- - 1
    echo 'one line' >in
    IN=in
    same -- -c 'import sys; print(repr(input()), sys.stdin.read())'
    IN=/
    same -- -c "$show"
    IN=/dev/null
    # A directory of packages that the host shares beside the library.
    mkdir -p packages
    echo 'import sys; print("from a .pth file", sys.version_info[0])' >packages/x.pth
    echo 'x = 1' >packages/extra.py
    same --dir "packages::/usr/local/lib/python$(cut -d . -f 1,2 <<<"${PY##*/v}")/site-packages" -- -c 'import extra, sys; print(extra, sys.path)'
}

test_ends() {
    flavours
    cat >d/end.py <<'END'
import atexit, sys, weakref, logging
class D:
    def __init__(self, name): self.name = name
    def __del__(self): print("del", self.name, sys.is_finalizing())
d = D("global")
cycle = D("cycle"); cycle.me = cycle
f = open("/d/" + sys.argv[1], "w"); f.write("flushed")
atexit.register(print, "atexit")
def gen():
    try: yield 1
    finally: print("gen end")
g = gen(); next(g)
logging.getLogger().addHandler(logging.StreamHandler(sys.stdout)); logging.warning("logged")
w = weakref.finalize(d, print, "finalize")
if len(sys.argv) > 2: raise SystemExit(4)
END
    same -- /d/end.py x
    same -- /d/end.py x y
    grep -qx 'del cycle True' 2.out || fail "$(cat 2.out)"
    snapshot -- /d/end.py mine
    is "$(cat d/mine)" flushed
    # The same if a module of the snapshot has it.
    snapshot -- -c 'import json; json.kept = open("/d/kept", "w"); json.kept.write("flushed")'
    is "$(cat d/kept)" flushed
    same -- -c 'raise SystemExit("bye")'
    same -- -c 'raise SystemExit(3)'
    same -- -c '1/0'
    same -- -c 'import os; os._exit(9)'
    same -- -c 'not python'
    same -- -c 'import sys; print(1); sys.stdout.close()'
    same -- -c 'import sys; sys.stderr = None; 1/0'
    same -- -c 'import sys; sys.excepthook = lambda *a: print("hook", a[0]); 1/0'
    same -- -c 'import threading; threading.Thread(target=print).start()'
    same -- -c 'import warnings; warnings.warn("w")'
    same -- -W error -c 'import warnings; warnings.warn("w")'
    same -- -c 'import atexit; atexit.register(int, "x")'
    same -- -c 'print("x" * 100000)'
    same -- -c 'def f(n): return f(n + 1)
try: f(0)
except RecursionError: print("deep")'
    same -- -c 'import asyncio
async def a(): await asyncio.sleep(0.01); return 5
print(asyncio.run(a()))'
    same -- -c 'import ssl, zoneinfo, sqlite3, ctypes; print(zoneinfo.ZoneInfo("Europe/Berlin"), ssl.create_default_context().cert_store_stats(), sqlite3.connect(":memory:").execute("select 1").fetchall())'
}

test_two_starts_differ() {
    flavours
    cat >d/fresh.py <<'END'
import logging, os, random, secrets, ssl, tempfile, time, uuid
numbers = random.Random()
print(random.random()); print(random.getrandbits(64)); print(numbers.random()); print(secrets.token_hex())
print(os.urandom(8)); print(uuid.uuid4()); print(uuid.uuid1()); print(ssl.RAND_bytes(8)); print(tempfile.mktemp(dir="/d"))
print(time.time()); print(time.monotonic()); print(time.perf_counter()); print(time.ctime() and time.time_ns())
print(logging._startTime)
END
    snapshot -- /d/fresh.py
    status 0
    mv .out first
    snapshot -- /d/fresh.py
    status 0
    is "$(wc -l <first)" 14
    is "$(paste -d '\n' first .out | uniq -d)" ''
    snapshot -- -c 'import time; t = time.process_time(); print(0 <= t < 60, time.process_time() >= t)'
    is "$(cat .out)" 'True True'
    snapshot -- -c 'import time; print(int(time.time()))'
    [ "$(cat .out)" -ge "$(($(date +%s) - 100))" ] || fail "its clock is wrong: $(cat .out)"
}

# A custom snapshot: other modules, another secret.
test_a_custom_snapshot() {
    flavours
    mkdir -p mine
    # shellcheck disable=SC2086 # several words
    SECONDS_EACH=600 run $RUN --snapshot own.wasm --env PYTHONHASHSEED=77 "$SINGLE" html colorsys
    status 0
    SNAPSHOT=own.wasm snapshot -- -c 'import sys; print("colorsys" in sys.modules, "asyncio" in sys.modules, hash("x"))'
    status 0
    is "$(cut -d ' ' -f 1,2 .out)" 'True False'
    mv .out own
    snapshot -- -c 'print(hash("x"))'
    [ "$(cut -d ' ' -f 3 own)" != "$(cat .out)" ] || fail 'the secret is the same'
    # A second one has the same bytes.
    # shellcheck disable=SC2086 # several words
    SECONDS_EACH=600 run $RUN --snapshot again.wasm --env PYTHONHASHSEED=77 "$SINGLE" html colorsys
    cmp own.wasm again.wasm || fail 'a second snapshot differs'
    # If a snapshot cannot be made, the traceback is shown and no file is left.
    # shellcheck disable=SC2086 # several words
    SECONDS_EACH=600 run $RUN --snapshot none.wasm "$SINGLE" json no_such_module
    status 1
    err "ModuleNotFoundError: No module named 'no_such_module'" 'there is no snapshot'
    not_there none.wasm
}

main "$@"
