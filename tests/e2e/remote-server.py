"""A remote store for tests: a directory behind HTTP that takes GET, HEAD and PUT, and misbehaves as a file says.

Usage: remote-server.py DIRECTORY PORT_FILE LOG HOW_FILE. HOW_FILE has a line WHAT or WHAT:PART, for requests whose path
contains PART: full (PUT is refused with 507), error (500), forbidden (403), silent (no answer), slow (a few bytes a
second), cut (half of it, then the connection ends), flip (one byte is changed), short (half of it, with a length that
fits), long (more than there is), page (an HTML page), loop (redirects to itself), twice (all bytes two times), elsewhere
(redirects to another host), norange (sends all whatever is asked for)."""

import http.server
import os
import sys
import time

directory, port_file, log, how_file = sys.argv[1:5]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def how(self):
        with open(log, "a", encoding="utf-8") as f:
            f.write(f"{self.command} {self.path} {self.headers.get('Range', '-')}\n")
        try:
            with open(how_file, encoding="utf-8") as f:
                for line in f:
                    what, _, part = line.strip().partition(":")
                    if part in self.path:
                        return what
        except FileNotFoundError:
            pass
        return ""

    def answer(self, status, data=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def path_of(self):
        return os.path.join(directory, self.path.rsplit("/", 1)[1])

    def do_PUT(self):
        how = self.how()
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if how == "full":
            return self.answer(507, b"no room")
        with open(self.path_of() + ".new", "wb") as f:
            f.write(data)
        os.rename(self.path_of() + ".new", self.path_of())
        return self.answer(201)

    def do_HEAD(self):
        how = self.how()
        if how in ("error", "forbidden"):
            return self.answer(500 if how == "error" else 403)
        return self.answer(200 if os.path.exists(self.path_of()) else 404)

    def do_GET(self):
        how = self.how()
        try:
            with open(self.path_of(), "rb") as f:
                data = f.read()
        except FileNotFoundError:
            return self.answer(404, b"<html>no</html>", Content_Type="text/html")
        if how == "error":
            return self.answer(500, b"oops")
        if how == "forbidden":
            return self.answer(403, b"no")
        if how == "page":
            return self.answer(200, b"<!DOCTYPE html><html>Please log in</html>", Content_Type="text/html")
        if how == "loop":
            return self.answer(302, Location=self.path)
        if how == "elsewhere":
            return self.answer(302, Location="http://192.0.2.1/x")
        if how == "silent":
            time.sleep(60)
            return None
        if how == "flip":
            data = bytes([*data[: len(data) // 2], data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]
        if how == "short":
            data = data[: len(data) // 2]
        if how == "long":
            data = data + bytes(100000)
        if how == "twice":
            data = data + data
        if how in ("cut", "slow"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if how == "cut":
                self.wfile.write(data[: len(data) // 2])
            else:
                for byte in data:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(0.3)
            self.close_connection = True
            return None
        start = self.headers.get("Range")
        if start and how != "norange":
            offset = int(start.split("=")[1].split("-")[0])
            if offset >= len(data):
                return self.answer(416)
            return self.answer(206, data[offset:], Content_Range=f"bytes {offset}-{len(data) - 1}/{len(data)}")
        return self.answer(200, data, Content_Type="application/octet-stream")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *args):
        pass


server = Server(("127.0.0.1", 0), Handler)
with open(port_file + ".new", "w", encoding="utf-8") as f:
    f.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
server.serve_forever()
