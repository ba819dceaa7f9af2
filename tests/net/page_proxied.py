"""A guest's connections through the proxy of a page. Arguments: what to do, ports of page_servers.py, and the directory with the certificate."""
import asyncio
import socket
import ssl
import sys
import threading

what, echo, reverse, secure, silent, folder = sys.argv[1], *map(int, sys.argv[2:6]), sys.argv[6]
BIG = bytes(range(256)) * 40960


def receive(connection, size):
    parts = []
    while size > 0:
        parts.append(connection.recv(min(size, 65536)))
        assert parts[-1], 'ended early'
        size -= len(parts[-1])
    return b''.join(parts)


def echoes():
    for host in 'localhost', '127.0.0.1', 'db.test':
        with socket.create_connection((host, echo), 60) as connection:
            connection.sendall(b'hello')
            assert receive(connection, 5) == b'hello'
            assert connection.getpeername()[1] == echo
            connection.settimeout(0.2)
            try:
                connection.recv(1)
            except TimeoutError:
                pass
            else:
                raise AssertionError('received')


def half_closed():
    with socket.create_connection(('db.test', reverse), 60) as connection:
        connection.sendall(b'abc')
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(10, socket.MSG_WAITALL) == b'cba'
        assert connection.recv(10) == b''


def big():
    with socket.create_connection(('db.test', echo), 60) as connection:
        thread = threading.Thread(target=connection.sendall, args=(BIG,))
        thread.start()
        assert receive(connection, len(BIG)) == BIG
        thread.join()
    with socket.create_connection(('db.test', reverse), 60) as connection:
        connection.sendall(BIG)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(None)
        assert connection.recv(len(BIG), socket.MSG_WAITALL) == BIG[::-1]


def by_tls():
    context = ssl.create_default_context(cafile=folder + '/cert.pem')
    for host in 'localhost', 'db.test':
        with context.wrap_socket(socket.create_connection((host, secure), 60), server_hostname=host) as connection:
            connection.sendall(BIG[:1000000])
            assert receive(connection, 1000000) == BIG[:1000000]
            assert connection.version() == 'TLSv1.3'
    try:
        context.wrap_socket(socket.create_connection(('localhost', secure), 60), server_hostname='evil.test')
    except ssl.SSLCertVerificationError:
        pass
    else:
        raise AssertionError('another name was accepted')


def asynchronous():
    async def main():
        context = ssl.create_default_context(cafile=folder + '/cert.pem')
        streams = [await asyncio.open_connection('db.test', echo) for _ in range(20)]
        streams.append(await asyncio.open_connection('db.test', secure, ssl=context))
        for n, (_, writer) in enumerate(streams):
            writer.write(b'%d\n' % n)
        lines = await asyncio.gather(*[reader.readline() for reader, _ in streams])
        assert lines == [b'%d\n' % n for n in range(21)], lines
        for _, writer in streams:
            writer.close()
    asyncio.run(asyncio.wait_for(main(), 120))


def refusals():
    for host, port, kind in (('db.test', silent, ConnectionRefusedError),  # the proxy cannot reach it
                             ('localhost', silent, ConnectionRefusedError),  # the proxy allows it to nobody
                             ('db.test', 1, PermissionError), ('10.0.0.1', echo, PermissionError), ('other.test', echo, socket.gaierror)):
        try:
            socket.create_connection((host, port), 60)
        except kind:
            pass
        else:
            raise AssertionError((host, port))


if what == 'gone':
    with socket.create_connection(('db.test', echo), 60) as connection:
        connection.sendall(b'x')
        assert connection.recv(1) == b'x'
        print('ready', flush=True)
        try:
            connection.recv(1)
        except ConnectionResetError:
            print('reset')
    try:
        socket.create_connection(('db.test', echo), 60)
    except ConnectionRefusedError:
        print('refused')
elif what == 'much':
    with socket.create_connection(('db.test', echo), 60) as connection:
        connection.sendall(bytes(3000))
        try:
            for _ in range(3):
                receive(connection, 1000)
        except OSError as error:
            print(error)
else:
    for test in echoes, half_closed, big, by_tls, asynchronous, refusals:
        test()
        print('ok', test.__name__, flush=True)
