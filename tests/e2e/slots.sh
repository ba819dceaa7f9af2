#!/bin/bash
# tools/slots on small object files: the mistakes that it finds, and data that it must not take for a table.
. "${BASH_SOURCE[0]%/*}/lib.sh"

# The tool, a header with the tables of a small Python, and the expected types.
prepare() {
    CLANG=$(command -v clang-22 || command -v clang) || skip "there is no clang"
    "$CLANG" --target=wasm32 -c -x c /dev/null -o empty.o 2>.err || skip "clang has no WebAssembly here"
    local tools=$WL_SOURCE_ROOT/tools
    gcc -std=c17 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined -Wall -Wextra -I"$tools/object" "$tools"/object/*.c \
        "$tools"/slots/{check,place,rows,tables}.c -o check || fail "the tool does not compile"
    export ASAN_OPTIONS=detect_leaks=0
    cat >small.h <<'END'
typedef struct object { int refs; } object;
typedef int (*inquiry)(object *);
typedef object *(*unary)(object *);
typedef object *(*binary)(object *, object *);
typedef struct { unary negative; binary add; } PyNumberMethods;
typedef struct { unary await; } PyAsyncMethods;
typedef struct { binary concat; } PySequenceMethods;
typedef struct { binary subscript; } PyMappingMethods;
typedef struct { inquiry get; } PyBufferProcs;
typedef struct {
    object base; void *type; const char *name; int size; inquiry clear; unary str;
    PyAsyncMethods *async; PyNumberMethods *number; PySequenceMethods *sequence; PyMappingMethods *mapping; PyBufferProcs *buffer;
} PyTypeObject;
typedef struct { int refs; void *type; void *init; const char *name; int size; inquiry clear; void *methods; } PyModuleDef;
typedef struct { const char *name; void *call; int flags; const char *doc; } PyMethodDef;
typedef struct { const char *name; void *get, *set; const char *doc; void *closure; } PyGetSetDef;
typedef struct { int slot; void *function; } PyType_Slot;
END
    cat >probe.c <<'END'
#include "small.h"
struct row { unsigned number; void (*wanted)(void); };
#define ROW(name, n, f) const struct row name = {n, f}
#define FUNCTION(name, result, ...) extern result want_##name(__VA_ARGS__)
#define WANTED(name) (void (*)(void)) want_##name
#define FIELD(table, member) ROW(wl_field__##table##__##member, __builtin_offsetof(table, member), WANTED(member))
#define SLOT(table, member, n) FIELD(table, member); ROW(wl_slot__##member, n, WANTED(member))
FUNCTION(clear, int, object *); FUNCTION(str, object *, object *); FUNCTION(negative, object *, object *);
FUNCTION(add, object *, object *, object *); FUNCTION(await, object *, object *); FUNCTION(concat, object *, object *, object *);
FUNCTION(subscript, object *, object *, object *); FUNCTION(get, int, object *); FUNCTION(exec, int, object *);
FUNCTION(none, object *, object *, object *); FUNCTION(fast, object *, object *, object **, int);
FUNCTION(getter, object *, object *, void *); FUNCTION(setter, int, object *, object *, void *);
#define SIZE(table) ROW(wl_size__##table, sizeof(table), 0)
SIZE(PyTypeObject); SIZE(PyModuleDef); SIZE(PyMethodDef); SIZE(PyGetSetDef); SIZE(PyNumberMethods); SIZE(PyAsyncMethods);
SIZE(PySequenceMethods); SIZE(PyMappingMethods); SIZE(PyBufferProcs);
ROW(wl_name__PyTypeObject, __builtin_offsetof(PyTypeObject, name), 0);
ROW(wl_name__PyModuleDef, __builtin_offsetof(PyModuleDef, name), 0);
ROW(wl_inner__PyTypeObject__PyNumberMethods, __builtin_offsetof(PyTypeObject, number), 0);
SLOT(PyTypeObject, clear, 51); SLOT(PyTypeObject, str, 70); SLOT(PyNumberMethods, negative, 22); SLOT(PyNumberMethods, add, 7);
ROW(wl_field__PyModuleDef__m_clear, __builtin_offsetof(PyModuleDef, clear), WANTED(clear));
ROW(wl_phase__mod_exec, 2, WANTED(exec));
ROW(wl_method__none, 4, WANTED(none)); ROW(wl_method__fast, 0x80, WANTED(fast));
ROW(wl_access__get, 4, WANTED(getter)); ROW(wl_access__set, 8, WANTED(setter));
END
    cat >tables.h <<'END'
#define KEEP __attribute__((used)) static
KEEP PyNumberMethods number = {negative, add};
KEEP PyTypeObject type = {{1}, 0, "type", 8, clear, str, 0, &number, 0, 0, 0};
KEEP PyModuleDef module = {1, 0, 0, "module", 0, clear, 0};
KEEP PyType_Slot slots[] = {{51, clear}, {70, str}, {60, "doc"}, {22, negative}, {0, 0}};
KEEP PyType_Slot phases[] = {{2, exec}, {3, 0}, {0, 0}};
KEEP PyMethodDef methods[] = {{"none", none, 4, "doc"}, {"fast", fast, 0x80 | 0x20, 0}, {0, 0, 1, 0}};
KEEP PyGetSetDef accessors[] = {{"both", getter, setter, 0, 0}, {"read", getter, 0, "doc", 0}, {0}};
/* What only looks alike. */
KEEP struct { const char *name; void *call; int number; const char *doc; } others[] = {{"other", other, 12345, 0}, {0}};
KEEP struct { int number; void *call; } numbers[] = {{51, other}, {100000, other}, {0, 0}};
END
    object probe probe.c
    cat >functions.h <<'END'
#include "small.h"
object *str(object *o) { return o; }
object *add(object *a, object *b) { return a ? a : b; }
int other(double x) { return (int)x; }
END
    cat >right.c <<'END'
#include "functions.h"
int clear(object *o) { return !o; }
object *negative(object *o) { return o; }
int exec(object *o) { return !o; }
object *none(object *o, object *n) { return o ? o : n; }
object *fast(object *o, object **a, int n) { return n ? a[0] : o; }
object *getter(object *o, void *c) { return c ? c : o; }
int setter(object *o, object *v, void *c) { return o && v && c; }
#include "tables.h"
END
    object right right.c
}

object() {
    "$CLANG" --target=wasm32 -O1 -ffreestanding -Wno-everything -I. -c "$2" -o "$1.o" || fail "$2 does not compile"
}

test_right_types_pass() {
    prepare
    run ./check probe.o right.o
    status 0
    out '9 slots, 3 getters and setters, 2 methods; 0 of a wrong type'
}

test_each_wrong_type_is_named() {
    local change table function place
    prepare
    while IFS='|' read -r change table function place; do
        sed "$change" right.c >wrong.c
        cmp -s right.c wrong.c && fail "nothing was changed by $change"
        object wrong wrong.c
        run ./check probe.o wrong.o
        status 1
        err "wrong.o: $table has $function as $place, which is a function"
    done <<'END'
s/^int clear(object \*o) .*/void clear(object *o) { }/|slots|clear|Py_clear
s/^int clear(object \*o) .*/void clear(object *o) { }/|type|clear|clear
s/^int clear(object \*o) .*/void clear(object *o) { }/|module|clear|m_clear
s/^object \*negative.*/object *negative(object *o, int n) { return o + n; }/|number|negative|negative
s/^int exec.*/int exec(void) { return 0; }/|phases|exec|Py_mod_exec
s/^object \*none.*/object *none(object *o) { return o; }/|methods|none|method 0 (none)
s/^object \*fast.*/object *fast(object *o, object *a) { return o + 1; }/|methods|fast|method 1 (fast)
s/^object \*getter.*/object *getter(object *o) { return o; }/|accessors|getter|the getter of entry 1
s/^int setter.*/int setter(object *o, object *v, long long c) { return 0; }/|accessors|setter|the setter of entry 0
END
    err 'a function (i32, i32, i64) -> i32, but must be a function (i32, i32, i32) -> i32'
}

test_archives_and_several_files() {
    local ar
    prepare
    ar=$(command -v llvm-ar-22 || command -v ar)
    sed 's/^object \*none.*/object *none(object *o) { return o; }/' right.c >a-name-of-more-than-sixteen-letters.c
    object a-name-of-more-than-sixteen-letters a-name-of-more-than-sixteen-letters.c
    "$ar" crD both.a right.o a-name-of-more-than-sixteen-letters.o
    run ./check probe.o both.a right.o
    status 1
    err 'a-name-of-more-than-sixteen-letters.o: methods has none as method 0 (none)'
    out '27 slots, 9 getters and setters, 6 methods; 1 of a wrong type'
}

# Whatever a file contains, it is refused or checked, and the tool never reads beyond it.
test_damaged_files() {
    local n size
    prepare
    echo 'no object' >text
    run ./check probe.o text
    status 2
    err 'text is not a WebAssembly object file'
    run ./check probe.o nothing
    status 2
    err 'cannot read nothing'
    run ./check right.o right.o
    status 2
    err 'right.o is no probe: it has no wl_size__PyTypeObject'
    size=$(stat -c %s right.o)
    for ((n = 0; n < 120; n++)); do
        head -c $((size * n / 120)) right.o >part.o
        run ./check probe.o part.o
        [ "$st" -le 2 ] || fail "a part of $n/120"
        "$PYTHON" -c '
import random, sys
data = bytearray(open("right.o", "rb").read())
chance = random.Random(int(sys.argv[1]))
for _ in range(3):
    data[chance.randrange(8, len(data))] = chance.choice((0, 1, 0x7f, 0x80, 0xff, chance.randrange(256)))
open("part.o", "wb").write(data)' "$n"
        run ./check probe.o part.o
        [ "$st" -le 2 ] || fail "damaged with seed $n"
    done
}

main "$@"
