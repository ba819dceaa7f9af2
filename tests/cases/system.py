"""Queries that programs make to the system when they start. Processes, which do not exist here, are refused with exceptions
that programs catch."""
import concurrent.futures
import getpass
import http.server
import importlib
import multiprocessing.dummy
import os
import pathlib
import platform
import queue
import shutil
import signal
import site
import socket
import subprocess
import sys
import sysconfig
import threading
import urllib.request

here = sys.platform == "wasi"

# The platform.
assert os.name == "posix" and sys.implementation.name == "cpython" and platform.python_implementation() == "CPython"
assert platform.python_version() == ".".join(map(str, sys.version_info[:3])) and platform.python_compiler()
assert platform.uname().system == platform.system() == os.uname().sysname
assert platform.machine() == os.uname().machine and platform.platform() and platform.node() == socket.gethostname()
assert platform.architecture()[0] == ("32bit" if sys.maxsize < 2**32 else "64bit")
assert sysconfig.get_platform() and os.path.isabs(sysconfig.get_path("stdlib")) and len(sysconfig.get_config_vars()) > 100
assert len(sys.stdlib_module_names) > 250 and sys.prefix == sys.base_prefix
assert isinstance(site.getsitepackages(), list)
if here:
    assert (platform.system(), platform.machine(), platform.libc_ver()) == ("wasi", "wasm32", ("", ""))

# The user, the terminal, the environment.
assert os.getpid() > 0 and os.getppid() >= 0 and getpass.getuser()
assert os.path.expanduser("~") == str(pathlib.Path.home()) and os.path.expanduser("~nobody-at-all/x") == "~nobody-at-all/x"
assert os.path.isabs(os.getcwd())
assert shutil.get_terminal_size() == (80, 24)
os.environ["QÜ"] = "ß"
assert os.getenv("QÜ") == "ß" and os.environb["QÜ".encode()] == "ß".encode() and os.environ.pop("QÜ") == "ß"
assert os.fdopen(1, "w", closefd=False).fileno() == 1
assert os.cpu_count() >= 1

# Signals.
came = []
signal.signal(signal.SIGUSR1, lambda number, frame: came.append(number))
signal.raise_signal(signal.SIGUSR1)
assert came == [signal.SIGUSR1] and signal.strsignal(9) == "Killed"
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    pass
else:
    raise AssertionError("SIGINT")
assert signal.set_wakeup_fd(-1) == -1

# Waiting with a limit.
lock = threading.Lock()
assert lock.acquire() and not lock.acquire(timeout=0.05) and not threading.Event().wait(0.05)
try:
    queue.Queue().get(timeout=0.05)
except queue.Empty:
    pass
else:
    raise AssertionError("something came out of an empty queue")

# Without a network.
with open("file", "w") if os.access(".", os.W_OK) else open(sys.argv[1] + "/file", "w") as file:
    file.write("text")
assert urllib.request.urlopen(pathlib.Path(file.name).resolve().as_uri()).read() == b"text"
assert urllib.request.urlopen("data:text/plain,hi").read() == b"hi"
assert socket.inet_aton("1.2.3.4") == b"\1\2\3\4" and socket.htons(socket.ntohs(1)) == 1


def refused(kind, text, function, *arguments, **named):
    try:
        result = function(*arguments, **named)
    except kind as error:
        assert text in str(error), (function, arguments, error)
    else:
        raise AssertionError((function, arguments, result))


if here:
    # In hosts with processes only this Python can be started.
    processes = importlib.import_module("_posixsubprocess").exist()
    none = "No such file" if processes else "does not support processes"
    for how in ["ls"], "ls", ["/nowhere/ls"]:
        refused(OSError, none, subprocess.run, how)
        refused(OSError, none, subprocess.check_output, how)
        refused(OSError, none, subprocess.Popen, how, shell=True)
    refused(OSError, none, subprocess.getoutput, "ls")
    refused(OSError, none, os.popen, "ls")
    assert os.system("true") == 127 << 8
    for name in "fork", "forkpty", "execv", "posix_spawn", "spawnv":
        assert not hasattr(os, name), name
    if not processes:
        refused((RuntimeError, OSError), "", multiprocessing.dummy.Pool, 2)
        refused(OSError, "", concurrent.futures.ProcessPoolExecutor, 2)
    refused(OSError, "", http.server.HTTPServer, ("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    for name in "msvcrt", "winreg", "_winapi", "_scproxy":
        refused(ImportError, name, importlib.import_module, name)
