"""WebSockets that no browser would send, to proxy.py. Arguments: its address, an origin that it allows, and ports of page_servers.py."""
import base64
import hashlib
import os
import socket
import struct
import sys

address, origin, (echo, reverse, silent) = sys.argv[1], sys.argv[2], map(int, sys.argv[3:])
port = int(address.rstrip('/').rpartition(':')[2])


def ask(target, **changes):
    key = base64.b64encode(os.urandom(16)).decode()
    headers = {'Host': 'localhost', 'Upgrade': 'websocket', 'Connection': 'Upgrade', 'Sec-WebSocket-Version': '13',
               'Sec-WebSocket-Key': key, 'Origin': origin, **{name.replace('_', '-'): value for name, value in changes.items()}}
    connection = socket.create_connection(('127.0.0.1', port), 30)
    lines = ['GET %s HTTP/1.1' % target, *('%s: %s' % pair for pair in headers.items() if pair[1] is not None), '', '']
    connection.sendall('\r\n'.join(lines).encode())
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        head += connection.recv(1) or sys.exit('no answer to %s' % target)
    if b' 101 ' in head:
        wanted = base64.b64encode(hashlib.sha1(key.encode() + b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest())
        assert b'Sec-WebSocket-Accept: ' + wanted in head, head
    return int(head.split()[1]), connection


def frame(kind, data=b'', ends=True, masked=True, size=None):
    n = len(data) if size is None else size
    length = bytes([n | 128 * masked]) if n < 126 else bytes([126 | 128 * masked]) + struct.pack('>H', n) if n < 65536 else \
        bytes([127 | 128 * masked]) + struct.pack('>Q', n)
    mask = os.urandom(4) if masked else b''
    return bytes([128 * ends | kind]) + length + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(data)) if masked else \
        bytes([128 * ends | kind]) + length + data


def read(connection):
    def exactly(n):
        data = b''
        while len(data) < n:
            data += connection.recv(n - len(data)) or sys.exit('the proxy has gone')
        return data
    first, n = exactly(2)
    assert not n & 128
    if n > 125:
        n = int.from_bytes(exactly(2 if n == 126 else 8), 'big')
    return first & 15, exactly(n)


def bytes_of(connection, n):
    data = b''
    while len(data) < n:
        kind, part = read(connection)
        assert kind == 2, (kind, part)
        data += part
    return data


TARGET = '/db.test:%d' % echo
for status, target, changes in [
        (403, '/db.test:1', {}), (403, '/localhost:%d' % silent, {}), (403, '/127.0.0.2:%d' % echo, {}), (502, '/db.test:%d' % silent, {}),
        (404, '/', {}), (404, '/db.test', {}), (404, '/db.test:99999', {}), (404, '//db.test:%d' % echo, {}), (404, '/db.test:%d?x' % echo, {}),
        (403, TARGET, {'Origin': 'https://evil.test'}), (403, TARGET, {'Origin': None}), (403, TARGET, {'Origin': origin + '.evil.test'}),
        (400, TARGET, {'Upgrade': None}), (400, TARGET, {'Sec_WebSocket_Version': '8'}), (400, TARGET, {'Sec_WebSocket_Key': 'x'}),
        (400, TARGET, {'upgrade': 'websocket'})]:
    got, connection = ask(target, **changes)
    assert got == status, (target, changes, got)
    connection.close()

# Messages in pieces, a ping among them, and a letter of each size of length.
status, connection = ask(TARGET)
connection.sendall(frame(2, b'ab', ends=False) + frame(9, b'ping') + frame(0, b'', ends=False) + frame(0, b'cd') + frame(10, b'pong'))
got = [read(connection)]
while (10, b'ping') not in got or b''.join(data for kind, data in got if kind == 2) != b'abcd':
    got.append(read(connection))
for n in 125, 126, 65535, 65536, 200000:
    data = os.urandom(n)
    connection.sendall(frame(2, data))
    assert bytes_of(connection, n) == data
connection.sendall(frame(8, struct.pack('>H', 1000)))
assert read(connection) == (8, struct.pack('>H', 1000))

# An end in one direction.
status, connection = ask('/db.test:%d' % reverse)
connection.sendall(frame(2, b'abc') + frame(2))
assert bytes_of(connection, 3) == b'cba'
assert read(connection) == (2, b'')

# What is not allowed ends it, with a code.
for code, wrong in [(1002, frame(2, b'x', masked=False)), (1002, bytes([0xc2, 0x80, 0, 0, 0, 0])), (1003, frame(1, b'text')), (1002, frame(0, b'x')),
                    (1002, frame(2, b'x', ends=False) + frame(2, b'y')), (1002, frame(3, b'x')), (1002, frame(9, b'x' * 126)),
                    (1002, frame(9, b'', ends=False)), (1009, frame(2, size=(1 << 20) + 1)), (1009, frame(2, size=1 << 62))]:
    status, connection = ask(TARGET)
    assert status == 101
    connection.sendall(wrong)
    kind, data = read(connection)
    while kind == 2:
        kind, data = read(connection)
    assert (kind, data) == (8, struct.pack('>H', code)), (wrong[:20], kind, data)
print('the proxy is as it should be')
