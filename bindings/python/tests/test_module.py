"""The extension module by itself: each wrong argument is an exception, and never a crash."""

import gc
import random
import unittest

import wlpy
from wlpy import _wlpy
from wlpy._config import Config
from wlpy._limits import DEFAULT_LIMITS
from wlpy._program import program

VALUES = [None, True, 0, -1, 1 << 70, 1.5, "text", b"bytes", b"a\0b", (), (1, 2), ((),), [], {}, object(), _wlpy.Files(1, 1),
          _wlpy.Control(), len, (b"/x", b"/none", 1), ((b"x",),), ((b"f", None, None, False, len),)]


def config(code=b"print(1)"):
    return Config((b"python", b"-c", code), limits=DEFAULT_LIMITS)


class Module(unittest.TestCase):
    def tearDown(self):
        gc.collect()
        self.assertEqual(program().run(config().raw())[4], b"1\n")

    def test_configurations(self):
        for what in (program().run, program().session):
            for value in VALUES:
                with self.assertRaises((TypeError, ValueError, OverflowError)):
                    what(value)
            good = config().raw()
            for n in range(len(good)):
                for value in VALUES:
                    given = list(config().raw())
                    given[n] = value
                    try:
                        what(tuple(given))
                    except (Exception, SystemExit):
                        pass
            with self.assertRaises(TypeError):
                what(good[:-1])
            with self.assertRaises(TypeError):
                what(good + (1,))

    def test_random_configurations(self):
        seeded = random.Random(5)
        for _ in range(500):
            given = list(config().raw())
            for _ in range(3):
                given[seeded.randrange(len(given))] = seeded.choice(VALUES)
            try:
                program().run(tuple(given))
            except Exception:
                pass

    def test_sessions(self):
        session = program().session(config().raw())
        for n in range(6):
            for value in VALUES:
                given = [b"1", None, 0, 0, 0, 0]
                given[n] = value
                try:
                    session.eval(*given)
                except Exception:
                    pass
        for value in VALUES:
            with self.assertRaises((TypeError, ValueError, OverflowError)):
                session.fork(value)
            if isinstance(value, bytes) and b"\0" not in value:
                self.assertIsNone(session.files(value))
            else:
                with self.assertRaises((TypeError, ValueError)):
                    session.files(value)
        with self.assertRaises(TypeError):
            session.eval()
        self.assertEqual(session.eval(b"5", None, 0, 0, 0, 0)[11], "5")
        files = session.files(b"/")
        self.assertEqual(files.list(), [(b"output/", 0)])
        # Its configuration cannot be used for another one meanwhile.
        session.close()
        session.close()
        with self.assertRaises(wlpy.Error):
            files.list()
        with self.assertRaises(wlpy.Error):
            session.eval(b"5", None, 0, 0, 0, 0)

    def test_files(self):
        files = _wlpy.Files(1000, 10)
        for value in VALUES:
            for call in (files.get, files.remove, lambda v: files.put(v, b""), lambda v: files.put(b"x", v)):
                try:
                    call(value)
                except (TypeError, ValueError, wlpy.Error):
                    pass
        for bad in [(), (1,), (b"", 1), ("x", 1), (1, 1, 1)]:
            with self.assertRaises(TypeError):
                _wlpy.Files(*bad)
        with self.assertRaises(wlpy.Error):
            files.put(b"big", bytes(2000))

    def test_types(self):
        with self.assertRaises(TypeError):
            _wlpy.Call()
        with self.assertRaises(TypeError):
            _wlpy.Session()
        with self.assertRaises(TypeError):
            _wlpy.Control(1)
        with self.assertRaises(TypeError):
            _wlpy.set_error(5)
        with self.assertRaises(wlpy.Error):
            _wlpy.Program(b"/none/such", 0)
        with self.assertRaises(wlpy.Error):
            _wlpy.Program(b"/etc/passwd", 0)
        with self.assertRaises(TypeError):
            _wlpy.python_exception("text")
        self.assertIsNone(_wlpy.python_exception(b"\0\xff"))

    def test_calls_that_have_ended(self):
        kept = []

        def keep(call):
            kept.append(call)
            call.answer(b"5")

        def nothing(call):
            kept.append(call)

        def late(call):
            call.later()
            kept.append(call)

        def forgets(call):
            call.later()

        def fails(call):
            call.later()
            raise KeyError("x")

        entries = tuple((f.__name__.encode(), None, None, False, f) for f in (keep, nothing, late, forgets))
        raw = list(config().raw())
        raw[7] = entries
        session = program().session(tuple(raw))
        session.eval(b"import wlhost", None, 0, 0, 0, 0)
        self.assertEqual(session.eval(b"wlhost.keep(), wlhost.nothing()", None, 0, 0, 0, 0)[11], "(5, None)")
        for call in kept:
            for use in (call.input, call.later, lambda c=call: c.answer(b""), lambda c=call: c.fail(b"E", b"")):
                with self.assertRaises(RuntimeError):
                    use()
        self.assertEqual(session.eval(b"wlhost.forgets()", None, 0, 0, 0, 0)[13], "RuntimeError")
        self.assertEqual(session.eval(b"wlhost.late()", None, 200, 0, 100, 0)[0], 3)
        session.close()
        # The guest is gone; its call can still be answered, once.
        kept[-1].answer(b"1")
        with self.assertRaises(RuntimeError):
            kept[-1].answer(b"1")
        raw[7] = ((b"fails", None, None, False, fails),)
        raw[11] = _wlpy.Control()
        raw[2] = ()
        session = program().session(tuple(raw))
        with self.assertRaises(KeyError):
            session.eval(b"import wlhost; wlhost.fails()", None, 0, 0, 0, 0)


if __name__ == "__main__":
    unittest.main()
