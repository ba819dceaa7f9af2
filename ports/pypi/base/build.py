"""build.py SOURCE OUT [KEY=VALUE...]: builds the wheel of a source tree by the build backend that it names
(https://peps.python.org/pep-0517/), in this process. What the backend requires must be importable."""
import importlib
import os
import sys
import tomllib


def backend_of(source):
    try:
        with open(os.path.join(source, "pyproject.toml"), "rb") as f:
            table = tomllib.load(f).get("build-system", {})
    except FileNotFoundError:
        table = {}
    # A project that names none is built by setuptools, as PEP 517 says.
    if "build-backend" not in table:
        table["build-backend"] = "setuptools.build_meta:__legacy__"
    for path in reversed(table.get("backend-path", [])):
        sys.path.insert(0, os.path.join(source, path))
    module, _, attribute = table["build-backend"].partition(":")
    backend = importlib.import_module(module)
    for name in attribute.split(".") if attribute else []:
        backend = getattr(backend, name)
    return backend


def main():
    source, out, *words = sys.argv[1:]
    settings = {}
    for word in words:
        key, _, value = word.partition("=")
        if key in settings:
            before = settings[key]
            settings[key] = (before if isinstance(before, list) else [before]) + [value]
        else:
            settings[key] = value
    # The directory of this script is no place for modules.
    sys.path.pop(0)
    os.chdir(source)
    backend = backend_of(source)
    if "mesonpy" in sys.modules:
        settings["setup-args"] = os.environ["MESON_SETUP_ARGS"].split()
        # Its logs are there after a failure.
        settings["build-dir"] = os.environ["BUILD"] + "/meson"
        settings["compile-args"] = ["-j" + os.environ["JOBS"]]
    before = set(os.listdir(out))
    name = backend.build_wheel(out, settings or None)
    if set(os.listdir(out)) - before != {name}:
        sys.exit(f"{source}: the build backend has not written {name} and nothing else")
    if os.environ["VAR_NATIVE"] and name.endswith("-none-any.whl"):
        sys.exit(f"{source}: the build has made no native code, which the recipe wants")
    print(name)


main()
