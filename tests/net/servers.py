"""Servers of the machine's own Python for tests: TCP and UDP servers that send back their input, HTTP with and
without TLS. Prints their ports on one line and serves until its standard input ends. Argument: a directory, where a
certificate is made and hello.txt is served from."""
import http.server
import os
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import threading

folder = sys.argv[1]
os.chdir(folder)
with open('hello.txt', 'w') as f:
    f.write('hello over http\n')
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem',
                '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
               check=True, stderr=subprocess.DEVNULL)


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


class EchoDatagram(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(self.request[0], self.client_address)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200)
        self.send_header('Cipher', self.request.cipher()[0])
        self.end_headers()
        self.wfile.write(body[::-1])

    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path != '/reset':
            return super().do_GET()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.close_connection = True


class Threading(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


servers = [
    Threading(('127.0.0.1', 0), Echo),
    socketserver.ThreadingUDPServer(('127.0.0.1', 0), EchoDatagram),
    http.server.ThreadingHTTPServer(('127.0.0.1', 0), Quiet),
    http.server.ThreadingHTTPServer(('127.0.0.1', 0), Quiet),
]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('cert.pem', 'key.pem')
servers[3].socket = context.wrap_socket(servers[3].socket, server_side=True)
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(*(server.server_address[1] for server in servers), flush=True)
sys.stdin.read()
