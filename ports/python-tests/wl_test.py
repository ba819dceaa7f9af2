"""Runs one file of CPython's tests inside the guest, as `python -m test` does, and writes the result of each test:

    python -m wl_test NAME FILE

FILE gets a line for each test, with three fields separated by tabs: its state (passed, failed, skipped), its name
and the reason. The exit status is regrtest's. `wl-make test` (src/regrtest/) starts this program."""
import _posixsubprocess
import _thread
import errno
import faulthandler
import importlib
import importlib.machinery
import os
import re
import socket
import sys
import traceback
import types
import unittest

# The result of each test. regrtest's own --junit-xml is not used: it lacks failures in a subTest, and its name of a
# test is test.id(), which some tests override.
results = []


def has_network():
    """Whether the runtime provides one: wl-run and native programs do (docs/network.md), others do not."""
    try:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            return True
    except OSError:
        return False


def has_threads():
    try:
        _thread.start_new_thread(int, ())
        return True
    except RuntimeError:
        return False


network = has_network()
# Whether it can start itself.
processes = _posixsubprocess.exist()
# A host that has processes has threads, too (wl-run and native programs), so none is started to find out.
threads = processes or has_threads()
# What files say that ask whether the system is WASI, and for nothing else.
NO_SOCKET = "Cannot create socket"
# Why upstream skips whole files on WASI: some of their tests need something that WASI lacks. Here all tests run, and
# those that need it are skipped.
WHOLE = ("requires socket support", "requires threading support", "test module requires subprocess", "test webserver requires subprocess",
         "test requires gethostname()", NO_SOCKET)
whole = False  # whether this is one of these files
# How such a test fails: the last line of the traceback, and the reason.
MISSING = [(re.compile(r"[Mm]odule '(os|select|signal|_?socket|subprocess)'.* (has no|does not have the) attribute"),
            "a function does not exist")]
if not processes:
    MISSING.append((re.compile(r"\[Errno %d\]" % errno.ENOTSUP), "no processes" if network else "no network or processes"))
if not threads:
    MISSING.append((re.compile(r"can't start new thread|unable to start the thread|cannot join thread before it is started"),
                    "no threads"))
if not network:
    MISSING.append((re.compile(r"could not bind on any address|Can[ ]not create socket"), "no network"))
# The messages of tests that need one of CPython's modules for testing, which flavours do not have.
TEST_MODULE = re.compile(r"requires _test\w*capi|_test\w+ required|which is only for tests")
# Tests that would not end, by a part of their names, and why. They are skipped, and the report says that they are left
# out.
LEFT_OUT = {
    "test_lock_benchmark": "a thread computes in C until another one stops it, which does not get its turn",
    "WithProcessesTestBarrier": "processes give results in memory that they share elsewhere, and are waited for",
    "WithProcessesTestProcess.test_parent_process": "a process is waited for that has ended with its parent, for five minutes and more",
}
if not threads:
    LEFT_OUT |= {
        "test_shutdown_default_executor_timeout": "without threads it waits for a lock that only another thread could release",
        "test_PyThreadState_SetAsyncExc": "without threads it waits, in 3.11, for an exception that is sent to a thread that could not be started",
    }
# Upstream asks for the resource "network" in these, but they connect to this machine alone.
LOOPBACK = ("test_socketserver",)


class NoTestModule(ModuleNotFoundError, unittest.SkipTest):
    """Skips a test that imports such a module without checking that it exists."""

    def __init__(self, name):
        super().__init__("No module named %r, which is only for tests" % name, name=name)


class TestModules:
    """A finder for these modules, after the finders of the modules that exist. A file that imports one at its start
    gets an empty module, so that its tests that do not need the module run."""

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


def needs_network(exception):
    """Whether it comes from an attempt to create a socket or to look up a name, of a guest without a network."""
    if network:
        return False
    if isinstance(exception, socket.gaierror):
        return True
    frames = traceback.extract_tb(exception.__traceback__)
    return (isinstance(exception, OSError) and exception.errno == errno.ENOTSUP and bool(frames)
            and os.path.basename(frames[-1].filename) == "socket.py")


def what_is_missing(exception):
    """Why a test cannot run here, or None if it failed."""
    while exception:
        line = last_line(exception)
        if TEST_MODULE.search(line):
            return line
        if "does not support processes" in line:
            return "no processes (%s)" % line
        if needs_network(exception):
            return "no network (%s)" % line
        for pattern, why in MISSING if whole else ():
            if pattern.search(line):
                return "%s (%s)" % (why, line)
        exception = exception.__cause__ or exception.__context__
    return None


def leave_out_the_watchdog():
    """Regrtest sets one at its end if threads can be started. (Elsewhere the function stays: test_inspect looks at it.)"""
    watchdog = faulthandler.dump_traceback_later

    def without_exit(*args, exit=False, **options):
        return exit or watchdog(*args, **options)

    without_exit.__text_signature__ = watchdog.__text_signature__  # test_inspect looks for it
    faulthandler.dump_traceback_later = without_exit


def say_all_is_there(name):
    global whole
    import test.support
    from test.support import socket_helper, threading_helper
    whole = True
    test.support.has_subprocess_support = test.support.has_socket_support = threading_helper.can_start_thread = True
    socket_helper.has_gethostname = True
    leave_out_the_watchdog()
    if not threads:
        # It would wait for threads that could not be started, for a second and 100 collections of garbage in each test.
        threading_helper.threading_cleanup = lambda *values: None
    if name == "test_asyncio":
        # In 3.11 it imports tty for a single test of terminals. Without tty the whole file would fail.
        sys.modules["tty"] = types.ModuleType("tty")


def run_what_needs_a_network(name):
    """A file of which upstream says that all of it needs a network is run as a whole; single tests that need one are run
    if there is one."""
    import test.support

    def requires_working_socket(*, module=False):
        if not module:
            return unittest.skipUnless(network, "requires socket support")
        if not whole:
            say_all_is_there(name)

    # (Without it, the resource "network" is denied.)
    test.support.has_socket_support = network or name in LOOPBACK
    test.support.requires_working_socket = requires_working_socket


def widen(name):
    """If no test of a file ran: allows more of its tests to run, and returns whether it did."""
    try:
        importlib.import_module("test." + name)
        return False
    except unittest.SkipTest as e:
        why = str(e)
    except Exception:
        return False
    for module in [m for m in sys.modules if (m + ".").startswith("test.%s." % name)]:
        del sys.modules[module]
    if why.startswith(NO_SOCKET):
        import test.support
        test.support.is_wasi = False
    if why.startswith(WHOLE) and not whole:
        say_all_is_there(name)
        return True
    # (A test of monitoring that is skipped half-way leaves its settings to the tests after it.)
    if TEST_MODULE.search(why) and not TestModules.empty and name != "test_monitoring":
        TestModules.empty = True
        return True
    return False


def name_of(test):
    return type(test).id(test)


def last_line(exception):
    return " ".join((traceback.format_exception_only(exception) or [""])[-1].split())


def watch(result):
    """Makes a class of unittest's results record them. Between startTest and stopTest, only the worst result counts."""
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


def leave_out(case):
    """Makes a test case skip the tests of LEFT_OUT, before anything of them runs. (A wrapper of run() would be a frame that
    unittest's own tests do not expect.)"""
    init = case.__init__

    def init_and_skip(self, methodName="runTest"):
        init(self, methodName)
        # (A subclass may not know its id() yet.)
        name = "%s.%s.%s" % (type(self).__module__, type(self).__qualname__, methodName)
        for part, why in LEFT_OUT.items():
            if part in name:
                setattr(self, methodName, unittest.skip("left out, " + why)(getattr(self, methodName, None) or (lambda: None)))

    case.__init__ = init_and_skip


def watch_doctests(support):
    """The same for doctests, which versions before 3.12 run outside of unittest and count as one test."""
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
    from test.libregrtest.main import Regrtest, main as regrtest

    # Before 3.13 it asks for the load of the machine, which a guest does not learn, and ends with the OSError.
    if hasattr(Regrtest, "getloadavg"):
        Regrtest.getloadavg = lambda self: None
    sys.argv = ["regrtest", "--tempdir", "/tmp", name]
    if name in LOOPBACK:
        sys.argv[1:1] = ["--use", "network"]
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
    from test.support import threading_helper

    sys.meta_path.append(TestModules)
    test.support.has_subprocess_support = processes
    threading_helper.can_start_thread = threads
    if threads:
        leave_out_the_watchdog()
    run_what_needs_a_network(name)
    watch(RegressionTestResult)
    leave_out(unittest.TestCase)
    if hasattr(test.support, "run_doctest"):
        watch_doctests(test.support)
    status = run(name)
    while not results and widen(name):
        status = run(name)
    with open(file, "w", encoding="utf-8", errors="backslashreplace") as f:
        for result in results:
            f.write("%s\t%s\t%s\n" % result)
    # Nothing that the tests left behind may change the exit status.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
