"""A guest's requests by the doors of a page. Arguments: what to do, and ports of page_servers.py."""
import asyncio
import errno
import http.client
import json
import socket
import sys
import threading
import urllib.error
import urllib.request

what, opened, closed, other, secure, silent, alone = sys.argv[1], *map(int, sys.argv[2:7]), sys.argv[7] == 'alone'
API = 'http://api.test:%d' % opened


def text(url, *args, **kwargs):
    with urllib.request.urlopen(urllib.request.Request(url, *args, **kwargs), timeout=60) as answer:
        return answer.read().decode()


def fails(status, say, url, *args, **kwargs):
    try:
        text(url, *args, **kwargs)
    except urllib.error.HTTPError as error:
        said = error.read().decode()
        assert error.code == status and say in said and said.count('\n') == 1, (error.code, said)
    else:
        raise AssertionError(url)


def requests():
    assert text(API + '/hello') == 'hello by a door\n'
    assert text(API + '/packed') == 'was packed\n' * 1000
    assert text(API + '/none') == ''
    assert text(API + '/x', b'abc') == 'cba'
    assert text(API + '/y', b'{}', {'Content-Type': 'application/json', 'Authorization': 'Bearer me'}, method='PUT') == '}{'
    fails(404, 'not here', API + '/missing')
    # By the name of this machine, and by TLS of the browser.
    assert text('http://localhost:%d/hello' % opened) == 'hello by a door\n'
    assert text('http://secure.test:%d/hello' % secure) == 'hello by a door\n'
    with urllib.request.urlopen(urllib.request.Request(API + '/hello', method='HEAD')) as answer:
        assert answer.status == 200 and answer.read() == b''
        assert answer.headers['Content-Encoding'] is None


def one_connection():
    """Several in one, and in pieces that the guest chooses."""
    connection = http.client.HTTPConnection('api.test', opened, timeout=60)
    for path in '/hello', '/missing', '/packed':
        connection.request('GET', path)
        answer = connection.getresponse()
        body = answer.read()
        assert len(body) == int(answer.headers['Content-Length'])
    connection.request('POST', '/z', iter([b'ab', b'', b'cd']))  # chunked
    assert connection.getresponse().read() == b'dcba'
    connection.close()
    with socket.create_connection(('api.test', opened), 60) as raw:
        # The second one is there before the first one is answered.
        raw.sendall(b'GET /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /missing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        answer = b''
        while data := raw.recv(7):
            answer += data
        assert answer.count(b'HTTP/1.1 ') == 2 and answer.index(b'hello') < answer.index(b'not here'), answer
        assert raw.getpeername()[1] == opened


def refusals():
    fails(502, 'CORS', 'http://closed.test:%d/hello' % closed)
    fails(502, 'cannot be reached', 'http://api.test:%d/' % silent)
    fails(502, 'CORS', API + '/cut')
    # Sent by GET, whose answer no page may read; a preflight that fails keeps the request back.
    fails(502, 'CORS', 'http://closed.test:%d/put' % closed, b'x', method='PUT')
    fails(501, 'GET', API + '/hello', b'x', method='GET')
    for host, port in ('other.test', other), ('api.test', other), ('localhost', other), ('127.0.0.1', silent), ('10.0.0.1', 80):
        try:
            text('http://%s:%d/hello' % (host, port))
        except urllib.error.URLError as error:
            assert isinstance(error.reason, (PermissionError, socket.gaierror)), error
        else:
            raise AssertionError(host)
    # What only looks like another host is not one.
    with socket.create_connection(('api.test', opened), 60) as raw:
        raw.sendall(b'GET http://other.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n')
        assert raw.recv(100).startswith(b'HTTP/1.1 400 ')
    with socket.create_connection(('api.test', opened), 60) as raw:
        raw.sendall(b'GET /forged HTTP/1.1\r\nHost: other.test\r\nOrigin: https://evil.test\r\nCookie: a=b\r\nReferer: https://evil.test/\r\n'
                    b'Sec-Fetch-Site: same-origin\r\nConnection: close\r\n\r\n')
        assert raw.recv(100).startswith(b'HTTP/1.1 404 ')


def what_a_page_cannot():
    with socket.socket() as server:
        try:
            server.bind(('127.0.0.1', 8000))
        except PermissionError:
            pass
        else:
            raise AssertionError('bound')
        try:
            server.listen()
        except OSError as error:
            assert error.errno == errno.EACCES, error
        else:
            raise AssertionError('listens')
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    except OSError as error:
        assert error.errno == errno.ENOTSUP, error
    else:
        raise AssertionError('UDP')


async def get(path):
    reader, writer = await asyncio.open_connection('api.test', opened)
    writer.write(b'GET %s HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n' % path)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.rpartition(b'\r\n\r\n')[2]


def asynchronous():
    assert asyncio.run(get(b'/hello')) == b'hello by a door\n'
    if alone:
        return

    async def several():
        return await asyncio.wait_for(asyncio.gather(get(b'/both'), get(b'/both')), 60)
    # The server answers when both are there.
    assert asyncio.run(several()) == [b'both', b'both']
    found = []
    threads = [threading.Thread(target=lambda: found.append(text(API + '/both'))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ['both', 'both']


def big():
    body = bytes(range(256)) * 40960
    with urllib.request.urlopen(API + '/big') as answer:
        assert answer.read() == body
    with urllib.request.urlopen(API + '/x', body) as answer:
        assert answer.read() == body[::-1]


def waiting():
    with socket.create_connection(('api.test', opened), 60) as raw:
        raw.settimeout(0.2)
        try:
            raw.recv(1)
        except TimeoutError:
            pass
        else:
            raise AssertionError('received')
        raw.setblocking(False)
        try:
            raw.recv(1)
        except BlockingIOError:
            pass
        else:
            raise AssertionError('received')
        if alone:
            raw.settimeout(None)
            try:
                raw.recv(1)
            except OSError as error:
                assert error.errno == errno.EDEADLK, error
            else:
                raise AssertionError('received')
    left, right = socket.socketpair()
    left.sendall(b'pair')
    assert right.recv(9) == b'pair'


def redirects(to, ends):
    """ends: 'here' or a word of the error."""
    url = API + '/redirect/' + to
    if ends == 'here':
        assert text(url) == 'hello by a door\n'
    else:
        fails(502, ends, url)


if what == 'redirects':
    for to, ends in json.loads(sys.argv[8]):
        redirects(to, ends)
else:
    for test in requests, one_connection, refusals, what_a_page_cannot, asynchronous, big, waiting:
        test()
        print('ok', test.__name__, flush=True)
