#!/bin/bash
# The scripts in runtimes/, with fake runtimes that print how they were called.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
. "$(dirname -- "$0")/lib.sh"

NAMES=(wasmtime node deno bun wazero wasmer wasmedge iwasm)

# A fake program for each name.
fakes() {
    local name
    mkdir -p bin host
    for name in "${NAMES[@]}" wasmi; do
        printf '#!/bin/sh\nprintf "<%%s>" %s "$@"\n' "$name" >"bin/$name"
    done
    chmod +x bin/*
    PATH=$T/bin:$PATH
}

test_a_runtime_gets_directories_variables_and_arguments() {
    local name
    fakes
    for name in "${NAMES[@]}"; do
        run "$WL_SOURCE_ROOT/runtimes/$name" --dir "host::/guest" --env='A=b c' m.wasm -- -c 'a  b' ''
        status 0
        out "<$name>" host /guest 'A=b c' '<m.wasm>' '<-c><a  b><>'
    done
}

test_the_shown_command_is_the_started_one() {
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

# wasmi shows directories under their names on the host.
test_wasmi_is_started_where_links_have_the_guests_names() {
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

test_a_missing_runtime() {
    PATH=/usr/bin:/bin WL_RUNTIME=no-such-program run "$WL_SOURCE_ROOT/runtimes/wasmtime" m.wasm
    status 125
    err 'wasmtime is not installed'
}

test_wrong_arguments() {
    fakes
    run "$WL_SOURCE_ROOT/runtimes/wasmtime" --dir nowhere m.wasm
    status 125
    err 'HOST::GUEST'
    run "$WL_SOURCE_ROOT/runtimes/wasmtime" --what m.wasm
    status 125
    run "$WL_SOURCE_ROOT/runtimes/wasmtime"
    status 125
    err 'no module is given'
}

main "$@"
