#!/usr/bin/python3
"""wasi-testsuite.py SUITE COMMAND [ARGUMENT...]: runs the compiled modules for preview 1 in a checkout of wasi-testsuite.
COMMAND precedes a module's options and file; it is wl-run, for example. Each module gets a copy of its directory, so that the
checkout does not change.

SKIP in the environment lists modules to skip, separated by commas."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SECONDS = 30  # for one module


def specification(module):
    """The inputs and expected results of a module. Newer files list operations, older ones describe one run."""
    file = module.with_suffix(".json")
    told = json.loads(file.read_text()) if file.exists() else {}
    if "operations" in told:
        operations = {o["type"]: o for o in told["operations"]}
        others = set(operations) - {"run", "wait", "read"}
        if others or told.get("proposals"):
            return None
        told = dict(operations.get("run", {}), exit_code=operations.get("wait", {}).get("exit_code", 0))
        if "read" in operations:
            told[operations["read"].get("id", "stdout")] = operations["read"].get("payload", "")
    return told


def run(command, module, told, work):
    """An empty string, or an error."""
    options = [word for name, value in told.get("env", {}).items() for word in ("--env", f"{name}={value}")]
    if told.get("root"):
        copy = pathlib.Path(work, "root")
        shutil.copytree(module.parent / told["root"], copy, symlinks=True)
        options += ["--dir", f"{copy}::/"]
    try:
        done = subprocess.run([*command, *options, module, *told.get("args", [])], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=SECONDS, check=False, text=True, errors="replace")
    except subprocess.TimeoutExpired:
        return f"it took longer than {SECONDS} s"
    if done.returncode != told.get("exit_code", 0):
        return f"it ended with {done.returncode}: {done.stderr.strip()[:600]}"
    for stream, text in (("stdout", done.stdout), ("stderr", done.stderr)):
        if stream in told and text != told[stream]:
            return f"its {stream} is {text!r} and not {told[stream]!r}"
    return ""


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    modules = sorted(pathlib.Path(sys.argv[1]).glob("tests/*/testsuite/wasm32-wasip1/*.wasm"))
    if not modules:
        sys.exit(f"{sys.argv[1]} has no compiled module for preview 1")
    skipped = set(filter(None, os.environ.get("SKIP", "").split(",")))
    failed = 0
    print(f"1..{len(modules)}")
    for number, module in enumerate(modules, 1):
        name = f"{module.parts[-4]}: {module.stem}"
        told = specification(module)
        if told is None or module.stem in skipped:
            print(f"ok {number} - {name} # SKIP")
            continue
        with tempfile.TemporaryDirectory(prefix="wl-suite.") as work:
            wrong = run(sys.argv[2:], module.resolve(), told, work)
        for line in wrong.splitlines():
            print(f"# {line}")
        print(f"{'not ' if wrong else ''}ok {number} - {name}")
        failed += bool(wrong)
    print(f"# {len(modules) - failed} of {len(modules)} did not fail")
    sys.exit(1 if failed else 0)


main()
