"""Helpers of the end-to-end tests that a shell cannot provide: a misbehaving web server, malicious archives, a
terminal, and the exact way in which a process ended."""

import errno
import http.server
import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tarfile
import time


def serve(folder, port_file, log):
    """Serves a directory on 127.0.0.1 and misbehaves depending on the path: /break/FILE sends half and hangs up (without
    an offset; a request for the rest is served), /page/FILE sends an HTML page with status 200, /html/FILE the same with the
    type of an archive, /slow/FILE a byte and then nothing, /moved/FILE a redirect, /ignore-range/FILE breaks off once and
    then sends everything from the start, /500/FILE an error. The page of a directory is its index.html."""

    broken = set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            wanted = self.headers.get("Range", "")
            with open(log, "a", encoding="utf-8") as f:
                f.write(f"{self.path} {wanted}\n")
            _, *how, name = self.path.split("/")
            if not name and how and how[0] != "slow":
                # A directory: its page, if it has one.
                name = os.path.join(*how, "index.html")
                how = ["folder"]
            elif how and how[0] == "dists":
                name = os.path.join(*how, name)
            elif not name:
                name = "slow/index.html"
            how = how[0] if how else ""
            try:
                with open(os.path.join(folder, name), "rb") as f:
                    data = f.read()
            except OSError:
                data = None
            if how == "page" or how == "html":
                data = b"<!DOCTYPE html><html><body>Please log in</body></html>\n"
                self.answer(200, data, "text/html" if how == "page" else "application/gzip")
            elif how == "folder" and data is not None:
                self.answer(200, data, "text/html; charset=utf-8")
            elif how == "500":
                self.answer(500, b"oops", "text/plain")
            elif data is None:
                self.answer(404, b"<html>not here</html>", "text/html")
            elif how == "moved":
                self.send_response(302)
                self.send_header("Location", f"/{name}")
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif how == "slow":
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[:1])
                self.wfile.flush()
                time.sleep(60)
            elif how in ("break", "ignore-range") and self.path not in broken:
                broken.add(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Accept-Ranges", "bytes")
                self.end_headers()
                self.wfile.write(data[: len(data) // 2])
                self.wfile.flush()
                self.connection.close()
            elif wanted and how != "ignore-range":
                start = int(re.match(r"bytes=(\d+)-", wanted).group(1))
                if start >= len(data):
                    self.send_response(416)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                self.wfile.write(data[start:])
            else:
                self.answer(200, data, "application/octet-stream")

        def answer(self, status, data, kind):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with open(port_file + ".new", "w", encoding="utf-8") as f:
        f.write(str(server.server_address[1]))
    os.rename(port_file + ".new", port_file)
    server.serve_forever()


def closed_port():
    """Prints a port of 127.0.0.1 on which nothing listens."""
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        print(s.getsockname()[1])


def evil(file, kind):
    """Makes an archive that tries to write outside the directory into which it is unpacked."""

    def entry(name, **more):
        info = tarfile.TarInfo(name)
        for key, value in more.items():
            setattr(info, key, value)
        return info

    def put(tar, name, text=b"bad\n", **more):
        tar.addfile(entry(name, size=len(text), **more), io.BytesIO(text))

    outside = os.environ["T"] + "/outside"
    with tarfile.open(file, "w:gz") as tar:
        put(tar, "package/good", b"good\n")
        if kind == "dotdot":
            put(tar, "package/../../../escaped")
        elif kind == "absolute":
            put(tar, outside + "/escaped")
        elif kind == "symlink":
            tar.addfile(entry("package/way", type=tarfile.SYMTYPE, linkname="../../.."))
            put(tar, "package/way/escaped")
        elif kind == "absolute-symlink":
            tar.addfile(entry("package/way", type=tarfile.SYMTYPE, linkname=outside))
            put(tar, "package/way/escaped")
        elif kind == "two-symlinks":
            # Each link alone stays inside; one through the other does not.
            tar.addfile(entry("package/a/b/c", type=tarfile.DIRTYPE, mode=0o755))
            tar.addfile(entry("package/up", type=tarfile.SYMTYPE, linkname="a/b/c"))
            tar.addfile(entry("package/out", type=tarfile.SYMTYPE, linkname="up/../../../../../.."))
            put(tar, "package/out/escaped")
        elif kind == "hardlink":
            tar.addfile(entry("package/hosts", type=tarfile.LNKTYPE, linkname="../../../../../../../../etc/passwd"))
        elif kind == "device":
            tar.addfile(entry("package/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3))
        elif kind == "fifo":
            tar.addfile(entry("package/pipe", type=tarfile.FIFOTYPE))
        elif kind == "setuid":
            put(tar, "package/sh", mode=0o6755)
        else:
            sys.exit("what is " + kind)


def ended(*argv):
    """Runs a command and prints how it ended: "exit N" or "signal NAME". The command does not ignore SIGINT and SIGHUP, as
    a shell's background jobs do."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    file, *argv = argv
    process = subprocess.Popen(argv)
    with open(file + ".pid.new", "w", encoding="utf-8") as f:
        f.write(str(process.pid))
    os.rename(file + ".pid.new", file + ".pid")
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    code = process.wait()
    text = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
    with open(file + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(file + ".new", file)


def terminal(script, *argv):
    """Runs a command on a terminal of 80 columns and plays a script to it: lines "expect TEXT", "send TEXT" (with
    \\n, \\x03 ...), "wait SECONDS", "int" (Ctrl-C). All its output goes to stdout; at the end, the way in which it ended goes to
    stderr."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execvp(argv[0], argv)
    seen = b""
    mark = 0
    deadline = time.monotonic() + 60

    def read(until):
        nonlocal seen
        while time.monotonic() < until:
            ready, _, _ = select.select([fd], [], [], 0.05)
            if ready:
                try:
                    data = os.read(fd, 65536)
                except OSError as e:
                    if e.errno == errno.EIO:
                        return False
                    raise
                if not data:
                    return False
                seen += data
                return True
        return None

    def give_up(why):
        os.kill(pid, signal.SIGKILL)
        sys.stdout.buffer.write(seen)
        sys.exit(why)

    for line in script.split("\n"):
        word, _, rest = line.strip().partition(" ")
        if word == "expect":
            text = rest.encode()
            while text not in seen[mark:]:
                if time.monotonic() > deadline:
                    give_up("never printed: " + rest)
                if read(deadline) is False and text not in seen[mark:]:
                    give_up("ended before it printed: " + rest)
            mark = seen.index(text, mark) + len(text)
        elif word == "send":
            os.write(fd, rest.encode().decode("unicode_escape").encode())
        elif word == "wait":
            end = time.monotonic() + float(rest)
            while time.monotonic() < end and read(end) is not False:
                pass
    while time.monotonic() < deadline and read(deadline):
        pass
    end = time.monotonic() + 10
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        time.sleep(0.05)
    else:
        give_up("did not end")
    sys.stdout.buffer.write(seen)
    code = os.waitstatus_to_exitcode(status)
    print(f"signal {signal.Signals(-code).name}" if code < 0 else f"exit {code}", file=sys.stderr)


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
