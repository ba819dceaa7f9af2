"""FastMCP: a sandbox for code mode.

    mcp = FastMCP("server", transforms=[CodeMode(sandbox_provider=WlpySandboxProvider())])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastmcp.exceptions import ToolError

from wlpy.aio import AsyncSession

# Code mode's code uses `return` and `await` outside of functions, so it becomes the body of one.
_GUEST = """
def _wlpy_run(code):
    import ast
    tree = ast.parse(code)
    body = tree.body
    if body and isinstance(body[-1], ast.Expr):
        body[-1] = ast.copy_location(ast.Return(body[-1].value), body[-1])
    main = ast.parse("async def main(): pass")
    main.body[0].body = body or main.body[0].body
    names = dict(globals())
    exec(compile(main, "<code>", "exec"), names)
    return names["main"]()

def _wlpy_functions(names):
    import wlhost
    def later(name):
        def call(*args, **kwargs):
            return wlhost.later.call_tool(name, args, kwargs)
        call.__name__ = name
        return call
    globals().update((name, later(name)) for name in names)
"""


class WlpySandboxProvider:
    """Runs each piece of code in a fresh `wlpy.AsyncSession`, whose arguments it takes."""

    def __init__(self, **options: Any) -> None:
        self.options = options

    async def run(
        self,
        code: str,
        *,
        inputs: dict[str, Any] | None = None,
        external_functions: dict[str, Callable[..., Any]] | None = None,
    ) -> Any:
        """What the code returns, or the value of its last line. Its functions are to be awaited."""
        functions = external_functions or {}

        async def call_tool(name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
            value = functions[name](*args, **kwargs)
            return await value if hasattr(value, "__await__") else value

        async with AsyncSession(**{**self.options, "functions": [*self.options.get("functions", ()), call_tool]}) as session:
            await session.eval(_GUEST, name="<wlpy>", check=True)
            await session.eval(f"_wlpy_functions({list(functions)!r})", name="<wlpy>", check=True)
            await session.set(**(inputs or {}))
            result = await session.eval(f"await _wlpy_run({code!r})", name="<wlpy>")
        if not result.ok:
            raise ToolError(str(result.exception or result.reason or result.end))
        if result.repr is None or result.json is not None:
            return result.value
        return result.repr
