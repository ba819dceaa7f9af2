"""Operations that need a second process or shared memory say so."""
# Only here: elsewhere there are both.
import _posixsubprocess
import compileall
import concurrent.futures
import multiprocessing
import multiprocessing.connection
import multiprocessing.queues
import multiprocessing.shared_memory
import os


def refused(attempt, text=""):
    try:
        result = attempt()
    except OSError as error:
        assert text in str(error), error
    else:
        raise AssertionError((attempt, result))


assert multiprocessing.get_all_start_methods() == ["spawn"] and multiprocessing.get_start_method() == "spawn"
for what in "Value Array RawValue RawArray".split():
    refused(lambda: getattr(multiprocessing, what)("i", 1), "share no memory")
if _posixsubprocess.exist():
    with multiprocessing.Lock():
        assert isinstance(multiprocessing.Process(target=print).exitcode, type(None))
else:
    for what in "Pool Queue SimpleQueue JoinableQueue Lock RLock Event Semaphore Barrier Manager Pipe".split():
        for owner in multiprocessing, multiprocessing.get_context("spawn"):
            refused(lambda: getattr(owner, what)(*[2] * (what == "Barrier")))
    refused(multiprocessing.Process(target=print).start, "does not support processes")
    refused(lambda: concurrent.futures.ProcessPoolExecutor(2), "does not support processes")
refused(lambda: multiprocessing.shared_memory.SharedMemory(create=True, size=1), "share no memory")
assert multiprocessing.cpu_count() >= 1

# Code that works without processes checks first, and continues in this process. (Others import this file.)
if __name__ == "__main__":
    os.makedirs("/w/code", exist_ok=True)
    with open("/w/code/module.py", "w") as file:
        file.write("answer = 42\n")
    assert compileall.compile_dir("/w/code", workers=2, quiet=1, legacy=True)
    assert os.path.exists("/w/code/module.pyc")
