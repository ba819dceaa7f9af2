"""The adapters with the packages that they are for. Each is skipped where its package is not installed."""

import asyncio
import importlib.util
import unittest


def needs(package):
    return unittest.skipUnless(importlib.util.find_spec(package), f"without {package}")


@needs("smolagents")
class Smolagents(unittest.TestCase):
    def test_executor(self):
        from smolagents import FinalAnswerTool, tool
        from smolagents.local_python_executor import InterpreterError

        from wlpy.adapters.smolagents import WlpyPythonExecutor

        @tool
        def double(n: int) -> int:
            """Doubles.

            Args:
                n: what to double
            """
            return 2 * n

        executor = WlpyPythonExecutor(timeout=2)
        executor.send_tools({"double": double, "final_answer": FinalAnswerTool()})
        executor.send_variables({"x": 5})
        output = executor("y = double(x)\nprint(y)\ny + 1")
        self.assertEqual((output.output, output.logs, output.is_final_answer), (11, "10\n", False))
        output = executor("try: final_answer([y])\nexcept Exception: pass\nprint('not here')")
        self.assertEqual((output.output, output.is_final_answer, output.logs), ([10], True, ""))
        with self.assertRaisesRegex(InterpreterError, "ZeroDivisionError"):
            executor("print('before')\n1/0")
        self.assertEqual(executor.state["_print_outputs"], "before\n")
        with self.assertRaisesRegex(InterpreterError, "variables are lost"):
            executor("import os; os._exit(1)")
        self.assertEqual(executor("double(4)").output, 8)
        executor.cleanup()

    def test_agent(self):
        from smolagents import CodeAgent, Model, tool
        from smolagents.models import ChatMessage, MessageRole

        from wlpy.adapters.smolagents import WlpyPythonExecutor

        answers = iter(["Thought: compute.\n<code>\nx = price('tea') * 3\nprint(x)\n</code>",
                        "Thought: done.\n<code>\nfinal_answer(x)\n</code>"])

        class Fixed(Model):
            def generate(self, messages, **kwargs):
                return ChatMessage(role=MessageRole.ASSISTANT, content=next(answers))

        @tool
        def price(article: str) -> float:
            """The price.

            Args:
                article: its name
            """
            return {"tea": 4.5}[article]

        agent = CodeAgent(tools=[price], model=Fixed(), executor=WlpyPythonExecutor(), verbosity_level=0)
        self.assertEqual(agent.run("What do three teas cost?"), 13.5)


@needs("dspy")
class DSPy(unittest.TestCase):
    def test_interpreter(self):
        from dspy.primitives.code_interpreter import CodeExecutionError, CodeInterpreter, CodeInterpreterError, FinalOutput

        from wlpy.adapters.dspy import WlpyInterpreter

        async def later(n):
            await asyncio.sleep(0)
            return n + 1

        interpreter = WlpyInterpreter({"twice": lambda n: 2 * n, "later": later}, timeout=2)
        self.assertIsInstance(interpreter, CodeInterpreter)
        interpreter.start()
        self.assertEqual(interpreter.execute("y = twice(x)\ny", {"x": 4}), 8)
        self.assertEqual(interpreter.execute("later(y)"), 9)
        self.assertEqual(interpreter.execute("print(1); print(2)"), "1\n2")
        self.assertIsNone(interpreter.execute("z = 1"))
        self.assertEqual(interpreter.execute("SUBMIT(y)"), FinalOutput({"output": 8}))
        interpreter.output_fields = [{"name": "answer"}, {"name": "why"}]
        self.assertEqual(interpreter.execute("SUBMIT(why='w', answer=1)"), FinalOutput({"answer": 1, "why": "w"}))
        self.assertEqual(interpreter.execute("SUBMIT(1, 'w')"), FinalOutput({"answer": 1, "why": "w"}))
        with self.assertRaisesRegex(CodeExecutionError, "SUBMIT takes"):
            interpreter.execute("SUBMIT(1)")
        interpreter.tools["__new__"] = lambda **k: sorted(k)
        self.assertEqual(interpreter.execute("globals()['__new__'](b=1, a=2)"), ["a", "b"])
        with self.assertRaises(SyntaxError):
            interpreter.execute("x y")
        with self.assertRaisesRegex(CodeExecutionError, "KeyError"):
            interpreter.execute("{}['a']")
        for bad in ({"SUBMIT": 1}, {"a b": 1}, {"x": object()}, {"class": 1}, {"twice": 1}):
            with self.assertRaises(CodeInterpreterError):
                interpreter.execute("1", bad)
        with self.assertRaises(CodeInterpreterError):
            interpreter.execute("import os; os._exit(0)")
        with self.assertRaises(CodeInterpreterError):
            interpreter.execute("1")
        interpreter.shutdown()

    def test_rlm(self):
        import dspy
        from dspy.utils import DummyLM

        from wlpy.adapters.dspy import WlpyInterpreter

        lm = DummyLM([{"reasoning": "count", "code": "n = sum(w == 'tea' for w in context.split())\nprint(n)"},
                      {"reasoning": "done", "code": "SUBMIT(answer=n)"}])
        with dspy.context(lm=lm):
            rlm = dspy.RLM("context, question -> answer: int", max_iters=3, interpreter_factory=WlpyInterpreter)
            self.assertEqual(rlm(context="tea cup tea", question="How many teas?").answer, 2)


@needs("fastmcp")
class FastMCP(unittest.IsolatedAsyncioTestCase):
    async def test_provider(self):
        from fastmcp.exceptions import ToolError

        from wlpy.adapters.fastmcp import WlpySandboxProvider

        async def call_tool(name, params):
            await asyncio.sleep(0.01)
            return {"name": name, **params}

        run = WlpySandboxProvider(timeout=2).run
        functions = {"call_tool": call_tool, "plain": lambda x: x + 1}
        code = "import asyncio\na, b = await asyncio.gather(call_tool('t', {'x': x}), plain(1))\nreturn [a, b]"
        self.assertEqual(await run(code, inputs={"x": 5}, external_functions=functions), [{"name": "t", "x": 5}, 2])
        self.assertEqual(await run("'''a\n  b'''"), "a\n  b")
        self.assertIsNone(await run(""))
        with self.assertRaisesRegex(ToolError, "ValueError: no"):
            await run("raise ValueError('no')")
        with self.assertRaisesRegex(ToolError, "SyntaxError"):
            await run("return return")
        with self.assertRaises(ToolError):
            await run("while True: pass")
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(run("while True: pass"), 0.3)

    async def test_code_mode(self):
        from fastmcp import Client
        from fastmcp import FastMCP as Server
        from fastmcp.experimental.transforms.code_mode import CodeMode

        from wlpy.adapters.fastmcp import WlpySandboxProvider

        server = Server("s", transforms=[CodeMode(sandbox_provider=WlpySandboxProvider())])

        @server.tool
        def add(a: int, b: int) -> int:
            return a + b

        async with Client(server) as client:
            code = "r = await call_tool('add', {'a': 2, 'b': 3})\nreturn r['result'] * 2"
            result = await client.call_tool("execute", {"code": code})
            self.assertIn("10", str(result.content))
            with self.assertRaisesRegex(Exception, "nothing"):
                await client.call_tool("execute", {"code": "await call_tool('nothing', {})"})


@needs("langchain_core")
class LangChain(unittest.TestCase):
    def test_tool(self):
        from wlpy.adapters.langchain import python_tool

        tool = python_tool(tools={"twice": lambda n: 2 * n}, timeout=2)
        self.assertEqual((tool.name, list(tool.args)), ("python", ["code"]))
        self.assertEqual(tool.invoke({"code": "x = twice(4)\nprint('p')\nx"}), "p\n8")
        message = tool.invoke({"type": "tool_call", "id": "1", "name": "python", "args": {"code": "x + 1"}})
        self.assertEqual((message.content, message.artifact.value), ("9", 9))
        self.assertIn("ZeroDivisionError: division by zero", tool.invoke({"code": "1/0"}))
        self.assertIn("the session has ended", tool.invoke({"code": "import os; os._exit(0)"}))
        self.assertEqual(tool.invoke({"code": "twice(1)"}), "2")


@needs("pydantic_ai")
class PydanticAI(unittest.TestCase):
    def test_tool(self):
        from pydantic_ai import Agent
        from pydantic_ai.messages import BinaryContent, ModelResponse, TextPart, ToolCallPart
        from pydantic_ai.models.function import FunctionModel

        from wlpy.adapters.pydantic_ai import python_tool

        seen = []
        code = "class P:\n def _repr_png_(self): return b'png'\nprint(twice(21))\nP()"

        def model(messages, info):
            seen.append(messages)
            if len(messages) == 1:
                self.assertEqual([tool.name for tool in info.function_tools], ["python"])
                return ModelResponse(parts=[ToolCallPart("python", {"code": code})])
            return ModelResponse(parts=[TextPart("done")])

        agent = Agent(FunctionModel(model), tools=[python_tool(tools={"twice": lambda n: 2 * n})])
        self.assertEqual(agent.run_sync("compute").output, "done")
        parts = seen[-1][-1].parts
        self.assertTrue(any("42" in str(part.content) for part in parts))
        content = [each for part in parts if isinstance(part.content, (list, tuple)) for each in part.content]
        self.assertEqual([each.data for each in content if isinstance(each, BinaryContent)], [b"png"])


if __name__ == "__main__":
    unittest.main()
