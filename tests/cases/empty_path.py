"""The empty path names nothing: no function treats it as the current directory, which rmtree("") would then delete."""
import os
import pathlib
import shutil

os.makedirs("/w/victim")
os.chdir("/w/victim")
open("keep.txt", "w").close()


def missing(function, *arguments, **named):
    try:
        result = function(*arguments, **named)
    except FileNotFoundError:
        return
    raise AssertionError("%s%r gave %r" % (function.__name__, arguments, result))


for function in os.stat, os.lstat, os.listdir, os.scandir, os.mkdir, os.makedirs, os.rmdir, os.unlink, os.remove, \
        os.chdir, os.readlink, os.utime, os.path.getsize, open, shutil.rmtree, os.removedirs:
    missing(function, "")
missing(os.chmod, "", 0o600)
missing(os.truncate, "", 0)
missing(os.rename, "", "new")
missing(os.rename, "keep.txt", "")
missing(os.replace, "keep.txt", "")
missing(os.link, "", "new")
missing(os.link, "keep.txt", "")
missing(os.symlink, "keep.txt", "")
missing(os.symlink, "", "new")
missing(os.open, "", os.O_RDONLY)
missing(os.open, "", os.O_RDWR | os.O_CREAT)
missing(shutil.copy, "", "new")
for test in os.path.exists, os.path.lexists, os.path.isdir, os.path.isfile, os.path.ismount, os.path.islink:
    assert not test(""), test
assert not os.access("", os.F_OK)
assert list(os.walk("")) == []
assert os.listdir("/w/victim") == ["keep.txt"]
# The current directory has its own names.
assert os.listdir() == os.listdir(".") == os.listdir(pathlib.Path("")) == ["keep.txt"]
