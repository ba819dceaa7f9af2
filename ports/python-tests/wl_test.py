"""Runs one file of CPython's tests inside the guest, as `python -m test` does, and writes what became of each test:

    python -m wl_test NAME FILE

FILE gets a line for each test: its state (passed, failed, skipped), its name and, behind a tab each, the reason. Started by
`wl-make test` (src/regrtest/). The exit status is regrtest's."""
import errno
import faulthandler
import importlib
import importlib.machinery
import os
import re
import sys
import traceback
import types
import unittest

# Line by line what became of a test. Not regrtest's own --junit-xml: that lacks what fails in a subTest, and takes
# test.id() for the name, which tests use for something else.
results = []

# Files that upstream skips as a whole on WASI, because some of their tests need what is not there. Here all run, and those
# are skipped that come upon it.
WHOLE = ("requires socket support", "requires threading support", "test module requires subprocess", "test webserver requires subprocess",
         "test requires gethostname()", "Cannot create socket")
whole = False  # whether this is one of them
# How they tell, in the last line of a traceback.
MISSING = [(re.compile(text), why) for text, why in (
    (r"\[Errno %d\]" % errno.ENOTSUP, "no sockets or processes"),
    (r"could not bind on any address", "no sockets"),
    (r"Mock object has no attribute '(get(sock|peer)name|sendto)'", "no sockets"),
    (r"can't start new thread|unable to start the thread", "no threads"),
    (r"No module named '_posixsubprocess'", "no processes"),
    (r"[Mm]odule '(os|select|signal|_?socket|subprocess)'.* (has no|does not have the) attribute", "a function is not there"),
)]
# Said by tests that want something of a module that is only for tests, of which flavours have none.
TEST_MODULE = re.compile(r"requires _test\w*capi|_test\w+ required|which is only for tests")
# One waits for a lock that only another thread could open, which ends the program; one, in 3.11, for an exception that goes to
# the state of a thread that could not be started.
ENDLESS = ("test_shutdown_default_executor_timeout", "test_PyThreadState_SetAsyncExc")


class NoTestModule(ModuleNotFoundError, unittest.SkipTest):
    """A test that wants such a module, and does not look whether it is there, is skipped."""

    def __init__(self, name):
        super().__init__("No module named %r, which is only for tests" % name, name=name)


class TestModules:
    """A finder for them, behind the others, which find those that are there. For a file that imports one as it begins there are
    empty ones, so that those of its tests are run that can do without."""

    empty = False

    @classmethod
    def find_spec(cls, name, path, target=None):
        if not re.fullmatch(r"_test\w+|_ctypes_test|_xxtestfuzz|xxlimited(_35)?", name):
            return None
        if not cls.empty:
            raise NoTestModule(name)
        return importlib.machinery.ModuleSpec(name, cls)

    @staticmethod
    def create_module(spec):
        module = types.ModuleType(spec.name)

        def attribute(name):
            raise AttributeError(name) if name.startswith("__") else NoTestModule(spec.name)

        module.__getattr__ = attribute
        return module

    @staticmethod
    def exec_module(module):
        pass


def what_is_missing(exception):
    """Why a test cannot run here; None: it failed."""
    while exception:
        line = last_line(exception)
        if TEST_MODULE.search(line):
            return line
        for pattern, why in MISSING if whole else ():
            if pattern.search(line):
                return "%s (%s)" % (why, line)
        exception = exception.__cause__ or exception.__context__
    return None


def say_all_is_there(name):
    import test.support
    from test.support import socket_helper, threading_helper
    test.support.has_subprocess_support = test.support.has_socket_support = threading_helper.can_start_thread = True
    socket_helper.has_gethostname = True
    # regrtest of versions before 3.13 sets a watchdog at its end where threads are said to start.
    watchdog = faulthandler.dump_traceback_later
    faulthandler.dump_traceback_later = lambda *args, exit=False, **options: exit or watchdog(*args, **options)
    if name == "test_asyncio":
        # In 3.11 it imports tty for a single test, of terminals, which there are not, and the whole of it would fail.
        sys.modules["tty"] = types.ModuleType("tty")


def widen(name):
    """For a file of which nothing ran: whether more of it may now."""
    global whole
    try:
        importlib.import_module("test." + name)
        return False
    except unittest.SkipTest as e:
        why = str(e)
    except Exception:
        return False
    for module in [m for m in sys.modules if (m + ".").startswith("test.%s." % name)]:
        del sys.modules[module]
    if why.startswith(WHOLE) and not whole:
        whole = True
        say_all_is_there(name)
        return True
    # (Where a test of monitoring is skipped in the middle, it leaves the next ones what it has set.)
    if TEST_MODULE.search(why) and not TestModules.empty and name != "test_monitoring":
        TestModules.empty = True
        return True
    return False


def name_of(test):
    return type(test).id(test)


def last_line(exception):
    return " ".join((traceback.format_exception_only(exception) or [""])[-1].split())


def watch(result):
    """Makes a class of unittest's results note them; between startTest and stopTest the worst counts."""
    running = []

    def note(test, state, reason=""):
        if not running:  # of a class or a module
            results.append((state, name_of(test), reason))
        elif running[0][0] != "failed":
            running[0] = (state, name_of(test), reason)

    def failed(test, err):
        note(test, "failed", last_line(err[1]))

    notes = {
        "startTest": lambda test: running.append(("passed", name_of(test), "")),
        "stopTest": lambda test: results.append(running.pop()),
        "addError": failed,
        "addFailure": failed,
        "addSubTest": lambda test, subtest, err: err and failed(test, err),
        "addSkip": lambda test, reason: note(test, "skipped", " ".join(reason.split())),
        "addUnexpectedSuccess": lambda test: note(test, "failed", "it was expected to fail"),
    }

    def wrap(method, then):
        def both(self, *args):
            why = isinstance(args[-1], tuple) and what_is_missing(args[-1][1])
            if why:
                return self.addSkip(args[0], why)
            then(*args)
            return method(self, *args)

        return both

    for name, then in notes.items():
        setattr(result, name, wrap(getattr(result, name), then))


def watch_doctests(support):
    """The same for what versions before 3.12 run aside of unittest; as one test, which is what they count."""
    run = support.run_doctest

    def watched(module, *args, **options):
        test = "%s.run_doctest" % module.__name__
        try:
            done = run(module, *args, **options)
        except BaseException as e:
            results.append(("failed", test, last_line(e)))
            raise
        results.append(("passed", test, ""))
        return done

    support.run_doctest = watched


def run(name):
    from test.libregrtest.main import main as regrtest

    sys.argv = ["regrtest", "--tempdir", "/tmp", *("--ignore=" + test for test in ENDLESS), name]
    try:
        regrtest()
    except SystemExit as e:
        return e.code if isinstance(e.code, int) else 1
    return 0


def main():
    name, file = sys.argv[1:]
    try:
        from test.libregrtest.testresult import RegressionTestResult
    except ImportError:  # before 3.13
        from test.support.testresult import RegressionTestResult
    import test.support

    sys.meta_path.append(TestModules)
    watch(RegressionTestResult)
    if hasattr(test.support, "run_doctest"):
        watch_doctests(test.support)
    status = run(name)
    while not results and widen(name):
        status = run(name)
    with open(file, "w", encoding="utf-8", errors="backslashreplace") as f:
        for result in results:
            f.write("%s\t%s\t%s\n" % result)
    # What the tests have left must not decide how this ends.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
