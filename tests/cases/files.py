"""Functions on files and directories, in a shared directory and in memory: the same results and errors as elsewhere."""
import errno
import filecmp
import fnmatch
import glob
import os
import pathlib
import shutil
import stat
import sys


def fails(kind, number, function, *arguments, **named):
    try:
        result = function(*arguments, **named)
    except OSError as error:
        assert type(error) is kind and error.errno in (number, None), (function, arguments, error)
        # copytree raises FileExistsError from makedirs, which has an errno; shutil.Error has none.
        assert error.strerror == os.strerror(number), (function, arguments, error)
    else:
        raise AssertionError((function, arguments, result))


def walked(top, **named):
    return [(os.path.relpath(here, top), sorted(folders), sorted(files)) for here, folders, files in os.walk(top, **named)]


def everything(top):
    base = pathlib.Path(top) / "tree"
    a = base / "a"
    (a / "b/c").mkdir(parents=True)
    (a / "x.txt").write_text("x")
    (a / "b/y.TXT").write_text("yy")
    (a / "b/.dot").write_text("")
    (a / "b/c/ünï 😀.bin").write_bytes(bytes(5))

    # Queries.
    tree = [(".", ["a"], []), ("a", ["b"], ["x.txt"]), ("a/b", ["c"], [".dot", "y.TXT"]), ("a/b/c", [], ["ünï 😀.bin"])]
    assert walked(base) == tree
    assert walked(base, topdown=False) == tree[::-1]
    with os.scandir(a) as entries:
        assert sorted((e.name, e.is_dir(), e.is_file(), e.is_symlink(), e.inode() == e.stat().st_ino) for e in entries) == [
            ("b", True, False, False, True), ("x.txt", False, True, False, True)]
    assert sorted(os.path.relpath(p, base) for p in glob.glob(str(base / "**/*"), recursive=True)) == [
        "a", "a/b", "a/b/c", "a/b/c/ünï 😀.bin", "a/b/y.TXT", "a/x.txt"]
    assert len(glob.glob(str(base / "**"), recursive=True, include_hidden=True)) == 8
    assert sorted(glob.glob("a/**/*.[tT]*", root_dir=base, recursive=True)) == ["a/b/y.TXT", "a/x.txt"]
    assert sorted(p.name for p in base.rglob("*")) == [".dot", "a", "b", "c", "x.txt", "y.TXT", "ünï 😀.bin"]
    if sys.version_info >= (3, 12):
        assert sorted(len(files) for _, _, files in base.walk()) == [0, 1, 1, 2]
    assert fnmatch.filter(os.listdir(a / "b"), "*.txt") == [] and fnmatch.filter(os.listdir(a / "b"), "*.TXT") == ["y.TXT"]

    # O_RDONLY is 0 elsewhere, so it may be left out.
    os.close(os.open(base / "lock", os.O_CREAT | os.O_EXCL))
    fails(FileExistsError, errno.EEXIST, os.open, base / "lock", os.O_CREAT | os.O_EXCL)
    fd = os.open(a / "b/y.TXT", 0)
    assert os.read(fd, 9) == b"yy"
    os.close(fd)
    fails(IsADirectoryError, errno.EISDIR, os.open, a, os.O_CREAT)
    os.remove(base / "lock")

    # Copying and moving.
    assert sorted(os.listdir(shutil.copytree(a, base / "copy"))) == ["b", "x.txt"]
    fails(FileExistsError, errno.EEXIST, shutil.copytree, a, base / "copy")
    assert sorted(os.listdir(shutil.copytree(a, base / "copy", dirs_exist_ok=True))) == ["b", "x.txt"]
    os.utime(a / "x.txt", (10**9, 10**9))
    assert os.path.basename(shutil.copy(a / "x.txt", base / "z.txt")) == "z.txt"
    shutil.copy2(a / "x.txt", base / "z2.txt")
    assert os.path.getmtime(base / "z2.txt") == 10**9 < os.path.getmtime(base / "z.txt")
    shutil.copymode(a / "x.txt", base / "z.txt")
    shutil.copystat(a / "x.txt", base / "z.txt")
    assert os.path.getmtime(base / "z.txt") == 10**9
    assert filecmp.cmp(a / "x.txt", base / "z.txt", shallow=False)
    assert filecmp.dircmp(a, base / "copy").same_files == ["x.txt"]
    shutil.move(base / "z.txt", a / "b")
    shutil.move(base / "copy", a / "copy")
    assert os.path.exists(a / "b/z.txt") and sorted(os.listdir(a)) == ["b", "copy", "x.txt"]
    os.replace(base / "z2.txt", a / "x.txt")
    assert (a / "x.txt").read_text() == "x"

    # Errors.
    fails(NotADirectoryError, errno.ENOTDIR, os.replace, a / "b", a / "x.txt")
    fails(IsADirectoryError, errno.EISDIR, os.replace, a / "x.txt", a / "b")
    fails(FileNotFoundError, errno.ENOENT, os.rename, base / "nope", base / "new")
    fails(OSError, errno.ENOTEMPTY, os.rename, a / "copy", a / "b")
    fails(OSError, errno.ENOTEMPTY, os.rmdir, a)
    fails(IsADirectoryError, errno.EISDIR, os.unlink, a)
    fails(IsADirectoryError, errno.EISDIR, open, a)
    fails(NotADirectoryError, errno.ENOTDIR, open, a / "x.txt/q")
    fails(FileExistsError, errno.EEXIST, open, a / "x.txt", "x")
    fails(FileExistsError, errno.EEXIST, os.mkdir, a)
    fails(NotADirectoryError, errno.ENOTDIR, os.makedirs, a / "x.txt/y")
    os.makedirs(a, exist_ok=True)
    fails(FileNotFoundError, errno.ENOENT, os.listdir, base / "nope")
    fails(NotADirectoryError, errno.ENOTDIR, os.listdir, a / "x.txt")
    fails(FileNotFoundError, errno.ENOENT, pathlib.Path(base / "no/t").touch)
    fails(OSError, errno.ENAMETOOLONG, open, base / ("n" * 256), "w")
    open(base / ("n" * 255), "w").close()
    os.unlink(base / ("n" * 255))
    for path in str(base) + "/a\0b", "\0":
        try:
            open(path)
        except ValueError as error:
            assert "null" in str(error)
        else:
            raise AssertionError(path)

    # Links.
    os.symlink("x.txt", a / "l")
    assert os.readlink(a / "l") == "x.txt" and os.path.islink(a / "l") and (a / "l").read_text() == "x"
    assert stat.S_ISLNK(os.lstat(a / "l").st_mode) and stat.S_ISREG(os.stat(a / "l").st_mode)
    os.symlink("b", a / "ld")
    assert sorted(os.listdir(a / "ld")) == [".dot", "c", "y.TXT", "z.txt"]
    assert os.path.relpath(os.path.realpath(a / "ld/y.TXT"), os.path.realpath(base)) == "a/b/y.TXT"
    os.symlink("none", a / "dangling")
    assert not os.path.exists(a / "dangling") and os.path.lexists(a / "dangling")
    fails(FileNotFoundError, errno.ENOENT, (a / "dangling").resolve, strict=True)
    os.symlink("loop", a / "loop")
    fails(OSError, errno.ELOOP, open, a / "loop")
    os.unlink(a / "ld")
    assert os.path.isdir(a / "b") and not os.path.lexists(a / "ld")
    os.link(a / "x.txt", a / "hard")
    assert os.stat(a / "hard").st_nlink == 2 and os.path.samefile(a / "hard", a / "x.txt")
    (a / "hard2").hardlink_to(a / "x.txt")
    assert os.stat(a / "hard2").st_nlink == 3

    # Times.
    os.utime(a / "x.txt", ns=(123456789123456789, 987654321987654321))
    assert (os.stat(a / "x.txt").st_atime_ns, os.stat(a / "x.txt").st_mtime_ns) == (123456789123456789, 987654321987654321)
    os.utime(a, (5, 6))
    assert os.stat(a).st_mtime == 6
    os.utime(a / "x.txt", (4102444800, 4102444800))
    assert os.stat(a / "x.txt").st_mtime == 4102444800
    os.utime(a / "l", (7, 8), follow_symlinks=False)
    assert os.lstat(a / "l").st_mtime == 8 and os.stat(a / "l").st_mtime == 4102444800

    # Sizes, and rights on a file.
    (base / "t").touch()
    assert (base / "t").stat().st_size == 0
    os.truncate(base / "t", 1000)
    assert os.path.getsize(base / "t") == 1000
    assert os.access(base / "t", os.R_OK) and os.access(base / "t", os.W_OK) and not os.access(base / "nope", os.F_OK)
    assert shutil.which("x.txt", path=str(a)) is None
    assert (base / "t").owner() and (base / "t").group()

    # Archives, and the end.
    shutil.rmtree(a)
    assert not os.path.exists(a)
    fails(FileNotFoundError, errno.ENOENT, shutil.rmtree, a)
    shutil.rmtree(a, ignore_errors=True)
    for name, kind in ("arc", "zip"), ("arc2", "xztar"), ("arc3", "gztar"), ("arc4", "bztar"), ("arc5", "tar"):
        packed = shutil.make_archive(str(pathlib.Path(top) / name), kind, base)
        shutil.unpack_archive(packed, pathlib.Path(top) / "unpacked" / name)
        assert os.listdir(pathlib.Path(top) / "unpacked" / name) == ["t"]
    here = os.getcwd()
    os.chdir(base)
    assert os.path.basename(os.getcwd()) == "tree" and os.listdir(".") == os.listdir() == ["t"]
    fails(FileNotFoundError, errno.ENOENT, os.chdir, "nope")
    fails(NotADirectoryError, errno.ENOTDIR, os.chdir, "t")
    os.chdir("..")
    assert os.path.samefile(os.getcwd(), top)
    os.chdir(here)


for folder in sys.argv[1], "/tmp":
    os.mkdir(folder + "/files")
    everything(folder + "/files")
    shutil.rmtree(folder + "/files")
