"""Functions of the host: signatures, values, exceptions, async ones, and everything wrong."""

import asyncio
import contextvars
import dataclasses
import threading
import time
import typing
import unittest

import on_a_thread
import wlpy

context = contextvars.ContextVar("context", default="none")


def weather(city: str, days: int = 3, *, units: "typing.Optional[str]" = None) -> dict:
    """The weather.

    In a city."""
    return {"city": city, "days": days, "units": units}


class Custom(Exception):
    pass


class Functions(unittest.TestCase):
    def run_with(self, code, *functions, **more):
        result = wlpy.evaluate(code, functions=functions, **more)
        self.assertTrue(result.ok, result)
        return result.value

    def test_arguments_and_result(self):
        self.assertEqual(self.run_with("weather('Ulm', units='C')", weather), {"city": "Ulm", "days": 3, "units": "C"})
        result = wlpy.run("import wlhost; print(wlhost.weather('Ulm')['days'])", functions=[weather])
        self.assertEqual(result.stdout, "3\n", result.stderr)

    def test_signature_and_documentation(self):
        code = "import inspect, wlhost\n[str(inspect.signature(weather)), weather.__doc__, weather.__name__, list(wlhost.functions)]"
        signature, doc, name, names = self.run_with(code, weather)
        self.assertIn("city: 'str', days: 'int' = 3, *, units:", signature)
        self.assertIn("-> 'dict'", signature)
        self.assertEqual((doc, name, names), ("The weather.\n\nIn a city.", "weather", ["weather"]))

    def test_signatures(self):
        from wlpy._functions import signature_of

        def plain(a, b=1.5, *args, c=(1, "x"), **kwargs):
            pass

        def odd(a=object(), b: typing.List[int] = [1], c: "not valid(" = 1) -> None:
            pass

        def types(a: typing.Dict[str, int], b: "list[str] | None" = None, c: float = float("inf")) -> typing.Any:
            pass

        self.assertEqual(signature_of(plain), "(a, b=1.5, *args, c=(1, 'x'), **kwargs)")
        self.assertIsNone(signature_of(odd))
        self.assertEqual(signature_of(types), "(a: Dict[str, int], b: list[str] | None = None, c: float = ...) -> Any")
        self.assertIsNone(signature_of(dict.fromkeys) and None)

    def test_decorator(self):
        @wlpy.function(name="find", doc="Finds it.")
        def it(x):
            return [x]

        @wlpy.function(binary=True)
        def turn(data):
            return data[::-1]

        @wlpy.function
        def same(x):
            return x

        self.assertEqual(self.run_with("[find(1), find.__doc__, same('ä')]", it, same), [[1], "Finds it.", "ä"])
        self.assertEqual(self.run_with("turn(b'\\x00\\xff').hex()", turn), "ff00")
        self.assertEqual(it(5), [5])
        result = wlpy.evaluate("f(2)", functions={"f": lambda x: x + 1})
        self.assertEqual(result.value, 3)

    def test_values(self):
        @dataclasses.dataclass
        class Point:
            x: int
            y: int

        values = {"point": Point(1, 2), "set": {5}, "nested": [{"a": [None, True, 1.5, "ä\0\u2028"]}]}
        self.assertEqual(self.run_with("f()", wlpy.function(name="f")(lambda: values)),
                         {"point": {"x": 1, "y": 2}, "set": [5], "nested": values["nested"]})
        self.assertEqual(self.run_with("f(x=1, **{'y z': 2})", wlpy.function(name="f")(lambda **k: k)), {"x": 1, "y z": 2})
        self.assertEqual(self.run_with("len(f('x' * 10**6))", wlpy.function(name="f")(lambda s: s * 2)), 2 * 10**6)

    def test_exceptions(self):
        def fail(kind):
            raise {"value": ValueError("bad"), "key": KeyError("k"), "os": FileNotFoundError(2, "none"), "own": Custom("c"),
                   "empty": RuntimeError(), "unicode": ValueError("ä\ud800\0")}[kind]

        code = """
import wlhost
def get(kind):
    try: fail(kind)
    except Exception as e: return [type(e).__name__, str(e), getattr(e, 'type', None)]
list(map(get, ['value', 'key', 'os', 'own', 'empty', 'unicode']))
"""
        self.assertEqual(
            self.run_with(code, fail),
            [["ValueError", "bad", None], ["KeyError", "'k'", None], ["FileNotFoundError", "[Errno 2] none", None],
             ["HostError", "Custom: c", "Custom"], ["RuntimeError", "", None], ["ValueError", "ä\\ud800\\0", None]],
        )

    def test_what_is_no_json(self):
        code = """
def get(function, *args):
    try: return function(*args)
    except Exception as e: return type(e).__name__
[get(f), get(f, object()), get(f, 1, 2, 3)]
"""
        self.assertEqual(self.run_with(code, wlpy.function(name="f")(lambda: object())), ["TypeError"] * 3)
        self.assertEqual(self.run_with("try: f()\nexcept Exception as e: 0\n1", wlpy.function(name="f", binary=True)(lambda x: 5)), 1)

    def test_everything_wrong(self):
        """The bytes that the guest's own module would never send."""
        got = []

        def f(*args, **kwargs):
            got.append((args, kwargs))

        code = r"""
import _wlhost, wlhost
answers = []
for name, data in [("f", b""), ("f", b"{"), ("f", b"[]"), ("f", b"null"), ("f", b'{"args": 5}'), ("f", b'{"args": [], "kwargs": []}'),
                   ("f", b'{"args": {}, "kwargs": {}}'), ("f", b"\xff\x00"), ("f", b"[" * 100000), ("f", b'{"args": [' + b"[" * 90000),
                   ("f", b'{"args": [' + b"9" * 10000 + b'], "kwargs": {}}'), ("f", b"x" * 10**6)]:
    answers.append(_wlhost.call(name, data)[0])
for name in ["none", "", "f f", "f\n", "../f", "x" * 1000, "\0"]:
    try: answers.append(_wlhost.call(name, b"")[0])
    except Exception as e: answers.append(1)
answers
"""
        answers = self.run_with(code, f)
        self.assertEqual(set(answers[:10] + answers[11:]), {1}, answers)
        self.assertEqual(self.run_with("f(7)", f), None)
        self.assertEqual(got[-1], ((7,), {}))

    def test_async(self):
        async def slow(n: int) -> int:
            await asyncio.sleep(0.2)
            return n * 2

        async def fails():
            raise ValueError("later")

        code = """
import asyncio, wlhost
[slow(1), await asyncio.gather(*[wlhost.later.slow(n) for n in range(10)])]
"""
        begin = time.monotonic()
        self.assertEqual(self.run_with(code, slow), [2, [2 * n for n in range(10)]])
        self.assertLess(time.monotonic() - begin, 5)
        code = "try: fails()\nexcept ValueError as e: x = str(e)\nx"
        self.assertEqual(self.run_with(code, fails), "later")
        code = "try: await wlhost.later.fails()\nexcept ValueError as e: x = str(e)\nx"
        self.assertEqual(self.run_with(code, fails), "later")

    def test_timeout_while_a_function_waits(self):
        ended = threading.Event()

        async def forever():
            try:
                await asyncio.sleep(3600)
            finally:
                ended.set()

        with wlpy.Session(functions=[forever]) as session:
            result = session.eval("forever()", timeout=0.3)
            self.assertEqual(result.end, "timeout")
        self.assertTrue(ended.wait(10))

    def test_base_exceptions_leave_the_run(self):
        def stop():
            raise SystemExit(9)

        def interrupt():
            raise KeyboardInterrupt

        with self.assertRaises(SystemExit):
            wlpy.run("import wlhost; wlhost.stop()", functions=[stop])
        with self.assertRaises(KeyboardInterrupt):
            wlpy.run("import wlhost; wlhost.interrupt()\nwhile True: pass", functions=[interrupt])
        with wlpy.Session(functions=[interrupt]) as session:
            with self.assertRaises(KeyboardInterrupt):
                session.eval("interrupt()")
            self.assertEqual(session.eval("5").value, 5)

    def test_on_the_callers_thread(self):
        context.set("mine")
        seen = self.run_with("where()", wlpy.function(name="where")(lambda: [threading.get_ident(), context.get()]))
        self.assertEqual(seen, [threading.get_ident(), "mine"])

    def test_guests_in_functions(self):
        def inner(depth: int):
            if depth:
                return wlpy.evaluate(f"inner({depth - 1}) + 1", functions=[inner]).value
            return wlpy.run("print(100)").stdout

        self.assertEqual(wlpy.evaluate("inner(0)", functions=[inner]).value, "100\n")
        self.assertEqual(wlpy.evaluate("int(inner(0)) + 1", functions=[inner]).value, 101)

        def itself():
            return session.eval("1").value

        with wlpy.Session(functions=[itself]) as session:
            self.assertIn("another thread does, or a function", session.eval("itself()").exception.message)
            self.assertEqual(session.eval("2").value, 2)

    def test_deep_stacks(self):
        def deep(n):
            return deep(n - 1) if n else sum(map(len, ["abc"] * 10))

        self.assertEqual(self.run_with("deep(500)", deep), 30)
        self.assertEqual(self.run_with("try: deep(10**6)\nexcept RecursionError: x = 1\nx", deep), 1)

    def test_limit_of_calls(self):
        code = "n = 0\ntry:\n while True: f(); n += 1\nexcept OSError: pass\nn"
        value = self.run_with(code, wlpy.function(name="f")(lambda: None), limits=wlpy.Limits(host_calls=100))
        self.assertTrue(95 <= value <= 100, value)

    def test_no_host_functions(self):
        self.assertEqual(wlpy.evaluate("import wlhost").exception.type, "ImportError")


class OnAThread(on_a_thread.OnAThread, Functions):
    pass


if __name__ == "__main__":
    unittest.main()
