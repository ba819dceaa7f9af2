"""Runs inside the wasm, from the zip alone: everything in it imports, and what was linked in works."""

import importlib
import io
import os
import sys
import zipfile

ZIP = "/usr/local/lib/python{}{}.zip".format(*sys.version_info)

# What cannot be imported here, by what it lacks. A package stands for all that is in it.
LACKS = {
    "_ctypes": ["ctypes"],  # calls into machine code: there is none
    "_curses": ["curses"],
    "_dbm": ["dbm.ndbm"],
    "_gdbm": ["dbm.gnu"],
    "_multiprocessing": [
        "multiprocessing.connection", "multiprocessing.forkserver", "multiprocessing.heap", "multiprocessing.managers",
        "multiprocessing.pool", "multiprocessing.popen_forkserver", "multiprocessing.popen_spawn_posix",
        "multiprocessing.queues", "multiprocessing.resource_tracker", "multiprocessing.shared_memory",
        "multiprocessing.sharedctypes", "multiprocessing.synchronize", "concurrent.futures.process",
    ],
    "os.WNOHANG": ["multiprocessing.popen_fork"],
    "_bz2": ["bz2", "encodings.bz2_codec"],
    "_lzma": ["lzma"],
    "_sqlite3": ["sqlite3"],
    "_ssl": ["ssl"],
    "termios": ["tty", "pty"],
    "tkinter": ["turtle"],
    "winreg or msvcrt": ["asyncio.windows_events", "asyncio.windows_utils", "multiprocessing.popen_spawn_win32",
                         "msilib", "distutils.msvc9compiler", "distutils._msvccompiler",
                         "encodings.mbcs", "encodings.oem", "ctypes.wintypes"],
}
NOT_HERE = {name for names in LACKS.values() for name in names}
# What does something besides being imported.
SKIPPED = {"antigravity", "this", "__main__"}
LEFT_OUT = {"test", "tests", "ensurepip", "idlelib", "lib2to3", "tkinter", "turtledemo", "venv"}


def names():
    for name in zipfile.ZipFile(ZIP).namelist():
        assert name.endswith(".pyc"), name
        name = name.removesuffix(".pyc").removesuffix("/__init__").replace("/", ".")
        assert not LEFT_OUT & set(name.split(".")), name
        if not name.endswith("__main__") and name not in SKIPPED:
            yield name


def imports():
    wrong = []
    for name in names():
        parts = name.split(".")
        expected = not any(".".join(parts[:count]) in NOT_HERE for count in range(1, len(parts) + 1))
        try:
            importlib.import_module(name)
            came = True
        except Exception as error:
            came = False
            reason = f"{type(error).__name__}: {error}"
        if came != expected:
            wrong.append(f"{name}: " + ("can be imported, contrary to LACKS" if came else reason))
    assert not wrong, "\n".join(wrong)


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


def this_python():
    import signal, sysconfig

    assert sys.path[1:] == [ZIP, "/usr/local/lib/python3.11", "/usr/local/lib/python3.11/lib-dynload"], sys.path
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


for check in this_python, linked_in, clocks, recursion, imports:
    check()
    print("ok", check.__name__)
