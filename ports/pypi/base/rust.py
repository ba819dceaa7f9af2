"""Adds to what prepare.py has made, in the current directory, what the build of a package in Rust sees:

    cargo/        the configuration of cargo, and the linker
    environment   gets more variables

It reads the variables of a step (docs/recipes.md) and starts nothing."""
import glob
import json
import os
import shlex
import tomllib

RUST = os.environ["NEED_TOOLCHAIN_RUST"]
SRC = os.environ["SRC"]
SERIES = ".".join(os.environ["VAR_PYTHON"].split(".")[:2])
HERE = os.getcwd()
TARGET = "wasm32-wasip1"
HOST = "x86_64-unknown-linux-gnu"


def read(file):
    with open(file, "rb") as f:
        return tomllib.load(f)


def write(name, text):
    os.makedirs("cargo", exist_ok=True)
    with open(f"cargo/{name}", "w") as f:
        f.write(text)


def pinned():
    """The hashes of crates in the package's own lock files, by name and version."""
    found = {}
    for directory, _, files in os.walk(f"{SRC}/package"):
        if "Cargo.lock" in files:
            for crate in read(os.path.join(directory, "Cargo.lock")).get("package", []):
                if "checksum" in crate:
                    found[crate["name"], crate["version"]] = crate["checksum"]
    return found


def add_crates():
    """Makes the unpacked crates a directory source (https://doc.rust-lang.org/cargo/reference/source-replacement.html)."""
    hashes = pinned()
    for directory in glob.glob(f"{SRC}/crates/*"):
        package = read(f"{directory}/Cargo.toml")["package"]
        # wl-make has compared the crate with its hash. If the package has no lock file, cargo does not ask for it.
        with open(f"{directory}/.cargo-checksum.json", "w") as f:
            json.dump({"files": {}, "package": hashes.get((package["name"], package["version"]))}, f)
    if os.path.isdir(f"{SRC}/crates"):
        write("config.toml", f"""[source.crates-io]
replace-with = "fetched"
[source.fetched]
directory = "{SRC}/crates"
""")


def main():
    add_crates()
    # The Python that it is compiled for, as PyO3 and maturin read it.
    write("python", f"""implementation=CPython
version={SERIES}
shared=false
abi3=false
build_flags=
pointer_width=32
ext_suffix=.cpython-{SERIES.replace('.', '')}-wasm32-wasi.so
suppress_build_script_link_lines=true
""")
    write("linker", f'#!/bin/sh\nexec {shlex.quote(HERE)}/cross/cc "$@" {shlex.quote(HERE)}/cargo/no-threads.o\n')
    os.chmod("cargo/linker", 0o755)
    variables = {
        "CARGO": f"{RUST}/bin/cargo",
        "RUSTC": f"{RUST}/bin/rustc",
        "CARGO_HOME": f"{HERE}/cargo",
        "CARGO_TARGET_DIR": f"{HERE}/cargo/target",
        "CARGO_BUILD_TARGET": TARGET,
        "CARGO_BUILD_JOBS": os.environ["JOBS"],
        "CARGO_NET_OFFLINE": "true",
        "PYO3_CONFIG_FILE": f"{HERE}/cargo/python",
    }
    # Build scripts and procedural macros are for the build machine, whose own compiler links them.
    for triple, linker, cc, cxx, ar in ((TARGET, f"{HERE}/cargo/linker", f"{HERE}/cross/cc", f"{HERE}/cross/c++", os.environ["AR"]),
                                        (HOST, "/usr/bin/cc", "/usr/bin/cc", "/usr/bin/c++", "/usr/bin/ar")):
        name = triple.replace("-", "_")
        variables |= {f"CARGO_TARGET_{name.upper()}_LINKER": linker, f"CC_{name}": cc, f"CXX_{name}": cxx, f"AR_{name}": ar}
    with open("environment", "a") as f:
        f.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
        f.write(f"PATH={RUST}/bin:$PATH\n")


main()
