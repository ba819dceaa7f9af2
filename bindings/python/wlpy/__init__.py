"""Python in a sandbox: runs code that you do not trust, inside your process, in a Python of its own.

    >>> import wlpy
    >>> wlpy.run("print(6 * 7)").stdout
    '42\\n'
    >>> with wlpy.Session() as session:
    ...     session.eval("x = 6")
    ...     session.eval("x * 7").value
    42

The sandboxed Python (the "guest") is a complete CPython with its standard library, compiled to WebAssembly and from there to
native code. It sees no file, no variable of the environment, no network and no process of yours unless you name it, and it has
limits of time, memory and output (`wlpy.Limits`) unless you lift them.
"""

from wlpy._errors import Error, RunError, SessionEnded, TimeoutExpired
from wlpy._files import Directory, Files
from wlpy._functions import function
from wlpy._guest import PYTHON as python_version
from wlpy._limits import DEFAULT_LIMITS, Fixed, Limits
from wlpy._result import Display, Evaluation, GuestException, Result
from wlpy._run import DEVNULL, PIPE, evaluate, run
from wlpy._secrets import Secret
from wlpy._session import Session
from wlpy._wlpy import version as __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wlpy.aio import AsyncSession, aevaluate, arun

__all__ = [
    "DEFAULT_LIMITS",
    "DEVNULL",
    "PIPE",
    "AsyncSession",
    "Directory",
    "Display",
    "Error",
    "Evaluation",
    "Files",
    "Fixed",
    "GuestException",
    "Limits",
    "Result",
    "RunError",
    "Secret",
    "Session",
    "SessionEnded",
    "TimeoutExpired",
    "__version__",
    "aevaluate",
    "arun",
    "evaluate",
    "function",
    "python_version",
    "run",
]


def __getattr__(name: str) -> object:
    # asyncio takes longer to import than everything else here, so it waits until somebody wants it.
    if name in ("AsyncSession", "aevaluate", "arun"):
        from wlpy import aio

        return getattr(aio, name)
    raise AttributeError(f"module 'wlpy' has no attribute {name!r}")


def __dir__() -> "list[str]":
    return sorted(__all__)
