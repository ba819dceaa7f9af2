"""A guest that is a client. Arguments: the ports of a TCP echo server, a UDP echo server, an HTTP server and a
server with TLS, all on 127.0.0.1; the directory with the certificate. HOST is the name of the program that runs the guest."""
import asyncio
import errno
import os
import select
import selectors
import socket
import ssl
import struct
import sys
import threading
import urllib.request

tcp, udp, http, tls = map(int, sys.argv[1:5])
folder = sys.argv[5]


def test_tcp():
    with socket.create_connection(('127.0.0.1', tcp), timeout=10) as s:
        assert s.getpeername() == ('127.0.0.1', tcp)
        assert s.getsockname()[0] == '127.0.0.1' and s.getsockname()[1] > 0
        assert s.family == socket.AF_INET and s.type == socket.SOCK_STREAM
        s.sendall(b'hello')
        assert s.recv(100) == b'hello'
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        data = bytes(range(256)) * 4096
        s.settimeout(None)
        s.setblocking(False)
        got, left = bytearray(), memoryview(data)
        while len(got) < len(data):
            r, w, _ = select.select([s], [s] if left else [], [], 10)
            assert r or w
            if w:
                left = left[s.send(left[:65536]):]
            if r:
                got += s.recv(65536)
        assert got == data
        s.shutdown(socket.SHUT_WR)
        s.setblocking(True)
        assert s.recv(10) == b''


def test_by_name():
    found = socket.getaddrinfo('localhost', tcp, type=socket.SOCK_STREAM)
    assert found[0][4] == ('127.0.0.1', tcp), found
    with socket.create_connection(('localhost', tcp)) as s:
        s.sendall(b'x')
        assert s.recv(1) == b'x'


def test_without_a_name():
    def addresses(family=0, flags=0):
        return [a[4][0] for a in socket.getaddrinfo(None, 80, family, socket.SOCK_STREAM, 0, flags)]

    assert addresses() == ['::1', '127.0.0.1']
    assert addresses(flags=socket.AI_PASSIVE) == ['0.0.0.0', '::']
    assert addresses(socket.AF_INET) == ['127.0.0.1']
    assert addresses(socket.AF_INET6, socket.AI_PASSIVE) == ['::']


def test_scopes():
    assert socket.getaddrinfo('fe80::1%7', 80, type=socket.SOCK_STREAM)[0][4] == ('fe80::1', 80, 0, 7)
    assert socket.getnameinfo(('fe80::1', 80, 0, 7), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV) == ('fe80::1%7', '80')
    for wrong in 'fe80::1%', 'fe80::1%lo', 'fe80::1%-1', 'fe80::1%4294967296', '127.0.0.1%1':
        try:
            socket.getaddrinfo(wrong, 80)
        except socket.gaierror:
            pass
        else:
            raise AssertionError(wrong)


def test_peek_and_timeout():
    with socket.create_connection(('127.0.0.1', tcp)) as s:
        s.sendall(b'abc')
        assert s.recv(3, socket.MSG_PEEK | socket.MSG_WAITALL) == b'abc'
        assert s.recv(3) == b'abc'
        s.settimeout(0.05)
        try:
            s.recv(1)
        except TimeoutError:
            pass
        else:
            raise AssertionError('no timeout')


def test_files_of_sockets():
    with socket.create_connection(('127.0.0.1', tcp)) as s, s.makefile('rwb') as f:
        f.write(b'one line\n')
        f.flush()
        assert f.readline() == b'one line\n'


def test_dup():
    with socket.create_connection(('127.0.0.1', tcp)) as s:
        copy = s.dup()
        s.close()
        copy.sendall(b'copy')
        assert copy.recv(4) == b'copy'
        copy.close()


def test_refused():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    try:
        socket.create_connection(('127.0.0.1', port))
    except ConnectionRefusedError:
        return
    except PermissionError:
        return  # no rule for that port
    raise AssertionError('connected')


def test_non_blocking_connect():
    with socket.socket() as s:
        s.setblocking(False)
        e = s.connect_ex(('127.0.0.1', tcp))
        assert e in (0, errno.EINPROGRESS), errno.errorcode[e]
        assert select.select([], [s], [], 10)[1]
        assert s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        assert s.connect_ex(('127.0.0.1', tcp)) in (0, errno.EISCONN)


def test_udp():
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.sendto(b'datagram', ('127.0.0.1', udp))
        assert s.recvfrom(100) == (b'datagram', ('127.0.0.1', udp))
        s.connect(('127.0.0.1', udp))
        s.send(b'connected')
        assert s.recv(100) == b'connected'


def test_messages():
    with socket.create_connection(('127.0.0.1', tcp)) as s:
        assert s.sendmsg([b'ab', memoryview(b'cde'), b'', bytearray(b'f')]) == 6
        first, second = bytearray(4), bytearray(2)
        assert s.recvmsg_into([first, second], 0, socket.MSG_WAITALL)[0] == 6
        assert first + second == b'abcdef'
        assert s.sendmsg([b'xy'] * 1000) == 2000
        assert s.recv(2000, socket.MSG_WAITALL) == b'xy' * 1000
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        # One datagram of more buffers than the host takes.
        assert s.sendmsg([b'%03d' % i for i in range(1000)], [], 0, ('127.0.0.1', udp)) == 3000
        parts = [bytearray(10) for _ in range(290)]
        assert s.recvmsg_into(parts) == (2900, [], socket.MSG_TRUNC, ('127.0.0.1', udp))
        assert b''.join(parts) == b''.join(b'%03d' % i for i in range(1000))[:2900]
        s.sendmsg([b'hello ', b'there'], [], 0, ('127.0.0.1', udp))
        assert s.recvmsg(100, socket.CMSG_SPACE(4)) == (b'hello there', [], 0, ('127.0.0.1', udp))
        # Descriptors cannot be sent, and what asks for SCM_RIGHTS, as multiprocessing does, learns that.
        assert not hasattr(socket, 'SCM_RIGHTS')
        try:
            s.sendmsg([b'x'], [(socket.SOL_SOCKET, 1, b'1234')], 0, ('127.0.0.1', udp))
        except OSError as e:
            assert e.errno == errno.ENOTSUP, e
        else:
            raise AssertionError('ancillary data was sent')


def test_options():
    """Each option that has a name can be used, except those of multicast."""
    if os.environ['HOST'] == 'node':
        return  # Node's sockets have few options
    levels = {'SO': socket.SOL_SOCKET, 'TCP': socket.IPPROTO_TCP, 'IP': socket.IPPROTO_IP, 'IPV6': socket.IPPROTO_IPV6}
    multicast = 'MULTICAST', 'MEMBERSHIP', '_GROUP', 'BLOCK_SOURCE'
    names = [n for n in dir(socket) if n.split('_')[0] in levels and not any(word in n for word in multicast)]
    assert {'SO_REUSEADDR', 'SO_RCVTIMEO', 'TCP_NODELAY', 'IP_TTL', 'IPV6_V6ONLY'} <= set(names)
    for name in names:
        family = socket.AF_INET6 if name.startswith('IPV6') else socket.AF_INET
        with socket.socket(family) as s:
            try:
                s.getsockopt(levels[name.split('_')[0]], getattr(socket, name))
            except OSError as e:
                raise AssertionError(name, e)
    # Nothing sends or receives ancillary data.
    assert not [n for n in dir(socket) if n.startswith(('IP_RECV', 'IPV6_RECV')) or n.endswith(('_PKTINFO', '_HOPLIMIT'))]


def test_time_limits():
    """SO_RCVTIMEO and SO_SNDTIMEO."""
    if os.environ['HOST'] == 'node':
        return
    a, b = socket.socketpair()
    with a, b:
        for form in 'qq', 'll':
            a.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack(form, 0, 50000))
            assert a.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16) == struct.pack('qq', 0, 50000)
            assert a.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.calcsize(form)) == struct.pack(form, 0, 50000)
            try:
                a.recv(1)
            except BlockingIOError:
                pass
            else:
                raise AssertionError('no limit')
        b.send(b'x')
        assert a.recv(1) == b'x'
        a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack('qq', 0, 50000))
        try:
            for _ in range(1000):
                a.send(bytes(100000))
        except BlockingIOError:
            pass
        else:
            raise AssertionError('no limit')
        try:
            a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack('qq', 0, 1000000))
        except OSError as e:
            assert e.errno == errno.EDOM
        else:
            raise AssertionError('a second and more in microseconds')


def test_pair():
    a, b = socket.socketpair()
    with a, b:
        a.sendall(b'x' * 1000)
        assert b.recv(1000, socket.MSG_WAITALL) == b'x' * 1000
        selector = selectors.DefaultSelector()
        selector.register(b, selectors.EVENT_READ)
        assert not selector.select(0)
        a.send(b'y')
        assert selector.select(1)


def test_http():
    with urllib.request.urlopen(f'http://127.0.0.1:{http}/hello.txt') as answer:
        assert answer.status == 200
        assert answer.read() == b'hello over http\n'


def test_tls():
    context = ssl.create_default_context(cafile=folder + '/cert.pem')
    with urllib.request.urlopen(f'https://localhost:{tls}/hello.txt', context=context) as answer:
        assert answer.read() == b'hello over http\n'
    try:
        urllib.request.urlopen(f'https://localhost:{tls}/hello.txt')
    except OSError as e:
        assert 'certificate verify failed' in str(e), e
    else:
        raise AssertionError('an unknown certificate was taken')


# An error of the system on a TLS connection is not one of TLS.
def test_tls_reset():
    context = ssl.create_default_context(cafile=folder + '/cert.pem')
    with context.wrap_socket(socket.create_connection(('localhost', tls)), server_hostname='localhost') as s:
        s.sendall(b'GET /reset HTTP/1.0\r\n\r\n')
        try:
            for _ in range(1000):
                s.sendall(bytes(100000))
        except ConnectionError:
            pass
        else:
            raise AssertionError('nothing was reset')


def test_ciphers():
    """Each cipher in both directions, and the order in which the guest offers them: FIRST is the name of the one that is fastest here."""
    body = bytes(i * i >> 4 & 255 for i in range(300001))
    for version, ciphers in ((ssl.TLSVersion.TLSv1_2, 'ECDHE+AES128+AESGCM'), (ssl.TLSVersion.TLSv1_2, 'ECDHE+AES256+AESGCM'),
                             (ssl.TLSVersion.TLSv1_2, 'ECDHE+CHACHA20'), (ssl.TLSVersion.TLSv1_2, None), (ssl.TLSVersion.TLSv1_3, None)):
        context = ssl.create_default_context(cafile=folder + '/cert.pem')
        context.minimum_version = context.maximum_version = version
        names = [cipher['name'] for cipher in context.get_ciphers() if version == ssl.TLSVersion.TLSv1_2 or
                 cipher['protocol'] == 'TLSv1.3']
        if ciphers:
            context.set_ciphers(ciphers)
        else:
            assert os.environ['FIRST'] in [n for n in names if not n.startswith('TLS_') or version == ssl.TLSVersion.TLSv1_3][0], names
        with urllib.request.urlopen(f'https://localhost:{tls}/', data=body, context=context) as answer:
            assert answer.read() == body[::-1]
            name = answer.headers['Cipher'].replace('_', '-')
            assert not ciphers or all(part in name for part in ciphers.replace('AESGCM', 'GCM').split('+')), name


def test_asyncio():
    async def talk(n):
        reader, writer = await asyncio.open_connection('127.0.0.1', tcp)
        for i in range(10):
            writer.write(b'%d %d\n' % (n, i))
            await writer.drain()
            assert await reader.readline() == b'%d %d\n' % (n, i)
        writer.close()
        await writer.wait_closed()

    async def main():
        await asyncio.gather(*map(talk, range(20)))
        answers = asyncio.Queue()

        class Protocol(asyncio.DatagramProtocol):
            def datagram_received(self, data, address):
                answers.put_nowait((data, address))

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Protocol, remote_addr=('127.0.0.1', udp))
        transport.sendto(b'async')
        assert await asyncio.wait_for(answers.get(), 10) == (b'async', ('127.0.0.1', udp))
        transport.close()
        try:
            await asyncio.wait_for(asyncio.open_connection('127.0.0.1', tcp), 10)
        except OSError as e:
            raise AssertionError(e)

    asyncio.run(main())


def test_asyncio_tls():
    async def main():
        context = ssl.create_default_context(cafile=folder + '/cert.pem')
        reader, writer = await asyncio.open_connection('localhost', tls, ssl=context)
        writer.write(b'GET /hello.txt HTTP/1.0\r\n\r\n')
        assert (await reader.read()).endswith(b'hello over http\n')
        writer.close()

    asyncio.run(main())


def test_what_stays_out():
    assert not hasattr(socket, 'AF_UNIX')
    for family, kind in ((socket.AF_INET, socket.SOCK_RAW), (3, socket.SOCK_STREAM),
                         (16, socket.SOCK_RAW), (17, socket.SOCK_RAW)):
        try:
            socket.socket(family, kind)
        except OSError:
            pass
        else:
            raise AssertionError('a socket that leads out')


for name, test in list(globals().items()):
    if name.startswith('test_'):
        test()
        print('ok', name, flush=True)
