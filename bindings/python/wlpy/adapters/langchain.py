"""LangChain: a tool that runs Python.

    agent = create_agent(model, tools=[python_tool(timeout=10)])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from langchain_core.tools import BaseTool, StructuredTool

from wlpy import Evaluation
from wlpy.adapters._tools import DESCRIPTION, ToolSession, describe


def python_tool(
    *,
    name: str = "python",
    description: str = DESCRIPTION,
    tools: Mapping[str, Callable[..., Any]] | None = None,
    **options: Any,
) -> BaseTool:
    """A tool over one session, whose arguments it takes. The artifact of its messages is the `wlpy.Evaluation`.

    tools: functions of yours that the code can call.
    """
    session = ToolSession(options, tools or {})

    def run(code: str) -> tuple[str, Evaluation]:
        result = session.eval(code)
        return describe(result), result

    return StructuredTool.from_function(
        run, name=name, description=description, response_format="content_and_artifact", infer_schema=True
    )
