"""install.py unpack SITE    puts the packages into the directory SITE
install.py compile SITE   replaces their sources by byte code

The wheels are those of the ports wheels/NAME, and the unpacked ones in $SRC/wheels. Which of their files are left out, the
variables say (recipe.yaml)."""
import fnmatch
import glob
import os
import py_compile
import re
import sys
import zipfile

SEEN = f"/usr/local/lib/python{'.'.join(os.environ['VAR_BASE'].split('.')[:2])}/site-packages"
LEAVE = (os.environ["VAR_LEAVE"] + " " + os.environ["VAR_WITHOUT"]).split()
KEEP = os.environ["VAR_KEEP"].split()
# What only an installer needs.
FOR_INSTALLERS = ("RECORD", "RECORD.jws", "RECORD.p7s", "WHEEL", "INSTALLER", "REQUESTED", "direct_url.json")


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, p) for p in patterns)


def place(name):
    """Where a wheel's file goes, or None if it stays out (the wheel's specification, "The .data directory")."""
    found = re.fullmatch(r"[^/]+\.data/(purelib|platlib)/(.+)", name)
    if found:
        name = found[2]
    elif re.match(r"[^/]+\.data/", name):
        return None  # programs and headers for the build machine
    if re.fullmatch(r"[^/]+\.dist-info/[^/]+", name) and name.split("/")[1] in FOR_INSTALLERS:
        return None
    if matches(name, LEAVE) and not matches(name, KEEP):
        return None
    return name


def files_of(directory):
    for here, _, files in os.walk(directory):
        for file in files:
            path = os.path.join(here, file)
            yield os.path.relpath(path, directory), path


def put(site, name, content):
    to = place(name)
    if to is None:
        return
    path = os.path.join(site, to)
    if os.path.exists(path):
        with open(path, "rb") as f:
            if f.read() == content:
                return
        sys.exit(f"two packages have a file {to}")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content)


def unpack(site):
    for variable, directory in sorted(os.environ.items()):
        for wheel in glob.glob(f"{directory}/wheel/*.whl") if variable.startswith("NEED_WHEELS_") else []:
            with zipfile.ZipFile(wheel) as z:
                for info in z.infolist():
                    if not info.is_dir():
                        put(site, os.path.normpath(info.filename), z.read(info))
    for directory in sorted(glob.glob(f"{os.environ['SRC']}/wheels/*")):
        for name, path in files_of(directory):
            with open(path, "rb") as f:
                put(site, name, f.read())


def compile_all(site):
    for name, path in files_of(site):
        if not name.endswith(".py"):
            continue
        try:
            py_compile.compile(path, cfile=path + "c", dfile=f"{SEEN}/{name}", doraise=True, quiet=1, optimize=0,
                               invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        except py_compile.PyCompileError as e:
            # Packages bring templates and files for other Pythons.
            print(f"{name} is not compiled: {e.msg.strip().splitlines()[-1]}")
            continue
        os.remove(path)


{"unpack": unpack, "compile": compile_all}[sys.argv[1]](sys.argv[2])
