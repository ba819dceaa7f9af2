"""Functions that the interpreter would call with another type than they have, if they had not been patched."""
import faulthandler
import gc
import operator
import signal

# 3.13: clearing a methodcaller in a cycle that the garbage collector collects.
d = {}
m = operator.methodcaller("get", d)
d["m"] = m
del d, m
assert gc.collect() > 0

# Before 3.13: a function that is declared with keywords.
assert faulthandler.unregister(signal.SIGUSR1) is False
