"""The time that a program uses is not the time that it waits."""
import os
import time

before, used, thread = time.perf_counter(), time.process_time(), time.thread_time()
first = os.times()
time.sleep(0.5)
assert time.process_time() - used < 0.3 and time.thread_time() - thread < 0.3
until = time.process_time() + 0.2
while time.process_time() < until:
    pass
last = os.times()
passed = time.perf_counter() - before
assert 0 < last.user + last.system - first.user - first.system <= passed + 0.1, (first, last)
assert 0.5 < last.elapsed - first.elapsed + 0.03, (first, last)
assert 0 <= last.user < 3600
for clock in "time", "monotonic", "perf_counter", "process_time", "thread_time":
    assert time.get_clock_info(clock).resolution < 1e-3, clock
