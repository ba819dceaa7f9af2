"""What needs a second process says so."""
import concurrent.futures
import multiprocessing

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
    except (OSError, ImportError) as error:  # Python 3.11 imports what there is not before it is asked
        assert "does not support processes" in str(error), error
    else:
        raise AssertionError(attempt)
for name in "shared_memory", "synchronize":
    try:
        __import__("multiprocessing." + name)
    except ImportError as error:
        assert not isinstance(error, ModuleNotFoundError) and "does not support processes" in str(error), error
    else:
        raise AssertionError(name)
assert multiprocessing.cpu_count() >= 1
