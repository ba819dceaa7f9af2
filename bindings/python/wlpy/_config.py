"""What a guest gets: from the arguments of run() and Session() to what src/setup.c takes."""

from __future__ import annotations

import codecs
import os

from wlpy import _wlpy
from wlpy._files import Directory, Files, content_bytes
from wlpy._functions import Tasks, functions_of
from wlpy._limits import UNSET, Fixed, choose
from wlpy._secrets import path_of, secrets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Mapping, Sequence
    from typing import IO, Any, Callable, Union

    from typing_extensions import TypedDict

    from wlpy._files import Content, PathLike
    from wlpy._functions import Functions
    from wlpy._limits import Limits, Number, Seconds, Unset
    from wlpy._secrets import Secret

    Stdin = Union[None, int, IO[Any], Callable[[], Union[str, bytes, None]]]
    Stdout = Union[None, int, IO[Any], Callable[[str], object]]
    Dirs = Mapping[str, Union[PathLike, Directory, Files]]

    class Options(TypedDict, total=False):
        """What run(), Session() and what is made of them take. run() says what it means."""

        argv: Sequence[str]
        input: Content | None
        stdin: Stdin
        stdout: Stdout
        stderr: Stdout
        env: Mapping[str, str] | None
        files: Mapping[str, Content] | None
        dirs: Dirs | None
        timeout: Seconds | Unset
        memory: Number | Unset
        limits: Limits | None
        functions: Functions
        net: Iterable[str]
        net_listen: Iterable[str]
        on_refusal: Callable[[str], object] | None
        secrets: Mapping[str, Secret] | None
        certificates: PathLike | None
        fixed: Fixed | None
        clock_resolution: float | None
        python: PathLike | None

# As in subprocess.
PIPE = -1
DEVNULL = -3

_MOST = (1 << 63) - 1


class Reader:
    """Gives a guest's stdin the lines that a function returns."""

    def __init__(self, function: Callable[[], str | bytes | None]) -> None:
        self.function = function
        self.rest = b""

    def __call__(self, size: int) -> bytes:
        if not self.rest:
            line = self.function()
            if isinstance(line, str):
                line = line.encode() if line.endswith("\n") else line.encode() + b"\n"
            elif line is not None and not isinstance(line, bytes):
                raise TypeError(f"the function for stdin returns a line as str or bytes, or None at the end, not {line!r}")
            self.rest = line or b""
        given, self.rest = self.rest[:size], self.rest[size:]
        return given


class Writer:
    """Tells a function what a guest writes, and keeps it."""

    def __init__(self, function: Callable[[str], object]) -> None:
        self.function = function
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.parts: list[bytes] = []

    def __call__(self, written: bytes) -> None:
        self.parts.append(written)
        text = self.decoder.decode(written)
        if text:
            self.function(text)

    def take(self) -> bytes:
        """What was written since the last call."""
        text = self.decoder.decode(b"", True)
        self.decoder.reset()
        written = b"".join(self.parts)
        self.parts.clear()
        if text:
            self.function(text)
        return written


def _clock_ns(seconds: float | None) -> int:
    if seconds is None:
        return 0
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"clock_resolution is a number of seconds or None, not {seconds!r}")
    if not 1e-9 <= seconds <= 1e9:
        raise ValueError(f"clock_resolution is from a nanosecond to 1e9 seconds, not {seconds!r}")
    return round(seconds * 1e9)


def _descriptor(stream: Any) -> int | None:
    if isinstance(stream, int) and not isinstance(stream, bool):
        return stream
    try:
        number = stream.fileno()
    except (AttributeError, OSError, ValueError):
        return None
    return number if isinstance(number, int) else None


def _input(stream: Stdin, given: Content | None) -> object:
    if given is not None:
        if stream is not None:
            raise ValueError("give input or stdin, and not both")
        return content_bytes(given)
    if stream is None or stream == DEVNULL:
        return None
    number = _descriptor(stream)
    if number is not None:
        if number < 0:
            raise ValueError(f"stdin is a file, a descriptor or a function, not {stream!r}")
        return number
    if callable(stream):
        return Reader(stream)
    readline = getattr(stream, "readline", None)
    if callable(readline):
        return Reader(lambda: readline() or None)
    raise TypeError(f"stdin is a file, a descriptor or a function, not {stream!r}")


def _output(name: str, stream: Stdout) -> object:
    if stream is None or stream == DEVNULL:
        return None
    number = _descriptor(stream)
    if number == PIPE:
        return True
    if number is not None:
        if number < 0:
            raise ValueError(f"{name} is PIPE, DEVNULL, a file, a descriptor or a function, not {stream!r}")
        flush = getattr(stream, "flush", None)
        if flush is not None:
            flush()
        return number
    if callable(stream):
        return Writer(stream)
    if hasattr(stream, "write"):
        return Writer(stream.write)
    raise TypeError(f"{name} is PIPE, DEVNULL, a file, a descriptor or a function, not {stream!r}")


def _environment(env: Mapping[str, str]) -> tuple[bytes, ...]:
    for name in env:
        if not name or "=" in name:
            raise ValueError(f"a variable of the environment cannot have the name {name!r}")
    return tuple(os.fsencode(f"{name}={value}") for name, value in env.items())


def _texts(name: str, values: Iterable[str]) -> tuple[bytes, ...]:
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{name} is a list of texts, not one text")
    return tuple(os.fsencode(value) for value in values)


def _mount(guest: str, given: PathLike | Directory | Files) -> tuple[bytes, object, bool]:
    if not guest.startswith("/"):
        raise ValueError(f"a guest sees a directory at a path that begins with a slash, not at {guest!r}")
    if isinstance(given, Files):
        return os.fsencode(guest), given._files, False
    if isinstance(given, Directory):
        return os.fsencode(guest), os.fsencode(given.path), not given.writable
    return os.fsencode(guest), os.fsencode(given), True


def _plus(limit: int | None, more: int) -> int:
    return _MOST if limit is None else min(limit + more, _MOST)


class Config:
    """The configuration of one guest: `command` is what comes before `argv`, and the rest is as for run()."""

    root: Files
    """The directory in memory that is the guest's /, on which its library lies."""
    before: dict[str, bytes]

    def __init__(
        self,
        command: tuple[bytes, ...],
        *,
        argv: Sequence[str] = (),
        input: Content | None = None,
        stdin: Stdin = None,
        stdout: Stdout = PIPE,
        stderr: Stdout = PIPE,
        env: Mapping[str, str] | None = None,
        files: Mapping[str, Content] | None = None,
        dirs: Dirs | None = None,
        timeout: Seconds | Unset = UNSET,
        memory: Number | Unset = UNSET,
        limits: Limits | None = None,
        functions: Functions = (),
        net: Iterable[str] = (),
        net_listen: Iterable[str] = (),
        on_refusal: Callable[[str], object] | None = None,
        secrets: Mapping[str, Secret] | None = None,
        certificates: PathLike | None = None,
        fixed: Fixed | None = None,
        clock_resolution: float | None = None,
        python: PathLike | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.limits = choose(limits, timeout, memory)
        self.argv = command + _texts("argv", argv)
        self.env = _environment(env or {})
        self.net = _texts("net", net)
        self.net_listen = _texts("net_listen", net_listen)
        self.on_refusal = on_refusal
        self.secrets = secrets_of(secrets)
        self.certificates = path_of(certificates)
        if fixed is not None and not isinstance(fixed, Fixed):
            raise TypeError(f"fixed is a wlpy.Fixed, not {fixed!r}")
        self.fixed = fixed
        self.clock_ns = _clock_ns(clock_resolution)
        self.python = python
        self.streams = stdin, stdout, stderr
        self.input = _input(stdin, input)
        self.functions = functions_of(functions)
        self.loop = loop
        self._make_root(files or {})
        self.dirs: tuple[tuple[bytes, object, bool], ...] = ((b"/", self.root._files, False),)
        for guest, given in (dirs or {}).items():
            if guest == "/":
                raise ValueError("a guest's / is in memory: give its files by files={...}, and directories below it by dirs")
            self.dirs += (_mount(guest, given),)
        self._open()

    def _make_root(self, files: Mapping[str, Content]) -> None:
        self.before = {}
        for path, content in files.items():
            name = os.path.normpath("/" + path)
            if path.endswith("/") or ".." in path.split("/") or name == "/":
                raise ValueError(f"a guest cannot be given a file with the path {path!r}")
            self.before["/" + name.lstrip("/")] = content_bytes(content)
        size = sum(map(len, self.before.values()))
        names = sum(path.count("/") for path in self.before) + 2
        tree = _wlpy.Files(_plus(self.limits.file_bytes, size), _plus(self.limits.files, names))
        self.root = Files._of(tree, "/")
        # So that there is such a directory.
        tree.put(b"output/new", b"")
        tree.remove(b"output/new")
        for path, content in self.before.items():
            self.root[path] = content

    def _open(self) -> None:
        """What each guest has for itself."""
        self.control = _wlpy.Control()
        self.tasks = Tasks(self.loop)
        self.out = _output("stdout", self.streams[1])
        self.err = _output("stderr", self.streams[2])

    def copy(self) -> Config:
        """For a copy of a session."""
        other = Config.__new__(Config)
        other.__dict__.update(self.__dict__)
        other._open()
        return other

    def raw(self) -> tuple[Any, ...]:
        """For src/setup.c."""
        return (
            self.argv,
            self.env,
            self.dirs,
            self.input,
            self.out,
            self.err,
            self.limits._tuple(),
            tuple([each.entry(self.tasks) for each in self.functions]),
            self.net,
            self.net_listen,
            self.on_refusal,
            self.control,
            None if self.fixed is None else self.fixed._tuple(),
            self.secrets,
            self.certificates,
            self.clock_ns,
        )

    def written(self) -> tuple[bytes | None, bytes | None]:
        """What was written to functions for stdout and stderr since the last call."""
        return (
            self.out.take() if isinstance(self.out, Writer) else None,
            self.err.take() if isinstance(self.err, Writer) else None,
        )
