"""DSPy: an interpreter for dspy.RLM and the other modules that run code.

    rlm = dspy.RLM("context, question -> answer", interpreter_factory=WlpyInterpreter)

or, for all modules, `dspy.configure(interpreter_factory=WlpyInterpreter)`.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import keyword
import threading
from collections.abc import Callable
from typing import Any

from dspy.primitives.code_interpreter import (  # type: ignore[import-untyped, unused-ignore]
    CodeExecutionError,
    CodeInterpreterError,
    FinalOutput,
)

from wlpy import Error
from wlpy.adapters._tools import ToolSession


def _wait(awaitable: Any) -> Any:
    """The result of an async tool, for code that waits."""
    outcome: list[Any] = []
    context = contextvars.copy_context()

    async def result() -> Any:
        return await awaitable

    def work() -> None:
        try:
            outcome.extend((True, context.run(asyncio.run, result())))
        except BaseException as error:
            outcome.extend((False, error))

    # On a thread of its own, because this one may have a loop that runs.
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if not outcome[0]:
        raise outcome[1]
    return outcome[1]


class WlpyInterpreter:
    """Runs code in a `wlpy.Session`, whose arguments it takes besides its own.

    tools: functions that the code can call by name. output_fields: the fields of SUBMIT; DSPy sets both.
    """

    execution_instructions = (
        "Code runs as Python in a sandbox with the standard library, without network and without files of the host. Variables, "
        "imports and functions persist. Tools and SUBMIT are global functions; what they take and return is JSON."
    )

    def __init__(
        self,
        tools: dict[str, Callable[..., Any]] | None = None,
        output_fields: list[dict[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        self.tools: dict[str, Callable[..., Any]] = dict(tools or {})
        self.output_fields = output_fields
        self._session = ToolSession(options, {}, ("SUBMIT",))
        self._ended = False

    def start(self) -> None:
        """Starts the session, unless it runs."""
        if self._ended:
            raise CodeInterpreterError("this interpreter was shut down, or its session has ended")
        try:
            with self._session.lock:
                self._session.tools = {**{name: self._caller(name) for name in self.tools}, "SUBMIT": self._submit}
                self._session._start()
        except Error as error:
            raise CodeInterpreterError(str(error)) from error

    def _caller(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            value = self.tools[name](*args, **kwargs)
            return _wait(value) if hasattr(value, "__await__") else value

        return call

    def _submit(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if self.output_fields is None:
            if len(args) != 1 or kwargs:
                raise TypeError("SUBMIT takes one value")
            return {"output": args[0]}
        names = [field["name"] for field in self.output_fields]
        if len(args) > len(names):
            raise TypeError(f"SUBMIT takes {len(names)} values: {', '.join(names)}")
        values = {**dict(zip(names, args)), **kwargs}
        if set(values) != set(names) or len(values) != len(args) + len(kwargs):
            raise TypeError(f"SUBMIT takes a value for each of {', '.join(names)}")
        return values

    def execute(self, code: str, variables: dict[str, Any] | None = None) -> Any:
        """Runs code: a FinalOutput if it called SUBMIT, otherwise its value, or what it printed, or None."""
        for name in variables or {}:
            if not name.isidentifier() or keyword.iskeyword(name) or name == "SUBMIT" or name in self.tools:
                raise CodeInterpreterError(f"a variable cannot have the name {name!r}")
        try:
            json.dumps(variables)
        except (TypeError, ValueError) as error:
            raise CodeInterpreterError(f"variables must be what JSON has: {error}") from error
        with self._session.lock:
            self.start()
            if variables:
                self._session.set(variables)
            result = self._session.eval(code)
        if self._session.is_finished:
            return FinalOutput(self._session.finished)
        if not result.alive:
            self._ended = True
            raise CodeInterpreterError(f"the session has ended: {result.reason or result.end}")
        if result.exception is not None:
            if result.exception.type == "SyntaxError":
                raise SyntaxError(result.exception.message)
            raise CodeExecutionError(str(result.exception))
        if not result.ok:
            raise CodeExecutionError(f"the code has ended: {result.reason or result.end}")
        if result.repr is not None:
            return result.repr if result.json is None else result.value
        return (result.stdout + result.stderr).rstrip("\n") or None

    def __call__(self, code: str, variables: dict[str, Any] | None = None) -> Any:
        return self.execute(code, variables)

    def shutdown(self) -> None:
        """Ends the session for good."""
        self._ended = True
        self._session.close()
