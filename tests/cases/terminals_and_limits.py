"""Modules that packages for Linux import. Functions that cannot work raise the exceptions that these packages catch."""
# Only here: elsewhere terminals can be controlled and limits can be set.
import errno
import fcntl
import getpass
import importlib
import io
import os
import platform
import resource
import sys
import termios
import time
import tty
import warnings

# No terminal can be controlled.
for call in (lambda fd: termios.tcgetattr(fd), lambda fd: termios.tcdrain(fd), lambda fd: termios.tcflush(fd, termios.TCIOFLUSH),
             lambda fd: termios.tcflow(fd, termios.TCOOFF), lambda fd: termios.tcsendbreak(fd, 0),
             lambda fd: termios.tcsetattr(fd, termios.TCSADRAIN, [0, 0, 0, 0, termios.B9600, termios.B9600, [b"\0"] * 32]),
             tty.setraw, tty.setcbreak):
    for fd in 0, 1, sys.stdin:
        try:
            call(fd)
        except termios.error as error:
            assert error.args == (errno.ENOTTY, os.strerror(errno.ENOTTY)), error
        else:
            raise AssertionError(call)
    try:
        call(12345)
    except termios.error as error:
        assert error.args[0] == errno.EBADF
    else:
        raise AssertionError(call)
assert (termios.ICANON, termios.ECHO, termios.VMIN, termios.TIOCGWINSZ) == (2, 8, 6, 0x5413)
for call in (lambda: fcntl.ioctl(1, termios.TIOCGWINSZ, bytes(8)), lambda: os.get_terminal_size(), lambda: os.ttyname(0)
             if hasattr(os, "ttyname") else os.get_terminal_size(0)):
    try:
        call()
    except OSError as error:
        assert error.errno == errno.ENOTTY
    else:
        raise AssertionError(call)
sys.stdin = io.StringIO("secret\n")
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    assert getpass.getpass("", stream=io.StringIO()) == "secret"
assert [w.category for w in said] == [getpass.GetPassWarning]

# Resource usage and limits.
before = resource.getrusage(resource.RUSAGE_SELF)
until = time.process_time() + 0.1
while time.process_time() < until:
    pass
large = bytearray(50 << 20)
after = resource.getrusage(resource.RUSAGE_SELF)
assert 0.05 < after.ru_utime - before.ru_utime < 60
assert after.ru_maxrss >= before.ru_maxrss + 20000 and 10000 < before.ru_maxrss < 4 << 20  # KB
del large
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >= after.ru_maxrss
assert resource.getrusage(resource.RUSAGE_CHILDREN)[:3] == (0, 0, 0)
assert 0 < resource.getrusage(resource.RUSAGE_THREAD).ru_utime < 600
assert resource.getpagesize() == 65536
unlimited = (resource.RLIM_INFINITY,) * 2
for name in "AS", "CPU", "DATA", "FSIZE", "MEMLOCK", "NOFILE", "RSS", "STACK":
    limit = getattr(resource, "RLIMIT_" + name)
    assert resource.getrlimit(limit) == unlimited, name
    resource.setrlimit(limit, unlimited)
    try:
        resource.setrlimit(limit, (1 << 20, resource.RLIM_INFINITY))
    except OSError as error:
        assert error.errno == errno.ENOTSUP, error
    else:
        raise AssertionError(name)
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0) and resource.getrlimit(resource.RLIMIT_NPROC) == (1, 1)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for call in (lambda: resource.getrlimit(99), lambda: resource.getrusage(99),
             lambda: resource.setrlimit(resource.RLIMIT_CORE, (1, 1))):
    try:
        call()
    except ValueError:
        pass
    else:
        raise AssertionError(call)

# The system.
assert os.cpu_count() >= 1 and not hasattr(os, "fchdir")
# Programs ask whether it exists, and do not expect that it fails: pyperf.
assert not hasattr(os, "getloadavg")
for path in "/etc", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/os-release", "/etc/localtime", "/proc", "/sys":
    assert not os.path.exists(path), path
try:
    platform.freedesktop_os_release()
except OSError:
    pass
else:
    raise AssertionError("a release")

# Missing modules are missing as on other systems.
for name in "pty", "curses", "readline", "syslog", "_curses", "msvcrt":
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        assert error.name in (name, "_curses"), error
    else:
        raise AssertionError(name)
