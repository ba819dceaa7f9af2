"""Runs a module in a browser without a window:

    browser.py CHROMIUM PAGE FOLDERS [HOST GUEST MODE]... VARIABLES [NAME=VALUE]... THREADS [OPTION]... MODULE [ARGUMENT...]

PAGE is the directory of examples/browser, as built: its worker provides WASI to the module. The FOLDERS are copied into the page;
those that are not "ro" are copied back at the end. browser.html connects the streams. The OPTIONs are those of runtimes/browser for the
network; --page-port=N, the port of the page's origin (any free one); and --no-isolation, without which the page can share memory with its
workers. $WL_BROWSER_FLAGS has further words for Chromium."""
import base64
import http.server
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.parse

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-quic", "--no-first-run"]


def count(words, each):
    n = int(words.pop(0))
    taken = [words[i * each:(i + 1) * each] for i in range(n)]
    del words[:n * each]
    return taken


def read_options(words):
    """Returns what the options give the guest, for the page; whether they want the log; whether the page is isolated; its port."""
    network, log, isolated, port = {}, False, True, 0
    lists = {"--net": "tcp", "--net-https": "https", "--net-http": "http"}
    limits = {"--max-sockets": "sockets", "--max-lookups": "lookups", "--max-received": "received", "--max-sent": "sent"}
    while words and words[0].startswith("--"):
        name, _, value = words.pop(0).partition("=")
        if name in lists:
            network.setdefault(lists[name], []).append(value or "*")
        elif name in limits:
            number, unit = (value[:-1], value[-1]) if value[-1:] in tuple("KMG") else (value, "")
            if not number.isdigit():
                sys.exit(f"browser: cannot use {name}={value}: write a number")
            network.setdefault("limits", {})[limits[name]] = int(number) << {"": 0, "K": 10, "M": 20, "G": 30}[unit]
        elif name == "--net-proxy":
            network["proxy"] = value
        elif name == "--net-redirects":
            network["redirects"] = True
        elif name == "--net-log" and value == "-":
            log = True
        elif name == "--no-isolation":
            isolated = False
        elif name == "--page-port" and value.isdigit():
            port = int(value)
        else:
            sys.exit(f"browser: cannot use {name}={value}")
    return network or None, log, isolated, port


def read_folder(path):
    """The tree below a directory, with files as base64."""
    tree = {}
    for entry in os.scandir(path):
        if entry.is_dir():
            tree[entry.name] = read_folder(entry.path)
        elif entry.is_file():
            with open(entry.path, "rb") as file:
                tree[entry.name] = base64.b64encode(file.read()).decode()
    return tree


def write_folder(path, tree, before):
    for name in before.keys() - tree.keys():
        there = os.path.join(path, name)
        shutil.rmtree(there) if isinstance(before[name], dict) else os.unlink(there)
    for name, content in tree.items():
        there = os.path.join(path, name)
        if isinstance(content, dict):
            os.makedirs(there, exist_ok=True)
            write_folder(there, content, before.get(name, {}))
        elif content != before.get(name):
            with open(there, "wb") as file:
                file.write(base64.b64decode(content))


def part(tree, guest, make=False):
    for name in guest.strip("/").split("/"):
        if name:
            tree = tree.setdefault(name, {}) if make else tree[name]
    return tree


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, body=b"", kind="application/octet-stream"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        # The page shares memory with its worker, which needs these two headers.
        if isolated:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if path == "/job":
            self.answer(json.dumps(job).encode(), "application/json")
        elif path == "/stdin":
            self.answer(os.read(0, 65536))
        else:
            name = {"/": os.path.join(here, "browser.html"), "/module.wasm": module}.get(path, page + path)
            if not os.path.isfile(name) or ".." in path:
                self.send_error(404)
                return
            kind = {".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm"}[os.path.splitext(name)[1]]
            with open(name, "rb") as file:
                self.answer(file.read(), kind)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/end":
            result.update(json.loads(body))
            ended.set()
        else:
            stream = int(self.path.rpartition("/")[2])
            while body:
                body = body[os.write(stream, body):]
        self.answer()

    def log_message(self, *_):
        pass


words = sys.argv[1:]
chromium, page = words.pop(0), words.pop(0)
folders, env = count(words, 3), [pair for pair, in count(words, 1)]
threads, (network, log, isolated, port), module = int(words.pop(0)), read_options(words), words.pop(0)
here = os.path.dirname(os.path.abspath(__file__))
files, ended, result = {}, threading.Event(), {}
for host, guest, _ in sorted(folders, key=lambda folder: len(folder[1])):
    part(files, guest, make=True).update(read_folder(host))
job = {"args": [os.path.basename(module), *words], "env": env, "files": files, "threads": threads, "network": network, "log": log}
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server, tempfile.TemporaryDirectory(
        ignore_cleanup_errors=True) as profile:
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # It ends when this process does, however that happens.
    browser = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", chromium, *FLAGS, *shlex.split(os.environ.get("WL_BROWSER_FLAGS", "")),
                                f"--user-data-dir={profile}",
                                f"http://localhost:{server.server_address[1]}/"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not ended.wait(0.2) and browser.poll() is None:
            pass
    finally:
        browser.terminate()
        browser.wait()
if not result:
    sys.exit(f"{chromium} ended with status {browser.returncode}")
for host, guest, mode in folders:
    if mode != "ro" and "files" in result:
        write_folder(host, part(result["files"], guest), part(files, guest))
if result.get("error"):
    print(f"{module}: {result['error']}", file=sys.stderr)
sys.exit(result.get("status", 134))
