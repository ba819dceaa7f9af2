"""What a run or an evaluation has come to."""

from __future__ import annotations

from wlpy import _wlpy
from wlpy._errors import RunError, TimeoutExpired

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from wlpy._files import Changed

    End = Literal["done", "exception", "exit", "timeout", "cpu", "output", "cancelled", "trap"]

# enum wlpy_end, without the first one.
_ENDS: dict[int, End] = {1: "trap", 2: "output", 3: "timeout", 4: "cancelled", 5: "cpu"}


class GuestException:
    """An exception that the guest's code did not catch. The texts are the guest's own."""

    __slots__ = ("message", "traceback", "type")

    type: str
    """Its name; with its module if that is not built in: "json.decoder.JSONDecodeError"."""
    message: str
    traceback: str
    """All of it, with type and message at its end."""

    def __init__(self, type: str, message: str, traceback: str) -> None:
        self.type = type
        self.message = message
        self.traceback = traceback

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type

    def __repr__(self) -> str:
        return f"<{self}>"


class Result:
    """How a run ended, and what is left of it."""

    end: End
    """What ended it: "done"; "exception"; "exit", by sys.exit() with a status; a limit ("timeout", "cpu", "output"); "cancelled";
    or "trap", where the sandbox has stopped it for what it did, for example for recursion without end in C."""
    exit_status: int
    """As of a process: 0 to 255; 134 and 124 where the sandbox or a limit of time has stopped it."""
    exception: GuestException | None
    """The exception that ended it. (After a run, this is read from what it wrote to stderr.)"""
    stdout_bytes: bytes
    stderr_bytes: bytes
    wall: float
    """Seconds from its start to its end."""
    cpu: float
    """Seconds of processor time."""
    memory: int
    """The most bytes of memory that it had."""
    files: Changed
    """The files in memory that it has written or changed, by path: `result.files["/output/plot.png"]`."""
    reason: str
    """Why it was stopped, or ""."""

    def __init__(self, raw: tuple[Any, ...], files: Changed, out: bytes | None, err: bytes | None) -> None:
        (end, status, text, hint, given_out, given_err, wall, cpu, memory, interrupts) = raw[:10]
        self.exit_status = status
        self.reason = f"{text} ({hint})" if hint else text
        self.stdout_bytes = (given_out or b"") if out is None else out
        self.stderr_bytes = (given_err or b"") if err is None else err
        self.wall = wall / 1e9
        self.cpu = cpu / 1e9
        self.memory = memory
        self.files = files
        self.interrupts: int = interrupts
        self.exception = self._find_exception(end, raw)
        self.end = _ENDS.get(end) or ("exception" if self.exception else "exit" if status else "done")

    def _find_exception(self, end: int, raw: tuple[Any, ...]) -> GuestException | None:
        interrupted = _ENDS.get(end) == "timeout"
        if (end in _ENDS and not interrupted) or not self.exit_status:
            return None
        found = _wlpy.python_exception(self.stderr_bytes)
        if not found or found[0].startswith("SystemExit") or (interrupted and found[0] != "KeyboardInterrupt"):
            return None
        return GuestException(*found)

    @property
    def stdout(self) -> str:
        """What it wrote to stdout, as text. What is not UTF-8 in it is shown as U+FFFD; stdout_bytes has it as it is."""
        return self.stdout_bytes.decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        """What it wrote to stderr, as text."""
        return self.stderr_bytes.decode("utf-8", "replace")

    @property
    def returncode(self) -> int:
        """The same as exit_status, by the name that subprocess has for it."""
        return self.exit_status

    @property
    def ok(self) -> bool:
        """Whether the code came to its end."""
        return self.end == "done"

    def __bool__(self) -> bool:
        return True

    def check(self) -> Result:
        """Itself if all went well; otherwise it raises RunError, or TimeoutExpired."""
        if self.ok:
            return self
        kind = TimeoutExpired if self.end in ("timeout", "cpu") else RunError
        raise kind(self._why(), self)

    def _why(self) -> str:
        if self.end == "exit":
            return f"the code has exited with status {self.exit_status}"
        if self.end != "exception":
            return f"the code was stopped: {self.reason or self.end}"
        return str(self.exception)

    def _shown(self) -> list[str]:
        parts = [self.end if self.ok else f"{self.end}: {self._why()}" if self.end != "exit" else f"exit {self.exit_status}"]
        for name in ("stdout", "stderr"):
            text = getattr(self, name)
            if text:
                parts.append(f"{name}={text if len(text) <= 60 else text[:57] + '...'!r}")
        if self.files:
            parts.append(f"files={list(self.files)[:5]}")
        parts.append(f"{self.wall * 1000:.1f} ms")
        return parts

    def __repr__(self) -> str:
        return f"<wlpy.{type(self).__name__} {', '.join(self._shown())}>"


def _is_text(mime: str) -> bool:
    return mime.startswith("text/") or mime in ("application/json", "application/javascript", "image/svg+xml")


# What a notebook does not execute.
_HARMLESS = ("image/png", "image/jpeg", "text/plain", "application/json")


class Display:
    """An object that the guest has displayed, in all the forms that it has: a figure, a table."""

    __slots__ = ("_trusted", "data")

    data: dict[str, str | bytes]
    """By MIME type: text, or the bytes of an image."""

    def __init__(self, data: dict[str, str | bytes], trusted: bool = False) -> None:
        self.data = data
        self._trusted = trusted

    def trust(self) -> Display:
        """The same object, which a notebook shows in all its forms.

        Otherwise a notebook shows only images and plain text: HTML, SVG and JavaScript that a stranger's code has made could
        control the notebook, and with it your kernel.
        """
        return Display(self.data, True)

    @property
    def png(self) -> bytes | None:
        found = self.data.get("image/png")
        return found if isinstance(found, bytes) else None

    @property
    def html(self) -> str | None:
        found = self.data.get("text/html")
        return found if isinstance(found, str) else None

    @property
    def text(self) -> str | None:
        found = self.data.get("text/plain")
        return found if isinstance(found, str) else None

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """What notebooks show."""
        import base64
        import json

        shown: dict[str, Any] = {}
        for mime, content in self.data.items():
            if not self._trusted and mime not in _HARMLESS:
                continue
            if isinstance(content, bytes):
                shown[mime] = base64.b64encode(content).decode()
            elif mime == "application/json":
                try:
                    shown[mime] = json.loads(content)
                except (ValueError, RecursionError):
                    continue
            else:
                shown[mime] = content
        return shown

    def __repr__(self) -> str:
        return f"<wlpy.Display {', '.join(f'{mime} ({len(content)})' for mime, content in self.data.items())}>"


def _displays(entries: list[tuple[int, str, bytes]]) -> list[Display]:
    objects: dict[int, dict[str, str | bytes]] = {}
    for number, mime, content in entries:
        objects.setdefault(number, {})[mime] = content.decode("utf-8", "replace") if _is_text(mime) else content
    return [Display(data) for data in objects.values()]


class Evaluation(Result):
    """How a piece of code in a session ended, and the value of its last line."""

    alive: bool
    """Whether the session goes on."""
    repr: str | None
    """The repr() of the last line's value; None if it has none, or if that is None."""
    json: str | None
    """The same value as JSON; None if it cannot be written so."""
    displays: list[Display]
    """What display() was called with, and the value, if it has a form for display: figures, tables."""

    def __init__(self, raw: tuple[Any, ...], files: Changed, out: bytes | None, err: bytes | None) -> None:
        self.alive, self.repr, self.json = raw[10:13]
        super().__init__(raw, files, out, err)
        self.displays = _displays(raw[16])

    def _find_exception(self, end: int, raw: tuple[Any, ...]) -> GuestException | None:
        kind, message, trace = raw[13:16]
        return None if kind is None else GuestException(kind, message or "", trace or kind)

    @property
    def value(self) -> Any:
        """The last line's value, made again from its JSON: None, numbers, text, lists and dictionaries. None where that is not
        possible; `repr` has more."""
        if self.json is None:
            return None
        import json

        return json.loads(self.json)

    def check(self) -> Evaluation:
        """Itself if all went well; otherwise it raises RunError, or TimeoutExpired."""
        super().check()
        return self

    def _shown(self) -> list[str]:
        parts = super()._shown()
        if self.repr is not None:
            parts.insert(1, self.repr if len(self.repr) <= 60 else self.repr[:57] + "...")
        if self.displays:
            parts.insert(-1, f"{len(self.displays)} displays")
        if not self.alive:
            parts.insert(-1, "the session has ended")
        return parts

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """A notebook shows what the code displayed last, or its value."""
        bundle = self.displays[-1]._repr_mimebundle_() if self.displays else {}
        bundle.setdefault("text/plain", self.repr or repr(self))
        return bundle
