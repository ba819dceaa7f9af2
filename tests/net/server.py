"""A guest that is a server. Arguments: the port of an HTTP server, and the port of an asyncio server that sends
lines back. Each ends after its share of requests."""
import asyncio
import http.server
import socket
import sys

port, other = map(int, sys.argv[1:3])


class Hello(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body[::-1])

    def log_message(self, *args):
        pass


with http.server.HTTPServer(('127.0.0.1', port), Hello) as server:
    print('serving', flush=True)
    for _ in range(3):
        server.handle_request()


async def main():
    done = asyncio.Event()
    served = 0

    async def serve(reader, writer):
        nonlocal served
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
        writer.close()
        served += 1
        if served == 50:
            done.set()

    async with await asyncio.start_server(serve, '127.0.0.1', other):
        print('serving', flush=True)
        await asyncio.wait_for(done.wait(), 60)
    print('served', served, flush=True)


asyncio.run(main())
