"""Times what programs do with threads: prints a name and milliseconds for each task. The best of three counts."""
import concurrent.futures
import os
import queue
import threading
import time


def first_thread():
    """Starting the first of all threads, once in a process."""
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def start_and_join():
    for _ in range(500):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()


def lock_round_trip():
    """Two threads that wait for each other in turn, 2,000 times."""
    one, other = threading.Lock(), threading.Lock()
    one.acquire()
    other.acquire()

    def answer():
        for _ in range(2000):
            one.acquire()
            other.release()

    thread = threading.Thread(target=answer)
    thread.start()
    for _ in range(2000):
        one.release()
        other.acquire()
    thread.join()


def queue_of_100000():
    items = queue.Queue(1000)

    def put():
        for n in range(100000):
            items.put(n)

    thread = threading.Thread(target=put)
    thread.start()
    assert sum(items.get() for _ in range(100000)) == 4999950000
    thread.join()


def pool():
    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        assert sum(executor.map(abs, range(5000))) == 12497500


def computing_beside_another():
    """A loop, while another thread computes as well."""
    stop = False

    def spin():
        while not stop:
            pass

    thread = threading.Thread(target=spin)
    thread.start()
    total = 0
    for n in range(1000000):
        total += n
    stop = True
    thread.join()


def pipe_round_trip():
    there, back = os.pipe(), os.pipe()

    def answer():
        for _ in range(2000):
            os.write(back[1], os.read(there[0], 1))

    thread = threading.Thread(target=answer)
    thread.start()
    for _ in range(2000):
        os.write(there[1], b"x")
        os.read(back[0], 1)
    thread.join()


def measure(task, times):
    best = None
    for _ in range(times):
        started = time.perf_counter()
        task()
        took = time.perf_counter() - started
        best = took if best is None else min(best, took)
    print(f"{task.__name__.replace('_', '-')}\t{best * 1000:.3f}", flush=True)


measure(first_thread, 1)
for task in start_and_join, lock_round_trip, queue_of_100000, pool, computing_beside_another, pipe_round_trip:
    measure(task, 3)
