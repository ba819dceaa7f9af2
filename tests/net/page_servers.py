"""Servers of the machine's own Python, for the network of a page: what a browser may read (CORS), what it may not, and TCP with and without
TLS. Prints their ports on one line and serves until its standard input ends. Argument: a directory, where a certificate is made and each
request is written to requests.txt."""
import gzip
import http.server
import json
import os
import socket
import socketserver
import ssl
import subprocess
import sys
import threading

os.chdir(sys.argv[1])
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem', '-days', '2',
                '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,DNS:db.test'], check=True, stderr=subprocess.DEVNULL)
both, lock = threading.Barrier(2), threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    opens = True  # lets pages read

    def note(self):
        with lock, open('requests.txt', 'a') as file:
            print(json.dumps([self.server.name, self.command, self.path, dict(self.headers.items())]), file=file)

    def answer(self, status=200, body=b'', **headers):
        self.send_response(status)
        if self.opens:
            self.send_header('Access-Control-Allow-Origin', '*')
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        if status != 204:
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def do_OPTIONS(self):
        self.note()
        self.answer(204, Access_Control_Allow_Headers='authorization, content-type', Access_Control_Allow_Methods='PUT, DELETE')

    def do_GET(self):
        self.note()
        if self.path == '/hello':
            self.answer(body=b'hello by a door\n', Content_Type='text/plain', Set_Cookie='secret=1; Path=/')
        elif self.path == '/packed':
            self.answer(body=gzip.compress(b'was packed\n' * 1000), Content_Encoding='gzip')
        elif self.path == '/big':
            self.answer(body=bytes(range(256)) * 40960)
        elif self.path == '/both':
            both.wait(60)
            self.answer(body=b'both')
        elif self.path.startswith('/redirect/'):
            self.answer(302, Location='http://' + self.path.removeprefix('/redirect/'))
        elif self.path == '/none':
            self.answer(204)
        elif self.path == '/cut':
            self.wfile.write(b'HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 100\r\n\r\nhalf')
            self.close_connection = True
        else:
            self.answer(404, b'not here\n')

    do_HEAD = do_GET

    def do_POST(self):
        self.note()
        self.answer(body=self.rfile.read(int(self.headers['Content-Length']))[::-1])

    do_PUT = do_DELETE = do_POST

    def log_message(self, *args):
        pass


class Closed(Handler):
    opens = False


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Reverse(socketserver.BaseRequestHandler):
    """Answers when the other end sends no more."""

    def handle(self):
        parts = []
        while data := self.request.recv(65536):
            parts.append(data)
        self.request.sendall(b''.join(parts)[::-1])


class Threading(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('cert.pem', 'key.pem')


class Secure(Threading):
    def get_request(self):
        connection, address = super().get_request()
        return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address


def web(name, handler):
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    server.name = name
    return server


servers = [web('open', Handler), web('closed', Closed), web('other', Handler), web('secure', Handler), Threading(('127.0.0.1', 0), Echo),
           Threading(('127.0.0.1', 0), Reverse), Secure(('127.0.0.1', 0), Echo)]
servers[3].socket = context.wrap_socket(servers[3].socket, server_side=True, do_handshake_on_connect=False)
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
with socket.socket() as free:  # nobody listens there
    free.bind(('127.0.0.1', 0))
    print(*(server.server_address[1] for server in servers), free.getsockname()[1], flush=True)
    sys.stdin.read()
