"""Pack the standard library into a zip of byte code.

    pack.py LIB SYSCONFIGDATA ZIP MODULES TABLE SWITCHES ROOT WORD...

The same input gives the same bytes everywhere: entries are sorted, times are fixed, and nothing shows where or when
it was packed. SYSCONFIGDATA is the build's description of itself. In it, ROOT becomes /wl; words of values that
contain one of WORD (directories of the build machine) are left out, and so are variables about the build machine's
programs.

TABLE becomes a table of all modules of the standard library, existing or missing, with the remarks in MODULES.
Modules that MODULES lists as absent are left out of the zip. SWITCHES are the recipe's switches that are on, as one
argument with spaces."""

import importlib.util
import marshal
import os
import re
import shlex
import sys
import zipfile

# Modules that cannot be used without a screen, other processes or a package index, and modules that only test Python
# itself.
LEFT_OUT = {"test", "tests", "ensurepip", "idlelib", "lib2to3", "tkinter", "turtledemo", "venv", "__pycache__",
            "site-packages"}
# Every start needs these. They are stored uncompressed, so that nothing has to be inflated.
EVERY_START = {"encodings/__init__.pyc", "encodings/aliases.pyc", "encodings/utf_8.pyc"}
# Variables about how the build machine ran the build or would test the result.
BUILD_ONLY = ("BUILD_GNU_TYPE", "build", "COVERAGE", "HOSTRUNNER", "INSTALL", "LLVM_", "MKDIR_P", "PGO_", "PROFILE_", "PYTHON_FOR_", "TEST")
# The names of sources, as library-names.patch expects them.
INSIDE = "/usr/local/lib/python{}.{}/".format(*sys.version_info)


def modules(lib, remarks):
    for folder, folders, files in os.walk(lib):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        for name in files:
            path = os.path.join(folder, name)
            inside = os.path.relpath(path, lib)
            if name.endswith(".py") and not absent(inside, remarks):
                with open(path, "rb") as file:
                    yield inside, file.read()


def absent(name, remarks):
    """Whether a file belongs to a module or package that cannot be imported anyway."""
    parts = name.removesuffix(".py").split("/")
    return any(remarks.get(".".join(parts[:count]), [""])[0] == "absent" for count in range(1, len(parts) + 1))


def sysconfigdata(path, root, words):
    """The build's variables as source text, without the build machine's directories."""
    scope = {}
    with open(path) as file:
        exec(file.read(), scope)

    def clean(name, value):
        if not isinstance(value, str):
            return value
        if name == "CONFIG_ARGS":
            value = shlex.join(part for part in shlex.split(value)
                               if not part.startswith(("build", "--build=")) and not any(word in part for word in words))
        elif any(word in value for word in words):
            value = " ".join(part for part in value.split() if not any(word in part for word in words))
        return value.replace(root, "/wl")

    lines = [f"    {name!r}: {clean(name, value)!r},\n" for name, value in sorted(scope["build_time_vars"].items())
             if not name.startswith(BUILD_ONLY)]
    return ("build_time_vars = {\n" + "".join(lines) + "}\n").encode()


def byte_code(name, source):
    code = compile(source, INSIDE + name, "exec", dont_inherit=True, optimize=0)
    # With an unchecked hash: such a file is never compared with a source, and contains no time. So any hash is good; 0 marks
    # the library for library-names.patch.
    flags = (1).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + bytes(8) + marshal.dumps(code)


def remarks(path, switches):
    """The remarks in modules.txt: {name: (section, reason)}."""
    found = {}
    section, counts = None, True
    with open(path) as file:
        for line in map(str.strip, file):
            names, colon, reason = line.partition(": ")
            header = re.fullmatch(r"\[(absent|refused|useless|limited)(?: (with|without) (\w+))?\]", line)
            if header:
                section, when, switch = header.groups()
                counts = not when or (when == "with") == (switch in switches)
            elif line and not line.startswith("#"):
                assert section and colon and reason, f"{path}: {line!r} is not \"MODULE...: reason\" in a section"
                for name in names.split() if counts else ():
                    assert name not in found, f"{path}: {name} is listed twice"
                    found[name] = section, reason
    return found


def table(lib, remarks):
    """All top-level modules of Python, and those in packages, or of our own, that have a remark."""
    def exists(name):
        path = os.path.join(lib, *name.split("."))
        return os.path.exists(path + ".py") or os.path.isdir(path)

    names = set(sys.stdlib_module_names) | {name for name in remarks if exists(name)}
    yield "module", "status", "note"
    for name in sorted(names):
        section, reason = remarks.get(name, ("", ""))
        yield name, {"absent": "no", "refused": "no", "useless": "useless"}.get(section, "yes"), reason


def main(lib, data, target, modules_from, table_to, switches, root, *words):
    said = remarks(modules_from, switches.split())
    with open(table_to, "w") as file:
        file.writelines("\t".join(row) + "\n" for row in table(lib, said))
    sources = dict(modules(lib, said))
    sources[os.path.basename(data)] = sysconfigdata(data, root, [word for word in words if word])
    packed = [(name + "c", byte_code(name, source)) for name, source in sources.items()]
    with zipfile.ZipFile(target, "w") as file:
        for name, content in sorted(packed):
            entry = zipfile.ZipInfo(name)  # of 1980-01-01
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_STORED if name in EVERY_START else zipfile.ZIP_DEFLATED
            file.writestr(entry, content, compresslevel=9)


main(*sys.argv[1:])
