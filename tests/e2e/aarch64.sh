#!/bin/bash
# Programs, libraries and the host for Linux on aarch64, compiled on this machine and run by qemu's emulator of that
# processor: hostile modules as in aot.sh, and the host's own tests.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-3000}
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/e2e/lib-native.sh
. "$(dirname -- "$0")/lib-native.sh"
export EACH_ALONE=1500

# Sets what wabt() does, for that machine, SYSROOT to its C library, and QEMU to the words that run a program for it.
aarch64() {
    command -v qemu-aarch64-static >qemu || skip 'there is no qemu-aarch64-static'
    command -v clang-22 >clang || skip "there is no clang-22"
    [ "$(uname -m)" = x86_64 ] || skip 'this machine is not x86-64'
    real build toolchain/aot toolchain/aot-host-aarch64 toolchain/wabt toolchain/musl-aarch64 toolchain/sysroot-aarch64
    status 0
    WABT=$OUT/toolchain/wabt
    MUSL=$OUT/toolchain/musl-aarch64
    OBJECTS=$OUT/toolchain/aot-host-aarch64/lib
    SYSROOT=$OUT/toolchain/sysroot-aarch64
    AOT="$OUT/toolchain/aot/bin/aot --target aarch64-linux --sysroot $SYSROOT --wabt $WABT --cc clang-22 --profdata llvm-profdata-22"
    QEMU=(qemu-aarch64-static -L "$SYSROOT")
}

# `embedder NAME`: compiles NAME.c, a program that uses libwlpy, for that machine.
embedder() {
    real build toolchain/wlpy-aarch64
    status 0
    local wlpy=$OUT/toolchain/wlpy-aarch64
    clang-22 --target=aarch64-linux-gnu --sysroot="$SYSROOT" -fuse-ld=lld -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -I"$wlpy/include" \
        "$E2E/$1.c" -o "$1" -L"$wlpy/lib" -lwlpy-native "-Wl,-rpath,$wlpy/lib" -lpthread || fail "$1.c was not compiled"
}

test_the_command() {
    aarch64
    "$WABT/bin/wat2wasm" - -o hello.wasm <<'WAT' || fail 'no wat'
(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 3)
  (data (i32.const 0) "\20\00\00\00\06\00\00\00") (data (i32.const 32) "hello\n")
  (func (export "_start")
    (i32.store8 (i32.const 36) (i32.const 33))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))
WAT
    real_tool aot --target aarch64-linux hello.wasm
    status 0
    readelf -hlW hello >facts
    grep -q 'Machine: *AArch64' facts || fail 'it is for another machine'
    ! grep 'program interpreter' facts || fail 'it needs a C library'
    run "${QEMU[@]}" ./hello
    status 0
    is "$(cat .out)" 'hell!'
    # It is another program than this machine's.
    real_tool aot --target x86_64-linux hello.wasm -o own
    status 0
    run ./own
    is "$(cat .out)" 'hell!'
    real_tool aot --target aarch64-linux --target-cpu neoverse-n1 hello.wasm -o tuned
    status 0
    run "${QEMU[@]}" ./tuned
    is "$(cat .out)" 'hell!'
    real_tool aot --target aarch64-linux --library hello.wasm
    status 0
    readelf -hW hello.so | grep -q 'Machine: *AArch64' || fail 'the library is for another machine'
    is "$(readelf -dW hello.so | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(libc|libm|ld-linux-aarch64)\.so\.[0-9]$')" ''
    real_tool aot --target aarch64-linux --target-cpu native hello.wasm
    clean_failure 2
    err '--target-cpu native'
    real_tool aot --target aarch64-linux --target-cpu abacus hello.wasm
    clean_failure 1
    real_tool aot --target abacus hello.wasm
    clean_failure 2
    err 'x86_64-linux or aarch64-linux'
}

# (The library runs all cases in one process, one guest after the other in the same memory.)
test_everything_that_a_hostile_module_does() {
    aarch64
    local n
    python3 "$E2E/hostile.py" "$HOST/abi/wasi_calls.h" hostile.txt cases || fail 'no module was made'
    library hostile <hostile.txt
    mkdir box
    echo text >box/file
    n=$(grep -c . cases)
    [ "$n" -gt 600 ] || fail "only $n cases"
    embedder guest-cases
    SECONDS_EACH=1000 run "${QEMU[@]}" ./guest-cases hostile/guest.so box "$n"
    status 0
    mv .out library.out
    ends_as_it_has_to library
    native hostile program
    each_alone native "${QEMU[@]}" ./hostile/program --dir box::/ --max-wasm-stack 1M --argv0 hostile --
    ls box >left
    is "$(cat left)" file
}

main "$@"
