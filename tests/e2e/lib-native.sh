# Native programs and libraries from modules that a test writes. Scripts source this file after lib.sh.
# shellcheck shell=bash disable=SC2317
export HOST=$WL_SOURCE_ROOT/host/native

# Sets WABT and MUSL to the artifacts of their ports, and AOT to the program that makes native programs.
wabt() {
    command -v clang-22 >clang || skip "there is no clang-22"
    real build toolchain/aot toolchain/wabt toolchain/musl
    status 0
    WABT=$OUT/toolchain/wabt
    MUSL=$OUT/toolchain/musl
    AOT="$OUT/toolchain/aot/bin/aot --wabt $WABT --cc clang-22 --profdata llvm-profdata-22"
}

# `program NAME`: compiles the wat on stdin to NAME/program.
program() {
    module "$1"
    native "$1" program
}

# `library NAME`: the same, to NAME/guest.so.
library() {
    module "$1"
    native "$1" guest.so
}

module() {
    cat >"$1.wat"
    "$WABT/bin/wat2wasm" "$1.wat" -o "$1.wasm" || fail "$1.wat is not valid wat"
}

# `native NAME program|guest.so [OPTION...]`: compiles NAME.wasm to NAME/program or NAME/guest.so, with more options of aot. The
# host is compiled once per test.
native() {
    local name=$1 what=$2 kind=--musl=$MUSL
    shift 2
    [ "$what" = program ] || kind=--library
    mkdir -p "$name"
    # shellcheck disable=SC2086 # words
    (cd "$name" && $AOT "$kind" --parts 1 --opt -O1 --no-lto --profile none --host-objects "../host-$what" "$@" "../$name.wasm" "$name") \
        >"$name.log" 2>&1 || fail "$name was not built: $(tail -n 5 "$name.log")"
}
