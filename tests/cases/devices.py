"""Devices that programs take for granted."""
import logging
import os
import stat
import subprocess
import sys

with open(os.devnull, "w") as file:
    print("gone", file=file)
    assert not file.isatty()
with open(os.devnull) as file:
    assert file.read() == ""
with open(os.devnull, "ab+") as file:
    file.write(b"gone")
assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
handler = logging.FileHandler(os.devnull)
logging.getLogger("x").addHandler(handler)
logging.getLogger("x").error("gone")
handler.close()
assert subprocess.DEVNULL == -3
with open("/dev/zero", "rb") as file:
    assert file.read(10) == bytes(10)
with open("/dev/urandom", "rb") as file:
    assert len(set(file.read(1000))) > 100
with open("/dev/full", "wb", buffering=0) as file:
    try:
        file.write(b"x")
    except OSError as error:
        assert "space" in error.strerror
    else:
        raise AssertionError("/dev/full took a byte")
with open("/dev/stdout", "w") as file:
    print("to stdout", file=file)
print("still here", flush=True)
with open("/tmp/file", "w+") as file:
    file.write("text")
    file.flush()
    with open("/dev/fd/%d" % file.fileno(), "rb", buffering=0) as copy:
        copy.seek(0)
        assert copy.read() == b"text"
assert {"null", "urandom", "stdin", "fd"} <= set(os.listdir("/dev"))
assert {"0", "1", "2"} <= set(os.listdir("/dev/fd"))
for path in ["/dev/null/x", "/dev/fd/999"] + ["/dev/new"] * (sys.platform == "wasi"):
    try:
        open(path, "w")
    except OSError:
        pass
    else:
        raise AssertionError(path)
assert sys.stdin.read() == ""
