"""e2b_client.py: uses wlpy's server by E2B's own SDK, which finds it on port 49999 if E2B_DEBUG is set."""
from e2b_code_interpreter import Sandbox

sandbox = Sandbox.create(debug=True)
out = []
done = sandbox.run_code("print('one')\nx = 41\nx + 1", on_stdout=lambda message: out.append(message.line))
assert done.text == "42" and done.logs.stdout == ["one\n"] and out == ["one\n"] and done.error is None, done
assert sandbox.run_code("x").text == "41"
done = sandbox.run_code("import sys; print('e', file=sys.stderr)\n1 / 0")
assert done.error.name == "ZeroDivisionError" and done.error.value == "division by zero", done
assert "1 / 0" in done.error.traceback and done.logs.stderr == ["e\n"], done
context = sandbox.create_code_context()
assert sandbox.run_code("x", context=context).error.name == "NameError"
sandbox.run_code("x = 'own'", context=context)
assert sandbox.run_code("x", context=context).text == "'own'" and sandbox.run_code("x").text == "41"
assert context.id in [each.id for each in sandbox.list_code_contexts()]
sandbox.restart_code_context(context)
assert sandbox.run_code("x", context=context).error.name == "NameError"
sandbox.remove_code_context(context)
assert sandbox.run_code("import os; os.environ['NAME']", envs={"NAME": "v\u00e4lue \"'"}).text == repr("v\u00e4lue \"'")
done = sandbox.run_code("class P:\n def _repr_png_(self): return b'\\x89PNG'\n def _repr_html_(self): return '<b>'\nP()")
assert any(result.png == "iVBORw==" and result.html == "<b>" for result in done.results), done
