"""package.py N: imports the package wlpy and runs `pass` N times in a fresh sandbox. Prints the microseconds of the import with the first
run (`first`), and of each further run (`run`). bench/host runs it."""
import sys
import time

begun = time.perf_counter()
import wlpy  # noqa: E402 (its import is measured)

wlpy.run("pass")
print("first %.1f" % ((time.perf_counter() - begun) * 1e6))
for _ in range(int(sys.argv[1])):
    begun = time.perf_counter()
    wlpy.run("pass")
    print("run %.1f" % ((time.perf_counter() - begun) * 1e6))
