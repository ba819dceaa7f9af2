"""Functions of the C library by their names (ABI mode), data of C types, and callbacks."""
import _cffi_backend
import cffi

print(_cffi_backend.__version__ == cffi.__version__, cffi.FFI().new("int[]", 3).__class__.__module__)
ffi = cffi.FFI()
ffi.cdef("""
    typedef struct { int quot, rem; } div_t;
    size_t strlen(const char *);
    int snprintf(char *, size_t, const char *, ...);
    void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
    div_t div(int, int);
    double pow(double, double), strtod(const char *, char **);
    float sqrtf(float);
    long long llabs(long long);

    enum color { RED, GREEN = 5, BLUE };
    struct point { int x, y; };
    struct shape { char name[8]; struct point points[2]; enum color color; unsigned a : 3, b : 5; union { float f; uint32_t bits; } u; };
    typedef int (*binary)(int, int);
    typedef struct point (*mover)(struct point, int);
""")
C = ffi.dlopen(None)
print(C.strlen(b"caf\xc3\xa9"), C.pow(2.0, 0.5), C.sqrtf(2.0), C.llabs(-2**40), C.RED, C.BLUE)
room = ffi.new("char[]", 80)
n = C.snprintf(room, 80, b"%d %s %.3f %lld %c", ffi.cast("int", -7), ffi.new("char[]", b"text"), ffi.cast("double", 1.5),
               ffi.cast("long long", 2**50), ffi.cast("int", 65))
print(n, ffi.string(room))
d = C.div(17, 5)
print(d.quot, d.rem, ffi.typeof(d))
end = ffi.new("char **")
text = ffi.new("char[]", b"2.5e3 rest")
print(C.strtod(text, end), ffi.string(end[0]))


@ffi.callback("int(const void *, const void *)")
def compare(a, b):
    x, y = ffi.cast("int *", a)[0], ffi.cast("int *", b)[0]
    return (x > y) - (x < y)


numbers = ffi.new("int[]", [3, -1, 20, 7, 0])
C.qsort(numbers, len(numbers), ffi.sizeof("int"), compare)
print(list(numbers), ffi.unpack(numbers, 3))

shape = ffi.new("struct shape *", {"name": b"box", "points": [{"x": 1, "y": 2}, (3, 4)], "color": C.GREEN, "a": 5, "b": 17})
shape.u.f = 1.0
print(ffi.string(shape.name), shape.points[1].y, shape.color, shape.a, shape.b, hex(shape.u.bits), ffi.sizeof(shape[0]))
print(ffi.offsetof("struct shape", "points"), [(k, f.type.cname, f.offset, f.bitsize) for k, f in ffi.typeof("struct shape").fields])
print(bytes(ffi.buffer(shape.points)) == b"\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0", ffi.string(ffi.cast("enum color", 6)), ffi.getctype("binary", "f[2]"))
ffi.memmove(shape.points[0:1], b"\x09\0\0\0", 4)
print(shape.points[0].x, ffi.from_buffer("int[]", bytearray(b"\1\0\0\0\2\0\0\0"))[1])

# Called from Python, a callback goes through C, too.
add = ffi.callback("binary", lambda a, b: a + b)
move = ffi.callback("mover", lambda p, by: ffi.new("struct point *", (p.x + by, p.y - by))[0])
moved = move(shape.points[1], 10)
print(add(40, 2), moved.x, moved.y)
failing = ffi.callback("binary", lambda a, b: a // b, error=-1, onerror=lambda kind, value, where: print(kind.__name__, value))
print(failing(7, 2), failing(1, 0))

handle = ffi.new_handle(["kept"])
print(ffi.from_handle(ffi.cast("void *", handle)))
freed = []
owner = ffi.gc(ffi.new("int *", 5), lambda p: freed.append(p[0]))
del owner
print(freed, ffi.NULL == ffi.cast("int *", 0), ffi.cast("int8_t", 200), int(ffi.cast("uint16_t", -1)))
for wrong in (lambda: C.missing, lambda: ffi.new("int *", 2**31), lambda: C.strlen(5), lambda: numbers[5], lambda: C.div(1),
              lambda: ffi.cdef("int f("), lambda: ffi.new("struct unknown *"), lambda: shape.size, lambda: ffi.NULL[0]):
    try:
        wrong()
        print("no error")
    except Exception as e:
        print(type(e).__name__, str(e).split("\n")[0] if not isinstance(e, cffi.CDefError) and wrong.__code__.co_names[-1:] != ("missing",) else "")
