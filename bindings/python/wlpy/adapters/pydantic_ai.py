"""PydanticAI: a tool that runs Python.

    agent = Agent(model, tools=[python_tool(timeout=10)])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from pydantic_ai import BinaryContent, Tool, ToolReturn

from wlpy.adapters._tools import DESCRIPTION, ToolSession, describe


def python_tool(
    *,
    name: str = "python",
    description: str = DESCRIPTION,
    tools: Mapping[str, Callable[..., Any]] | None = None,
    **options: Any,
) -> Tool[Any]:
    """A tool over one session, whose arguments it takes. Images that the code displays go to the model as images.

    tools: functions of yours that the code can call.
    """
    session = ToolSession(options, tools or {})

    def run(code: str) -> ToolReturn:
        """Runs Python code.

        Args:
            code: the code.
        """
        result = session.eval(code)
        images = [BinaryContent(display.png, media_type="image/png") for display in result.displays if display.png]
        return ToolReturn(return_value=describe(result), content=images or None, metadata=result)

    return Tool(run, name=name, description=description, takes_ctx=False)
