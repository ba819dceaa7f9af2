"""A server with TLS for tests of secrets, and another one beside it, both on 127.0.0.1. Prints their ports on one line and
serves until its standard input ends. Argument: a directory, where a certificate is made (cert.pem) and `seen` gets a line of
JSON for each request: the server, its method, its path, its headers, its body."""
import gzip
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import time

folder = sys.argv[1]
os.chdir(folder)
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem',
                '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'],
               check=True, stderr=subprocess.DEVNULL)
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def read_body(self):
        if self.headers.get('Transfer-Encoding') != 'chunked':
            return self.rfile.read(int(self.headers.get('Content-Length', 0)))
        body = b''
        while size := int(self.rfile.readline().split(b';')[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def chunks(self, data, size, pause=0):
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        for at in range(0, len(data), size):
            part = data[at:at + size]
            self.wfile.write(b'%x\r\n%s\r\n' % (len(part), part))
            self.wfile.flush()
            time.sleep(pause)
        self.wfile.write(b'0\r\n\r\n')

    def whole(self, data):
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(data)

    def answer(self):
        body = self.read_body()
        own, other = (server.server_address[1] for server in servers)
        with lock, open('seen', 'a') as f:
            f.write(json.dumps([self.server is servers[0], self.command, self.path, dict(self.headers),
                                body.decode('latin-1')]) + '\n')
        what = self.path.split('?')[0]
        told = json.dumps(dict(self.headers)).encode()
        if what == '/own':
            self.send_response(302)
            self.send_header('Location', f'https://127.0.0.1:{own}/echo?again')
            self.whole(b'')
        elif what == '/other':
            self.send_response(307)
            self.send_header('Location', f'https://127.0.0.1:{other}/stolen')
            self.whole(b'')
        elif what == '/gzip':
            self.send_response(200)
            self.send_header('Content-Encoding', 'gzip')
            self.whole(gzip.compress(told))
        elif what == '/nothing':
            self.send_response(204)
            self.end_headers()
        elif what == '/until-the-end':
            self.close_connection = True
            self.send_response(200)
            self.send_header('Connection', 'close')
            self.end_headers()
            self.wfile.write(told)
        elif what == '/short':
            self.close_connection = True
            self.send_response(200)
            self.send_header('Content-Length', '1000')
            self.end_headers()
            self.wfile.write(b'too little')
        elif what == '/events':
            self.send_response(200)
            self.send_header('Content-Type', 'text/event-stream')
            # Its first part must not wait for the second one.
            self.chunks(b'data: one\n\n' + b'data: two\n\n', 11, 1)
        elif what == '/body':
            self.send_response(200)
            self.whole(body)
        else:
            self.send_response(200)
            self.send_header('X-Seen', self.headers.get('Authorization', '-'))
            # A secret comes in many pieces.
            self.chunks(told, 7) if what == '/pieces' else self.whole(told)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = answer


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('cert.pem', 'key.pem')
servers = []
for _ in range(2):
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    servers.append(server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(*(server.server_address[1] for server in servers), flush=True)
sys.stdin.read()
