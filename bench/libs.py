"""bench/libs runs this in each Python. It prints a line "NAME<tab>MILLISECONDS" for each task, the best of three."""
import bz2
import hashlib
import lzma
import random
import sqlite3
import time
import xml.etree.ElementTree
import zlib
from decimal import Decimal, getcontext

random.seed(1)
words = ["".join(random.choices("etaoinshrdlu", k=random.randint(2, 9))) for _ in range(2000)]
text = " ".join(random.choices(words, k=100_000)).encode()
packed = {module.__name__: module.compress(text) for module in (zlib, bz2)} | {"lzma": lzma.compress(text, preset=3)}
tasks = {}


def task(name):
    def keep(function):
        tasks[name] = function

    return keep


def with_openssl(name):
    """Uses OpenSSL if it is linked, otherwise Python's own code, as hashlib itself chooses."""
    tasks[f"hashlib {name}"] = lambda: [hashlib.new(name, text).digest() for _ in range(4)]


for algorithm in "md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b":
    with_openssl(algorithm)

# The same in portable C on both sides, because OpenSSL's assembler does not exist for WebAssembly.
for module, name in ("_md5", "md5"), ("_sha1", "sha1"), ("_sha256", "sha256"), ("_sha2", "sha256"), ("_sha512", "sha512"):
    try:
        function = getattr(__import__(module), name)
    except ImportError:
        continue
    tasks[f"{name} in C"] = lambda function=function: [function(text).digest() for _ in range(4)]


@task("zlib compress")
def _():
    zlib.compress(text)


@task("zlib decompress")
def _():
    for _ in range(4):
        zlib.decompress(packed["zlib"])


@task("crc32")
def _():
    for _ in range(20):
        zlib.crc32(text)


@task("bz2 compress")
def _():
    bz2.compress(text)


@task("bz2 decompress")
def _():
    bz2.decompress(packed["bz2"])


@task("lzma compress")
def _():
    lzma.compress(text[:300_000], preset=3)


@task("lzma decompress")
def _():
    lzma.decompress(packed["lzma"])


@task("sqlite3 insert")
def _():
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, word TEXT, n INTEGER)")
    db.execute("CREATE INDEX i ON t(word)")
    db.executemany("INSERT INTO t(word, n) VALUES(?, ?)", ((word, i) for i in range(10) for word in words))


database = sqlite3.connect(":memory:")
database.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, word TEXT, n INTEGER)")
database.executemany("INSERT INTO t(word, n) VALUES(?, ?)", ((word, i) for i in range(20) for word in words))


@task("sqlite3 select")
def _():
    database.execute("SELECT substr(word, 1, 2) AS s, count(*), sum(n), max(word) FROM t GROUP BY s ORDER BY 3").fetchall()


@task("decimal")
def _():
    getcontext().prec = 800
    Decimal(2).sqrt()
    Decimal(3).ln()


document = b"<r>" + b"".join(b'<e id="%d">%s</e>' % (i, word.encode()) for i, word in enumerate(words * 10)) + b"</r>"


@task("expat")
def _():
    xml.etree.ElementTree.fromstring(document)


for name, function in tasks.items():
    best = None
    for _ in range(3):
        start = time.perf_counter()
        function()
        took = time.perf_counter() - start
        best = took if best is None else min(best, took)
    print(f"{name}\t{best * 1000:.3f}")
