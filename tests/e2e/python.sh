#!/bin/bash
# The real Python: built from source by its real recipe, then run as users do, in the project's own runner and, if it is
# installed, in wasmtime. A Python that is in the user's cache is not built again.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

# The Python to test: WL_PYTHON names another port.
PY=${WL_PYTHON:-python/v3.11.2}
VERSION=${PY##*/v}
SERIES=${VERSION%.*}
ZIP=python${SERIES/./}.zip
LIB=/usr/local/lib/python$SERIES
PYTHON_DIR=
CODE_PATH="import sys; print(sys.path)"
PATH_NORMAL="['', '/usr/local/lib/$ZIP', '$LIB', '$LIB/lib-dynload']"
PATH_MOVED="['', '/mypath/$ZIP', '/mypath/$ZIP/lib/$ZIP', '/mypath/$ZIP/lib/python$SERIES', '/mypath/$ZIP/lib/python$SERIES/lib-dynload']"
# The most bytes that python.wasm may have, with every library in it.
MOST=9500000

built() {
    real build $PY
    status 0
    PYTHON_DIR=$OUT/$PY
    there "$PYTHON_DIR/bin/python.wasm"
}

# `wl-make run` with the interpreter's arguments after "--".
py() {
    real run $PY "${RUN_OPTIONS[@]}" -- "$@"
}
RUN_OPTIONS=()

# As the issue describes it: from the directory, with everything shared as "/".
wt() {
    command -v wasmtime >/dev/null || return 1
    run wasmtime run --dir "$PYTHON_DIR::/" -W max-wasm-stack=8388608 "$PYTHON_DIR/bin/python.wasm" "$@"
}

# The same code in both.
both() {
    "$1" py
    ! command -v wasmtime >/dev/null || "$1" wt
}

test_the_contents_of_the_directory() {
    built
    cd "$PYTHON_DIR" || exit
    there bin/python.wasm "include/python$SERIES/Python.h" "include/python$SERIES/pyconfig.h" include/zlib.h \
        include/uuid/uuid.h "lib/libpython$SERIES.a" lib/libz.a lib/libuuid.a "lib/pkgconfig/python-$SERIES.pc" \
        lib/pkgconfig/zlib.pc lib/pkgconfig/uuid.pc "usr/local/lib/$ZIP"
    local size
    size=$(stat -c %s bin/python.wasm)
    [ "$size" -le "$MOST" ] || fail "python.wasm has $size bytes"
    [ -z "$(find . -name '*.so' -o -name '*.la' -o -name '*.pyc')" ] || fail "$(find . -name '*.so' -o -name '*.la')"
}

test_the_zip() {
    built
    "$PYTHON" - "$PYTHON_DIR/usr/local/lib/$ZIP" <<'END' || fail 'see above'
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
names = z.namelist()
assert z.testzip() is None
assert all(n.endswith(".pyc") or n.endswith("/") for n in names), [n for n in names if not n.endswith(".pyc")][:9]
unwanted = {"test", "tests", "ensurepip", "idlelib", "tkinter", "turtledemo", "lib2to3", "venv", "__pycache__"}
assert not [n for n in names if unwanted & set(n.split("/")[:-1])], [n for n in names if unwanted & set(n.split("/")[:-1])][:9]
wanted = {"os.pyc", "json/__init__.pyc", "encodings/utf_8.pyc", "asyncio/__init__.pyc", "zipimport.pyc", "site.pyc",
          "importlib/metadata/__init__.pyc", "email/__init__.pyc", "unittest/__init__.pyc"}
assert wanted <= set(names), wanted - set(names)
assert len(names) == len(set(names))
assert len({i.date_time for i in z.infolist()}) == 1, "not one time for all"
assert names == sorted(names), "not sorted"
assert len({(i.external_attr, i.create_system) for i in z.infolist()}) == 1
sysconfig = [n for n in names if n.startswith("_sysconfigdata")]
assert len(sysconfig) == 1, sysconfig
END
    # The result contains no path of this machine.
    local path
    # The home directory itself can be one that the guest's users also have: root's.
    for path in "$REAL_HOME/" "$WL_SOURCE_ROOT" "$CACHE"; do
        [ "$path" = // ] || ! grep -rlF -e "$path" "$PYTHON_DIR" || fail "names $path"
    done
}

test_pc_files_are_relocatable() {
    command -v pkg-config >/dev/null || skip 'no pkg-config'
    built
    mv "$PYTHON_DIR" "$T/elsewhere"
    local pc
    for pc in "$T"/elsewhere/lib/pkgconfig/*.pc; do
        grep -qxF 'prefix=${pcfiledir}/../..' "$pc" || fail "$pc: $(grep prefix= "$pc")"
        run env PKG_CONFIG_LIBDIR="$T/elsewhere/lib/pkgconfig" pkg-config --cflags --libs --static "$(basename "$pc" .pc)"
        status 0
        ! grep -qE '(-I|-L)/(usr|wl)/' .out || fail "$pc: $(cat .out)"
    done
    run env PKG_CONFIG_LIBDIR="$T/elsewhere/lib/pkgconfig" pkg-config --cflags --libs zlib
    out "$T/elsewhere/" -lz
}

code_and_path() {
    $1 -c "$CODE_PATH"
    status 0
    is "$(cat .out)" "$PATH_NORMAL" 'sys.path'
    [ ! -s .err ] || fail 'output on stderr'
    $1 -c 'import sys; print(sys.version_info[:3], sys.platform, sys.maxsize)'
    is "$(cat .out)" "(${VERSION//./, }) wasi 2147483647"
}
test_code_and_sys_path() {
    built
    both code_and_path
}

test_modules_in_c() {
    built
    py -c 'import zlib, uuid; print(uuid.uuid1())'
    status 0
    grep -qxE '[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}' .out || fail 'no uuid'
    py -c 'import zlib; d = b"x" * 10000; assert zlib.decompress(zlib.compress(d)) == d; print(zlib.ZLIB_VERSION)'
    status 0
    py -c 'import sys, decimal, json, hashlib, unicodedata, math, time, struct, pyexpat; print(time.process_time() < 60)'
    out True
}

script() {
    printf 'import sys\nprint(__name__, sys.argv, __file__)\n' >script.py
    RUN_OPTIONS=(--dir "$T::/data")
    if [ "$1" = py ]; then
        py /data/script.py one 'two words' --three
        is "$(cat .out)" "__main__ ['/data/script.py', 'one', 'two words', '--three'] /data/script.py"
    else
        run wasmtime run --dir "$PYTHON_DIR::/" --dir "$T::/data" "$PYTHON_DIR/bin/python.wasm" /data/script.py one
        is "$(cat .out)" "__main__ ['/data/script.py', 'one'] /data/script.py"
    fi
    status 0
}
test_a_script() {
    built
    both script
}

a_module() {
    printf '{"b": [1, 2]}' >in.json
    if [ "$1" = py ]; then
        RUN_OPTIONS=(--dir "$T::/data")
        py -m json.tool --compact /data/in.json
    else
        run wasmtime run --dir "$PYTHON_DIR::/" --dir "$T::/data" "$PYTHON_DIR/bin/python.wasm" -m json.tool --compact /data/in.json
    fi
    status 0
    is "$(cat .out)" '{"b":[1,2]}'
}
test_a_module() {
    built
    both a_module
}

test_a_script_on_stdin() {
    built
    printf 'import sys\nprint("from stdin", len(sys.argv))\nsys.exit(5)\n' >script.py
    st=0
    WL_MAKE_ROOT=$ROOT timeout 100 "$WL_MAKE" run --cache-dir "$CACHE" --output "$OUT" $PY <script.py >.out 2>.err || st=$?
    status 5
    is "$(cat .out)" 'from stdin 1'
    st=0
    WL_MAKE_ROOT=$ROOT timeout 100 "$WL_MAKE" run --cache-dir "$CACHE" --output "$OUT" $PY -- - a b <script.py >.out 2>.err || st=$?
    is "$(cat .out)" 'from stdin 3'
    if command -v wasmtime >/dev/null; then
        st=0
        wasmtime run --dir "$PYTHON_DIR::/" "$PYTHON_DIR/bin/python.wasm" <script.py >.out 2>.err || st=$?
        status 5
        is "$(cat .out)" 'from stdin 1'
    fi
}

test_stdin_is_what_is_given() {
    built
    st=0
    printf 'one\ntwo\n' | WL_MAKE_ROOT=$ROOT timeout 100 "$WL_MAKE" run --cache-dir "$CACHE" --output "$OUT" $PY -- \
        -c 'import sys; print([l for l in sys.stdin], input.__name__)' >.out 2>.err || st=$?
    status 0
    out "['one\\n', 'two\\n']"
    # A pipe whose reader closes early.
    WL_MAKE_ROOT=$ROOT timeout 100 "$WL_MAKE" run --cache-dir "$CACHE" --output "$OUT" $PY -- \
        -c 'for i in range(100000): print(i)' 2>.err | head -n 1 >.out
    is "$(cat .out)" 0
}

test_exit_status_and_streams() {
    built
    py -c 'import sys; sys.exit(7)'
    status 7
    py -c 'import sys; sys.exit("a last word")'
    status 1
    err 'a last word'
    py -c 'raise ValueError("wrong")'
    status 1
    err 'ValueError: wrong' 'Traceback'
    [ ! -s .out ] || fail 'output on stdout'
    py -c 'import sys; print("to stdout"); print("to stderr", file=sys.stderr); sys.stdout.flush(); raise SystemExit'
    status 0
    is "$(cat .out)" 'to stdout'
    is "$(cat .err)" 'to stderr'
    py -c 'import os; os._exit(300 & 127)'
    status 44
    py -c 'syntax error here'
    status 1
    err SyntaxError
    py /no/such/script.py
    status 2
    err "can't open file"
    py -c 'import sys; sys.stdout.buffer.write(bytes(range(256)))'
    is "$(sha256 .out)" 40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880
}

test_zip_in_another_directory() {
    built
    local lib=$PYTHON_DIR/usr/local/lib
    cp -R "$lib" "$T/lib"
    local options=(--env "PYTHONPATH=/mypath/$ZIP" --env "PYTHONHOME=/mypath/$ZIP")
    RUN_OPTIONS=("${options[@]}" --dir "$T/lib::/mypath")
    py -c "$CODE_PATH; import json, uuid, zlib"
    status 0
    is "$(cat .out)" "$PATH_MOVED" 'sys.path'
    # In the spelling of old wasmtime versions.
    RUN_OPTIONS=("${options[@]}" --mapdir "/mypath::$T/lib")
    py -c "$CODE_PATH"
    status 0
    is "$(cat .out)" "$PATH_MOVED" 'sys.path'
    if command -v wasmtime >/dev/null; then
        run wasmtime run "${options[@]}" --dir "$lib::/mypath" "$PYTHON_DIR/bin/python.wasm" -c "$CODE_PATH; import json, zlib"
        status 0
        is "$(cat .out)" "$PATH_MOVED" 'sys.path with wasmtime'
    fi
}

test_environment() {
    built
    export SECRET=hunter2 WANTED=here
    py -c 'import os; print(sorted(os.environ))'
    status 0
    not_out SECRET
    RUN_OPTIONS=(--env A=1 --env 'B=two words' --env WANTED --env NOT_SET_HERE)
    py -c 'import os; print(os.environ["A"], os.environ["B"], os.environ["WANTED"], "NOT_SET_HERE" in os.environ)'
    is "$(cat .out)" '1 two words here False'
    RUN_OPTIONS=(--env PYTHONHASHSEED=0 --argv0 /bin/mypython)
    py -c 'import sys; print(sys.orig_argv[0], sys.flags.hash_randomization)'
    is "$(cat .out)" '/bin/mypython 0'
}

test_directories() {
    built
    mkdir data secret
    printf 'hello\n' >data/in
    printf 'secret\n' >secret/s
    ln -s ../secret/s data/way-out
    RUN_OPTIONS=(--dir "$T/data::/data")
    py -c 'print(open("/data/in").read().strip()); open("/data/out", "w").write("written")'
    status 0
    is "$(cat data/out)" written
    local code
    for code in 'open("/data/way-out")' 'open("/data/../secret/s")' "open('$T/secret/s')" 'open("/etc/passwd")'; do
        py -c "$code"
        [ "$st" = 1 ] || fail "not refused: $code"
        grep -qE 'Error' .err || fail "no exception: $code"
    done
    # Above a shared directory is the guest's own root, not the host's directory.
    py -c 'import os; names = os.listdir("/data/.."); assert names == os.listdir("/") and "secret" not in names, names'
    status 0
    RUN_OPTIONS=(--dir "$T/data::/data::ro")
    py -c 'print(open("/data/in").read().strip()); open("/data/new", "w")'
    status 1
    out hello
    not_there data/new
    RUN_OPTIONS=()
    py -c 'open("/usr/local/lib/new", "w")'
    status 1
    not_there "$PYTHON_DIR/usr/local/lib/new"
    RUN_OPTIONS=(--dir "$T/none::/none")
    py -c pass
    [ "$st" != 0 ] || fail 'a directory that does not exist'
    err "$T/none"
}

# First mistakes, and the hints about what to type next.
test_first_steps() {
    built
    mkdir shared
    echo 'print("hello")' >shared/hello.py
    py shared/hello.py
    status 2
    err "can't open file" 'share one with --dir shared::/data, and name the file /data/hello.py'
    RUN_OPTIONS=(--dir shared::/data)
    py /data/hello.py
    status 0
    out hello
    py shared/hello.py
    status 2
    err 'shared/hello.py is /data/hello.py for the program'
    local wrong
    # (A name that no directory of this machine has.)
    for wrong in --dir=shared:/no/w --dir=shared::/no/w:ro --mapdir=shared::/no/w --dir=/no/w::shared; do
        RUN_OPTIONS=("$wrong")
        py /no/w/hello.py
        status 2
        case $wrong in
        *:ro) err '--dir shared::/no/w::ro' ;;
        --mapdir*) err '--mapdir takes GUEST::HOST' '(--mapdir /no/w::shared)' ;;
        *) err '--dir shared::/no/w' ;;
        esac
    done
    RUN_OPTIONS=(--dir shared::/usr/local)
    py /usr/local/hello.py
    status 1
    err "No module named 'encodings'" 'share your directory under another name, for example /data'
    real build toolchain/wl-run
    run "$OUT/toolchain/wl-run/bin/wl-run" "$PYTHON_DIR/bin/python.wasm" -c 'print(1)'
    status 1
    err 'Python does not find its library' '--dir .../usr/local::/usr/local'
}

test_recursion_ends_in_an_exception() {
    built
    py -c '
def f(n):
    return f(n + 1)
try:
    f(0)
except RecursionError as e:
    print("RecursionError:", e)
'
    status 0
    out 'RecursionError: maximum recursion depth exceeded'
    # Through C: repr of a deep list, __getattr__ chains, json.
    py -c '
import json
a = []
for _ in range(100000): a = [a]
for f in (repr, json.dumps, ascii):
    try:
        f(a)
    except RecursionError:
        print("fine", flush=True)
import os; os._exit(0)
'
    status 0
    is "$(grep -c fine .out)" 3 'exceptions'
    py -c 'compile("(" * 10000 + ")" * 10000, "x", "eval")'
    status 1
    grep -qE 'MemoryError|RecursionError|SyntaxError' .err || fail 'no exception'
}

test_time_and_sleep() {
    built
    py -c '
import time, threading
a = time.monotonic(); time.sleep(0.2); d = time.monotonic() - a
assert 0.19 < d < 5, d
p = time.process_time(); sum(range(10**6)); assert 0 <= time.process_time() - p < 20
l = threading.Lock(); l.acquire(); assert not l.acquire(timeout=0.1)
print(time.strftime("%Y", time.gmtime(0)), "fine")'
    status 0
    is "$(cat .out)" '1970 fine'
}

# The tool on a terminal, with Python in it.
prompt() {
    local script=$1
    shift
    run env WL_MAKE_ROOT="$ROOT" "$PYTHON" "$E2E/help.py" terminal "$script" "$WL_MAKE" run --cache-dir "$CACHE" \
        --output "$OUT" "$@"
}

# The library's names are those of sources that need not be there; with them there are lines.
test_sources_of_the_library() {
    local flavour see='import inspect, json, linecache, os, textwrap, traceback
print(json.__file__, os.path.exists(json.__file__), linecache.getline(textwrap.__file__, 1)[:3])
try: print(inspect.getsource(textwrap.dedent).splitlines()[0])
except OSError as error: print(error)
try: json.loads("{")
except ValueError: print(sum(line.startswith("    ") for line in traceback.format_exc().splitlines()) > 3)'
    built
    for flavour in plain snapshot; do
        real run --flavour $flavour $PY -- -c "$see"
        status 0
        is "$(cat .out)" "/usr/local/lib/python${VERSION%.*}/json/__init__.py False 
could not get source code
False"
        real run --with-sources --flavour $flavour $PY -- -c "$see"
        status 0
        is "$(cat .out)" "/usr/local/lib/python${VERSION%.*}/json/__init__.py True \"\"\"
def dedent(text):
True"
    done
    real run --with-sources examples/browser
    status 2
    err 'is not a Python'
}

# Ctrl-D that arrives between two prompts is lost when the next prompt changes the terminal's mode, natively too.
test_the_interactive_prompt() {
    built
    prompt $'expect >>> \nsend 6 * 7\\n\nexpect 42\nexpect >>> \nsend \\x04' $PY
    status 0
    err 'exit 0'
    out "Python $VERSION"
    prompt $'expect >>> \nsend exit(3)\\n' $PY
    err 'exit 3'
    prompt $'expect >>> \nsend import sys; sys.stdin.isatty()\\n\nexpect True\nexpect >>> \nsend \\x04' $PY
    err 'exit 0'
    if command -v wasmtime >/dev/null; then
        run "$PYTHON" "$E2E/help.py" terminal $'expect >>> \nsend 6 * 7\\n\nexpect 42\nexpect >>> \nsend \\x04' wasmtime run \
            --dir "$PYTHON_DIR::/" "$PYTHON_DIR/bin/python.wasm"
        err 'exit 0'
    fi
}

test_ctrl_c_at_the_prompt() {
    built
    prompt $'expect >>> \nsend 1 + 1\\x03\nexpect KeyboardInterrupt\nexpect >>> \nsend 20 + 22\\n\nexpect 42\nexpect >>> \nsend \\x04' $PY
    status 0
    err 'exit 0'
}

test_ctrl_c_in_a_running_program() {
    built
    prompt $'expect ready\nwait 0.3\nsend \\x03\nexpect KeyboardInterrupt' $PY -- -c 'print("ready", flush=True)
while True: pass'
    status 0
    # Like native Python, it ends by the signal, so that a calling shell sees an interruption.
    err 'signal SIGINT'
    prompt $'expect ready\nwait 0.3\nsend \\x03\nexpect KeyboardInterrupt' $PY -- -c 'import time; print("ready", flush=True)
time.sleep(100)'
    err 'signal SIGINT'
    # The loop is not the first statement of its "try": natively, too, 3.11 then skips the handler.
    prompt $'expect ready\nwait 0.3\nsend \\x03\nexpect caught\n' $PY -- -c 'print("ready", flush=True)
try:
    x = 0
    while True: x += 1
except KeyboardInterrupt:
    print("caught")'
    err 'exit 0'
    prompt $'expect ready\nwait 0.3\nsend \\x03\nexpect caught\n' $PY -- -c 'print("ready", flush=True)
try:
    input()
except KeyboardInterrupt:
    print("caught")'
    err 'exit 0'
}

test_ctrl_d_ends_input() {
    built
    prompt $'expect ready\nsend abc\\n\\x04\nexpect [\'abc' $PY -- -c 'import sys; print("ready", flush=True); print(sys.stdin.readlines())'
    status 0
    err 'exit 0'
}

test_a_kill_of_the_tool_kills_the_guest() {
    built
    WL_MAKE_ROOT=$ROOT "$PYTHON" "$E2E/help.py" ended "$T/how" "$WL_MAKE" run --cache-dir "$CACHE" --output "$OUT" $PY -- \
        -c 'print("ready", flush=True)
while True: pass' >first.out 2>first.err &
    wait_for 60 grep -q ready first.out
    kill -TERM "$(cat how.pid)"
    wait_for 10 test -s how
    is "$(cat how)" 'signal SIGTERM'
    gone "$(cat how.pid)"
}

# The lines of examples/embed/README.md, for this version.
test_example_embed() {
    built
    real build toolchain/wasi-libc toolchain/wl-run
    status 0
    ln -s "$OUT" build-output
    ln -s "$WL_SOURCE_ROOT/examples" examples
    sed -n 's/^    //p' "$WL_SOURCE_ROOT/examples/embed/README.md" | sed '$d' |
        sed "s,/wl-run --dir,/wl-run --quick --dir,; s/v3\.13\.5/v$VERSION/g; s/python-3\.13/python-$SERIES/g" >lines
    grep -c . lines | grep -qx 3 || fail "the README has other lines: $(cat lines)"
    # The last line compiles the module, which takes time on a busy machine.
    SECONDS_EACH=600 run bash -eu lines
    status 0
    is "$(cat .out)" "$(sed -n 's/^    \([0-9.]*\)$/\1/p' "$WL_SOURCE_ROOT/examples/embed/README.md")"
    run build-output/toolchain/wl-run/bin/wl-run --quick --dir "$PYTHON_DIR/usr/local::/usr/local" embed.wasm '1 / x' x=0
    status 1
    err ZeroDivisionError 'cannot evaluate the expression'
}

# CPython's own tests of ctypes that need only the standard library; the others skip themselves.
test_ctypes_passes_the_tests_of_cpython() {
    built
    local source
    source=$(find "$CACHE/sources" -name "Python-$VERSION.tar.*" -o -name "python${SERIES}_$VERSION.orig.*" | head -n 1)
    [ -n "$source" ] || skip "the source of $VERSION is not in the cache"
    mkdir unpacked
    tar -xf "$source" -C unpacked --strip-components=2 --wildcards '*/Lib/test/__init__.py' '*/Lib/test/support/*' \
        "*/Lib/$([ "$SERIES" = 3.11 ] && echo ctypes/test || echo test/test_ctypes)/*"
    cat >unpacked/main.py <<'EOF'
import sys
sys.path.insert(0, "/tests")
import ctypes, unittest
ctypes.__path__.append("/tests/ctypes")  # where 3.11 has them
class Without:  # a module in C for these tests; newer ones skip themselves without it
    def find_spec(self, name, path=None, target=None):
        if name == "_ctypes_test":
            raise unittest.SkipTest("it is not built")
sys.meta_path.insert(0, Without())
package = "ctypes.test" if sys.version_info < (3, 12) else "test.test_ctypes"
found = unittest.defaultTestLoader.discover("/tests/" + package.replace(".", "/"), top_level_dir="/tests")
done = unittest.TextTestRunner().run(found)
print(done.testsRun, len(done.skipped))
sys.exit(not done.wasSuccessful())
EOF
    RUN_OPTIONS=(--dir "$T/unpacked::/tests::ro")
    py /tests/main.py
    status 0
    local all skipped
    read -r all skipped < <(tail -n 1 .out)
    [ "$((all - skipped))" -ge 150 ] || fail "only $((all - skipped)) of $all tests ran"
}

test_its_own_tests() {
    real test --own $PY
    status 0
    out ' passed, 0 failed'
}

# No step is run, nothing is written to the result or its logs, and no unrequested output is printed.
test_nothing_to_do_is_quiet_and_does_nothing() {
    local cache=${WL_CHECK_CACHE:-$REAL_HOME/.cache/wl-make} written
    built
    touch stamp
    real build -v $PY
    status 0
    out "$PY: nothing to do"
    [ ! -s .err ] || fail 'output on stderr'
    py -c pass
    [ ! -s .err ] && [ ! -s .out ] || fail 'output of the tool while running'
    written=$(find "$OUT" "$cache/logs/$PY" -newer stamp)
    [ -z "$written" ] || fail "written though there was nothing to do: $written"
}

# Two builds from nothing give the same bytes. That takes half an hour, so it runs only on request.
test_the_same_bytes_when_built_again() {
    [ -n "${WL_CHECK_LONG-}" ] || skip 'only with WL_CHECK_LONG'
    built
    cp -R "$PYTHON_DIR" "$T/first"
    real clean $PY
    built
    diff -r "$T/first" "$PYTHON_DIR" || fail 'other bytes'
}

# `ssl: false` leaves OpenSSL out: everything else still works, hashlib uses Python's own code, and the table of modules
# says so. That takes ten minutes, so it runs only on request.
test_without_ssl() {
    [ -n "${WL_CHECK_LONG-}" ] || skip 'only with WL_CHECK_LONG'
    built
    local small=$T/more/small/python with
    with=$(stat -c %s "$PYTHON_DIR/bin/python.wasm")
    mkdir -p "$small"
    printf 'from: %s\nssl: false\n' "$PY" >"$small/recipe.yaml"
    real build --ports "$T/more" small/python
    status 0
    not_there "$OUT/small/python/usr/local/ssl" "$OUT/small/python/lib/libssl.a" "$OUT/small/python/include/openssl"
    # According to the documentation, it is three megabytes smaller.
    [ "$(stat -c %s "$OUT/small/python/bin/python.wasm")" -lt $((with - 2000000)) ] || fail 'not much smaller'
    real info --ports "$T/more" --modules small/python
    status 0
    grep -qE '^ssl +no +this Python was built without OpenSSL' .out || fail 'ssl is listed as existing'
    grep -qE '^_hashlib +no +this Python was built without OpenSSL' .out || fail '_hashlib is listed as existing'
    grep -qE '^hashlib +yes' .out || fail 'hashlib is listed as missing'
    real run --ports "$T/more" small/python -- -c 'import hashlib, sqlite3
print(hashlib.sha3_256(b"").hexdigest()[:8], hashlib.blake2b(b"").hexdigest()[:8])
import ssl'
    status 1
    out 'a7ffc6f8 786a02f7'
    err "No module named 'ssl'"
    real test --ports "$T/more" small/python
    status 0
}

# 3.11.1 shares everything except its source. If upstream cannot be reached, the source is made from 3.11.2's: its
# patches apply to files that did not change in between, and the test is about --source.
test_python_3_11_1_from_a_given_source() {
    [ "$VERSION" = 3.11.2 ] || skip 'for 3.11.2'
    [ -n "${WL_CHECK_LONG-}${WL_PYTHON_3_11_1-}" ] || skip 'only with WL_CHECK_LONG or WL_PYTHON_3_11_1 (its archive)'
    local source=${WL_PYTHON_3_11_1-}
    if [ -z "$source" ]; then
        real fetch $PY
        source=$(find "$CACHE/sources" -name 'Python-3.11.2*' -o -name 'python3.11_3.11.2*' | head -n 1)
    fi
    there "$source"
    real build --source "$source" python/v3.11.1
    status 0
    PY=python/v3.11.1
    RUN_OPTIONS=()
    real run --source "$source" $PY -- -c "$CODE_PATH"
    status 0
    is "$(cat .out)" "$PATH_NORMAL" 'sys.path'
}

# `patches_apply_to VERSION`: applies the version's patches to its source; nothing is built.
patches_apply_to() {
    port "patched/v$1" <<END
from: python/v$1
needs: []
build-needs: []
steps: [{name: none, run: "true"}]
contains: []
check-needs: []
checks: []
test-needs: []
tests: []
END
    real_tool build --ports "$PORTS" --output "$OUT" "patched/v$1"
    [ "$st" != 4 ] || [ "$1" = "$VERSION" ] || skip "no address here has the source of $1"
    [ "$st" != 4 ] || not_available "the source of $1"
    status 0
}

# One test for each release, so that a release whose source is not available does not count as passed.
if [ "$VERSION" = 3.11.2 ]; then
    for recipe in "$WL_SOURCE_ROOT"/ports/python/v*/recipe.yaml; do
        release=${recipe%/recipe.yaml}
        release=${release##*/v}
        eval "test_patches_apply_to_${release//./_}() { patches_apply_to $release; }"
        more_tests+=("test_patches_apply_to_${release//./_}")
    done
fi

test_plans_of_both_versions() {
    [ "$VERSION" = 3.11.2 ] || skip 'for 3.11.2'
    WL_MAKE_ROOT=$WL_SOURCE_ROOT run "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --dry-run python/v3.11.1
    status 0
    out '  python/v3.11.1 3.11.1' '  build-python/v3.11.1 3.11.1' '  libs/zlib' '  libs/libuuid' Python-3.11.1
    cp .out one
    WL_MAKE_ROOT=$WL_SOURCE_ROOT run "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --dry-run python/3.11.2
    status 0
    # Everything except versions and sources is shared.
    diff <(sed 's/3\.11\.1/V/g; /fetch/d' one) <(sed 's/3\.11\.2/V/g; /fetch/d' .out) || fail 'the plans differ'
}

main "$@"
