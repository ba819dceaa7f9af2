#!/bin/bash
# What guest/ puts in place of parts of wasi-libc: small programs in C with it, run by wl-run. (The differential test, which
# needs zlib for the archive, is one of the single flavour's: `wl-make test PORT --flavour single`.)
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-900}
. "$(dirname -- "$0")/lib.sh"

GUEST=$WL_SOURCE_ROOT/guest
TESTS=$WL_SOURCE_ROOT/tests/guest

# `guest NAME SOURCE...`: NAME.wasm, of C files.
guest() {
    local name=$1
    shift
    real build -q toolchain/wasi-libc toolchain/wl-run
    status 0
    clang-22 --target=wasm32-wasip1 --sysroot="$OUT/toolchain/wasi-libc" -O1 -Wall -Wextra -Werror -fsanitize=undefined \
        -fsanitize-trap=all -I"$GUEST" "$@" -o "$name.wasm" || fail "$name was not compiled"
}
wl_run() {
    run "$OUT/toolchain/wl-run/bin/wl-run" --quick "$@"
}

# The empty path names nothing, ".." leads where it leads on Linux, and the current folder has a plain name.
test_paths() {
    guest paths "$TESTS/paths.c" "$GUEST/cwd.c"
    mkdir -p a/sub/inner b
    printf x >b/f
    printf y >a/g
    printf z >a/sub/h
    ln -s sub/inner a/deep
    ln -s loop a/loop
    wl_run --dir a::/a --dir b::/b paths.wasm
    status 0
    there a/g a/sub/h b/f
}

main "$@"
