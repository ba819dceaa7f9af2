#!/bin/bash
# Every program and library for the build machine that a port makes is hardened (docs/security.md), whatever made it.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-900}
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/e2e/lib-native.sh
. "$(dirname -- "$0")/lib-native.sh"

# What files may lack, and why: a port, a file, words of `lacking`.
exceptions() {
    cat <<'END'
# Upstream's own file, in Rust, which has no such checks.
* lib/libwasmtime.so ssp calls
# Compiled without optimization, which the checks of copies need.
build-python/* bin/python3 fortify
# Upstream's own build, which benchmarks compare with.
native-python/* * now ssp fortify calls
# musl has no such functions.
toolchain/wlpy-portable bin/wlpy fortify
END
}

# What a file of a port may lack.
may_lack() {
    local port file words
    while read -r port file words; do
        # shellcheck disable=SC2053 # patterns
        [[ $port != '#' && $1 == $port && $2 == $file ]] && printf '%s ' "$words"
    done < <(exceptions)
}

# Whether it is a program or a library that was linked, and no object file.
is_linked() {
    [ "$(head -c 4 "$1" | tr '\177' x)" = xELF ] && readelf -hW "$1" | grep -qE 'Type: *(EXEC|DYN)'
}

# `check_port NAME DIRECTORY`: sets `seen` to the number of files.
check_port() {
    local file
    while IFS= read -r -d '' file; do
        is_linked "$file" || continue
        hardened --but "$(may_lack "$1" "${file#"$2"/}")" "$file"
        seen=$((seen + 1))
    done < <(find "$2" -type f -print0)
}

# These belong to each Python and are made with it. Others count if they were made.
NEEDED='build-python/v3.11.2 toolchain/aot toolchain/bundle toolchain/libdeflate toolchain/rofs-pack toolchain/slot-check
toolchain/wabt toolchain/wl-run toolchain/wlpy toolchain/wlpy-command'

test_what_ports_make() {
    local port seen all=0 artifact
    # shellcheck disable=SC2086 # words
    real build $NEEDED
    status 0
    real list --all
    status 0
    for port in $(awk '{ print $1 }' .out); do
        real info "$port"
        grep -qE '^toolchain +(native|clang)$' .out || continue
        artifact=$(sed -n 's/^artifact  *//p' .out)
        seen=0
        # (If it was not made, the words "(not there)" follow.)
        [ ! -d "$artifact" ] || check_port "$port" "$artifact"
        all=$((all + seen))
        [[ " ${NEEDED//$'\n'/ } " != *" $port "* ]] || [ "$seen" != 0 ] || fail "$port has no program in $artifact"
    done
    [ "$all" -ge 12 ] || fail "only $all files were found"
}

# Native programs and libraries, of a module that calls through its table and copies.
test_native_programs() {
    wabt
    module small <<'WAT'
(module
  (memory (export "memory") 1) (table 2 funcref) (elem (i32.const 0) $a $b)
  (func $a (result i32) (i32.const 1)) (func $b (result i32) (i32.const 2))
  (func (export "_start") (memory.copy (i32.const 0) (i32.const 8) (call_indirect (result i32) (i32.const 1)))))
WAT
    native small program
    native small guest.so
    # (With musl, which checks no copies.)
    hardened --but fortify small/program
    # (A guest has its stack in its own memory. Of the host, a library has only functions without arrays.)
    hardened --but ssp small/guest.so
}

# The tool. What a person starts has no library and no address to hide (src/meson.build).
test_the_tool() {
    # (The one that `check` tests has sanitizers instead of checks of copies.)
    local dir=$WL_SOURCE_ROOT/.build/tool/src
    [ -e "$dir/wl-make-tool" ] || skip 'wl-make.sh has not built the tool'
    hardened "$dir/wl-make-tool"
    hardened --but 'pie relro now ssp calls' "$dir/wl-make"
}

# A file that lacks something is found.
test_the_test() {
    local calls=-fcf-protection=none
    [ "$(uname -m)" = x86_64 ] || calls=-mbranch-protection=none
    printf '#include <stdio.h>\n%s\n' 'int main(int n, char **a) { char t[99]; snprintf(t, sizeof t - n, "%s", *a); return t[0]; }' >plain.c
    cc -O2 -no-pie -fno-stack-protector -U_FORTIFY_SOURCE $calls -Wl,-z,norelro,-z,lazy,-z,execstack plain.c -o plain 2>log ||
        fail "$(cat log)"
    is "$(lacking plain | tr '\n' ' ')" 'pie relro now noexecstack ssp fortify calls '
    is_linked plain || fail 'it is no program?'
    is "$(may_lack build-python/v1 bin/python3)" 'fortify '
    is "$(may_lack toolchain/x bin/python3)" ''
}

main "$@"
