"""Names that packages expect when they are imported."""
import getpass
import os
import pathlib
import shutil
import signal
import socket
import stat
import time

for module, names in {
    os: """getuid geteuid getgid getegid getgroups getlogin umask getppid kill system cpu_count get_terminal_size getpid getpgid getpgrp
        getsid setpgid setsid killpg tcgetpgrp nice getpriority setpriority PRIO_PROCESS sched_getaffinity sched_yield setuid setgid
        getresuid getresgid getgrouplist times sysconf""",
    socket: """AF_INET AF_INET6 AF_UNSPEC AI_ADDRCONFIG AI_CANONNAME AI_NUMERICHOST AI_NUMERICSERV AI_PASSIVE EAI_AGAIN EAI_FAIL
        EAI_NONAME INADDR_ANY IPPROTO_ICMP IPPROTO_IPV6 IPPROTO_TCP IPPROTO_UDP IP_MULTICAST_TTL IP_TOS IP_TTL MSG_DONTWAIT
        MSG_NOSIGNAL MSG_PEEK NI_DGRAM NI_NUMERICHOST NI_NUMERICSERV SHUT_RDWR SOCK_DGRAM SOCK_RAW SOCK_STREAM SOL_IP SOL_SOCKET
        SOL_TCP SOMAXCONN SO_BROADCAST SO_ERROR SO_KEEPALIVE SO_LINGER SO_RCVBUF SO_RCVTIMEO SO_REUSEADDR SO_REUSEPORT SO_SNDBUF
        SO_SNDTIMEO SO_TYPE TCP_KEEPCNT TCP_KEEPIDLE TCP_KEEPINTVL TCP_NODELAY TCP_USER_TIMEOUT create_connection create_server
        getaddrinfo getfqdn gethostbyaddr gethostbyname gethostbyname_ex gethostname getnameinfo getprotobyname getservbyname
        getservbyport has_ipv6 inet_aton inet_ntop inet_pton socketpair""",
    socket.socket: """accept bind connect connect_ex getpeername getsockname getsockopt listen recv recvfrom recv_into send
        sendall sendto setsockopt settimeout shutdown""",
    time: "process_time thread_time thread_time_ns",
}.items():
    missing = [name for name in names.split() if not hasattr(module, name)]
    assert not missing, (module, missing)

import grp
import pwd

me = pwd.getpwuid(os.getuid())
assert os.getuid() == os.geteuid() and os.getgid() == os.getegid() and os.getgid() in (os.getgroups() or [os.getgid()])
assert me.pw_uid == os.getuid() and me.pw_gid == os.getgid() and pwd.getpwnam(me.pw_name) == me and me in pwd.getpwall()
assert pwd.getpwuid(0).pw_name == grp.getgrgid(0).gr_name == "root"
assert grp.getgrgid(os.getgid()).gr_gid == os.getgid()
assert getpass.getuser() and os.path.expanduser("~root").startswith("/")
for unknown in lambda: pwd.getpwuid(54321), lambda: pwd.getpwnam("nobody-at-all"), lambda: grp.getgrnam("nobody-at-all"):
    try:
        unknown()
    except KeyError:
        pass
    else:
        raise AssertionError(unknown)
before = os.umask(0o77)
assert os.umask(before) == 0o77 and os.umask(before) == before
os.kill(os.getpid(), 0)
try:
    os.kill(54321, 0)
except ProcessLookupError:
    pass
else:
    raise AssertionError("a process that does not exist")
came = []
signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
os.kill(os.getpid(), signal.SIGTERM)
assert came == [signal.SIGTERM]
assert os.cpu_count() >= 1
