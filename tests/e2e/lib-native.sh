# Native programs and libraries from modules that a test writes. Scripts source this file after lib.sh.
# shellcheck shell=bash disable=SC2317
export HOST=$WL_SOURCE_ROOT/host/native

# Sets WABT and MUSL to the artifacts of their ports.
wabt() {
    command -v clang-22 >clang || skip "there is no clang-22"
    real build toolchain/wabt toolchain/musl
    status 0
    WABT=$OUT/toolchain/wabt
    MUSL=$OUT/toolchain/musl
}

# `program NAME [CFLAGS]`: compiles the wat on stdin to NAME/program.
program() {
    module "$1"
    native "$1" program "${2-}"
}

# `library NAME`: the same, to NAME/guest.so.
library() {
    module "$1"
    native "$1" guest.so
}

module() {
    cat >"$1.wat"
    "$WABT/bin/wat2wasm" "$1.wat" -o "$1.wasm" || fail "$1.wat is no wat"
}

# `native NAME program|guest.so [CFLAGS]`: compiles NAME.wasm to NAME/program or NAME/guest.so. The host is compiled
# once per test.
native() {
    mkdir -p "$1" "host-$2"
    rm -f "$1"/*.o
    cp "host-$2"/*.o "$1" 2>/dev/null
    (cd "$1" && CC=clang-22 sh "$HOST/make/aot.sh" "$WABT" "../$1.wasm" "$1" 1 "$2" -s MUSL="$MUSL" OPT=-O1 LTO= \
        CFLAGS="${3-}" ${3:+BASE=0}) >"$1.log" 2>&1 || fail "$1 was not built: $(tail -n 5 "$1.log")"
    cp "$1"/host_*.o "$1/wasm-rt-impl.o" "host-$2/"
}
