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

# Makes the library of all hostile cases, hostile/guest.so, and the directory `box` that they may use. `cases` has the name of each,
# and CASES is their number.
hostile_library() {
    python3 "$E2E/hostile.py" "$HOST/abi/wasi_calls.h" hostile.txt cases || fail 'no module was made'
    library hostile <hostile.txt
    mkdir box
    echo text >box/file
    CASES=$(grep -c . cases)
    [ "$CASES" -gt 600 ] || fail "only $CASES cases"
}

# `ends_as_it_has_to ENGINE`: ENGINE.out has one line per case, with its status and its message.
ends_as_it_has_to() {
    is "$(grep -c . "$1.out")" "$(grep -c . cases)" "number of ends by $1"
    paste -d '|' cases "$1.out" | awk -F '|' '
        BEGIN {
            told["memory"] = "memory outside its bounds|memory or a table outside its bounds"
            told["table"] = "outside a table.s bounds|memory or a table outside its bounds|function pointer that is null"
            told["null"] = "a null function pointer|function pointer that is null"
            told["signature"] = "a pointer of another type|or of another type"
            told["stack"] = "its calls went too deep"
            told["unreachable"] = "it aborted"
            told["zero"] = "divided by zero"
            told["number"] = "did not fit into an integer"
        }
        {
            split($1, word, " "); kind = word[1]; status = $2 + 0; wanted = 0
            if (split(kind, exit_with, "=") == 2)
                wanted = exit_with[2]
            if (kind in told ? status == 134 && $2 ~ told[kind] : status == wanted)
                next
            print $1 ": " $2
        }' >otherwise
    [ ! -s otherwise ] || fail "$1: $(head otherwise)"
    is "$(cat box/file)" text
}

# `each_alone NAME COMMAND...`: runs each of the cases in its own process, and compares its end with the file cases.
each_alone() {
    local name=$1
    shift
    timeout "${EACH_ALONE:-300}" bash -s "$(grep -c . cases)" "$@" >"$name.out" <<'RUNS' || fail "$name did not end in time"
n=$1 given=()
shift
for ((i = 1; i <= n; i++)); do
    status=0
    "$@" "${given[@]}" </dev/null >/dev/null 2>told || status=$?
    echo "$status $(tr '\n' ' ' <told)"
    given+=(x)
done
RUNS
    ends_as_it_has_to "$name"
}
