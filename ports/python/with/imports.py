"""imports.py FILE MODULE.wasm: imports each of the modules that the file lists, which are part of this program, MODULE.wasm. It
fails if one is not, and the program ends early if one cannot run here. A module that says why it cannot be imported is as its
package wants it: it may need another package, or another system. Then table_types.py looks for functions that would end the
program if Python called them."""
import importlib
import sys

import table_types

failed = False
for name in open(sys.argv[1]).read().split():
    print(name, flush=True)
    if name not in sys.builtin_module_names:
        print(f"{name} is not part of the program")
        failed = True
        continue
    try:
        importlib.import_module(name)
    except Exception as e:
        print(f"{name} cannot be imported: {type(e).__name__}: {e}")
table_types.main(sys.argv[2])
sys.exit(failed)
