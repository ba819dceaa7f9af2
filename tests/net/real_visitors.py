"""A client of the machine's own Python for real_servers.py. Arguments: the port, "http", or the file of the CA for TLS, and "ws" if
the server has a websocket at /ws, which is spoken to by the bytes of RFC 6455, or "threads" if it has two for /thread."""
import concurrent.futures
import json
import os
import socket
import ssl
import sys
import time
import urllib.request

port, ca, ws, threads = int(sys.argv[1]), sys.argv[2], 'ws' in sys.argv[3:], 'threads' in sys.argv[3:]
context = None if ca == 'http' else ssl.create_default_context(cafile=ca)
url = f'http://127.0.0.1:{port}' if ca == 'http' else f'https://localhost:{port}'
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
LARGE = bytes(range(256)) * 4096


def get(path, data=None):
    with opener.open(url + path, data=data, timeout=120) as answer:
        return answer.read()


for _ in range(1200):
    try:
        socket.create_connection(('127.0.0.1', port)).close()
        break
    except ConnectionRefusedError:
        time.sleep(0.1)
assert json.loads(get('/hello?name=guest')) == {'hello': 'guest'}
assert get('/reverse', LARGE) == LARGE[::-1]
assert get('/large') == LARGE
with concurrent.futures.ThreadPoolExecutor(20) as pool:
    assert all(answer == b'ydob' for answer in pool.map(lambda _: get('/reverse', b'body'), range(100)))


if threads:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(lambda _: get('/thread'), range(2)))) == 2


def read(s, n):
    data = b''
    while len(data) < n:
        part = s.recv(n - len(data))
        assert part, 'the connection has ended'
        data += part
    return data


if ws:
    with socket.create_connection(('127.0.0.1', port), timeout=60) as s:
        s.sendall(b'GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                  b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n')
        head = b''
        while not head.endswith(b'\r\n\r\n'):
            head += read(s, 1)
        assert b' 101 ' in head and b's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' in head, head
        for _ in range(10):
            mask, text = os.urandom(4), b'over a websocket'
            s.sendall(bytes([0x81, 0x80 | len(text)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(text)))
            assert read(s, 2 + len(text)) == bytes([0x81, len(text)]) + text.upper()
        s.sendall(bytes([0x88, 0x82]) + b'\0\0\0\0' + b'\x03\xe8')
assert get('/end') == b'ending'
print('visited')
