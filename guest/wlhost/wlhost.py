"""Functions of the program that runs this Python.

    import wlhost
    wlhost.search("wasm", limit=3)           # calls it, and waits for its result
    await wlhost.later.search("wasm")        # other tasks go on meanwhile

Arguments and results are what JSON has; a function that takes and gives bytes says so. An exception of the function is
raised here, too: as the built-in exception of the same name, or as HostError. wlhost.functions has all of them."""

import _wlhost
import builtins
import json


class HostError(Exception):
    """A function of the host failed with an exception that Python does not have; its name is in `type`."""

    type = None


class Function:
    """A function of the host."""

    def __init__(self, name, signature, doc, takes_bytes):
        self.__name__ = self.__qualname__ = name
        self.__doc__ = doc
        self._signature = signature
        self._bytes = takes_bytes

    def __call__(self, *args, **kwargs):
        return self._result(*_wlhost.call(self.__name__, self._input(args, kwargs)))

    def _input(self, args, kwargs):
        if not self._bytes:
            return json.dumps({"args": args, "kwargs": kwargs}).encode()
        if len(args) != 1 or kwargs:
            raise TypeError(f"{self.__name__}() takes one argument, of bytes")
        return args[0]

    def _result(self, raised, answer):
        if raised:
            raise _exception(answer)
        return answer if self._bytes else json.loads(answer)

    @property
    def __signature__(self):
        import inspect
        if self._signature is None:
            if self._bytes:
                return inspect.signature(lambda data, /: None)
            return inspect.signature(lambda *args, **kwargs: None)
        names = {}
        exec(f"from __future__ import annotations\ndef function{self._signature}: pass", names)
        return inspect.signature(names["function"])

    def __repr__(self):
        return f"<function {self.__name__}{self._signature or '(...)'} of the host>"


def _exception(answer):
    name, _, message = answer.decode("utf-8", "replace").partition("\0")
    if not name:
        return MemoryError("the host has no memory for the answer")
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            return kind(message)
        except TypeError:
            pass
    error = HostError(f"{name}: {message}" if message else name)
    error.type = name
    return error


class _Later:
    """The same functions, for `await`."""

    def __init__(self):
        self._waiting = {}
        self._fd = None

    def __getattr__(self, name):
        function = functions.get(name)
        if function is None:
            raise AttributeError(f"the host has no function {name}")

        def call(*args, **kwargs):
            return self._begin(function, function._input(args, kwargs))

        call.__name__ = name
        call.__doc__ = function.__doc__
        return call

    def _begin(self, function, data):
        import asyncio
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        kind, answer = _wlhost.call(function.__name__, data, True)
        if kind != 2:
            self._end(future, function, kind, answer)
            return future
        if self._fd is None:
            self._fd = _wlhost.ready()
        if not self._waiting:
            loop.add_reader(self._fd, self._collect, loop)
        self._waiting[answer] = future, function
        return future

    def _collect(self, loop):
        while (done := _wlhost.done()) is not None:
            number, (kind, answer) = done
            if number in self._waiting:
                self._end(*self._waiting.pop(number), kind, answer)
        if not self._waiting:
            loop.remove_reader(self._fd)

    def _end(self, future, function, kind, answer):
        if future.cancelled():
            return
        try:
            future.set_result(function._result(kind, answer))
        except Exception as error:
            future.set_exception(error)


def _load():
    names = _wlhost.names()
    if names is None:
        raise ImportError("there is no host here that has functions: only programs that embed libwlpy do", name="wlhost")
    return {each["name"]: Function(each["name"], each["signature"], each["doc"], each["bytes"])
            for each in json.loads(names)}


functions = _load()
later = _Later()
globals().update((name, function) for name, function in functions.items() if name not in globals())
__all__ = ["HostError", "functions", "later", *functions]
