#!/bin/bash
# numpy, pandas and others, built from their sources. What they compute is compared with what they must compute.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-7000}
. "$(dirname -- "$0")/lib.sh"

PY=python/v3.13.5

# `each_flavour SCRIPT EXPECTED OPTION...`: runs a script in every flavour.
each_flavour() {
    local flavour script=$1 expected=$2
    shift 2
    [ -z "${WL_CHECK_OFFLINE-}" ] && "$PYTHON" -m pip --version >/dev/null 2>&1 || skip 'without pip and the network'
    for flavour in plain single snapshot; do
        real run -q "$PY" "$@" --flavour $flavour -- -c "$script"
        status 0
        is "$(cat .out)" "$expected" "$flavour"
    done
}

test_numpy() {
    each_flavour '
import numpy as np
a = np.arange(6).reshape(2, 3)
print((a.T @ a).tolist())
print(np.linalg.inv(np.array([[2.0, 1.0], [1.0, 3.0]])).round(3).tolist())
print(np.fft.fft(np.arange(4)).tolist())
print(np.random.default_rng(1).integers(0, 100, 5).tolist())
print(np.sort(np.array([3, 1, 2])).tolist(), np.arange(1e6).sum())
# Functions that numpy calls by types of its own, and that Python calls with more arguments than they have.
print(np.array(["a", "bc"]).astype("U5").tolist(), np.array([1.5]).astype("S4").tolist(), np.float64(2).__copy__())
print(np.sort(np.array(["b", "a"], dtype=np.dtypes.StringDType())).tolist())
np.save("/tmp/a.npy", a)
print(np.load("/tmp/a.npy").tolist())
try:
    np.linalg.inv(np.zeros((2, 2)))
except np.linalg.LinAlgError as e:
    print(e)' '[[9, 12, 15], [12, 17, 22], [15, 22, 29]]
[[0.6, -0.2], [-0.2, 0.4]]
[(6+0j), (-2+2j), (-2+0j), (-2-2j)]
[47, 51, 75, 95, 3]
[1, 2, 3] 499999500000.0
['\''a'\'', '\''bc'\''] [b'\''1.5'\''] 2.0
['\''a'\'', '\''b'\'']
[[0, 1, 2], [3, 4, 5]]
Singular matrix' --with numpy --import numpy
}

test_a_native_program_with_numpy() {
    each_flavour 'import numpy' '' --with numpy --import numpy
    real_tool aot -q "$PY" --with numpy --import numpy --flavour snapshot -o program
    status 0
    run ./program -- -c 'import numpy as np; print(np.linalg.det(np.eye(3) * 2).round(3))'
    status 0
    is "$(cat .out)" 8.0
}

test_others() {
    each_flavour '
import yaml, msgpack, regex, ujson
print(yaml.__with_libyaml__, yaml.load("a: [1, 2]", yaml.CSafeLoader), yaml.dump({"a": "\u20ac"}, Dumper=yaml.CSafeDumper, allow_unicode=True).strip())
print(msgpack.unpackb(msgpack.packb({"a": 1})), msgpack.Packer.__module__)
print(regex.fullmatch(r"(?:cats|cat){e<=1}", "cst") is not None, ujson.dumps([1, "a"]))' "True {'a': [1, 2]} a: €
{'a': 1} msgpack._cmsgpack
True [1,\"a\"]" --with pyyaml --with msgpack --with regex --with ujson
}

# Images of each format for which there is a library, errors that leave libjpeg by longjmp(), and text that Raqm lays out.
test_pillow() {
    [ -z "${WL_CHECK_OFFLINE-}" ] && "$PYTHON" -m pip --version >/dev/null 2>&1 || skip 'without pip and the network'
    real run -q "$PY" --with pillow -- -c '
import io
from PIL import Image, ImageDraw, ImageFilter, ImageFont, features
print([f for f in ("zlib", "jpg", "webp", "freetype2", "raqm", "fribidi", "harfbuzz") if features.check(f)])
image = Image.new("RGB", (64, 48), "white")
ImageDraw.Draw(image).ellipse((8, 8, 40, 40), fill=(200, 30, 60))
def saved(kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
print([Image.open(io.BytesIO(saved(kind, **options))).tobytes() == image.tobytes()
       for kind, options in (("PNG", {}), ("BMP", {}), ("TIFF", {}), ("WEBP", {"lossless": True}))])
jpeg = Image.open(io.BytesIO(saved("JPEG", quality=95))).convert("RGB")
print(jpeg.size, max(abs(a - b) for a, b in zip(jpeg.resize((8, 6), Image.BOX).tobytes(), image.resize((8, 6), Image.BOX).tobytes())) < 8)
# libjpeg leaves its functions by longjmp().
for broken in (saved("JPEG")[:300], b"\xff\xd8\xff\xc4\x00\x15\x00" + b"\xff" * 16 + b"\x00\x00" + saved("JPEG")[2:]):
    try:
        Image.open(io.BytesIO(broken)).load()
    except OSError as e:
        print(e)
font = ImageFont.truetype(io.BytesIO(ImageFont.load_default(20).font_bytes), 20)
print(font.layout_engine == ImageFont.Layout.RAQM, font.getlength("AV", features=["-kern"]) > font.getlength("AV") > 10)
draw = ImageDraw.Draw(image)
draw.text((2, 2), "wl", font=font, fill="black")
print(image.getpixel((63, 47)), image.crop((0, 0, 30, 25)).convert("L").getextrema()[0] < 40, image.filter(ImageFilter.GaussianBlur(3)).size)'
    status 0
    is "$(cat .out)" "['zlib', 'jpg', 'webp', 'freetype2', 'raqm', 'fribidi', 'harfbuzz']
[True, True, True, True]
(64, 48) True
Truncated File Read
broken data stream when reading image file
True True
(255, 255, 255) True (64, 48)"
}

main "$@"
