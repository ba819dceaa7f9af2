#!/bin/bash
# Packages of PyPI in real apps, and in a mapped directory: they work as they do natively (packages/main.py). Needs the
# index. Each of them failed once, because the Python lacked something or the wrong version of a package was chosen.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.13.5}
PACKAGES=$WL_SOURCE_ROOT/tests/e2e/packages

app() {
    [ -z "${WL_CHECK_OFFLINE-}" ] && "$PYTHON" -m pip --version >/dev/null 2>&1 || skip 'without pip and the network'
    real_tool app --python "$PY" "$@"
    ! grep -qE 'the package index did not answer|there is no package named|forbids the network' .err || not_available "$(cat .err)"
}

# What each program of packages/main.py prints: `NAME ARGUMENT...|TEXT`.
programs='imports platformdirs virtualenv pylint.lint jupyter_core.command textual.app pint kafka dns.resolver plumbum s3fs|"10 imported"
django|"BOB,ANN,&lt;b&gt;"
workbooks|[42, 43]
upload|{"name": "large.bin", "size": 900000}
database|[42, "41"]
models|[{"number": 7, "names": ["a"]}, "type_error.integer"]
graph|[[0, 1, 2, 3, 4], "3"]
shell|9
format|"x = {\"a\": 1}\n"'

# `each_program COMMAND...`: runs all of them.
each_program() {
    local words text failed=
    while IFS='|' read -r words text; do
        st=0
        # shellcheck disable=SC2086 # words
        timeout 300 "$@" $words <"/dev/null" >.out 2>.err || st=$?
        [ "$st" = 0 ] && [ "$(cat .out)" = "$text" ] && continue
        printf '%s: status %s\n' "$words" "$st"
        tail -c 1500 .out .err
        failed="$failed ${words%% *}"
    done <<<"$programs"
    [ -z "$failed" ] || fail "programs that failed:$failed"
}

build_the_app() {
    cp "$PACKAGES/requirements.txt" .
    # s3fs needs aiohttp, which works without its compiled modules.
    app "$PACKAGES/main.py" -r requirements.txt --without-native aiohttp -o all.wasm
    status 0
}

test_packages_in_an_app() {
    build_the_app
    real build -q toolchain/wl-run
    status 0
    each_program "$OUT/toolchain/wl-run/bin/wl-run" --quick --cache-dir compiled all.wasm
}

test_packages_in_a_native_app() {
    build_the_app
    real_tool aot -q all.wasm -o all
    status 0
    each_program ./all --
}

# A package from a mapped directory. SQLAlchemy 2.1 ended every program that imported it.
test_a_package_in_a_mapped_directory() {
    local engine
    HOME=$REAL_HOME run "$PYTHON" -m pip install -q --disable-pip-version-check --target packages --only-binary=:all: --platform=any \
        --implementation=py --abi=none --python-version=3.13 'sqlalchemy>=2.1'
    [ "$st" = 0 ] || not_available "$(tail -n 1 .err)"
    for engine in wasmtime native; do
        real run -q "$PY" --engine "$engine" --dir "$PWD/packages::/packages" --env PYTHONPATH=/packages -- -c '
import sqlalchemy as s
print(s.__version__ >= "2.1", s.create_engine("sqlite://").connect().execute(s.text("select 42")).scalar())'
        status 0
        is "$(cat .out)" 'True 42'
        is "$(cat .err)" ''
    done
}

# Packages that require a newer Python than this machine's are packed for the Python of the app.
test_packages_for_a_newer_Python() {
    echo 'import django, networkx, IPython; print(django.VERSION[0], networkx.__version__, IPython.__version__)' >main.py
    printf '%s\n' django networkx ipython >r.txt
    app main.py -r r.txt
    status 0
    real build -q toolchain/wl-run
    "$OUT/toolchain/wl-run/bin/wl-run" --quick --cache-dir compiled main.wasm >versions 2>.err || fail "$(cat .err)"
    "$PYTHON" - $(cat versions) <<'END' || fail "$(cat versions)"
import sys
first = [int(version.split(".")[0]) for version in sys.argv[1:]]
sys.exit(not (first[0] >= 6 and first[1] >= 3 and first[2] >= 9))
END
}

main "$@"
