"""Directories that a guest sees."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping

from wlpy import _wlpy
from wlpy._errors import Error
from wlpy._limits import MiB

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Union

    Content = Union[str, bytes, bytearray, memoryview]
    PathLike = Union[str, "os.PathLike[str]"]


def content_bytes(content: Content) -> bytes:
    """Text as UTF-8."""
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content)
    raise TypeError(f"the content of a file is str or bytes, not {type(content).__name__}")


def relative(path: PathLike) -> bytes:
    """The name inside of the directory; the library refuses what leads out of it."""
    return os.fsencode(path).lstrip(b"/")


class Files(MutableMapping[str, bytes]):
    """A directory in memory: files that guests are given, and that they leave. It costs no disk.

    A mapping of paths to bytes (text may be given, and is written as UTF-8). One run or session at a time can have it, by
    `dirs={"/work": files}`; what the guest has written is in it afterwards.
    """

    __slots__ = ("_files", "_prefix")

    _files: _wlpy.Files
    _prefix: str

    def __init__(
        self,
        contents: Mapping[str, Content] | None = None,
        *,
        max_bytes: int = 64 * MiB,
        max_files: int = 10_000,
    ) -> None:
        if max_bytes <= 0 or max_files <= 0:
            raise ValueError("max_bytes and max_files are more than 0")
        self._files = _wlpy.Files(max_bytes, max_files)
        self._prefix = ""
        if contents is not None:
            self.update({path: content_bytes(content) for path, content in contents.items()})

    @classmethod
    def _of(cls, files: _wlpy.Files, prefix: str) -> Files:
        self = cls.__new__(cls)
        self._files = files
        self._prefix = prefix
        return self

    def __getitem__(self, path: PathLike) -> bytes:
        name = relative(path)
        try:
            return self._files.get(name)
        except Error:
            # Either there is none, or all of them are in use; the listing knows.
            if path in self:
                raise
            raise KeyError(path) from None

    def __setitem__(self, path: PathLike, content: Content) -> None:
        self._files.put(relative(path), content_bytes(content))

    def __delitem__(self, path: PathLike) -> None:
        if path not in self:
            raise KeyError(path)
        self._files.remove(relative(path))

    def _paths(self) -> Iterator[bytes]:
        return (path for path, size in self._files.list() if size >= 0 and not path.endswith(b"/"))

    def __iter__(self) -> Iterator[str]:
        return iter([self._prefix + os.fsdecode(path) for path in self._paths()])

    def __len__(self) -> int:
        return sum(1 for _ in self._paths())

    def __contains__(self, path: object) -> bool:
        if not isinstance(path, (str, os.PathLike)):
            return False
        name = os.path.normpath(relative(path))
        return any(name == each for each in self._paths())

    def save(self, directory: PathLike) -> None:
        """Writes all files below a directory of this machine, which is created if it does not exist. Names that could lead
        out of it do not exist in memory, and links are left out."""
        _save(self, directory)

    def __repr__(self) -> str:
        try:
            paths = list(self)
        except Exception:
            return "<wlpy.Files in use>"
        more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
        return f"<wlpy.Files: {', '.join(paths[:5]) or 'empty'}{more}>"


class Changed(Mapping[str, bytes]):
    """The files of a directory in memory that a guest has written: those that are new, or not what they were.

    They are found when somebody looks for the first time.
    """

    __slots__ = ("_before", "_files", "_found", "_kept")

    def __init__(self, files: Files, before: Mapping[str, bytes]) -> None:
        self._files = files
        self._before = before
        self._found: dict[str, None] | None = None
        self._kept: dict[str, bytes] | None = None

    def keep(self) -> Changed:
        """Itself, with contents that stay when the directory is gone or changes."""
        self._kept = {path: self._files[path] for path in self._paths()}
        return self

    def _paths(self) -> dict[str, None]:
        if self._found is None:
            files, before = self._files, self._before
            self._found = {path: None for path in files if path not in before or files[path] != before[path]}
        return self._found

    def __getitem__(self, path: str) -> bytes:
        if self._kept is not None:
            return self._kept[path]
        if path not in self._paths():
            raise KeyError(path)
        return self._files[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths())

    def __len__(self) -> int:
        return len(self._paths())

    def save(self, directory: PathLike) -> None:
        """Writes them below a directory of this machine."""
        _save(self, directory)

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{path!r}: <{len(self[path])} bytes>" for path in self) + "}"


def _save(files: Mapping[str, bytes], directory: PathLike) -> None:
    for path in files:
        target = os.path.join(directory, path.lstrip("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with open(os.open(target, flags, 0o666), "wb") as file:
            file.write(files[path])


class Directory:
    """A directory of this machine that a guest sees, read-only unless it says otherwise."""

    __slots__ = ("path", "writable")

    def __init__(self, path: PathLike, *, writable: bool = False) -> None:
        self.path = os.fspath(path)
        self.writable = bool(writable)

    def __repr__(self) -> str:
        return f"wlpy.Directory({self.path!r}, writable={self.writable})"
