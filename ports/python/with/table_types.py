"""Compares the functions in all tables of this Python with the types by which Python calls them, and prints those that have
another type. Calling one would end the program.

wl-bundle has adapted the functions in the tables that it finds in objects (docs/bundles.md). Here are the tables as they are in
memory, also those that a package fills while it is imported. This only reports: a function may never be called."""
import ctypes
import sys
import types

# In the order of the structures. A type is "PARAMETERS:RESULT", with the letters that wasm_types() gives; None is no function.
BINARY, TERNARY, UNARY = "ii:i", "iii:i", "i:i"
METHODS = {0x1: BINARY, 0x3: TERNARY, 0x4: BINARY, 0x8: BINARY, 0x80: TERNARY, 0x82: "iiii:i", 0x282: "iiiii:i"}
METHOD_MODIFIERS = 0x70  # METH_CLASS, METH_STATIC and METH_COEXIST
GETTER, SETTER = BINARY, TERNARY
TYPE = {24: ("tp_dealloc", "i:"), 32: ("tp_getattr", BINARY), 36: ("tp_setattr", TERNARY), 44: ("tp_repr", UNARY),
        60: ("tp_hash", UNARY), 64: ("tp_call", TERNARY), 68: ("tp_str", UNARY), 72: ("tp_getattro", BINARY),
        76: ("tp_setattro", TERNARY), 92: ("tp_traverse", TERNARY), 96: ("tp_clear", UNARY), 100: ("tp_richcompare", TERNARY),
        108: ("tp_iter", UNARY), 112: ("tp_iternext", UNARY), 136: ("tp_descr_get", TERNARY), 140: ("tp_descr_set", TERNARY),
        148: ("tp_init", TERNARY), 152: ("tp_alloc", BINARY), 156: ("tp_new", TERNARY), 160: ("tp_free", "i:"),
        164: ("tp_is_gc", UNARY), 188: ("tp_del", "i:"), 196: ("tp_finalize", "i:"),
        200: ("tp_vectorcall", "iiii:i")}
INNER = {
    40: ("tp_as_async", [UNARY] * 3 + [TERNARY]),
    48: ("tp_as_number", [BINARY] * 5 + [TERNARY] + [UNARY] * 5 + [BINARY] * 5 + [UNARY, None, UNARY] + [BINARY] * 4 + [TERNARY]
         + [BINARY] * 9 + [UNARY] + [BINARY] * 2),
    52: ("tp_as_sequence", [UNARY] + [BINARY] * 3 + [None, TERNARY, None] + [BINARY] * 3),
    56: ("tp_as_mapping", [UNARY, BINARY, TERNARY]),
    80: ("tp_as_buffer", [TERNARY, "ii:"]),
}
# Where an object points to its table's entry.
DESCRIPTOR_ENTRY, FUNCTION_ENTRY = 20, 8


def wasm_types(data):
    """The type of each entry of the module's table of functions, by the value of a pointer to it."""
    kinds, imported, of_function, table = [], [], [], {}
    letters = {0x7F: "i", 0x7E: "l", 0x7D: "f", 0x7C: "d", 0x7B: "v", 0x70: "F", 0x6F: "X"}
    at = 8

    def number():
        nonlocal at
        n = shift = 0
        while True:
            byte = data[at]
            at += 1
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return n

    def values():
        return "".join(letters.get(data_byte(), "?") for _ in range(number()))

    def data_byte():
        nonlocal at
        at += 1
        return data[at - 1]

    def limits():
        if data_byte() & 1:
            number()
        number()

    while at < len(data):
        section, size = data_byte(), number()
        end = at + size
        if section == 1:
            for _ in range(number()):
                data_byte()
                kinds.append(values() + ":" + values())
        elif section == 2:
            for _ in range(number()):
                for _ in range(2):
                    length = number()
                    at += length
                kind = data_byte()
                if kind == 0:
                    imported.append(number())
                elif kind == 3:
                    at += 2
                else:
                    if kind == 1:
                        data_byte()
                    limits()
        elif section == 3:
            of_function = imported + [number() for _ in range(number())]
        elif section == 9:
            for _ in range(number()):
                flags = number()
                if flags != 0:
                    raise ValueError(f"a segment of elements of the kind {flags}")
                if data_byte() != 0x41:
                    raise ValueError("a segment of elements that begins at no number")
                start = number()
                data_byte()
                for i in range(number()):
                    table[start + i] = kinds[of_function[number()]]
        at = end
    return table


def word(address):
    return ctypes.c_uint32.from_address(address).value


class Comparison:
    def __init__(self, table):
        self.table, self.compared, self.seen, self.misfits = table, 0, set(), []

    def compare(self, pointer, wanted, where):
        if not pointer or wanted is None:
            return
        self.compared += 1
        if self.table.get(pointer) != wanted:
            self.misfits.append(f"{where} has the type {self.table.get(pointer, 'of no function')} instead of {wanted}")

    def entry(self, address, where, accessor=False):
        """An entry of a list of methods, or of getters and setters."""
        if address in self.seen:
            return
        self.seen.add(address)
        if accessor:
            self.compare(word(address + 4), GETTER, f"the getter of {where}")
            self.compare(word(address + 8), SETTER, f"the setter of {where}")
            return
        self.compare(word(address + 4), METHODS.get(word(address + 8) & ~METHOD_MODIFIERS), where)

    def thing(self, value, where):
        # (isinstance would ask an object of a package what its class is.)
        kind = type(value)
        if kind in (types.MethodDescriptorType, types.ClassMethodDescriptorType):
            self.entry(word(id(value) + DESCRIPTOR_ENTRY), where)
        elif kind is types.GetSetDescriptorType:
            self.entry(word(id(value) + DESCRIPTOR_ENTRY), where, True)
        elif kind in (staticmethod, classmethod):
            self.thing(value.__func__, where)
        elif kind is types.BuiltinFunctionType:
            self.entry(word(id(value) + FUNCTION_ENTRY), where)

    def type(self, t):
        where = f"{t.__module__}.{t.__qualname__}"
        for offset, (name, wanted) in TYPE.items():
            self.compare(word(id(t) + offset), wanted, f"{where}: {name}")
        for offset, (name, members) in INNER.items():
            table = word(id(t) + offset)
            for i, wanted in enumerate(members if table else ()):
                self.compare(word(table + 4 * i), wanted, f"{where}: entry {i} of {name}")
        for name, value in list(vars(t).items()):
            self.thing(value, f"{where}.{name}")


def all_types():
    found, waiting = set(), [object]
    while waiting:
        t = waiting.pop()
        if t not in found:
            found.add(t)
            waiting += type.__subclasses__(t)
    return sorted(found, key=lambda t: (str(t.__module__), t.__qualname__))


def main(program):
    """The program is the file of the module that runs."""
    with open(program, "rb") as f:
        c = Comparison(wasm_types(f.read()))
    for t in all_types():
        c.type(t)
    for name, module in sorted(sys.modules.items()):
        for key, value in sorted(getattr(module, "__dict__", {}).items(), key=lambda item: str(item[0])):
            c.thing(value, f"{name}.{key}")
    for line in sorted(set(c.misfits)):
        print(f"warning: {line}; calling it ends the program")
    print(f"{c.compared} functions in tables were compared, {len(set(c.misfits))} have another type than Python calls them by")
