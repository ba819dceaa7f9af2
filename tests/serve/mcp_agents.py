"""mcp_agents.py langchain|smolagents|pydantic_ai WLPY PROGRAM: uses wlpy's server by the lines of docs/mcp.md, without a model."""
import asyncio
import sys

PACKAGE, WLPY, PROGRAM = sys.argv[1:]
ARGS = ["mcp", "--program", PROGRAM]


async def langchain():
    from langchain_mcp_adapters.client import MultiServerMCPClient

    client = MultiServerMCPClient({"python": {"transport": "stdio", "command": WLPY, "args": ARGS}})
    tools = {tool.name: tool for tool in await client.get_tools()}
    answer = await tools["run_python"].ainvoke({"code": "print('one')\n6 * 7"})
    assert [each["text"] for each in answer] == ["one\n", "42"], answer
    # (Some versions raise what others return.)
    try:
        answer = await tools["run_python"].ainvoke({"code": "1 / 0"})
    except Exception as error:
        answer = error
    assert "ZeroDivisionError" in str(answer), answer


async def smolagents():
    from mcp import StdioServerParameters
    from smolagents import MCPClient

    def use():
        with MCPClient(StdioServerParameters(command=WLPY, args=ARGS), structured_output=False) as tools:
            run = next(tool for tool in tools if tool.name == "run_python")
            answer = run(code="6 * 7")
            assert answer == "42", answer

    await asyncio.to_thread(use)


async def pydantic_ai():
    from fastmcp.client.transports import StdioTransport
    from pydantic_ai import Agent
    from pydantic_ai.mcp import MCPToolset
    from pydantic_ai.models.test import TestModel

    toolset = MCPToolset(StdioTransport(WLPY, ARGS))
    async with toolset:
        answer = await toolset.direct_call_tool("run_python", {"code": "6 * 7"})
        assert str(answer) == "42", answer
    # An agent calls all of its tools, with arguments that fit their schemas.
    result = await Agent(TestModel(call_tools=["list_packages"]), toolsets=[MCPToolset(StdioTransport(WLPY, ARGS))]).run("What is there?")
    assert "Python 3." in result.output, result.output


asyncio.run({"langchain": langchain, "smolagents": smolagents, "pydantic_ai": pydantic_ai}[PACKAGE]())
