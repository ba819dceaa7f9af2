"""A thread whose stack is small gets an exception before the stack is used up, and harms nothing else."""
import json
import sys
import threading

# Memory below the stacks, where an overflow writes.
below = [bytearray(b"\x5c" * 100000) for _ in range(60)]
seen = []


class Mirror:
    def __repr__(self):
        return repr(self)


def deep():
    for function, argument in ((json.loads, "[" * 100000), (repr, Mirror())):
        try:
            function(argument)
        except RecursionError:
            seen.append(function)


# Before 3.14, Python counts calls, whatever the stack has room for.
for size in (1 << 20, 256 << 10, 0) if sys.version_info >= (3, 14) else (1 << 20, 0):
    threading.stack_size(size)
    for _ in range(3):
        thread = threading.Thread(target=deep)
        thread.start()
        thread.join()
    assert seen == [json.loads, repr] * 3, (size, seen)
    seen.clear()
assert all(block == b"\x5c" * 100000 for block in below)
