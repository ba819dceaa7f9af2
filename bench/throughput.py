"""bench/throughput runs this in each Python. `DIR NAME SECONDS LOOPS [ARGUMENT...]` works for some seconds, then runs one of
pyperformance's programs as pyperf's worker does. It writes to DIR/result the milliseconds of a loop, the best of
three samples after one that does not count, and the milliseconds of that sample."""
import contextlib
import io
import json
import os
import socket
import sys
import time
import types

folder, name, seconds, loops, *arguments = sys.argv[1:]
program = f"{folder}/bm_{name}/run_benchmark.py"
results = f"{folder}/pyperf.json"
# A guest has no other directory for files.
os.environ["TMPDIR"] = folder
# pyperf records on which machine and by which program it ran; a guest knows neither.
if not hasattr(socket, "gethostname"):
    socket.gethostname = lambda: "guest"
sys.executable = sys.executable or "/python"
sys.path[0:0] = [os.path.dirname(program), folder]
sys.argv = [program, "--worker", "--worker-task=0", f"--loops={loops}", "--warmups=1", "--values=3",
            "--output", results, *arguments]
# V8 compiles functions that run often a second time, but a call that has begun continues with the old code, and Python's loop is one
# call for most of a program.
begin = time.perf_counter()
while time.perf_counter() - begin < float(seconds):
    list(map(lambda x: x + 1, range(1000)))
# Not runpy: it needs pkgutil, which not every Python here has.
main = sys.modules["__main__"] = types.ModuleType("__main__")
main.__file__ = program
with open(program, encoding="utf-8") as file:
    code = compile(file.read(), program, "exec")
with contextlib.redirect_stdout(io.StringIO()):
    exec(code, main.__dict__)
with open(results) as file:
    [benchmark] = json.load(file)["benchmarks"][:1]
os.remove(results)
[run] = benchmark["runs"]
inner = run.get("metadata", benchmark.get("metadata", {})).get("inner_loops", 1)
best = min(run["values"]) * 1000
with open(f"{folder}/result", "w") as file:
    file.write(f"{best:.6g} {best * int(loops) * inner:.6g}\n")
