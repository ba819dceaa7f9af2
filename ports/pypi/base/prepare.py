"""Makes, in the current directory, what the build of a package sees:

    site/         the packages that the build requires, for the Python of the build machine
    bin/          their commands, and the compilers
    target/       the configuration of the Python that the package is built for
    system/       headers that declare what every Python adds to the C library
    environment   the variables, as a script for sh

It reads the variables of a step (docs/recipes.md) and starts nothing."""
import configparser
import glob
import importlib.util
import os
import re
import shlex
import shutil
import stat
import sys
import zipfile

PYTHON = os.environ["NEED_PACKAGE_PYTHON"] + "/bin/python3"
TARGET = os.environ["NEED_PYTHON"]
TOOLS = os.environ["NEED_TOOLCHAIN_BUNDLE"] + "/bin"
SRC = os.environ["SRC"]
SERIES = ".".join(os.environ["VAR_PYTHON"].split(".")[:2])
HERE = os.getcwd()
# What the C library has only if a program asks for it.
DEFINES = ["-D_WASI_EMULATED_SIGNAL", "-D_WASI_EMULATED_GETPID", "-D_WASI_EMULATED_PROCESS_CLOCKS", "-D_WASI_EMULATED_MMAN"]
LIBRARIES = ["-lwasi-emulated-signal", "-lwasi-emulated-getpid", "-lwasi-emulated-process-clocks", "-lwasi-emulated-mman"]
# Files of a package that are for compilers: those of the build machine's version of the package are replaced by those of
# the version for WASI.
FOR_COMPILERS = (".h", ".hpp", ".hh", ".inc", ".a", ".pc")
LIBCXX = os.environ["NEED_TOOLCHAIN_LIBCXX"]
# Headers of the C library in which functions are missing that every Python has (guest/system/include).
SYSTEM_HEADERS = ("grp.h", "pthread.h", "pwd.h", "signal.h", "stdlib.h", "sys/stat.h", "sys/wait.h", "termios.h", "time.h", "unistd.h")
FLAGS = [f"-I{HERE}/system", "-I" + os.environ["FILES"] + "/fenv"] + os.environ["CPPFLAGS"].split() + DEFINES + os.environ["VAR_FLAGS"].split()


def write(name, text, executable=False):
    os.makedirs(os.path.dirname(os.path.join(HERE, name)), exist_ok=True)
    with open(os.path.join(HERE, name), "w") as f:
        f.write(text)
    if executable:
        os.chmod(os.path.join(HERE, name), 0o755)


def executable(path):
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def merge(source, to):
    shutil.copytree(source, to, dirs_exist_ok=True, symlinks=True)


def add_data(directory):
    """NAME-VERSION.data has files for places beside the packages (the wheel's specification, "The .data directory")."""
    for kind in sorted(os.listdir(directory)):
        place = os.path.join(directory, kind)
        if kind in ("purelib", "platlib"):
            merge(place, "site")
        elif kind == "scripts":
            for name in os.listdir(place):
                with open(os.path.join(place, name), "rb") as f:
                    content = f.read()
                if content.startswith(b"#!python"):
                    content = b"#!" + PYTHON.encode() + content[content.index(b"\n"):]
                with open(os.path.join("bin", name), "wb") as f:
                    f.write(content)
                executable(os.path.join("bin", name))
        elif kind == "data":
            merge(place, "data")
    shutil.rmtree(directory)


def add_commands(file):
    known = configparser.ConfigParser(delimiters="=", interpolation=None, strict=False)
    known.optionxform = str
    known.read(file, "utf-8")
    for name, value in known.items("console_scripts") if known.has_section("console_scripts") else []:
        module, _, function = value.split("[")[0].replace(" ", "").partition(":")
        write(f"bin/{name}", f"#!{PYTHON}\nimport sys\nimport {module}\nsys.exit({module}.{function}())\n", True)


def install_requirements():
    for name in ("site", "bin", "data", "target", "pkgconfig"):
        os.makedirs(name, exist_ok=True)
    for wheel in sorted(glob.glob(f"{SRC}/requirements/*")):
        # The unpacked files have no modes beyond the archive's, which some wheels lack.
        merge(wheel, "site")
        for directory in glob.glob("site/*.data"):
            add_data(directory)
    for file in sorted(glob.glob("site/*.dist-info/entry_points.txt")):
        add_commands(file)
    # Builds that start a Python by its name mean the one that they run in; the machine's has another version.
    for name in ("python", "python3"):
        write(f"bin/{name}", f'#!/bin/sh\nexec {PYTHON} "$@"\n', True)
    for root, _, files in os.walk("site"):
        if os.path.basename(root) == "bin":
            for name in files:
                executable(os.path.join(root, name))


def overlay_headers():
    """A package that another one compiles against (numpy) was installed for the build machine, so that the build can
    import it. Its headers and libraries must be those for WASI."""
    for variable, place in sorted(os.environ.items()):
        wheels = glob.glob(f"{place}/wheel/*.whl") if variable.startswith("NEED_WHEELS_") else []
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as z:
                for name in z.namelist():
                    if name.endswith(FOR_COMPILERS) and os.path.isdir(os.path.join("site", name.split("/")[0])):
                        z.extract(name, "site")


def system_headers():
    """Headers that CPython is compiled with, for C++ as well. Macros that take the place of functions are left out: they would also
    replace methods of the same name."""
    for name in SYSTEM_HEADERS:
        with open(os.path.join(os.environ["FILES"], "include", name), encoding="utf-8") as f:
            lines = [line for line in f if not re.match(r"#define [a-z]\w*\(", line)]
        start = max(i for i, line in enumerate(lines) if line.startswith("#include")) + 1
        end = max(i for i, line in enumerate(lines) if line.startswith("#endif"))
        lines[end:end] = ["#ifdef __cplusplus\n", "}\n", "#endif\n"]
        lines[start:start] = ["#ifdef __cplusplus\n", 'extern "C" {\n', "#endif\n"]
        write(f"system/{name}", "".join(lines))


def compilers():
    """Links to wl-cc under the names that builds look for, and its settings (docs/bundles.md)."""
    cc, *words = os.environ["CC"].split()
    sysroot = [w.removeprefix("--sysroot=") for w in words if w.startswith("--sysroot=")]
    settings = {
        "cc": cc,
        "c++": os.environ["CXX"].split()[0],
        "ld": os.environ["LD"],
        "strip": os.environ["STRIP"],
        "target": os.environ["TARGET"],
        "sysroot": sysroot[0] if sysroot else "",
        "cflags": " ".join(FLAGS),
        "libcxx": LIBCXX,
        "ldflags": " ".join(LIBRARIES),
        "shared": " ".join(sorted(p.removesuffix("/pkgconfig") for p in os.environ["PKG_CONFIG_LIBDIR"].split(":"))),
    }
    write("cross/wl-cc.conf", "".join(f"{name} = {value}\n" for name, value in settings.items() if value))
    for name, tool in (("cc", "wl-cc"), ("gcc", "wl-cc"), ("clang", "wl-cc"), ("c++", "wl-c++"), ("g++", "wl-c++"), ("clang++", "wl-c++"), ("strip", "wl-strip")):
        os.symlink(f"{TOOLS}/{tool}", f"cross/{name}")


def find_configuration():
    """The configuration that the Python for WASI was built with: a module in its zip."""
    archive = glob.glob(f"{TARGET}/usr/local/lib/python*.zip")[0]
    with zipfile.ZipFile(archive) as z:
        name = [n for n in z.namelist() if n.startswith("_sysconfigdata_")][0]
        data = z.read(name)
    if not name.endswith(".pyc"):
        namespace = {}
        exec(compile(data, name, "exec"), namespace)
        return namespace["build_time_vars"]
    write("target/found.pyc", "")
    with open("target/found.pyc", "wb") as f:
        f.write(data)
    spec = importlib.util.spec_from_file_location("found", "target/found.pyc")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    os.remove("target/found.pyc")
    return module.build_time_vars


def write_configuration():
    v = dict(find_configuration())
    cc, cxx = f"{HERE}/cross/cc", f"{HERE}/cross/c++"
    flags = "-DNDEBUG -fwrapv -O2"
    v.update(CC=cc, CXX=cxx, LDSHARED=f"{cc} -shared", LDCXXSHARED=f"{cxx} -shared", BLDSHARED=f"{cc} -shared",
             LINKCC=cc, AR=os.environ["AR"], ARFLAGS="rcs", RANLIB=os.environ["RANLIB"], CFLAGS=flags, OPT=flags, BASECFLAGS="", CCSHARED="",
             PY_CFLAGS=flags, LDFLAGS="", PY_LDFLAGS="", CPPFLAGS="", INCLUDEPY=f"{TARGET}/include/python{SERIES}",
             CONFINCLUDEPY=f"{TARGET}/include/python{SERIES}", LIBDIR=f"{TARGET}/lib", LIBPL=f"{TARGET}/lib",
             LIBRARY=f"libpython{SERIES}.a", EXT_SUFFIX=f".cpython-{SERIES.replace('.', '')}-wasm32-wasi.so",
             SHLIB_SUFFIX=".so", Py_ENABLE_SHARED=0)
    # Some ask for a directory of sysconfig's scheme instead of INCLUDEPY: pybind11 and scikit-build-core do.
    include = v["INCLUDEPY"]
    write("target/_sysconfigdata_wl.py", f"""import sysconfig
build_time_vars = {dict(sorted(v.items()))!r}
sysconfig._INSTALL_SCHEMES["posix_prefix"].update(include={include!r}, platinclude={include!r})
""")


def words(list_):
    return "[" + ", ".join("'" + w.replace("'", "\\'") + "'" for w in list_) + "]"


def write_meson():
    """https://mesonbuild.com/Machine-files.html"""
    write("cross.ini", f"""[binaries]
c = '{HERE}/cross/cc'
cpp = '{HERE}/cross/c++'
ar = '{os.environ["AR"]}'
strip = '{HERE}/cross/strip'
pkg-config = 'pkg-config'
python = '{PYTHON}'
cython = '{HERE}/bin/cython'
[properties]
needs_exe_wrapper = true
longdouble_format = 'IEEE_QUAD_LE'
pkg_config_libdir = {words(f"{HERE}/pkgconfig:{os.environ['PKG_CONFIG_LIBDIR']}".split(":"))}
[host_machine]
system = 'wasi'
cpu_family = 'wasm32'
cpu = 'wasm32'
endian = 'little'
""")


def write_cmake():
    """https://cmake.org/cmake/help/latest/manual/cmake-toolchains.7.html"""
    # Since 4.1, FindPython runs a Python only by an emulator when the system is another one (CMP0190). This Python runs here, with the
    # configuration of the target.
    write("cross/emulator", f"""#!/bin/sh
case $1 in
{PYTHON}*) exec "$@" ;;
esac
echo "$1: a build does not run programs for WASI" >&2
exit 126
""", True)
    roots = ";".join(p.removesuffix("/lib/pkgconfig") for p in os.environ["PKG_CONFIG_LIBDIR"].split(":"))
    write("toolchain.cmake", f"""set(CMAKE_SYSTEM_NAME WASI)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER {HERE}/cross/cc)
set(CMAKE_CXX_COMPILER {HERE}/cross/c++)
set(CMAKE_AR {shutil.which(os.environ["AR"])} CACHE FILEPATH "")
set(CMAKE_RANLIB {shutil.which(os.environ["RANLIB"])} CACHE FILEPATH "")
set(CMAKE_STRIP {HERE}/cross/strip CACHE FILEPATH "")
set(CMAKE_CROSSCOMPILING_EMULATOR {HERE}/cross/emulator)
set(CMAKE_FIND_ROOT_PATH {roots})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_SHARED_LIBRARY_SUFFIX .so)
set(CMAKE_SHARED_MODULE_SUFFIX .so)
set_property(GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS TRUE)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(Python_EXECUTABLE {PYTHON})
set(Python3_EXECUTABLE {PYTHON})
set(Python_INCLUDE_DIR {TARGET}/include/python{SERIES})
set(Python3_INCLUDE_DIR {TARGET}/include/python{SERIES})
""")


def write_environment():
    variables = {
        "PATH": f"{HERE}/bin:{HERE}/cross:{os.environ['PATH']}",
        "PYTHONPATH": f"{HERE}/target:{HERE}/site",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        # sysconfig reads these.
        "_PYTHON_SYSCONFIGDATA_NAME": "_sysconfigdata_wl",
        "_PYTHON_HOST_PLATFORM": "wasi-wasm32",
        "CC": f"{HERE}/cross/cc",
        "CXX": f"{HERE}/cross/c++",
        "LDSHARED": f"{HERE}/cross/cc -shared",
        "LDCXXSHARED": f"{HERE}/cross/c++ -shared",
        "PKG_CONFIG_LIBDIR": f"{HERE}/pkgconfig:{os.environ['PKG_CONFIG_LIBDIR']}",
        "CMAKE_TOOLCHAIN_FILE": f"{HERE}/toolchain.cmake",
        "CMAKE_GENERATOR": "Ninja",
        "CMAKE_ARGS": os.environ["VAR_CMAKE"],
        "CMAKE_BUILD_PARALLEL_LEVEL": os.environ["JOBS"],
        "MESON_SETUP_ARGS": f"--cross-file={HERE}/cross.ini {os.environ['VAR_MESON']}",
        "NPY_NUM_BUILD_JOBS": os.environ["JOBS"],
    }
    text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    # The descriptors of make's jobserver do not survive the programs between it and ninja.
    text += "unset MAKEFLAGS\n"
    # The compilers have their own; setuptools would add these to its own.
    write("environment", text + "unset CPPFLAGS LDFLAGS CFLAGS CXXFLAGS\n")


def main():
    install_requirements()
    overlay_headers()
    system_headers()
    compilers()
    write_configuration()
    # meson asks for python3, for code that does not belong to one version.
    write("pkgconfig/python3.pc", f"Name: Python\nDescription: Python\nVersion: {SERIES}\nRequires: python-{SERIES}\n")
    # Every Python has these functions of libffi (guest/ffi); those of libdl, which packages expect beside them, always fail.
    write("ffi/ffi.h", open(os.environ["FILES"] + "/ffi.h", encoding="utf-8").read())
    write("pkgconfig/libffi.pc", f"Name: libffi\nDescription: calls of functions\nVersion: 3.4\nLibs: -ldl\nCflags: -I{HERE}/ffi\n")
    write_meson()
    write_cmake()
    write_environment()


main()
