"""Operations that need a second process say so."""
# Only here: elsewhere there are processes.
import compileall
import concurrent.futures
import multiprocessing
import multiprocessing.connection
import multiprocessing.queues
import os

for what in "Pool Queue SimpleQueue JoinableQueue Lock RLock Event Semaphore Barrier Manager Pipe".split():
    for owner in multiprocessing, multiprocessing.get_context("spawn"):
        try:
            getattr(owner, what)(*[2] * (what == "Barrier"))
        except OSError as error:
            assert "does not support processes" in str(error), error
        else:
            raise AssertionError(what)
for attempt in (lambda: multiprocessing.Process(target=print).start(), lambda: multiprocessing.Value("i", 1),
                lambda: concurrent.futures.ProcessPoolExecutor(2)):
    try:
        attempt()
    except OSError as error:
        assert "does not support processes" in str(error), error
    else:
        raise AssertionError(attempt)
for name in "shared_memory", "synchronize":
    try:
        __import__("multiprocessing." + name)
    except ImportError as error:
        assert "does not support processes" in str(error), error
    else:
        raise AssertionError(name)
assert multiprocessing.cpu_count() >= 1

# Code that works without processes checks first, and continues in this process.
os.makedirs("/w/code", exist_ok=True)
with open("/w/code/module.py", "w") as file:
    file.write("answer = 42\n")
assert compileall.compile_dir("/w/code", workers=2, quiet=1, legacy=True)
assert os.path.exists("/w/code/module.pyc")
