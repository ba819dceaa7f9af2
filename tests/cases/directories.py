"""Links and ".." between the shared directories /w and /v."""
import io
import os
import shutil
import sys
import tarfile


def read(path):
    with open(path) as file:
        return file.read()


os.makedirs("/w/sub")
for name, text in ("/v/f", "x"), ("/w/g", "y"):
    with open(name, "w") as file:
        file.write(text)

# Relative links lead wherever ".." does. The host lets nobody make an absolute one, because outside it would lead
# elsewhere.
for link, target in {"/w/rel": "g", "/w/other": "../v/f", "/w/none": "nowhere", "/v/back": "../w/g"}.items():
    os.symlink(target, link)
    assert os.readlink(link) == target and os.path.islink(link), link
for link, target in {"/w/absolute": "/w/g", "/w/out": "/etc/passwd", "/w/across": "/v/f"}.items():
    try:
        os.symlink(target, link)
    except PermissionError:
        assert sys.platform == "wasi"
    else:
        assert sys.platform != "wasi"
        os.unlink(link)
assert read("/w/rel") == read("/v/back") == "y" and read("/w/other") == "x" and not os.path.exists("/w/none")
assert os.path.realpath("/w/other") == "/v/f"

assert read("/w/../v/f") == read("/v/../w/../v/f") == "x" and read("/w/sub/../g") == read("/w/sub/../../w/g") == "y"
os.chdir("/w/sub")
assert read("../g") == "y" and read("../../v/f") == "x"
os.chdir("..")
assert os.getcwd() == "/w"
os.chdir("../v")
assert os.getcwd() == "/v" and read("f") == "x"
os.chdir("/w")
assert {"w", "v"} <= set(os.listdir("/")) and {"w", "v"} <= {e.name for e in os.scandir("/")}
assert any("v" in folders for top, folders, files in os.walk("/") if top == "/")

# From one to the other.
shutil.move("/w/g", "/v/g")
assert os.path.exists("/v/g") and not os.path.exists("/w/g") and not os.path.exists("/w/rel")
os.rename("/v/g", "/w/g") if sys.platform == "wasi" else shutil.move("/v/g", "/w/g")
assert read("/w/rel") == "y"
with tarfile.open(fileobj=io.BytesIO(), mode="w") as archive:
    archive.add("/w")
    assert {"w/rel", "w/other", "w/none", "w/sub"} <= set(archive.getnames())
shutil.copytree("/w", "/v/copy", symlinks=True)
assert os.readlink("/v/copy/rel") == "g" and read("/v/copy/rel") == "y"
