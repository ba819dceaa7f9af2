"""wlpy.run(): what a run gets, and what its result says."""

import http.server
import io
import os
import pathlib
import pickle
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

import wlpy


class Run(unittest.TestCase):
    def test_output_and_status(self):
        result = wlpy.run("import sys; print('out'); print('err', file=sys.stderr)")
        self.assertEqual((result.stdout, result.stderr), ("out\n", "err\n"))
        self.assertEqual((result.end, result.exit_status, result.returncode), ("done", 0, 0))
        self.assertTrue(result.ok)
        self.assertIsNone(result.exception)
        self.assertIs(result.check(), result)
        self.assertGreater(result.wall, 0)
        self.assertGreater(result.memory, 1 << 20)

    def test_exit(self):
        result = wlpy.run("import sys; sys.exit(3)")
        self.assertEqual((result.end, result.exit_status), ("exit", 3))
        self.assertFalse(result.ok)
        with self.assertRaisesRegex(wlpy.RunError, "status 3"):
            result.check()

    def test_exception(self):
        result = wlpy.run("def f(): raise ValueError('no good')\nf()")
        self.assertEqual((result.end, result.exit_status), ("exception", 1))
        self.assertEqual((result.exception.type, result.exception.message), ("ValueError", "no good"))
        self.assertIn("Traceback", result.exception.traceback)
        with self.assertRaisesRegex(wlpy.RunError, "ValueError: no good") as raised:
            wlpy.run("raise ValueError('no good')", check=True)
        self.assertEqual(raised.exception.result.exception.type, "ValueError")

    def test_syntax_error(self):
        self.assertEqual(wlpy.run("1 +").exception.type, "SyntaxError")

    def test_arguments_and_environment(self):
        code = "import os, sys; print(sys.argv[1:], os.environ.get('MINE'), 'HOME' in os.environ, 'PATH' in os.environ)"
        result = wlpy.run(code, argv=["a b", "", "ä"], env={"MINE": "x=y"})
        self.assertEqual(result.stdout, "['a b', '', 'ä'] x=y True False\n")

    def test_another_python(self):
        own = wlpy._program.PATH
        with tempfile.TemporaryDirectory() as directory:
            # Another file with the same content is another Python.
            other = shutil.copy(own, os.path.join(directory, "other.so"))
            self.assertEqual(wlpy.run("print(1)", python=other).stdout, "1\n")
            with wlpy.Session(python=os.fsencode(other)) as session:
                session.eval("x = 1")
                with session.fork() as copy:
                    self.assertEqual(copy.eval("x + 1").value, 2)
            self.assertEqual(wlpy.evaluate("6 * 7", python=pathlib.Path(other)).value, 42)
            # It is loaded once.
            os.remove(other)
            self.assertEqual(wlpy.run("print(2)", python=other).stdout, "2\n")
            for name, content in (("missing.so", None), ("text.so", b"text"), ("empty.so", b"")):
                file = os.path.join(directory, name)
                if content is not None:
                    with open(file, "wb") as f:
                        f.write(content)
                with self.assertRaisesRegex(wlpy.Error, name):
                    wlpy.run("print(1)", python=file)
        with self.assertRaises(TypeError):
            wlpy.run("print(1)", python=1)

    def test_input(self):
        self.assertEqual(wlpy.run("print(input().upper())", input="words\nmore\n").stdout, "WORDS\n")
        self.assertEqual(wlpy.run("import sys; print(sys.stdin.buffer.read())", input=b"\0\xff").stdout, "b'\\x00\\xff'\n")
        self.assertEqual(wlpy.run("import sys; print(repr(sys.stdin.read()))").stdout, "''\n")

    def test_stdin_function(self):
        lines = iter(["one", "two\n", b"three\n", None])
        result = wlpy.run("import sys\nprint(input(), sys.stdin.readlines())", stdin=lambda: next(lines))
        self.assertEqual(result.stdout, "one ['two\\n', 'three\\n']\n")

    def test_stdin_file(self):
        with tempfile.TemporaryFile() as file:
            file.write(b"from a file\n")
            file.seek(0)
            self.assertEqual(wlpy.run("print(input())", stdin=file).stdout, "from a file\n")
        self.assertEqual(wlpy.run("print(input())", stdin=io.StringIO("from text\n")).stdout, "from text\n")

    def test_stdout_function(self):
        told = []
        result = wlpy.run("print('a', flush=True); print('ä')", stdout=told.append)
        self.assertEqual("".join(told), "a\nä\n")
        self.assertEqual(result.stdout, "a\nä\n")
        self.assertGreaterEqual(len(told), 2)

    def test_text_that_comes_in_pieces(self):
        code = "import os, sys\nfor b in 'ä€'.encode(): os.write(1, bytes([b]))\nos.write(1, b'\\xff')"
        told = []
        result = wlpy.run(code, stdout=told.append)
        self.assertEqual("".join(told), "ä€\ufffd")
        self.assertEqual(result.stdout_bytes, "ä€".encode() + b"\xff")
        self.assertEqual(result.stdout, "ä€\ufffd")

    def test_stdout_file(self):
        with tempfile.TemporaryFile() as file:
            result = wlpy.run("print('into a file')", stdout=file, stderr=wlpy.DEVNULL)
            file.seek(0)
            self.assertEqual(file.read(), b"into a file\n")
        self.assertEqual(result.stdout, "")
        text = io.StringIO()
        wlpy.run("print('into text')", stdout=text)
        self.assertEqual(text.getvalue(), "into text\n")

    def test_function_that_raises(self):
        def stop(text):
            raise RuntimeError("enough")

        with self.assertRaisesRegex(RuntimeError, "enough"):
            wlpy.run("while True: print('x' * 100, flush=True)", stdout=stop)
        with self.assertRaises(ZeroDivisionError):
            wlpy.run("input()", stdin=lambda: 1 / 0)
        with self.assertRaisesRegex(TypeError, "returns a line"):
            wlpy.run("input()", stdin=lambda: 7)
        self.assertEqual(wlpy.run("print(1)").stdout, "1\n")

    def test_files(self):
        code = """
import os
print(open('/input/data.csv').read(), open('/top.txt').read(), sorted(os.listdir('/input')))
open('/output/result.txt', 'w').write('made')
open('relative.bin', 'wb').write(bytes(3))
open('/input/data.csv', 'a').write('more')
os.makedirs('/output/a/b'); open('/output/a/b/c', 'w').close()
"""
        result = wlpy.run(code, files={"/input/data.csv": "1,2", "/top.txt": b"top", "/input/x/y": b""})
        self.assertEqual(result.stdout, "1,2 top ['data.csv', 'x']\n", result.stderr)
        self.assertEqual(
            dict(result.files),
            {"/output/result.txt": b"made", "/relative.bin": bytes(3), "/input/data.csv": b"1,2more", "/output/a/b/c": b""},
        )
        with tempfile.TemporaryDirectory() as directory:
            result.files.save(directory)
            with open(os.path.join(directory, "output/result.txt")) as file:
                self.assertEqual(file.read(), "made")

    def test_own_files(self):
        files = wlpy.Files({"a/b.txt": "text"})
        for n in range(3):
            result = wlpy.run("f = open('/w/a/b.txt', 'a'); f.write('+')", dirs={"/w": files})
            self.assertTrue(result.ok, result.stderr)
        self.assertEqual(files["a/b.txt"], b"text+++")
        self.assertEqual((list(files), len(files), "a/b.txt" in files, "a" in files), (["a/b.txt"], 1, True, False))
        files["new"] = "x"
        del files["a/b.txt"]
        self.assertEqual(list(files), ["new"])
        for missing in ("a/b.txt", "none", "a", "", "../x"):
            with self.assertRaises(KeyError):
                files[missing]
        self.assertIsNone(files.get("none"))
        with self.assertRaises(wlpy.Error):
            files["../out"] = b"x"

    def test_directories(self):
        with tempfile.TemporaryDirectory() as directory:
            with open(os.path.join(directory, "x"), "w") as file:
                file.write("here")
            code = "print(open('/d/x').read()); open('/d/y', 'w').write('there')"
            result = wlpy.run(code, dirs={"/d": directory})
            self.assertEqual((result.stdout, result.exception.type), ("here\n", "OSError"), result.stderr)
            result = wlpy.run(code, dirs={"/d": wlpy.Directory(directory, writable=True)})
            self.assertTrue(result.ok, result.stderr)
            with open(os.path.join(directory, "y")) as file:
                self.assertEqual(file.read(), "there")
            # A link leads nowhere.
            os.symlink("/etc/passwd", os.path.join(directory, "link"))
            self.assertFalse(wlpy.run("open('/d/link')", dirs={"/d": directory}).ok)
        with self.assertRaisesRegex(wlpy.Error, "/none/such"):
            wlpy.run("", dirs={"/d": "/none/such"})

    def test_module_and_file(self):
        result = wlpy.run(module="this")
        self.assertIn("Zen of Python", result.stdout)
        files = {"/app/main.py": "import helper, sys; print(helper.x, sys.argv)", "/app/helper.py": "x = 5"}
        self.assertEqual(wlpy.run(file="/app/main.py", argv=["1"], files=files).stdout, "5 ['/app/main.py', '1']\n")

    def test_nothing_of_this_machine(self):
        code = """
import os, socket
print(sorted(os.environ))
for path in ('/etc/passwd', '/proc/self/maps', '/root', '/home/../etc/hosts'):
    try: print(open(path).read()[:50])
    except OSError: print('no')
try: socket.create_connection(('127.0.0.1', 80), 1)
except OSError as e: print('no network')
"""
        result = wlpy.run(code)
        self.assertEqual(result.stdout.splitlines()[1:], ["no"] * 4 + ["no network"], result.stdout + result.stderr)
        self.assertNotIn("PATH", result.stdout)

    def test_network(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

            def serve():
                connection = server.accept()[0]
                connection.sendall(connection.recv(100).upper())
                connection.close()

            thread = threading.Thread(target=serve)
            thread.start()
            code = f"""
import socket
import ssl
s = socket.create_connection(("127.0.0.1", {port}), 5)
s.sendall(b"words")
print(s.recv(100))
for address in [("127.0.0.1", 1), ("192.0.2.1", 80)]:
    try: socket.create_connection(address, 5)
    except OSError as e: print("no")
"""
            refused = []
            result = wlpy.run(code, net=[f"127.0.0.1:{port}"], on_refusal=refused.append)
            thread.join()
        self.assertEqual(result.stdout, "b'WORDS'\nno\nno\n", result.stderr)
        self.assertEqual(len(refused), 2, refused)
        self.assertIn("192.0.2.1", refused[1])

    def test_secrets(self):
        value = "sk-0123456789abcdef"
        with tempfile.TemporaryDirectory() as folder:
            serving = subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/key.pem", "-out",
                 f"{folder}/cert.pem", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            self.assertEqual(serving.returncode, 0)
            seen = []

            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    seen.append(self.headers["Authorization"])
                    self.send_response(200)
                    # (New versions of libcurl take the end of a connection of TLS that is not announced for a fault.)
                    self.send_header("Content-Length", str(len(seen[-1])))
                    self.end_headers()
                    self.wfile.write(seen[-1].encode())

                def log_message(self, *args):
                    pass

            with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
                server.socket = context.wrap_socket(server.socket, server_side=True)
                host = f"127.0.0.1:{server.server_port}"
                thread = threading.Thread(target=server.handle_request)
                thread.start()
                code = f"""
import os, urllib.request
request = urllib.request.Request("http://{host}/", headers={{"Authorization": "Bearer " + os.environ["KEY"]}})
got = urllib.request.urlopen(request).read().decode()
print(got, got == "Bearer " + os.environ["KEY"], len(os.environ["KEY"]))
"""
                secret = wlpy.Secret(value, host)
                result = wlpy.run(code, secrets={"KEY": secret}, certificates=f"{folder}/cert.pem")
                thread.join()
        self.assertEqual(result.stdout.split()[-2:], ["True", str(len(value))], result.stderr)
        self.assertNotIn(value, result.stdout + repr(secret))
        self.assertEqual(seen, ["Bearer " + value])

    def test_many_threads(self):
        results = {}

        def work(n):
            results[n] = [wlpy.run(f"print({n} * {i})").stdout for i in range(20)]

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, {n: [f"{n * i}\n" for i in range(20)] for n in range(8)})

    def test_gil_is_free_meanwhile(self):
        counted = []
        done = threading.Event()

        def count():
            while not done.wait(0.005):
                counted.append(1)

        thread = threading.Thread(target=count)
        thread.start()
        wlpy.run("import time; time.sleep(0.3)")
        done.set()
        thread.join()
        self.assertGreater(len(counted), 5)

    def test_in_a_child(self):
        wlpy.run("")
        pid = os.fork()
        if pid == 0:
            os._exit(0 if wlpy.run("print(5)").stdout == "5\n" else 1)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertEqual(wlpy.run("print(6)").stdout, "6\n")

    def test_timeout_comes_as_an_exception_first(self):
        limits = wlpy.Limits(timeout=0.5, grace=30)
        result = wlpy.run("import time\ntry: time.sleep(60)\nexcept KeyboardInterrupt: print('stopped')", limits=limits)
        self.assertEqual((result.end, result.exit_status, result.stdout, result.exception), ("timeout", 124, "stopped\n", None))
        result = wlpy.run("import time; time.sleep(60)", limits=limits)
        self.assertEqual((result.end, result.exception.type), ("timeout", "KeyboardInterrupt"))
        with self.assertRaisesRegex(wlpy.TimeoutExpired, "its deadline has passed"):
            result.check()
        result = wlpy.run("sum(iter(int, 1))", timeout=0.5)
        self.assertEqual((result.end, result.exception, result.stderr), ("timeout", None, ""))

    def test_control_c(self):
        # (A shell's background jobs ignore SIGINT, and so would this process.)
        code = "import signal, wlpy\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n" \
               "try: wlpy.run('print(1, flush=True)\\nwhile True: pass', timeout=600, stdout=lambda text: print('runs', flush=True))\n" \
               "except KeyboardInterrupt: print('interrupted')"
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"runs\n")
        process.send_signal(2)
        self.assertEqual(process.communicate(timeout=120)[0], b"interrupted\n")

    def test_fixed(self):
        code = "import os, random, secrets, time, uuid\nt = time.time(); time.sleep(3600)\n" \
               "print(t, time.time() - t, random.random(), secrets.token_hex(), uuid.uuid4(), os.urandom(4).hex())"
        results = [wlpy.run(code, fixed=wlpy.Fixed(time=86400 * 365, seed=seed)) for seed in (5, 5, 6)]
        self.assertTrue(results[0].ok, results[0].stderr)
        self.assertTrue(results[0].stdout.startswith("31536000.0"), results[0])
        self.assertEqual(results[0].stdout, results[1].stdout)
        self.assertNotEqual(results[0].stdout, results[2].stdout)
        self.assertLess(results[0].wall, 20)
        values = [wlpy.evaluate("import random; random.random()", fixed=wlpy.Fixed()).value for _ in range(2)]
        self.assertEqual(values[0], values[1])
        for bad in ({"time": -1}, {"time": "0"}, {"seed": -1}, {"seed": 1 << 64}, {"seed": 0.5}):
            with self.assertRaises(ValueError):
                wlpy.Fixed(**bad)

    def test_reprs(self):
        self.assertRegex(repr(wlpy.run("print(1)")), r"^<wlpy.Result done, stdout='1\\n', [0-9.]+ ms>$")
        self.assertRegex(repr(wlpy.run("1/0")), "^<wlpy.Result exception: ZeroDivisionError: division by zero, ")
        self.assertIn("timeout=30.0", repr(wlpy.Limits()))
        self.assertIn("a.txt", repr(wlpy.Files({"a.txt": ""})))

    def test_clock_resolution(self):
        code = "import time; print({t() % 10**7 for t in (time.time_ns, time.monotonic_ns, time.process_time_ns)})"
        self.assertEqual(wlpy.run(code, clock_resolution=0.01).stdout, "{0}\n")
        for wrong, error in ((0, ValueError), (-1, ValueError), ("1", TypeError), (True, TypeError)):
            with self.assertRaises(error):
                wlpy.run("1", clock_resolution=wrong)

    def test_limits_are_values(self):
        limits = wlpy.Limits(timeout=1, memory=None)
        self.assertEqual(pickle.loads(pickle.dumps(limits)), limits)
        self.assertEqual(limits.replace(timeout=2), wlpy.Limits(timeout=2, memory=None))
        self.assertNotEqual(limits, wlpy.DEFAULT_LIMITS)
        self.assertEqual(hash(limits), hash(limits.replace()))
        self.assertIsNone(wlpy.Limits.none().output)
        with self.assertRaises(AttributeError):
            limits.timeout = 5


class WrongArguments(unittest.TestCase):
    """Each is an exception that says what is wrong, and the next run is right."""

    def tearDown(self):
        self.assertEqual(wlpy.run("print(1)").stdout, "1\n")

    def check(self, kind, text, *args, **kwargs):
        with self.assertRaisesRegex(kind, text):
            wlpy.run(*args, **kwargs)

    def test_code(self):
        self.check(TypeError, "one of code, module and file")
        self.check(TypeError, "one of code, module and file", "1", module="this")
        self.check(TypeError, "str or bytes", 5)
        self.check(ValueError, "null byte", "a\0b")
        self.check(UnicodeEncodeError, "surrogates", "'\ud800'")

    def test_texts(self):
        self.check(TypeError, "list of texts", "", argv="abc")
        self.check(TypeError, "", "", argv=[5])
        self.check(ValueError, "null byte", "", argv=["a\0"])
        self.check(ValueError, "variable", "", env={"A=": "b"})
        self.check(ValueError, "variable", "", env={"": "b"})
        self.check(ValueError, "null byte", "", env={"A": "\0"})

    def test_streams(self):
        self.check(TypeError, "stdin is", "", stdin=object())
        self.check(TypeError, "stdout is", "", stdout=object())
        self.check(ValueError, "stderr is", "", stderr=-7)
        self.check(ValueError, "stdin is", "", stdin=-1)
        self.check(ValueError, "input or stdin", "", stdin=0, input="")
        self.check(TypeError, "str or bytes", "", input=5)

    def test_directories(self):
        for path in ("/", "", "/x/", "/../x", "a/../../b"):
            self.check(ValueError, "path", "", files={path: b""})
        self.check(TypeError, "str or bytes", "", files={"/x": 5})
        self.check(ValueError, "begins with a slash", "", dirs={"d": "/tmp"})
        self.check(ValueError, "in memory", "", dirs={"/": "/tmp"})
        self.check(TypeError, "", "", dirs={"/d": 5})

    def test_limits(self):
        for bad in (0, -1, float("nan")):
            self.check(ValueError, "timeout", "", timeout=bad)
        self.check(TypeError, "timeout", "", timeout="5")
        self.check(TypeError, "memory", "", memory=1.5)
        self.check(TypeError, "memory", "", memory=True)
        self.check(TypeError, "Limits", "", limits={"timeout": 5})
        self.check(wlpy.Error, "memory", "", memory=1000)

    def test_fixed(self):
        self.check(TypeError, "wlpy.Fixed", "", fixed=5)

    def test_functions(self):
        self.check(TypeError, "callable", "", functions=[5])
        self.check(ValueError, "name", "", functions=[lambda: 1])
        self.check(ValueError, "name", "", functions={"_x": len})
        self.check(ValueError, "name", "", functions={"a b": len})
        self.check(wlpy.Error, "two functions", "", functions=[max, max])

    def test_network(self):
        self.check(TypeError, "list of texts", "", net="*")
        self.check(wlpy.Error, "", "", net=["not a rule!!"])

    def test_secrets(self):
        self.check(TypeError, "wlpy.Secret", "", secrets={"KEY": "a value"})
        self.check(wlpy.Error, "8 to 4096", "", secrets={"KEY": wlpy.Secret("short", "h")})
        self.check(wlpy.Error, "HOST", "", secrets={"KEY": wlpy.Secret("long-enough", "http://h")})
        with self.assertRaises(TypeError):
            pickle.dumps(wlpy.Secret("a value", "h"))
        with self.assertRaises(TypeError):
            wlpy.Secret(b"a value", "h")

    def test_files(self):
        files = wlpy.Files()
        with wlpy.Session(dirs={"/d": files}):
            self.check(wlpy.Error, "another run or session", "", dirs={"/d": files})
        self.check(wlpy.Error, "another run or session", "", dirs={"/d": files, "/e": files})
        self.assertTrue(wlpy.run("", dirs={"/d": files}).ok)
        with self.assertRaises(ValueError):
            wlpy.Files(max_bytes=0)


if __name__ == "__main__":
    unittest.main()
