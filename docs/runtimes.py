#!/usr/bin/env python3
"""Write the tables of docs/runtimes.md: what a Python of this project can do in each WASI runtime, by trying it.

    docs/runtimes.py [--wl-make FILE] [PORT [RUNTIME...]]

Builds PORT (python/v3.13.5) in all flavours, and starts each by wl-run and by the scripts in runtimes/ whose runtime is
installed. Only what is between the two comments is replaced; the text around it is written by hand. Times are medians,
as a multiple of wl-run's, taken in turn. Prints what failed, with what was said, on standard error."""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(HERE)
BEGIN, END = "<!-- table: docs/runtimes.py -->", "<!-- end of table -->"
FLAVOURS = ("plain", "single", "snapshot")
LIMIT = 600  # seconds for one start, which may have to compile or to interpret

# What is tried: a name, the guest's arguments, what its output must match, and the exit status.
CHECKS = [
    ("start", ["-c", "print(6 * 7)"], "42\n", 0),
    (
        "library",
        [
            "-c",
            "import ssl, sqlite3, zlib, lzma, bz2, hashlib, decimal, ctypes, uuid, zoneinfo, json, asyncio\n"
            "import xml.etree.ElementTree as tree\n"
            "c = sqlite3.connect(':memory:')\n"
            "print(c.execute('select sum(v) from (select 1 v union select 2)').fetchone()[0],\n"
            "    zlib.crc32(zlib.decompress(zlib.compress(b'x' * 9999))), lzma.decompress(lzma.compress(b'ab')),\n"
            "    hashlib.new('sha3_256', b'').hexdigest()[:8], decimal.Decimal(2).sqrt(), tree.fromstring('<a/>').tag,\n"
            "    zoneinfo.ZoneInfo('Europe/Berlin').key, ssl.create_default_context().cert_store_stats()['x509'] > 99)\n"
            "async def f():\n"
            "    await asyncio.sleep(0.01)\n"
            "    return 'done'\n"
            "print(asyncio.run(f()))",
        ],
        r"3 \d+ b'ab' a7ffc6f8 1\.414213562373095048801688724 a Europe/Berlin True\ndone\n",
        0,
    ),
    (
        "files",
        [
            "-c",
            "import os, pathlib, shutil\n"
            "os.makedirs('/d/a/b')\n"
            "p = pathlib.Path('/d/a/b/ä')\n"
            "p.write_text('hello')\n"
            "p.rename('/d/a/c')\n"
            "with open('/d/a/c', 'r+') as f:\n"
            "    f.seek(0, 2); f.write(' you'); f.truncate(6)\n"
            "print(open('/d/a/c').read(), sorted(os.listdir('/d/a')), os.stat('/d/a/c').st_size, os.path.isdir('/d/a/b'))\n"
            "for name in ('/etc/passwd', '/d/../etc/passwd', '/d/none'):\n"
            "    try: open(name)\n"
            "    except OSError as e: print(type(e).__name__)\n"
            "shutil.rmtree('/d/a')\n"
            "print(os.listdir('/d'))",
        ],
        r"hello  \['b', 'c'\] 6 True\n(FileNotFoundError|PermissionError)\n(FileNotFoundError|PermissionError)\n"
        r"FileNotFoundError\n\[\]\n",
        0,
    ),
    (
        "links",
        [
            "-c",
            "import os\n"
            "open('/d/one', 'w').write('x')\n"
            "os.symlink('one', '/d/two')\n"
            "print(os.readlink('/d/two'), open('/d/two').read(), os.path.islink('/d/two'))\n"
            "os.link('/d/one', '/d/three')\n"
            "print(os.stat('/d/three').st_nlink)\n"
            "for n in ('one', 'two', 'three'): os.unlink('/d/' + n)",
        ],
        "one x True\n2\n",
        0,
    ),
    (
        "file times",
        [
            "-c",
            "import os\n"
            "open('/d/f', 'w').close()\n"
            "os.utime('/d/f', (1000, 2000))\n"
            "print(os.stat('/d/f').st_mtime)\n"
            "os.unlink('/d/f')",
        ],
        "2000.0\n",
        0,
    ),
    (
        "time",
        [
            "-c",
            "import time\n"
            "a, t = time.monotonic(), time.time()\n"
            "time.sleep(0.05)\n"
            "print(0.045 < time.monotonic() - a < 5, t)",
        ],
        None,  # compared with the host's clock
        0,
    ),
    ("random", ["-c", "import os, random, uuid; print(os.urandom(8).hex(), random.random(), uuid.uuid4())"], None, 0),
    (
        "arguments",
        ["-c", "import sys, os; print(sys.argv[1:], os.environ['NAME'])", "", "a b", "ä", "-x"],
        r"\['', 'a b', 'ä', '-x'\] värde=1\n",
        0,
    ),
    ("streams", ["-c", "import sys; sys.stderr.write(sys.stdin.read().upper()); sys.exit(7)"], None, 7),
    ("exit status", ["-c", "raise ValueError"], "", 1),
    (
        "recursion",
        [
            "-c",
            "import sys\n"
            "def f(n): return n and 1 + f(n - 1)\n"
            "print(f(900))\n"
            "sys.setrecursionlimit(6000)\n"
            "print(f(5000))\n"
            "try: eval('(' * 90 + '1' + ')' * 90); f(10 ** 6)\n"
            "except RecursionError: print('RecursionError')",
        ],
        "900\n5000\nRecursionError\n",
        0,
    ),
    (
        "deep C calls",
        [
            "-c",
            "import json\n"
            "a = []\n"
            "for _ in range(10 ** 5): a = [a]\n"
            "for what in (lambda: json.dumps(a), lambda: repr(a), lambda: json.loads('[' * 10 ** 5)):\n"
            "    try: what()\n"
            "    except RecursionError: print('RecursionError')",
        ],
        "RecursionError\nRecursionError\nRecursionError\n",
        0,
    ),
]

PROGRAMS = {
    "calls": "def f(n): return n if n < 2 else f(n - 1) + f(n - 2)\nf(25)",
    "floats": "x = 0.5\nfor i in range(600000): x = x * 3.7 * (1.0 - x)",
    "strings": "import re, json\nd = json.loads(json.dumps([{str(i): [i, i * 0.5, 'x' * 9]} for i in range(9000)]))\n"
    "re.sub(r'(\\w+)-(\\d+)', r'\\2', 'abc-123 ' * 40000)",
}


class Runtime:
    def __init__(self, name, program, title):
        self.name, self.program, self.title = name, program, title

    def command(self, module, library, folder, arguments):
        words = [self.program, "--env", "NAME=värde=1", "--dir", f"{folder}::/d"]
        if library:
            words += ["--dir", f"{library}::/usr/local::ro"]
        return [*words, module, *arguments]


def tool(wl_make, *words):
    return subprocess.run([wl_make, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def runtimes(wanted, wl_run):
    """Those that are installed; of the others, why not."""
    there, missing = [], {}
    scripts = [f for f in sorted(os.listdir(os.path.join(REPO, "runtimes"))) if "." not in f]
    for name in ["wl-run", *scripts]:
        if wanted and name not in wanted and name != "wl-run":
            continue
        program = wl_run if name == "wl-run" else os.path.join(REPO, "runtimes", name)
        said = subprocess.run([program, "--version"], capture_output=True, text=True)
        line = (said.stdout + said.stderr).strip().splitlines()[0]
        if said.returncode:
            missing[name] = line
        else:
            there.append(Runtime(name, program, line if name in line else f"{name} {line}"))
    return there, missing


def start(runtime, module, library, arguments, stdin=""):
    with tempfile.TemporaryDirectory() as folder:
        words = runtime.command(module, library, folder, arguments)
        try:
            return subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=LIMIT)
        except subprocess.TimeoutExpired as late:
            return subprocess.CompletedProcess(words, 124, "", f"took longer than {late.timeout} s")


def passes(runtime, module, library, check):
    """Whether a check passes, and what was said if not."""
    name, arguments, expected, status = check
    done = start(runtime, module, library, arguments, "words")
    good = done.returncode == status
    if name == "time":
        words = done.stdout.split()
        good = good and len(words) == 2 and words[0] == "True" and abs(float(words[1]) - time.time()) < 60
    elif name == "random":
        again = start(runtime, module, library, arguments)
        good = good and not set(done.stdout.split()) & set(again.stdout.split()) and len(done.stdout.split()) == 3
    elif name == "streams":
        good = good and done.stderr.startswith("WORDS")
    else:
        good = good and re.fullmatch(expected, done.stdout) is not None
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return good, "" if good else f"status {done.returncode}: {said[-1] if said else 'nothing was said'}"


def seconds(runtime, module, library, arguments):
    begun = time.perf_counter()
    done = start(runtime, module, library, arguments)
    return time.perf_counter() - begun if done.returncode == 0 else None


def ratio(runtime, reference, module, library, arguments, rounds):
    """The median of how much longer it takes than the reference, in turn; None where it fails."""
    found = []
    for _ in range(rounds):
        pair = [seconds(r, module, library, arguments) for r in (runtime, reference)]
        if None in pair:
            return None
        found.append(pair[0] / pair[1])
    return statistics.median(found)


def number(value):
    return "–" if value is None else f"{value:.1f}" if value < 10 else f"{value:.0f}"


def table(rows):
    head, *rest = rows
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rest])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wl-make", default=os.path.join(REPO, "wl-make.sh"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--print", action="store_true", help="print the tables, change no file")
    parser.add_argument("port", nargs="?", default="python/v3.13.5")
    parser.add_argument("runtimes", nargs="*")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as out:
        for flavour in FLAVOURS:
            tool(given.wl_make, "build", "--output", out, "--flavour", flavour, given.port)
        tool(given.wl_make, "build", "--output", out, "toolchain/wl-run")
        root = os.path.join(out, given.port)
        there, missing = runtimes(given.runtimes, os.path.join(out, "toolchain/wl-run/bin/wl-run"))
        rows = [["", *[r.title for r in there]]]
        for name, *rest in CHECKS:
            row = [name]
            for runtime in there:
                bad = []
                for flavour in FLAVOURS:
                    module = os.path.join(root, "bin", "python.wasm" if flavour == "plain" else f"python-{flavour}.wasm")
                    library = os.path.join(root, "usr/local") if flavour == "plain" else None
                    good, said = passes(runtime, module, library, (name, *rest))
                    if not good:
                        bad.append(flavour)
                        print(f"{runtime.name}, {flavour}: {name}: {said}", file=sys.stderr, flush=True)
                row.append("yes" if not bad else "no" if len(bad) == len(FLAVOURS) else "not " + ", ".join(bad))
            rows.append(row)
            print(" | ".join(row), file=sys.stderr, flush=True)
        times = [["", *[r.title for r in there]]]
        trials = {f"start, {f}": (f, ["-c", "pass"]) for f in FLAVOURS}
        trials.update({f"{name}, single": ("single", ["-c", text]) for name, text in PROGRAMS.items()})
        for name, (flavour, arguments) in trials.items():
            module = os.path.join(root, "bin", "python.wasm" if flavour == "plain" else f"python-{flavour}.wasm")
            library = os.path.join(root, "usr/local") if flavour == "plain" else None
            row = [name]
            for runtime in there:
                seconds(runtime, module, library, arguments)  # what it keeps of the module is there from now on
                row.append(number(ratio(runtime, there[0], module, library, arguments, given.rounds)))
            times.append(row)
            print(" | ".join(row), file=sys.stderr, flush=True)
    text = f"As tried with {given.port}:\n\n{table(rows)}\n\nTimes of whole processes, as multiples of wl-run's:\n\n{table(times)}\n"
    text += "".join(f"\nNot tried here: {why}.\n" for why in missing.values())
    if given.print:
        print(text)
        return
    path = os.path.join(HERE, "runtimes.md")
    with open(path, encoding="utf-8") as file:
        before, _, rest = file.read().partition(BEGIN)
        after = rest.partition(END)[2]
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n{text}{END}{after}")


if __name__ == "__main__":
    main()
