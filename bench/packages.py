"""bench/packages runs this in each Python. It prints a line "NAME<tab>MILLISECONDS" for each task, the best of five."""
import time

import numpy as np

rng = np.random.default_rng(1)
a, b = rng.random(1_000_000), rng.random(1_000_000)
i = rng.integers(0, 1_000_000, 1_000_000)
m, n = rng.random((200, 200)), rng.random((200, 200))
s = m + np.eye(200) * 200
c = rng.random(2**16)
grid = rng.random((1000, 1000))
words = np.array(["w%d" % k for k in range(20_000)])

tasks = {
    "a + b": lambda: a + b,
    "a * 2 + b": lambda: a * 2 + b,
    "sqrt": lambda: np.sqrt(a),
    "exp": lambda: np.exp(a),
    "sin": lambda: np.sin(a),
    "sum": lambda: a.sum(),
    "mean of rows": lambda: grid.mean(axis=1),
    "cumsum": lambda: a.cumsum(),
    "argmax": lambda: a.argmax(),
    "compare": lambda: (a > b).sum(),
    "where": lambda: np.where(a > 0.5, a, b),
    "sort": lambda: np.sort(a),
    "argsort": lambda: np.argsort(i),
    "unique": lambda: np.unique(i),
    "fancy index": lambda: a[i],
    "boolean index": lambda: a[a > 0.5],
    "transpose copy": lambda: grid.T.copy(),
    "fft": lambda: np.fft.fft(c),
    "random normal": lambda: rng.normal(size=200_000),
    "astype": lambda: a.astype(np.float32),
    "strings": lambda: np.char.upper(words),
    "dot (BLAS)": lambda: m @ n,
    "solve (LAPACK)": lambda: np.linalg.solve(s, m[0]),
}

for name, task in tasks.items():
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        task()
        best = min(best, time.perf_counter() - start)
    print(f"{name}\t{best * 1000:.4f}")
