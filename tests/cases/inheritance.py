"""Which descriptors a process inherits: os.set_inheritable(), the copies that inherit, close_fds and pass_fds."""
import errno
import fcntl
import os
import socket
import subprocess
import sys

opened = [os.open(sys.argv[1] + "/case.py", os.O_RDONLY), os.open("/tmp/file", os.O_RDWR | os.O_CREAT), os.open(os.devnull, os.O_RDWR),
          *os.pipe()]
try:
    pair = socket.socketpair()
except OSError:
    pair = ()
for fd in *opened, *(end.fileno() for end in pair):
    assert not os.get_inheritable(fd) and fcntl.fcntl(fd, fcntl.F_GETFD) == fcntl.FD_CLOEXEC
    for inherits in True, True, False, False, True:
        os.set_inheritable(fd, inherits)
        assert os.get_inheritable(fd) == inherits == (not fcntl.fcntl(fd, fcntl.F_GETFD))
    fcntl.fcntl(fd, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    assert not os.get_inheritable(fd)
for end in pair:
    end.set_inheritable(True)
    assert end.get_inheritable() and not end.dup().get_inheritable()
    end.close()
for fd in range(3):
    assert os.get_inheritable(fd)

# Copies, and numbers that are used again.
for fd in opened:
    copies = [os.dup(fd), os.dup2(fd, 77), os.dup2(fd, 78, inheritable=False), fcntl.fcntl(fd, fcntl.F_DUPFD, 0),
              fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 0)]
    assert [os.get_inheritable(copy) for copy in copies] == [False, True, False, True, False]
    os.set_inheritable(fd, True)
    assert not os.get_inheritable(os.dup2(fd, 77, inheritable=False)) and os.get_inheritable(os.dup2(fd, 78))
    os.set_inheritable(fd, False)
    for copy in copies:
        os.close(copy)
        for call in (os.get_inheritable, copy), (os.set_inheritable, copy, True), (fcntl.fcntl, copy, fcntl.F_GETFD):
            try:
                call[0](*call[1:])
            except OSError as error:
                assert error.errno == errno.EBADF, error
            else:
                raise AssertionError(call)
    for command in fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC:
        copies = [fcntl.fcntl(fd, command, least) for least in (600, 900, 900)]
        assert 600 <= copies[0] and copies[1] >= 900 <= copies[2] != copies[1], copies
        for copy in copies:
            assert os.get_inheritable(copy) == (command == fcntl.F_DUPFD)
            os.close(copy)
        try:
            fcntl.fcntl(fd, command, -1)
        except OSError as error:
            assert error.errno == errno.EINVAL, error
        else:
            raise AssertionError(command)
fd = os.open(os.devnull, os.O_RDONLY)
os.set_inheritable(fd, True)
os.close(fd)
again = os.open(os.devnull, os.O_RDONLY)
assert not os.get_inheritable(again)
os.close(again)
os.close(opened.pop(1))

# What a process gets: those that are named, or those that inherit.
code = """
import os, sys
for word in sys.argv[1:]:
    try:
        os.fstat(int(word))
    except OSError:
        print("-", end="")
    else:
        print("+" if os.get_inheritable(int(word)) else "?", end="")
"""
one, null, reads, writes = opened
numbers = [*opened, os.dup2(one, 77), os.dup2(one, 78, inheritable=False)]


def seen(**how):
    return subprocess.check_output([sys.executable, "-c", code, *map(str, numbers)], text=True, **how)


try:
    assert seen() == "------"
except OSError as error:
    assert "processes" in str(error), error
else:
    assert seen(close_fds=False) == "----+-"
    os.set_inheritable(null, True)
    os.set_inheritable(writes, True)
    assert seen() == "------" and seen(close_fds=False) == "-+-++-"
    assert seen(pass_fds=[null, reads, 78]) == "-++--+"
    assert os.get_inheritable(null) and not os.get_inheritable(reads)
    os.set_inheritable(null, False)
    assert seen(close_fds=False) == "---++-"


def is_open(fd):
    try:
        os.fstat(fd)
    except OSError as error:
        assert error.errno == errno.EBADF, error
        return False
    return True


# A number that was closed before can be used and closed again. (The host may have something there that is not the program's.)
for fd in range(3, 64):
    if not is_open(fd):
        os.dup2(one, fd)
        os.close(fd)
        assert not is_open(fd), fd
        try:
            os.close(fd)
        except OSError as error:
            assert error.errno == errno.EBADF, error
        else:
            raise AssertionError(fd)

# Closing all numbers closes no shared directory, and neither does giving its number to another file.
os.closerange(3, 1024)
assert not any(map(is_open, range(3, 1024)))
assert "case.py" in os.listdir(sys.argv[1]) and "argparse" in repr(__import__("argparse"))
one = os.open(sys.argv[1] + "/case.py", os.O_RDONLY)
for fd in range(3, 9):
    os.dup2(one, fd)
assert "case.py" in os.listdir(sys.argv[1]) and os.path.exists(sys.argv[1] + "/case.py")
code = """
import os, sys
assert all(os.path.samestat(os.fstat(fd), os.stat(sys.argv[1] + "/case.py")) for fd in range(3, 9))
os.closerange(3, 9)
print("case.py" in os.listdir(sys.argv[1]))
"""
try:
    done = subprocess.run([sys.executable, "-c", code, sys.argv[1]], pass_fds=range(3, 9), stdout=subprocess.PIPE, text=True)
except OSError as error:
    assert "processes" in str(error), error
else:
    assert done.stdout == "True\n", done
