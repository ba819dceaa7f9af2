"""Without a network, programs get the exceptions that they catch: OSError and its subclasses."""
# Only here: elsewhere there is a network, even if only inside one machine.
import _posixsubprocess
import asyncio
import ftplib
import http.client
import smtplib
import socket
import sys
import urllib.error
import urllib.request


def refused(function, *arguments, kind=OSError, **named):
    try:
        result = function(*arguments, **named)
    except kind as error:
        return str(error)
    raise AssertionError(f"{function} returned {result!r}")


def run(coroutine):
    return asyncio.run(coroutine)


for lookup in socket.gethostbyname, socket.gethostbyname_ex, socket.gethostbyaddr:
    refused(lookup, "nowhere.invalid")
refused(socket.getaddrinfo, "nowhere.invalid", 80, kind=socket.gaierror)
refused(socket.socket)
# (A pair leads nowhere but to other processes, where there are some.)
if not _posixsubprocess.exist():
    refused(socket.socketpair)
refused(socket.create_connection, ("127.0.0.1", 9), timeout=1)
refused(socket.create_connection, ("nowhere.invalid", 9), timeout=1, kind=socket.gaierror)
refused(socket.create_server, ("127.0.0.1", 0))
for address in "http://nowhere.invalid/", "https://nowhere.invalid/", "http://127.0.0.1:9/":
    refused(urllib.request.urlopen, address, timeout=1, kind=urllib.error.URLError)
refused(http.client.HTTPConnection("127.0.0.1", 9, timeout=1).request, "GET", "/")
refused(smtplib.SMTP, "127.0.0.1", 9, timeout=1)
refused(ftplib.FTP, "127.0.0.1", timeout=1)
for host in "127.0.0.1", "nowhere.invalid":
    refused(lambda: run(asyncio.open_connection(host, 9)))
    if sys.version_info >= (3, 12):  # before, a server without any socket was no error
        refused(lambda: run(asyncio.start_server(print, host, 0)))


async def names():
    loop = asyncio.get_running_loop()
    assert (await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM))[0][4] == ("127.0.0.1", 80)
    assert await loop.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV) == ("127.0.0.1", "80")

run(names())

# Functions that need no network work.
tcp = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
assert socket.getaddrinfo("10.1.2.3", 80, proto=socket.IPPROTO_TCP) == [(*tcp, "", ("10.1.2.3", 80))]
assert socket.getaddrinfo("localhost", "https", socket.AF_INET, socket.SOCK_STREAM) == [(*tcp, "", ("127.0.0.1", 443))]
assert socket.getaddrinfo(None, 8080, socket.AF_INET, socket.SOCK_STREAM, flags=socket.AI_PASSIVE) == [(*tcp, "", ("0.0.0.0", 8080))]
assert socket.getaddrinfo("::1", 80, type=socket.SOCK_STREAM)[0][4] == ("::1", 80, 0, 0)
assert [entry[1] for entry in socket.getaddrinfo("127.0.0.1", 1)] == [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW]
assert "Name" in refused(socket.getaddrinfo, "localhost", 80, flags=socket.AI_NUMERICHOST, kind=socket.gaierror)
refused(socket.getaddrinfo, "127.0.0.1", "nothing", kind=socket.gaierror)
assert socket.gethostbyname("localhost") == socket.gethostbyname(socket.gethostname()) == "127.0.0.1"
assert socket.getnameinfo(("10.1.2.3", 443), 0) == ("10.1.2.3", "https")
assert socket.getnameinfo(("127.0.0.1", 12345), 0)[1] == "12345"
assert socket.getservbyname("http") == 80 and socket.getservbyport(22) == "ssh" and socket.getprotobyname("udp") == 17
assert socket.inet_pton(socket.AF_INET6, "::1")[15] == 1
assert socket.getfqdn()
