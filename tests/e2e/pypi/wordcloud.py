import random

import numpy as np
from wordcloud import STOPWORDS, WordCloud, query_integral_image

text = "to be or not to be that is the question whether 'tis nobler in the mind to suffer the slings and arrows of outrageous fortune " * 2
cloud = WordCloud(width=320, height=200, random_state=4, collocations=False)
counts = cloud.process_text(text)
print(sorted(counts.items())[:6], "the" in STOPWORDS, type(query_integral_image.query_integral_image).__name__)
cloud.generate(text)
placed = {word[0]: (size, position) for word, size, position, *_ in [(w[0], *w[1:]) for w in cloud.layout_]}
print(sorted(placed) == sorted(counts), len({place for _, place in placed.values()}) == len(placed))
image = cloud.to_array()
print(image.shape, 0.1 < (image.max(2) > 0).mean() < 0.6)
print(cloud.recolor(color_func=lambda *a, **k: (1, 2, 3)).to_array().max((0, 1)).tolist(), "<svg" in cloud.to_svg()[:400])
# The place for a box of 3 by 4 in a field of which only one is free.
field = np.ones((20, 30), np.uint32)
field[5:8, 11:15] = 0
total = np.cumsum(np.cumsum(field, axis=0), axis=1).astype(np.uint32)
print(query_integral_image.query_integral_image(total, 3, 4, random.Random(0)), query_integral_image.query_integral_image(total, 5, 4, random.Random(0)))
mask = np.full((100, 100), 255, np.uint8)
mask[20:80, 20:80] = 0
inside = WordCloud(mask=mask, random_state=1, background_color="white").generate_from_frequencies({"alpha": 3, "beta": 2, "gamma": 1}).to_array()
print((inside[:19] == 255).all(), (inside[20:80, 20:80] < 255).any())
try:
    WordCloud().generate("")
except ValueError as e:
    print(e)
