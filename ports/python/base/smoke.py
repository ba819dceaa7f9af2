"""Runs inside the wasm, with only the zip and the files beside it, and checks that everything that was linked in
works.

    smoke.py SWITCH...

SWITCH are the recipe's switches that are on."""

import io
import os
import sys

ZIP = "/usr/local/lib/python{}{}.zip".format(*sys.version_info)
LIB = "/usr/local/lib/python{}.{}".format(*sys.version_info)


def compiler():
    import platform, re

    # No revision of a package: the same source gives the same bytes on another release of a distribution.
    assert re.fullmatch(r"Clang \d+\.\d+\.\d+", platform.python_compiler()), sys.version


def linked_in():
    import binascii, decimal, hashlib, json, math, time, unicodedata, uuid, zlib
    import _uuid
    from xml.etree import ElementTree

    data = bytes(range(256)) * 500
    assert zlib.decompress(zlib.compress(data)) == data
    assert zlib.crc32(b"123456789") == binascii.crc32(b"123456789") == 0xCBF43926
    first, second = uuid.uuid1(), uuid.uuid1()
    assert first != second and first.version == 1 and first.variant == uuid.RFC_4122
    assert abs((first.time - 0x01B21DD213814000) / 1e7 - time.time()) < 60
    assert _uuid.has_uuid_generate_time_safe and uuid._generate_time_safe is _uuid.generate_time_safe
    assert uuid.uuid4().version == 4
    assert hashlib.sha256(b"abc").hexdigest().startswith("ba7816bf8f01cfea")
    assert {"md5", "sha1", "sha3_256", "blake2b", "shake_128"} <= hashlib.algorithms_available
    assert hashlib.sha3_256(b"").hexdigest().startswith("a7ffc6f8bf1ed766")
    assert json.loads(json.dumps({"a": [1, 2.5, None, "\u20ac"]})) == {"a": [1, 2.5, None, "\u20ac"]}
    assert decimal.Decimal(2).sqrt(decimal.Context(50)) ** 2 - 2 < decimal.Decimal("1e-48")
    assert decimal.__name__ == "decimal" and "_decimal" in sys.builtin_module_names
    assert abs(math.lgamma(0.5) - 0.5723649429247001) < 1e-15
    assert unicodedata.normalize("NFD", "\u00e9") == "e\u0301"
    assert ElementTree.fromstring("<a><b c='d'/></a>").find("b").get("c") == "d"
    assert "\u3042".encode("euc_jp") == b"\xa4\xa2"


def compression():
    import bz2, lzma, tarfile, zipfile

    data = b"".join(b"%d squared is %d\n" % (i, i * i) for i in range(5000))
    for module in bz2, lzma:
        packed = module.compress(data)
        assert len(packed) < len(data) / 3 and module.decompress(packed) == data
        try:
            module.decompress(packed[:100] + b"\0\0\0\0" + packed[104:])
        except (OSError, ValueError, EOFError, lzma.LZMAError):
            pass
        else:
            raise AssertionError(module)
    assert lzma.decompress(lzma.compress(data, format=lzma.FORMAT_ALONE)) == data
    for mode in "gz", "bz2", "xz":
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w:" + mode) as archive:
            member = tarfile.TarInfo("data")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            assert archive.extractfile("data").read() == data
    kinds = [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    if sys.version_info >= (3, 14):
        from compression import zstd

        packed = zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})
        assert len(packed) < len(data) / 3 and zstd.decompress(packed) == data
        kinds.append(zipfile.ZIP_ZSTANDARD)
    for kind in kinds:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", kind) as archive:
            archive.writestr("data", data)
        with zipfile.ZipFile(file) as archive:
            assert archive.testzip() is None and archive.read("data") == data


def database():
    import sqlite3

    db = sqlite3.connect("/data/smoke.db")
    with db:
        db.execute("CREATE TABLE t(name TEXT PRIMARY KEY, value)")
        db.executemany("INSERT INTO t VALUES(?, ?)", [("a", 1), ("b", 2.5), ("c", b"\0\xff"), ("\u20ac", None)])
    try:
        with db:
            db.execute("DELETE FROM t")
            db.execute("INSERT INTO t VALUES('d', 1), ('d', 2)")
    except sqlite3.IntegrityError:
        pass
    db.close()
    db = sqlite3.connect("/data/smoke.db")
    assert dict(db.execute("SELECT * FROM t")) == {"a": 1, "b": 2.5, "c": b"\0\xff", "\u20ac": None}
    db.create_function("double", 1, lambda x: 2 * x)
    assert db.execute("SELECT double(21), json('[1, 2]'), sqrt(4)").fetchone() == (42, "[1,2]", 2.0)
    copy = sqlite3.connect(":memory:")
    db.backup(copy)
    assert copy.execute("SELECT count(*) FROM t").fetchone() == (4,)
    db.close()
    os.unlink("/data/smoke.db")


def maps():
    import fcntl, mmap

    with open("/data/map", "wb") as file:
        file.write(b"a" * 100000)
    with open("/data/map", "r+b") as file:
        with mmap.mmap(file.fileno(), 0) as shared:
            shared[10:13] = b"XYZ"
            shared.flush()
            with open("/data/map", "rb") as other:
                assert other.read(15) == b"a" * 10 + b"XYZaa"
            shared[99999] = ord("Z")
        with mmap.mmap(file.fileno(), 4096, offset=65536) as part:
            part[0] = ord("Y")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as private:
            private[0] = ord("P")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as fixed:
            assert fixed.find(b"XYZ") == 10 and fixed[65536] == ord("Y") and fixed[-1] == ord("Z") and fixed[0] == ord("a")
        assert fcntl.fcntl(file, fcntl.F_GETFL) is not None
        fcntl.lockf(file, fcntl.LOCK_EX)
        fcntl.flock(file, fcntl.LOCK_EX)
        with open("/data/map", "rb") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                raise AssertionError("locked twice")
        late = mmap.mmap(file.fileno(), 0)
    # Its file is closed, and another file may have its number now: nothing may be written there.
    late[0] = ord("L")
    with open("/data/other", "w+b") as other:
        other.write(b"o" * 100000)
        other.flush()
        try:
            late.close()
        except OSError:
            pass
        else:
            raise AssertionError("written to a closed file")
        other.seek(0)
        assert other.read() == b"o" * 100000
    with mmap.mmap(-1, 8192) as memory:
        memory.write(b"hello")
        assert memory[:6] == b"hello\0"
    os.unlink("/data/map")
    os.unlink("/data/other")


def foreign_functions():
    import ctypes
    from ctypes import (CDLL, CFUNCTYPE, POINTER, BigEndianStructure, Structure, Union, addressof, byref, c_char_p, c_double,
                        c_float, c_int, c_int64, c_longdouble, c_longlong, c_short, c_size_t, c_ubyte, c_uint, c_void_p, cast,
                        create_string_buffer, memmove, pointer, py_object, pythonapi, sizeof, string_at, wstring_at)

    # Data.
    class Point(Structure):
        _fields_ = ("x", c_short), ("y", c_double)

    class Either(Union):
        _fields_ = ("whole", c_uint), ("part", c_ubyte * 4)

    class Network(BigEndianStructure):
        _fields_ = ("a", c_uint), ("high", c_uint, 4)

    assert sizeof(Point) == 16 and Point.y.offset == 8 and sizeof(c_void_p) == 4 and sizeof(c_longdouble) == 16
    assert list(Either(0x01020304).part) == [4, 3, 2, 1] and bytes(Network(1, 2)) == b"\0\0\0\1\x20\0\0\0"
    data = bytearray(8)
    (c_int * 2).from_buffer(data)[1] = -1
    assert data == b"\0\0\0\0\xff\xff\xff\xff"
    assert string_at(b"abc") == b"abc" and wstring_at("\u20ac") == "\u20ac"
    assert cast(pointer(Point(7, 1)), POINTER(c_short))[0] == 7
    text = create_string_buffer(10)
    assert memmove(text, b"hello", 5) == addressof(text) and text.value == b"hello"

    # Calls of functions that are linked in, with their types.
    everything = CDLL(None)
    assert everything.strlen(b"12345") == 5 and everything.abs(-3) == everything.abs(3, "more") == 3
    everything.ldexp.argtypes, everything.ldexp.restype = (c_double, c_int), c_double
    assert everything.ldexp(1.5, 4) == 24
    everything.powf.argtypes, everything.powf.restype = (c_float, c_float), c_float
    assert everything.powf(3, 4) == 81
    everything.llabs.argtypes, everything.llabs.restype = (c_longlong,), c_longlong
    assert everything.llabs(-(1 << 40)) == 1 << 40

    class Division(Structure):
        _fields_ = ("quotient", c_int), ("rest", c_int)

    everything.div.restype = Division
    assert everything.div(17, 5).rest == 2
    everything.crc32.restype = c_uint
    assert everything.crc32(0, b"123456789", 9) == 0xCBF43926
    everything.sqlite3_libversion.restype = c_char_p
    import sqlite3
    assert everything.sqlite3_libversion().decode() == sqlite3.sqlite_version
    line = create_string_buffer(80)
    everything.snprintf(line, c_size_t(80), b"%d %s %.3f %lld %hd|", 42, b"text", c_double(1 / 3), c_int64(-1 << 40),
                        c_short(-2))
    assert line.value == b"42 text 0.333 -1099511627776 -2|", line.value
    whole, part = c_double(), c_int()
    assert everything.sscanf(b"12 -2.5", b"%d %lf", byref(part), byref(whole)) == 2 and (part.value, whole.value) == (12, -2.5)
    ctypes.set_errno(0)
    with_errno = CDLL(None, use_errno=True)
    assert with_errno.open(b"/data/nothing", os.O_RDONLY) == -1 and ctypes.get_errno() == 44, ctypes.get_errno()
    pythonapi.PyLong_FromLong.restype = py_object
    assert pythonapi.PyLong_FromLong(-5) == -5
    pythonapi.PyUnicode_FromFormat.restype = py_object
    assert pythonapi.PyUnicode_FromFormat(b"%d-%R", 1, py_object("a")) == "1-'a'"
    assert c_int.in_dll(pythonapi, "Py_OptimizeFlag").value == sys.flags.optimize
    pythonapi.PyErr_SetNone.argtypes = [py_object]
    raises(KeyError, None, pythonapi.PyErr_SetNone, KeyError)

    # Callbacks.
    compare = CFUNCTYPE(c_int, POINTER(c_int), POINTER(c_int))
    numbers = (c_int * 7)(5, 3, 9, -1, 7, 2, 5)
    everything.qsort(numbers, 7, 4, compare(lambda a, b: a[0] - b[0]))
    assert list(numbers) == [-1, 2, 3, 5, 5, 7, 9]
    assert CFUNCTYPE(c_double, c_longlong, c_float)(lambda a, b: a * b)(1 << 33, 0.5) == 1 << 32
    assert CFUNCTYPE(c_longdouble, c_longdouble)(lambda a: a + 1)(0.25) == 1.25
    assert CFUNCTYPE(c_short, c_short)(lambda a: -a)(-3) == 3
    kept = [CFUNCTYPE(c_int)(lambda n=n: n) for n in range(20)]
    assert [function() for function in kept] == list(range(20))
    for again in range(200):
        assert CFUNCTYPE(c_int)(lambda: again)() == again

    # Anything that is impossible raises an exception that says why.
    double = CDLL(None).sqrt
    raises(ValueError, r"sqrt is a function \(f64\) -> f64, but the call is \(i32\) -> i32", double, 4)
    raises(ValueError, "printf is a function", everything.printf)
    raises(ValueError, "NULL", CFUNCTYPE(c_int)(0))
    raises(ValueError, "the function at address 0xffff0 is unknown", CFUNCTYPE(c_int)(0xFFFF0))
    raises(NotImplementedError, "there is no callback", CFUNCTYPE(c_int, *[c_double] * 7), lambda *_: 0)
    raises(NotImplementedError, "in use", lambda: [CFUNCTYPE(c_int)(lambda: 0) for _ in range(100)])
    assert CFUNCTYPE(c_int)(lambda: 8)() == 8
    raises(OSError, "libm.so.6: WASI cannot load libraries", CDLL, "libm.so.6")
    raises(AttributeError, "nothing_like_this", getattr, everything, "nothing_like_this")


def raises(kind, words, function, *arguments):
    import re

    try:
        function(*arguments)
    except kind as error:
        assert words is None or re.search(words, str(error)), error
    else:
        raise AssertionError(f"{function} raised nothing")


def event_loop():
    import asyncio, signal, time

    async def produce(queue):
        for i in range(5):
            await asyncio.sleep(0.001)
            await queue.put(i)

    async def main():
        loop = asyncio.get_running_loop()
        queue = asyncio.Queue(2)
        task = asyncio.create_task(produce(queue))
        assert [await queue.get() for _ in range(5)] == [0, 1, 2, 3, 4]
        await task
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.02)
        except asyncio.TimeoutError:
            pass
        assert await asyncio.gather(*(asyncio.sleep(0.01, i) for i in range(3))) == [0, 1, 2]

        with open("/smoke.py", "rb") as file:
            text = file.read()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), open("/smoke.py", "rb"))
        assert await reader.read() == text
        out = open("/data/out", "wb")
        transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, out)
        writer = asyncio.StreamWriter(transport, protocol, None, loop)
        for _ in range(100):
            writer.write(text)
            await writer.drain()
        writer.close()
        await asyncio.sleep(0.01)
        with open("/data/out", "rb") as file:
            assert file.read() == text * 100
        os.unlink("/data/out")

        came = asyncio.Event()
        loop.add_signal_handler(signal.SIGINT, came.set)
        loop.call_later(0.01, signal.raise_signal, signal.SIGINT)
        await came.wait()
        assert loop.remove_signal_handler(signal.SIGINT)
        try:
            assert await asyncio.to_thread(abs, -5) == 5
        except RuntimeError as error:
            assert "thread" in str(error)

    asyncio.run(main(), debug=False)
    asyncio.run(main(), debug=True)


def selecting():
    """select() of guest/select.c: wasi-libc's waits only whole milliseconds, and does not report closed descriptors."""
    import select, time

    for seconds in 0.0105, 0.0005:
        begun = time.monotonic()
        assert select.select([], [], [], seconds) == ([], [], [])
        assert time.monotonic() - begun >= seconds
    with open("/data/selected", "w+") as f:
        assert select.select([f], [f], [f], 10) == ([f], [f], [])
        number = f.fileno()
    os.remove("/data/selected")
    raises(OSError, "Bad file descriptor", select.select, [number], [], [], 0)
    raises(OSError, "Bad file descriptor", select.select, [], [], [number], 0)
    assert select.select([], [], [], 0) == ([], [], [])


def clear_errors():
    import _posixsubprocess, multiprocessing, subprocess

    def fails(call, kind, *words):
        try:
            call()
        except kind as error:
            assert all(word in str(error) for word in words), error
        else:
            raise AssertionError(call)

    if _posixsubprocess.exist():
        fails(lambda: subprocess.run(["ls"]), FileNotFoundError, "No such file", "ls")
        done = subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", ""), done
    else:
        fails(lambda: subprocess.run(["ls"]), OSError, "process")
        fails(multiprocessing.Process(target=print).start, OSError, "process")


# The digests of "abc": name, size, first eight bytes.
DIGESTS = """
blake2b 64 ba80a53f981c4d0d
blake2s 32 508c5e8c327c14e2
md5 16 900150983cd24fb0
md5-sha1 36 900150983cd24fb0
ripemd160 20 8eb208f7e05d987a
sha1 20 a9993e364706816a
sha224 28 23097d223405d822
sha256 32 ba7816bf8f01cfea
sha384 48 cb00753f45a35e8b
sha512 64 ddaf35a193617aba
sha512_224 28 4634270f707b6a54
sha512_256 32 53048e2681941ef9
sha3_224 28 e642824c3f8cf24a
sha3_256 32 3a985da74fe225b2
sha3_384 48 ec01498288516fc9
sha3_512 64 b751850b1a57168a
shake_128 0 5881092dd818bf5c
shake_256 0 483366601360a877
sm3 32 66c7f0f462eeedd9
"""


def digests():
    import hashlib, hmac

    builtin = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384", "sha3_512",
               "shake_128", "shake_256", "blake2b", "blake2s"}
    assert builtin == hashlib.algorithms_guaranteed
    expected = {name: (int(size), digest) for name, size, digest in map(str.split, DIGESTS.strip().splitlines())}
    data = bytes(range(251)) * 401

    def told(hash):
        return hash.hexdigest(32) if hash.name.lower().startswith("shake") else hash.hexdigest()

    def check(name, new):
        hash = new(b"abc")
        assert (hash.digest_size, told(hash)[:16]) == expected[name], (name, new)
        parts = new()
        for start in range(0, len(data), 1009):
            parts.update(data[start:start + 1009])
        assert told(parts) == told(parts.copy()) == told(new(data)) != told(hash), (name, new)
        return told(parts)

    own = {name: check(name, getattr(hashlib, "__get_builtin_constructor")(name)) for name in sorted(builtin)}
    # RFC 4231, case 2
    what = b"what do ya want for nothing?"
    mac = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert hmac.new(b"Jefe", what, "sha256").hexdigest() == mac == hmac.digest(b"Jefe", what, "sha256").hex()
    assert hmac.compare_digest(mac, mac) and not hmac.compare_digest(mac, mac[:-1] + "4")
    with open("/smoke.py", "rb") as file:
        assert hashlib.file_digest(file, "sha256").digest() == hashlib.sha256(open("/smoke.py", "rb").read()).digest()

    if "ssl" not in SWITCHES:
        assert hashlib.algorithms_available == builtin
        assert not hasattr(hashlib, "scrypt")
        return
    import _hashlib

    assert hashlib.algorithms_available == set(expected), hashlib.algorithms_available ^ set(expected)
    assert _hashlib.openssl_md_meth_names == frozenset(expected)
    for name in expected:
        digest = check(name, lambda data=b"": _hashlib.new(name, data))
        assert check(name, lambda data=b"": hashlib.new(name, data, usedforsecurity=False)) == digest
        # Two other programs computed the same digest.
        assert digest == own.get(name, digest), name
    assert hashlib.sha256 is _hashlib.openssl_sha256 and hmac.HMAC(b"", digestmod="sha1")._hmac
    # RFC 6070 and RFC 7914
    derived = hashlib.pbkdf2_hmac("sha1", b"password", b"salt", 4096)
    assert derived.hex() == "4b007901b765489abead49d926f721d065a429c1"
    derived = hashlib.scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=16, dklen=64)
    assert derived.hex() == ("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                             "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640")


# An authority, the certificate that it signed for good.test and *.wild.test, and that certificate's key, which has a
# password. Only this test uses them. They expire in 2119.
AUTHORITY = """\
-----BEGIN CERTIFICATE-----
MIIBdjCCARygAwIBAgIUKcd1fa5EddUT5A1xFI0hSN4QWfIwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNU21va2UgdGVzdCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIw
MDEwMTAwMDAwMFowGDEWMBQGA1UEAwwNU21va2UgdGVzdCBDQTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABL52/9nV2bI5j+oFuH6LuLvnjOTgQdlfv9ewJOWkYetQ
OJNgz6K0ASsVZ/jqVGGhKOZffnGsNuuDoELpdXGxoP6jQjBAMA8GA1UdEwEB/wQF
MAMBAf8wDgYDVR0PAQH/BAQDAgEGMB0GA1UdDgQWBBQV+BwfYUpC3RzJ5lRBuJ4l
L0P5kTAKBggqhkjOPQQDAgNIADBFAiEAmOdcBvtj2c6TYRhPzEh56P21ZYt4Sv/O
XqAShFuY8GUCIFZVpLoA36RVWCo0nobcVz38XDY8TA6VFVBzBogKODMV
-----END CERTIFICATE-----
"""
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIByjCCAXCgAwIBAgIURuPYDBbSkeduQdmAiXwRH21slAcwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNU21va2UgdGVzdCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8yMTE5
MDEwMTAwMDAwMFowFDESMBAGA1UEAwwJZ29vZC50ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAELf7zQrVJ1s1NbJZGu9TnERZdirPKb1Ff9wymaF6QhSDoOfp4
J1LdIC5ndwTJIHkNHxIndtbUnGpdcI2fD/qncqOBmTCBljAMBgNVHRMBAf8EAjAA
MA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDATAdBgNVHQ4EFgQU
uEawlJb/dCeHwDORR8cPxzS4jN4wHwYDVR0jBBgwFoAUFfgcH2FKQt0cyeZUQbie
JS9D+ZEwIQYDVR0RBBowGIIJZ29vZC50ZXN0ggsqLndpbGQudGVzdDAKBggqhkjO
PQQDAgNIADBFAiEAuxO2h7ARZ8vdEV5TOg18Pd7c0S7Mj8O4O3eADLPsYSYCIDZD
UrXQ4kdinDMKg8rHY+GQhV4+yRB8TPcLafItm3ee
-----END CERTIFICATE-----
"""
KEY = """\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAi+DZMEFQdhcwICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEECZbIZEqYKPMT1oDiyj0mCwEgZCw
wgTH463EdYM7DHY2r/Y0+pmMEznmDX7UWd+EyaEoMXojyG0EKHAIiv4gLCiGh3Dh
HNUIU9jsgpDGDWu3ODOAocJ7QdGFegjLfgMiqBKlBOJgJK9xHjch0ugRRztkJvQk
Ayq7RKqJ+UVFQw1eCv8+P0sUk/YEEH2godeAUeVSk9K7ilRLp6W4rr6sZLBqKjs=
-----END ENCRYPTED PRIVATE KEY-----
"""


def tls():
    if "ssl" not in SWITCHES:
        try:
            import ssl
        except ImportError:
            return
        raise AssertionError(ssl)
    import asyncio.sslproto, http.client, ssl, urllib.request

    assert ssl.HAS_TLSv1_3 and ssl.OPENSSL_VERSION_INFO >= (3, 5), ssl.OPENSSL_VERSION
    assert asyncio.sslproto.ssl is ssl and http.client.HTTPSConnection and urllib.request.HTTPSHandler

    # The authorities in the image.
    assert ssl.get_default_verify_paths().cafile == "/usr/local/ssl/cert.pem"
    public = ssl.create_default_context()
    stats = public.cert_store_stats()
    assert stats["x509_ca"] == stats["x509"] == len(public.get_ca_certs()) > 100, stats
    assert {"ISRG Root X1"} <= {value for root in public.get_ca_certs() for part in root["subject"] for _, value in part}

    for name, text in ("certificate", CERTIFICATE), ("key", KEY), ("authority", AUTHORITY):
        with open(f"/data/{name}.pem", "w") as file:
            file.write(text)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        server.load_cert_chain("/data/certificate.pem", "/data/key.pem", password="wrong")
    except ssl.SSLError:
        pass
    else:
        raise AssertionError("a wrong password served")
    server.load_cert_chain("/data/certificate.pem", "/data/key.pem", password="smoke")
    server.set_alpn_protocols(["h2", "http/1.1"])
    trusting = ssl.create_default_context(cafile="/data/authority.pem")
    trusting.set_alpn_protocols(["http/1.1"])
    for name in "certificate", "key", "authority":
        os.unlink(f"/data/{name}.pem")

    def pair(client, host, session=None):
        """Both ends of a connection, and the data on its way to the server."""
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        return (client.wrap_bio(back, there, server_hostname=host, session=session),
                server.wrap_bio(there, back, server_side=True), there)

    def until_done(*calls):
        """Call each in turn until neither waits for the other."""
        waiting = list(calls)
        for _ in range(100):
            for call in list(waiting):
                try:
                    call()
                except ssl.SSLWantReadError:
                    continue
                waiting.remove(call)
            if not waiting:
                return
        raise AssertionError("both ends wait")

    def send(writer, reader, data):
        got, sent = bytearray(), 0
        while len(got) < len(data):
            if sent < len(data):
                sent += writer.write(data[sent:sent + 100000])
            try:
                while part := reader.read(30000):
                    got += part
            except ssl.SSLWantReadError:
                pass
        assert got == data

    def talk(host, version, session=None):
        trusting.maximum_version = version
        client, other, _ = pair(trusting, host, session)
        until_done(client.do_handshake, other.do_handshake)
        assert client.version() == other.version() == version.name.replace("_", "."), client.version()
        assert client.cipher()[0] == other.cipher()[0] and client.cipher()[2] >= 128, client.cipher()
        assert client.selected_alpn_protocol() == "http/1.1" == other.selected_alpn_protocol()
        assert client.session_reused == other.session_reused == (session is not None)
        names = [value for kind, value in client.getpeercert()["subjectAltName"] if kind == "DNS"]
        assert names == ["good.test", "*.wild.test"]
        assert client.getpeercert(True) == ssl.PEM_cert_to_DER_cert(CERTIFICATE)
        data = bytes(range(256)) * 2000
        send(client, other, data)
        send(other, client, data[::-1])
        session = client.session
        until_done(client.unwrap, other.unwrap)
        return session

    for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
        session = talk("good.test", version)
        assert session and session.has_ticket
        talk("good.test", version, session)
        talk("any.wild.test", version)

    def refused(client, host, code):
        client, other, _ = pair(client, host)
        try:
            until_done(client.do_handshake, other.do_handshake)
        except ssl.SSLCertVerificationError as error:
            assert error.verify_code == code, error
        else:
            raise AssertionError(f"{host} was not refused")

    refused(trusting, "bad.test", 62)  # X509_V_ERR_HOSTNAME_MISMATCH
    refused(trusting, "too.deep.wild.test", 62)
    refused(public, "good.test", 20)  # X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY

    # A byte that was changed on the way.
    client, other, there = pair(trusting, "good.test")
    until_done(client.do_handshake, other.do_handshake)
    client.write(b"attack at dawn")
    record = bytearray(there.read())
    assert b"attack" not in record
    record[-1] ^= 1
    there.write(record)
    try:
        other.read()
    except ssl.SSLError as error:
        # OpenSSL 3.2 and later report it with a code that older Pythons have no name for.
        assert "record layer failure" in str(error).lower() or "BAD_RECORD_MAC" in str(error), error
    else:
        raise AssertionError("a changed record was taken")
    assert ssl.RAND_status() and ssl.RAND_bytes(16) != ssl.RAND_bytes(16)


def time_zones():
    import datetime, zoneinfo

    assert zoneinfo.TZPATH[0] == "/usr/local/share/zoneinfo" and "/usr/share/zoneinfo" in zoneinfo.TZPATH
    assert len(zoneinfo.available_timezones()) > 590

    def hours(zone, *when):
        return datetime.datetime(*when, tzinfo=zoneinfo.ZoneInfo(zone)).utcoffset() / datetime.timedelta(hours=1)

    assert hours("Europe/Berlin", 2026, 1, 15) == 1 and hours("Europe/Berlin", 2026, 7, 15) == 2
    assert hours("Europe/Berlin", 2026, 3, 29, 1, 59) == 1 and hours("Europe/Berlin", 2026, 3, 29, 3) == 2
    assert hours("Europe/Berlin", 2060, 7, 15) == 2
    assert hours("Asia/Kathmandu", 2026, 1, 1) == 5.75 and hours("America/New_York", 2026, 7, 4) == -4
    assert datetime.datetime(2026, 7, 15, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")).tzname() == "CEST"
    try:
        zoneinfo.ZoneInfo("Europe/Nowhere")
    except zoneinfo.ZoneInfoNotFoundError:
        pass
    else:
        raise AssertionError("there is no such zone")


def this_python():
    import signal, sysconfig

    assert sys.path[1:] == [ZIP, LIB, LIB + "/lib-dynload"], sys.path
    assert sys.prefix == sys.exec_prefix == "/usr/local"
    assert sys.platform == "wasi" and sys.getrecursionlimit() == 1000
    assert os.__spec__.origin == "frozen" and io.StringIO
    import json

    # Modules come from the zip, and have the names that they have in a Python with a directory.
    assert json.__loader__.archive == ZIP and json_file() == LIB + "/json/__init__.py", json_file()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    variables = sysconfig.get_config_vars()
    assert variables["WITH_PYMALLOC"] == 1 and variables["HAVE_CHMOD"] == 1 and variables["HAVE_FORK"] == 0
    for name, value in variables.items():
        assert "/artifacts/" not in str(value) and ".cache" not in str(value), (name, value)


def json_file():
    import json

    return json.dumps.__code__.co_filename


def clocks():
    import time

    for clock in time.time, time.monotonic, time.perf_counter:
        start = clock()
        time.sleep(0.05)
        assert 0.04 < clock() - start < 5, clock
    start = time.process_time()
    time.sleep(0.2)
    assert 0 <= time.process_time() - start < 0.2
    time.sleep(0)
    assert abs(time.clock_gettime(time.CLOCK_REALTIME) - time.time()) < 1
    import threading

    lock = threading.Lock()
    lock.acquire()
    start = time.monotonic()
    assert not lock.acquire(timeout=0.1) and 0.05 < time.monotonic() - start < 5


def recursion():
    def ends(run, *kinds):
        try:
            run()
        except kinds:
            return
        raise AssertionError(run)

    def forever():
        forever()

    class Endless:
        def __getattr__(self, name):
            return getattr(self, name + "_")

        def __repr__(self):
            return repr(self)

    deep = []
    for _ in range(100000):
        deep = [deep]
    import json, pickle, re

    ends(forever, RecursionError)
    ends(lambda: Endless().name, RecursionError)
    ends(lambda: repr(Endless()), RecursionError)
    ends(lambda: repr(deep), RecursionError)
    ends(lambda: json.dumps(deep), RecursionError)
    ends(lambda: json.loads("[" * 100000), RecursionError)
    ends(lambda: pickle.dumps(deep), RecursionError)
    ends(lambda: re.compile("(" * 20000 + ")" * 20000), RecursionError)
    ends(lambda: eval("(" * 5000 + ")" * 5000), SyntaxError, MemoryError, RecursionError)
    ends(lambda: eval("-" * 50000 + "1"), MemoryError, RecursionError)
    ends(lambda: compile("a" + ".b" * 100000, "", "exec"), MemoryError, RecursionError)

    def key(value):
        return sorted([1, 2], key=key)

    ends(lambda: key(1), RecursionError)


SWITCHES = sys.argv[1:]
os.makedirs("/data", exist_ok=True)
for check in (this_python, compiler, linked_in, digests, tls, time_zones, compression, database, maps, foreign_functions, event_loop, selecting,
              clear_errors, clocks, recursion):
    check()
    print("ok", check.__name__)
