"""What bench/throughput runs in each Python: `throughput.py PROGRAMS SCRATCH NAME LOOPS [ARGUMENT...]` runs one of
pyperformance's programs as pyperf's worker does, and prints how many milliseconds a loop takes: the best of three, after one
that does not count."""
import contextlib
import io
import json
import os
import runpy
import socket
import sys

programs, scratch, name, loops, *arguments = sys.argv[1:]
program = f"{programs}/bm_{name}/run_benchmark.py"
results = f"{scratch}/pyperf.json"
# A guest has no other folder for files.
os.environ["TMPDIR"] = scratch
# pyperf writes down on which machine and by which program it ran: a guest knows neither.
if not hasattr(socket, "gethostname"):
    socket.gethostname = lambda: "guest"
sys.executable = sys.executable or "/python"
sys.path[0:1] = [os.path.dirname(program), programs]
sys.argv = [program, "--worker", "--worker-task=0", f"--loops={loops}", "--warmups=1", "--values=3", "--output", results,
            *arguments]
with contextlib.redirect_stdout(io.StringIO()):
    runpy.run_path(program, run_name="__main__")
with open(results) as file:
    runs = json.load(file)["benchmarks"][0]["runs"]
os.remove(results)
print(f"{min(runs[0]['values']) * 1000:.6g}")
