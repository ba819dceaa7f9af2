import hashlib
import io
import xml.etree.ElementTree

import contourpy
import kiwisolver
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import _path, _qhull, _tri, ft2font, mathtext
from matplotlib.backends import _backend_agg
from matplotlib.tri import Triangulation
from PIL import Image

print(matplotlib.get_backend(), [type(f).__name__ for f in (_path.points_in_path, _qhull.delaunay, _tri.Triangulation, _backend_agg.RendererAgg)])
plt.rcParams["svg.hashsalt"] = "wl"
figure, axes = plt.subplots(2, 3, figsize=(9, 6), layout="constrained")
x = np.linspace(0, 6, 61)
axes[0, 0].plot(x, x * (6 - x), "r--", marker="o", markevery=10, label="AVAT \u00e4\u05d0\u05d1")
axes[0, 0].set(title=r"$\sqrt{\frac{\alpha^2}{2}}$", xlabel="x", ylabel="y")
axes[0, 0].legend(framealpha=1)
axes[0, 1].bar(["a", "b", "c"], [3, 1, 2], yerr=0.5, hatch="//")
axes[0, 2].imshow(np.arange(64).reshape(8, 8), interpolation="bilinear", cmap="viridis")
grid = np.add.outer(np.arange(-4.0, 5) ** 2, np.arange(-4.0, 5) ** 2)
lines = axes[1, 0].contour(grid, levels=[2, 8, 18])
axes[1, 0].clabel(lines)
axes[1, 1].pie([1, 2, 3], labels=["one", "two", "three"], autopct="%d%%")
axes[1, 2].tripcolor([0, 1, 1, 0, 0.5], [0, 0, 1, 1, 0.4], [1, 2, 3, 4, 5.0])


def saved(kind, **options):
    out = io.BytesIO()
    figure.savefig(out, format=kind, **options)
    return out.getvalue()


png = saved("png", dpi=100)
image = Image.open(io.BytesIO(png)).convert("RGB")
print(image.size, len(image.getcolors(1 << 20)) > 500, saved("png", dpi=100) == png)
print([[round(v) for v in np.asarray(image.crop(box), float).mean((0, 1))] for box in
       ((0, 0, 300, 300), (300, 0, 600, 300), (600, 0, 900, 300), (0, 300, 300, 600), (300, 300, 600, 600), (600, 300, 900, 600))])
svg = saved("svg", metadata={"Date": None})
tree = xml.etree.ElementTree.fromstring(svg)
tags = [e.tag.partition("}")[2] for e in tree.iter()]
print(tree.get("viewBox"), {t: tags.count(t) for t in sorted(set(tags))}, hashlib.sha256(svg).hexdigest()[:16])
print(saved("pdf")[:8], saved("ps")[:11])
print(len(lines.allsegs), [[len(s) for s in level] for level in lines.allsegs])
triangles = Triangulation([0, 1, 1, 0, 0.5], [0, 0, 1, 1, 0.4])
print(sorted(map(sorted, triangles.triangles.tolist())), triangles.get_trifinder()([0.5, 2], [0.1, 0]).tolist()[1])
# Qhull leaves its functions by longjmp().
try:
    Triangulation([0, 1, 2], [0, 1, 2])
except RuntimeError as e:
    print(str(e).split("\n")[0])
font = ft2font.FT2Font(matplotlib.get_data_path() + "/fonts/ttf/DejaVuSans.ttf")
font.set_size(12, 100)
font.set_text("AVAT \u05d0\u05d1")
print(font.family_name, font.get_width_height(), font.get_kerning(font.get_char_index(65), font.get_char_index(86), ft2font.Kerning.DEFAULT), font.num_glyphs)
try:
    ft2font.FT2Font(io.BytesIO(b"no font"))
except RuntimeError as e:
    print(str(e).split(" (")[0])
print(tuple(round(v, 1) for v in mathtext.MathTextParser("path").parse(r"$\int_0^\infty e^{-x^2}dx$")[:3]))
generator = contourpy.contour_generator(z=grid, name="serial", chunk_count=(2, 2), line_type="Separate")
print(generator.chunk_count, len(generator.lines(8)), contourpy.contour_generator(z=grid).filled(2, 8)[0][0].shape)
left, right = kiwisolver.Variable("left"), kiwisolver.Variable("right")
solver = kiwisolver.Solver()
for constraint in (left >= 10, (right == left + 30) | "strong", right <= 100, (right == 1000) | "weak"):
    solver.addConstraint(constraint)
solver.updateVariables()
print(left.value(), right.value())
try:
    solver.addConstraint(left <= 5)
except kiwisolver.UnsatisfiableConstraint as e:
    print(type(e).__name__)
