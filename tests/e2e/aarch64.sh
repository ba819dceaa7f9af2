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
    export QEMU_LD_PREFIX=$SYSROOT
}

# `embedder NAME`: compiles NAME.c, a program that uses libwlpy, for that machine.
embedder() {
    real build toolchain/wlpy-aarch64
    status 0
    local wlpy=$OUT/toolchain/wlpy-aarch64
    hardened "$wlpy/lib/libwlpy.so"
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
    # (Its C library, musl, checks no copies.)
    hardened --but fortify hello
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
    # (As in hardening.sh.)
    hardened --but ssp hello.so
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

# This processor could multiply and add without rounding between: (1 + 2^-30)^2 - (1 + 2^-29) is 0 with it, and 2^-60 without.
test_each_operation_rounds() {
    aarch64
    program rounding <<'WAT'
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $x f64)
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (local.set $x (f64.add (f64.const 1) (f64.mul (f64.convert_i32_u (i32.load (i32.const 0))) (f64.const 0x1p-30))))
    (call $exit (f64.ne (f64.const 0)
      (f64.add (f64.mul (local.get $x) (local.get $x)) (f64.const -0x1.00000008p+0))))))
WAT
    run "${QEMU[@]}" ./rounding/program
    status 0
    run "${QEMU[@]}" ./rounding/program another
    status 1
}

# (The library runs all cases in one process, one guest after the other in the same memory.)
test_everything_that_a_hostile_module_does() {
    aarch64
    hostile_library
    embedder guest-cases
    SECONDS_EACH=1000 run "${QEMU[@]}" ./guest-cases hostile/guest.so box "$CASES"
    status 0
    mv .out library.out
    ends_as_it_has_to library
    native hostile program
    each_alone native "${QEMU[@]}" ./hostile/program --dir box::/ --max-wasm-stack 1M --argv0 hostile --
    ls box >left
    is "$(cat left)" file
}

# The beginning of a 64-bit ELF file for that machine, which of its bits count, and what starts such a file (the kernel's
# Documentation/admin-guide/binfmt-misc.rst).
FORMAT=':aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
FORMAT+=':\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
FORMAT+=":$(command -v qemu-aarch64-static):PF"

# The words before a command that runs it in namespaces in which the kernel starts programs for that machine by the emulator,
# also those that another one starts.
EMULATED=(unshare -rm sh -c 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && printf %s "$1" >/proc/sys/fs/binfmt_misc/register &&
    shift && exec "$@"' sh "$FORMAT")

# cmocka for that machine, as Debian has it.
cmocka() {
    mkdir -p more/test/cmocka
    cat >more/test/cmocka/recipe.yaml <<'END'
summary: cmocka for aarch64
license: Apache-2.0
license-files: [usr/share/doc/libcmocka0/copyright]
version: 1.1.5
date: 2019-03-21
toolchain: none
sources:
  - url: debian:pool/main/c/cmocka/libcmocka-dev_1.1.5-2.1_arm64.deb
    sha256: 8813efcd79b2f7c6d41b4f8dd1441d01993524f5669a0bac3325600a6366d481
    strip: 0
  - url: debian:pool/main/c/cmocka/libcmocka0_1.1.5-2.1_arm64.deb
    sha256: cddc0e4875e4232807603576f9aadbe6452d719796543f81d1b0bad419b2101f
    strip: 0
steps:
  - name: install
    run: |
      mkdir -p "$STAGE/lib"
      cp -R "$SRC/usr/include" "$STAGE/"
      cp -R "$SRC"/usr/lib/aarch64-linux-gnu/libcmocka.so* "$STAGE/lib/"
END
    real build --ports more test/cmocka
    status 0
    mkdir pkgconfig
    cat >pkgconfig/cmocka.pc <<END
Name: cmocka
Description: cmocka
Version: 1.1.5
Libs: -L$OUT/test/cmocka/lib -lcmocka -Wl,-rpath,$OUT/test/cmocka/lib
Cflags: -I$OUT/test/cmocka/include
END
}

# The host with wasmtime's library for that machine, and libwlpy with native programs: host/tests, with both engines.
test_the_hosts_own_tests() {
    aarch64
    "${EMULATED[@]}" true || skip 'this kernel has no binfmt_misc for namespaces (Linux 6.7 has)'
    real build toolchain/wasmtime-aarch64
    status 0
    cmocka
    "$HOST/tests/guests.sh" "$WABT" "$OUT/toolchain/aot" "$OUT/toolchain/aot-host-aarch64" "$PWD/guests" --target aarch64-linux \
        --sysroot "$SYSROOT" >log 2>&1 || fail "the guests were not made: $(tail -n 5 log)"
    cat >cross <<END
[binaries]
c = ['clang-22', '--target=aarch64-linux-gnu', '--sysroot=$SYSROOT']
c_ld = 'lld'
ar = 'llvm-ar-22'
pkgconfig = 'pkg-config'
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
[properties]
needs_exe_wrapper = false
pkg_config_libdir = '$PWD/pkgconfig'
END
    "${EMULATED[@]}" meson setup --cross-file cross -Dwasmtime="$OUT/toolchain/wasmtime-aarch64" -Dguests="$PWD/guests" -Dtests=enabled \
        -Doptimization=1 -Ddebug=false host "$HOST" >log 2>&1 && meson compile -C host >>log 2>&1 ||
        fail "the host was not built: $(tail -n 5 log)"
    SECONDS_EACH=2700 run "${EMULATED[@]}" meson test -C host --no-rebuild --timeout-multiplier 10
    # (On a busy machine, two cases of threads with wasmtime failed or did not end in this emulator; it is not known why.)
    grep -aho '^\[  FAILED  \] test_.*' host/meson-logs/testlog.txt | grep -v 'side_by_side\|what_they_do' | sort -u >failed
    # The emulator has no filters for system calls, ignores limits of memory, and starts a program that does not exist without an
    # error. And these namespaces have no other user.
    is "$(cat failed)" "$(printf '[  FAILED  ] test_%s\n' a_filter_that_refuses_openat2 compiling_is_limited foreign_files no_program \
        openat2_that_refuses_a_path)" 'what failed'
    is "$(grep -aE ' (FAIL|TIMEOUT|ERROR) ' .out | awk '$2 != "threads-wasmtime" { print $2 }' | sort -u | tr '\n' ' ')" 'cache family limits paths ' 'which tests failed'
}

main "$@"
