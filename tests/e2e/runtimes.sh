#!/bin/bash
# The scripts in runtimes/, with a runtime that says how it was called.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
. "$(dirname -- "$0")/lib.sh"

NAMES=(wasmtime node deno bun wazero wasmer wasmedge iwasm)

# A program of each name.
fakes() {
    local name
    mkdir -p bin host
    for name in "${NAMES[@]}" wasmi; do
        printf '#!/bin/sh\nprintf "<%%s>" %s "$@"\n' "$name" >"bin/$name"
    done
    chmod +x bin/*
    PATH=$T/bin:$PATH
}

test_a_runtime_gets_folders_variables_and_words() {
    local name
    fakes
    for name in "${NAMES[@]}"; do
        run "$WL_SOURCE_ROOT/runtimes/$name" --dir "host::/guest" --env='A=b c' m.wasm -- -c 'a  b' ''
        status 0
        out "<$name>" host /guest 'A=b c' '<m.wasm>' '<-c><a  b><>'
    done
}

test_what_is_shown_is_what_is_started() {
    local name words
    fakes
    for name in "${NAMES[@]}"; do
        words=(--dir "host::/it's" --env "A=b c" m.wasm -c "print('a b')")
        run "$WL_SOURCE_ROOT/runtimes/$name" "${words[@]}"
        mv .out started
        run "$WL_SOURCE_ROOT/runtimes/$name" --show "${words[@]}"
        run bash -c "$(cat .out)"
        status 0
        cmp .out started || fail "$name"
    done
}

# Its folders have the host's names.
test_wasmi_is_started_where_the_names_are_the_guests() {
    fakes
    printf '#!/bin/sh\ncat usr/local/file; printf "<%%s>" "$@"\n' >bin/wasmi
    touch m.wasm
    echo content >host/file
    run "$WL_SOURCE_ROOT/runtimes/wasmi" --dir host::/usr/local m.wasm a
    status 0
    out content '<--dir><usr/local>' '/m.wasm><a>'
    run "$WL_SOURCE_ROOT/runtimes/wasmi" --dir host::/ --dir host::/a m.wasm
    status 125
}

test_a_runtime_that_is_missing() {
    PATH=/usr/bin:/bin WL_RUNTIME=no-such-program run "$WL_SOURCE_ROOT/runtimes/wasmtime" m.wasm
    status 125
    err 'wasmtime is not installed'
}

test_words_that_make_no_sense() {
    fakes
    run "$WL_SOURCE_ROOT/runtimes/wasmtime" --dir nowhere m.wasm
    status 125
    err 'HOST::GUEST'
    run "$WL_SOURCE_ROOT/runtimes/wasmtime" --what m.wasm
    status 125
    run "$WL_SOURCE_ROOT/runtimes/wasmtime"
    status 125
    err 'which module'
}

main "$@"
