"""mcp_client.py WLPY PROGRAM: uses wlpy's server by the SDK of the Model Context Protocol, as programs that have a model do."""
import ast
import asyncio
import base64
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


async def call(client, name, /, **arguments):
    result = await client.call_tool(name, arguments)
    return result, [each.text for each in result.content if each.type == "text"]


async def sooner_or_later(attempt):
    """On a busy machine code may not have begun, or get no time to notice an interrupt: one of some attempts does."""
    for _ in range(30):
        if await attempt():
            return
    raise AssertionError("it never came to its end in time")


async def check(session):
    info = await session.initialize()
    assert info.server_info.name == "wlpy" and "sandbox" in info.instructions, info
    await session.send_ping()
    tools = {tool.name: tool for tool in (await session.list_tools()).tools}
    assert set(tools) == {"run_python", "run_in_session", "end_session", "put_file", "get_file", "list_files", "list_packages"}
    assert tools["run_python"].input_schema["required"] == ["code"]

    result, texts = await call(session, "run_python", code="print('one')\nx = 20\nx + 1")
    assert not result.is_error and texts == ["one\n", "21"], result
    result, texts = await call(session, "run_python", code="x")
    assert result.is_error and "NameError" in texts[-1], result
    result, texts = await call(session, "run_in_session", code="x = [1]")
    assert not result.is_error and texts == [], result
    assert (await call(session, "run_in_session", code="x.append(2); x"))[1] == ["[1, 2]"]
    assert "NameError" in (await call(session, "run_in_session", code="x", session="other"))[1][-1]
    assert (await call(session, "end_session"))[1] == ["The session default has ended."]
    assert "NameError" in (await call(session, "run_in_session", code="x"))[1][-1]
    assert (await call(session, "end_session", session="none"))[0].is_error

    # The machine's files cannot be seen.
    result, texts = await call(session, "run_python", code="import os; sorted(os.listdir('/')), os.path.exists('/etc/passwd')")
    assert not result.is_error and "False" in texts[-1] and "etc" not in texts[-1], texts
    result, texts = await call(session, "run_python", code="import urllib.request as r; r.urlopen('http://127.0.0.1:1')")
    assert result.is_error and "Error" in texts[-1], texts

    # Files and images.
    assert not (await call(session, "put_file", path="in/a.txt", text="Zeilen\n"))[0].is_error
    assert not (await call(session, "put_file", path="b.bin", base64=base64.b64encode(b"\0\xff").decode()))[0].is_error
    result, texts = await call(session, "run_in_session", code="open('in/a.txt').read(), open('/files/b.bin', 'rb').read()")
    assert texts == ["('Zeilen\\n', b'\\x00\\xff')"], texts
    await call(session, "run_in_session", code=f"open('c.png', 'wb').write({PNG!r}); None")
    result, texts = await call(session, "get_file", path="c.png")
    assert result.content[0].type == "image" and base64.b64decode(result.content[0].data) == PNG, result
    result, texts = await call(session, "get_file", path="/files/b.bin")
    assert base64.b64decode(result.content[0].resource.blob) == b"\0\xff", result
    assert (await call(session, "get_file", path="in/a.txt"))[1] == ["Zeilen\n"]
    texts = (await call(session, "list_files"))[1]
    assert texts == ["in/\nin/a.txt (7 bytes)\nb.bin (2 bytes)\nc.png (%d bytes)\n" % len(PNG)], texts
    for path in "", "/etc/passwd", "../x", "none":
        assert (await call(session, "get_file", path=path))[0].is_error, path
    result, texts = await call(
        session, "run_in_session", code=f"class P:\n def _repr_png_(self): return {PNG!r}\n def __repr__(self): return 'P'\nP()")
    assert [each.type for each in result.content] == ["image", "text"] and texts == ["P"], result
    # A table comes as the text that it has for that.
    result, texts = await call(session, "run_python", code="class T:\n def _repr_html_(self): return '<table></table>'\ndisplay(T())")
    assert texts == ["<table></table>"], result
    result, texts = await call(session, "list_packages")
    assert texts[0].startswith("Python 3."), texts

    # What is wrong.
    assert (await call(session, "run_python"))[0].is_error
    for wrong in {"timeout": "1"}, {"timeout": 0}, {"tiemout": 1}, {"session": "x"}:
        result, texts = await call(session, "run_python", code="1", **wrong)
        assert result.is_error and next(iter(wrong)) in texts[0], (wrong, result)
    assert (await call(session, "run_python", code="5", timeout=None))[1] == ["5"]
    assert (await call(session, "put_file", path="a", text="a", base64="YQ=="))[0].is_error
    assert (await call(session, "put_file", path="a", base64="*"))[0].is_error
    try:
        await session.call_tool("none", {})
    except Exception as error:
        assert "no tool" in str(error), error
    else:
        raise AssertionError("a tool that does not exist was called")

    # Time, several at once, and a session that survives.
    async def survives():
        await call(session, "run_in_session", code="kept = 1")
        result, texts = await call(session, "run_in_session", code="while True: pass", timeout=0.3)
        assert result.is_error, texts
        return (await call(session, "run_in_session", code="kept"))[1] == ["1"]

    await sooner_or_later(survives)
    code = "import time; begin = time.time(); time.sleep(1); {}, begin, time.time()"
    all_of_them = await asyncio.gather(*(call(session, "run_python", code=code.format(i)) for i in range(8)))
    values = [ast.literal_eval(texts[0]) for result, texts in all_of_them]
    assert [value[0] for value in values] == list(range(8)), values
    assert any(one[1] < other[1] < one[2] for one in values for other in values), "they ran one after the other"

    # Progress, and a call that is cancelled.
    reports = []

    async def report(progress, total, message):
        reports.append((progress, total))

    await session.call_tool("run_python", {"code": "import time; time.sleep(2.5)", "timeout": 100}, progress_callback=report)
    assert reports and all(0 < progress <= total == 300 for progress, total in reports), reports

    async def is_cancelled():
        waiting = asyncio.ensure_future(call(session, "run_in_session", code="kept = 2\nwhile True: pass"))
        await asyncio.sleep(0.5)
        waiting.cancel()
        return (await asyncio.wait_for(call(session, "run_in_session", code="kept"), 60))[1] == ["2"]

    await sooner_or_later(is_cancelled)


async def main(wlpy, program):
    parameters = StdioServerParameters(command=wlpy, args=["mcp", "--program", program, "--deadline", "300", "--max-sessions", "4"])
    async with stdio_client(parameters) as (read, write):
        async with ClientSession(read, write) as session:
            await check(session)


asyncio.run(main(*sys.argv[1:]))
