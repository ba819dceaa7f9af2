#!/bin/sh
# What sys.executable names. In the sandbox no program can be started, but pip and the like look for the file.
echo "python3: this is the name of a Python inside a WebAssembly module; start the module with wl-run" >&2
exit 126
