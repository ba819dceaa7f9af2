"""Process groups, sessions, priorities, processors and users: what programs ask for at their start, as on Linux."""

import errno
import os
import pwd
import signal
import socket
import subprocess
import sys


def fails(number, call, *args):
    try:
        result = call(*args)
    except OSError as e:
        assert e.errno == number, f"{call.__name__}{args}: {e}"
    else:
        raise AssertionError(f"{call.__name__}{args} returned {result}")


NOBODY = 999_999_999  # no process has this number

# Groups and sessions.
assert os.getpgid(0) == os.getpgid(os.getpid()) == os.getpgrp()
assert os.getsid(0) == os.getsid(os.getpid())
fails(errno.ESRCH, os.getpgid, NOBODY)
fails(errno.ESRCH, os.getsid, NOBODY)
fails(errno.ESRCH, os.setpgid, NOBODY, NOBODY)
fails(errno.EPERM, os.setpgid, 0, NOBODY)
fails(errno.ESRCH, os.killpg, NOBODY, 0)
os.killpg(os.getpgrp(), 0)
ends = os.pipe()
fails(errno.ENOTTY, os.tcgetpgrp, ends[0])
fails(errno.ENOTTY, os.tcsetpgrp, ends[0], os.getpgrp())

# Processors.
processors = os.sched_getaffinity(0)
assert processors and len(processors) <= os.cpu_count()
assert os.sched_getaffinity(os.getpid()) == processors
os.sched_setaffinity(0, range(os.cpu_count()))
fails(errno.EINVAL, os.sched_setaffinity, 0, [5000])
fails(errno.EINVAL, os.sched_setaffinity, 0, [])
fails(errno.ESRCH, os.sched_getaffinity, NOBODY)
os.sched_yield()

# Users: each can become itself.
uid, gid = os.getuid(), os.getgid()
assert os.getresuid() == (uid, uid, uid) and os.getresgid() == (gid, gid, gid)
os.setuid(uid)
os.seteuid(uid)
os.setreuid(-1, uid)
os.setresuid(uid, -1, -1)
os.setgid(gid)
os.setegid(gid)
os.setregid(gid, -1)
os.setresgid(-1, -1, gid)
assert gid in os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
if uid:
    for change in (os.setuid, os.seteuid, os.setgid, os.setegid):
        fails(errno.EPERM, change, 0)
    fails(errno.EPERM, os.setreuid, 0, -1)
    fails(errno.EPERM, os.setresgid, -1, 0, -1)
    fails(errno.EPERM, os.setgroups, [gid])
    fails(errno.EPERM, os.initgroups, "root", 0)

# Priorities, which another process inherits.
before = os.nice(0)
assert os.getpriority(os.PRIO_PROCESS, 0) == before
assert os.nice(3) == min(before + 3, 19)
os.setpriority(os.PRIO_PROCESS, os.getpid(), min(before + 5, 19))
assert os.getpriority(os.PRIO_PROCESS, os.getpid()) == min(before + 5, 19)
if uid and before + 5 < 19:
    fails(errno.EPERM, os.nice, -1)
    fails(errno.EACCES, os.setpriority, os.PRIO_PROCESS, 0, before)
fails(errno.EINVAL, os.getpriority, 7, 0)
fails(errno.ESRCH, os.getpriority, os.PRIO_PROCESS, NOBODY)
child = """
import os, time
assert os.getsid(0) == os.getpgrp() == os.getpid() and os.getppid()
print(os.nice(0), flush=True)
time.sleep(60)
"""
try:
    process = subprocess.Popen([sys.executable, "-c", child], start_new_session=True, stdout=subprocess.PIPE)
except OSError as e:
    assert "processes" in str(e), e
else:
    assert int(process.stdout.readline()) == os.nice(0)
    assert os.getpgid(process.pid) == os.getsid(process.pid) == process.pid
    assert os.sched_getaffinity(process.pid) == processors
    os.killpg(os.getpgid(process.pid), signal.SIGTERM)
    assert process.wait() == -signal.SIGTERM
assert os.nice(100) == 19

# Numbers of the system, from which programs compute how much memory there is.
pages, free = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_AVPHYS_PAGES")
assert 0 < free <= pages and pages * os.sysconf("SC_PAGE_SIZE") >= 64 << 20, (free, pages)
assert os.sysconf("SC_NPROCESSORS_ONLN") >= 1 and os.sysconf("SC_CLK_TCK") > 0 and os.sysconf("SC_OPEN_MAX") >= -1

# Types of sockets are numbers, not bits: a file cannot be sent as datagrams.
try:
    pair = socket.socketpair(type=socket.SOCK_DGRAM)
except OSError:
    pass
else:
    with open(__file__, "rb") as file:
        try:
            pair[0].sendfile(file)
        except ValueError as e:
            assert "SOCK_STREAM" in str(e), e
        else:
            raise AssertionError("a datagram socket sent a file")
