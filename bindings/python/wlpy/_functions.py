"""Functions of the host, which a guest can call."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    import inspect
    from collections.abc import Coroutine, Iterable, Mapping
    from typing import Any, Callable, TypeVar, Union, overload

    from wlpy import _wlpy

    F = TypeVar("F", bound=Callable[..., Any])
    Functions = Union[Iterable[Callable[..., Any]], Mapping[str, Callable[..., Any]]]
else:

    def overload(function):
        return function


@overload
def function(wrapped: F) -> F: ...
@overload
def function(*, name: str | None = None, doc: str | None = None, binary: bool = False) -> Callable[[F], F]: ...
def function(
    wrapped: Any = None, *, name: str | None = None, doc: str | None = None, binary: bool = False
) -> Any:
    """Says more about a function that is given to a guest. It may be `async`.

        @wlpy.function(name="search", doc="Finds pages.")
        def find(query: str, limit: int = 3) -> list[str]: ...

    name: what the guest calls it; default: its own name.
    doc: what `help()` shows the guest; default: its docstring.
    binary: it takes one argument and returns a value, both bytes. All others take and return what JSON has.

    A function needs this only if it should differ: any function can be given as it is.
    """

    def mark(it: Any) -> Any:
        it.__wlpy__ = {"name": name, "doc": doc, "binary": binary}
        return it

    return mark if wrapped is None else mark(wrapped)


def _literal(value: object) -> bool:
    """Whether its repr means the same to another Python."""
    if isinstance(value, (list, tuple, set)):
        return type(value) in (list, tuple, set) and all(map(_literal, value))
    if isinstance(value, dict):
        return type(value) is dict and all(_literal(k) and _literal(v) for k, v in value.items())
    if isinstance(value, float):
        return value - value == 0
    return value is None or type(value) in (bool, int, str, bytes)


class _Text:
    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _annotation(annotation: object, empty: object) -> object:
    """As text, which the guest does not evaluate."""
    if annotation is empty:
        return empty
    if isinstance(annotation, str):
        return _Text(annotation)
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return _Text("None" if annotation is type(None) else annotation.__qualname__)
    return _Text(repr(annotation).replace("typing.", "").replace("NoneType", "None"))


def _parameter(parameter: inspect.Parameter) -> inspect.Parameter:
    default = parameter.default
    return parameter.replace(
        annotation=_annotation(parameter.annotation, parameter.empty),
        default=default if default is parameter.empty or _literal(default) else _Text("..."),
    )


def signature_of(it: Callable[..., Any]) -> str | None:
    """Its signature as the guest's Python can read it, or None."""
    import inspect

    try:
        signature = inspect.signature(it)
    except (TypeError, ValueError):
        return None
    signature = signature.replace(
        parameters=[_parameter(each) for each in signature.parameters.values()],
        return_annotation=_annotation(signature.return_annotation, signature.empty),
    )
    text = str(signature)
    try:
        compile(f"def f{text}: pass", "<signature>", "exec")
    except (SyntaxError, ValueError):
        return None
    return text


def _json_default(value: Any) -> Any:
    """What JSON does not have, but is plain enough."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(type(value), "__dataclass_fields__"):
        return {name: getattr(value, name) for name in type(value).__dataclass_fields__}
    if isinstance(value, (set, frozenset)):
        return list(value)
    raise TypeError(f"an object of type {type(value).__name__} cannot be handed to the guest: JSON has no such thing")


def _message(error: BaseException) -> str:
    # str(KeyError("x")) is the repr of "x", from which the guest would make the repr of that.
    if isinstance(error, KeyError) and len(error.args) == 1 and isinstance(error.args[0], str):
        return error.args[0]
    return str(error)


def _fail(call: _wlpy.Call, error: BaseException) -> None:
    try:
        message = _message(error)
    except Exception:
        message = "(its message cannot be shown)"
    call.fail(
        type(error).__name__.encode("utf-8", "backslashreplace"),
        message.encode("utf-8", "backslashreplace").replace(b"\0", b"\\0"),
    )


class HostFunction:
    """One of them: the object that the guest's call comes to."""

    def __init__(self, it: Callable[..., Any], name: str | None = None) -> None:
        if not callable(it):
            raise TypeError(f"a function for a guest must be callable, and {it!r} is not")
        own: dict[str, Any] = getattr(it, "__wlpy__", {})
        self.call = it
        self.name: str = name or own.get("name") or getattr(it, "__name__", "")
        if not (isinstance(self.name, str) and self.name.isascii() and self.name.isidentifier()
                and not self.name.startswith("_")):
            raise ValueError(f"a function for a guest needs a name of letters, digits and underscores that begins with a "
                             f"letter, and {it!r} has {self.name!r}; give it one by @wlpy.function(name=...)")
        self.doc: str | None = own.get("doc") or getattr(it, "__doc__", None)
        self.binary = bool(own.get("binary"))

    def entry(self, tasks: Tasks) -> tuple[Any, ...]:
        """For src/setup.c."""
        import inspect

        signature = signature_of(self.call)
        doc = inspect.cleandoc(self.doc) if self.doc else None
        return (
            self.name.encode(),
            None if signature is None else _text(signature),
            None if doc is None else _text(doc),
            self.binary,
            _Answer(self, tasks),
        )

    def arguments(self, given: bytes) -> tuple[list[Any], dict[str, Any]]:
        """A guest can give anything."""
        if self.binary:
            return [given], {}
        import json

        request = json.loads(given)
        args = request.get("args") if isinstance(request, dict) else None
        kwargs = request.get("kwargs") if isinstance(request, dict) else None
        if not isinstance(args, list) or not isinstance(kwargs, dict):
            raise TypeError(f"{self.name}() was called without a list and a dictionary of arguments")
        return args, kwargs

    def result(self, value: Any) -> bytes:
        if not self.binary:
            import json

            return json.dumps(value, default=_json_default).encode()
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise TypeError(f"{self.name}() returned {type(value).__name__}, and not bytes")
        return bytes(value)


def _text(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace").replace(b"\0", b"\\0")


class _Answer:
    """What src/call.c calls: answers one call of the guest, now or later."""

    __slots__ = ("function", "tasks")

    def __init__(self, function: HostFunction, tasks: Tasks) -> None:
        self.function = function
        self.tasks = tasks

    def __call__(self, call: _wlpy.Call) -> None:
        try:
            args, kwargs = self.function.arguments(call.input())
            value = self.function.call(*args, **kwargs)
            if not hasattr(value, "__await__"):
                call.answer(self.function.result(value))
                return
        except Exception as error:
            _fail(call, error)
            return
        call.later()
        self.tasks.start(self._answer_later(call, value))

    async def _answer_later(self, call: _wlpy.Call, value: Any) -> None:
        try:
            answer = self.function.result(await value)
        except Exception as error:
            _fail(call, error)
        except BaseException as error:
            # Cancelled: the guest has ended, or the loop is being closed.
            _fail(call, error)
            raise
        else:
            call.answer(answer)


class _Loop:
    """The event loop on which async functions run whose caller has none: on a thread of its own, made when it is needed."""

    def __init__(self) -> None:
        import threading

        self.lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.process = 0

    def get(self) -> asyncio.AbstractEventLoop:
        import asyncio
        import os
        import threading

        with self.lock:
            # (A child of fork() has the loop, and not its thread.)
            if self.loop is None or self.loop.is_closed() or self.process != os.getpid():
                self.loop = asyncio.new_event_loop()
                self.process = os.getpid()
                threading.Thread(target=self.loop.run_forever, name="wlpy-functions", daemon=True).start()
            return self.loop


_own_loop: _Loop | None = None


class Tasks:
    """The async functions that a run or a session has called, and that have not ended."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop
        self.running: set[asyncio.Task[None]] = set()
        self.over = False

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        global _own_loop
        if self.loop is None:
            if _own_loop is None:
                _own_loop = _Loop()
            self.loop = _own_loop.get()
        self.loop.call_soon_threadsafe(self._start, coroutine)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        assert self.loop is not None
        task = self.loop.create_task(coroutine)
        self.running.add(task)
        task.add_done_callback(self._ended)
        if self.over:
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.running.discard(task)
        if not task.cancelled() and task.exception() is not None and self.loop is not None:
            self.loop.call_exception_handler({"message": "a host function failed", "exception": task.exception()})

    def cancel(self) -> None:
        """After the guest's end."""
        self.over = True
        if self.loop is not None and self.running and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._cancel_all)

    def _cancel_all(self) -> None:
        for task in list(self.running):
            task.cancel()


def functions_of(functions: Functions) -> tuple[HostFunction, ...]:
    """From an iterable of functions, or a dictionary that names them."""
    if hasattr(functions, "items"):
        return tuple(HostFunction(it, name) for name, it in functions.items())
    return tuple(HostFunction(it) for it in functions)
