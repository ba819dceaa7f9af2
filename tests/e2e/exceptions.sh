#!/bin/bash
# C++ exceptions in extension modules, with the library of the port toolchain/libcxx, in engines without exceptions.
LIMIT=3000
. "${BASH_SOURCE[0]%/*}/lib.sh"

prepare() {
    real build toolchain/wasi-libc toolchain/wl-run toolchain/bundle toolchain/libcxx
    status 0
    RUN="$OUT/toolchain/wl-run/bin/wl-run --quick"
    mkdir bin tmp
    ln -s "$OUT"/toolchain/bundle/bin/* bin/
    printf 'sysroot = %s\nlibcxx = %s\nldflags = --no-wasm-opt\n' "$OUT/toolchain/wasi-libc" "$OUT/toolchain/libcxx" \
        >bin/wl-cc.conf
    export PATH=$T/bin:$PATH TMPDIR=$T/tmp
}

ok() {
    run "$@"
    status 0
}

# Two modules that have everything in common except what they do, called from C.
test_exceptions_in_two_modules() {
    local name files=()
    prepare
    cat >module.cc <<'END'
#include <stdexcept>
#include <string>
#include <vector>
struct Error : std::runtime_error {
    std::vector<int> parts{1, 2, 3};
    using std::runtime_error::runtime_error;
    ~Error() override { destroyed++; }
    static inline int destroyed = 0;
};
[[gnu::noinline]] static void fail(int n) { if (n > 2) throw Error("NAME " + std::to_string(n)); }
static std::string text;
extern "C" const char *PyInit_NAME() {
    for (int i = 0; i < 5; i++)
        try { fail(i); text += '.'; }
        catch (const std::exception &e) { text += e.what(); text += ' '; }
    text += std::to_string(Error::destroyed);
    try { throw 1; } catch (...) { text += '!'; }
    return text.c_str();
}
END
    for name in one two; do
        sed "s/NAME/$name/" module.cc >$name.cc
        # (Some builds compile C++ with the compiler of C.)
        ok wl-cc -O2 -std=c++20 -fPIC -c $name.cc -o $name.o
        # A file with data alone, which was once taken as a sign that the whole still has exceptions.
        echo 'extern const int table[]; const int table[] = {1, 2};' >table.cc
        ok wl-cc -O2 -c table.cc
        ok wl-c++ -shared $name.o table.o -o $name.so
        is "$(llvm-nm-22 --defined-only --extern-only $name.so | awk 'NF { print $NF }')" "PyInit_$name"
        cp $name.so $name.bundle.o
        files+=("$name.bundle.o")
    done
    printf '#include <stdio.h>\nconst char *PyInit_one(void), *PyInit_two(void);\nint main(void) { puts(PyInit_one()); puts(PyInit_two()); }\n' >main.c
    ok wl-cc main.c "${files[@]}" -lc++ -lc++abi -o all.wasm
    ! grep -q exception-handling all.wasm || fail "the program needs exceptions of WebAssembly"
    ok $RUN all.wasm
    is "$(cat .out)" "...one 3 one 4 2!
...two 3 two 4 2!"
    mkdir -p wheel
    mv one.so two.so wheel/
    ok wl-bundle made wheel
    is "$(cat made/languages)" "c++
exceptions"
}

# Programs that a build compiles and runs to see what works.
test_checks_of_builds() {
    prepare
    printf '#include <stdexcept>\nint main() { try { throw std::logic_error("x"); } catch (std::exception &e) { return e.what()[0] != 120; } }\n' >check.cc
    ok wl-c++ check.cc -o check
    ok $RUN check
    ok wl-c++ -O2 -flto check.cc -o check
    ok $RUN check
    # An object with both tags, that of exceptions and that of longjmp().
    cat >both.cc <<'END'
#include <csetjmp>
#include <stdexcept>
static std::jmp_buf place;
[[gnu::noinline]] static void jump() { std::longjmp(place, 3); }
int main() {
    int n = setjmp(place);
    if (n == 0) jump();
    try { throw std::logic_error("x"); } catch (std::exception &e) { return n != 3 || e.what()[0] != 120; }
}
END
    ok wl-c++ -O2 -mllvm -wasm-enable-sjlj both.cc -o both.wasm
    ok $RUN both.wasm
    ok wl-c++ -fno-exceptions -c -x c++ /dev/null -o none.o
    ok wl-c++ -E -dM -x c++ /dev/null
    out '#define __cpp_exceptions'
}

main "$@"
