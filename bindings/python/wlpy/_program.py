"""The Python that lies in this package."""

from __future__ import annotations

import os
import threading

from wlpy import _wlpy

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "python-sandbox.so")

_lock = threading.Lock()
_program: _wlpy.Program | None = None


def program() -> _wlpy.Program:
    """It, loaded once."""
    global _program
    if _program is None:
        with _lock:
            if _program is None:
                _program = _wlpy.Program(os.fsencode(PATH), 0)
    return _program
