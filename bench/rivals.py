"""rivals.py N: starts N fresh sandboxes of pyeryx, each of which runs `pass` and is dropped, and prints the microseconds of each, one
per line. bench/instance runs it with the Python for this machine that it also compares with."""
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
