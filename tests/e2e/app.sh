#!/bin/bash
# wl-make app: programs with their packages and data as one module, and programs that cannot be packed.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.11.2}
APPS=$WL_SOURCE_ROOT/examples/apps

app() {
    real_tool app --python "$PY" "$@"
}

# If no packages can be downloaded, programs with requirements cannot be tested.
app_with_packages() {
    app "$@"
    ! grep -qE 'the package index did not answer|there is no package named|forbids the network' .err || not_available "$(cat .err)"
}

# `forget NAME`: removes the app of that name from the store.
forget() {
    local manifest
    grep -lF "\"name\": \"$1\"" "$CACHE"/artifacts/*/manifest.json >manifests || fail "there is no app $1 in the store"
    while read -r manifest; do
        chmod -R u+w "${manifest%/*}"
        rm -r "${manifest%/*}"
    done <manifests
}

# `start APP ARGUMENT...`: runs it in the runner, with $IN as its input.
start() {
    if [ -z "${RUN-}" ]; then
        real build toolchain/wl-run
        status 0
        RUN=$OUT/toolchain/wl-run/bin/wl-run
    fi
    st=0
    timeout 300 "$RUN" --quick --cache-dir compiled "${GIVEN[@]}" "$@" <"${IN:-/dev/null}" >.out 2>.err || st=$?
}
GIVEN=()

test_a_script() {
    cat >main.py <<'END'
import atexit, json, os, sys, time
import helper
from inside import deep
import_time = helper.made_at
atexit.register(print, "the end")
if __name__ == "__main__":
    print(json.dumps([sys.argv[1:], __name__, os.path.basename(__file__), helper.data(), deep.VALUE]))
    print(os.environ.get("MINE"), os.environ.get("PYTHONPATH"), sys.flags.ignore_environment, sys.path[0])
    print(time.time() - import_time > 0, sys.stdin.read().upper(), "helper" in sys.modules)
    open("/d/out", "w").write("written")
    raise SystemExit(int(sys.argv[1]))
END
    cat >helper.py <<'END'
import importlib.resources, time
made_at = time.time()
def data():
    return open("/usr/local/app/things/data.txt").read()
END
    mkdir inside d
    : >inside/__init__.py
    echo 'VALUE = "deep"' >inside/deep.py
    echo -n 'data of mine' >data.txt
    echo 'not looked for' >unused.py
    app main.py --import re --include-data data.txt:things/data.txt
    status 0
    out 'main.wasm ('
    echo -n input >input
    IN=input
    GIVEN=(--dir d::/d --env MINE=1 --env PYTHONPATH=/nowhere)
    start main.wasm 7 --help -c
    status 7
    is "$(cat .out)" '[["7", "--help", "-c"], "__main__", "main.py", "data of mine", "deep"]
1 /nowhere 1 /usr/local/app
True INPUT True
the end'
    is "$(cat .err)" ''
    is "$(cat d/out)" written

    # Changed and packed again. The same files give the same bytes.
    # ($$: unlike an earlier run of this test, whose apps are still in the store.)
    echo "print('changed') # $$" >main.py
    app main.py -o one.wasm
    status 0
    forget one.wasm
    app main.py -o two.wasm
    err 'start Python with the program'
    cmp one.wasm two.wasm || fail 'two builds differ'
    # Without a change it is taken from the store.
    app main.py -o three.wasm
    not_err 'start Python with the program'
    cmp one.wasm three.wasm || fail 'it is another from the store'
    GIVEN=()
    start one.wasm
    is "$(cat .out)" changed
    app main.py -o two.wasm --hash-seed random
    ! cmp -s one.wasm two.wasm || fail 'a seed of its own makes no difference'
}

# If a module saved a standard stream when it was imported, that is the stream that the program writes to.
test_streams_that_modules_keep() {
    cat >main.py <<'END'
import kept, sys
print("first")
kept.log.warning("second")
print("third", flush=True)
kept.binary.write(b"fourth\n")
print(sys.stdout is kept.out, sys.stderr is kept.err, sys.stdin is kept.into, sys.stdout.buffer is kept.binary)
print(kept.into.read().strip(), kept.out.name, kept.out.encoding, kept.out.mode, file=kept.out)
END
    cat >kept.py <<'END'
import logging, sys
logging.basicConfig(stream=sys.stdout, format="%(message)s")
log = logging.getLogger("kept")
out, err, into, binary = sys.stdout, sys.stderr, sys.stdin, sys.stdout.buffer
sys.stdout.write("said as it was made\n")
END
    app main.py
    status 0
    err 'said as it was made'
    echo given >input
    IN=input
    start main.wasm
    status 0
    is "$(cat .out)" 'first
second
third
fourth
True True True True
given <stdout> utf-8 w'
    is "$(cat .err)" ''
    # A stream that is closed at the start does not exist.
    st=0
    "$RUN" --quick --cache-dir compiled main.wasm <input >&- 2>.err || st=$?
    not_err Traceback
}

# A program ends as it would natively.
test_ends() {
    cat >ends.py <<'END'
import sys, os
import early
def inner():
    {}["x"]
class Last:
    def __del__(self):
        print("deleted")
last = Last()
how = sys.argv[1]
if how == "error":
    inner()
if how == "text":
    sys.exit("a message")
if how == "interrupt":
    raise KeyboardInterrupt
if how == "import":
    import unknown_module
if how == "hash":
    print(sys.flags.hash_randomization, hash("x"))
if how == "random":
    import random, uuid, secrets
    print(random.random(), uuid.uuid4(), secrets.token_hex())
if how == "ssl":
    import ssl
    print(ssl.RAND_bytes(8))
END
    # Imported before the snapshot, so that OpenSSL's generator already has a state.
    printf 'import ssl\nssl.RAND_bytes(8)\n' >early.py
    app ends.py
    status 0
    for how in error text interrupt import nothing; do
        native=0
        python3 ends.py $how >native.out 2>native.err || native=$?
        start ends.wasm $how
        [ $how != interrupt ] || native=130
        status $native
        cmp .out native.out || fail "$how: $(cat .out)"
    done
    start ends.wasm error
    err 'File "/usr/local/app/ends.py", line 11, in <module>' '    {}["x"]' "KeyError: 'x'"
    for how in random ssl; do
        start ends.wasm $how
        cp .out one
        start ends.wasm $how
        ! cmp -s .out one || fail "two starts have the same random numbers: $how"
    done
    start ends.wasm hash
    cp .out one
    start ends.wasm hash
    cmp .out one || fail 'the secret of hashes is not that of the snapshot'

    app ends.py --strip-source -o stripped.wasm
    status 0
    start stripped.wasm error
    status 1
    err "KeyError: 'x'" 'ends.py", line 11'
    not_err '{}["x"]'
    ! grep -q 'class Last' stripped.wasm || fail 'the source is inside'
}

test_a_module_and_a_directory() {
    mkdir -p place/tool place/.git
    echo 'from . import work; work.main()' >place/tool/__main__.py
    : >place/tool/__init__.py
    printf 'import sys\ndef main():\n    print("at work", sys.argv[1:], __package__)\n' >place/tool/work.py
    : >place/.git/HEAD
    app place -m tool -o tool.wasm
    status 0
    start tool.wasm -x
    is "$(cat .out)" "at work ['-x'] tool"
    app place
    clean_failure 1
    err 'place: there is no __main__.py'
    echo 'import os; print(sorted(os.listdir(os.path.dirname(__file__))))' >place/__main__.py
    app place/
    status 0
    start place.wasm
    is "$(cat .out)" "['__main__.py', '__pycache__', 'tool']"
}

# Those of the Python, of its libraries and of packages, as one text.
test_licenses() {
    echo 'import iniconfig; print(6 * 7)' >main.py
    echo 'iniconfig==2.3.0' >requirements.txt
    app_with_packages main.py -r requirements.txt --licenses licenses.txt
    status 0
    local text
    for text in '==== README ====' "==== $PY/LICENSE ====" 'PYTHON SOFTWARE FOUNDATION LICENSE' '==== libs/zlib/' '==== libs/openssl/' \
        '==== toolchain/wasi-libc/' '==== packages/iniconfig-2.3.0/' 'Holger Krekel'; do
        grep -qF -e "$text" licenses.txt || fail "$text is missing"
    done
    ! grep -qF "$WL_SOURCE_ROOT" licenses.txt || fail 'it names a directory of this machine'
    app main.py --licenses /
    status 2
    err 'cannot write the licenses /: it is a directory' '--licenses'
}

test_example_table() {
    cp -R "$APPS/table" .
    app_with_packages table/table.py -r table/requirements.txt -o table.wasm
    status 0
    there table/requirements.lock
    grep -qE '^click==[0-9.]+ --hash=sha256:[0-9a-f]{64} # wheel click-[^ ]*whl$' table/requirements.lock || fail "$(cat table/requirements.lock)"
    printf 'fruit,weight\nmelon,1200\napple,150\n' >input
    IN=input
    start table.wasm --sort weight --width 40
    status 0
    sed -n 's/[^a-z0-9]/ /gp' .out | awk 'NF { print $1, $2 }' | grep . >rows
    is "$(cat rows)" 'fruit weight
apple 150
melon 1200'
    start table.wasm --sort colour
    status 2
    err 'Usage: table.wasm' 'there is no column colour'

    # From now on the lock file is enough, even without a network, and a wheel that differs from it is refused.
    app table/table.py -r table/requirements.txt -o again.wasm --offline
    status 0
    cmp table.wasm again.wasm || fail 'two builds differ'
    sed -i 's/\(click.*sha256:\)....../\1000000/' table/requirements.lock
    app table/table.py -r table/requirements.txt -o again.wasm
    clean_failure 5
    err 'requirements.lock: a wheel does not match its pinned hash'
    app table/table.py -r table/requirements.txt -o again.wasm --update
    status 0

    echo 'Pygments' >>table/requirements.txt
    app -r table/requirements.txt --entry-point pygmentize
    status 0
    echo 'print(1)' >input
    start pygmentize.wasm -l python
    status 0
    out 'print'
    app -r table/requirements.txt --entry-point nonesuch
    clean_failure 1
    err 'no requirement has a console script of that name; they have' pygmentize
}

test_example_render() {
    cp -R "$APPS/render" .
    app_with_packages render -r render/requirements.txt
    status 0
    start render.wasm --name world 'an apple' 'a pear'
    status 0
    is "$(cat .out)" 'Dear World,

these are yours:
  1. an apple
  2. a pear'
    grep -q '^markupsafe==' render/requirements.lock || fail "$(cat render/requirements.lock)"
    ! grep -qaP '\x7fELF\x02\x01\x01' render.wasm || fail 'a module for another machine is inside'
    start render.wasm
    status 2
    err 'usage: render.wasm' '--name'
}

test_example_filter() {
    app "$APPS/filter/filter.py"
    status 0
    printf 'fruit,weight\napple,150\nmelon,1200\n' >input
    IN=input
    start filter.wasm --where 'weight > 200'
    is "$(cat .out)" '{"fruit": "melon", "weight": 1200}'
    start filter.wasm --where weight
    status 2
    err 'not of the form COLUMN OPERATOR VALUE'
}

test_what_cannot_be_packed() {
    app
    clean_failure 2
    err 'no program is named'
    app nothing.py
    clean_failure 2
    err 'cannot read the program nothing.py: No such file'
    echo 'print(1' >bad.py
    app bad.py
    clean_failure 1
    err 'bad.py'
    printf '\xff print(1)\n' >bad.py
    app bad.py
    clean_failure 1
    err "bad.py: (unicode error) 'utf-8' codec" 'nothing was written'
    printf 'print(1)\0\n' >bad.py
    app bad.py
    clean_failure 1
    err 'bad.py: source code' 'null bytes'
    mkfifo pipe.py
    app pipe.py
    clean_failure 2
    err 'pipe.py is neither a script nor a directory'
    ln -s loop.py loop.py
    app loop.py
    clean_failure 2
    err 'cannot read the program loop.py: Too many levels'
    mkdir -p closed/inner
    : >closed/__main__.py
    : >closed/imported.py
    echo 'import imported' >closed/imports.py
    chmod 0 closed/inner closed/__main__.py closed/imported.py
    # Not as root, who may read everything.
    for program in closed/__main__.py closed closed/imports.py; do
        if is_root; then
            ROOT=$WL_SOURCE_ROOT HOME=$REAL_HOME WL_MAKE_ROOT=$WL_SOURCE_ROOT SECONDS_EACH=300 run setpriv \
                --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search "$WL_MAKE" app \
                --cache-dir "${WL_CHECK_CACHE:-$REAL_HOME/.cache/wl-make}" ${WL_CHECK_OFFLINE:+--offline} --python "$PY" \
                "$program" -o closed.wasm
        else
            app "$program" -o closed.wasm
        fi
        clean_failure 1
        err 'closed/' 'Permission denied' 'nothing was written'
        not_there closed.wasm
    done
    chmod 755 closed/inner
    printf 'def fails():\n    return 1 / 0\nfails()\n' >raises.py
    echo 'import raises' >imports.py
    app imports.py
    clean_failure 1
    err 'Traceback' 'File "/usr/local/app/raises.py", line 2, in fails' 'ZeroDivisionError' 'imports.wasm could not be made'
    not_there imports.wasm
    printf 'import json\nimport module_that_is_not_there\n' >lacks.py
    echo old >lacks.wasm
    app lacks.py
    clean_failure 1
    err "ModuleNotFoundError: No module named 'module_that_is_not_there'" 'lacks.wasm could not be made'
    is "$(cat lacks.wasm)" old
    app lacks.py --no-imports
    status 0
    echo 'print(1)' >good.py
    app good.py --import json,no.such
    clean_failure 1
    err "No module named 'no'"
    not_there good.wasm
    app good.py other.py
    clean_failure 2
    app good.py --include-data nothing:x
    clean_failure 2
    err '--include-data nothing:x: No such file'
    app good.py --include-data bad.py:../x
    clean_failure 1
    err "not a place below the app's own directory"
    truncate -s 2G large
    app good.py --include-data large
    clean_failure 1
    err 'more than 1 GB of files'
    app good.py --hash-seed much
    clean_failure 2
    app good.py -r nothing.txt
    clean_failure 2
    err 'cannot open nothing.txt' 'a requirement on each line'
    for requirement in ./gone-1.0-py3-none-any.whl 'gone @ file:///no/such/gone-1.0-py3-none-any.whl' '-r gone.txt'; do
        # pip is run only if the network may be used.
        [ -z "${WL_CHECK_OFFLINE-}" ] && python3 -m pip --version >/dev/null 2>&1 || break
        echo "$requirement" >gone.in
        app good.py -r gone.in
        clean_failure 4
        err 'gone.in: No such file or directory: ' 'name files that exist'
    done
    not_there gone.lock good.wasm
    app good.py --entry-point x
    clean_failure 2
    app good.py -o nowhere/x.wasm
    clean_failure 2
    err 'cannot write the app nowhere/x.wasm: its directory nowhere: No such file' 'a directory that exists'
    not_err importing
    app good.py -o closed
    clean_failure 2
    err 'cannot write the app closed: it is a directory'
    app good.py --python libs/zlib
    clean_failure 2
    app good.py --python 3.99
    clean_failure 3
}

# `wheel NAME VERSION TAG [LINE...]`: makes up a wheel in the directory wheels, with more lines in its METADATA.
wheel() {
    mkdir -p wheels
    "$PYTHON" - "$@" <<'END'
import sys, zipfile
name, version, tag, *more = sys.argv[1:]
about = f"{name}-{version}.dist-info"
files = {f"{name}.py": f"VERSION = {version!r}\n",
         f"{about}/METADATA": "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *more, ""]),
         f"{about}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n"}
with zipfile.ZipFile(f"wheels/{name}-{version}-{tag}.whl", "w") as z:
    for file, text in files.items():
        z.writestr(file, text)
    z.writestr(f"{about}/RECORD", "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"]))
END
}

# `require FILE LINE...`: requirements that only that directory can satisfy.
require() {
    printf '%s\n' --no-index '--find-links wheels' "${@:2}" >"$1"
}

# pip is run only if the network may be used, even for directories.
with_pip() {
    [ -z "${WL_CHECK_OFFLINE-}" ] && python3 -m pip --version >/dev/null 2>&1 || skip 'without pip and the network'
    unset PIP_FIND_LINKS
}

test_old_versions() {
    with_pip
    wheel core 2.0 cp311-cp311-manylinux2014_x86_64
    wheel model 1.9 py3-none-any
    wheel model 2.1 py3-none-any 'Requires-Dist: core'
    wheel tool 1.4 py3-none-any
    wheel tool 1.10 py3-none-any 'Requires-Dist: model>=2'
    echo 'import model, tool; print(model.VERSION, tool.VERSION)' >main.py
    require r.txt model tool
    app main.py -r r.txt
    clean_failure 4
    err 'r.txt: the newest model is 2.1, but core has no pure-Python wheel (' 'the newest that can be packed is 1.9' \
        'add model<2 to the file'
    not_there r.lock main.wasm
    require r.txt 'model<2' tool
    app main.py -r r.txt
    status 0
    not_err taken
    start main.wasm
    is "$(cat .out)" '1.9 1.4'
    require r.txt tool
    echo 'import tool; print(tool.VERSION)' >main.py
    app main.py -r r.txt
    status 0
    err 'tool 1.4 is used instead of 1.10: core has no pure-Python wheel (tool -> model -> core)'
    grep -q '^# tool 1.4 is used instead of 1.10: ' r.lock || fail "$(cat r.lock)"
    start main.wasm
    is "$(cat .out)" 1.4
}

# The requirements of packages on Python and the system are compared with the app's, not with this machine's.
test_the_python_of_the_app() {
    with_pip
    local series=${PY#python/v}
    wheel newer 1.0 py3-none-any "Requires-Python: ==$series"
    wheel always 1.0 py3-none-any "Requires-Dist: inside; sys_platform == 'wasi' and python_full_version == '$series'" \
        "Requires-Dist: lost; sys_platform == 'linux' or platform_machine == 'x86_64'"
    wheel inside 1.0 py3-none-any
    cat >main.py <<'END'
import newer, always, inside, os, platform, sys
print(os.name, sys.platform, platform.machine(), platform.system(), platform.python_version(), platform.release(),
      platform.version(), sys.implementation.name, platform.python_implementation())
END
    require r.txt newer always "lost; platform_system == 'Linux'"
    app main.py -r r.txt
    status 0
    start main.wasm
    # These are the values that ask_pip.py gives to pip.
    is "$(cat .out)" "posix wasi wasm32 wasi $series 0.0.0 0.0.0 cpython CPython"
}

test_source_is_not_built() {
    with_pip
    mkdir project
    printf 'open("%s", "w")\n' "$T/trace" >project/setup.py
    tar -czf project-1.0.tar.gz project
    wheel asks 1.0 py3-none-any "Requires-Dist: project @ file://$T/project-1.0.tar.gz"
    echo 'print(1)' >main.py
    for line in 'git+https://nowhere.invalid/x' './project' "project @ file://$T/project" './project-1.0.tar.gz' \
        '-r more.txt' asks; do
        echo ./project >more.txt
        require r.txt "$line"
        app main.py -r r.txt
        clean_failure 4
        err 'is source' 'python3 -m pip wheel'
        not_there trace r.lock main.wasm
    done
}

test_requirements_that_cannot_be_fetched() {
    echo 'print(1)' >good.py
    echo 'click' >r.txt
    app_with_packages good.py -r r.txt
    status 0
    echo 'numpy' >native.txt
    app good.py -r native.txt
    clean_failure 4
    err 'native.txt: numpy has no pure-Python wheel' 'a Python from 3.12 on'
    # A package that, according to the user, works without its compiled part.
    echo 'regex' >said.txt
    app good.py -r said.txt
    clean_failure 4
    err 'said.txt: regex has no pure-Python wheel'
    app good.py -r said.txt --without-native other,Regex
    status 0
    grep -q '^regex==' said.lock || fail "$(cat said.lock)"
    echo 'click==99' >version.txt
    app good.py -r version.txt
    clean_failure 4
    err 'click==99 has no pure-Python wheel of the required version'
    printf 'rich==13.9.4\npygments==2.5.2\n' >conflict.txt
    app good.py -r conflict.txt
    clean_failure 4
    err 'conflict.txt: Cannot install' 'loosen one of these'
    echo 'surely-no-package-has-this-name' >unknown.txt
    app good.py -r unknown.txt
    clean_failure 4
    err 'there is no package named surely-no-package-has-this-name'
    echo '???' >broken.txt
    app good.py -r broken.txt
    clean_failure 4
    not_there native.lock broken.lock
}

main "$@"
