# The parts of start.c that are easier to write in Python: make() runs before a snapshot is taken (and returns the code of an
# app), save() before one is taken of a session, resume() at each start, finish() at the end. Modules imported here are part of
# every snapshot.
import gc
import io
import os
import sys
import weakref

Module = type(sys)
known = {}
builtin_names = {}
streams = []
# The standard streams of the build, by descriptor. Imported modules may hold on to them (logging does), so a start reuses
# these objects for its own streams.
kept = {}


def program(folder, kind, target):
    """The code of an app, which is in the directory, and the attributes of its __main__."""
    names = sys.modules["__main__"].__dict__
    if kind == "script":
        import importlib.machinery as machinery
        file = folder + "/" + target
        kind_of_loader = machinery.SourcelessFileLoader if file.endswith(".pyc") else machinery.SourceFileLoader
        names.update(__file__=file, __cached__=None, __loader__=kind_of_loader("__main__", file))
        return names["__loader__"].get_code("__main__")
    if kind == "module":
        import runpy
        runpy._get_module_details(target)
        text = "import runpy; runpy._run_module_as_main(%r)" % target
    else:
        module, attributes = target.split(":")
        name, dot, rest = attributes.partition(".")
        __import__(module)
        text = "import sys; from %s import %s as main; sys.exit(main%s())" % (module, name, dot + rest)
    return compile(text, "<%s>" % target, "exec")


def make(names, folder=None, kind=None, target=None):
    """Each name is MODULE, or MODULE:NAME,... for what `from MODULE import NAME` imports."""
    code = None
    if folder:
        sys.path.insert(0, folder)
        if os.path.isdir(folder + "/site-packages"):
            sys.modules["site"].addsitedir(folder + "/site-packages")
    for name in names:
        module, _, parts = name.partition(":")
        __import__(module, fromlist=parts.split(",") if parts else ())
    if folder:
        code = program(folder, kind, target)
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        keep(fd, getattr(sys, "__%s__" % name))
    settle()
    return code


def settle():
    """Forgets what is new at each start."""
    # A path may name another directory at the start, so forget the importers. The library in the module stays the same.
    for name in list(sys.path_importer_cache):
        if not name.startswith(sys.prefix) or sys.path_importer_cache[name] is None or os.path.isdir(name):
            del sys.path_importer_cache[name]
    os.environ._data.clear()
    known.update(sys.modules)
    builtin_names.update(known["builtins"].__dict__)
    # (Last, because an exception would be shown there.)
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, name, None)
        setattr(sys, "__%s__" % name, None)
    gc.collect()
    # Later garbage collections can skip all objects that exist now.
    gc.freeze()


def save():
    """For a session that becomes a snapshot."""
    for each in streams:
        if not each.closed:
            each.flush()
    del streams[:]
    os.chdir("/")
    settle()


def keep(fd, text):
    """Remembers a stream of the build, and writes its buffered data now instead of at each start."""
    if type(text) is io.TextIOWrapper and not text.closed and type(getattr(text.buffer, "raw", None)) is io.FileIO:
        if fd:
            text.flush()
        kept[fd] = text.buffer.raw, text.buffer, text


def stream(fd, name, mode, encoding, errors, buffered):
    try:
        os.fstat(fd)
    except OSError:
        return None
    kinds = io.FileIO, io.BufferedReader if mode == "r" else io.BufferedWriter, io.TextIOWrapper
    raw, buffer, text = kept.get(fd) or [kind.__new__(kind) for kind in kinds]
    raw.__init__(fd, mode, closefd=False)
    raw.name = name
    if buffered or mode == "r":
        buffer.__init__(raw)
    else:
        buffer = raw
    text.__init__(buffer, encoding, errors, newline="\n",
                  line_buffering=bool(buffered and (raw.isatty() or fd == 2)), write_through=not buffered)
    text.mode = mode
    streams.extend((raw, buffer, text))
    return text


def resume(environment, encoding, errors, buffered, pythonpath):
    os.environ._data.update(environment)
    sys.stdin = sys.__stdin__ = stream(0, "<stdin>", "r", encoding, errors, buffered)
    sys.stdout = sys.__stdout__ = stream(1, "<stdout>", "w", encoding, errors, buffered)
    sys.stderr = sys.__stderr__ = stream(2, "<stderr>", "w", encoding, "backslashreplace", buffered)
    if pythonpath:
        sys.path[0:0] = pythonpath.split(":")
    customize = bool(pythonpath) or os.path.isdir(sys._stdlib_dir or "")
    if "site" in known:
        site = known["site"]
        for folder in site.getsitepackages():
            if folder not in sys.path and os.path.isdir(folder):
                site.addsitedir(folder)
                customize = True
        if customize:
            site.execsitecustomize()
    if sys.warnoptions and "warnings" in known:
        known["warnings"]._processoptions(sys.warnoptions)
    # Modules that remember something from the time of their import.
    if "time" in known and (b"TZ" in environment or os.path.exists("/etc/localtime")):
        known["time"].tzset()
    if "random" in known:
        # The default is 2,496 bytes, which take ten calls of the host.
        known["random"].seed(int.from_bytes(os.urandom(32), "little"))
    if "logging" in known:
        import time
        now = time.time if sys.version_info < (3, 13) else time.time_ns
        known["logging"]._startTime = now()


def finish():
    for name in ("path", "argv", "ps1", "ps2", "last_exc", "last_type", "last_value", "last_traceback",
                 "path_hooks", "__interactivehook__", "meta_path"):
        if name in sys.__dict__:
            setattr(sys, name, None)
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, name, getattr(sys, "__%s__" % name, None))
    known.pop("__main__", None)
    new = [weakref.ref(module) for module in take_new_modules(known) if isinstance(module, Module)]
    builtins = known["builtins"].__dict__
    builtins.update(builtin_names)
    gc.collect()
    while new:
        module = new.pop()()
        if module is not None:
            wipe(module)
            del module
    gc.collect()
    # Modules of the snapshot, which are not destroyed, hold the remaining objects.
    mine = {id(s) for s in streams}
    for thing in gc.get_objects():
        if id(thing) not in mine:
            end_object(thing)
