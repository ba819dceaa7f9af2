#!/bin/sh
# sys.executable names this file. In the sandbox that word starts the module again (docs/processes.md); pip and similar
# programs expect that the file exists.
echo "python3: this is the name of a Python inside a WebAssembly module; start the module with wl-run" >&2
exit 126
