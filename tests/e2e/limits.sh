#!/bin/bash
# Modules that take as much memory or time as they can get, and the limits of wl-run and of native programs.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-300}
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/e2e/lib-native.sh
. "$(dirname -- "$0")/lib-native.sh"

E2E=$(cd -- "$(dirname -- "$0")" && pwd)

test_everything_that_is_too_much() {
    real build toolchain/wl-run
    status 0
    mkdir modules
    python3 "$E2E/hostile.py" modules modules || fail 'no modules were made'
    [ "$(grep -c . modules/list)" -ge 25 ] || fail 'there are too few modules'
    # KiB: 64 MiB for a program, 256 MiB for compiling it, and the memory of the runner itself.
    timeout 600 python3 - "$OUT/toolchain/wl-run/bin/wl-run" >wrong <<'PYTHON' || fail 'not all of them ended'
import os
import subprocess
import sys

MIB = 1024
ENDS = {"refused": (126,), "large": (125,), "ok": (0,), "bomb": (0, 126)}
for line in open("modules/list", encoding="utf-8"):
    kind, name = line.rstrip("\n").split(" ", 1)
    with open("said", "w+", encoding="utf-8") as said:
        child = subprocess.Popen([sys.argv[1], "--no-cache", "--max-memory=64M", "--max-compile-memory=256M",
                                  "--max-compile-time=3", f"modules/{name}.wasm"], stderr=said)
        _, status, usage = os.wait4(child.pid, 0)
        said.seek(0)
        said = said.read()
    status = os.waitstatus_to_exitcode(status)
    if status not in ENDS[kind]:
        print(f"{name}: status {status}: {said}")
    if status and (said.count("\n") != 1 or not said.startswith("wl-run: ")):
        print(f"{name}: not one line: {said}")
    if usage.ru_maxrss > (256 if kind == "bomb" else 64) * MIB + 64 * MIB:
        print(f"{name}: {usage.ru_maxrss // MIB} MiB")
    if usage.ru_utime + usage.ru_stime > 20:
        print(f"{name}: {usage.ru_utime + usage.ru_stime} s")
PYTHON
    [ ! -s wrong ] || fail "$(head wrong)"
}

# An honest program needs far less than the default limits.
test_a_large_module_is_compiled() {
    real build toolchain/wl-run
    status 0
    python3 - >large.wasm <<'PYTHON'
import sys


def number(n):
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def section(kind, content):
    return bytes([kind]) + number(len(content)) + content


body = b"\0" + b"\x10\0" * 100 + b"\x41\1\x1a" * 100 + b"\x0b"
bodies = [b"\2\0\x0b"] + [number(len(body)) + body] * 20000
data = b"\0\x41\0\x0b" + number(40000000) + b"x" * 40000000
sys.stdout.buffer.write(
    b"\0asm\1\0\0\0" + section(1, b"\1\x60\0\0") + section(3, number(len(bodies)) + b"\0" * len(bodies)) +
    section(5, b"\1\0" + number(700)) + section(7, b"\1\6_start\0\0") + section(10, number(len(bodies)) + b"".join(bodies)) +
    section(11, b"\1" + data))
PYTHON
    run "$OUT/toolchain/wl-run/bin/wl-run" --quick --cache-dir cache large.wasm
    status 0
    run "$OUT/toolchain/wl-run/bin/wl-run" --quick --cache-dir cache --max-compile-time 1 large.wasm
    status 0
}

# `both [OPTION...] -- [ARGUMENT...]`: runs endless.wasm in both engines. stdin is an empty pipe, stdout a pipe that
# nobody reads. Sets st to their status; both must print the same message about the program.
both() {
    local options=() engine said=() status=()
    options_before "$@"
    shift $((${#options[@]} + 1))
    for engine in native wasmtime; do
        local command=(./endless/program "${options[@]}" --)
        [ $engine = native ] || command=("$OUT/toolchain/wl-run/bin/wl-run" --cache-dir cache "${options[@]}" endless.wasm --)
        mkfifo stdin.$engine stdout.$engine 2>/dev/null
        st=0
        timeout 60 "${command[@]}" "$@" 0<>stdin.$engine 1<>stdout.$engine 2>.err || st=$?
        status+=("$st")
        said+=("$(sed 's/^[a-z-]*: //; s/.*was stopped: //; s/endless[.]wasm/endless/' .err)")
    done
    is "${status[0]} ${said[0]}" "${status[1]} ${said[1]}" "what native programs and wl-run do with $*"
    err "$expected"
}

# A guest that counts, sleeps, reads, writes, polls, writes a lot at once, or keeps the host busy: the deadline ends it
# in each case.
test_limits_of_both_engines() {
    local n expected args=()
    wabt
    real build toolchain/wl-run
    status 0
    "$WABT/bin/wat2wasm" "$WL_SOURCE_ROOT/host/tests/modules/endless.wat" -o endless.wasm || fail 'the module is not valid'
    native endless program
    expected='its deadline has passed'
    for n in 0 1 2 3 4 5 6; do
        both --deadline 0.3 -- "${args[@]}"
        status 124
        args+=(x)
    done
    expected='it wrote more than its limit of output'
    for n in 3 5; do
        both --max-output 3000 --deadline 50 -- "${args[@]:0:n}"
        status 134
    done
    expected='it starts with more memory than its limit'
    both --max-memory 1M --
    status 125
    # The options are the same, too.
    expected='the form is --max-memory'
    both --max-memory lots --
    status 125
    expected='the form is --deadline'
    both --deadline soon --
    status 125
}

main "$@"
