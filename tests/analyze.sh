#!/bin/bash
# Analyses C with gcc's -fanalyzer and clang's analyzer; any finding fails it. gcc does not compile for WebAssembly, so clang alone
# analyses guest/.
#
# `tests/analyze.sh [PART...]`; the parts are src, tools, host and guest, and without arguments it does all. host and guest need ports
# (wasmtime; a C library and a Python for WebAssembly), which are built unless the cache has them. ANALYZE_JOBS is the number of processes.
set -u

root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
jobs=${ANALYZE_JOBS:-$(nproc)}
work=$(mktemp -d "${TMPDIR:-/tmp}/wl-analyze.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
export LC_ALL=C.UTF-8

# clang's analyzer. (It does not follow the attribute cleanup, so the last value of such a variable looks as if nobody read it.)
cat >"$work/analyze" <<'END'
#!/bin/bash
found=$(clang-22 --analyze --analyzer-output text -Xclang -analyzer-disable-checker=deadcode.DeadStores -Qunused-arguments \
    -fno-color-diagnostics "$@" 2>&1) && [ -z "$found" ] && exit
printf '%s\n' "$found" >&2
exit 1
END

# A compiler that analyses each file. What Meson compiles to learn about the compiler is not analysed.
cat >"$work/cc" <<'END'
#!/bin/bash
flags=() skip='' compiles='' status=0
for arg; do
    case $skip$arg in
    skip*) skip='' ;;
    -o | -MQ | -MF) skip=skip ;;
    -MD) ;;
    -c) compiles=yes ;;
    *meson-private* | *sanitycheckc.c | *testfile.c | -) exec gcc "$@" ;;
    *) flags+=("$arg") ;;
    esac
done
[ -n "$compiles" ] || exec gcc "$@"
"${0%/*}/analyze" "${flags[@]}" || status=1
gcc -fanalyzer -Werror -fdiagnostics-color=never "$@" || status=1
exit $status
END
chmod +x "$work/analyze" "$work/cc"

# `ports NAME...`: builds ports, in $work/output.
ports() {
    "$root/wl-make.sh" --output "$work/output" "$@" >"$work/ports.log" 2>&1 && return
    tail -n 20 "$work/ports.log"
    echo "cannot build $*"
    exit 1
}

# `build NAME DIR OPTION...`: a project of Meson's. (Optimization would hide from gcc where a pointer comes from.)
build() {
    local dir=$work/$1 source=$2 log=$work/$1.log
    shift 2
    if ! CC=$work/cc meson setup -Doptimization=0 -Ddebug=false "$@" "$dir" "$source" >"$log" 2>&1; then
        tail -n 20 "$log"
        failed=1
        return
    fi
    # ninja prints what a command has said below its name.
    ninja -k 0 -j "$jobs" -C "$dir" >"$log" 2>&1 || failed=1
    grep -vE "^(\[[0-9]+/[0-9]+\] |ninja: |FAILED: |$work/cc )" "$log"
}

# `each COMMAND FILE...`: runs the command, which may have arguments, with each file.
each() {
    local command=$1
    shift
    # shellcheck disable=SC2086 # words
    printf '%s\0' "$@" | xargs -0 -n 1 -P "$jobs" $command || failed=1
}

src() {
    build src "$root"
}

host() {
    ports toolchain/wasmtime
    build host "$root/host" -Dtests=disabled -Dwasmtime="$work/output/toolchain/wasmtime"
}

tools() {
    local files
    # As the port toolchain/aot, whose program has a copy of this file's header.
    mkdir -p "$work/headers/core"
    cp "$root"/host/core/{wasm,sha256}.h "$work/headers/core/"
    # probe.c and lists.c are for Python's headers: they belong to the guest.
    readarray -d '' files < <(find "$root/tools" -name '*.c' ! -name probe.c ! -name lists.c -print0)
    # (Some of them define _GNU_SOURCE themselves. With the same value that is no error.)
    each "$work/cc -std=c17 -D_GNU_SOURCE= -Wall -Wextra -I$root/tools/object -I$root/tools/slots -I$root/host \
        -I$work/headers -I$root/guest -c -o /dev/null" "${files[@]}"
}

guest() {
    local files python=$work/output/python/v3.11.2/include/python3.11
    ports toolchain/wasi-libc libs/zlib python/v3.11.2
    # (ctypes_module.c is a table behind CPython's own _ctypes.c.)
    readarray -d '' files < <(find "$root/guest" "$root"/tools/slots/{probe,lists}.c -name '*.c' ! -name ctypes_module.c -print0)
    each "$work/analyze --target=wasm32-wasip1 --sysroot=$work/output/toolchain/wasi-libc -Os -D_GNU_SOURCE -D_WASI_EMULATED_SIGNAL \
        -D_WASI_EMULATED_GETPID -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_MMAN -I$root/guest -I$root/guest/ffi \
        -I$root/guest/system -I$root/guest/system/include -isystem $work/output/libs/zlib/include -isystem $python -isystem $python/internal" "${files[@]}"
}

[ $# != 0 ] || set -- src tools host guest
for part; do
    case $part in
    src) src ;;
    host) host ;;
    tools) tools ;;
    guest) guest ;;
    *)
        echo "unknown part $part; the parts are src, tools, host and guest" >&2
        exit 2
        ;;
    esac
done
exit $failed
