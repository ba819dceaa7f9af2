"""Files in a shared directory have permissions: those that they are created with, and those that they get."""
import os
import pathlib
import shutil
import stat
import tarfile
import tempfile
import threading
import zipfile

os.chdir("/w")
assert os.umask(0o022) == 0o022


def mode(path, **more):
    return stat.S_IMODE(os.stat(path, **more).st_mode)


def make(path, wanted=0o666, flags=os.O_WRONLY | os.O_CREAT | os.O_EXCL, **more):
    os.close(os.open(path, flags, wanted, **more))


# ---- New files and directories ----
make("private", 0o600)
assert mode("private") == 0o600
make("tool", 0o777)
assert mode("tool") == 0o755
make("tool", 0o600, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
assert mode("tool") == 0o755
make("none", 0)
assert mode("none") == 0
with open("opened", "w", opener=lambda path, flags: os.open(path, flags, 0o640)) as file:
    file.write("text")
    assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == mode(file.fileno()) == 0o640
os.mkdir("closed", 0o700)
assert mode("closed") == 0o700
make("set-id", 0o6755)
assert mode("set-id") & 0o777 == 0o755
folder = os.open("closed", os.O_RDONLY)
make("inner", 0o604, dir_fd=folder)
os.mkdir("deeper", 0o711, dir_fd=folder)
assert (mode("inner", dir_fd=folder), mode("closed/deeper")) == (0o604, 0o711)
for mask, wanted in (0o077, (0o600, 0o700)), (0, (0o666, 0o777)), (0o027, (0o640, 0o750)), (0o022, (0o644, 0o755)):
    os.umask(mask)
    pathlib.Path(f"masked-{mask}").write_text("")
    os.makedirs(f"masked-{mask}-folder/a")
    assert (mode(f"masked-{mask}"), mode(f"masked-{mask}-folder/a")) == wanted, mask
fd, name = tempfile.mkstemp(dir="/w")
os.close(fd)
assert mode(name) == 0o600
assert mode(tempfile.mkdtemp(dir="/w")) == 0o700
with tempfile.NamedTemporaryFile(dir="/w") as file:
    assert mode(file.name) == 0o600

# ---- chmod ----
for wanted in 0o600, 0o755, 0o444, 0, 0o777, 0o640:
    os.chmod("tool", wanted)
    assert mode("tool") == wanted
os.symlink("tool", "link")
os.chmod("link", 0o711)
assert mode("tool") == 0o711 and mode("link", follow_symlinks=False) == 0o777
try:
    os.chmod("link", 0o600, follow_symlinks=False)
except (NotImplementedError, OSError):
    pass
assert mode("tool") == 0o711
os.chmod("inner", 0o660, dir_fd=folder)
assert mode("closed/inner") == 0o660
os.fchmod(folder, 0o750)
os.chmod(folder, 0o751)
assert mode("closed") == 0o751
os.close(folder)
with open("tool", "w") as file:
    os.fchmod(file.fileno(), 0o700)
assert mode("tool") == 0o700
with open("tool") as file:
    os.fchmod(file.fileno(), 0o755)
assert mode("tool") == 0o755
os.chmod("closed", 0o1777)
assert mode("closed") == 0o1777
pathlib.Path("closed").chmod(0o700)
assert pathlib.Path("closed").stat().st_mode == stat.S_IFDIR | 0o700
os.link("tool", "same")
os.chmod("same", 0o500)
assert mode("tool") == 0o500
os.rename("tool", "renamed")
assert mode("renamed") == 0o500
os.rename("renamed", "tool")
os.chmod("tool", 0o755)
for path, kind in ("missing", FileNotFoundError), ("tool/", NotADirectoryError), ("", FileNotFoundError):
    try:
        os.chmod(path, 0o644)
    except kind:
        continue
    raise AssertionError(path)
with os.scandir() as entries:
    modes = {entry.name: stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode) for entry in entries}
assert (modes["tool"], modes["private"], modes["closed"], modes["link"]) == (0o755, 0o600, 0o700, 0o777)

# ---- What is allowed ----
assert os.access("tool", os.X_OK) and not os.access("private", os.X_OK) and os.access("private", os.R_OK | os.W_OK)
assert os.access("closed", os.X_OK) and not os.access("missing", os.F_OK)
assert shutil.which("tool", path="/w") == "/w/tool" and shutil.which("private", path="/w") is None
for path, way in ("none", "r"), ("none", "w"), ("tool", "w"):
    if path == "tool":
        os.chmod("tool", 0o555)
    # (Root may read and write everything.)
    allowed = os.access(path, os.R_OK if way == "r" else os.W_OK)
    try:
        open(path, way).close()
    except PermissionError:
        assert not allowed
    else:
        assert allowed
os.chmod("tool", 0o755)

# ---- Copies ----
shutil.copyfile("tool", "copied")
assert mode("copied") == 0o644
shutil.copymode("tool", "copied")
assert mode("copied") == 0o755
assert mode(shutil.copy("private", "copy")) == 0o600
assert mode(shutil.copy2("tool", "/tmp/tool")) == 0o755
assert mode(shutil.copy("/tmp/tool", "back")) == 0o755
os.mkdir("from", 0o750)
shutil.copy("tool", "from")
make("from/secret", 0o600)
shutil.copytree("from", "to")
assert (mode("to"), mode("to/tool"), mode("to/secret")) == (0o750, 0o755, 0o600)

# ---- Archives ----
with tarfile.open("from.tar", "w") as archive:
    archive.add("from")
with tarfile.open("from.tar") as archive:
    assert {member.name: member.mode for member in archive} == {
        "from": 0o750, "from/secret": 0o600, "from/tool": 0o755}
    archive.extractall("unpacked", **({"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}))
assert (mode("unpacked/from"), mode("unpacked/from/tool"), mode("unpacked/from/secret")) == (0o750, 0o755, 0o600)
with zipfile.ZipFile("from.zip", "w") as archive:
    archive.write("from/tool")
    archive.write("from/secret")
    assert [info.external_attr >> 16 for info in archive.infolist()] == [0o100755, 0o100600]

# ---- Threads: each file gets its own mode ----
def make_many(wanted):
    for number in range(50):
        make(f"from/{wanted:o}-{number}", wanted)


wanted = [0o600, 0o640, 0o755, 0o700]
try:
    threads = [threading.Thread(target=make_many, args=[m]) for m in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
except RuntimeError:  # there are no threads
    for m in wanted:
        make_many(m)
assert all(mode(f"from/{m:o}-{n}") == m for m in wanted for n in range(50))
