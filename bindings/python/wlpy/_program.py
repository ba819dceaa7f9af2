"""The Pythons that guests run."""

from __future__ import annotations

import os
import threading

from wlpy import _wlpy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wlpy._files import PathLike

# The Python that lies in this package.
PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "python-sandbox.so")

_lock = threading.Lock()
_programs: dict[str, _wlpy.Program] = {}


def program(python: PathLike | None = None) -> _wlpy.Program:
    """The Python of this package, or the one in a file that `wl-make aot --library` has made. Each is loaded once, and stays."""
    path = PATH if python is None else os.path.abspath(os.fsdecode(python))
    found = _programs.get(path)
    if found is None:
        with _lock:
            found = _programs.get(path)
            if found is None:
                found = _programs[path] = _wlpy.Program(os.fsencode(path), 0)
    return found
