#!/bin/bash
# tools/bundle: wl-cc, the compiler whose shared libraries are object files, and wl-bundle, which collects them.
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
    gcc -std=c17 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined -Wall -Wextra -Werror -I"$tools/object" -I"$tools/slots" \
        "$tools"/object/*.c "$tools"/bundle/*.c "$tools"/slots/{place,rows,tables}.c -o bin/wl-cc || fail "wl-cc does not compile"
    for name in wl-c++ wl-strip wl-bundle; do
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
    ok wl-cc -O2 -c check.c -o check.o
    ! grep -aqE 'processed-by|clang version' check.o || fail 'the object names the compiler'
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

# setjmp() needs exceptions of WebAssembly, as clang compiles it; wl-cc replaces them, for engines without.
test_setjmp() {
    local port=$WL_SOURCE_ROOT/ports/toolchain/libcxx object optimization
    prepare
    mkdir -p cxx/lib objects
    (cd objects && llvm-ar-22 x "$SYSROOT/lib/wasm32-wasip1/libsetjmp.a") || fail "there is no libsetjmp.a"
    echo "libcxx = $T/cxx" >>bin/wl-cc.conf
    ok wl-cc -O1 -c "$port/thrown.c" -o thrown.o
    for object in objects/*; do
        ok wl-cc -shared "$object" -o "$object.o"
    done
    ok llvm-ar-22 crs cxx/lib/libsetjmp.a objects/*.o thrown.o
    for optimization in -O0 -O2; do
        ok wl-cc $optimization -flto -Werror -mllvm -wasm-enable-sjlj "$port/jumps.c" -o jumps.wasm
        ! grep -q exception-handling jumps.wasm || fail "the program needs exceptions of WebAssembly"
        ok $RUN jumps.wasm
        is "$(cat .out)" "0 1 2 3 11 22 33"
    done
    # In several steps, and as a bundle.
    sed 's/int main(void)/int PyInit_jumps(void); int PyInit_jumps(void)/' "$port/jumps.c" >jumps.c
    ok wl-cc -O1 -mllvm -wasm-enable-sjlj -c jumps.c
    ok wl-cc -shared jumps.o -o jumps.so
    is "$(note jumps.so)" "system setjmp"
    printf 'int PyInit_jumps(void);\nint main(void) { return PyInit_jumps(); }\n' >main.c
    cp jumps.so jumps.bundle.o
    ok wl-cc main.c jumps.bundle.o -o jumps.wasm
    ok $RUN jumps.wasm
    is "$(cat .out)" "0 1 2 3 11 22 33"
    # A file without code needs no exceptions, nor does what it is linked with.
    printf 'const int table[] = {1, 2, 3};\n' >table.c
    ok wl-cc -O1 -mllvm -wasm-enable-sjlj -c table.c
    ! grep -q exception-handling table.o || fail "a table needs exceptions"
    ok wl-cc -shared jumps.o table.o -o jumps.so
    cp jumps.so jumps.bundle.o
    ok wl-cc main.c jumps.bundle.o -o jumps.wasm
    ok $RUN jumps.wasm
    is "$(cat .out)" "0 1 2 3 11 22 33"
    # Objects of another compiler, which still have exceptions, beside those of this one, which have none any more.
    sed 's/int PyInit_jumps(void)/int foreign(void)/g' jumps.c >foreign.c
    sed 's/int PyInit_jumps(void)/int own(void)/g' jumps.c >own.c
    ok clang-22 --target=wasm32-wasip1 --sysroot="$SYSROOT" -O1 -mllvm -wasm-enable-sjlj -c foreign.c
    ok clang-22 --target=wasm32-wasip1 --sysroot="$SYSROOT" -O1 -mllvm -wasm-enable-sjlj -c table.c -o foreign-table.o
    ok wl-cc -O1 -mllvm -wasm-enable-sjlj -c own.c
    printf 'int own(void), foreign(void), PyInit_both(void);\nint PyInit_both(void) { return own() || foreign(); }\n' >both.c
    printf 'int PyInit_both(void);\nint main(void) { return PyInit_both(); }\n' >main.c
    ok wl-cc -shared both.c own.o foreign.o foreign-table.o -o both.so
    ! grep -q exception-handling both.so || fail "the bundle needs exceptions"
    cp both.so both.bundle.o
    ok wl-cc main.c both.bundle.o -o both.wasm
    ok $RUN both.wasm
    is "$(cat .out)" "0 1 2 3 11 22 33
0 1 2 3 11 22 33"
}

# --- wl-bundle, with a Python that consists of a header and a main program ---

# The header, the probe for it, and the main program, which calls each method and getter of the modules in its table.
small_python() {
    cat >Python.h <<'END'
#include <stddef.h>
typedef struct object { int refs; } PyObject;
typedef PyObject *(*getter)(PyObject *, void *);
typedef int (*setter)(PyObject *, PyObject *, void *);
typedef struct { const char *name; PyObject *(*call)(PyObject *, PyObject *); int flags; const char *doc; } PyMethodDef;
typedef struct { const char *name; getter get; setter set; const char *doc; void *closure; } PyGetSetDef;
typedef struct { int slot; void *function; } PyType_Slot;
typedef struct { const char *name; int size, item, flags; PyType_Slot *slots; } PyType_Spec;
typedef struct { int (*length)(PyObject *); } PySequenceMethods;
typedef struct {
    PyObject base; void *type; const char *name; int size; int (*clear)(PyObject *); PySequenceMethods *sequence;
    PyMethodDef *methods; PyGetSetDef *getset; void *more[4];
} PyTypeObject;
typedef struct {
    int refs; void *type; const char *name; PyMethodDef *methods; PyType_Slot *slots; PyTypeObject *t; PyType_Spec *s; int x;
} PyModuleDef;
struct _inittab { const char *name; PyObject *(*init)(void); };
END
    cat >probe.c <<'END'
#include "Python.h"
struct row { unsigned number; void (*wanted)(void); };
#define ROW(name, n, f) const struct row name = {n, f}
#define FUNCTION(name, result, ...) extern result want_##name(__VA_ARGS__)
#define WANTED(name) (void (*)(void)) want_##name
#define SIZE(t) ROW(wl_size__##t, sizeof(t), 0)
#define INNER(t, member, other) ROW(wl_inner__##t##__##other, offsetof(t, member), 0)
FUNCTION(clear, int, PyObject *); FUNCTION(length, int, PyObject *); FUNCTION(exec, int, PyObject *);
FUNCTION(none, PyObject *, PyObject *, PyObject *); FUNCTION(keywords, PyObject *, PyObject *, PyObject *, PyObject *);
FUNCTION(get, PyObject *, PyObject *, void *); FUNCTION(set, int, PyObject *, PyObject *, void *);
SIZE(PyTypeObject); SIZE(PyModuleDef); SIZE(PyMethodDef); SIZE(PyGetSetDef); SIZE(PyType_Spec); SIZE(PySequenceMethods);
ROW(wl_name__PyTypeObject, offsetof(PyTypeObject, name), 0); ROW(wl_name__PyModuleDef, offsetof(PyModuleDef, name), 0);
ROW(wl_name__PyType_Spec, 0, 0);
ROW(wl_field__PyTypeObject__tp_clear, offsetof(PyTypeObject, clear), WANTED(clear)); ROW(wl_slot__tp_clear, 51, WANTED(clear));
ROW(wl_field__PySequenceMethods__sq_length, 0, WANTED(length)); ROW(wl_slot__sq_length, 45, WANTED(length));
INNER(PyTypeObject, sequence, PySequenceMethods); INNER(PyTypeObject, methods, PyMethodDef);
INNER(PyTypeObject, getset, PyGetSetDef); INNER(PyModuleDef, methods, PyMethodDef);
INNER(PyModuleDef, slots, PyModuleDef_Slot); INNER(PyType_Spec, slots, PyType_Slot);
ROW(wl_list__PyMethodDef, 64, 0); ROW(wl_list__PyGetSetDef, 73, 0);
ROW(wl_phase__mod_exec, 2, WANTED(exec));
ROW(wl_method__none, 4, WANTED(none)); ROW(wl_method__keywords, 3, WANTED(keywords));
ROW(wl_access__get, 4, WANTED(get)); ROW(wl_access__set, 8, WANTED(set));
END
    cat >python.c <<'END'
#include <Python.h>
#include <stdio.h>
extern struct _inittab extensions[];
static PyObject self = {5};
static void methods(PyMethodDef *m) {
    for (; m && m->name; m++) {
        PyObject *o = m->flags == 3 ? ((PyObject *(*)(PyObject *, PyObject *, PyObject *))m->call)(&self, &self, &self)
                                    : m->call(&self, NULL);
        printf(" %s=%d", m->name, o ? o->refs : -1);
    }
}
static void accessors(PyGetSetDef *g) {
    for (; g && g->name; g++) {
        if (g->get) printf(" %s=%d", g->name, g->get(&self, g->closure)->refs);
        if (g->set) printf(" %s:%d", g->name, g->set(&self, &self, g->closure));
    }
}
static void slots(PyType_Slot *s) {
    for (; s && s->slot; s++) {
        if (s->slot == 64) methods(s->function);
        else if (s->slot == 73) accessors(s->function);
        else printf(" %d=%d", s->slot, ((int (*)(PyObject *))s->function)(&self));
    }
}
int main(void) {
    for (struct _inittab *e = extensions; e->name; e++) {
        PyModuleDef *m = (PyModuleDef *)e->init();
        printf("%s (%s):", e->name, m->name);
        methods(m->methods);
        slots(m->slots);
        if (m->t) { printf(" %d", m->t->clear(&self)); methods(m->t->methods); accessors(m->t->getset); }
        if (m->t && m->t->sequence) printf(" %d", m->t->sequence->length(&self));
        if (m->s) slots(m->s->slots);
        printf("\n");
    }
}
END
    ok wl-cc -O1 -I. -c probe.c -o probe.o
}

# A module with functions of wrong types in every kind of table, and tables of something else that must stay.
wrong_module() {
    cat <<'END'
#include <Python.h>
static PyObject one = {1}, two = {2}, three = {3};
static PyObject *right(PyObject *s, PyObject *n) { return n ? n : s; }
static PyObject *none(PyObject *s) { return s->refs == 5 ? &one : 0; }
static PyObject *nothing(void) { return &two; }
static PyObject *keywords(PyObject *s, PyObject *a) { return s == a ? &three : 0; }
static PyObject *more(PyObject *s, PyObject *a, PyObject *x) { return s && !a && !x ? &one : 0; }
static long long wide(long long s) { return s; }
static void no_result(PyObject *s) { s->refs = 5; }
static PyObject *get(PyObject *s) { return s; }
static int set(PyObject *s, PyObject *v) { return s == v ? 7 : 8; }
static int set4(PyObject *s, PyObject *v, void *c, int x) { return s == v && c && !x ? 9 : 8; }
static int length(void) { return 10; }
static int clear(PyObject *s, void *x) { return s && !x ? 11 : 12; }
static int exec(void) { return 13; }
#define CALL(f) ((PyObject *(*)(PyObject *, PyObject *))(void *)f)
static PyMethodDef type_methods[] = {{"none", CALL(none), 4, 0}, {"keywords", CALL(keywords), 3, "x"}, {0}};
static PyMethodDef slot_methods[] = {{"only", CALL(none), 4, 0}, {0}};
static PyMethodDef methods[] = {{"right", right, 4, 0}, {"none", CALL(none), 4, 0}, {"nothing", CALL(nothing), 4, 0},
    {"more", CALL(more), 4, 0}, {"wide", CALL(wide), 4, 0}, {"void", CALL(no_result), 4, 0}, {0}};
static int mark;
static PyGetSetDef getset[] = {{"a", (getter)(void *)get, (setter)(void *)set, 0, 0}, {"b", 0, (setter)(void *)set4, "b", &mark}, {0}};
static PyGetSetDef slot_getset[] = {{"c", (getter)(void *)get, 0, 0, 0}, {0}};
static PySequenceMethods sequence = {(int (*)(PyObject *))(void *)length};
static PyTypeObject type = {{1}, 0, "type", 8, (int (*)(PyObject *))(void *)clear, &sequence, type_methods, getset, {0}};
static PyType_Slot slots[] = {{51, clear}, {64, slot_methods}, {73, slot_getset}, {45, length}, {0, 0}};
static PyType_Spec spec = {"spec", 8, 0, 0, slots};
static PyType_Slot phases[] = {{2, exec}, {0, 0}};
/* What only looks alike: all functions of one type, and called by that. */
static PyObject *command(PyObject *o) { return o; }
struct command { const char *name; PyObject *(*run)(PyObject *); int number; const char *help; };
struct number { int number; PyObject *(*run)(PyObject *); };
static struct command commands[] = {{"a", command, 4, "help"}, {"b", command, 3, 0}, {0}};
static struct number numbers[] = {{51, none}, {45, command}, {0, 0}};
struct command *volatile all_commands = commands;
struct number *volatile all_numbers = numbers;
static int loud(void) { PyObject x = {5}; return all_commands[1].run(&x)->refs + all_numbers[0].run(&x)->refs; }
static PyModuleDef module = {1, 0, "NAME", methods, phases, &type, &spec, 0};
PyObject *PyInit_NAME(void);
PyObject *PyInit_NAME(void) { module.x = loud(); return (PyObject *)&module; }
END
}

# `module DIRECTORY NAME [FILE]`: a bundle of the C program on stdin, in which NAME stands for the module's name.
module() {
    mkdir -p "$1"
    sed "s/NAME/$2/g" >"$2.c"
    # shellcheck disable=SC2086 # words
    ok wl-cc -O1 -I. -w -shared "$2.c" ${LIBS-} -o "$1/${3-$2.cpython-313-wasm32-wasi.so}"
}

good_module() {
    cat <<'END'
#include <Python.h>
static PyObject here = {NUMBER};
PyObject *call(PyObject *s, PyObject *n) { return &here; }
PyMethodDef methods[] = {{"call", call, 4, 0}, {0}};
PyModuleDef module = {1, 0, "NAME", methods, 0, 0, 0, 0};
PyObject *PyInit_NAME(void) { return (PyObject *)&module; }
END
}

# The Python with what wl-bundle has written.
link_and_run() {
    # shellcheck disable=SC2046,SC2086 # words
    ok wl-cc -O1 -w -I. python.c made/extensions.c $(sed 's|^|made/|' made/objects) -o all.wasm
    ok $RUN all.wasm
}

test_wheels_become_modules() {
    prepare
    small_python
    LIBS='-lz -lm' module one/a/b c < <(good_module | sed s/NUMBER/1/)
    LIBS=-ljpeg module two/a/b__c d d.abi3.so < <(good_module | sed s/NUMBER/2/)
    module two/a__b/c d d.so < <(good_module | sed s/NUMBER/3/)
    module two/pkg-1.data/platlib/p _core < <(good_module | sed s/NUMBER/4/)
    module two _core < <(good_module | sed s/NUMBER/5/)
    printf 'int function(void) { return 1; }\n' >library.c
    ok wl-cc -shared library.c -o two/libhelp.so
    echo 'GROUP ( libx.a )' >two/script.so
    mkdir two/p-1.dist-info
    printf '_core.cpython-313-wasm32-wasi.so,sha256=x,1\na/b.py,,\nlibhelp.so,,\nx/_core.cpython-313-wasm32-wasi.so,,\n' \
        >two/p-1.dist-info/RECORD
    cp -R one one-2
    cp -R two two-2
    ok wl-bundle made one two
    out 'a.b.c: a/b/c.cpython-313-wasm32-wasi.so' 'removed, because modules contain what they need of it: libhelp.so'
    is "$(tr '\n' ' ' <made/objects)" "_core.o a.b.c.o a.b__c.d.o a__b.c.d.o p._core.o "
    is "$(tr '\n' ' ' <made/libraries)" "jpeg z "
    is "$(cat made/systems)" m
    is "$(cat made/languages)" ""
    is "$(find one two -name '*.so')" two/script.so "what is left"
    is "$(cat two/p-1.dist-info/RECORD)" "a/b.py,,
x/_core.cpython-313-wasm32-wasi.so,,"
    "$PYTHON" -c '
import json
r = json.load(open("made/report.json"))
assert [m["module"] for m in r["modules"]] == ["_core", "a.b.c", "a.b__c.d", "a__b.c.d", "p._core"], r
assert r["libraries"] == ["jpeg", "z"] and r["systems"] == ["m"] and r["c++"] is False and r["exceptions"] is False
assert r["removed libraries"] == ["libhelp.so"]
assert r["modules"][1]["file"] == "a/b/c.cpython-313-wasm32-wasi.so" and r["modules"][1]["libraries"] == ["z"]
assert len({m["init"] for m in r["modules"]}) == 5' || fail "the report is wrong"
    link_and_run
    is "$(cat .out)" "_core (_core): call=5
a.b.c (c): call=1
a.b__c.d (d): call=2
a__b.c.d (d): call=3
p._core (_core): call=4"
    # In another order, the same.
    ok wl-bundle made-2 two-2 one-2
    ok diff -r made made-2
}

# Elsewhere they run when the module is loaded, and may call Python. Those with a small number come first.
test_constructors_run_when_the_module_starts() {
    prepare
    small_python
    sed -i 's/^int main(void) {/static int ready;\nint Py_IsInitialized(void) { return ready; }\n&\n    ready = 1;/' python.c
    cat >constructors.c <<'END'
#include <Python.h>
int Py_IsInitialized(void);
extern int other;
static PyObject here;
PyObject *call(PyObject *s, PyObject *n) { return &here; }
PyMethodDef methods[] = {{"call", call, 4, 0}, {0}};
PyModuleDef module = {1, 0, "NAME", methods, 0, 0, 0, 0};
static void add(int digit) { here.refs = here.refs * 10 + (Py_IsInitialized() ? digit : 9); }
__attribute__((constructor(300))) static void third(void) { add(3); }
__attribute__((constructor(101))) static int first(void) { add(1); return 5; }
__attribute__((constructor(200))) static void second(void) { add(other); }
PyObject *PyInit_NAME(void);
PyObject *PyInit_NAME(void) { add(4); return (PyObject *)&module; }
END
    printf 'int other;\n__attribute__((constructor(150))) static void set(void) { other = 2; }\n' >other.c
    ok wl-cc -c other.c -o other.o
    ok llvm-ar-22 crs libother.a other.o
    LIBS=libother.a module one/a c <constructors.c
    LIBS=libother.a module one/b c <constructors.c
    ok wl-bundle made one
    link_and_run
    is "$(cat .out)" "a.c (c): call=1234
b.c (c): call=1234"
}

test_functions_of_wrong_types_are_adapted() {
    prepare
    small_python
    module one wrong < <(wrong_module)
    module one fine < <(good_module | sed s/NUMBER/5/)
    cp -R one two
    # Without adapters, the program ends.
    ok wl-bundle made two
    ok wl-cc -O1 -w -I. python.c made/extensions.c made/fine.o made/wrong.o -o all.wasm
    run $RUN all.wasm
    [ "$st" != 0 ] || fail "functions of wrong types can be called"
    rm -r made
    ok wl-bundle -v --probe probe.o made one
    out 'adapted: methods has none as method 1 (none), a function (i32) -> i32, but Python calls (i32, i32) -> i32' \
        'left, because the table may be something else: commands has command as method 0 (none)'
    is "$(grep -c ' adapted: ' .out)" 17 "number of adapters"
    is "$(grep -c warning: .out)" 0 "number of functions that cannot be adapted"
    link_and_run
    is "$(cat .out)" "fine (fine): call=5
wrong (wrong): right=5 none=1 nothing=2 more=1 wide=5 void=-1 2=13 11 none=1 keywords=3 a=5 a:7 b:9 10 51=11 only=1 c=5 45=10"
    "$PYTHON" -c '
import json
wrong = [m for m in json.load(open("made/report.json"))["modules"] if m["module"] == "wrong"][0]["functions"]
assert sum(f["fate"] == "adapted" for f in wrong) == 17
assert {f["table"] for f in wrong if f["fate"] == "uncertain"} <= {"commands", "numbers"}, wrong' || fail "the report is wrong"
}

test_what_cannot_be_adapted() {
    prepare
    small_python
    wrong_module | sed 's/static PyObject \*nothing(void) .*/static double nothing(double s) { return s; }/' >changed.c
    module one wrong <changed.c
    ok wl-bundle --probe probe.o made one
    out 'warning: methods has nothing as method 2 (none), a function (f64) -> f64, but Python calls (i32, i32) -> i32; that call will end the program'
}

test_wheels_that_are_refused() {
    local probe
    prepare
    small_python
    printf 'int native;\n' >native.c
    refused() {
        rm -rf made
        run wl-bundle "${probe[@]}" made one
        status 1
        err "$1"
        is "$(wc -l <.err)" 1 "lines of the message"
        not_there made
        is "$(find . -name 'made.*')" "" "what is left"
        there one/fine.so
        rm -rf one
        module one fine fine.so < <(good_module | sed s/NUMBER/5/)
    }
    probe=()
    module one fine fine.so < <(good_module | sed s/NUMBER/5/)
    gcc -shared -fPIC native.c -o one/native.so
    refused 'one/native.so is a shared library for another machine'
    module one fine fine.cpython-313.so < <(good_module | sed s/NUMBER/5/)
    refused 'the module fine exists twice: in one/fine.cpython-313.so and in one/fine.so'
    module one/p p __init__.so < <(good_module | sed 's/NUMBER/5/; s/PyInit_NAME/PyInit___init__/')
    refused 'one/p/__init__.so is a package whose __init__ is an extension module'
    module one/p p __init__.cpython-313.so < <(good_module | sed 's/NUMBER/5/')
    refused 'one/p/__init__.cpython-313.so is a package whose __init__ is an extension module'
    module one/p p other.so < <(good_module | sed s/NUMBER/5/)
    refused 'one/p/other.so has no PyInit_other, only PyInit_p'
    module one/no-name p < <(good_module | sed s/NUMBER/5/)
    refused 'no import leads to it'
    printf 'int main(void) { return 0; }\n' >program.c
    ok wl-cc program.c -o one/program.so
    refused 'one/program.so is a linked WebAssembly module'
    printf 'int function(void) { return 0; }\n' >empty.c
    ok wl-cc -shared empty.c -o one/empty.cpython-313-wasm32-wasi.so
    refused 'is named as an extension module, but has no PyInit_empty'
    head -c 300 one/fine.so >one/cut.so
    refused 'one/cut.so is damaged'
    probe=(--probe one/fine.so)
    refused 'one/fine.so is no probe'
    probe=(--probe nothing)
    refused 'cannot read nothing'
    mkdir made
    touch made/file
    run wl-bundle made one
    status 1
    err 'made exists already'
    run wl-bundle made
    status 2
    ok wl-bundle --help
    out 'Usage: wl-bundle'
    mkdir none
    rm -r made
    ok wl-bundle made none
    is "$(cat made/objects)" ""
}

main "$@"
