"""Runs inside the finished wasm, and checks that the table of modules is true.

    imports.py TABLE ZIP

Every module that the table lists as existing can be imported, and so can every module in ZIP that it does not list
as missing. A missing module cannot be imported. Modules that it lists as useless are not checked. Prints a line for
each module that differs."""

import importlib
import sys
import zipfile

# Importing these has other effects.
SKIPPED = {"antigravity", "this"}
LEFT_OUT = {"test", "tests"}


def in_zip(path):
    for name in zipfile.ZipFile(path).namelist():
        assert name.endswith(".pyc"), name
        parts = name.removesuffix(".pyc").removesuffix("/__init__").split("/")
        assert not LEFT_OUT & set(parts), name
        if parts[-1] != "__main__":
            yield ".".join(parts)


def main(table, zip_path):
    with open(table) as file:
        rows = [line.rstrip("\n").split("\t") for line in file][1:]
    missing = {name for name, status, note in rows if status == "no"}
    useless = {name for name, status, note in rows if status == "useless"}
    names = ({name for name, status, note in rows} | set(in_zip(zip_path))) - SKIPPED - useless
    wrong = 0
    for name in sorted(names):
        parts = name.split(".")
        expected = not any(".".join(parts[:count]) in missing for count in range(1, len(parts) + 1))
        reason = None
        try:
            importlib.import_module(name)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        if expected and reason:
            print(f"module {name} cannot be imported: {reason}")
        elif not expected and not reason:
            print(f"module {name} can be imported, contrary to modules.txt")
        else:
            continue
        wrong += 1
    if wrong:
        sys.exit(f"{wrong} of {len(names)} modules are not as modules.txt says")
    print(f"{len(names)} modules are as they should be, {len(missing)} of them missing")


main(*sys.argv[1:])
