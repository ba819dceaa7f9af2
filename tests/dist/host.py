"""Runs Python modules in PyPI's wasmtime, as sandboxes for model-written code do: host.py MODULE...

A run has no directory or one scratch directory; its code comes on stdin, by -c or as a file; memory, fuel and time are
limited. Each result is compared with what a user of such a sandbox expects."""

import os
import sys
import tempfile
import threading
import time

import wasmtime

MIB = 1 << 20


class Host:
    """A compiled module; each run is a fresh instance."""

    def __init__(self, file):
        config = wasmtime.Config()
        config.epoch_interruption = True
        config.consume_fuel = True
        # The default of 512 KiB is less than deep recursion in Python needs. 2 MiB is the most that this package can set.
        config.max_wasm_stack = 2 * MIB
        self.engine = wasmtime.Engine(config)
        self.linker = wasmtime.Linker(self.engine)
        self.linker.define_wasi()
        start = time.perf_counter()
        self.module = wasmtime.Module.from_file(self.engine, file)
        self.compile_seconds = time.perf_counter() - start

    def run(self, *argv, stdin="", scratch=None, memory=512 * MIB, fuel=10**12, seconds=60.0):
        """Returns (exit status or the trap's text, stdout, stderr)."""
        with tempfile.TemporaryDirectory() as streams:
            names = {name: os.path.join(streams, name) for name in ("in", "out", "err")}
            with open(names["in"], "w") as f:
                f.write(stdin)
            wasi = wasmtime.WasiConfig()
            wasi.argv = ("python", *argv)
            wasi.stdin_file, wasi.stdout_file, wasi.stderr_file = names["in"], names["out"], names["err"]
            if scratch:
                wasi.preopen_dir(scratch, "/scratch")
            store = wasmtime.Store(self.engine)
            store.set_limits(memory_size=memory)
            store.set_fuel(fuel)
            store.set_epoch_deadline(1)
            store.set_wasi(wasi)
            timer = threading.Timer(seconds, self.engine.increment_epoch)
            timer.start()
            try:
                self.linker.instantiate(store, self.module).exports(store)["_start"](store)
                status = 0
            except wasmtime.ExitTrap as e:
                status = e.code
            except (wasmtime.Trap, wasmtime.WasmtimeError) as e:
                status = str(e)
            finally:
                timer.cancel()
                del store
            with open(names["out"]) as out, open(names["err"]) as err:
                return status, out.read(), err.read()


def check(result, status, out="", err=""):
    """The status, or words of the trap's text; the whole stdout; words of stderr."""
    same = status in result[0] if isinstance(status, str) and isinstance(result[0], str) else result[0] == status
    assert same and result[1] == out and err in result[2], (result, status, out, err)


def try_module(file):
    host = Host(file)
    check(host.run(stdin="print(6 * 7)\n"), 0, "42\n")
    check(host.run("-c", "import sys; print(sys.argv); sys.exit(3)", "a b", ""), 3, "['-c', 'a b', '']\n")
    check(host.run("-c", "1 / 0"), 1, err="ZeroDivisionError: division by zero")
    # The whole library is inside.
    check(host.run("-c", "import ssl, sqlite3, lzma, zlib, ctypes, json, asyncio; print('ok')"), 0, "ok\n")
    with tempfile.TemporaryDirectory() as scratch:
        with open(os.path.join(scratch, "main.py"), "w") as f:
            f.write("import helper; open('/scratch/result', 'w').write(helper.text)\n")
        with open(os.path.join(scratch, "helper.py"), "w") as f:
            f.write("text = 'from a module beside the script'\n")
        check(host.run("/scratch/main.py", scratch=scratch), 0)
        with open(os.path.join(scratch, "result")) as f:
            assert f.read() == "from a module beside the script"
    # Nothing of the host is visible without a preopen.
    check(host.run("-c", "import os; print(os.path.exists('/etc/passwd'), os.listdir('/tmp'))"), 0, "False []\n")
    bomb = "try:\n    a = []\n    while True: a.append(bytes(1 << 20))\nexcept MemoryError:\n    n = len(a); del a; print(n < 256)"
    check(host.run("-c", bomb, memory=256 * MIB), 0, "True\n")
    check(host.run("-c", "def f(): return f()\nf()"), 1, err="RecursionError")
    check(host.run("-c", "while True: pass", seconds=1), "interrupt")
    check(host.run("-c", "while True: pass", fuel=10**9), "fuel")
    # The next run is right.
    check(host.run("-c", "print('alive')"), 0, "alive\n")
    times = []
    for _ in range(5):
        start = time.perf_counter()
        check(host.run("-c", "pass"), 0)
        times.append(time.perf_counter() - start)
    print(f"{os.path.basename(file)}: {os.path.getsize(file) / 1e6:.1f} MB, compiled in {host.compile_seconds:.1f} s, "
          f"-c pass in {min(times) * 1000:.0f} ms")


for name in sys.argv[1:]:
    try_module(name)
