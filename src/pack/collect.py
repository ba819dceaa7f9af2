"""Puts the files of an app into a directory, as they will be seen below /usr/local/app, and compiles them.

Run by src/pack/ with the Python of the build machine that belongs to the app's Python (port build-python).

    collect.py gather FOLDER --program PROGRAM --data SOURCE=PLACE ...
                                                copies a program and its data
    collect.py site FOLDER [--strip-source]     compiles what pip has installed there
    collect.py app FOLDER --site FOLDER ...     compiles what was gathered, and tells what src/pack/ is to know, as lines
                                                to the descriptor $STATUS_FD:
        "target KIND WHAT"                      what the app runs
        "import MODULE[:NAME,...]"              what that imports as it starts
        "warning TEXT"
        "failed TEXT"                           why it ends with status 1 (without a descriptor: to stderr)
"""
import argparse
import ast
import configparser
import glob
import importlib.util
import os
import py_compile
import shutil
import sys

SEEN = "/usr/local/app"
SKIPPED = ("__pycache__",)
# Files are memory of the module, which has 4 GB at most and copies them while it is made.
MOST_BYTES = 1 << 30
copied = 0


def tell(text):
    os.write(int(os.environ["STATUS_FD"]), (text.replace("\n", " ") + "\n").encode("utf-8", "backslashreplace"))


def fail(text):
    if "STATUS_FD" in os.environ:
        tell(f"failed {text}")
        sys.exit(1)
    sys.exit(text)


def walk(folder):
    """All files below a directory, as paths relative to it, in an order that does not depend on the file system."""
    for here, folders, files in os.walk(folder, followlinks=False, onerror=lambda e: fail(f"{e.filename}: {e.strerror}")):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in SKIPPED)
        for file in sorted(files):
            if not file.startswith(".") and not file.endswith((".pyc", ".pyo")):
                yield os.path.relpath(os.path.join(here, file), folder)


def copy(source, to):
    global copied
    os.makedirs(os.path.dirname(to), exist_ok=True)
    try:
        copied += os.stat(source).st_size
        if copied > MOST_BYTES:
            fail(f"{source}: with it the app has more than 1 GB of files; give the program a directory when it is started")
        shutil.copyfile(source, to)
    except OSError as e:
        fail(f"{e.filename}: {e.strerror}")


def compile_tree(folder, seen, strip, strict):
    """Byte code beside every source file, or in its place."""
    for name in walk(folder):
        if not name.endswith(".py"):
            continue
        file = os.path.join(folder, name)
        code = file + "c" if strip else importlib.util.cache_from_source(file)
        try:
            py_compile.compile(file, cfile=code, dfile=f"{seen}/{name}", doraise=True, quiet=1,
                               invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        except py_compile.PyCompileError as e:
            # Wheels bring templates and files for other Pythons.
            if strict:
                fail(f"{name}: {str(e.exc_value)}")
            continue
        if strip:
            os.remove(file)


def parse(file, name):
    try:
        with open(file, "rb") as f:
            return ast.parse(f.read(), name)
    except OSError as e:
        fail(f"{e.filename}: {e.strerror}")
    except (SyntaxError, ValueError) as e:
        fail(f"{name}: {e}")


def imports(tree, package=()):
    """(module, names) of each import statement among the nodes; names is empty for `import module`."""
    for node in tree:
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, []
        elif isinstance(node, ast.ImportFrom):
            parts = list(package[:len(package) - node.level + 1]) if node.level else []
            module = ".".join(parts + ([node.module] if node.module else []))
            if module and module != "__future__":
                yield module, [n.name for n in node.names if n.name != "*"]


def with_neighbours(script):
    """The script and what it imports from its own directory, directly or not."""
    folder = os.path.dirname(script) or "."
    found, waiting = {}, [os.path.basename(script)]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = True
        package = tuple(name.split("/")[:-1])
        for module, names in imports(ast.walk(parse(os.path.join(folder, name), name)), package):
            top = module.split(".")[0]
            if os.path.isfile(os.path.join(folder, top, "__init__.py")):
                waiting += [f"{top}/{f}" for f in walk(os.path.join(folder, top)) if f.endswith(".py")]
                found.update((f"{top}/{f}", True) for f in walk(os.path.join(folder, top)) if not f.endswith(".py"))
            elif os.path.isfile(os.path.join(folder, top + ".py")):
                waiting.append(top + ".py")
    return folder, sorted(found)


def add_data(to, given):
    source, _, place = given.partition("=")
    place = os.path.normpath(place or os.path.basename(os.path.normpath(source)))
    if os.path.isabs(place) or place.split("/")[0] in ("..", "site-packages"):
        fail(f"--include-data {given}: {place} is not a place below the app's own directory")
    if os.path.isdir(source):
        for name in walk(source):
            copy(os.path.join(source, name), os.path.join(to, place, name))
    else:
        copy(source, os.path.join(to, place))


def add_program(a):
    if a.program is None:
        return
    if os.path.isdir(a.program):
        if not (a.no_main or os.path.isfile(os.path.join(a.program, "__main__.py"))):
            fail(f"{a.program}: there is no __main__.py in this directory; name the program's file, or a module with --module")
        folder, names = a.program, list(walk(a.program))
    else:
        folder, names = with_neighbours(a.program)
    for name in names:
        copy(os.path.join(folder, name), os.path.join(a.folder, name))


def entry_point(site, wanted):
    found = {}
    for file in sorted(glob.glob(os.path.join(glob.escape(site), "*.dist-info/entry_points.txt")) if site else []):
        known = configparser.ConfigParser(delimiters="=", interpolation=None)
        known.optionxform = str
        known.read(file, "utf-8")
        if known.has_section("console_scripts"):
            for name, value in known.items("console_scripts"):
                found[name] = value.split("[")[0].replace(" ", "")
    if wanted not in found:
        there = ", ".join(sorted(found)) or "none at all"
        fail(f"--entry-point {wanted}: no requirement has a console script of that name; they have {there}")
    return found[wanted] if ":" in found[wanted] else fail(f"--entry-point {wanted}: it names no function")


def module_file(roots, module):
    """The file that `python -m MODULE` runs, and its package."""
    parts = module.split(".")
    for root in roots:
        place = os.path.join(root, *parts)
        if os.path.isfile(os.path.join(place, "__main__.py")):
            return os.path.join(place, "__main__.py"), parts
        if os.path.isfile(place + ".py"):
            return place + ".py", parts[:-1]
        if os.path.isdir(place):
            fail(f"--module {module}: this package has no __main__.py")
    return None, None


def gather(a):
    add_program(a)
    for given in a.data:
        add_data(a.folder, given)


def compile_app(a):
    tree, package = None, ()
    if a.entry:
        target = "entry " + entry_point(a.site, a.entry)
    elif a.module:
        target = "module " + a.module
        file, package = module_file([a.folder] + ([a.site] if a.site else []), a.module)
        if file:
            tree = parse(file, file)
    else:
        tree = parse(os.path.join(a.folder, a.script), a.script)
        target = f"script {a.script}{'c' if a.strip_source else ''}"
    compile_tree(a.folder, SEEN, a.strip_source, True)
    tell(f"target {target}")
    for module, names in imports(tree.body if tree else [], tuple(package)):
        if module != "__main__":
            tell("import " + module + (":" + ",".join(names) if names else ""))


def compile_site(a):
    # Programs for the build machine.
    shutil.rmtree(os.path.join(a.folder, "bin"), ignore_errors=True)
    # Of packages that work without. (No WASI can load them.)
    for name in list(walk(a.folder)):
        if name.endswith((".so", ".pyd", ".dll")):
            os.remove(os.path.join(a.folder, name))
    compile_tree(a.folder, SEEN + "/site-packages", a.strip_source, False)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("what", choices=("gather", "site", "app"))
    p.add_argument("folder")
    p.add_argument("--strip-source", action="store_true")
    p.add_argument("--site")
    p.add_argument("--program")
    p.add_argument("--no-main", action="store_true")
    p.add_argument("--script")
    p.add_argument("--module")
    p.add_argument("--entry")
    p.add_argument("--data", action="append", default=[])
    a = p.parse_args()
    {"gather": gather, "site": compile_site, "app": compile_app}[a.what](a)


main()
