"""Imports from directories, zip files and wheels; the data, metadata and source of imported modules."""
import compileall
import contextlib
import importlib
import importlib.metadata
import importlib.resources
import importlib.util
import inspect
import io
import os
import pkgutil
import py_compile
import pydoc
import runpy
import site
import sys
import sysconfig
import textwrap
import traceback
import zipapp
import zipfile
import zipimport

top = sys.argv[1] + "/imports"
tag = sys.implementation.cache_tag


def write(name, text):
    os.makedirs(os.path.dirname(f"{top}/{name}"), exist_ok=True)
    with open(f"{top}/{name}", "w", encoding="utf-8") as file:
        file.write(text)


def fails(kind, text, function, *arguments):
    try:
        result = function(*arguments)
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError((function, arguments, result))


write("pk/__init__.py", "from .sub import x\nfrom . import sub\n")
write("pk/sub/__init__.py", "x = 42\n")
write("pk/__main__.py", "import sys; print('main', sys.argv[1:])\n")
write("pk/sub/data/t.txt", "résource")
write("pk/bad.py", "1/0\n")
write("pk/syn.py", "x = (\n")
sys.path.insert(0, top)

# Directories. Byte code is written if requested.
assert importlib.import_module("pk").x == 42
assert (f"__init__.{tag}.pyc" in os.listdir(top + "/pk")) is False
assert sys.dont_write_bytecode or os.listdir(top + "/pk/__pycache__") == [f"__init__.{tag}.pyc"]
fails(ZeroDivisionError, "division", importlib.import_module, "pk.bad")
fails(SyntaxError, "never closed", importlib.import_module, "pk.syn")
fails(ModuleNotFoundError, "No module named 'pk.nope'", importlib.import_module, "pk.nope")
fails(ImportError, "cannot import name 'nope' from 'pk'", exec, "from pk import nope")
write("mod.py", "v = 1\n")
importlib.invalidate_caches()
mod = importlib.import_module("mod")
write("mod.py", "v = 22\n")
importlib.invalidate_caches()
assert importlib.reload(mod).v == 22
write("ns/inner/m.py", "a = 1")
importlib.invalidate_caches()
assert importlib.import_module("ns.inner.m").a == 1
spec = importlib.util.spec_from_file_location("z", top + "/pk/sub/__init__.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
assert module.x == 42
write("lazy_one.py", "value = 7")
spec = importlib.util.find_spec("lazy_one")
spec.loader = importlib.util.LazyLoader(spec.loader)
module = importlib.util.module_from_spec(spec)
sys.modules["lazy_one"] = module
spec.loader.exec_module(module)
assert module.value == 7
write("a.pth", "pk\n")
site.addsitedir(top)
assert any(path.endswith("/pk") for path in sys.path)

# Data and lists.
assert importlib.resources.files("pk.sub").joinpath("data/t.txt").read_text(encoding="utf-8") == "résource"
assert pkgutil.get_data("pk.sub", "data/t.txt") == "résource".encode()
assert [m.name for m in pkgutil.walk_packages(sys.modules["pk"].__path__, "pk.", onerror=lambda name: None)] == [
    "pk.__main__", "pk.bad", "pk.sub", "pk.syn"]
assert {"json", "pk", "email"} <= {m.name for m in pkgutil.iter_modules()}
assert "mime" in {m.name for m in pkgutil.iter_modules(importlib.import_module("email").__path__)}

# A wheel.
wheel = top + "/w-1.0-py3-none-any.whl"
with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
    for name, text in {
        "whl/__init__.py": "def f():\n    raise KeyError('in wheel')\nn = __file__.count('.whl')\n", "whl/d.txt": "data",
        "w-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: w\nVersion: 1.0\n",
        "w-1.0.dist-info/entry_points.txt": "[console_scripts]\nw = whl:f\n", "w-1.0.dist-info/RECORD": "whl/__init__.py,,\n",
    }.items():
        archive.writestr(name, text)
sys.path.insert(0, wheel)
whl = importlib.import_module("whl")
assert whl.n == 1 and zipimport.zipimporter(wheel).find_spec("whl").origin == wheel + "/whl/__init__.py"
try:
    whl.f()
except KeyError:
    assert "raise KeyError('in wheel')" in traceback.format_exc()
assert importlib.resources.files("whl").joinpath("d.txt").read_text() == "data"
assert importlib.metadata.version("w") == "1.0"
assert [e.value for e in importlib.metadata.entry_points(group="console_scripts", name="w")] == ["whl:f"]
fails(importlib.metadata.PackageNotFoundError, "nope", importlib.metadata.version, "nope")

# Running modules.
assert runpy.run_path(top + "/pk/sub/__init__.py")["x"] == 42
assert runpy.run_module("mod", run_name="q")["__name__"] == "q"
zipapp.create_archive(top + "/pk", top + "/app.pyz", interpreter="/usr/bin/env python3")
with contextlib.redirect_stdout(io.StringIO()) as said:
    runpy.run_path(top + "/app.pyz", run_name="__main__")
assert said.getvalue().startswith("main"), said.getvalue()

# Compiling.
assert py_compile.compile(top + "/mod.py", doraise=True) == f"{top}/__pycache__/mod.{tag}.pyc"
assert not compileall.compile_dir(top, quiet=2, force=True)  # pk/syn.py
assert os.path.exists(f"{top}/pk/__pycache__/bad.{tag}.pyc")

# Questions of tools about code.
assert inspect.getsource(fails).count("\n") == 7
# Names of the library's files, whether it comes as byte code or not.
library = sysconfig.get_path("stdlib")
for module, name in (importlib.import_module("json"), "json/__init__.py"), (textwrap, "textwrap.py"), (os, "os.py"):
    assert module.__file__ == f"{library}/{name}", module.__file__
assert textwrap.dedent.__code__.co_filename == inspect.getsourcefile(textwrap) == textwrap.__file__
assert importlib.import_module("importlib.resources").files("json").joinpath("nothing").is_file() is False
assert inspect.signature(importlib.import_module("json").dumps).parameters["indent"].default is None
assert textwrap.dedent.__doc__.startswith("Remove any common leading whitespace")
assert len(pydoc.render_doc("textwrap.dedent")) > 100
with contextlib.redirect_stdout(io.StringIO()) as said:
    help("str.split")
assert len(said.getvalue()) > 100
try:
    importlib.import_module("json").loads("{")
except ValueError:
    assert "json/decoder.py" in traceback.format_exc()

# A module of machine code for another system is not listed as loadable.
for name in "ext.cpython-313-wasm32-wasi.so", "ext.abi3.so":
    write(name, "")
importlib.invalidate_caches()
fails(ImportError, "", importlib.import_module, "ext")
