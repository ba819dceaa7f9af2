"""The parser of HTTP and the codec of WebSocket that are written in C; no socket is needed for them."""
import asyncio

import aiohttp
from aiohttp import _http_parser, _http_writer, http_parser
from aiohttp._websocket import mask, reader_c
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import BadHttpMessage
from multidict import CIMultiDict

print(http_parser.HttpRequestParser is _http_parser.HttpRequestParser, http_parser.HttpResponseParser is _http_parser.HttpResponseParser)
print([m.__name__ for m in (_http_parser, _http_writer, mask, reader_c)])


async def main():
    loop = asyncio.get_running_loop()

    def parser(kind):
        return kind(BaseProtocol(loop), loop, 2**16, max_line_size=8190, max_field_size=8190)

    requests = parser(http_parser.HttpRequestParser)
    text = b"POST /a/b?c=%20d HTTP/1.1\r\nHost: example\r\nContent-Length: 5\r\nX-Name: one\r\nX-Name: two\r\n\r\nhello"
    (message, body), = requests.feed_data(text)[0]
    print(message.method, message.path, message.version, message.url.query["c"], message.headers.getall("x-name"), message.should_close)
    print(await body.read())

    responses = parser(http_parser.HttpResponseParser)
    text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    got = []
    for i in range(0, len(text), 7):
        got += responses.feed_data(text[i:i + 7])[0]
    (message, body), = got
    print(message.code, message.reason, message.chunked, await body.read())

    for bad in (b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nA b: c\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
        try:
            parser(http_parser.HttpRequestParser).feed_data(bad)
        except BadHttpMessage as e:
            print(type(e).__name__)

    print(_http_writer._serialize_headers("HTTP/1.1 200 OK", CIMultiDict({"Content-Type": "text/plain", "X": "\u00e9"})))
    try:
        _http_writer._serialize_headers("HTTP/1.1 200 OK", CIMultiDict({"X": "a\r\nb"}))
    except ValueError as e:
        print(type(e).__name__)
    data = bytearray(b"some text to hide")
    mask._websocket_mask_cython(b"\x01\x02\x03\x04", data)
    print(bytes(data))


asyncio.run(main())
