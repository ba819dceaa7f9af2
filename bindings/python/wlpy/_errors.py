"""Exceptions."""

from __future__ import annotations

from wlpy import _wlpy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wlpy._result import Result


class Error(Exception):
    """Something could not be begun: a wrong argument, a directory that does not exist, no memory for a guest.

    What a guest does is never an Error, but a `Result`.
    """

    hint: str
    """What to do, or ""."""
    code: int

    def __init__(self, text: str, hint: str = "", code: int = 125) -> None:
        super().__init__(f"{text} ({hint})" if hint else text)
        self.hint = hint
        self.code = code


class SessionEnded(Error):
    """The session was stopped by a limit, has ended itself, or is closed: it evaluates nothing any more."""


class RunError(Exception):
    """`Result.check()` raises it where a run did not come to a good end. `result` has everything about it."""

    result: Result

    def __init__(self, text: str, result: Result) -> None:
        super().__init__(text)
        self.result = result


class TimeoutExpired(RunError, TimeoutError):
    """The same, where a limit of time has passed."""


_wlpy.set_error(Error)
