#!/usr/bin/python3
"""hostile.py modules DIR: writes modules that take as much memory or time as they can get, while they are compiled or while
they run. DIR/list says how each must end: a line "KIND NAME" for the file NAME.wasm. KIND is refused (it is not
run), large (it starts with more than 64 MiB), ok (it ends with status 0, whatever the limit) or bomb (it is compiled
and ends with status 0, or it is not run).

hostile.py CALLS WAT CASES: writes a module that does everything that a hostile one would, each attack in its own function.
CASES says how each must end: a line "KIND NAME". The number of the program's arguments, including its own name,
chooses the function. CALLS is host/abi/wasi_calls.h.

KIND is ok (it ends with status 0), exit=N, or the reason why it is stopped: memory, table, signature, null, unreachable, zero
(division), number (a result that does not fit), stack."""

import re
import sys


# --- modules of their own ---


def number(n):
    out = b""
    while True:
        out += bytes([n & 0x7F | (0x80 if n > 0x7F else 0)])
        n >>= 7
        if not n:
            return out


def vector(items):
    return number(len(items)) + b"".join(items)


def section(kind, content):
    return bytes([kind]) + number(len(content)) + content if content else b""


def function(code, locals_=b"\0"):
    body = locals_ + code + b"\x0b"
    return number(len(body)) + body


def module(start=b"", *, functions=(), types=(), tables=(), memories=(), elements=b"", data=b""):
    """A program whose _start has this code; further functions have no parameters and no results."""
    bodies = [start if isinstance(start, tuple) else (start,), *functions]
    return (b"\0asm\1\0\0\0" + section(1, vector([b"\x60\0\0", *types])) + section(3, vector([b"\0"] * len(bodies))) +
            section(4, vector(tables) if tables else b"") + section(5, vector(memories) if memories else b"") +
            section(7, vector([b"\6_start\0\0"])) + section(9, elements) + section(10, vector([function(*b) for b in bodies])) +
            section(11, data))


def modules():
    grow = b"\x03\x40\x41\1\x40\0\x22\0\x41\x7f\x47\x04\x40"  # loop: one page more, until that fails
    grow += b"\x20\0\x41\x10\x74\x41\1\x41" + b"\x80\x80\x04" + b"\xfc\x0b\0"  # memory.fill on that page
    grow += b"\x0c\1\x0b\x0b"
    one_local = b"\1\1\x7f"

    def grow_table(i):  # 4096 more elements
        return b"\x03\x40\xd0\x6f\x41\x80\x20\xfc\x0f" + bytes([i]) + b"\x41\x7f\x47\x0d\0\x0b"

    table, memory = b"\x6f\0\x0a", b"\0\1"
    yield "refused", "many memories", module(memories=[b"\0" + number(1000)] * 40)
    yield "refused", "many tables", module(tables=[b"\x6f\0" + number(1000000)] * 40)
    yield "refused", "a memory of 64 bits", module(memories=[b"\4" + number(1 << 17)])
    yield "refused", "a table of 64 bits", module(tables=[b"\x6f\4" + number(1 << 20)])
    yield "large", "a table without end", module(tables=[b"\x6f\0" + number(2**32 - 1)])
    yield "large", "a large table", module(tables=[b"\x6f\0" + number(9000000)])
    yield "large", "a large memory", module(memories=[b"\0" + number(1025)])
    yield "large", "large tables", module(tables=[b"\x6f\0" + number(600000)] * 16)
    yield "ok", "a memory that grows by a page", module((grow, one_local), memories=[memory])
    yield "ok", "a table that grows", module(grow_table(0), tables=[table])
    yield "ok", "tables that grow", module(b"".join(map(grow_table, range(16))), tables=[table] * 16)
    yield "ok", "memory and tables that grow", module((grow + b"".join(map(grow_table, range(8))), one_local), tables=[table] * 8,
                                                      memories=[memory])
    yield "ok", "tables and memory that grow", module((b"".join(map(grow_table, range(8))) + grow, one_local), tables=[table] * 8,
                                                      memories=[memory])
    nothing = (b"",)
    yield "bomb", "functions", module(functions=[nothing] * 500000)
    yield "bomb", "locals", module(functions=[(b"", b"\1" + number(50000) + b"\x7f")] * 5000)
    yield "refused", "too many locals", module(functions=[(b"", b"\1" + number(2**32 - 1) + b"\x7f")])
    yield "bomb", "locals that are used", module((b"".join(
        b"\x03\x40\x20" + number(i % 9000) + b"\x41\1\x6a\x22" + number((i + 1) % 9000) + b"\x0d\0\x0b" for i in range(50000)),
        b"\1" + number(9000) + b"\x7f"))
    yield "bomb", "blocks in blocks", module(b"\x02\x40" * 1000000 + b"\x0b" * 1000000)
    yield "bomb", "loops in loops", module(b"\x03\x40" * 500000 + b"\x0b" * 500000)
    yield "bomb", "conditions in conditions", module(b"\x41\1\x04\x40" * 500000 + b"\x0b" * 500000)
    yield "bomb", "calls", module(functions=[(b"\x10\0" * 1000000,)] * 4)
    jump = b"\x02\x40\x41\0\x0e" + number(1000) + b"\0" * 1001 + b"\x0b"
    yield "bomb", "jumps by tables", module(functions=[(jump * 2000,)] * 4)
    yield "refused", "a jump to very many places", module(b"\x02\x40\x41\0\x0e" + number(3000000) + b"\0" * 3000001 + b"\x0b")
    yield "bomb", "types", module(types=[b"\x60\3" + bytes([0x7F - (i & 3), 0x7F - (i >> 2 & 3), 0x7F - (i >> 4 & 3)]) + b"\0"
                                         for i in range(500000)])
    yield "bomb", "segments of data", module(memories=[memory], data=number(100000) + b"\0\x41\0\x0b\0" * 100000)
    yield "refused", "too many segments of data", module(memories=[memory], data=number(2**32 - 1) + b"\0\x41\0\x0b\0")
    yield "bomb", "segments of a table", module(tables=[b"\x70\0\1"], elements=number(100000) + b"\0\x41\0\x0b\1\0" * 100000)
    yield "refused", "too many segments of a table", module(tables=[b"\x70\0\1"],
                                                           elements=number(2**32 - 1) + b"\0\x41\0\x0b\1\0")


if sys.argv[1] == "modules":
    with open(f"{sys.argv[2]}/list", "w", encoding="utf-8") as f:
        for kind, name, content in modules():
            with open(f"{sys.argv[2]}/{name}.wasm", "wb") as m:
                m.write(content)
            f.write(f"{kind} {name}\n")
    sys.exit()

# --- one module for all cases of a run ---

SIZE = 65536
cases = []  # (kind, name, body of the function)
extra = [f"(global $seen_{t} (mut {t}) ({t}.const 0))" for t in ("i32", "i64", "f32", "f64")]  # other functions and segments


def case(kind, name, body):
    cases.append((kind, name, body))


# --- loads and stores of every width, at every edge ---

LOADS = """i32.load8_s 1, i32.load8_u 1, i32.load16_s 2, i32.load16_u 2, i32.load 4, i64.load8_s 1, i64.load8_u 1, i64.load16_s 2,
i64.load16_u 2, i64.load32_s 4, i64.load32_u 4, i64.load 8, f32.load 4, f64.load 8, v128.load 16, v128.load8x8_s 8,
v128.load16x4_u 8, v128.load32x2_s 8, v128.load8_splat 1, v128.load16_splat 2, v128.load32_splat 4, v128.load64_splat 8,
v128.load32_zero 4, v128.load64_zero 8, v128.load8_lane 1, v128.load16_lane 2, v128.load32_lane 4, v128.load64_lane 8"""
STORES = """i32.store8 1, i32.store16 2, i32.store 4, i64.store8 1, i64.store16 2, i64.store32 4, i64.store 8, f32.store 4, f64.store 8,
v128.store 16, v128.store8_lane 1, v128.store16_lane 2, v128.store32_lane 4, v128.store64_lane 8"""
ZERO_VECTOR = "(v128.const i64x2 0 0)"
extra.append(f"(global $seen_v128 (mut v128) {ZERO_VECTOR})")


def access(name, offset, at):
    value = ZERO_VECTOR if name.startswith("v128") else f"({name[:3]}.const 1)"
    lane = " 0" if "lane" in name else ""
    text = f"({name} offset={offset}{lane} (i32.const {at})"
    if "store" in name:
        return f"{text} {value})"
    # The value is stored: a native program may leave out a load whose value is not used (docs/native.md).
    return f"(global.set $seen_{name.split('.')[0]} {text}{' ' + value if lane else ''}))"


def one_access(name, size):
    good = [(0, SIZE - size), (SIZE - size, 0), (100, SIZE - size - 100)]
    bad = [(0, SIZE - size + 1), (0, -1), (0, -size), (0, 1 << 31), (SIZE - size + 1, 0), (2**32 - 1, -1), (2**32 - 1, 1),
           (2**32 - size, size)]
    if size > 1:
        bad.append((0, SIZE - 1))
    case("ok", f"{name} inside", " ".join(access(name, *place) for place in good))
    for offset, at in bad:
        case("memory", f"{name} {at}+{offset}", access(name, offset, at))


for word in (LOADS + ", " + STORES).split(","):
    one_access(word.split()[0], int(word.split()[1]))

# --- memory as a whole ---


def same(left, right):
    return f"(if (i32.ne {left} (i32.const {right})) (then unreachable))"


case("ok", "memory.grow within its limit", " ".join([
    same("(memory.grow (i32.const 0))", 1), same("(memory.grow (i32.const -1))", -1), same("(memory.grow (i32.const 65536))", -1),
    same("(memory.grow (i32.const 3))", -1), same("(memory.grow (i32.const 2))", 1), same("(memory.grow (i32.const 1))", -1),
    same("(memory.size)", 3), "(i64.store (i32.const 196600) (i64.const 1))"]))
case("ok", "memory.grow page by page", "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))" +
     same("(memory.size)", 3) + "(memory.fill (i32.const 65536) (i32.const 7) (i32.const 131072))" +
     same("(i32.load8_u (i32.const 196607))", 7))
case("memory", "behind what has grown page by page", "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))"
     "(i32.store8 (i32.const 196608) (i32.const 1))")
case("memory", "behind what has grown", "(drop (memory.grow (i32.const 1))) (i32.store8 (i32.const 131072) (i32.const 1))")
for name, good, bad in (
    ("fill (i32.const {}) (i32.const 7) (i32.const {})", [(0, SIZE), (SIZE, 0), (SIZE - 1, 1)],
     [(SIZE, 1), (SIZE + 1, 0), (SIZE - 1, 2), (0, SIZE + 1), (1, -1), (-1, 1), (-1, -1)]),
    ("copy (i32.const {}) (i32.const 0) (i32.const {})", [(0, SIZE), (SIZE, 0), (1, SIZE - 1)],
     [(1, SIZE), (SIZE + 1, 0), (0, SIZE + 1), (0, -1), (-1, 1), (-1, -1)]),
    ("copy (i32.const 0) (i32.const {}) (i32.const {})", [(0, SIZE), (SIZE, 0), (1, SIZE - 1)],
     [(1, SIZE), (SIZE + 1, 0), (0, SIZE + 1), (0, -1), (-1, 1), (-1, -1)]),
    ("init $bytes (i32.const {}) (i32.const 0) (i32.const {})", [(SIZE - 4, 4), (SIZE, 0)],
     [(0, 5), (SIZE - 3, 4), (SIZE + 1, 0), (-1, 1), (0, -1)]),
    ("init $bytes (i32.const 0) (i32.const {}) (i32.const {})", [(0, 4), (4, 0)],
     [(1, 4), (5, 0), (-1, 1), (4, -1)]),
):
    case("ok", f"memory.{name.split()[0]} inside", " ".join(f"(memory.{name.format(*n)})" for n in good))
    for n in bad:
        case("memory", f"memory.{name.format(*n)}", f"(memory.{name.format(*n)})")
case("memory", "memory.init of what was dropped",
     "(data.drop $bytes) (memory.init $bytes (i32.const 0) (i32.const 0) (i32.const 0))"
     "(memory.init $bytes (i32.const 0) (i32.const 0) (i32.const 1))")

# --- tables and calls through them: $t has 4 of at most 6 ---

case("ok", "table.grow within its limit", " ".join([
    same("(table.grow $t (ref.null func) (i32.const -1))", -1), same("(table.grow $t (ref.null func) (i32.const 3))", -1),
    same("(table.grow $t (ref.null func) (i32.const 2))", 4), same("(table.size $t)", 6)]))
case("ok", "table.grow one by one", "(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 1)) (i32.const -1))))" +
     same("(table.size $t)", 6) + "(table.set $t (i32.const 5) (ref.func $harmless)) (call_indirect $t (type $nothing) (i32.const 5))")
case("table", "behind what has grown one by one",
     "(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 1)) (i32.const -1))))"
     "(call_indirect $t (type $nothing) (i32.const 6))")
for at in (4, 5, -1, 1 << 31):
    case("table", f"table.get {at}", f"(drop (table.get $t (i32.const {at})))")
    case("table", f"table.set {at}", f"(table.set $t (i32.const {at}) (ref.null func))")
    case("table", f"call_indirect {at}", f"(call_indirect $t (type $nothing) (i32.const {at}))")
for at, n in ((0, 5), (4, 1), (5, 0), (-1, 1), (1, -1)):
    case("table", f"table.fill {at} {n}", f"(table.fill $t (i32.const {at}) (ref.null func) (i32.const {n}))")
    case("table", f"table.copy to {at} {n}", f"(table.copy $t $t (i32.const {at}) (i32.const 0) (i32.const {n}))")
    case("table", f"table.copy from {at} {n}", f"(table.copy $t $t (i32.const 0) (i32.const {at}) (i32.const {n}))")
    case("table", f"table.init to {at} {n}", f"(table.init $t $some (i32.const {at}) (i32.const 0) (i32.const {n}))")
for at, n in ((0, 3), (2, 1), (3, 0), (-1, 1)):
    case("table", f"table.init from {at} {n}", f"(table.init $t $some (i32.const 0) (i32.const {at}) (i32.const {n}))")
case("table", "table.init of what was dropped", "(elem.drop $some) (table.init $t $some (i32.const 0) (i32.const 0) (i32.const 1))")
case("ok", "table.copy, fill and init inside",
     "(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 3)) (table.fill $t (i32.const 4) (ref.null func) (i32.const 0))"
     "(table.init $t $some (i32.const 2) (i32.const 0) (i32.const 2)) (call_indirect $t (type $nothing) (i32.const 1))")
case("null", "call_indirect of nothing", "(call_indirect $t (type $nothing) (i32.const 2))")
case("null", "call_indirect of what was taken away",
     "(table.set $t (i32.const 0) (ref.null func)) (call_indirect $t (type $nothing) (i32.const 0))")
for type_, arguments, result in (("$long", "(i64.const 1)", True), ("$other", "(i32.const 1)", False), ("$gives", "", True),
                                 ("$float", "(f32.const 1)", True)):
    call = f"(call_indirect $t (type {type_}) {arguments} (i32.const 0))"
    case("signature", f"call_indirect as {type_}", f"(drop {call})" if result else call)
    call = f"(call_indirect $t (type $nothing) (i32.const 1))"
case("ok", "a function that gives nothing", "(call_indirect $t (type $nothing) (i32.const 0))")
case("signature", "an i32 for an i64", "(drop (call_indirect $t (type $long) (i64.const 1) (i32.const 3)))")

# --- stack ---

extra += ["(func $down (param i64) (result i64) (i64.add (call $down (i64.add (local.get 0) (i64.const 1))) (local.get 0)))",
          "(func $even (param i32) (result i32) (i32.add (call_indirect $u (type $same) (local.get 0) (i32.const 1)) (i32.const 1)))",
          "(func $odd (param i32) (result i32) (i32.add (call_indirect $u (type $same) (local.get 0) (i32.const 0)) (i32.const 3)))"]
case("stack", "calls itself", "(drop (call $down (i64.const 0)))")
case("stack", "two that call each other by a table", "(drop (call $even (i32.const 1)))")
# Frames of several pages, all of whose values are needed after the call.
n = 2000
extra.append(f"(func $wide (param i64) (result i64) (local {'i64 ' * n})" +
             "".join(f"(local.set {i} (i64.mul (local.get {i - 1}) (i64.load (i32.const {8 * i}))))" for i in range(1, n + 1)) +
             f"(local.set 0 (call $wide (local.get {n})))" +
             "".join(f"(local.set 0 (i64.add (local.get 0) (i64.mul (local.get {i}) (local.get {i // 2}))))"
                     for i in range(1, n + 1)) + "(local.get 0))")
case("stack", "calls itself with many locals", "(drop (call $wide (i64.const 3)))")
extra.append("(func $down_host (param i64) (result i64) (i32.store8 (i32.const 1032) (i32.const 0))"
             "(drop (call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 3000)))"
             "(drop (call $path_open (i32.const 3) (i32.const 1) (i32.const 100) (i32.const 4) (i32.const 0) (i64.const 2) (i64.const 0)"
             "(i32.const 0) (i32.const 3000))) (drop (call $fd_close (i32.load (i32.const 3000))))"
             "(i64.add (call $down_host (i64.add (local.get 0) (i64.const 1))) (local.get 0)))")
case("stack", "calls the host at every depth", "(drop (call $down_host (i64.const 0)))")

# --- numbers ---

for t, least in (("i32", -2**31), ("i64", -2**63)):
    for operation in ("div_s", "div_u", "rem_s", "rem_u"):
        case("zero", f"{t}.{operation} by 0", f"(drop ({t}.{operation} ({t}.load (i32.const 0)) ({t}.const 0)))")
    case("number", f"{t}.div_s that overflows", f"(drop ({t}.div_s ({t}.const {least}) ({t}.const -1)))")
    case("ok", f"{t}.rem_s of the least", f"(drop ({t}.rem_s ({t}.const {least}) ({t}.const -1)))")
for to in ("i32", "i64"):
    bits = int(to[1:])
    for of in ("f32", "f64"):
        for sign in "su":
            low, high = (-2**(bits - 1), 2**(bits - 1)) if sign == "s" else (0, 2**bits)
            fine = "f64" == of and bits == 32  # every 32-bit integer can be an f64
            inside = [0.5, -0.5, high - (0.5 if fine else 2**(bits - 24 if of == "f32" else bits - 53))]
            outside = [high, float(high) * 4, -1e30, low - 1 if fine or sign == "u" else low * 1.5]
            trunc = f"{to}.trunc_{of}_{sign}"
            case("ok", f"{trunc} inside", " ".join(f"(drop ({trunc} ({of}.const {v!r})))" for v in inside))
            for v in [*outside, "inf", "-inf", "nan", "-nan"]:
                v = v if isinstance(v, str) else repr(float(v))
                case("number", f"{trunc} {v}", f"(drop ({trunc} ({of}.const {v})))")
                extra_name = trunc.replace("trunc_", "trunc_sat_")
            case("ok", f"{extra_name}", f"(drop ({extra_name} ({of}.const nan))) (drop ({extra_name} ({of}.const inf)))")

case("unreachable", "unreachable", "unreachable")
case("unreachable", "unreachable after a loop", "(local $n i32) (loop $l (local.set $n (i32.add (local.get $n) (i32.const 1)))"
     "(br_if $l (i32.lt_u (local.get $n) (i32.const 1000)))) unreachable")
case("exit=7", "proc_exit", "(call $proc_exit (i32.const 7)) unreachable")
case("exit=0", "proc_exit in the middle", "(call $leave) unreachable")
extra.append("(func $leave (loop $l (call $proc_exit (i32.const 0)) (br $l)))")

# --- bad pointers into each call ---
# Good arguments for each call: numbers, pointers with the bytes that must be there, a path, a list of one buffer. (A
# call that does not accept a descriptor of this kind checks it before its pointers.)


class At:
    """A pointer, and the bytes that it points to."""

    def __init__(self, size, at=2048):
        self.size, self.at = size, at


PATH, PATH_SIZE, NEW, NEW_SIZE = At(4, 100), 4, At(3, 110), 3
IOVS, FD, DIR, FILE = At(8, 120), 99, 3, 5  # 4 is the channel
GOOD = {
    "args_get": [At(8), At(16, 3000)], "args_sizes_get": [At(4), At(4, 3000)],
    "environ_get": [0, 0], "environ_sizes_get": [At(4), At(4, 3000)],
    "clock_res_get": [1, At(8)], "clock_time_get": [1, 0, At(8)],
    "fd_advise": [FILE, 0, 0, 0], "fd_allocate": [FILE, 0, 1], "fd_close": [FD], "fd_datasync": [FILE],
    "fd_fdstat_get": [FILE, At(24)], "fd_fdstat_set_flags": [FILE, 0], "fd_fdstat_set_rights": [FILE, 2**30 - 1, 0],
    "fd_filestat_get": [FILE, At(64)], "fd_filestat_set_size": [FILE, 4], "fd_filestat_set_times": [FILE, 0, 0, 0],
    "fd_pread": [FILE, IOVS, 1, 0, At(4)], "fd_prestat_get": [DIR, At(8)], "fd_prestat_dir_name": [DIR, At(1), 1],
    "fd_pwrite": [FILE, IOVS, 1, 0, At(4)], "fd_read": [FILE, IOVS, 1, At(4)], "fd_readdir": [DIR, At(100), 100, 0, At(4)],
    "fd_renumber": [FD, FD], "fd_seek": [FILE, 0, 0, At(8)], "fd_sync": [FILE], "fd_tell": [FILE, At(8)],
    "fd_write": [FILE, IOVS, 1, At(4)], "path_create_directory": [DIR, PATH, PATH_SIZE],
    "path_filestat_get": [DIR, 1, PATH, PATH_SIZE, At(64)], "path_filestat_set_times": [DIR, 1, PATH, PATH_SIZE, 0, 0, 0],
    "path_link": [DIR, 0, PATH, PATH_SIZE, DIR, NEW, NEW_SIZE],
    "path_open": [DIR, 1, PATH, PATH_SIZE, 0, 2, 0, 0, At(4)], "path_readlink": [DIR, PATH, PATH_SIZE, At(20), 20, At(4, 3000)],
    "path_remove_directory": [DIR, PATH, PATH_SIZE], "path_rename": [DIR, PATH, PATH_SIZE, DIR, PATH, PATH_SIZE],
    "path_symlink": [PATH, PATH_SIZE, DIR, PATH, PATH_SIZE], "path_unlink_file": [DIR, NEW, NEW_SIZE],
    "poll_oneoff": [At(48, 1024), At(32), 1, At(4, 3000)], "proc_raise": [0], "sched_yield": [], "random_get": [At(20), 20],
    "sock_accept": [FD, 0, At(4)], "sock_recv": [FD, IOVS, 1, 0, At(4), At(2, 3000)], "sock_send": [FD, IOVS, 1, 0, At(4)],
    "sock_shutdown": [FD, 3],
}
types = {}
text = open(sys.argv[1], encoding="utf-8").read().replace("\\\n", "")
for name, parameters in re.findall(r"X\((\w+),\s*\(struct wasi \* ?w([^)]*)\)", text):
    types[name] = ["i64" if "64" in p else "i32" for p in parameters.split(",") if p.strip()]
if set(types) != set(GOOD) or any(len(types[n]) != len(GOOD[n]) for n in types):
    sys.exit(f"not the calls of {sys.argv[1]}: {sorted(set(types) ^ set(GOOD))}")


def call(name, arguments):
    return f"(call ${name} " + " ".join(f"({t}.const {a.at if isinstance(a, At) else a})"
                                        for t, a in zip(types[name], arguments)) + ")"


# The file "file" is open as 4, "new" does not exist, a buffer of 4 bytes is at 200.
prepare = ("(i32.store (i32.const 120) (i32.const 200)) (i32.store (i32.const 124) (i32.const 4)) (i32.store8 (i32.const 1032) (i32.const 0))"
           "(call $expect (call $path_open (i32.const 3) (i32.const 1) (i32.const 100) (i32.const 4) (i32.const 0) (i64.const 0x3fffffff)"
           "(i64.const 0) (i32.const 0) (i32.const 2048)) (i32.const 0) (i32.const 99))")
extra.append("(func $expect (param $is i32) (param $wanted i32) (param $number i32)"
             "(if (i32.ne (local.get $is) (local.get $wanted)) (then (call $proc_exit (local.get $number)))))")
for name, good in GOOD.items():
    # Calls that do not get so far on these descriptors; only a bad descriptor can be tried.
    fault = 8 if name.startswith("sock_") else 21
    body, number = [prepare], 0
    for i, argument in enumerate(good):
        bad = []
        if isinstance(argument, At):
            bad = [SIZE - argument.size + 1, SIZE, -1, -argument.size, 1 << 31]
            if name == "args_get":  # their size is not known here
                bad = [SIZE - 3, SIZE, -1, 1 << 31] if i == 0 else [SIZE - 1, SIZE, -1, 1 << 31]
        elif i and isinstance(good[i - 1], At) and argument not in (0, 1) or (i and good[i - 1] is IOVS):
            # The size of a pointer's data: so large that the sum overflows, and just too large. (A guest can wait for
            # no more than 4096 things.)
            bad = [-1, 2**31 - 1, SIZE]
        for value in bad:
            number += 1
            body.append(f"(call $expect {call(name, [*good[:i], value, *good[i + 1:]])} (i32.const {fault}) (i32.const {number}))")
    if IOVS in good and fault == 21:
        for at, size in ((SIZE - 3, 4), (SIZE, 1), (-1, 1), (0, -1), (200, SIZE), (-1, -1)):
            number += 1
            body.append(f"(i32.store (i32.const 120) (i32.const {at})) (i32.store (i32.const 124) (i32.const {size}))"
                        f"(call $expect {call(name, good)} (i32.const 21) (i32.const {number}))")
    case("ok", f"bad pointers into {name}", " ".join(body))

# Everything bad at once, on descriptors of each kind: the call must return, with any errno.
body = []
for name, kinds in types.items():
    if name in ("fd_close", "fd_renumber", "sched_yield", "proc_raise", "fd_filestat_set_size", "fd_allocate"):
        continue
    for fd in (0, 1, 3, 99):
        for at in (-1, 65535, 65533):
            first = at if re.match("args_|environ_|clock_|random_|poll_|path_symlink", name) else fd
            body.append(f"(drop {call(name, [first] + [at] * (len(kinds) - 1))})")
case("ok", "all of it bad in every call", " ".join(body))

# --- the module ---

IMPORTS = "\n".join(f'(import "wasi_snapshot_preview1" "{name}" (func ${name} (param {" ".join(kinds)}) (result i32)))'
                    for name, kinds in types.items())
FUNCTIONS = "\n".join(f"(func $c{i} {body})" for i, (_, _, body) in enumerate(cases))
with open(sys.argv[2], "w", encoding="utf-8") as f:
    f.write(f"""(module
{IMPORTS}
(import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
(type $nothing (func)) (type $long (func (param i64) (result i64))) (type $other (func (param i32))) (type $gives (func (result i32)))
(type $float (func (param f32) (result f32))) (type $same (func (param i32) (result i32)))
(memory (export "memory") 1 3)
(table $cases {len(cases)} funcref)
(table $t 4 6 funcref)
(table $u 2 2 funcref)
(elem (table $cases) (i32.const 0) func {" ".join(f"$c{i}" for i in range(len(cases)))})
(elem (table $t) (i32.const 0) func $harmless $harmless)
(elem (table $t) (i32.const 3) func $even)
(elem (table $u) (i32.const 0) func $even $odd)
(elem $some func $harmless $harmless)
(data (i32.const 100) "file") (data (i32.const 110) "new")
(data $bytes "four")
(func $harmless)
{chr(10).join(extra)}
{FUNCTIONS}
(func (export "_start")
  (drop (call $args_sizes_get (i32.const 0) (i32.const 8)))
  (call_indirect $cases (type $nothing) (i32.sub (i32.load (i32.const 0)) (i32.const 1))))
)
""")
with open(sys.argv[3], "w", encoding="utf-8") as f:
    f.writelines(f"{kind} {name}\n" for kind, name, _ in cases)
