"""Archives from elsewhere are unpacked with links, modes and times, and no member gets out of the directory."""
import io
import os
import stat
import sys
import tarfile
import zipfile


def packed():
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, mode, mtime in ("a.sh", 0o755, 10**9), ("b", 0o600, 0), ("c", 0o644, 4102444800):
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = 2, mode, mtime
            archive.addfile(member, io.BytesIO(b"x\n"))
        for name, kind, mode, mtime in ("link", tarfile.SYMTYPE, 0o777, 0), ("hard", tarfile.LNKTYPE, 0o755, 10**9), \
                ("dir", tarfile.DIRTYPE, 0o755, 5):
            member = tarfile.TarInfo(name)
            member.type, member.mode, member.mtime = kind, mode, mtime
            member.linkname = "" if kind == tarfile.DIRTYPE else "a.sh"
            archive.addfile(member)
    made.seek(0)
    return made


def evil(name, **values):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        member = tarfile.TarInfo(name)
        for key, value in values.items():
            setattr(member, key, value)
        archive.addfile(member)
    made.seek(0)
    return made


for top in sys.argv[1], "/tmp":
    for kind in ("data", "tar", "fully_trusted") if hasattr(tarfile, "data_filter") else (None,):
        to = f"{top}/out-{kind}"
        with tarfile.open(fileobj=packed()) as archive:
            archive.extractall(to, **({"filter": kind} if kind else {}))
        assert sorted(os.listdir(to)) == ["a.sh", "b", "c", "dir", "hard", "link"]
        assert [int(os.lstat(f"{to}/{name}").st_mtime) for name in ("a.sh", "b", "c")] == [10**9, 0, 4102444800]
        assert os.readlink(to + "/link") == "a.sh" and os.path.samefile(to + "/hard", to + "/a.sh")
        assert os.stat(to + "/a.sh").st_nlink == 2
        with open(to + "/link") as file:
            assert file.read() == "x\n"
        # A shared directory has no modes.
        if top == "/tmp" or sys.platform != "wasi":
            assert stat.S_IMODE(os.stat(to + "/a.sh").st_mode) == 0o755 and stat.S_IMODE(os.stat(to + "/b").st_mode) == 0o600
    if hasattr(tarfile, "data_filter"):
        for name, values in ("../evil", {}), ("out", {"type": tarfile.SYMTYPE, "linkname": "../../evil"}), \
                ("absolute", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}):
            try:
                with tarfile.open(fileobj=evil(name, **values)) as archive:
                    archive.extractall(top + "/evil-here", filter="data")
            except tarfile.FilterError:
                pass
            else:
                raise AssertionError(name)
        with tarfile.open(fileobj=evil("//w/../inside")) as archive:
            archive.extractall(top + "/evil-here", filter="data")
        assert os.path.exists(top + "/evil-here/inside")
    assert not os.path.lexists(top + "/evil") and not os.path.lexists("/evil")

    # Zip files: large, with a comment, appended to, with names from all over the world.
    with zipfile.ZipFile(top + "/t.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"comment"
        archive.writestr("ünï/😀.txt", "text" * 100000)
        if hasattr(archive, "mkdir"):
            archive.mkdir("empty")
    with zipfile.ZipFile(top + "/t.zip", "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("more", "more")
    with zipfile.ZipFile(top + "/t.zip") as archive:
        assert archive.testzip() is None and archive.comment == b"comment"
        archive.extractall(top + "/unzipped")
    assert os.path.getsize(top + "/unzipped/ünï/😀.txt") == 400000 and os.path.isfile(top + "/unzipped/more")
