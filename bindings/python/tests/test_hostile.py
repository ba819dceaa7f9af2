"""Guests that take all that they can get: each meets its limit, and the next run is right."""

import os
import resource
import tempfile
import threading
import time
import unittest

import wlpy

ITS_OWN = [
    "def f(): return f()\nf()",
    "import json; json.dumps(__import__('functools').reduce(lambda a, _: [a], range(100000), []))",
    "import ast; ast.parse('(' * 100000)",
    "x = []\nfor _ in range(200000): x = [x]\nrepr(x)",
    "eval('-' * 500000 + '1')",
    "import sys; sys.setrecursionlimit(10**9)\ndef f(): return f()\nf()",
    "import ctypes; ctypes.string_at(0xfffffff0)",
    "import os; os.abort()",
    "import sys; sys.stdout.close(); sys.stderr.close()",
    "import os\nfor n in range(3000): os.close(n) if n < 100 else None",
    "type('A', (), {'__del__': lambda self: 1/0})()",
    "import gc, sys; [setattr(sys, n, None) for n in list(vars(sys))]",
    "import os; os.kill(os.getpid(), 9)",
    "__builtins__.__dict__.clear()",
]


class Hostile(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(wlpy.run("print(6 * 7)").stdout, "42\n")

    def test_endless_loops(self):
        for code in ["while True: pass", "import re; re.match(r'(a+)+$', 'a' * 64 + 'b')", "pow(3, 10**9)", "sum(range(10**12))",
                     "import time; time.sleep(10**6)", "input()", "10**10**10", "list(zip(*[iter(int, 1)]))"]:
            begin = time.monotonic()
            result = wlpy.run(code, timeout=0.5, stdin=lambda: "x" if "input" not in code else time.sleep(0.6) or "x")
            self.assertIn(result.end, ("timeout", "exception", "done"), (code, result))
            if "input" not in code and result.end == "exception":
                self.assertEqual(result.exception.type, "MemoryError", code)
            self.assertLess(time.monotonic() - begin, 20, code)

    def test_processor_time(self):
        result = wlpy.run("while True: pass", limits=wlpy.Limits(cpu=0.3))
        self.assertEqual((result.end, result.exit_status), ("cpu", 124))
        with self.assertRaises(wlpy.TimeoutExpired):
            result.check()

    def test_memory(self):
        for code in ["bytearray(10**9)", "x = 'x' * 10**9", "x = []\nwhile True: x.append(bytes(10**6))", "list(range(10**9))",
                     "x = [0]\nwhile True: x += x"]:
            result = wlpy.run(code, memory=64 << 20)
            self.assertEqual((result.end, result.exception and result.exception.type), ("exception", "MemoryError"), code)
            self.assertLessEqual(result.memory, 64 << 20)
        with wlpy.Session(memory=64 << 20) as session:
            self.assertEqual(session.eval("bytearray(10**9)").exception.type, "MemoryError")
            self.assertEqual(session.eval("5").value, 5)

    def test_output(self):
        for code in ["while True: print('x' * 1000)", "import os\nwhile True: os.write(2, b'y' * 100000)"]:
            result = wlpy.run(code, limits=wlpy.Limits(output=100_000))
            self.assertEqual(result.end, "output")
            self.assertEqual(len(result.stdout) + len(result.stderr), 100_000)
            with self.assertRaisesRegex(wlpy.RunError, "stopped"):
                result.check()
        told = []
        result = wlpy.run("while True: print('x' * 1000)", limits=wlpy.Limits(output=100_000), stdout=told.append)
        self.assertEqual((result.end, len("".join(told)), len(result.stdout)), ("output", 100_000, 100_000))
        with wlpy.Session(limits=wlpy.Limits(output=1000)) as session:
            for _ in range(3):
                self.assertEqual(len(session.eval("print('x' * 899)").stdout), 900)

    def test_files(self):
        code = """
n = 0
try:
    with open('/output/big', 'wb') as f:
        while True: n += f.write(bytes(1 << 16)); f.flush()
except OSError as e: print(n, e.errno)
"""
        result = wlpy.run(code, limits=wlpy.Limits(file_bytes=1 << 20))
        self.assertEqual(result.stdout.split()[0], str(1 << 20), result)
        code = """
n = 0
try:
    while True: open(f'/output/{n}', 'w').close(); n += 1
except OSError as e: print(n)
"""
        self.assertLessEqual(int(wlpy.run(code, limits=wlpy.Limits(files=100)).stdout), 102)
        # Where creating is counted, a directory is still no file.
        code = "import os\ntry: os.open('/w', os.O_RDONLY | os.O_CREAT)\nexcept OSError as e: print(type(e).__name__)"
        with tempfile.TemporaryDirectory() as directory:
            result = wlpy.run(code, dirs={"/w": wlpy.Directory(directory, writable=True)}, limits=wlpy.Limits(files=100))
        self.assertEqual(result.stdout, "IsADirectoryError\n", result)
        code = """
files = []
try:
    while True: files.append(open('/output/x', 'a'))
except OSError as e: print(len(files))
"""
        self.assertLess(int(wlpy.run(code, limits=wlpy.Limits(descriptors=50)).stdout), 50)

    def test_ways_out(self):
        code = """
import os
for path in ['/../etc/passwd', '/output/../../etc/passwd', '/input/link', '/d/../../etc/passwd', '/d/link/passwd']:
    try: os.symlink('/etc/passwd', '/input/link')
    except OSError: pass
    try: print(open(path).read())
    except OSError: pass
"""
        result = wlpy.run(code, files={"/input/x": ""}, dirs={"/d": "/usr/share"})
        self.assertEqual(result.stdout, "", result)

    def test_what_ends_only_the_guest(self):
        for code in ITS_OWN:
            result = wlpy.run(code, timeout=20, memory=64 << 20)
            self.assertIn(result.end, ("trap", "exception", "exit", "done"), code)
            with wlpy.Session(timeout=20, memory=64 << 20) as session:
                result = session.eval(code)
                self.assertIn(result.end, ("trap", "exception", "exit", "done"), code)
                if result.alive:
                    session.eval("1")
            self.assertEqual(wlpy.run("print(1)").stdout, "1\n", code)

    def test_nothing_is_lost(self):
        def work():
            for n in range(40):
                wlpy.run(["1/0", "print('x')", "import os; os._exit(3)", "def f(): f()\nf()"][n % 4])
                with wlpy.Session() as session:
                    session.eval("x = 5")
                    with session.fork() as copy:
                        copy.eval("x")

        def everybody():
            threads = [threading.Thread(target=work) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        everybody()
        descriptors, memory = len(os.listdir("/proc/self/fd")), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        everybody()
        everybody()
        self.assertEqual(len(os.listdir("/proc/self/fd")), descriptors)
        self.assertLess(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, memory + (64 << 10))


if __name__ == "__main__":
    unittest.main()
