"""For bench/net. serve FOLDER: servers of this machine's Python, until the standard input ends. visit FOLDER N: N connections at once
to the server that is measured. Otherwise what is measured: NAME FOLDER SIZE and the servers' ports. The milliseconds are written to
FOLDER/result."""
import asyncio
import os
import socket
import ssl
import sys
import time

MIB = 1 << 20
PART = 256 << 10


def write_result(folder, begun):
    with open(folder + '/result.new', 'w') as f:
        f.write('%.3f\n' % ((time.perf_counter() - begun) * 1000))
    os.rename(folder + '/result.new', folder + '/result')


# ---- the other end ----

def serve(folder):
    import threading
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + '/cert.pem', folder + '/key.pem')
    # The order of the client's ciphers counts, as in nginx: each client gets what it says is fastest for it.
    context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE

    def answer(connection, secure):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if secure:
            connection = context.wrap_socket(connection, server_side=True)
        with connection:
            order, size = connection.recv(100).split()
            left = int(size) * MIB
            data = memoryview(bytearray(PART))
            connection.sendall(b'.')
            if order == b'trips':
                while got := connection.recv(100):
                    connection.sendall(got)
            elif order == b'receive':
                while left:
                    left -= connection.send(data[:left])
            else:
                while left:
                    left -= connection.recv_into(data)
                connection.sendall(b'.')

    def accept(listening, secure):
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=answer, args=(connection, secure), daemon=True).start()

    ports = []
    for secure in False, True:
        listening = socket.create_server(('127.0.0.1', 0))
        ports.append(listening.getsockname()[1])
        threading.Thread(target=accept, args=(listening, secure), daemon=True).start()
    print(*ports, flush=True)
    sys.stdin.read()


def visit(folder, n):
    async def main():
        while not os.path.exists(folder + '/port'):
            await asyncio.sleep(0.05)
        with open(folder + '/port') as f:
            port = int(f.read())
        begun = time.perf_counter()
        some = asyncio.Semaphore(500)  # as many as may wait for their server to accept them

        async def one(i):
            async with some:
                reader, writer = await asyncio.open_connection('127.0.0.1', port)
            line = b'connection %d\n' % i
            for _ in range(2):
                writer.write(line)
                assert await reader.readline() == line
            return writer

        # All are open at the same time.
        writers = await asyncio.gather(*map(one, range(n)))
        write_result(folder, begun)
        for writer in writers:
            writer.close()
        _, last = await asyncio.open_connection('127.0.0.1', port)
        last.write(b'end\n')
        await last.drain()

    asyncio.run(main())


# ---- what is measured ----

def connections(folder, n):
    async def main():
        served, ended = set(), asyncio.Event()

        async def answer(reader, writer):
            while line := await reader.readline():
                if line == b'end\n':
                    ended.set()
                    break
                served.add(line)
                writer.write(line)
            writer.close()

        async with await asyncio.start_server(answer, '127.0.0.1', 0, backlog=1000) as server:
            with open(folder + '/port.new', 'w') as f:
                f.write(str(server.sockets[0].getsockname()[1]))
            os.rename(folder + '/port.new', folder + '/port')
            await ended.wait()
            assert len(served) == n, len(served)
        os._exit(0)

    asyncio.run(main())


def transfer(order, folder, size, port, secure):
    connection = socket.create_connection(('127.0.0.1', port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if secure:
        context = ssl.create_default_context(cafile=folder + '/cert.pem')
        connection = context.wrap_socket(connection, server_hostname='localhost')
    connection.sendall(b'%s %d\n' % (order.encode(), size))
    assert connection.recv(1) == b'.'
    data = memoryview(bytearray(PART))
    left = size * MIB
    begun = time.perf_counter()
    if order == 'trips':
        for _ in range(size):
            connection.sendall(b'a message of thirty-two bytes...')
            connection.recv(100)
    elif order == 'receive':
        while left:
            left -= connection.recv_into(data)
    else:
        while left:
            left -= connection.send(data[:left])
        assert connection.recv(1) == b'.'
    write_result(folder, begun)


def main(what, folder, size=0, *ports):
    if what == 'serve':
        serve(folder)
    elif what == 'visit':
        visit(folder, int(size))
    elif what == 'connections':
        connections(folder, int(size))
    else:
        secure = what.startswith('tls_')
        transfer(what.removeprefix('tls_'), folder, int(size), int(ports[secure]), secure)


main(*sys.argv[1:])
