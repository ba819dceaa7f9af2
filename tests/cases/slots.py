"""Functions that the interpreter calls by another type than they were written with, had they not been patched."""
import faulthandler
import gc
import operator
import signal

# 3.13: what clears a methodcaller in a cycle that the garbage collector takes.
d = {}
m = operator.methodcaller("get", d)
d["m"] = m
del d, m
assert gc.collect() > 0

# Before 3.13: a function that is said to take keywords.
assert faulthandler.unregister(signal.SIGUSR1) is False
