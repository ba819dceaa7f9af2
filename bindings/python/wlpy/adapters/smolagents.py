"""smolagents: an executor for CodeAgent.

    agent = CodeAgent(tools=[...], model=model, executor=WlpyPythonExecutor(timeout=10))

The agent's tools run on this side, with arguments and results that JSON has; the code itself runs in the sandbox.
"""

from __future__ import annotations

from typing import Any

from smolagents.local_python_executor import (  # type: ignore[import-untyped, unused-ignore]
    CodeOutput,
    InterpreterError,
    PythonExecutor,
)

from wlpy.adapters._tools import ToolSession


class WlpyPythonExecutor(PythonExecutor):  # type: ignore[misc, unused-ignore]
    """Runs the code of an agent in a `wlpy.Session`, whose arguments it takes."""

    def __init__(self, **options: Any) -> None:
        self._session = ToolSession(options, {}, ("final_answer",))
        # The agent looks here for what was printed before an error.
        self.state: dict[str, Any] = {"_print_outputs": ""}

    def send_tools(self, tools: dict[str, Any]) -> None:
        self._session.tools = dict(tools)

    def send_variables(self, variables: dict[str, Any]) -> None:
        if variables:
            self._session.set(variables)

    def __call__(self, code_action: str) -> CodeOutput:
        result = self._session.eval(code_action)
        self.state["_print_outputs"] = result.stdout
        if self._session.is_finished:
            return CodeOutput(output=self._session.finished, logs=result.stdout, is_final_answer=True)
        if not result.ok:
            lost = "" if result.alive else " All variables are lost: the next code starts in a new interpreter."
            raise InterpreterError(f"Code execution failed: {result.exception or result.reason or result.end}.{lost}")
        output = result.repr if result.json is None else result.value
        return CodeOutput(output=output, logs=result.stdout, is_final_answer=False)

    def cleanup(self) -> None:
        self._session.close()
