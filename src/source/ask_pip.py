"""Runs the machine's pip for the Python of an app, which is of another version and on another system.

    ask_pip.py PYTHON pip ARGUMENT...          pip itself
    ask_pip.py PYTHON given FILE ARGUMENT...   the same, with the text on stdin for what FILE has
    ask_pip.py PYTHON tell FOLDER WHEEL...     tells of each wheel in a folder, with tabs between:
        name, version, the chain of packages that want it ("a -> b"), and the chain from it to the nearest of the WHEELs
        ("" where it needs none of them)
    ask_pip.py PYTHON newer FOLDER OPTION...   tells of each wheel in a folder of which pip, with these options, knows a
        newer version that the requirements on stdin and the other wheels would allow: name, version, newer version

PYTHON is the app's version: 3.13.5. Environment markers are evaluated for that Python; pip has options for all else, but
none for those. And no program is started. To learn what a source archive, a folder or a repository is called, pip would
run the code in it, on this machine and with the user's rights, even where it is told to take nothing but wheels."""
import builtins
import collections
import contextlib
import email.parser
import io
import os
import re
import sys
import zipfile

# What would shadow the modules of others is this file's folder.
sys.path.pop(0)

STARTS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.spawn", "os.fork", "os.forkpty")
# pip asks them what machine this is, and for passwords where it is configured so.
HELPERS = ("keyring", "lsb_release", "rustc", "uname")
MOST_METADATA = 4 << 20


def start_nothing(event, args):
    if event not in STARTS:
        return
    program = os.path.basename(os.fsdecode(args[0])) if args and isinstance(args[0], (str, bytes)) else "a process"
    if event == "os.posix_spawn" and program in HELPERS or event == "subprocess.Popen" and program in HELPERS:
        return
    # (pip catches some exceptions, so that the words may not be the last ones.)
    print("ERROR: it would start", program, file=sys.stderr, flush=True)
    raise PermissionError(f"it would start {program}")


def set_markers(version):
    """As the Python in the guest has them."""
    from pip._vendor.packaging import markers

    values = {
        "implementation_name": "cpython",
        "implementation_version": version,
        "os_name": "posix",
        "platform_machine": "wasm32",
        "platform_python_implementation": "CPython",
        "platform_release": "0.0.0",
        "platform_system": "wasi",
        "platform_version": "0.0.0",
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
        "sys_platform": "wasi",
    }
    if not hasattr(markers, "default_environment"):
        sys.exit("ERROR: this pip cannot be told of another Python; install another version of it")
    markers.default_environment = lambda: dict(values)


def give(file, text):
    """Lets pip read a text where it would read a file, which may have become another since it was looked at."""
    really = io.open

    def instead(name, mode="r", *args, **more):
        if name != file or set(mode) & set("wax+"):
            return really(name, mode, *args, **more)
        return io.BytesIO(text) if "b" in mode else io.TextIOWrapper(io.BytesIO(text), "utf-8")

    io.open = builtins.open = instead


def normalized(name):
    return re.sub("[-_.]+", "-", name).lower()


def metadata(file):
    """What a wheel says of itself; None where it cannot be read."""
    try:
        with zipfile.ZipFile(file) as z:
            for info in z.infolist():
                if re.fullmatch(r"[^/]+\.dist-info/METADATA", info.filename) and info.file_size <= MOST_METADATA:
                    return email.parser.Parser().parsestr(z.read(info).decode("utf-8", "replace"), headersonly=True)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        pass
    return None


def required(said):
    """The names that a wheel requires: always first, then those of extras."""
    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement

    always, sometimes = [], []
    for text in (said.get_all("Requires-Dist") or []) if said else []:
        try:
            r = Requirement(text)
        except InvalidRequirement:
            continue
        if not r.marker or r.marker.evaluate({"extra": ""}):
            always.append(normalized(r.name))
        elif any(r.marker.evaluate({"extra": e}) for e in said.get_all("Provides-Extra") or []):
            sometimes.append(normalized(r.name))
    return always + sometimes


def path(start, edges, end):
    """The shortest way from start to where end() holds; [] if there is none."""
    came, waiting = {start: None}, collections.deque([start])
    while waiting:
        here = waiting.popleft()
        if end(here):
            way = []
            while here is not None:
                way.append(here)
                here = came[here]
            return way[::-1]
        for there in edges.get(here, ()):
            if there not in came:
                came[there] = here
                waiting.append(there)
    return []


def tell(folder, named):
    versions, down, up, ends = {}, {}, collections.defaultdict(list), set()
    for file in sorted(os.listdir(folder)):
        if file.endswith(".whl"):
            name = normalized(file.split("-")[0])
            versions[name] = file.split("-")[1]
            down[name] = required(metadata(os.path.join(folder, file)))
            if file in named:
                ends.add(name)
    for name, wanted in down.items():
        down[name] = [w for w in wanted if w in versions]
        for w in down[name]:
            up[w].append(name)
    for name in versions:
        wants = path(name, up, lambda n: not up.get(n))[::-1] or [name]
        print(name, versions[name], " -> ".join(wants), " -> ".join(path(name, down, ends.__contains__)), sep="\t")


def listed(name, options):
    """The versions that pip knows of a package."""
    from pip._internal.cli.main import main as run

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run(["index", "versions", name, *options])
    found = re.search("^Available versions: (.*)$", out.getvalue(), re.MULTILINE)
    return found[1].split(", ") if found else []


def bounds(folder, requirements):
    """What the requirements and the wheels in a folder say of versions, by name; None where one names a file itself."""
    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement

    texts = [re.sub(r"(^|\s)#.*$|\s--hash.*$", "", line).strip() for line in requirements.splitlines()]
    for file in os.listdir(folder):
        said = metadata(os.path.join(folder, file))
        texts += (said.get_all("Requires-Dist") or []) if said else []
    found = {}
    for text in texts:
        try:
            r = Requirement(text)
        except InvalidRequirement:
            continue
        if not r.marker or r.marker.evaluate({"extra": ""}):
            known = found.setdefault(normalized(r.name), [])
            if r.url:
                found[normalized(r.name)] = None
            elif known is not None:
                known.append(r.specifier)
    return found


def parsed(text):
    """None where it is one of the old kind, as "0.4.src", which an older pip lists."""
    from pip._vendor.packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except InvalidVersion:
        return None


def newer(folder, requirements, options):
    bound = bounds(folder, requirements)
    for file in sorted(os.listdir(folder)):
        name, taken = file.split("-")[:2] if file.endswith(".whl") else ("", "0")
        limits = bound.get(normalized(name), [])
        best = parsed(taken)
        if not name or not best or limits is None:
            continue
        known = filter(None, map(parsed, listed(name, options)))
        above = [v for v in known if v > best and all(l.contains(v) for l in limits)]
        if above:
            print(normalized(name), taken, max(above), sep="\t")


def main():
    try:
        import pip
    except ImportError:
        sys.exit("No module named pip")
    version, what, *rest = sys.argv[1:]
    set_markers(version)
    if what == "tell":
        tell(rest[0], set(rest[1:]))
        return
    if what == "given":
        give(rest[0], sys.stdin.buffer.read())
        rest = rest[1:]
    sys.addaudithook(start_nothing)
    if what == "newer":
        newer(rest[0], sys.stdin.read(), rest[1:])
        return
    from pip._internal.cli.main import main as run

    sys.argv[0] = "pip"
    sys.exit(run(rest))


main()
