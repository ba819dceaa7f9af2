"""Functions that take the descriptor of a directory; owners, umask, times before 1970 and free space."""
import errno
import os
import pathlib
import shutil
import stat
import sys

here = sys.platform == "wasi"


def fails(number, function, *arguments, **named):
    try:
        result = function(*arguments, **named)
    except OSError as error:
        assert error.errno == number, (function, arguments, error)
    else:
        raise AssertionError((function, arguments, result))


def out_of_it(top, folder):
    """Links and ".." that lead out of the directory of a descriptor, which is top/a."""
    os.makedirs(top + "/beside/deep")
    pathlib.Path(top, "beside/z").write_text("beside")
    os.symlink("../beside", "out", dir_fd=folder)
    os.symlink("../../beside/deep", "b/far", dir_fd=folder)
    inner = os.open("b", os.O_RDONLY, dir_fd=folder)
    copy = os.dup(inner)
    for name, fd in (("out/z", folder), ("out/../beside/z", folder), ("../beside/z", folder), ("far/../z", inner),
                     ("../out/z", inner), ("../../beside/z", inner), ("far/../z", copy)):
        file = os.open(name, os.O_RDONLY, dir_fd=fd)
        assert os.read(file, 10) == b"beside", name
        os.close(file)
        assert os.stat(name, dir_fd=fd).st_size == 6 and os.access(name, os.R_OK, dir_fd=fd)
    os.close(copy)
    os.mkdir("out/new", dir_fd=folder)
    os.rename("out/new", "../beside/renamed", src_dir_fd=folder, dst_dir_fd=folder)
    os.link("out/z", "hard", src_dir_fd=folder, dst_dir_fd=folder)
    assert os.stat("../beside/z", dir_fd=folder).st_nlink == 2
    os.unlink("hard", dir_fd=folder)
    assert sorted((os.path.relpath(at, top), sorted(folders), sorted(files))
                  for at, folders, files, fd in os.fwalk(top + "/a", follow_symlinks=True) if "out" in at) == [("a/out", ["deep", "renamed"], ["z"]), ("a/out/deep", [], []), ("a/out/renamed", [], [])]
    # ".." is a directory, also if a link has led there.
    os.symlink("a", top + "/link")
    fd = os.open(top + "/link/b", os.O_RDONLY)
    for seen in os.lstat(top + "/link/b/.."), os.lstat("..", dir_fd=fd), os.lstat("../", dir_fd=fd):
        assert os.path.samestat(seen, os.stat(top + "/a")), seen
    try:
        os.unlink(top + "/link/b/..")
    except OSError:
        pass
    else:
        raise AssertionError("the link was removed")
    # Where a descriptor leads does not depend on how long the way was.
    for i in range(2000):
        before, fd = fd, os.open(".", os.O_RDONLY, dir_fd=fd)
        os.close(before)
    assert os.path.samestat(os.lstat("../../link", dir_fd=fd), os.lstat(top + "/link"))
    os.close(fd)
    os.unlink(top + "/link")
    # A descriptor stays with its directory; what has its name by now is another one.
    os.mkdir(top + "/elsewhere")
    os.rename(top + "/a", top + "/elsewhere/a")
    os.mkdir(top + "/a")
    pathlib.Path(top, "a/x").write_text("another")
    assert os.stat("x", dir_fd=folder).st_size == 3
    for name in "out/z", "../beside/z":
        try:
            os.stat(name, dir_fd=folder)
        except OSError:
            pass
        else:
            raise AssertionError(name)
    shutil.rmtree(top + "/a")
    os.rename(top + "/elsewhere/a", top + "/a")
    assert os.stat("out/z", dir_fd=folder).st_size == 6
    os.close(inner)
    os.unlink("out", dir_fd=folder)
    os.unlink("b/far", dir_fd=folder)
    for name in "beside", "elsewhere":
        shutil.rmtree(top + "/" + name)


def by_descriptor(top):
    os.makedirs(top + "/a/b")
    for name in "a/x", "a/b/y":
        pathlib.Path(top, name).write_text(name)
    folder = os.open(top + "/a", os.O_RDONLY | os.O_DIRECTORY)
    assert sorted(os.listdir(folder)) == ["b", "x"] == sorted(os.listdir(folder))
    with os.scandir(folder) as entries:
        assert sorted((e.name, e.is_dir(), e.is_file(), e.stat().st_size, e.path) for e in entries) == [
            ("b", True, False, os.stat(top + "/a/b").st_size, "b"), ("x", False, True, 3, "x")]
    file = os.open("x", os.O_RDWR, dir_fd=folder)
    assert os.read(file, 10) == b"a/x"
    os.close(file)
    assert os.path.samestat(os.stat("b/y", dir_fd=folder), os.stat(top + "/a/b/y"))
    assert os.path.samestat(os.fstat(folder), os.stat(top + "/a")) and os.path.samestat(os.stat(folder), os.stat(top + "/a"))
    os.mkdir("c", dir_fd=folder)
    file = os.open("c/new", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
    os.write(file, b"new")
    os.close(file)
    os.rename("c/new", "c/old", src_dir_fd=folder, dst_dir_fd=folder)
    os.replace("c/old", top + "/moved", src_dir_fd=folder)
    assert pathlib.Path(top, "moved").read_text() == "new"
    os.symlink("x", "link", dir_fd=folder)
    assert os.readlink("link", dir_fd=folder) == "x" and os.stat("link", dir_fd=folder).st_size == 3
    assert stat.S_ISLNK(os.stat("link", dir_fd=folder, follow_symlinks=False).st_mode)
    os.link("x", "hard", src_dir_fd=folder, dst_dir_fd=folder)
    os.link("link", "harder", src_dir_fd=folder, dst_dir_fd=folder)
    os.link("link", "softer", src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    assert os.readlink("softer", dir_fd=folder) == "x"
    assert os.stat("hard", dir_fd=folder).st_nlink == 3
    os.utime("x", (1, 2), dir_fd=folder)
    assert os.stat("x", dir_fd=folder).st_mtime == 2
    os.utime("link", (3, 4), dir_fd=folder, follow_symlinks=False)
    assert os.stat("link", dir_fd=folder, follow_symlinks=False).st_mtime == 4 and os.stat("link", dir_fd=folder).st_mtime == 2
    assert os.access("x", os.R_OK, dir_fd=folder) and not os.access("none", os.F_OK, dir_fd=folder)
    os.chmod("x", 0o644, dir_fd=folder)
    for name in "link", "hard", "harder", "softer":
        os.unlink(name, dir_fd=folder)
    os.rmdir("c", dir_fd=folder)
    # An absolute path does not depend on the descriptor, which need not be of a directory.
    assert os.stat(top + "/a/x", dir_fd=folder).st_size == 3
    fails(errno.ENOENT, os.stat, "none", dir_fd=folder)
    fails(errno.ENOENT, os.open, "", os.O_RDONLY, dir_fd=folder)
    fails(errno.EBADF, os.stat, "x", dir_fd=12345)
    file = os.open(top + "/a/x", os.O_RDONLY)
    fails(errno.ENOTDIR, os.stat, "x", dir_fd=file)
    fails(errno.ENOTDIR, os.listdir, file)
    os.close(file)

    # fwalk and rmtree, which use descriptors.
    assert [(os.path.relpath(at, top), sorted(folders), sorted(files)) for at, folders, files, fd in os.fwalk(top)] == [
        (".", ["a"], ["moved"]), ("a", ["b"], ["x"]), ("a/b", [], ["y"])]
    assert sum(os.stat(name, dir_fd=fd).st_size for at, folders, files, fd in os.fwalk("b", dir_fd=folder) for name in files) == 5
    assert [at for at, folders, files, fd in os.fwalk(".", topdown=False, dir_fd=folder)] == ["./b", "."]
    out_of_it(top, folder)
    os.close(folder)
    fails(errno.EBADF, os.listdir, folder)
    assert shutil.rmtree.avoids_symlink_attacks
    shutil.rmtree(top + "/a")
    assert os.listdir(top) == ["moved"]


assert {os.open, os.stat, os.mkdir, os.rmdir, os.unlink, os.rename, os.link, os.symlink, os.readlink, os.utime, os.access,
        os.chmod, os.chown} <= os.supports_dir_fd
assert {os.listdir, os.scandir, os.stat, os.utime, os.chown, os.chmod, os.truncate, os.statvfs} <= os.supports_fd
assert {os.stat, os.chown, os.utime, os.link} <= os.supports_follow_symlinks


def owners_and_times(top):
    me, group = os.getuid(), os.getgid()
    file, link = top + "/file", top + "/link"
    pathlib.Path(file).touch()
    os.symlink("file", link)
    for change in (lambda *owner: os.chown(file, *owner), lambda *owner: os.lchown(link, *owner),
                   lambda *owner: os.chown(link, *owner, follow_symlinks=False)):
        change(me, group)
        change(-1, -1)
        change(me, -1)
    shutil.chown(file, me, group)
    with open(file) as opened:
        os.fchown(opened.fileno(), me, group)
        os.chown(opened.fileno(), -1, group)
    fails(errno.ENOENT, os.chown, top + "/none", me, group)
    fails(errno.EBADF, os.fchown, 12345, me, group)
    if here:
        fails(errno.EPERM, os.chown, file, 0, -1)
        fails(errno.EPERM, os.lchown, link, -1, 0)
    assert (os.stat(file).st_uid, os.stat(file).st_gid) == (me, group)

    for times in (-10, -20), (-10**9, -(10**9) + 0.5), (0, 0), (-1.5, -0.25), (5 * 10**9, 9 * 10**9):
        os.utime(file, times)
        assert (os.stat(file).st_atime, os.stat(file).st_mtime) == times, (times, os.stat(file))
    os.utime(file, ns=(-1, -999999999))
    assert (os.stat(file).st_atime_ns, os.stat(file).st_mtime_ns) == (-1, -999999999)
    with open(file) as opened:
        os.utime(opened.fileno(), (-7, -8))
    assert os.stat(file).st_mtime == -8
    os.utime(file)
    assert os.stat(file).st_mtime > 1.7e9
    os.unlink(file)
    os.unlink(link)


for folder in sys.argv[1], "/tmp":
    os.mkdir(folder + "/d")
    by_descriptor(folder + "/d")
    owners_and_times(folder + "/d")
    shutil.rmtree(folder + "/d")

# umask applies to files that have modes: those in memory.
for mask in 0o077, 0o027, 0o000:
    before = os.umask(mask)
    file = os.open("/tmp/file", os.O_WRONLY | os.O_CREAT, 0o666)
    os.close(file)
    os.mkdir("/tmp/folder")
    os.mkdir("/tmp/private", 0o700)
    pathlib.Path("/tmp/touched").touch()
    assert os.umask(before) == mask
    for name, mode in ("file", 0o666), ("folder", 0o777), ("private", 0o700), ("touched", 0o666):
        assert stat.S_IMODE(os.stat("/tmp/" + name).st_mode) == mode & ~mask, (oct(mask), name)
    os.chmod("/tmp/file", 0o666)
    assert stat.S_IMODE(os.stat("/tmp/file").st_mode) == 0o666
    for name in "file", "touched":
        os.unlink("/tmp/" + name)
    for name in "folder", "private":
        os.rmdir("/tmp/" + name)

# Free space: /tmp has 64 MB. That of a shared directory is unknown.
room = os.statvfs("/tmp")
assert room.f_blocks * room.f_frsize == 64 << 20 and not room.f_flag & os.ST_RDONLY
total, used, free = shutil.disk_usage("/tmp")
assert total == 64 << 20 and free > 60 << 20
with open("/tmp/large", "wb") as file:
    file.write(bytes(10 << 20))
    file.flush()
    assert 10 << 20 <= free - shutil.disk_usage("/tmp").free < 11 << 20
    assert os.fstatvfs(file.fileno()).f_bfree == os.statvfs("/tmp").f_bfree
os.unlink("/tmp/large")
assert shutil.disk_usage("/tmp").free > free - (1 << 20)
fails(errno.ENOENT, os.statvfs, "/tmp/none")
fails(errno.EBADF, os.fstatvfs, 12345)
assert shutil.disk_usage(sys.argv[1]).total > 0
with open(sys.argv[1] + "/file", "w") as file:
    assert os.fstatvfs(file.fileno()).f_blocks > 0
