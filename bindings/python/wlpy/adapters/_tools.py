"""What the adapters share: a session whose functions can change, and a text for a model."""

from __future__ import annotations

import threading

from wlpy import Session, function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Callable

    from wlpy import Evaluation

# The description of the tool, for a model.
DESCRIPTION = (
    "Runs Python code in a sandbox with the standard library, without network. Variables persist from call to call. Returns what "
    "the code prints and the value of its last line."
)

# One function of the host serves them all, because a session's functions are fixed at its start. `Finished` is no Exception, so
# that code which catches everything does not catch it.
_GUEST = """
def _wlpy_setup():
    import wlhost

    class Finished(BaseException):
        pass

    def tool(name, last):
        def call(*args, **kwargs):
            value = wlhost.call_tool(name, args, kwargs)
            if last:
                raise Finished()
            return value
        call.__name__ = call.__qualname__ = name
        return call

    def bind(names, last):
        for name in names:
            globals()[name] = tool(name, name in last)

    return bind
_wlpy_bind = _wlpy_setup()
del _wlpy_setup
"""


class ToolSession:
    """A session that starts when it is needed, and again after it has ended; with functions that can be exchanged.

    tools: by name. last: names of those after which the code ends; `finished` is then what they returned.
    """

    def __init__(self, options: Mapping[str, Any], tools: Mapping[str, Callable[..., Any]], last: tuple[str, ...] = ()) -> None:
        self.options = dict(options)
        self.tools: dict[str, Callable[..., Any]] = dict(tools)
        self.last = last
        self.is_finished = False
        self.finished: Any = None
        self.session: Session | None = None
        self.bound: list[str] | None = None
        self.lock = threading.RLock()

    def _call(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        tool = self.tools.get(name)
        if tool is None:
            raise NameError(f"there is no function {name}")
        value = tool(*args, **kwargs)
        if name in self.last:
            self.is_finished = True
            self.finished = value
            return None
        return value

    def _start(self) -> Session:
        if self.session is None or not self.session.alive:
            self.close()
            given = dict(self.options)
            functions = [*given.pop("functions", ()), function(name="call_tool")(lambda n, a, k: self._call(n, a, k))]
            self.session = Session(functions=functions, **given)
            self.session.eval(_GUEST, name="<wlpy>", check=True)
            self.bound = None
        if self.bound != list(self.tools):
            names = list(self.tools)
            self.session.eval(f"_wlpy_bind({names!r}, {self.last!r})", name="<wlpy>", check=True)
            self.bound = names
        return self.session

    def set(self, variables: Mapping[str, Any]) -> None:
        with self.lock:
            self._start().set(**variables)

    def eval(self, code: str, **more: Any) -> Evaluation:
        """The code's value; `is_finished` says whether it has called one of the last functions."""
        with self.lock:
            self.is_finished = False
            return self._start().eval(code, **more)

    def close(self) -> None:
        with self.lock:
            if self.session is not None:
                self.session.close()
            self.session = None


def describe(result: Evaluation) -> str:
    """An evaluation as text for a model."""
    parts = [text.rstrip("\n") for text in (result.stdout, result.stderr) if text.strip()]
    if result.exception is not None:
        parts.append(result.exception.traceback.rstrip("\n"))
    if result.end not in ("done", "exception"):
        parts.append(f"[the code has ended: {result.reason or result.end}]")
    if result.repr is not None:
        parts.append(result.repr)
    if result.displays:
        parts += [display.text for display in result.displays if display.text]
        images = sum(display.png is not None for display in result.displays)
        if images:
            parts.append(f"[{images} {'image' if images == 1 else 'images'}]")
    if not result.alive:
        parts.append("[the session has ended: its variables are lost, and the next call starts another one]")
    return "\n".join(parts) or "[no output]"
