#!/usr/bin/env python3
"""Make TCP connections for the programs of a page: proxy.py [OPTION]... HOST:PORT...

    proxy.py db.example.com:5432 [::1]:6379

listens on this machine for WebSockets (RFC 6455) to /HOST:PORT, and connects each to that target, if it is one of those named here. A
message is bytes of the connection; an empty one says that no more will follow in that direction.

Anyone who reaches the proxy reaches its targets from this machine: a browser says which page asks, and other pages are refused, but
other programs can say what they like. So it listens on 127.0.0.1, and a proxy for others belongs behind a server that checks who they are."""
import argparse
import asyncio
import base64
import hashlib
import re
import sys

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455
CONTINUED, TEXT, BYTES, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MOST_HEAD, MOST_FRAME, PIECE = 16384, 1 << 20, 1 << 16
PATIENCE = 10  # seconds for the head, and for a connection
MOST = 256  # connections at once


class Refused(Exception):
    """An HTTP status, before there is a WebSocket."""


class Bad(Exception):
    """A code of RFC 6455, for the end of a WebSocket."""


def target_of(text):
    match = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+)):([0-9]{1,5})", text.lower())
    if not match or int(match[3]) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is not HOST:PORT")
    return match[1] or match[2], int(match[3])


def accept_key(head, targets, origins):
    """Checks the request. Returns its target, and the answer to its key."""
    lines = head.decode("latin-1").split("\r\n")
    request = re.fullmatch(r"GET /(\S*) HTTP/1\.1", lines[0])
    headers = {}
    for line in lines[1:-2]:
        name, colon, value = line.partition(":")
        if not colon or name.lower() in headers:
            raise Refused("400 Bad Request")
        headers[name.lower()] = value.strip()
    if not request or headers.get("upgrade", "").lower() != "websocket" or headers.get("sec-websocket-version") != "13":
        raise Refused("400 Bad Request")
    if headers.get("origin") not in origins:
        raise Refused("403 Forbidden")
    try:
        target = target_of(request[1])
    except argparse.ArgumentTypeError:
        raise Refused("404 Not Found") from None
    if target not in targets:
        raise Refused("403 Forbidden")
    key = headers.get("sec-websocket-key", "").encode("latin-1")
    if len(key) != 24:
        raise Refused("400 Bad Request")
    return target, base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()


def frame(kind, data=b""):
    n = len(data)
    size = bytes([n]) if n < 126 else b"\x7e" + n.to_bytes(2, "big") if n < 65536 else b"\x7f" + n.to_bytes(8, "big")
    return bytes([0x80 | kind]) + size + data


async def read_frame(reader):
    """Kind, whether it ends a message, and bytes."""
    first, second = await reader.readexactly(2)
    n = second & 127
    if n > 125:
        n = int.from_bytes(await reader.readexactly(2 if n == 126 else 8), "big")
    if first & 0x70 or not second & 128:
        raise Bad(1002)
    kind, ends = first & 15, bool(first & 128)
    if kind >= CLOSE and (n > 125 or not ends):
        raise Bad(1002)
    if n > MOST_FRAME:
        raise Bad(1009)
    mask, data = await reader.readexactly(4), await reader.readexactly(n)
    plain = int.from_bytes(data, "little") ^ int.from_bytes((mask * (n // 4 + 1))[:n], "little")
    return kind, ends, plain.to_bytes(n, "little")


async def from_page(reader, writer, to):
    """Until the page closes the WebSocket."""
    inside = False  # a message that was begun
    while True:
        kind, ends, data = await read_frame(reader)
        if kind == CLOSE:
            return
        if kind == PING:
            writer.write(frame(PONG, data))
        elif kind == PONG:
            pass
        elif kind == TEXT:
            raise Bad(1003)
        elif kind != (CONTINUED if inside else BYTES):
            raise Bad(1002)
        elif data:
            to.write(data)
            await to.drain()
            inside = not ends
        elif ends and not inside:
            to.write_eof()
        else:
            inside = not ends


async def from_target(source, writer):
    while data := await source.read(PIECE):
        writer.write(frame(BYTES, data))
        await writer.drain()
    writer.write(frame(BYTES))


async def carry(reader, writer, source, to):
    """Both directions. Returns the code of the end."""
    up = asyncio.ensure_future(from_page(reader, writer, to))
    down = asyncio.ensure_future(from_target(source, writer))
    try:
        await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
        if not up.done():
            await down  # or the target has reset the connection
        await up
        return 1000
    except Bad as error:
        return error.args[0]
    except (OSError, asyncio.IncompleteReadError):
        return 1011
    finally:
        up.cancel()
        down.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
        to.close()


class Proxy:
    def __init__(self, targets, origins):
        self.targets, self.origins, self.open = set(targets), set(origins), 0

    async def begin(self, reader):
        """Returns the answer to the request, and the connection to its target."""
        if self.open >= MOST:
            raise Refused("503 Service Unavailable")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        (host, port), key = accept_key(head, self.targets, self.origins)
        try:
            return key, await asyncio.wait_for(asyncio.open_connection(host, port), PATIENCE)
        except (OSError, asyncio.TimeoutError) as error:
            print(f"{host}:{port}: {error or 'no answer'}", file=sys.stderr)
            raise Refused("502 Bad Gateway") from None

    async def serve(self, reader, writer):
        try:
            key, (source, to) = await self.begin(reader)
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Accept: " + key.encode() + b"\r\n\r\n")
            self.open += 1
            try:
                code = await carry(reader, writer, source, to)
            finally:
                self.open -= 1
            writer.write(frame(CLOSE, code.to_bytes(2, "big")))
        except Refused as error:
            writer.write(f"HTTP/1.1 {error}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # it has gone, or was no client
        finally:
            try:
                writer.close()
                await writer.wait_closed()
            except OSError:
                pass


async def main():
    parser = argparse.ArgumentParser(description="Make TCP connections for the programs of a page.")
    parser.add_argument("--port", type=int, default=8001, help="where to listen (0: any free port)")
    parser.add_argument("--origin", action="append", help="a page that may ask; default: http://localhost:8000. Repeat it for more")
    parser.add_argument("targets", nargs="+", metavar="HOST:PORT", type=target_of)
    words = parser.parse_args()
    proxy = Proxy(words.targets, words.origin or ["http://localhost:8000"])
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", words.port, limit=MOST_HEAD)
    print("ws://localhost:%d/" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
