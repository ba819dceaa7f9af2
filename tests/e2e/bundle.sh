#!/bin/bash
# tools/bundle: wl-cc, the compiler whose shared libraries are object files, and what it makes of extension modules.
LIMIT=600
. "${BASH_SOURCE[0]%/*}/lib.sh"

# Compiles the programs, with sanitizers; sets SYSROOT, and RUN to run a module.
prepare() {
    local tools=$WL_SOURCE_ROOT/tools name
    command -v clang-22 >.clang || skip "there is no clang-22"
    real build toolchain/wasi-libc toolchain/wl-run
    status 0
    SYSROOT=$OUT/toolchain/wasi-libc
    RUN="$OUT/toolchain/wl-run/bin/wl-run --quick"
    mkdir -p bin tmp
    # shellcheck disable=SC2046 # words
    gcc -std=c17 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined -Wall -Wextra -Werror -I"$tools/object" \
        "$tools"/object/*.c $(ls "$tools"/bundle/*.c | grep -v wl-bundle) -o bin/wl-cc || fail "wl-cc does not compile"
    for name in wl-c++ wl-strip; do
        ln -s wl-cc "bin/$name"
    done
    printf '# a comment\nsysroot = %s\nldflags = --no-wasm-opt\n' "$SYSROOT" >bin/wl-cc.conf
    export ASAN_OPTIONS=detect_leaks=0 PATH=$T/bin:$PATH TMPDIR=$T/tmp
}

# The command succeeds.
ok() {
    run "$@"
    status 0
}

# `all_of NAME...`: a program that calls PyInit_NAME of each bundle NAME.so and prints the results, linked and run.
all_of() {
    local name objects=()
    {
        printf '#include <stdio.h>\n'
        for name; do printf 'const char *PyInit_%s(void);\n' "$name"; done
        printf 'int main(void) {\n'
        for name; do printf 'printf("%s: %%s\\n", PyInit_%s());\n' "$name" "$name"; done
        printf 'return 0; }\n'
    } >main.c
    for name; do
        cp "$name.so" "$name.bundle.o"
        objects+=("$name.bundle.o")
    done
    ok wl-cc -O1 -c main.c -o main.o
    ok wl-cc main.o "${objects[@]}" -o all.wasm
    ok $RUN all.wasm
}

# The defined symbols of a file that others see.
globals() {
    llvm-nm-22 --defined-only --extern-only "$1" | awk 'NF { print $NF }' | sort | tr '\n' ' ' | sed 's/ $//'
}

# The lines of the section of a bundle.
note() {
    "$PYTHON" -c '
import sys
data, at = open(sys.argv[1], "rb").read(), 8
def number():
    global at
    value = shift = 0
    while True:
        byte = data[at]; at += 1
        value |= (byte & 127) << shift; shift += 7
        if byte < 128:
            return value
while at < len(data):
    kind = data[at]; at += 1
    end = number() + at
    if kind == 0:
        size = number()
        if data[at:at + size] == b"wl.bundle":
            sys.stdout.write(data[at + size:end].decode())
    at = end' "$1"
}

# Two modules with the same names everywhere, and what a linker does with names: weak ones, aliases, constructors,
# variables of threads, pointers in data, members of archives.
test_the_same_names_in_two_modules() {
    local name n file
    prepare
    cat >common.h <<'END'
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
extern int shared;
int helper(void);
int original(void);
const char *member(void);
END
    cat >module.c <<'END'
#include "common.h"
#include <stdio.h>
int shared;
static int started, sum;
_Thread_local int of_thread = NUMBER;
__attribute__((constructor(200))) static void start(void) { started = NUMBER; }
__attribute__((constructor(300))) void visible_start(void) { started += 1000; }
__attribute__((weak)) int overridden(void) { return -1; }
__attribute__((weak)) extern int nowhere(void);
int original(void) { return NUMBER + 1; }
int alias(void) __attribute__((alias("original")));
int *pointer = &shared;
int (*functions[])(void) = {original, alias, helper};
const char *PyInit_NAME(void) {
    static char text[200];
    *pointer = NUMBER + 2;
    for (int i = 0; i < 3; i++) sum += functions[i]();
    of_thread++;
    snprintf(text, sizeof text, "%d %d %d %d %d %d %s %d", started, shared, alias(), overridden(), sum, of_thread,
             member(), nowhere ? nowhere() : 0);
    return text;
}
END
    printf '#include "common.h"\nint overridden(void) { return NUMBER + 3; }\nint helper(void) { return shared; }\n' >other.c
    printf '#include "common.h"\nconst char *member(void) { return TEXT(WORD); }\n' >member.c
    printf 'extern int does_not_exist(void);\nint unneeded(void) { return does_not_exist(); }\n' >unneeded.c
    for name in one two; do
        n=$([ $name = one ] && echo 100 || echo 200)
        sed "s/NAME/$name/" module.c >$name.c
        for file in $name other member unneeded; do
            ok wl-cc -O1 -fPIC -pthread -DNUMBER=$n -DWORD=$name -c $file.c -o $file.o
        done
        rm -f libparts.a
        ok llvm-ar-22 crs libparts.a member.o unneeded.o
        ok wl-cc -shared -Wl,-O1 -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,-Bsymbolic -Wl,-soname,x -Wl,-rpath -Wl,/nowhere \
            -Wl,--version-script,exports.map -Xlinker --no-undefined $name.o other.o -L. -lparts -lm -lz -o $name.so
        is "$(globals $name.so)" "PyInit_$name" "what others see of $name"
        is "$(note $name.so | tr '\n' ' ')" "library z system m " "the note"
        [ -x $name.so ] || fail "a shared library is executable"
    done
    all_of one two
    is "$(cat .out)" "one: 1100 102 101 103 304 101 one 0
two: 1200 202 201 203 604 201 two 0"
}

# C++: templates and inline functions, of which a linker keeps one; objects with constructors.
test_cxx() {
    local name n
    prepare
    cat >module.cc <<'END'
extern "C" int snprintf(char *, unsigned long, const char *, ...);
template <int N> struct Counter {
    int value;
    Counter() : value(N) {}
    __attribute__((noinline)) int next() { return value += N; }
    static Counter instance;
};
template <int N> Counter<N> Counter<N>::instance;
struct Base { virtual int get() const { return NUMBER; } };
struct Derived : Base { int get() const override; };
int Derived::get() const { return Base::get() + 1; }
inline int variable = [] { return NUMBER + 2; }();
__attribute__((noinline)) inline int function() { static int calls = NUMBER; return ++calls; }
static Derived derived;
Base *base = &derived;
extern "C" const char *PyInit_NAME() {
    static char text[100];
    function();
    snprintf(text, sizeof text, "%d %d %d %d", Counter<3>::instance.next(), base->get(), variable, function());
    return text;
}
END
    for name in one two; do
        n=$([ $name = one ] && echo 10 || echo 20)
        sed "s/NAME/$name/" module.cc >$name.cc
        # In one step, as some builds do it; and with the compiler of C as the linker.
        ok wl-c++ -fno-rtti -fno-threadsafe-statics -DNUMBER=$n -fPIC -MMD -MF $name.d -shared $name.cc -o $name.so
        grep -q "$name.cc" $name.d || fail "no dependencies were written"
        is "$(globals $name.so)" "PyInit_$name" "what others see of $name"
        is "$(note $name.so)" "language c++" "the note"
        ok wl-c++ -fno-rtti -fno-threadsafe-statics -DNUMBER=$n -c $name.cc -o $name.o
        llvm-readobj-22 --sections --symbols $name.o >before
        ok wl-cc -shared $name.o -lstdc++ -o $name-2.so
        ok cmp $name.so $name-2.so
    done
    all_of one two
    is "$(cat .out)" "one: 6 11 12 12
two: 6 21 22 22"
    # (Without that, one of the functions would have been thrown away.)
    ok wl-cc -O1 -c main.c -o main.o
}

# Archives in which nothing refers to the start of the module; libraries of the build tree, and those that several
# modules share.
test_archives_and_libraries() {
    local name
    prepare
    printf 'int deep(void);\nconst char *PyInit_inside(void) { return deep() == 7 ? "seven" : "?"; }\n' >inside.c
    printf 'const char *PyInit_wrong(void) { return "wrong"; }\n' >wrong.c
    printf 'int deep(void) { return 7; }\n' >deep.c
    printf 'int shared_function(void) { return 1; }\n' >shared.c
    for name in inside wrong deep shared; do ok wl-cc -O1 -c $name.c -o $name.o; done
    mkdir -p libs elsewhere native
    ok llvm-ar-22 crs libinside.a wrong.o inside.o
    ok llvm-ar-22 crs libs/libdeep.a deep.o
    ok llvm-ar-22 crs elsewhere/libshared.a shared.o
    # A library of the build machine is none.
    printf 'int native;\n' >native.c
    gcc -c native.c -o native.o
    ok ar crs native/libnative.a native.o
    printf 'shared = %s/elsewhere\n' "$T" >>bin/wl-cc.conf
    ok wl-cc -shared libinside.a -Llibs -Lelsewhere -L native -ldeep -lshared elsewhere/libshared.a -lnone -lnative -lpython3.13 \
        -lgcc_s -lc -o inside.cpython-313-wasm32-wasi.so
    is "$(globals inside.cpython-313-wasm32-wasi.so)" PyInit_inside
    is "$(note inside.cpython-313-wasm32-wasi.so | tr '\n' ' ')" "library native library none library shared "
    cp inside.cpython-313-wasm32-wasi.so inside.so
    all_of inside
    is "$(cat .out)" "inside: seven"
    # All of an archive, and a library that does not start a module.
    ok wl-cc -shared -Wl,--whole-archive libs/libdeep.a -Wl,--no-whole-archive -lz -o libdeep.so
    is "$(globals libdeep.so)" deep
    ok wl-cc -shared inside.c -L. -ldeep -ldeep libdeep.so -o inside.so
    is "$(globals inside.so)" PyInit_inside
    is "$(note inside.so)" "library z"
    printf 'int deep(void);\nint main(void) { return deep() != 7; }\n' >main.c
    ok wl-cc main.c libdeep.so -o main.wasm
    ok $RUN main.wasm
}

# What builds ask a compiler, and checks that they compile, link and run.
test_as_builds_call_it() {
    prepare
    ok wl-cc --version
    out 'clang version 22'
    ok wl-cc -dumpmachine
    out wasm32-unknown-wasip1
    ok wl-cc -Wl,--version
    out LLD
    ok wl-cc -print-file-name=libc.a
    out "$SYSROOT/lib/wasm32-wasip1/libc.a"
    ok wl-cc -E -dM -x c /dev/null
    out '#define __wasi__ 1'
    printf '#include <stdio.h>\n#include <math.h>\nint main(int c, char **v) { (void)v; printf("%%.1f\\n", sqrt(16.0 * c)); }\n' >check.c
    ok wl-cc -O2 -pthread -fPIE -pie -Wl,-z,relro -Wl,-rpath,/x -Wl,--as-needed -rdynamic check.c -lm -lgcc_s -o check
    ok $RUN check
    out 4.0
    ok wl-cc -xc check.c -Wl,-z,stack-size=1048576 -Wl,--gc-sections -s
    ok $RUN a.out
    out 4.0
    # Files of words, with quotes and files in them.
    printf -- '-DTEXT="\\"a b\\""\n@more\n' >words
    printf -- "-c 'source file.c' -o object.o" >more
    printf 'const char *text = TEXT;\n' >'source file.c'
    ok wl-cc @words
    grep -q 'a b' object.o || fail "the definition got lost"
    echo '@words' >words
    run wl-cc @words
    status 1
    err 'a file of words that contains itself'
    # A word that no linker knows is not dropped, whatever is linked.
    run wl-cc check.c -Wl,--no-such-word -o check2
    [ "$st" != 0 ] || fail "an unknown word was accepted"
    not_there check2
    run wl-cc -shared check.c -Wl,--no-such-word -o check.so
    [ "$st" != 0 ] || fail "an unknown word was accepted"
    err no-such-word
    not_there check.so
    run wl-cc -shared nothing.c -o check.so
    [ "$st" != 0 ] || fail "a source that does not exist was compiled"
    not_there check.so
    # CMake wants to know what was linked.
    ok wl-cc -shared object.o -Wl,--dependency-file=link.d -o library.so
    grep -q object.o link.d || fail "the linker's dependencies were not written"
    is "$(ls tmp)" "" "temporary files"
}

# rustc's ways to link: as with clang, and as with the linker itself.
test_as_rustc_calls_it() {
    prepare
    printf 'const char *PyInit_rust(void) { return "rust"; }\n' >rust.c
    printf 'int unused;\n' >crate.c
    ok wl-cc -c rust.c -o rust.o
    ok wl-cc -c crate.c -o crate.o
    ok llvm-ar-22 crs libcrate.rlib crate.o
    ok wl-cc -flavor wasm --export PyInit_rust -z stack-size=1048576 --stack-first --allow-undefined --no-demangle --no-entry \
        "$SYSROOT/lib/wasm32-wasip1/crt1-reactor.o" rust.o libcrate.rlib -l c -L "$T" --gc-sections -O3 --strip-all -o rust.so
    is "$(globals rust.so)" PyInit_rust
    mv rust.so rust-1.so
    ok wl-cc --target=wasm32-wasip1 -Wl,--export=PyInit_rust -Wl,--no-entry -mexec-model=reactor -nodefaultlibs rust.o \
        libcrate.rlib -lc -o rust.so
    ok cmp rust.so rust-1.so
    all_of rust
    is "$(cat .out)" "rust: rust"
    printf 'int main(void) { return 0; }\n' >main.c
    ok wl-cc -c main.c -o main.o
    ok wl-cc -flavor wasm "$SYSROOT/lib/wasm32-wasip1/crt1-command.o" main.o -L "$SYSROOT/lib/wasm32-wasip1" -lc -o main.wasm
    ok $RUN main.wasm
}

test_strip_leaves_bundles() {
    prepare
    printf 'const char *PyInit_one(void) { return "1"; }\nint main(void) { return 0; }\n' >one.c
    ok wl-cc -shared one.c -o one.so
    ok wl-cc one.c -o program
    cp one.so before.so
    ok wl-strip --strip-all one.so
    ok cmp one.so before.so
    ok wl-strip -o stripped.so one.so
    ok cmp one.so stripped.so
    grep -q _start program || fail "the program has no names"
    grep -q __main_void program || fail "the program has no names"
    ok wl-strip program
    ! grep -q __main_void program || fail "the names of a program are still there"
    is "$(globals one.so)" PyInit_one
}

test_settings() {
    prepare
    printf 'int x = VALUE;\n' >x.c
    mv bin/wl-cc.conf settings
    run wl-cc -DVALUE=1 -c x.c
    status 1
    err 'no sysroot is set'
    WL_CC_CONFIG=settings ok wl-cc -DVALUE=1 -c x.c -o x.o
    WL_CC_SYSROOT=$SYSROOT WL_CC_CFLAGS='-DVALUE=2 -DOTHER' ok wl-cc -c x.c -o x.o
    # The file beside a link counts, so that one program serves several builds.
    mkdir other
    ln -s "$T/bin/wl-cc" other/wl-cc
    printf 'sysroot=%s\ncflags = -DVALUE=3\n' "$SYSROOT" >other/wl-cc.conf
    ok other/wl-cc -c x.c -o x.o
    PATH=$T/other:$PATH ok wl-cc -c x.c -o x.o
    echo 'nonsense = 1' >>other/wl-cc.conf
    run other/wl-cc -c x.c
    status 1
    err 'other/wl-cc.conf:3: there is no setting nonsense'
    echo 'nonsense' >other/wl-cc.conf
    run other/wl-cc -c x.c
    status 1
    err 'other/wl-cc.conf:1: this line is no setting'
}

main "$@"
