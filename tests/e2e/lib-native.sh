# Native programs, in executables and in files for libwlpy, from modules that a test writes. Scripts source this file after lib.sh.
# shellcheck shell=bash disable=SC2317
export HOST=$WL_SOURCE_ROOT/host

# Sets WABT and MUSL to the artifacts of their ports, AOT to the program that makes native programs, and OBJECTS to the host's.
wabt() {
    command -v clang-22 >clang || skip "there is no clang-22"
    real build toolchain/aot toolchain/aot-host toolchain/wabt toolchain/musl
    status 0
    WABT=$OUT/toolchain/wabt
    MUSL=$OUT/toolchain/musl
    OBJECTS=$OUT/toolchain/aot-host/lib
    AOT="$OUT/toolchain/aot/bin/aot --wabt $WABT --cc clang-22 --profdata llvm-profdata-22"
}

# Sets WLPY to the artifact of libwlpy.
wlpy() {
    real build toolchain/wlpy
    status 0
    export WLPY=$OUT/toolchain/wlpy
}

# `embedder NAME`: compiles NAME.c, a program that uses libwlpy.
embedder() {
    [ -n "${WLPY-}" ] || wlpy
    cc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -I"$WLPY/include" "$E2E/$1.c" -o "$1" -L"$WLPY/lib" -lwlpy-native \
        "-Wl,-rpath,$WLPY/lib" -lpthread || fail "$1.c was not compiled"
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

# `native NAME program|guest.so [OPTION...]`: compiles NAME.wasm to NAME/program or NAME/guest.so, with more options of aot.
native() {
    local name=$1 what=$2 kind=--musl=$MUSL host=$OBJECTS/program
    shift 2
    [ "$what" = program ] || kind=--library host=$OBJECTS/library
    rm -rf "$name/translation"
    mkdir -p "$name"
    # shellcheck disable=SC2086 # words
    (cd "$name" && $AOT "$kind" --parts 1 --opt -O1 --no-lto --profile none "$@" translate "../$name.wasm" "$name" &&
        $AOT "$kind" link translation "$host" "$name") >"$name.log" 2>&1 || fail "$name was not built: $(tail -n 5 "$name.log")"
}
