"""Waiting forever for another thread raises an exception."""
# Only here: elsewhere these wait forever.
import queue
import threading
import time


def deadlock(function, *arguments):
    try:
        function(*arguments)
    except RuntimeError as error:
        assert "deadlock" in str(error), error
    else:
        raise AssertionError(function)


def with_condition():
    with condition:
        condition.wait()


held = threading.Lock()
held.acquire()
condition = threading.Condition()
full = queue.Queue(1)
full.put(1)
for _ in range(3):
    deadlock(held.acquire)
    deadlock(queue.Queue().get)
    deadlock(queue.SimpleQueue().get)
    deadlock(full.put, 2)
    deadlock(full.join)
    deadlock(threading.Event().wait)
    deadlock(threading.Semaphore(0).acquire)
    deadlock(threading.Barrier(2).wait)
    deadlock(with_condition)

# With a time limit it waits that long, and nothing is left of the exceptions above.
before = time.perf_counter()
assert held.acquire(timeout=0.05) is False and held.acquire(blocking=False) is False
assert threading.Event().wait(0.05) is False
for waiting in queue.Queue(), queue.SimpleQueue():
    try:
        waiting.get(timeout=0.05)
    except queue.Empty:
        pass
    else:
        raise AssertionError(waiting)
assert time.perf_counter() - before > 0.15
held.release()
with held:
    pass
done = []
try:
    try:
        queue.Queue().get()
    finally:
        done.append(1)
except RuntimeError:
    pass
assert done == [1]
