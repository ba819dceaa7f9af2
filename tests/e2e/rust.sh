#!/bin/bash
# Packages that are written in Rust: made up here, and real ones (docs/packages.md).
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-7000}
. "$(dirname -- "$0")/lib.sh"

PY=python/v3.13.5

# `archive NAME REQUIRED BACKEND FILE...`: makes up a package from these files of the current directory: a source archive in
# the directory wheels, and a wheel for Linux, which is never used but tells pip what the package requires.
archive() {
    mkdir -p wheels
    "$PYTHON" - "$@" <<'END'
import io, json, sys, tarfile, zipfile
name, required, backend, *names = sys.argv[1:]
files = {file: open(file, "rb").read() for file in names}
files.setdefault("pyproject.toml", f"""[build-system]
requires = {json.dumps(required.split())}
build-backend = "{backend}"
[project]
name = "{name}"
version = "1.0"
""".encode())
with tarfile.open(f"wheels/{name}-1.0.tar.gz", "w:gz") as t:
    for file, content in files.items():
        info = tarfile.TarInfo(f"{name}-1.0/{file}")
        info.size = len(content)
        t.addfile(info, io.BytesIO(content))
about, tag = f"{name}-1.0.dist-info", "cp313-cp313-manylinux2014_x86_64"
with zipfile.ZipFile(f"wheels/{name}-1.0-{tag}.whl", "w") as z:
    z.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    z.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: {tag}\n")
    z.writestr(f"{about}/RECORD", "")
END
}

# `crate NAME MANIFEST CODE`: makes up a package NAME whose module _impl is the Rust code, without any crate, and which
# setuptools-rust builds. MANIFEST is added to its Cargo.toml.
crate() {
    mkdir -p "$1/$1"
    (
        cd "$1"
        cat >setup.py <<END
from setuptools import setup
from setuptools_rust import Binding, RustExtension
setup(packages=["$1"], rust_extensions=[RustExtension("$1._impl", binding=Binding.NoBinding, path="Cargo.toml")])
END
        printf '[package]\nname = "%s"\nversion = "1.0.0"\nedition = "2021"\n%s\n[lib]\ncrate-type = ["cdylib"]\npath = "code.rs"\n' \
            "$1" "$2" >Cargo.toml
        printf '%s\n' "$3" >code.rs
        echo "from $1._impl import *" >"$1/__init__.py"
        mkdir -p ../wheels
        ln -s ../wheels wheels
        archive "$1" 'setuptools setuptools-rust' setuptools.build_meta setup.py Cargo.toml code.rs "$1/__init__.py"
    )
}

# `module NAME FLAGS...`: what a module with these functions needs of the C API.
module() {
    cat <<'END'
use std::ffi::{c_char, c_int, c_long, c_void, CStr};
use std::ptr::null_mut;
type Object = *mut c_void;
#[repr(C)]
struct Method { name: *const c_char, call: *const c_void, flags: c_int, doc: *const c_char }
#[repr(C)]
struct Module { base: [usize; 5], name: *const c_char, doc: *const c_char, size: isize, methods: *mut Method, rest: [usize; 4] }
extern "C" {
    fn PyModule_Create2(module: *mut Module, version: c_int) -> Object;
    fn PyLong_FromLong(n: c_long) -> Object;
    fn PyUnicode_FromStringAndSize(s: *const c_char, n: isize) -> Object;
    fn PyUnicode_AsUTF8(s: Object) -> *const c_char;
}
unsafe fn object(s: &str) -> Object { PyUnicode_FromStringAndSize(s.as_ptr() as *const c_char, s.len() as isize) }
unsafe fn str<'a>(o: Object) -> &'a str { CStr::from_ptr(PyUnicode_AsUTF8(o)).to_str().unwrap() }
END
    printf 'static mut METHODS: [Method; %s] = [\n' $(($# / 2 + 1))
    while [ $# -gt 0 ]; do
        printf '    Method { name: c"%s".as_ptr(), call: %s as *const c_void, flags: %s, doc: null_mut() },\n' "$1" "$1" "$2"
        shift 2
    done
    cat <<'END'
    Method { name: null_mut(), call: null_mut(), flags: 0, doc: null_mut() },
];
static mut MODULE: Module = Module { base: [1, 0, 0, 0, 0], name: c"_impl".as_ptr(), doc: null_mut(), size: 0,
    methods: &raw mut METHODS as *mut Method, rest: [0; 4] };
#[no_mangle]
pub unsafe extern "C" fn PyInit__impl() -> Object { PyModule_Create2(&raw mut MODULE, 1013) }
#[no_mangle]
pub extern "C" fn shared_name() -> c_long { NUMBER }
END
}

# `imports MODULE`: prints what a module imports.
imports() {
    "$PYTHON" - "$1" <<'END'
import sys
data, at = open(sys.argv[1], "rb").read(), 8
def number():
    global at
    n = shift = 0
    while True:
        byte, at = data[at], at + 1
        n, shift = n | (byte & 127) << shift, shift + 7
        if byte < 128:
            return n
def name():
    global at
    n = number()
    at += n
    return data[at - n:at].decode()
while data[at] != 2:
    at += 1
    size = number()
    at += size
at += 1
number()
for _ in range(number()):
    print(name(), name())
    assert data[at] == 0
    at += 1
    number()
END
}

# `require NAME...`
require() {
    printf '%s\n' "--find-links $T/wheels" "$@" >r.txt
}

# Rust's standard library sees the same files and variables as Python. The function `number` has fewer parameters than Python
# passes. Both modules have a function shared_name().
test_the_standard_library() {
    with_index
    crate wlrusty '' "$(module number 4 lines 8 variable 8 thread 4)
const NUMBER: c_long = 7;"'
unsafe extern "C" fn number() -> Object { PyLong_FromLong(shared_name()) }
unsafe extern "C" fn lines(_: Object, path: Object) -> Object {
    match std::fs::read_to_string(str(path)) {
        Ok(all) => {
            let mut count = std::collections::HashMap::new();
            for line in all.lines() { *count.entry(line).or_insert(0) += 1; }
            let mut sorted: Vec<_> = count.into_iter().collect();
            sorted.sort();
            object(&format!("{sorted:?}"))
        }
        Err(e) => object(&format!("{:?}", e.kind())),
    }
}
unsafe extern "C" fn variable(_: Object, name: Object) -> Object {
    object(&std::env::var(str(name)).unwrap_or_else(|e| format!("{e}")))
}
unsafe extern "C" fn thread(_: Object, _: Object) -> Object {
    match std::thread::Builder::new().spawn(|| ()) {
        Ok(_) => object("started"),
        Err(e) => object(&format!("{:?}", e.kind())),
    }
}'
    crate wlpanic '' "$(module fall 8 number 4)
const NUMBER: c_long = 8;"'
unsafe extern "C" fn number(_: Object, _: Object) -> Object { PyLong_FromLong(shared_name()) }
unsafe extern "C" fn fall(_: Object, of: Object) -> Object { object(&str(of)[7..]) }'
    require wlrusty wlpanic
    build_packages -q "$PY" -r r.txt
    status 0
    for flavour in plain snapshot; do
        real run -q "$PY" -r r.txt --flavour $flavour --env WORD=value -- -c '
import os, wlrusty, wlpanic
with open("/tmp/lines", "w") as f:
    f.write("b\na\nb\n")
print(wlrusty.number(), wlpanic.number(), wlrusty.lines("/tmp/lines"), wlrusty.lines("/nonesuch"), wlrusty.variable("WORD"), wlrusty.thread())
os.environ["WORD"] = "other"
print(wlrusty.variable("WORD"), wlpanic.fall("1234567890"), wlrusty._impl)'
        status 0
        is "$(cat .out)" '7 8 [("a", 1), ("b", 2)] NotFound value Unsupported
other 890 <module '\''wlrusty._impl'\'' (built-in)>' "$flavour"
    done
    # A panic ends the program, and says where it was.
    real run -q "$PY" -r r.txt -- -c 'import wlpanic; print("before", flush=True); wlpanic.fall("ab"); print("after")'
    [ "$st" != 0 ] || fail 'a panic did not end the program'
    is "$(cat .out)" before
    err 'panicked at code.rs'
    # std brings no import that a Python does not have.
    imports "$OUT/$PY+r/bin/python.wasm" | sort >with
    real build -q "$PY"
    imports "$OUT/$PY/bin/python.wasm" | sort >without
    diff without with >&2 || fail 'the imports differ'
}

# A module of PyO3, built by maturin: classes, exceptions of Python, errors that become exceptions, callbacks.
test_pyo3() {
    with_index
    mkdir -p src
    cat >Cargo.toml <<'END'
[package]
name = "wlpyo3"
version = "1.0.0"
edition = "2021"
[lib]
crate-type = ["cdylib"]
[dependencies]
pyo3 = "0.29"
END
    cat >src/lib.rs <<'END'
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use std::collections::HashMap;

#[pyclass]
struct Counter { seen: HashMap<String, u64> }

#[pymethods]
impl Counter {
    #[new]
    fn new() -> Self { Counter { seen: HashMap::new() } }
    #[pyo3(signature = (*words, by = 1))]
    fn add(&mut self, words: Vec<String>, by: u64) { for w in words { *self.seen.entry(w).or_insert(0) += by; } }
    #[getter]
    fn total(&self) -> u64 { self.seen.values().sum() }
    fn __getitem__(&self, word: &str) -> PyResult<u64> {
        self.seen.get(word).copied().ok_or_else(|| PyIndexError::new_err(format!("no {word}")))
    }
    fn __len__(&self) -> usize { self.seen.len() }
    fn __repr__(&self) -> String { format!("Counter({})", self.seen.len()) }
}

#[pyfunction]
fn apply(f: Bound<'_, PyAny>, n: i64) -> PyResult<i64> { f.call1((n,))?.extract::<i64>().map(|x| x + 1) }

#[pyfunction]
fn parse(text: &str) -> PyResult<f64> { Ok(text.parse::<f64>()?) }

#[pymodule]
fn wlpyo3(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Counter>()?;
    m.add_function(wrap_pyfunction!(apply, m)?)?;
    m.add_function(wrap_pyfunction!(parse, m)?)
}
END
    archive wlpyo3 maturin maturin Cargo.toml src/lib.rs
    require wlpyo3
    build_packages -q "$PY" -r r.txt
    status 0
    grep -qE '^#crate wlpyo3: pyo3==0\.29\.[0-9]+ sha256:[0-9a-f]{64}$' r.lock || fail "$(cat r.lock)"
    real run -q "$PY" -r r.txt -- -c '
import wlpyo3
c = wlpyo3.Counter()
c.add("a", "b", "a", by=2)
print(c, len(c), c.total, c["a"], wlpyo3.apply(lambda n: n * 2, 4), wlpyo3.parse("2.5"))
for f in lambda: c["x"], lambda: wlpyo3.parse("x"), lambda: wlpyo3.apply(lambda n: 1 / 0, 1), lambda: wlpyo3.apply(None, 1):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e)'
    status 0
    is "$(cat .out)" "Counter(2) 2 6 4 9 2.5
IndexError no x
ValueError invalid float literal
ZeroDivisionError division by zero
TypeError 'NoneType' object is not callable"
    # From now on the lock file is enough.
    build_packages -q --offline "$PY" -r r.txt
    status 0
}

test_packages_that_cannot_be_built() {
    with_index
    crate wlnewer 'rust-version = "9.9"' 'compile_error!("unused");'
    require wlnewer
    build_packages "$PY" -r r.txt
    clean_failure 4
    err 'wlnewer has native code that cannot be built for Python 3.13: it needs Rust 9.9 or newer, and toolchain/rust is Rust '

    crate wlgit 'rust-version = "1.80"' ''
    # shellcheck disable=SC2016
    (
        cd wlgit
        cat >Cargo.lock <<'END'
version = 4
[[package]]
name = "elsewhere"
version = "0.1.0"
source = "git+https://git.invalid/elsewhere#0123456789012345678901234567890123456789"
END
        archive wlgit 'setuptools setuptools-rust' setuptools.build_meta setup.py Cargo.toml Cargo.lock code.rs
    )
    require wlgit
    build_packages "$PY" -r r.txt
    clean_failure 4
    err 'its crate elsewhere comes from git+https://git.invalid/elsewhere#0123456789012345678901234567890123456789, which has no hash'

    crate wlmanifest 'this is no manifest' ''
    require wlmanifest
    build_packages "$PY" -r r.txt
    clean_failure 4
    err 'wlmanifest-1.0.tar.gz: the manifests of its Rust code cannot be read'

    # Archives that no tool makes: a file below another, and too many files.
    for files in '["a.rs", "a.rs/b.rs"]' '[f"{i}.rs" for i in range(20001)]'; do
        "$PYTHON" - "$files" <<'END'
import io, sys, tarfile
with tarfile.open("wheels/wlmanifest-1.0.tar.gz", "w:gz") as t:
    for file, content in [("pyproject.toml", b'[build-system]\nrequires = ["maturin"]\n'), ("Cargo.toml", b"[package]\n")] + [
            (f, b"") for f in eval(sys.argv[1])]:
        info = tarfile.TarInfo(f"wlmanifest-1.0/{file}")
        info.size = len(content)
        t.addfile(info, io.BytesIO(content))
END
        build_packages "$PY" -r r.txt --update
        clean_failure 4
        err 'wlmanifest-1.0.tar.gz: the manifests of its Rust code cannot be read'
    done

    # A recipe says why not.
    build_packages "$PY" --with psutil
    clean_failure 4
    err 'psutil has native code that cannot be built for Python 3.13: it reads the state of the operating system'

    crate wlcompile '' 'compile_error!("this does not compile");'
    require wlcompile
    build_packages "$PY" -r r.txt
    status 1
    err "wheels/wlcompile: step 'build' failed" 'this does not compile'

    # A function that asks for a feature that not every engine has.
    crate wlsimd '' "$(module number 4)
const NUMBER: c_long = 9;"'
#[target_feature(enable = "simd128")]
unsafe fn lane(n: i32) -> i32 { std::arch::wasm32::i32x4_extract_lane::<0>(std::arch::wasm32::i32x4_splat(std::hint::black_box(n))) }
unsafe extern "C" fn number(_: Object, _: Object) -> Object { PyLong_FromLong(lane(shared_name())) }'
    require wlsimd
    build_packages "$PY" -r r.txt
    status 1
    err "step 'packages' failed" 'wlsimd._impl was compiled with simd128, which some engines do not have'
}

# `package NAME`: runs the script `script` in a Python with a package of PyPI, and compares what it prints with `expected`, which
# is what it prints in the package that its authors have built for this machine.
package() {
    with_index
    build_packages -q "$PY" --with "$1"
    status 0
    real run -q "$PY" --with "$1" --dir "$T::/data" -- /data/script
    status 0
    diff expected .out >&2 || fail "$1 computes something else"
}

test_orjson() {
    cat >script <<'END'
import datetime, enum, uuid, dataclasses, orjson

@dataclasses.dataclass
class Point:
    x: int
    y: float

class Colour(enum.Enum):
    RED = "red"

value = {"b": [1, 2.5, None, True, "é\n", -2**63, 2**64 - 1, 1e300, 0.1], "a": Point(1, 2.0), "c": Colour.RED,
         "t": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), "u": uuid.UUID(int=5)}
text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
print(text.decode())
print(orjson.loads(text)["b"], orjson.dumps({1: {2}}, default=list, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2).decode())
for f in lambda: orjson.loads(b'{"a": nul}'), lambda: orjson.dumps(object()), lambda: orjson.loads(b"\xff"), lambda: orjson.dumps(2**64):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e)
big = [{"id": i, "name": f"name {i}", "score": i / 7} for i in range(20000)]
print(orjson.loads(orjson.dumps(big)) == big)
END
    cat >expected <<'END'
{"a":{"x":1,"y":2.0},"b":[1,2.5,null,true,"é\n",-9223372036854775808,18446744073709551615,1e+300,0.1],"c":"red","t":"2026-01-02T03:04:05+00:00","u":"00000000-0000-0000-0000-000000000005"}
[1, 2.5, None, True, 'é\n', -9223372036854775808, 18446744073709551615, 1e+300, 0.1] {
  "1": [
    2
  ]
}
JSONDecodeError invalid literal, expected 'null': line 1 column 7 (char 6)
TypeError Type is not JSON serializable: object
JSONDecodeError str is not valid UTF-8: surrogates not allowed: line 1 column 1 (char 0)
TypeError Integer exceeds 64-bit range
True
END
    package orjson
}

test_rpds_py() {
    cat >script <<'END'
from rpds import HashTrieMap, HashTrieSet, List
m = HashTrieMap({f"k{i}": i for i in range(1000)})
n = m.insert("x", 1).remove("k5")
print(len(m), len(n), n["x"], "k5" in m, "k5" in n, n == m, hash(HashTrieMap({1: 2})) == hash(HashTrieMap({1: 2})))
print(List([1, 2, 3]).push_front(0), sorted(HashTrieSet([3, 1]).insert(2)), list(reversed(List([1, 2]))))
class Bad:
    def __hash__(self):
        raise ValueError("no hash")
for f in lambda: m["none"], lambda: m.insert(Bad(), 1), lambda: m.remove("none"), lambda: List().first:
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e)
END
    cat >expected <<'END'
1000 1000 1 True False False True
List([0, 1, 2, 3]) [1, 2, 3] [2, 1]
KeyError 'none'
ValueError no hash
KeyError 'none'
IndexError empty list has no first element
END
    package rpds-py
}

test_jiter() {
    cat >script <<'END'
import jiter
print(jiter.from_json(b'{"a": [1, 2.5, "x\\u00e9", null, true, 123456789012345678901234567890], "b": NaN}'))
print(jiter.from_json(b'{"a": [1, 2', partial_mode=True), jiter.from_json(b'1.50', float_mode="decimal"))
for text in b'{"a": nul}', b'[1,', b'"\xff"':
    try:
        jiter.from_json(text)
    except ValueError as e:
        print(e)
END
    cat >expected <<'END'
{'a': [1, 2.5, 'xé', None, True, 123456789012345678901234567890], 'b': nan}
{'a': [1, 2]} 1.50
expected ident at line 1 column 10
EOF while parsing a value at line 1 column 3
invalid unicode code point at line 1 column 2
END
    package jiter
}

test_pydantic() {
    cat >script <<'END'
import datetime, decimal, enum, json, uuid
from typing import Annotated, Literal
import pydantic
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, computed_field, field_validator

class Colour(enum.Enum):
    RED = "red"

class Item(BaseModel):
    name: Annotated[str, Field(min_length=1, pattern=r"^[a-z]+$")]
    price: decimal.Decimal = Field(gt=0, decimal_places=2)
    kind: Literal["new", "used"] = "new"

class Order(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True)
    id: uuid.UUID
    placed: datetime.datetime
    items: list[Item]
    colour: Colour | None = None
    site: pydantic.HttpUrl = Field(default="https://example.org/a?b=c", validate_default=True)
    next: "Order | None" = None

    @field_validator("items")
    @classmethod
    def some(cls, items):
        if not items:
            raise ValueError("no items")
        return items

    @computed_field
    @property
    def total(self) -> decimal.Decimal:
        return sum(i.price for i in self.items)

order = Order.model_validate_json('{"id": "00000000-0000-0000-0000-000000000005", "placed": "2026-01-02T03:04:05Z", "colour": "red",'
                                  '"items": [{"name": "pen", "price": "1.50"}, {"name": "ink", "price": 2.25, "kind": "used"}]}')
print(order.model_dump_json())
print(order.model_dump(mode="json", exclude={"id", "site"}), order.site.host, order.placed.tzinfo)
print(Order(**{**order.model_dump(exclude={"total"}), "next": order}).next == order)
for wrong in {"id": 1, "placed": "x", "items": []}, {"id": order.id, "placed": 0, "items": [{"name": "P", "price": "-1.001"}], "more": 1}:
    try:
        Order.model_validate(wrong)
    except ValidationError as e:
        print([(".".join(map(str, x["loc"])), x["type"], x["msg"]) for x in e.errors(include_url=False)])
try:
    order.items = []
except ValidationError as e:
    print(str(e).splitlines()[:3])
print(TypeAdapter(dict[int, tuple[float, ...]]).validate_python({"1": ["2", 3]}), TypeAdapter(int | str).validate_python("5"),
      TypeAdapter(datetime.timedelta).validate_json('"P1DT2H"'), TypeAdapter(bytes).dump_json(b"\xc3\xa9").decode())
print(json.dumps(Item.model_json_schema(), sort_keys=True))
print(len(TypeAdapter(list[Item]).validate_python([{"name": "x", "price": i + 1} for i in range(20000)])))
END
    cat >expected <<'END'
{"id":"00000000-0000-0000-0000-000000000005","placed":"2026-01-02T03:04:05Z","items":[{"name":"pen","price":"1.50","kind":"new"},{"name":"ink","price":"2.25","kind":"used"}],"colour":"red","site":"https://example.org/a?b=c","next":null,"total":"3.75"}
{'placed': '2026-01-02T03:04:05Z', 'items': [{'name': 'pen', 'price': '1.50', 'kind': 'new'}, {'name': 'ink', 'price': '2.25', 'kind': 'used'}], 'colour': 'red', 'next': None, 'total': '3.75'} example.org UTC
True
[('id', 'uuid_type', 'UUID input should be a string, bytes or UUID object'), ('placed', 'datetime_from_date_parsing', 'Input should be a valid datetime or date, input is too short'), ('items', 'value_error', 'Value error, no items')]
[('items.0.name', 'string_pattern_mismatch', "String should match pattern '^[a-z]+$'"), ('items.0.price', 'decimal_max_places', 'Decimal input should have no more than 2 decimal places'), ('more', 'extra_forbidden', 'Extra inputs are not permitted')]
['1 validation error for Order', 'items', '  Value error, no items [type=value_error, input_value=[], input_type=list]']
{1: (2.0, 3.0)} 5 1 day, 2:00:00 "é"
{"properties": {"kind": {"default": "new", "enum": ["new", "used"], "title": "Kind", "type": "string"}, "name": {"minLength": 1, "pattern": "^[a-z]+$", "title": "Name", "type": "string"}, "price": {"anyOf": [{"exclusiveMinimum": 0.0, "type": "number"}, {"type": "string"}], "title": "Price"}}, "required": ["name", "price"], "title": "Item", "type": "object"}
20000
END
    package pydantic
}

# (A hash of the package's own tests.)
test_bcrypt() {
    cat >script <<'END'
import bcrypt
hashed = b"$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm"
print(bcrypt.hashpw(b"Kk4DQuMMfZL9o", hashed) == hashed, bcrypt.checkpw(b"Kk4DQuMMfZL9o", hashed), bcrypt.checkpw(b"other", hashed))
salt = bcrypt.gensalt(4)
print(len(salt), bcrypt.checkpw(b"password", bcrypt.hashpw(b"password", salt)))
print(bcrypt.kdf(b"password", b"salt", 16, 10).hex())
END
    "$PYTHON" -m venv v && HOME=$REAL_HOME v/bin/pip install -q --disable-pip-version-check bcrypt==5.0.0 >.log 2>&1 ||
        not_available "$(tail -n 1 .log)"
    v/bin/python script >expected
    package bcrypt
}

# Several of them in one Python, and in its snapshot.
test_several() {
    with_index
    build_packages -q "$PY" --with orjson --with rpds-py --with jiter --flavour snapshot --import orjson
    status 0
    real run -q "$PY" --with orjson --with rpds-py --with jiter --flavour snapshot --import orjson -- -c '
import sys
print("orjson" in sys.modules, "jiter" in sys.modules)
import jiter, orjson, rpds
print(jiter.from_json(orjson.dumps(dict(rpds.HashTrieMap({"a": [1, 2]})))))'
    status 0
    is "$(cat .out)" "True False
{'a': [1, 2]}"
}

main "$@"
