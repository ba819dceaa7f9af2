"""Runs the machine's pip for the Python of an app, which has another version and runs on another system.

    ask_pip.py PYTHON pip ARGUMENT...          runs pip
    ask_pip.py PYTHON given FILE ARGUMENT...   runs pip, which gets the text on stdin when it opens FILE
    ask_pip.py PYTHON chains DIR WHEEL...      prints a line for each wheel in a directory, with tabs between:
        name, version, the chain of packages that require it ("a -> b"), and the chain from it to the nearest of the WHEELs
        ("" if it requires none of them)
    ask_pip.py PYTHON newer DIR OPTION...      prints a line for each wheel in a directory if pip, with these options, knows
        a newer version that the requirements on stdin and the other wheels allow: name, version, newer version
    ask_pip.py PYTHON sources OPTION...        prints a line for each package NAME==VERSION on stdin that has a source archive
        where pip, with these options, looks: name, version, the archive's name, its SHA-256; and pip's warnings
    ask_pip.py PYTHON build ARCHIVE            prints what the build of a source archive requires: a line for each requirement
    ask_pip.py PYTHON manifests ARCHIVE DIR    writes the manifests of the Rust code in a source archive below DIR, and prints a
        line for each directory in which cargo works: its path, "locked" or "", the newest version of Rust that a manifest wants
    ask_pip.py PYTHON crates FILE...           prints a line for each crate in Cargo.lock files: name, version, source, SHA-256

PYTHON is the version of the app's Python: 3.13.5. Environment markers are evaluated for that Python; with "build:" before it,
for the Python of that version on the build machine. pip has options for everything else, but not for those. No program is started: to learn the name of a source archive, a directory or a repository,
pip would run the code in it, on this machine and with the user's rights, even with the option to use only wheels."""
import builtins
import collections
import contextlib
import email.parser
import hashlib
import io
import logging
import os
import platform
import re
import sys
import tarfile
import zipfile

# The modules in this directory must not shadow others.
sys.path.pop(0)

STARTS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.spawn", "os.fork", "os.forkpty")
# pip asks these which machine this is, and for passwords if it is configured to do so.
HELPERS = ("keyring", "lsb_release", "rustc", "uname")
MAX_METADATA = 4 << 20
MAX_MANIFESTS = 20000


def forbid_programs(event, args):
    if event not in STARTS:
        return
    program = os.path.basename(os.fsdecode(args[0])) if args and isinstance(args[0], (str, bytes)) else "a process"
    if event == "os.posix_spawn" and program in HELPERS or event == "subprocess.Popen" and program in HELPERS:
        return
    # pip catches some exceptions, so the message of this one may not be printed.
    print("ERROR: it would start", program, file=sys.stderr, flush=True)
    raise PermissionError(f"it would start {program}")


def set_markers(version):
    """Sets the environment markers to those of the Python in the guest, or of the build machine."""
    from pip._vendor.packaging import markers

    for_build = version.startswith("build:")
    version = version.removeprefix("build:")
    values = {
        "implementation_name": "cpython",
        "implementation_version": version,
        "os_name": "posix",
        "platform_machine": platform.machine() if for_build else "wasm32",
        "platform_python_implementation": "CPython",
        "platform_release": "0.0.0",
        "platform_system": "Linux" if for_build else "wasi",
        "platform_version": "0.0.0",
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
        "sys_platform": "linux" if for_build else "wasi",
    }
    if not hasattr(markers, "default_environment"):
        sys.exit("ERROR: this version of pip cannot evaluate the markers of another Python; install another version of pip")
    markers.default_environment = lambda: dict(values)


def replace_file(file, text):
    """Lets pip read a text instead of a file, which may have changed since it was checked."""
    original = io.open

    def opened(name, mode="r", *args, **more):
        if name != file or set(mode) & set("wax+"):
            return original(name, mode, *args, **more)
        return io.BytesIO(text) if "b" in mode else io.TextIOWrapper(io.BytesIO(text), "utf-8")

    io.open = builtins.open = opened


def normalized(name):
    return re.sub("[-_.]+", "-", name).lower()


def metadata(file):
    """The metadata of a wheel, or None if it cannot be read."""
    try:
        with zipfile.ZipFile(file) as z:
            for info in z.infolist():
                if re.fullmatch(r"[^/]+\.dist-info/METADATA", info.filename) and info.file_size <= MAX_METADATA:
                    return email.parser.Parser().parsestr(z.read(info).decode("utf-8", "replace"), headersonly=True)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        pass
    return None


def required(fields):
    """The names that a wheel requires: first those that it always requires, then those of extras."""
    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement

    always, sometimes = [], []
    for text in (fields.get_all("Requires-Dist") or []) if fields else []:
        try:
            r = Requirement(text)
        except InvalidRequirement:
            continue
        if not r.marker or r.marker.evaluate({"extra": ""}):
            always.append(normalized(r.name))
        elif any(r.marker.evaluate({"extra": e}) for e in fields.get_all("Provides-Extra") or []):
            sometimes.append(normalized(r.name))
    return always + sometimes


def path(start, edges, is_end):
    """The shortest path from start to a node for which is_end() is true; [] if there is none."""
    previous, queue = {start: None}, collections.deque([start])
    while queue:
        node = queue.popleft()
        if is_end(node):
            nodes = []
            while node is not None:
                nodes.append(node)
                node = previous[node]
            return nodes[::-1]
        for neighbour in edges.get(node, ()):
            if neighbour not in previous:
                previous[neighbour] = node
                queue.append(neighbour)
    return []


def print_chains(directory, wheels):
    versions, requires, required_by, ends = {}, {}, collections.defaultdict(list), set()
    for file in sorted(os.listdir(directory)):
        if file.endswith(".whl"):
            name = normalized(file.split("-")[0])
            versions[name] = file.split("-")[1]
            requires[name] = required(metadata(os.path.join(directory, file)))
            if file in wheels:
                ends.add(name)
    for name, names in requires.items():
        requires[name] = [n for n in names if n in versions]
        for n in requires[name]:
            required_by[n].append(name)
    for name in versions:
        up = path(name, required_by, lambda n: not required_by.get(n))[::-1] or [name]
        down = path(name, requires, ends.__contains__)
        print(name, versions[name], " -> ".join(up), " -> ".join(down), sep="\t")


def available(name, options):
    """The versions of a package that pip knows."""
    from pip._internal.cli.main import main as run

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run(["index", "versions", name, *options])
    found = re.search("^Available versions: (.*)$", out.getvalue(), re.MULTILINE)
    return found[1].split(", ") if found else []


def bounds(directory, requirements):
    """What the requirements and the wheels in a directory require of versions, by name; None if one names a file."""
    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement

    texts = [re.sub(r"(^|\s)#.*$|\s--hash.*$", "", line).strip() for line in requirements.splitlines()]
    for file in os.listdir(directory):
        fields = metadata(os.path.join(directory, file))
        texts += (fields.get_all("Requires-Dist") or []) if fields else []
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
    """The version, or None for old ones like "0.4.src", which old versions of pip list."""
    from pip._vendor.packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except InvalidVersion:
        return None


def print_newer(directory, requirements, options):
    bound = bounds(directory, requirements)
    for file in sorted(os.listdir(directory)):
        name, version = file.split("-")[:2] if file.endswith(".whl") else ("", "0")
        limits = bound.get(normalized(name), [])
        best = parsed(version)
        if not name or not best or limits is None:
            continue
        known = filter(None, map(parsed, available(name, options)))
        above = [v for v in known if v > best and all(l.contains(v) for l in limits)]
        if above:
            print(normalized(name), version, max(above), sep="\t")


# What a backend's own hook would add to the requirements, if they are not on the machine. (The hook is code of the backend.)
ADDED = {"mesonpy": ["ninja>=1.8.2"], "scikit_build_core.build": ["cmake>=3.20", "ninja>=1.8.2"]}


def read_member(archive, name):
    """The text of NAME in the archive's only top directory; None if there is none."""
    pattern = re.compile(r"[^/]+/" + re.escape(name))
    if archive.endswith(".zip"):
        with zipfile.ZipFile(archive) as z:
            for info in z.infolist():
                if pattern.fullmatch(info.filename) and info.file_size <= MAX_METADATA:
                    return z.read(info).decode("utf-8")
        return None
    with tarfile.open(archive) as t:
        for member in t:
            if pattern.fullmatch(os.path.normpath(member.name)) and member.isfile() and member.size <= MAX_METADATA:
                return t.extractfile(member).read().decode("utf-8")
    return None


def print_build(archive):
    """PEP 518: https://packaging.python.org/en/latest/specifications/pyproject-toml/"""
    from pip._vendor.packaging.requirements import Requirement

    text = read_member(archive, "pyproject.toml")
    table = (toml_of(text) if text else {}).get("build-system", {"requires": ["setuptools"]})
    for requirement in table["requires"] + ADDED.get(table.get("build-backend", ""), []):
        marker = Requirement(requirement).marker
        if not marker or marker.evaluate({"extra": ""}):
            print(requirement)


def toml_of(text):
    try:
        import tomllib
    except ImportError:
        from pip._vendor import tomli as tomllib
    return tomllib.loads(text)


def members(archive):
    """The files of an archive: their paths below its top directory, and functions that read them."""
    if archive.endswith(".zip"):
        with zipfile.ZipFile(archive) as z:
            for info in z.infolist():
                if not info.is_dir() and info.file_size <= MAX_METADATA:
                    yield info.filename, lambda: z.read(info)
    else:
        with tarfile.open(archive) as t:
            for member in t:
                if member.isfile() and member.size <= MAX_METADATA:
                    yield member.name, lambda: t.extractfile(member).read()


def parents(path):
    while path:
        path = os.path.dirname(path)
        yield path


def has_own_crates(texts, root):
    """Whether the archive brings the crates along: its configuration of cargo replaces the registry."""
    for directory in [root, *parents(root)]:
        for name in (".cargo/config.toml", ".cargo/config"):
            text = texts.get(os.path.join(directory, name))
            if text and toml_of(text).get("source", {}).get("crates-io", {}).get("replace-with"):
                return True
    return False


def wanted_rust(texts, root):
    """The newest rust-version of the manifests below a directory, "" if there is none."""
    found = []
    for file, text in texts.items():
        if os.path.basename(file) == "Cargo.toml" and (not root or file.startswith(root + "/")):
            table = toml_of(text)
            for package in (table.get("package", {}), table.get("workspace", {}).get("package", {})):
                version = package.get("rust-version") if isinstance(package, dict) else None
                if isinstance(version, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)*", version):
                    found.append(version)
    return max(found, key=lambda v: [int(n) for n in v.split(".")], default="")


def print_manifests(archive, directory):
    texts, sources = {}, []
    for path, read in members(archive):
        path = os.path.normpath(path).partition("/")[2]
        if not path or path.startswith("/") or ".." in path.split("/"):
            continue
        if os.path.basename(path) in ("Cargo.toml", "Cargo.lock") or path.endswith((".cargo/config.toml", ".cargo/config")):
            texts[path] = read().decode("utf-8")
        elif path.endswith(".rs"):
            sources.append(path)
        if len(texts) + len(sources) > MAX_MANIFESTS:
            raise ValueError(f"there are more than {MAX_MANIFESTS} files")
    directories = {os.path.dirname(f) for f in texts if os.path.basename(f) == "Cargo.toml"}
    for root in sorted(d for d in directories if not directories.intersection(parents(d))):
        own = has_own_crates(texts, root)
        # cargo looks whether the sources exist, but reads only the manifests. Its configuration stays out, because it can name programs.
        for path in [f for f in texts if os.path.basename(f) in ("Cargo.toml", "Cargo.lock")] + sources:
            file = os.path.join(directory, path)
            if not own and (not root or path.startswith(root + "/")):
                os.makedirs(os.path.dirname(file), exist_ok=True)
                with open(file, "w") as f:
                    f.write(texts.get(path, ""))
        locked = os.path.join(root, "Cargo.lock") in texts
        print("" if own else os.path.join(directory, root), "locked" if locked else "", wanted_rust(texts, root), sep="\t")


def print_crates(files):
    for file in files:
        with open(file) as f:
            for package in toml_of(f.read()).get("package", []):
                # Without a source it is part of the archive.
                if "source" in package:
                    print(package["name"], package["version"], package["source"], package.get("checksum", ""), sep="\t")


def file_digest(file):
    with open(file, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def print_sources(pins, options):
    from pip._internal.commands.download import DownloadCommand

    # Whether an index answers is only in pip's warnings, which pip itself prints for a whole command.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    command = DownloadCommand("download", "")
    with command.main_context():
        parsed, _ = command.parse_args(options)
        # The versions were chosen for another Python than the one that runs this.
        finder = command._build_package_finder(parsed, command.get_default_session(parsed), ignore_requires_python=True)
        for name, version in (pin.split("==") for pin in pins.split()):
            for candidate in finder.find_all_candidates(name):
                link = candidate.link
                if link.is_wheel or str(candidate.version) != version:
                    continue
                digest = link.hash if link.hash_name == "sha256" else file_digest(link.file_path) if link.is_file else None
                if digest:
                    print(name, version, link.filename, digest, sep="\t")
                    break


def main():
    try:
        import pip
    except ImportError:
        sys.exit("No module named pip")
    version, what, *rest = sys.argv[1:]
    set_markers(version)
    if what == "chains":
        print_chains(rest[0], set(rest[1:]))
        return
    if what == "given":
        replace_file(rest[0], sys.stdin.buffer.read())
        rest = rest[1:]
    sys.addaudithook(forbid_programs)
    if what == "build":
        print_build(rest[0])
        return
    if what == "manifests":
        try:
            print_manifests(*rest)
        except (ValueError, OSError, tarfile.TarError, zipfile.BadZipFile) as e:
            sys.exit(f"ERROR: {os.path.basename(rest[0])}: the manifests of its Rust code cannot be read: {e}")
        return
    if what == "crates":
        print_crates(rest)
        return
    if what == "sources":
        print_sources(sys.stdin.read(), rest)
        return
    if what == "newer":
        print_newer(rest[0], sys.stdin.read(), rest[1:])
        return
    from pip._internal.cli.main import main as run

    sys.argv[0] = "pip"
    sys.exit(run(rest))


main()
