"""Times what programs do with processes of their own Python: prints a name and milliseconds for each task. The best of
three counts. `processes.py start [COMMAND...]` times only the start of a Python, this one or that of the command."""
import concurrent.futures
import multiprocessing
import subprocess
import sys
import time


def compute(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total


def start(*command):
    """One Python that does nothing."""
    subprocess.run([*(command or [sys.executable]), "-I", "-S", "-c", "pass"], check=True)


def output():
    """10 MB from a process."""
    code = "import sys; [sys.stdout.write('x' * 99999 + '\\n') for _ in range(100)]"
    assert len(subprocess.check_output([sys.executable, "-I", "-S", "-c", code])) == 10000000


def echo(pipe):
    for _ in range(2000):
        pipe.send(pipe.recv())


def round_trip():
    """2,000 objects there and back."""
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=echo, args=(there,))
    child.start()
    here.send(None)
    here.recv()
    started = time.perf_counter()
    for n in range(1999):
        here.send(n)
        assert here.recv() == n
    took = time.perf_counter() - started
    child.join()
    return took


def pool(workers):
    """The same work in so many processes, which have started."""
    with concurrent.futures.ProcessPoolExecutor(workers) as executor:
        list(executor.map(compute, [1] * 4))
        started = time.perf_counter()
        list(executor.map(compute, [500000] * 8))
        return time.perf_counter() - started


def measure(name, task, *arguments):
    best = None
    for _ in range(3):
        started = time.perf_counter()
        took = task(*arguments) or time.perf_counter() - started
        best = took if best is None else min(best, took)
    print(f"{name}\t{best * 1000:.3f}", flush=True)


if sys.argv[1:2] == ["start"]:
    for _ in range(5):
        start(*sys.argv[2:])
    measure("start", start, *sys.argv[2:])
elif __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    measure("start", start)
    measure("output", output)
    measure("round-trip", round_trip)
    measure("pool-of-1", pool, 1)
    measure("pool-of-2", pool, 2)
