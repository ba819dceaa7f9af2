"""A guest with a secret, TOKEN, for the first of two servers on 127.0.0.1, whose ports are the arguments. It must not learn
the secret, whatever the server sends back, and it does not know it to compare: the test looks through what this prints."""
import asyncio
import base64
import http.client
import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request

own, other = map(int, sys.argv[1:])
token = os.environ['TOKEN']
start = f'http://127.0.0.1:{own}'


def get(path, headers={}, **options):
    request = urllib.request.Request(start + path, headers=headers, **options)
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode(), answer.headers


def test_headers():
    text, headers = get('/echo?' + token, {'Authorization': 'Bearer ' + token, 'X-Api-Key': token, 'X-Note': token})
    assert headers['X-Seen'] == 'Bearer ' + token, headers['X-Seen']
    seen = json.loads(text)
    assert seen['Authorization'] == 'Bearer ' + token and seen['X-Api-Key'] == token and seen['X-Note'] == token, seen
    assert seen['Host'] == f'127.0.0.1:{own}', seen


def test_basic():
    mine = 'Basic ' + base64.b64encode(f'user:{token}'.encode()).decode()
    text, headers = get('/echo', {'Authorization': mine})
    assert headers['X-Seen'] == mine and json.loads(text)['Authorization'] == mine


def test_in_pieces():
    text, headers = get('/pieces', {'Authorization': 'Bearer ' + token})
    assert json.loads(text)['Authorization'] == 'Bearer ' + token
    text, headers = get('/until-the-end', {'Authorization': 'Bearer ' + token})
    assert json.loads(text)['Authorization'] == 'Bearer ' + token


def test_bodies():
    for data in (b'x' * 300000, (b'part %d;' % i for i in range(1000)), token.encode(), b''):
        sent = data if isinstance(data, bytes) else b''.join(b'part %d;' % i for i in range(1000))
        text, headers = get('/body', {'Content-Type': 'text/plain'}, data=data, method='PUT')
        assert text.encode() == sent, (len(text), len(sent))


def test_one_connection():
    connection = http.client.HTTPConnection('127.0.0.1', own)
    for i, method in enumerate(['GET', 'HEAD', 'DELETE', 'POST', 'PATCH', 'GET']):
        connection.request(method, f'/echo?{i}', headers={'Authorization': 'Bearer ' + token})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200 and (method == 'HEAD') == (body == b''), (method, answer.status, body)
        if i == 0:
            first = connection.sock
        assert connection.sock is first
    connection.request('GET', '/nothing')
    assert connection.getresponse().read() == b''
    connection.close()


def test_redirects():
    text, headers = get('/own', {'Authorization': 'Bearer ' + token})
    assert json.loads(text)['Authorization'] == 'Bearer ' + token
    # The door follows none, and leads nowhere else.
    connection = http.client.HTTPConnection('127.0.0.1', own)
    connection.request('GET', '/other', headers={'Authorization': 'Bearer ' + token})
    answer = connection.getresponse()
    assert answer.status == 307 and answer.headers['Location'] == f'https://127.0.0.1:{other}/stolen'
    connection.close()


def test_other_hosts():
    for host in (f'127.0.0.1:{other}', 'example.com'):
        connection = http.client.HTTPConnection('127.0.0.1', own)
        connection.putrequest('GET', '/host', skip_host=True)
        connection.putheader('Host', host)
        connection.putheader('Authorization', 'Bearer ' + token)
        connection.endheaders()
        seen = json.loads(connection.getresponse().read())
        assert seen['Host'] == f'127.0.0.1:{own}', seen
        connection.close()
    try:
        socket.create_connection(('127.0.0.1', other))
    except PermissionError:
        pass
    else:
        raise AssertionError('a secret allows another port')


def test_ways_around():
    """Parts of an answer, and other encodings of it, in which a secret could not be found."""
    text, headers = get('/echo', {'Authorization': 'Bearer ' + token, 'Range': 'bytes=0-10', 'If-Range': 'x',
                                  'Accept-Encoding': 'gzip', 'TE': 'gzip', 'Upgrade': 'h2c', 'Connection': 'Upgrade'})
    seen = {name.lower(): value for name, value in json.loads(text).items()}
    assert seen['accept-encoding'] == 'identity', seen
    assert not {'range', 'if-range', 'te', 'upgrade'} & set(seen), seen
    try:
        get('/gzip', {'Authorization': 'Bearer ' + token})
    except urllib.error.HTTPError as e:
        assert e.code == 502 and b'compressed' in e.read()
    else:
        raise AssertionError('a compressed answer has come')


def raw(request):
    with socket.create_connection(('127.0.0.1', own)) as s:
        s.sendall(request)
        s.settimeout(30)
        got = b''
        while part := s.recv(65536):
            got += part
    return got


def test_bad_requests():
    for request in (b'TRACE / HTTP/1.1\r\n\r\n', b'CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n' % other,
                    b'GET http://127.0.0.1:%d/ HTTP/1.1\r\n\r\n' % other, b'GET / HTTP/2.0\r\n\r\n', b'GET /\r\n\r\n',
                    b'GET / HTTP/1.1\r\nNo colon\r\n\r\n', b'GET / HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n',
                    b'GET / HTTP/1.1\r\nA: b\nHost: evil\r\n\r\n', b'GET / HTTP/1.1\r\nA: \0\r\n\r\n',
                    b'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
                    b'POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
                    b'POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
                    b'POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n', b'\x16\x03\x01\x00\r\n\r\n',
                    b'GET / HTTP/1.1\r\n' + b'A: b\r\n' * 200 + b'\r\n', b'GET /' + b'x' * 100000 + b' HTTP/1.1\r\n\r\n'):
        got = raw(request)
        assert got.startswith((b'HTTP/1.1 4', b'HTTP/1.1 501')), (request[:60], got)
    for request in (b'POST /body HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
                    b'POST /body HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n'):
        got = raw(request)
        assert got.startswith(b'HTTP/1.1 502'), got
    assert raw(b'GET /echo HTTP/1.0\r\n\r\n').startswith(b'HTTP/1.1 200')


def test_broken_answer():
    connection = http.client.HTTPConnection('127.0.0.1', own)
    connection.request('GET', '/short')
    try:
        connection.getresponse().read()
    except http.client.IncompleteRead:
        pass
    else:
        raise AssertionError('half an answer looks whole')


def test_events():
    begun = time.monotonic()
    with urllib.request.urlopen(start + '/events') as answer:
        assert answer.readline() == b'data: one\n'
        first = time.monotonic() - begun
        assert b'two' in answer.read()
        assert time.monotonic() - begun > first


def test_many_at_once():
    async def one(i):
        reader, writer = await asyncio.open_connection('127.0.0.1', own)
        writer.write(f'GET /echo?{i} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n'.encode())
        got = await reader.read()
        writer.close()
        assert got.startswith(b'HTTP/1.1 200') and token.encode() in got, got

    async def main():
        await asyncio.gather(*map(one, range(30)))

    asyncio.run(main())


for name, test in list(globals().items()):
    if name.startswith('test_'):
        test()
        print('ok', name)
print(token, get('/echo', {'Authorization': token}))
