#!/bin/bash
# wl-make dist: the files that people download, and running them in programs that embed other engines.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3000}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.11.2}
FILES=("python-${PY#*/v}.wasm" "python-${PY#*/v}-snapshot.wasm")
HOSTS=$WL_SOURCE_ROOT/tests/dist

# Every test needs the files; only the first one waits for a build.
files() {
    real dist -q "$PY" -o files
    status 0
}

test_files_and_hashes() {
    files
    [ "$(cd files && echo *)" = "${FILES[1]} ${FILES[1]}.sha256 ${FILES[0]} ${FILES[0]}.sha256" ] || fail "$(ls files)"
    (cd files && sha256sum --check --strict --quiet ./*.sha256) || fail 'the hashes are wrong'
    real dist "$PY" -o files
    status 0
    out "files/${FILES[0]} (" "files/${FILES[1]} ("
}

test_what_is_not_a_Python() {
    real dist libs/zlib -o files
    clean_failure 2
    err 'libs/zlib is not a Python'
    [ ! -e files ] || fail 'it made the directory'
    real dist "$PY" -o /proc/none
    clean_failure 7
    err /proc/none
}

# The Python package, with epochs, fuel and a limit of memory.
test_wasmtime_for_Python() {
    [ -z "${WL_CHECK_OFFLINE-}" ] && "$PYTHON" -m pip --version >/dev/null 2>&1 || skip 'without pip and the network'
    HOME=$REAL_HOME "$PYTHON" -m pip install -q --disable-pip-version-check --only-binary=:all: --target packages wasmtime==50.0.1 \
        >.log 2>&1 || not_available "$(tail -n 1 .log)"
    files
    SECONDS_EACH=600 PYTHONPATH=$T/packages run "$PYTHON" "$HOSTS/host.py" "${FILES[@]/#/files/}"
    status 0
    out "${FILES[0]}: " "${FILES[1]}: "
}

test_the_crate_wasmtime() {
    [ -z "${WL_CHECK_OFFLINE-}" ] && command -v cargo >/dev/null || skip 'without cargo and the network'
    files
    cp -R "$HOSTS/crate" .
    (cd crate && HOME=$REAL_HOME cargo build -q --release) >.log 2>&1 || not_available "$(tail -n 3 .log)"
    SECONDS_EACH=600 run crate/target/release/host "${FILES[@]/#/files/}"
    status 0
    out "${FILES[0]}: " "${FILES[1]}: "
}

test_wazero() {
    [ -z "${WL_CHECK_OFFLINE-}" ] && command -v go >/dev/null || skip 'without Go and the network'
    files
    cp -R "$HOSTS/wazero" .
    (cd wazero && HOME=$REAL_HOME GOFLAGS=-mod=readonly go build -o ../host .) >.log 2>&1 || not_available "$(tail -n 3 .log)"
    SECONDS_EACH=600 run ./host "${FILES[@]/#/files/}"
    status 0
    out "${FILES[0]}: " "${FILES[1]}: "
}

main "$@"
