"""Files have permissions, so that others can read the contents of an archive made here."""
import io
import os
import shutil
import stat
import sys
import tarfile
import zipfile

here = sys.platform == "wasi"


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


os.makedirs("/w/folder")
with open("/w/folder/file", "w") as file:
    file.write("text")
assert (mode("/w/folder"), mode("/w/folder/file")) == (0o755, 0o644)
assert stat.filemode(os.stat("/w/folder/file").st_mode) == "-rw-r--r--"
# Files belong to the user that the program runs as: netrc and the like refuse other users' files.
for path in ("/w/folder", "/w/folder/file", "/tmp", os.__file__ if here and os.path.exists(os.__file__) else "/tmp"):
    assert (os.stat(path).st_uid, os.stat(path).st_gid) == (os.getuid(), os.getgid()), path
with open("/w/folder/file") as file:
    assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o644

packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w") as archive:
    archive.add("/w/folder", "folder")
packed.seek(0)
with tarfile.open(fileobj=packed) as archive:
    assert [(member.name, member.mode) for member in archive] == [("folder", 0o755), ("folder/file", 0o644)]
with zipfile.ZipFile(packed, "w") as archive:
    archive.write("/w/folder/file", "file")
    assert archive.infolist()[0].external_attr >> 16 == 0o100644

# In memory as in a shared directory (permissions.py), they have the modes that they were given.
os.chmod("/w/folder/file", 0o600)
assert mode("/w/folder/file") == 0o600
os.makedirs("/tmp/bin", 0o711)
assert mode("/tmp/bin") == 0o711
os.close(os.open("/tmp/bin/tool", os.O_WRONLY | os.O_CREAT, 0o777))
assert mode("/tmp/bin/tool") == 0o755
os.chmod("/tmp/bin/tool", 0o640)
assert mode("/tmp/bin/tool") == 0o640
assert shutil.which("tool", path="/tmp/bin") is None
os.chmod("/tmp/bin/tool", 0o750)
assert shutil.which("tool", path="/tmp/bin") == "/tmp/bin/tool"
assert shutil.which("file", path="/w/folder") is None
assert os.access("/w/folder", os.R_OK | os.W_OK | os.X_OK) and os.access("/w/folder/file", os.R_OK | os.W_OK)
shutil.copy2("/tmp/bin/tool", "/tmp/bin/other")
assert mode("/tmp/bin/other") == 0o750
if hasattr(os, "umask"):
    assert os.umask(0o077) == 0o022
    open("/tmp/mine", "w").close()
    assert mode("/tmp/mine") == 0o600
    assert os.umask(0o022) == 0o077
