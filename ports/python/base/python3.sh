#!/bin/sh
# sys.executable names this file. No program can be started in the sandbox, but pip and similar programs expect that the
# file exists.
echo "python3: this is the name of a Python inside a WebAssembly module; start the module with wl-run" >&2
exit 126
