"""Locks on files: in the directories of the host, and in memory."""
import errno
import fcntl
import os
import sqlite3
import struct
import sys


def refused(call, *errors):
    try:
        call()
    except OSError as error:
        assert error.errno in (errors or (errno.EAGAIN, errno.EACCES)), error
    else:
        raise AssertionError("not refused")


NOW = fcntl.LOCK_NB
for top in *sys.argv[1:], "/tmp":
    path = top + "/locked"
    # Whole files: a lock belongs to one opening of the file, and to its copies.
    first, second, reader = open(path, "w+b"), open(path, "r+b"), open(path, "rb")
    fcntl.flock(first, fcntl.LOCK_EX)
    refused(lambda: fcntl.flock(second, fcntl.LOCK_EX | NOW))
    refused(lambda: fcntl.flock(reader, fcntl.LOCK_SH | NOW))
    fcntl.flock(first, fcntl.LOCK_SH | NOW)
    fcntl.flock(reader, fcntl.LOCK_SH | NOW)
    refused(lambda: fcntl.flock(first, fcntl.LOCK_EX | NOW))
    fcntl.flock(reader, fcntl.LOCK_UN)
    fcntl.flock(first, fcntl.LOCK_EX | NOW)
    first.close()
    fcntl.flock(second, fcntl.LOCK_EX | NOW)
    copy = os.dup(second.fileno())
    second.close()
    refused(lambda: fcntl.flock(reader, fcntl.LOCK_EX | NOW))
    os.close(copy)
    fcntl.flock(reader, fcntl.LOCK_EX | NOW)
    refused(lambda: fcntl.flock(12345, fcntl.LOCK_SH), errno.EBADF)

    # Ranges: a lock belongs to the process.
    first, second = open(path, "r+b"), open(path, "r+b")
    fcntl.lockf(first, fcntl.LOCK_EX | NOW)
    fcntl.lockf(second, fcntl.LOCK_EX | NOW, 10, 5)
    fcntl.lockf(second, fcntl.LOCK_SH | NOW, 10, 5, os.SEEK_END)
    fcntl.lockf(reader, fcntl.LOCK_SH | NOW, 1, 0)
    fcntl.lockf(first, fcntl.LOCK_UN)
    refused(lambda: fcntl.lockf(reader, fcntl.LOCK_EX | NOW), errno.EBADF)
    refused(lambda: fcntl.lockf(first, fcntl.LOCK_EX, 0, -1), errno.EINVAL)
    range_ = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    assert fcntl.fcntl(first, fcntl.F_SETLK, range_) == range_
    assert struct.unpack("hhqqi4x", fcntl.fcntl(second, fcntl.F_GETLK, range_))[0] == fcntl.F_UNLCK
    os.lockf(first.fileno(), os.F_TLOCK, 0)
    os.lockf(first.fileno(), os.F_TEST, 0)
    os.lockf(first.fileno(), os.F_ULOCK, 0)
    refused(lambda: fcntl.lockf(12345, fcntl.LOCK_SH), errno.EBADF)
    copy = fcntl.fcntl(first, fcntl.F_DUPFD, 10)
    assert copy >= 10 and os.fstat(copy).st_ino == os.fstat(first.fileno()).st_ino
    os.close(copy)

    # SQLite: one connection reads while another begins to write, and only one writes.
    one, two = (sqlite3.connect(top + "/base.db", timeout=0, isolation_level=None) for i in range(2))
    one.execute("create table t(n)")
    one.execute("begin immediate")
    one.execute("insert into t values(1)")
    assert two.execute("select count(*) from t").fetchone() == (0,)
    try:
        two.execute("begin immediate")
    except sqlite3.OperationalError as error:
        assert "locked" in str(error), error
    else:
        raise AssertionError("two writers")
    one.execute("commit")
    two.execute("insert into t values(2)")
    assert one.execute("select count(*) from t").fetchone() == (2,)
    one.close()
    two.close()
    assert not os.path.exists(top + "/base.db.lock")
