"""rivals.py N: prints the microseconds that each of N fresh sandboxes of pyeryx takes that run `pass` and are dropped, one a
line. Run by bench/instance with the same Python for this machine that it compares with."""
import sys
import time

import eryx

eryx.Sandbox().execute("pass")
for _ in range(int(sys.argv[1])):
    start = time.perf_counter()
    sandbox = eryx.Sandbox()
    sandbox.execute("pass")
    del sandbox
    print("%.1f" % ((time.perf_counter() - start) * 1e6))
