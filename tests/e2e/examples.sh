#!/bin/bash
# The examples in other languages: the lines of examples/languages/README.md, for this version.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3000}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.11.2}
README=$WL_SOURCE_ROOT/examples/languages/README.md

# `example NAME`: compiles the one whose row begins so, and runs it.
example() {
    real build -q toolchain/wlpy
    status 0
    real build -q "$PY" --flavour snapshot
    status 0
    ln -s "$OUT" build-output
    ln -s "$WL_SOURCE_ROOT/examples" examples
    {
        sed -n 's/^    export /export /p' "$README"
        sed -n "s/^| $1.*| \`\(.*\)\` |\$/\1 || exit 9/p" "$README"
        sed -n "s,^    ./notebook build-output/python/v3.13.5,./notebook build-output/$PY,p" "$README"
    } >lines
    is "$(grep -c . lines)" 3
    # (Compilers keep what they have compiled before in the home directory.)
    HOME=$REAL_HOME SECONDS_EACH=600 run bash -eu lines
    status 0
    is "$(cat .out)" "$(sed -n '/^prints/,/^The session/s/^    //p' "$README")"
    PKG_CONFIG_PATH='' LD_LIBRARY_PATH=$OUT/toolchain/wlpy/lib run ./notebook "$PWD/none.wasm" 1
    status 1
    err 'none.wasm' 'No such file'
}

test_cpp() {
    example 'C++'
}

test_go() {
    command -v go >/dev/null || skip 'there is no go (golang-go)'
    example Go
}

test_rust() {
    command -v rustc >/dev/null || skip 'there is no rustc'
    example Rust
}

test_node() {
    [ -e /usr/include/node/node_api.h ] && command -v node >/dev/null || skip 'there are no headers of Node (libnode-dev)'
    example Node
}

main "$@"
