"""Runs inside the wasm, from the zip alone: what was linked in works."""

import io
import os
import sys

ZIP = "/usr/local/lib/python{}{}.zip".format(*sys.version_info)
LIB = "/usr/local/lib/python{}.{}".format(*sys.version_info)


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
        for lock in fcntl.flock, fcntl.lockf:
            try:
                lock(file, fcntl.LOCK_EX)
            except OSError:
                pass
            else:
                raise AssertionError(lock)
        late = mmap.mmap(file.fileno(), 0)
    # Its file is closed, and the number may be another file's by now: nothing may be written there.
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
            await asyncio.to_thread(print)
        except RuntimeError as error:
            assert "thread" in str(error)

    asyncio.run(main(), debug=False)
    asyncio.run(main(), debug=True)


def clear_errors():
    import multiprocessing, subprocess, threading

    def fails(call, kind, *words):
        try:
            call()
        except kind as error:
            assert all(word in str(error) for word in words), error
        else:
            raise AssertionError(call)

    fails(threading.Thread(target=print).start, RuntimeError, "thread")
    fails(lambda: subprocess.run(["ls"]), OSError, "process")
    fails(multiprocessing.Process(target=print).start, OSError, "process")


def this_python():
    import signal, sysconfig

    assert sys.path[1:] == [ZIP, LIB, LIB + "/lib-dynload"], sys.path
    assert sys.prefix == sys.exec_prefix == "/usr/local"
    assert sys.platform == "wasi" and sys.getrecursionlimit() == 1000
    assert os.__spec__.origin == "frozen" and io.StringIO
    assert json_file().startswith(ZIP)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    variables = sysconfig.get_config_vars()
    assert variables["WITH_PYMALLOC"] == 1 and variables["HAVE_CHMOD"] == 0
    for name, value in variables.items():
        assert "/store/" not in str(value) and ".cache" not in str(value), (name, value)


def json_file():
    import json

    return json.dumps.__code__.co_filename


def clocks():
    import time

    for clock in time.time, time.monotonic, time.perf_counter, time.process_time:
        start = clock()
        time.sleep(0.05)
        assert 0.04 < clock() - start < 5, clock
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


os.makedirs("/data", exist_ok=True)
for check in this_python, linked_in, compression, database, maps, event_loop, clear_errors, clocks, recursion:
    check()
    print("ok", check.__name__)
