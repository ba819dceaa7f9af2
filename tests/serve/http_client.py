"""http_client.py WLPY PROGRAM: starts wlpy's server with several settings, and uses it over HTTP, rightly and wrongly."""
import base64
import concurrent.futures
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

WLPY, PROGRAM = sys.argv[1:]


class Server:
    def __init__(self, *options, listen="127.0.0.1:0"):
        self.process = subprocess.Popen([WLPY, "serve", "--program", PROGRAM, "--listen", listen, *options],
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)$", line)
        assert found or listen in line, line
        self.port = int(found[1]) if found else None

    def ask(self, method, path, body=None, headers={}):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.headers["Content-Type"] == "application/json" and content:
            content = json.loads(content)
        return answer.status, content

    def run(self, code, **more):
        status, content = self.ask("POST", "/v1/run", {"code": code, **more})
        assert status == 200, content
        return content

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.process.stderr.read()
        self.process.stderr.close()


def sooner_or_later(attempt):
    """On a busy machine code may not get the time to notice an interrupt before it is ended: one of some attempts does."""
    for _ in range(30):
        if attempt():
            return
    raise AssertionError("it never came to its end in time")


def test_code():
    with Server() as server:
        assert server.ask("GET", "/health") == (200, {"status": "ok"})
        with open(f"/proc/{server.process.pid}/status") as file:
            state = dict(re.findall(r"(?m)^(\w+):\t(\d+)$", file.read()))
        assert state["NoNewPrivs"] == "1" and state["Seccomp"] == "2", "the second wall is missing"
        value = server.run("print('one')\nimport sys; print('two', file=sys.stderr)\n{'a': [1, None]}")
        assert (value["end"], value["stdout"], value["stderr"], value["value"]) == ("done", "one\n", "two\n", {"a": [1, None]})
        assert value["repr"] == "{'a': [1, None]}" and value["alive"] and value["wall_ms"] > 0 and value["memory"] > 1 << 20
        value = server.run("raise ValueError('wrong')")
        assert value["end"] == "exception" and value["exception"]["type"] == "ValueError" and value["status"] == 1
        assert "File \"<cell 1>\", line 1" in value["exception"]["traceback"]
        assert server.run("import os; os._exit(3)")["end"] == "exit"

        def survives():
            value = server.run("while True: pass", timeout=0.2)
            assert value["end"] == "deadline", value
            return value["alive"]

        sooner_or_later(survives)
        value = server.run("sum(iter(int, 1))", timeout=0.2)
        assert value["end"] == "deadline" and not value["alive"], value
        value = server.run("print('x' * 2_000_000)")
        assert value["end"] == "output" and len(value["stdout"]) == 1 << 20
        assert server.run("bytearray(1 << 30)")["exception"]["type"] == "MemoryError"
        value = server.run("d = open('in').read()\nopen('out', 'wb').write(b'\\0\\xff')\nd", files={
            "in": "text", "deep/x": {"base64": base64.b64encode(b"\1").decode()}}, outputs=["out", "deep/x", "none"])
        assert value["value"] == "text" and value["files"] == {"out": {"base64": "AP8="}, "deep/x": "\1"}, value
        value = server.run("class P:\n def _repr_png_(self): return b'\\x89PNG'\ndisplay(P(), 1)")
        assert value["displays"] == [{"image/png": {"base64": "iVBORw=="}}, {"text/plain": "1"}], value
        # Nothing of all that stays.
        assert server.run("import os; sorted(globals().keys() - {'os'}), os.listdir('.')")["value"][1] == []
        assert server.run("'\\ud800'")["repr"] == "'\\ud800'"


def test_sessions():
    with Server("--max-sessions", "2") as server:
        status, content = server.ask("POST", "/v1/sessions")
        name = content["name"]
        assert status == 201 and server.ask("POST", "/v1/sessions", {"name": "b c"})[0] == 201
        assert server.ask("POST", "/v1/sessions", {"name": "third"})[0] == 429
        assert server.ask("POST", "/v1/sessions", {"name": "b c"})[0] == 409
        assert server.ask("POST", f"/v1/sessions/{name}/eval", {"code": "x = 1"})[0] == 200
        assert server.ask("POST", f"/v1/sessions/{name}/eval", {"code": "x"})[1]["value"] == 1
        assert server.ask("POST", "/v1/sessions/b%20c/eval", {"code": "x"})[1]["end"] == "exception"
        assert set(server.ask("GET", "/v1/sessions")[1]["sessions"]) == {name, "b c"}
        assert server.ask("PUT", f"/v1/sessions/{name}/files/d/f", b"\0\1")[0] == 201
        assert server.ask("POST", f"/v1/sessions/{name}/eval", {"code": "open('/files/d/f', 'rb').read()"})[1]["repr"] == "b'\\x00\\x01'"
        assert server.ask("GET", f"/v1/sessions/{name}/files/d/f") == (200, b"\0\1")
        assert [each["path"] for each in server.ask("GET", f"/v1/sessions/{name}/files")[1]["files"]] == ["d/", "d/f"]
        for path in "../x", "none", "d":
            assert server.ask("GET", f"/v1/sessions/{name}/files/{path}")[0] == 404, path
        assert server.ask("PUT", f"/v1/sessions/{name}/files/d", b"x")[0] == 400
        assert server.ask("DELETE", f"/v1/sessions/{name}/files/d/f")[0] == 200
        assert server.ask("POST", f"/v1/sessions/{name}/eval", {"code": "import os; os._exit(1)"})[1]["alive"] is False
        assert server.ask("POST", f"/v1/sessions/{name}/eval", {"code": "1"})[0] == 404
        assert server.ask("DELETE", "/v1/sessions/b%20c")[0] == 200 and server.ask("DELETE", "/v1/sessions/b%20c")[0] == 404
        assert server.ask("GET", "/v1/sessions")[1] == {"sessions": []}
    # A name that is made up is not one that somebody has chosen.
    with Server() as server:
        chosen = [f"session-{i}" for i in range(1, 6)] + [f"context-{i}" for i in range(1, 6)]
        for name in chosen:
            assert server.ask("POST", "/v1/sessions", {"name": name})[0] == 201
        made = [server.ask("POST", "/v1/sessions")[1]["name"], server.ask("POST", "/contexts")[1]["id"]]
        assert len({*chosen, *made}) == 12, made


class Events:
    """An answer of server-sent events, read as it comes."""

    def __init__(self, server, path, body):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        self.connection.request("POST", path, json.dumps(body).encode(), {"Accept": "text/event-stream"})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status

    def __iter__(self):
        name = None
        for line in self.answer:
            line = line.decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                yield name, json.loads(line[6:])
            else:
                assert line in ("", ":"), line

    def close(self):
        self.answer.close()
        self.connection.close()


def test_events():
    with Server("--deadline", "600") as server:
        def evaluations(n):
            begun = time.monotonic()
            while b"\nwlpy_evaluations_total %d\n" % n not in server.ask("GET", "/metrics")[1]:
                assert time.monotonic() - begun < 120
                time.sleep(0.1)

        # It comes while the code runs.
        events = Events(server, "/v1/run", {"code": "print('one', flush=True)\nimport time; time.sleep(500)"})
        assert next(iter(events)) == ("stdout", {"text": "one\n"})
        evaluations(0)
        events.close()
        evaluations(1)
        events = Events(server, "/v1/run", {"code": "import sys\nprint('one', flush=True)\n"
                                            "print('two', file=sys.stderr)\ndisplay(5)\n6 * 7"})
        assert events.status == 200 and events.answer.headers["Content-Type"] == "text/event-stream"
        found = iter(events)
        assert next(found) == ("stdout", {"text": "one\n"})
        rest = list(found)
        events.close()
        assert rest[:3] == [("stderr", {"text": "two\n"}), ("display", {"text/plain": "5"}),
                            ("result", {"repr": "42", "value": 42, "exception": None})], rest
        name, end = rest[3]
        assert name == "end" and len(rest) == 4
        assert (end["end"], end["status"], end["alive"], end["files"]) == ("done", 0, True, {}), end
        # Characters are whole.
        events = Events(server, "/v1/run", {"code": "import sys\nfor b in 'a\u00e4\u20ac\U0001f600'.encode() + b'\\xc3':\n"
                                            " sys.stdout.buffer.write(bytes([b])); sys.stdout.buffer.flush()"})
        assert "".join(data["text"] for name, data in events if name == "stdout") == "a\u00e4\u20ac\U0001f600\ufffd"
        # The answer begins before the code writes anything, and a client that has gone ends it.
        events = Events(server, "/v1/run", {"code": "while True: pass", "timeout": 300})
        assert events.status == 200
        events.close()
        evaluations(4)
        # What is refused is answered as always.
        events = Events(server, "/v1/run", {"code": 5})
        assert events.status == 400 and json.loads(events.answer.read())["error"]["message"]
        events = Events(server, "/v1/sessions/none/eval", {"code": "5"})
        assert events.status == 404
        # A client that goes away ends the evaluation, and with it the session only if that does not listen.
        def after(code):
            server.ask("POST", "/v1/sessions", {"name": "s"})
            events = Events(server, "/v1/sessions/s/eval", {"code": "x = 1; import time; print(1, flush=True)\n" + code})
            assert next(iter(events)) == ("stdout", {"text": "1\n"})
            events.close()
            answer = server.ask("POST", "/v1/sessions/s/eval", {"code": "x"})
            assert answer[0] == 404 or answer[1]["value"] == 1, answer
            return answer[0]

        sooner_or_later(lambda: after("while True: time.sleep(0.01)") == 200)
        assert after("sum(iter(int, 1))") == 404


def form(*files):
    """A body of multipart/form-data, and its headers."""
    body = b"".join(b"--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n"
                    b"Content-Type: application/octet-stream\r\n\r\n%s\r\n" % file for file in files)
    return (b"--limit\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\nuser\r\n" + body + b"--limit--\r\n",
            {"Content-Type": "multipart/form-data; boundary=limit"})


def test_librechat():
    with Server("--max-stored", "1M") as server:
        def execute(code, *files, **more):
            return server.ask("POST", "/librechat/exec", {"lang": "py", "code": code, "files": files, "user_id": "u", **more})

        status, content = execute("import os, sys; print(os.getcwd(), sys.argv, __name__)\nprint('e', file=sys.stderr)", args=["a", "b"])
        assert status == 200 and content["stdout"] == "/mnt/data ['python', 'a', 'b'] __main__\n" and content["stderr"] == "e\n"
        assert content["files"] == [] and re.fullmatch("[A-Za-z0-9_-]{21}", content["session_id"])
        # A value is not output, and an exception is.
        status, content = execute("6 * 7")
        assert (status, content["stdout"]) == (200, "")
        status, content = execute("import sys; print(sys.argv[1:])", args=["\u00e4\u20ac\U0001f600", "\\", "'\"\n"])
        assert content["stdout"] == "['\u00e4\u20ac\U0001f600', '\\\\', '\\'\"\\n']\n", content
        status, content = execute("open('x', 'w').write('x')\n1/0")
        assert status == 200 and 'File "main.py", line 2' in content["stderr"] and content["files"] == []
        # Files: uploaded, read, changed, made, fetched.
        large = bytes(range(256)) * 800
        status, content = server.ask("POST", "/librechat/upload", *form((b"in put.csv", b"1,2\r\n")))
        assert status == 200 and content["message"] == "success" and content["files"][0]["filename"] == "in put.csv"
        given = {"id": content["files"][0]["fileId"], "storage_session_id": content["storage_session_id"], "name": "in put.csv"}
        status, content = server.ask("POST", "/librechat/upload/batch", *form((b"a/b.bin", large), (b"empty", b"")))
        assert status == 200 and (content["succeeded"], content["failed"]) == (2, 0)
        more = {"id": content["files"][0]["fileId"], "session_id": content["session_id"], "name": "/mnt/data/a/b.bin"}
        status, content = execute("print(repr(open('in put.csv', newline='').read()), len(open('a/b.bin', 'rb').read()))\n"
                                  "import os; os.mkdir('out'); open('out/\u00e4.bin', 'wb').write(b'\\0\\1'); open('a/b.bin', 'ab').write(b'!')",
                                  given, more)
        assert content["stdout"] == "'1,2\\r\\n' 204800\n", content
        files = {each["name"]: each for each in content["files"]}
        assert set(files) == {"in put.csv", "a/b.bin", "out/\u00e4.bin"}
        assert files["in put.csv"] == {**given, "inherited": True}
        made = files["out/\u00e4.bin"]
        assert made["path"] == "/mnt/data/out/\u00e4.bin" and made["storage_session_id"] == content["session_id"]
        place = f"{made['storage_session_id']}/{made['id']}"
        assert server.ask("GET", f"/librechat/download/{place}?kind=user&id=u") == (200, b"\0\1")
        changed = files["a/b.bin"]
        assert server.ask("GET", f"/librechat/download/{changed['storage_session_id']}/{changed['id']}") == (200, large + b"!")
        assert server.ask("GET", f"/librechat/download/{more['session_id']}/{more['id']}") == (200, large)
        status, one = server.ask("GET", f"/librechat/sessions/{made['storage_session_id']}/objects/{made['id']}")
        assert status == 200 and re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one["lastModified"])
        status, listed = server.ask("GET", f"/librechat/files/{content['session_id']}?detail=full")
        assert sorted(each["metadata"]["original-filename"] for each in listed) == ["a/b.bin", "out/\u00e4.bin"]
        assert one in listed and one["name"] == place
        assert server.ask("DELETE", f"/librechat/files/{place}")[0] == 200
        for method, path in (("DELETE", f"files/{place}"), ("GET", f"download/{place}"), ("GET", f"sessions/{made['storage_session_id']}/objects/{made['id']}")):
            assert server.ask(method, f"/librechat/{path}")[0] == 404, path
        # A file that is gone does not keep code from running.
        status, content = execute("print(1)", {**given, "id": "x" * 21})
        assert (status, content["stdout"], content["stderr"]) == (200, "1\n", "The file is no longer stored: in put.csv\n")
        # Those that were not used for the longest time make room; what is too large has none.
        for i in range(10):
            assert server.ask("POST", "/librechat/upload", *form((b"f", large)))[0] == 200
        found = execute("print(1)", given)[1]; assert found["stderr"] == "The file is no longer stored: in put.csv\n"
        assert server.ask("POST", "/librechat/upload", *form((b"f", bytes(2 << 20))))[0] == 413
        status, content = execute("open('f', 'wb').write(bytes(2 << 20))")
        assert content["files"] == [] and content["stderr"] == "There is no room to store the file: f\n"
        # What is wrong.
        for wrong in ({"lang": "js", "code": "1"}, {"code": "1"}, {"lang": "py"}, {"lang": "py", "code": "1", "files": [{}]}, [], 1,
                      {"lang": "py", "code": "1", "args": 5}, {"lang": "py", "code": "1", "files": [{"id": 1}]},
                      {"lang": "py", "code": "1", "files": {}}):
            assert server.ask("POST", "/librechat/exec", wrong)[0] == 400, wrong
        status, content = server.ask("POST", "/librechat/upload", *form((b"../up", b"x"), (b"/abs", b"y")))
        wrong = [{"id": each["fileId"], "session_id": content["session_id"], "name": each["filename"]} for each in content["files"]]
        answers = [execute("1", each) for each in wrong]
        assert [status for status, content in answers] == [400, 400], answers
        for body, headers in (b"x", {}), (b"{}", {"Content-Type": "multipart/form-data"}), form(), (form((b"f", b"x"))[0][:-20], form()[1]):
            assert server.ask("POST", "/librechat/upload", body, headers)[0] == 400, body
        for path in "download/x", "download/x/y/z", "files/" + "x" * 300, "sessions/x/y", "none", "exec":
            assert server.ask("GET", f"/librechat/{path}")[0] in (200, 404), path
        assert server.ask("GET", "/librechat/health")[0] == 200


def test_what_is_wrong():
    with Server() as server:
        for body in (b"", b"{", b"[]", b"1", {"x": 1}, {"code": 1}, {"code": "1", "tiemout": 1}, b"[" * 100000,
                     b'{"code": "1", "code": "2"}', b'{"code": "\xff"}', {"code": "1", "files": {"a": 1}},
                     {"code": "1", "files": {"../a": "x"}}, {"code": "1", "files": {"a": {"base64": "*"}}},
                     {"code": "1", "timeout": "1"}, {"code": "1", "timeout": 0}, {"code": "1", "timeout": -1},
                     {"code": "1", "timeout": None}, {"code": "1", "files": []}, {"code": "1", "outputs": "a"},
                     {"code": "1", "outputs": [1]}, {"code": "1", "outputs": {}}):
            status, content = server.ask("POST", "/v1/run", body)
            assert status == 400 and content["error"]["message"], (body, status, content)
        assert server.ask("GET", "/v1/run")[0] == 405
        assert server.ask("GET", "/none")[0] == 404
        assert server.ask("POST", "/v1/sessions", {"name": "a/b"})[0] == 400
        assert server.ask("POST", "/v1/sessions", {"name": "x" * 200})[0] == 400
        assert server.ask("POST", "/v1/sessions", {"name": 5})[0] == 400
        assert server.ask("POST", "/v1/run", b"x" * (65 << 20))[0] == 413
        for wrong in {"code": "1", "env_vars": []}, {"code": "1", "env_vars": "A=1"}, {"code": "1", "language": "js"}:
            assert server.ask("POST", "/execute", wrong)[0] == 400, wrong
        # Names that are not UTF-8 are refused in words.
        server.ask("POST", "/v1/sessions", {"name": "s"})
        for method, body, expected in ("PUT", b"x", 400), ("GET", None, 404), ("DELETE", None, 404):
            status, content = server.ask(method, "/v1/sessions/s/files/%ff", body)
            assert status == expected and "\ufffd" in content["error"]["message"], (method, status, content)
        # What is not HTTP, and clients that go away.
        for data in b"\0\1\2", b"GET", b"POST /v1/run HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{", b"A" * 100000:
            with socket.create_connection(("127.0.0.1", server.port)) as s:
                s.sendall(data)
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            body = b'{"code": "import time; time.sleep(1)"}'
            s.sendall(b"POST /v1/run HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert server.run("6 * 7")["value"] == 42
        paths = server.ask("GET", "/openapi.json")[1]["paths"]
        assert "/v1/run" in paths and "/v1/sessions/{name}/eval" in paths


def memory(server):
    """The process's own memory, in MiB."""
    with open(f"/proc/{server.process.pid}/status") as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read())[1]) >> 10


def test_memory():
    """What it takes for requests is limited."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("secret\n")
        file.flush()
        with Server("--token-file", file.name, "--workers", "1") as server:
            before = memory(server)
            head = b"POST /v1/run HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n"

            def send(many, more, size, body):
                sockets = []
                for _ in range(many):
                    s = socket.create_connection(("127.0.0.1", server.port))
                    s.sendall(head % (more, size) + body)
                    sockets.append(s)
                return sockets

            # A body is not kept for a client that may not ask, ...
            waiting = send(8, b"", 33 << 20, b" " * (32 << 20))
            time.sleep(0.5)
            assert memory(server) - before < 40, memory(server)
            # ... nor if all of them together become too large.
            waiting += send(9, b"Authorization: Bearer secret\r\n", 41 << 20, b" " * (40 << 20))
            time.sleep(0.5)
            assert memory(server) - before < 600, memory(server)
            for s in waiting[8:]:
                s.sendall(b" " * (1 << 20))
            answers = [s.recv(1000).split(b" ")[1] for s in waiting[8:]]
            assert b"503" in answers and set(answers) <= {b"400", b"503"}, answers
            for s in waiting:
                s.close()
            # JSON that takes a hundred times its size is refused. So is that of a guest.
            for body in b"[" + b"[]," * (20 << 20) + b"1]", b'{"code": ' + b"[{}," * 1000 + b"1" + b"]" * 1000 + b"}":
                for _ in range(50):
                    status, content = server.ask("POST", "/v1/run", body, {"Authorization": "Bearer secret"})
                    if status != 503:
                        break
                    time.sleep(0.2)
                assert status == 400, (status, content)
            status, value = server.ask("POST", "/v1/run", {"code": "[{} for i in range(300000)]"}, {"Authorization": "Bearer secret"})
            assert status == 200 and value["end"] == "done", value
            status, value = server.ask("POST", "/v1/run", {"code": "list(range(100000))"}, {"Authorization": "Bearer secret"})
            assert value["value"] == list(range(100000))
            with open(f"/proc/{server.process.pid}/status") as status:
                assert int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) >> 10 < 1500


def test_a_session_that_waits():
    """Requests for one session do not keep others from being answered."""
    with Server("--workers", "1") as server, concurrent.futures.ThreadPoolExecutor(4) as pool:
        server.ask("POST", "/v1/sessions", {"name": "s"})
        path = "/v1/sessions/s/eval"
        answers = [pool.submit(server.ask, "POST", path, {"code": "while True: pass", "timeout": 3})]
        time.sleep(0.5)
        answers += [pool.submit(server.ask, "POST", path, {"code": f"{i}"}) for i in range(2)]
        assert server.ask("GET", "/v1/sessions/s/files")[0] == 200
        assert server.ask("GET", "/health")[0] == 200
        assert sorted(answer.result()[1]["end"] for answer in answers) == ["deadline", "done", "done"]
    # With two workers, a third request is answered while two wait for one session.
    with Server("--workers", "2") as server, concurrent.futures.ThreadPoolExecutor(4) as pool:
        server.ask("POST", "/v1/sessions", {"name": "s"})
        answers = [pool.submit(server.ask, "POST", path, {"code": "while True: pass", "timeout": 15})]
        time.sleep(0.5)
        answers += [pool.submit(server.ask, "POST", path, {"code": f"{i}"}) for i in range(3)]
        time.sleep(0.5)
        assert server.run("6 * 7")["value"] == 42
        assert not any(answer.done() for answer in answers), "it was answered only when the session was free"
        assert sorted(answer.result()[1]["end"] for answer in answers) == ["deadline", "done", "done", "done"]


def test_browsers():
    """A page of somebody else's cannot use a server that has no token."""
    with Server("--host", "python.example") as server:
        def status(**headers):
            return server.ask("POST", "/v1/run", {"code": "1"}, headers)[0]

        for host in "127.0.0.1:1", "[::1]:1", "localhost", "LOCALHOST:1", "192.0.2.1", "[2001:db8::1]", "python.example:80":
            assert status(Host=host) == 200, host
        for host in "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", "", "127.1.evil", "x" * 300:
            assert status(Host=host) in (400, 403), host
        for origin in "http://localhost:3000", "http://127.0.0.1:1", "http://[::1]", "https://python.example":
            assert status(Origin=origin) == 200, origin
        for origin in "http://evil.example", "null", "", "http://192.0.2.1", "http://localhost.evil.example", "file://":
            assert status(Origin=origin) == 403, origin
        assert server.ask("GET", "/v1/sessions", None, {"Host": "evil.example"})[0] == 403
        assert server.ask("GET", "/health", None, {"Host": "evil.example"})[0] == 200
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("secret")
        file.flush()
        with Server("--token-file", file.name) as server:
            headers = {"Host": "any.example", "Origin": "https://any.example", "Authorization": "Bearer secret"}
            assert server.ask("POST", "/v1/run", {"code": "1"}, headers)[0] == 200
        file.write("x" * 2000)
        file.flush()
        ended = subprocess.run([WLPY, "serve", "--program", PROGRAM, "--token-file", file.name], stderr=subprocess.PIPE, text=True, timeout=120)
        assert ended.returncode == 2 and "--token-file" in ended.stderr, ended


def test_queue():
    with Server("--workers", "1", "--queue", "2") as server, concurrent.futures.ThreadPoolExecutor(3) as pool:
        asked = 0

        def figures_now():
            nonlocal asked
            asked += 1
            metrics = server.ask("GET", "/metrics")[1].decode()
            return metrics, dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))

        first = Events(server, "/v1/run", {"code": "print(1, flush=True)\nimport time; time.sleep(8)"})
        found = iter(first)
        assert next(found) == ("stdout", {"text": "1\n"})
        answers = [pool.submit(server.ask, "POST", "/v1/run", {"code": f"import time; time.sleep(0.6); {i}"}) for i in range(2)]
        while figures_now()[1]["wlpy_waiting"] != "2":
            time.sleep(0.05)
        assert [server.ask("POST", "/v1/run", {"code": "1"})[0] for _ in range(3)] == [429] * 3
        assert list(found)[-1][1]["end"] == "done" and [answer.result()[0] for answer in answers] == [200, 200]
        first.close()
        metrics, figures = figures_now()
        assert 9 <= float(figures.pop("wlpy_evaluation_seconds_sum")) < 90, metrics
        assert int(figures.pop("wlpy_requests_total")) == asked + 6, (metrics, asked)
        buckets = [int(figures.pop(f'wlpy_evaluation_seconds_bucket{{le="{bound}"}}'))
                   for bound in ("0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.5", "1", "5", "10", "30", "+Inf")]
        assert buckets[:8] == [0] * 8 and buckets == sorted(buckets) and buckets[-1] == 3, metrics
        assert figures == {"wlpy_refused_total": "3", "wlpy_evaluations_total": "3",
                           "wlpy_failures_total": "0", "wlpy_deadlines_total": "0", "wlpy_sandboxes_started_total": "3",
                           "wlpy_sessions": "0", "wlpy_waiting": "0", "wlpy_evaluation_seconds_count": "3"}, metrics


def test_token():
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("secret\n")
        file.flush()
        with Server("--token-file", file.name, "--log") as server:
            assert server.ask("GET", "/health")[0] == 200
            for headers in {}, {"Authorization": "Bearer secre"}, {"Authorization": "secret"}, {"Authorization": "Bearer secret2"}, \
                    {"X-Access-Token": "x"}:
                assert server.ask("POST", "/v1/run", {"code": "1"}, headers)[0] == 401, headers
            for headers in {"Authorization": "Bearer secret"}, {"X-Access-Token": "secret"}:
                assert server.ask("POST", "/v1/run", {"code": "1"}, headers)[0] == 200, headers
            # A line is written when its answer was sent, by any thread, so the order of lines is not that of requests.
            lines = [json.loads(server.process.stderr.readline()) for _ in range(8)]
            assert sorted((line["path"], line["status"]) for line in lines) == \
                [("/health", 200)] + [("/v1/run", 200)] * 2 + [("/v1/run", 401)] * 5, lines
            assert all(line["seconds"] >= 0 for line in lines), lines
            # A path that is no text is logged, too.
            assert server.ask("GET", "/%ffx")[0] == 401
            assert json.loads(server.process.stderr.readline())["path"] == "/\ufffdx"
            # (The library refuses zero bytes before it asks anybody.)
            assert server.ask("GET", "/%ff%00x")[0] == 400
    ended = subprocess.run([WLPY, "serve", "--program", PROGRAM, "--listen", "0.0.0.0:0"], stderr=subprocess.PIPE, text=True, timeout=120)
    assert ended.returncode == 2 and "--token-file" in ended.stderr, ended


def test_unix_socket():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "s")
        with Server(listen=path):
            assert os.stat(path).st_mode & 0o777 == 0o600
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
                s.sendall(b"GET /health HTTP/1.0\r\n\r\n")
                assert b'{"status":"ok"}' in s.recv(10000)
        assert not os.path.exists(path)


def test_end():
    """Requests that are in progress are completed."""
    server = Server()
    events = Events(server, "/v1/run", {"code": "print('begun', flush=True)\nimport time; time.sleep(2); 'done'"})
    found = iter(events)
    assert next(found) == ("stdout", {"text": "begun\n"})
    server.process.send_signal(signal.SIGTERM)
    assert [data["value"] for name, data in found if name == "result"] == ["done"]
    events.close()
    assert server.process.wait(60) == 0
    server.process.stderr.close()


def test_many():
    with Server() as server, concurrent.futures.ThreadPoolExecutor(8) as pool:
        kinds = ["i = {}; i", "{}", "1 / 0 # {}", "bytearray(1 << 30) # {}", "import sys; sys.exit({} % 7)"]
        answers = list(pool.map(lambda i: (i, server.run(kinds[i % 5].format(i))), range(400)))
        for i, value in answers:
            assert value["value"] == (i if i % 5 < 2 else None), value
            assert value["status"] == (0 if i % 5 < 2 else 1 if i % 5 < 4 else i % 7), value
        status, content = server.ask("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "run_python", "arguments": {"code": "6 * 7"}}})
        assert status == 200 and content["result"]["content"][0]["text"] == "42"
        assert server.ask("POST", "/mcp", {"jsonrpc": "2.0", "method": "notifications/initialized"})[0] == 202
        assert server.ask("POST", "/mcp", b"x")[1]["error"]["code"] == -32700
        assert server.ask("GET", "/mcp")[0] == 405


for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
