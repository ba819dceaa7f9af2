"""In memory, names that are not UTF-8 work like any others."""
import os
import pathlib
import shutil
import sys

# In shared directories this depends on the host (docs/files.md).
top = b"/tmp/\xff\xfe"
os.mkdir(top)
assert os.listdir(b"/tmp") == [b"\xff\xfe"] and os.listdir("/tmp") == ["\udcff\udcfe"]
name = top + b"/caf\xe9.txt"
with open(name, "w") as file:
    file.write("text")
path = pathlib.Path("/tmp/\udcff\udcfe/caf\udce9.txt")
assert path.read_text() == "text" and os.fsencode(path) == name and path.exists() and os.stat(name).st_size == 4
assert [e.name for e in os.scandir("/tmp/\udcff\udcfe")] == ["caf\udce9.txt"]
os.rename(name, top + b"/\x80")
os.symlink(b"\x80", top + b"/link")
assert os.readlink(top + b"/link") == b"\x80" and os.readlink("/tmp/\udcff\udcfe/link") == "\udc80"
assert pathlib.Path("/tmp/\udcff\udcfe/link").read_text() == "text"
os.chdir(top)
assert os.getcwdb() == top and os.getcwd() == "/tmp/\udcff\udcfe" and open(b"\x80").read() == "text"
assert sorted(os.listdir()) == ["link", "\udc80"]
os.chdir("/")
assert [files for _, _, files in os.walk(b"/tmp")][1] in ([b"\x80", b"link"], [b"link", b"\x80"])
shutil.copytree("/tmp/\udcff\udcfe", "/tmp/copy", symlinks=True)
assert sorted(os.listdir(b"/tmp/copy")) == [b"link", b"\x80"]
shutil.rmtree(top)
shutil.rmtree("/tmp/copy")
assert os.listdir("/tmp") == []
assert os.fsdecode(b"\xff") == "\udcff" and sys.getfilesystemencoding() == "utf-8" and sys.getfilesystemencodeerrors() == "surrogateescape"
