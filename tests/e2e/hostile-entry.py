"""Writes the entry of a remote store by somebody who has the key but means harm: hostile-entry.py DIRECTORY KEY KIND
prints nothing and writes KEY.manifest.json and KEY.content.zst; the caller signs the manifest."""

import hashlib
import json
import sys

directory, key, kind = sys.argv[1:4]


def file(path, data=b"x", **more):
    return {"path": path, "type": "file", "mode": "444", "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), **more}


def folder(path, mode="755"):
    return {"path": path, "type": "folder", "mode": mode}


def link(path, target):
    return {"path": path, "type": "link", "target": target}




def zstd(data):
    """A frame that zstd unpacks (RFC 8878), without compressing anything but runs of one byte."""
    block = 1 << 17
    out = b"\x28\xb5\x2f\xfd\x00\x58"
    parts = [data[i : i + block] for i in range(0, len(data), block)] or [b""]
    for i, part in enumerate(parts):
        run = len(part) > 1 and part == part[:1] * len(part)
        head = (i == len(parts) - 1) | (2 if run else 0) | len(part) << 3
        out += head.to_bytes(3, "little") + (part[:1] if run else part)
    return out


content = b"x"
other_key = "0" * 64
files = [file("a")]
if kind == "up":
    files = [file("../../../../escaped")]
elif kind == "absolute":
    files = [file("/tmp/escaped")]
elif kind == "through-link":
    files = [link("d", sys.argv[4]), file("d/escaped")]
elif kind == "through-file":
    files = [file("a"), file("a/b")]
    content = b"xx"
elif kind == "unlisted":
    files = [file("d/a")]
elif kind == "link-then-file":
    files = [link("a", sys.argv[4] + "/escaped"), file("a")]
elif kind == "set-id":
    files = [file("a", mode="4755")]
elif kind == "writable":
    files = [file("a", mode="666")]
elif kind == "closed":
    files = [folder("d", "000"), file("d/a")]
elif kind == "huge":
    files = [file("a", size=1 << 62)]
elif kind == "huge-sum":
    files = [file(f"a{i:06}", size=(1 << 40) - 1) for i in range(40)]
elif kind == "lying-size":
    files = [file("a", size=1 << 35)]
elif kind == "bomb":
    content = bytes(1 << 28)
elif kind == "hash":
    content = b"y"
elif kind == "other":
    key = other_key
elif kind == "negative":
    files = [file("a", size=-1)]
elif kind == "many":
    files = [file(f"a{i:07}", b"") for i in range(500001)]
    content = b""
elif kind == "deep":
    files = [folder("/".join(["d"] * n)) for n in range(1, 200)]
    content = b""
elif kind == "zero":
    files = [{"path-hex": "6100", "type": "file", "mode": "444", "size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}]
text = json.dumps(
    {
        "format": 1,
        "key": key,
        "kind": "port",
        "name": "made/a",
        "version": "1",
        "license": "",
        "toolchain": "",
        "sources": [],
        "needs": [],
        "files": files,
    }
)[:-1]
text += ",\n"
seal = hashlib.sha256(text.encode()).hexdigest()
name = f"{directory}/{sys.argv[2]}"
with open(f"{name}.manifest.json", "w", encoding="utf-8") as f:
    f.write(f'{text} "sha256": "{seal}"\n}}\n')
if kind == "frames":
    packed = zstd(content) + zstd(b"") * 50
elif kind == "no-zstd":
    packed = b"this is not zstd" * 50
else:
    packed = zstd(content)
with open(f"{name}.content.zst", "wb") as f:
    f.write(packed)
