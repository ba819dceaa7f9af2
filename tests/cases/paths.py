"""Where "..", links and the root lead."""
import os
import shutil

os.makedirs("/w/sub/inner")
for name in "/w/file", "/w/sub/file":
    with open(name, "w") as file:
        file.write(name)


def read(path):
    with open(path) as file:
        return file.read()


assert {"w", "tmp", "dev", "home"} <= set(os.listdir("/"))
assert any("w" in folders for top, folders, files in os.walk("/") if top == "/")
assert os.path.isdir("/") and os.path.exists("/w/..") and os.path.samefile("/w/..", "/")
assert read("/w/sub/../file") == read("/tmp/../w/file") == read("/../w/./file") == "/w/file"
os.chdir("/w/sub/inner")
assert read("../file") == "/w/sub/file" and read("../../../w/file") == "/w/file"
os.chdir("..")
assert os.getcwd() == "/w/sub"
os.chdir("../../tmp/.")
assert os.getcwd() == "/tmp"
os.chdir("//w//sub//..//.")
assert os.getcwd() == "/w"

os.symlink("sub/inner", "deep")
assert read("deep/../file") == "/w/sub/file"
os.symlink("../w/file", "/tmp/up")
os.symlink("/w/sub", "/tmp/absolute")
assert read("/tmp/up") == "/w/file" and read("/tmp/absolute/file") == "/w/sub/file"
assert os.readlink("/tmp/absolute") == "/w/sub" and os.path.realpath("/tmp/absolute/file") == "/w/sub/file"
os.symlink("../tmp/new", "down")
with open("/tmp/new", "w") as file:
    file.write("in memory")
assert read("/w/down") == "in memory"
with open("/w/down", "w") as file:
    file.write("through it")
assert read("/tmp/new") == "through it" and os.stat("down").st_size == 10
os.symlink("loop", "/tmp/loop")
for path in "/w/missing/../file", "/tmp/missing/../new", "/w/file/../sub", "/tmp/loop":
    try:
        read(path)
    except OSError:
        pass
    else:
        raise AssertionError(path)
try:
    shutil.rmtree(".")
except OSError:
    pass
assert os.path.isdir("/w") and os.listdir("/w") == []
