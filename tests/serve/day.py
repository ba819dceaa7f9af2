"""day.py WLPY PROGRAM [REQUESTS]: a day of requests, one a second, replayed against wlpy's server as fast as it answers.

The mix is what clients of the three interfaces send (http_client.py, e2b_client.py, librechat_client.cjs, mcp_client.py): fresh
runs, sessions with files, contexts, forms, calls of MCP's tools, with code that is right, wrong or hostile. It is the same each
time, since a seed chooses it. Every answer is compared. At the end no session, descriptor or thread is left, the server's figures
agree with what was sent, and it has not grown since the first tenth of the requests."""
import base64
import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

WLPY, PROGRAM, *rest = sys.argv[1:]
REQUESTS = int(rest[0]) if rest else 24 * 3600
CLIENTS = 4
GROWTH_KIB = 64 << 10
failures, counted, lock = [], {"requests": 0, "evaluations": 0}, threading.Lock()


class Client:
    """One connection, which is kept as long as the server keeps it."""

    def __init__(self, port, seed):
        self.port, self.random, self.connection = port, random.Random(seed), None
        self.name = f"client {seed}"

    def ask(self, method, path, body=None, headers={}, evaluations=0):
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if not self.connection:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.will_close:
            self.connection.close()
            self.connection = None
        with lock:
            counted["requests"] += 1
            counted["evaluations"] += evaluations
        kind = answer.headers["Content-Type"] or ""
        return answer.status, json.loads(content) if kind == "application/json" and content else content

    def same(self, found, wanted, what):
        if found != wanted:
            with lock:
                failures.append(f"{self.name}: {what}: {str(found)[:300]}, not {str(wanted)[:300]}")

    # Each of these is one visit. It returns nothing, and compares what it gets.

    def fresh(self):
        n = self.random.randrange(1 << 30)
        code, wanted = self.random.choice([
            (f"{n} * 3", {"end": "done", "value": n * 3}),
            (f"print({n})", {"end": "done", "stdout": f"{n}\n"}),
            (f"import json, re; json.dumps(re.findall('.', '{n}'))", {"end": "done", "value": json.dumps(list(str(n)))}),
            (f"sum(i * i for i in range({n % 5000}))", {"end": "done", "value": sum(i * i for i in range(n % 5000))}),
            (f"raise ValueError({n})", {"end": "exception", "status": 1}),
            (f"import sys; sys.exit({n % 7})", {"status": n % 7}),
            (f"import os; os._exit({n % 7})", {"end": "exit", "status": n % 7, "alive": False}),
            (f"open('a').read() + '{n}'", {"end": "done", "value": f"text{n}"}),
            ("def f(n): return f(n + 1)\nf(0)", {"end": "exception", "status": 1}),
            ("bytearray(1 << 30)", {"end": "exception", "status": 1}),
        ])
        status, content = self.ask("POST", "/v1/run", {"code": code, "files": {"a": "text"}}, evaluations=1)
        self.same(status, 200, code)
        self.same({key: content.get(key) for key in wanted}, wanted, code)

    def hostile(self):
        code, more, wanted = self.random.choice([
            ("while True: pass", {"timeout": 0.05}, "deadline"),
            ("sum(iter(int, 1))", {"timeout": 0.05}, "deadline"),
            ("while True: print('x' * 100000)", {}, "output"),
            ("import os; os.abort()", {}, "stopped"),
        ])
        status, content = self.ask("POST", "/v1/run", {"code": code, **more}, evaluations=1)
        self.same(status, 200, code)
        if wanted != "stopped":
            self.same(content["end"], wanted, code)
        else:
            self.same(content["alive"], False, code)

    def session(self):
        status, content = self.ask("POST", "/v1/sessions")
        self.same(status, 201, "a session")
        path = f"/v1/sessions/{content['name']}"
        n = self.random.randrange(1 << 20)
        data = self.random.randbytes(n % 3000)
        self.same(self.ask("PUT", f"{path}/files/d/in", data)[0], 201, "a file")
        self.same(self.ask("POST", f"{path}/eval", {"code": f"x = {n}"}, evaluations=1)[0], 200, "x")
        for i in range(n % 5):
            self.same(self.ask("POST", f"{path}/eval", {"code": "x += 1; x"}, evaluations=1)[1]["value"], n + i + 1, "x + 1")
        self.same(self.ask("POST", f"{path}/eval", {"code": "1 / 0"}, evaluations=1)[1]["end"], "exception", "1 / 0")
        code = "data = open('/files/d/in', 'rb').read(); open('/files/out', 'wb').write(data[::-1])"
        self.same(self.ask("POST", f"{path}/eval", {"code": code}, evaluations=1)[1]["value"], len(data), "a file")
        self.same(self.ask("GET", f"{path}/files/out"), (200, data[::-1]), "a file")
        self.same(self.ask("DELETE", path)[0], 200, "its end")
        self.same(self.ask("POST", f"{path}/eval", {"code": "x"})[0], 404, "its end")

    def context(self):
        status, content = self.ask("POST", "/contexts", {})
        lines = self.ask("POST", "/execute", {"code": "y = 20\ny + 1", "context_id": content["id"]}, evaluations=1)[1]
        texts = [line.get("text") for line in map(json.loads, lines.splitlines()) if line["type"] == "result"]
        self.same(texts, ["21"], "E2B")
        self.same(self.ask("DELETE", f"/contexts/{content['id']}")[0] // 100, 2, "E2B")

    def chat(self):
        n = self.random.randrange(1 << 20)
        body = b"--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n%d\r\n--limit--\r\n" % n
        content = self.ask("POST", "/librechat/upload", body, {"Content-Type": "multipart/form-data; boundary=limit"})[1]
        given = {"id": content["files"][0]["fileId"], "storage_session_id": content["storage_session_id"], "name": "f"}
        code = "text = open('f').read()\nopen('g', 'w').write(text * 2)\nprint(text)"
        # (This takes two evaluations: the first one prepares the directory.)
        content = self.ask("POST", "/librechat/exec", {"lang": "py", "code": code, "files": [given]}, evaluations=2)[1]
        self.same(content["stdout"], f"{n}\n", "LibreChat")
        made = [each for each in content["files"] if each["name"] == "g"][0]
        path = f"{made['storage_session_id']}/{made['id']}"
        self.same(self.ask("GET", f"/librechat/download/{path}"), (200, f"{n}{n}".encode()), "LibreChat")
        for each in path, f"{given['storage_session_id']}/{given['id']}":
            self.same(self.ask("DELETE", f"/librechat/files/{each}")[0], 200, "LibreChat")

    def model(self):
        n = self.random.randrange(1 << 20)
        content = self.ask("POST", "/mcp", {"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": {
            "name": "run_python", "arguments": {"code": f"{n} + 1"}}}, evaluations=1)[1]
        self.same(content["result"]["content"][0]["text"], str(n + 1), "MCP")

    def wrong(self):
        body, status = self.random.choice([(b"{", 400), (b"[" * 100000, 400), ({"code": 1}, 400), ({"code": "1", "x": 1}, 400),
                                           ({"code": "1", "files": {"../a": base64.b64encode(b"x").decode()}}, 400)])
        self.same(self.ask("POST", "/v1/run", body)[0], status, body)
        self.same(self.ask("GET", "/none")[0], 404, "/none")

    def work(self, until):
        visits = [self.fresh] * 60 + [self.session] * 8 + [self.chat] * 8 + [self.context] * 4 + [self.model] * 10 + \
            [self.hostile] * 3 + [self.wrong] * 7
        while counted["requests"] < until and len(failures) < 20:
            try:
                self.random.choice(visits)()
            except Exception as e:
                with lock:
                    failures.append(f"{self.name}: {e!r}")
                self.connection = None


def state(pid):
    with open(f"/proc/{pid}/status") as file:
        found = dict(re.findall(r"(?m)^(\w+):\t\s*(\d+)", file.read()))
    return {"memory": int(found["VmRSS"]), "threads": int(found["Threads"]), "descriptors": len(os.listdir(f"/proc/{pid}/fd"))}


def settled(pid):
    """Its state when the threads of closed connections are gone."""
    found = state(pid)
    for _ in range(100):
        time.sleep(0.1)
        before, found = found, state(pid)
        if (before["threads"], before["descriptors"]) == (found["threads"], found["descriptors"]):
            break
    return found


def replay(clients, until):
    threads = [threading.Thread(target=client.work, args=(until,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        if client.connection:
            client.connection.close()
        client.connection = None


server = subprocess.Popen([WLPY, "serve", "--program", PROGRAM, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
port = int(re.search(r":(\d+)$", server.stderr.readline())[1])
clients = [Client(port, seed) for seed in range(CLIENTS)]
begin = time.monotonic()
replay(clients, REQUESTS // 10)
first = settled(server.pid)
replay(clients, REQUESTS)
last = settled(server.pid)
seconds = time.monotonic() - begin
figures = dict(line.rsplit(" ", 1) for line in Client(port, -1).ask("GET", "/metrics")[1].decode().splitlines() if line[0] != "#")
for name, wanted in (("wlpy_requests_total", counted["requests"]), ("wlpy_evaluations_total", counted["evaluations"]),
                     ("wlpy_sessions", 0), ("wlpy_waiting", 0), ("wlpy_refused_total", 0)):
    if int(figures[name]) != wanted:
        failures.append(f"{name} is {figures[name]}, not {wanted}")
if last["descriptors"] > first["descriptors"] or last["threads"] > first["threads"] or last["memory"] > first["memory"] + GROWTH_KIB:
    failures.append(f"the server has grown from {first} to {last}")
server.send_signal(signal.SIGTERM)
if server.wait(60):
    failures.append(f"the server ended with {server.returncode}: {server.stderr.read()}")
server.stderr.close()
print(f"{counted['requests']} requests, {counted['evaluations']} evaluations in {seconds:.0f} s; after a tenth {first}, at the end {last}")
for line in failures:
    print(line)
sys.exit(bool(failures))
