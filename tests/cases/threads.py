"""Threads: everything that only one at a time does, and everything that waits for another one."""
import asyncio
import concurrent.futures
import contextvars
import logging
import logging.handlers
import os
import queue
import select
import sys
import threading
import time
import weakref

# Results, exceptions and what each thread has for itself.
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    assert list(pool.map(lambda n: n * n, range(200))) == [n * n for n in range(200)]
    assert isinstance(pool.submit(lambda: 1 // 0).exception(), ZeroDivisionError)
    started = time.monotonic()
    assert [f.result() for f in [pool.submit(time.sleep, 0.2) for _ in range(8)]] == [None] * 8
    assert time.monotonic() - started < 1.5
local = threading.local()
local.x = 1
seen = []
thread = threading.Thread(target=lambda: seen.append(hasattr(local, "x")))
thread.start()
thread.join()
assert seen == [False] and local.x == 1

# Threads that compute take turns.
turns = [0] * 3
stop = False


def count(i):
    while not stop:
        turns[i] += 1


threads = [threading.Thread(target=count, args=(i,)) for i in range(3)]
for thread in threads:
    thread.start()
time.sleep(0.5)
stop = True
for thread in threads:
    thread.join()
assert min(turns) > 0, turns

# Locks keep their promise.
total = 0
lock = threading.Lock()


def add():
    global total
    for _ in range(500):
        with lock:
            before = total
            if _ % 50 == 0:
                time.sleep(0)
            total = before + 1


threads = [threading.Thread(target=add) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert total == 4000

# Queues, events, conditions, barriers, semaphores, timers.
work, done = queue.Queue(5), queue.Queue()


def serve():
    while (item := work.get()) is not None:
        done.put(item * 2)
        work.task_done()


threads = [threading.Thread(target=serve) for _ in range(3)]
for thread in threads:
    thread.start()
for n in range(300):
    work.put(n)
work.join()
assert sorted(done.get() for _ in range(300)) == [2 * n for n in range(300)]
for _ in threads:
    work.put(None)
for thread in threads:
    thread.join()
event = threading.Event()
timer = threading.Timer(0.02, event.set)
timer.start()
assert event.wait(5)
barrier = threading.Barrier(4)
order = []
threads = [threading.Thread(target=lambda: order.append(barrier.wait(5))) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert sorted(order) == [0, 1, 2, 3]
semaphore = threading.Semaphore(0)
threading.Thread(target=semaphore.release).start()
assert semaphore.acquire(timeout=5)
held = threading.Lock()
held.acquire()
assert not held.acquire(timeout=0.02)

# A pipe between threads, alone and in select().
reader, writer = os.pipe()
threading.Timer(0.02, os.write, (writer, b"late")).start()
assert os.read(reader, 10) == b"late"
threading.Timer(0.02, os.write, (writer, b"again")).start()
assert select.select([reader], [], [], 5)[0] == [reader] and os.read(reader, 10) == b"again"
got = []


def drain():
    with open(reader, "rb") as file:
        got.append(len(file.read()))


thread = threading.Thread(target=drain)
thread.start()
with open(writer, "wb") as file:
    file.write(bytes(1000000))
thread.join()
assert got == [1000000]


# asyncio: work in threads, calls from threads, an executor that is shut down, a loop in a thread.
async def main():
    loop = asyncio.get_running_loop()
    assert await asyncio.to_thread(abs, -3) == 3
    assert await asyncio.gather(*(asyncio.to_thread(time.sleep, 0.05) for _ in range(5))) == [None] * 5
    future = loop.create_future()
    threading.Timer(0.02, loop.call_soon_threadsafe, (future.set_result, "from a thread")).start()
    assert await future == "from a thread"
    ticks = 0
    slow = asyncio.ensure_future(asyncio.to_thread(time.sleep, 0.1))
    while not slow.done():
        await asyncio.sleep(0.01)
        ticks += 1
    assert ticks > 2


asyncio.run(main())
thread = threading.Thread(target=asyncio.run, args=(main(),))
thread.start()
thread.join()

# Logging by a queue and its listener.
lines = []
handler = logging.Handler()
handler.emit = lambda record: lines.append(record.getMessage())
channel = queue.Queue()
listener = logging.handlers.QueueListener(channel, handler)
logger = logging.getLogger("threads")
logger.addHandler(logging.handlers.QueueHandler(channel))
logger.propagate = False
listener.start()
for n in range(10):
    logger.warning("line %d", n)
listener.stop()
assert lines == [f"line {n}" for n in range(10)]

# Deep recursion in a thread raises an exception, as elsewhere.


def forever():
    forever()


def key(value):
    return sorted([1, 2], key=key)


def deep():
    for call in forever, lambda: key(1), lambda: repr(nested), lambda: eval("-" * 50000 + "1"):
        try:
            call()
        except (RecursionError, MemoryError):
            ended.append(call)


nested = []
for _ in range(100000):
    nested = [nested]
ended = []
thread = threading.Thread(target=deep)
thread.start()
thread.join()
assert len(ended) == 4

# A thread that has ended leaves nothing; more threads one after the other than there may be at a time.
thread = threading.Thread(target=lambda: None)
gone = weakref.ref(thread)
thread.start()
thread.join()
del thread
assert gone() is None and threading.active_count() == 1
for _ in range(200):
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
variable = contextvars.ContextVar("variable", default=0)
variable.set(1)
context = contextvars.copy_context()
thread = threading.Thread(target=context.run, args=(lambda: seen.append(variable.get()),))
thread.start()
thread.join()
assert seen == [False, 1]

# Threads that still run, or wait, when the program ends.
threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
threading.Thread(target=held.acquire, daemon=True).start()
stop = False
threading.Thread(target=count, args=(0,), daemon=True).start()
sys.exit(0)
