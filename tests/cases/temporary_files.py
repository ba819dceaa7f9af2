"""A program finds a directory for temporary files and a home directory, even if none is mapped. Both are empty at
the start."""
import io
import os
import pathlib
import shutil
import sqlite3
import stat
import tarfile
import tempfile
import zipfile

assert tempfile.gettempdir() == "/tmp"
assert os.listdir("/tmp") == [], os.listdir("/tmp")
assert os.environ["HOME"] == os.path.expanduser("~") == str(pathlib.Path.home()) == "/home/user"
assert os.listdir("/home/user") == []

with tempfile.TemporaryFile() as file:
    file.write(b"x" * 100000)
    file.seek(-1, os.SEEK_END)
    assert file.read() == b"x"
    assert os.fstat(file.fileno()).st_nlink == 0
with tempfile.NamedTemporaryFile("w+", suffix=".txt") as file:
    assert stat.S_IMODE(os.stat(file.name).st_mode) == 0o600
    print("äöü", file=file, flush=True)
    assert pathlib.Path(file.name).read_text() == "äöü\n"
assert not os.path.exists(file.name)
with tempfile.SpooledTemporaryFile(max_size=10) as file:
    file.write(b"more than ten bytes")
    file.seek(0)
    assert file.read(4) == b"more"

with tempfile.TemporaryDirectory() as name:
    assert stat.S_IMODE(os.stat(name).st_mode) == 0o700
    folder = pathlib.Path(name)
    (folder / "a/b").mkdir(parents=True)
    (folder / "a/b/file").write_text("text")
    (folder / "link").symlink_to("a/b")
    assert (folder / "link/file").read_text() == "text"
    assert os.path.realpath(folder / "link/file") == name + "/a/b/file"
    os.link(folder / "a/b/file", folder / "hard")
    assert os.stat(folder / "hard").st_nlink == 2 and os.path.samefile(folder / "hard", folder / "a/b/file")
    assert [(top[len(name):], sorted(folders), sorted(files)) for top, folders, files in os.walk(name)] == [
        ("", ["a", "link"], ["hard"]), ("/a", ["b"], []), ("/a/b", [], ["file"])]
    os.utime(folder / "hard", ns=(10**18 + 1, 10**18 + 2))
    assert os.stat(folder / "a/b/file").st_mtime_ns == 10**18 + 2
    # Across to a directory of the host and back.
    try:
        os.rename(folder / "hard", "/w/hard")
    except OSError as error:
        assert error.strerror == os.strerror(error.errno) and "link" in error.strerror.lower(), error
    else:
        raise AssertionError("renamed to another file system")
    shutil.move(folder / "hard", "/w/hard")
    assert pathlib.Path("/w/hard").read_text() == "text"
    shutil.copytree(folder / "a", "/w/a")
    shutil.move("/w/a", folder / "moved")
    assert os.listdir(folder / "moved/b") == ["file"] and not os.path.exists("/w/a")
    # Archives.
    shutil.make_archive(name + "/packed", "zip", folder / "a")
    with zipfile.ZipFile(name + "/packed.zip") as archive:
        assert archive.testzip() is None and "b/file" in archive.namelist()
    with tarfile.open(name + "/packed.tar.gz", "w:gz") as archive:
        archive.add(folder / "a", "a")
    shutil.unpack_archive(name + "/packed.tar.gz", name + "/unpacked")
    assert pathlib.Path(name, "unpacked/a/b/file").read_text() == "text"
    # A database, with its journal.
    connection = sqlite3.connect(name + "/data.db")
    with connection:
        connection.execute("create table t(a)")
        connection.executemany("insert into t values (?)", [(str(i) * 50,) for i in range(5000)])
    try:
        with connection:
            connection.execute("delete from t")
            raise KeyError
    except KeyError:
        pass
    assert connection.execute("select count(*) from t").fetchone() == (5000,)
    connection.execute("vacuum")
    connection.close()
    assert "data.db" in os.listdir(name)
assert not os.path.exists(name)

# All modes of opening.
path = pathlib.Path("/tmp/file")
with open(path, "x") as file:
    file.write("one\n")
try:
    open(path, "x")
except FileExistsError:
    pass
else:
    raise AssertionError("made twice")
with open(path, "a") as file:
    assert file.tell() == 4
    file.write("two\n")
with open(path, "r+b") as file:
    file.seek(4)
    file.write(b"2")
    file.truncate(6)
assert path.read_bytes() == b"one\n2w"
with open(path, "w") as file:
    assert os.path.getsize(path) == 0
    file.seek(10000)
    file.write("end")
assert path.read_bytes() == bytes(10000) + b"end"
path.unlink()

# At the limit, calls fail with an error that a program can handle, and removed files free their space.
for i in range(3):
    try:
        with open("/tmp/large", "wb", buffering=0) as file:
            for n in range(100):
                file.write(bytes(1 << 20))
    except OSError as error:
        assert error.strerror == os.strerror(error.errno) and "space" in error.strerror, error
    else:
        raise AssertionError("no limit")
    assert 60 << 20 < os.path.getsize("/tmp/large") <= 64 << 20
    os.unlink("/tmp/large")
(pathlib.Path.home() / ".config/program").mkdir(parents=True)
(pathlib.Path.home() / ".config/program/settings").write_text("a = 1")
assert os.listdir("/home") == ["user"]
