#!/bin/bash
# Compilers that are missing, too old or somewhere else.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
. "$(dirname -- "$0")/lib.sh"

# A directory that is all of PATH, with links to the given programs.
only_programs() {
    local name file
    rm -rf bin
    mkdir bin
    for name; do
        file=$(command -v "$name") || continue
        ln -s "$file" "bin/$name"
    done
}

# The tool, with only that.
wl_there() {
    run env WL_MAKE_ROOT="$ROOT" PATH="$T/bin" "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" "$@"
}

sdk_error() {
    export WASI_SDK_ROOT=$1
    shift
    wl made/a
    clean_failure 6
    err "$@"
    not_there "$OUT" "$CACHE/artifacts/"*
    wl doctor
    status 6
    out 'missing  toolchain' "$WASI_SDK_ROOT"
    rmdir "$OUT"
}

wasi_port() {
    port "$1" <<'END'
version: "1"
contains: [bin/a.wasm]
steps:
  - name: build
    run: |
      printf '#include <stdio.h>\nint main(void) { puts("hello from wasi"); return 0; }\n' >a.c
      # clang would run a wasm-opt that it finds.
      $CC $CPPFLAGS $CFLAGS a.c $LDFLAGS -o a.wasm -### 2>&1 | grep wasm-opt | grep -v no-wasm-opt && exit 1
      echo " $LDFLAGS " | grep -e ' --no-wasm-opt '
      $CC $CPPFLAGS $CFLAGS a.c $LDFLAGS -o a.wasm
      $AR rc liba.a a.wasm
      $NM --version >/dev/null
      mkdir -p "$STAGE/bin"
      cp a.wasm "$STAGE/bin/"
      $STRIP "$STAGE/bin/a.wasm"
      echo "$TARGET" >"$STAGE/target"
END
}

# Nothing says which package of clang has compiled it, with and without optimization and debug information, in C, C++ and
# assembly, and after a link.
test_objects_do_not_name_the_compiler() {
    command -v clang-22 >/dev/null || skip 'no clang-22'
    simple toolchain/wasi-libc
    port made/a <<'END'
version: "1"
steps:
  - name: build
    run: |
      echo 'int f(int x) { return x + 1; }' >a.c
      cp a.c b.cc
      printf '.globl g\ng:\n.functype g () -> ()\nend_function\n' >c.s
      for flags in -O0 -O2 '-O2 -g' '-O2 -flto'; do
        n=$((${n-0} + 1))
        $CC $flags -c a.c -o "$STAGE/a$n.o"
        $CXX $flags -c b.cc -o "$STAGE/b$n.o"
      done
      $CC -c c.s -o "$STAGE/c.o"
      $CC -r -nostdlib "$STAGE/a1.o" "$STAGE/a4.o" "$STAGE/c.o" -Wl,--allow-multiple-definition -o "$STAGE/d.o"
      $AR rcD "$STAGE/e.a" "$STAGE"/*.o
END
    wl made/a
    status 0
    local file version
    version=$(clang-22 --version | sed -n 's/^.*version //p')
    for file in "$OUT"/made/a/*; do
        ! grep -aqF -e "$version" -e processed-by -e Debian -e 'clang version' "$file" || fail "$file names the compiler"
    done
}

is_wasm() {
    is "$(head -c 4 "$1" | od -An -tx1 | tr -d ' ')" 0061736d "the beginning of $1"
}

# `sdk DIR VERSION CLANG`: a directory that looks like a wasi-sdk.
sdk() {
    mkdir -p "$1/bin" "$1/share/wasi-sysroot/lib/wasm32-wasip1"
    [ -z "$2" ] || printf '%s\nwasi-libc: abc\n' "$2" >"$1/VERSION"
    printf '#!/bin/sh\necho "clang version %s (https://example.org 0123)"\n' "$3" >"$1/bin/clang"
    chmod +x "$1/bin/clang"
    : >"$1/share/wasi-sysroot/lib/wasm32-wasip1/libc.a"
}

test_missing_native_compiler() {
    simple made/a
    sed -i 's/^toolchain: none/toolchain: native/' "$PORTS/made/a/recipe.yaml"
    only_programs sh env make true bwrap
    wl_there made/a
    clean_failure 6
    err 'there is no cc on this machine' 'apt-get install build-essential'
    not_there "$OUT"
    only_programs sh env cc true bwrap
    wl_there made/a
    clean_failure 6
    err 'there is no make'
}

test_missing_wasm_compiler() {
    simple toolchain/wasi-libc
    wasi_port made/a
    only_programs sh env cc make true bwrap
    wl_there made/a
    clean_failure 6
    err 'there is no clang-22 on this machine' 'apt-get install clang-22' 'WASI_SDK_ROOT'
    wl_there doctor
    clean_failure 6
    out 'missing  clang-22' 'apt-get install clang-22'
}

test_a_compiler_that_cannot_run() {
    simple toolchain/wasi-libc
    wasi_port made/a
    only_programs sh env make true bwrap wasm-ld-22 llvm-ar-22 llvm-strip-22
    printf '#!/bin/sh\nexit 127\n' >bin/clang-22
    chmod +x bin/clang-22
    touch bin/wasm-ld-22 bin/llvm-ar-22 bin/llvm-strip-22 2>/dev/null
    chmod +x bin/*-22
    wl_there made/a
    clean_failure 6
    err 'clang-22 --version ends with status 127'
}

test_missing_patch_program() {
    archive a.tar.gz file=one
    mkdir -p "$PORTS/made/a"
    printf -- '--- a/file\n+++ b/file\n@@ -1 +1 @@\n-one\n+two\n' >"$PORTS/made/a/a.patch"
    from_url made/a "file:$T/a.tar.gz" "$(sha256 a.tar.gz)" 'patches: [a.patch]'
    only_programs sh env true
    wl_there --no-sandbox made/a
    clean_failure 6
    err 'patch'
}

test_sdk_root_pointing_nowhere() {
    wasi_port made/a
    sdk_error "$T/nowhere" 'there is no such directory' 'unset it'
    : >file
    sdk_error "$T/file" 'there is no such directory'
}

test_sdk_root_empty_directory() {
    wasi_port made/a
    mkdir empty
    sdk_error "$T/empty" 'holds no bin/clang' 'unset it'
}

test_sdk_root_without_sysroot() {
    wasi_port made/a
    sdk sdk 33.0 22.1.0
    rm -r sdk/share
    sdk_error "$T/sdk" 'no share/wasi-sysroot for wasm32-wasip1'
}

test_sdk_too_old() {
    wasi_port made/a
    sdk sdk20 20.0 16.0.0
    sdk_error "$T/sdk20" 'is version 20; the oldest that can build CPython is 21'
    # The oldest ones do not contain their version; their clang reports it.
    sdk sdk12 '' 11.0.0
    sdk_error "$T/sdk12" 'has clang 11; the oldest that can build CPython has 17'
}

test_sdk_26_and_27_hang() {
    wasi_port made/a
    sdk sdk26 26.0 20.1.0
    sdk_error "$T/sdk26" 'is version 26, whose clang 20 hangs on CPython' '25, or 28'
    sdk sdk27 27.0 20.1.0
    sdk_error "$T/sdk27" 'is version 27'
}

test_sdk_below_what_the_recipe_wants() {
    wasi_port made/a
    sed -i '1i min-sdk: 30' "$PORTS/made/a/recipe.yaml"
    sdk sdk 24.0 18.1.0
    export WASI_SDK_ROOT=$T/sdk
    wl made/a
    clean_failure 6
    err 'made/a needs wasi-sdk 30 or later; WASI_SDK_ROOT is version 24'
    not_there "$OUT"
}

test_a_compiler_that_is_not_a_program() {
    wasi_port made/a
    sdk sdk 33.0 22.1.0
    printf 'nonsense' >sdk/bin/clang
    chmod +x sdk/bin/clang
    export WASI_SDK_ROOT=$T/sdk
    wl made/a
    clean_failure 6
    err "$T/sdk/bin/clang"
    chmod -x sdk/bin/clang
    wl made/a
    clean_failure 6
    err "$T/sdk/bin/clang"
}

test_sdk_root_does_not_matter_where_nothing_is_wasm() {
    simple made/a
    export WASI_SDK_ROOT=$T/nowhere
    wl made/a
    status 0
    # Empty means not set.
    export WASI_SDK_ROOT=
    wl made/a
    status 0
    out 'nothing to do'
}

# The real compiler, with the sysroot that the project's own port makes.
real_toolchain() {
    command -v clang-22 >/dev/null && command -v wasm-ld-22 >/dev/null && command -v llvm-ar-22 >/dev/null ||
        skip 'no clang-22'
    [ -e "$WL_SOURCE_ROOT/ports/toolchain/wasi-libc/recipe.yaml" ] || skip 'no port of the sysroot'
    # The test is not about fetching it, so fetch it only once.
    real build toolchain/wasi-libc
    status 0
    mkdir -p "$T/cache"
    ln -s "$CACHE/sources" "$T/cache/sources"
    CACHE=$T/cache
    SYSROOT=$OUT/toolchain/wasi-libc
    there "$SYSROOT"
}

runs_hello() {
    is_wasm "$1"
    if command -v wasmtime >/dev/null; then
        run wasmtime run "$1"
    elif command -v node >/dev/null; then
        cat >run.mjs <<'END'
import { readFile } from 'node:fs/promises'; import { WASI } from 'node:wasi';
const wasi = new WASI({ version: 'preview1', args: ['a'], env: {} });
const m = await WebAssembly.compile(await readFile(process.argv[2]));
wasi.start(await WebAssembly.instantiate(m, { wasi_snapshot_preview1: wasi.wasiImport }));
END
        run node --no-warnings run.mjs "$1"
    else
        return
    fi
    status 0
    out 'hello from wasi'
}

test_a_wasi_port_with_the_systems_llvm() {
    real_toolchain
    wasi_port made/a
    wl made/a
    status 0
    is "$(cat "$OUT/made/a/target")" wasm32-wasip1
    runs_hello "$OUT/made/a/bin/a.wasm"
    wl made/a
    out 'nothing to do'
}

test_a_wasi_port_with_a_wasi_sdk() {
    real_toolchain
    wasi_port made/a
    wl made/a
    status 0
    # A look-alike: the layout of a wasi-sdk over the system's clang.
    local sdk="$T/wasi-sdk" name file
    mkdir -p "$sdk/bin" "$sdk/share" "$sdk/lib"
    for name in clang clang++ llvm-ar llvm-ranlib llvm-nm llvm-strip wasm-ld; do
        file=$(readlink -f "$(command -v $name-22)") || fail "no $name-22"
        printf '#!/bin/sh\nexec %s "$@"\n' "$(command -v $name-22)" >"$sdk/bin/$name"
        chmod +x "$sdk/bin/$name"
    done
    cp -R "$SYSROOT" "$sdk/share/wasi-sysroot"
    printf '33.0\n' >"$sdk/VERSION"
    export WASI_SDK_ROOT=$sdk
    wl -v made/a
    status 0
    # Another toolchain gives another artifact, and does not use our sysroot.
    err 'made/a: done'
    not_err 'toolchain/wasi-libc'
    runs_hello "$OUT/made/a/bin/a.wasm"
    wl made/a
    out 'nothing to do'
    wl doctor
    out 'wasi-sdk'
    # Another libc in it makes it another toolchain.
    file=$(find "$sdk/share/wasi-sysroot/lib/" -name libc.a -path '*wasm32-wasip1/*' | head -n 1)
    wl info made/a
    local key
    key=$(grep '^key' .out)
    chmod u+w "$file"
    printf '\n' >>"$file"
    wl info made/a
    [ "$(grep '^key' .out)" != "$key" ] || fail 'the same key'
    unset WASI_SDK_ROOT
    wl made/a
    status 0
    not_err ': done'
}

test_nothing_of_the_machine_leaks_into_a_wasm_build() {
    real_toolchain
    port made/a <<'END'
version: "1"
steps:
  - name: build
    run: |
      printf '#include <zlib.h>\nint main(void) { return 0; }\n' >z.c
      ! $CC $CPPFLAGS $CFLAGS -c z.c 2>/dev/null
      printf '#include <gnu/libc-version.h>\nint main(void) { return 0; }\n' >g.c
      ! $CC $CPPFLAGS $CFLAGS -c g.c 2>/dev/null
      if command -v pkg-config >/dev/null; then ! pkg-config --exists zlib; [ -z "$(pkg-config --list-all)" ]; fi
      [ "$CONFIG_SITE" = /dev/null ]
      : >"$STAGE/x"
END
    wl made/a
    status 0
}

main "$@"
