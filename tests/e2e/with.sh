#!/bin/bash
# Packages with native code: built by their own build systems, and linked into a Python (docs/packages.md). Most are made up
# here; their builds require setuptools from the index.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3000}
. "$(dirname -- "$0")/lib.sh"

PY=python/v3.13.5

# `package NAME VERSION INIT SETUP`: makes up a source archive in the directory wheels, with a module NAME/_impl.c, and a wheel
# for Linux, which is never used but tells pip what the package requires. INIT becomes NAME/__init__.py; the module has a
# function answer(), and a global symbol that all of these packages have.
package() {
    mkdir -p wheels
    "$PYTHON" - "$@" <<'END2'
import io, sys, tarfile, zipfile
name, version, init, setup = sys.argv[1:5]
code = f"""
#define PY_SSIZE_T_CLEAN
#include <Python.h>
int shared_name = {len(name)};
int helper(void) {{ return shared_name; }}
static PyObject *answer(PyObject *self, PyObject *args) {{ return PyLong_FromLong(helper()); }}
static PyMethodDef methods[] = {{{{"answer", answer, METH_NOARGS, NULL}}, {{NULL, NULL, 0, NULL}}}};
static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "_impl", NULL, 0, methods}};
PyMODINIT_FUNC PyInit__impl(void) {{ return PyModule_Create(&module); }}
"""
files = {f"{name}/__init__.py": init, f"{name}/_impl.c": code, f"{name}/data.txt": "data\n", f"{name}/tests/test_it.py": "",
         "setup.py": setup or f"""
import subprocess
import sys
import sysconfig
from setuptools import Extension, setup
# cryptography starts the Python that runs its build by this name.
assert subprocess.check_output(["python3", "-c", "import sys; print(sys.version)"], text=True).strip() == sys.version
# Where pybind11 looks for Python's headers, too.
headers = [sysconfig.get_path("include")]
setup(name={name!r}, version={version!r}, packages=[{name!r}, {name + '.tests'!r}], package_data={{{name!r}: ["data.txt"]}},
      ext_modules=[Extension("{name}._impl", ["{name}/_impl.c"], include_dirs=headers)])
"""}
with tarfile.open(f"wheels/{name}-{version}.tar.gz", "w:gz") as t:
    for file, text in files.items():
        info = tarfile.TarInfo(f"{name}-{version}/{file}")
        info.size = len(text.encode())
        t.addfile(info, io.BytesIO(text.encode()))
about, tag = f"{name}-{version}.dist-info", "cp313-cp313-manylinux2014_x86_64"
files = {f"{name}/__init__.py": init,
         f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
         f"{about}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: {tag}\n"}
with zipfile.ZipFile(f"wheels/{name}-{version}-{tag}.whl", "w") as z:
    for file, text in files.items():
        z.writestr(file, text)
    z.writestr(f"{about}/RECORD", "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"]))
END2
}

# `require FILE NAME...`
require() {
    printf '%s\n' "--find-links $T/wheels" "${@:2}" >"$1"
}

make_two() {
    with_index
    package wlfirst 1.0 'from wlfirst._impl import answer' ''
    package wlsecond 2.0 'from wlsecond._impl import answer' ''
    require r.txt wlfirst wlsecond
}

check='
import wlfirst, wlsecond, sys, importlib.metadata, importlib.resources
print(wlfirst.answer(), wlsecond.answer(), wlfirst._impl, importlib.metadata.version("wlsecond"),
      importlib.resources.files("wlfirst").joinpath("data.txt").read_text().strip(), "wlfirst" in sys.modules)'

test_two_packages_in_every_flavour() {
    local flavour before
    make_two
    build_packages -q "$PY" -r r.txt
    status 0
    there r.lock
    grep -qE '^wlfirst==1\.0 --hash=sha256:[0-9a-f]{64} # source wlfirst-1\.0\.tar\.gz$' r.lock || fail "$(cat r.lock)"
    grep -qE '^#requires wlfirst: setuptools==' r.lock || fail "$(cat r.lock)"
    for flavour in plain single snapshot; do
        real run -q "$PY" -r r.txt --flavour $flavour -- -c "$check"
        status 0
        is "$(cat .out)" "7 8 <module 'wlfirst._impl' (built-in)> 2.0 data True"
    done
    not_there "$OUT/$PY+r/usr/local/lib/python3.13/site-packages/wlfirst/tests"
    # The modules are part of whatever embeds this Python.
    there "$OUT/$PY+r/lib/packages.o"
    # From now on the lock file is enough.
    build_packages -q --offline "$PY" -r r.txt
    status 0
}

# `key WORD...`: prints the key of a Python with packages.
key() {
    real_tool info "$PY" "$@"
    sed -n 's/^key *//p' .out
}

test_the_order_of_packages_makes_no_difference() {
    make_two
    export PIP_FIND_LINKS=$T/wheels
    key --with wlfirst --with wlsecond >one
    key --with wlsecond --with wlfirst >other
    grep -qE '^[0-9a-f]{64}' one || fail "$(cat one .err)"
    cmp one other || fail 'another order is another Python'
}

test_a_module_is_imported_before_a_snapshot() {
    make_two
    build_packages -q "$PY" -r r.txt --flavour snapshot --import wlfirst
    status 0
    real run -q "$PY" -r r.txt --import wlfirst --flavour snapshot -- -c 'import sys; print("wlfirst" in sys.modules, "wlsecond" in sys.modules)'
    status 0
    is "$(cat .out)" 'True False'
}

test_a_wheel_is_built_and_used() {
    make_two
    cd wheels
    cp ../r.txt .
    cd ..
    PIP_FIND_LINKS=$T/wheels real_tool wheel wlfirst -o built
    status 0
    there built/wlfirst-1.0-cp313-cp313-wasi_wasm32.whl
    # The wheel alone is enough.
    printf '%s\n' --no-index "--find-links $T/built" wlfirst >w.txt
    build_packages -q "$PY" -r w.txt
    status 0
    grep -q '# wheel wlfirst-1.0-cp313-cp313-wasi_wasm32.whl$' w.lock || fail "$(cat w.lock)"
    real run -q "$PY" -r w.txt -- -c 'import wlfirst; print(wlfirst.answer())'
    status 0
    is "$(cat .out)" 7
    rm wheels/wlsecond-2.0.tar.gz
    PIP_FIND_LINKS=$T/wheels real_tool wheel wlsecond -o built
    clean_failure 4
    err 'wlsecond has native code that cannot be built for Python 3.13: there is no source archive of it'
}

test_an_app_with_native_code() {
    make_two
    echo 'import wlfirst, wlsecond; print(wlfirst.answer() + wlsecond.answer())' >main.py
    real_tool app main.py -r r.txt -o main.wasm
    status 0
    real build -q toolchain/wl-run
    run "$OUT/toolchain/wl-run/bin/wl-run" --quick main.wasm
    status 0
    is "$(cat .out)" 15
}

# C++ whose exceptions are caught in it, and become exceptions of Python.
test_exceptions_of_cxx() {
    with_index
    package wlthrow 1.0 'from wlthrow._cxx import check' '
from setuptools import Extension, setup
with open("wlthrow/_cxx.cc", "w") as f:
    f.write("""
#include <Python.h>
#include <stdexcept>
#include <string>
#include <vector>
static int destroyed;
struct Guard { ~Guard() { destroyed++; } };
[[gnu::noinline]] static int deep(int n) { Guard g; std::vector<int> v(5); return n ? deep(n - 1) : v.at(7); }
static PyObject *check(PyObject *self, PyObject *arg) {
    try { return PyLong_FromLong(deep((int)PyLong_AsLong(arg))); }
    catch (const std::out_of_range &e) {
        PyErr_Format(PyExc_IndexError, "%d destroyed", destroyed);
        return NULL;
    }
}
static PyMethodDef methods[] = {{"check", check, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_cxx", NULL, 0, methods};
PyMODINIT_FUNC PyInit__cxx(void) { return PyModule_Create(&module); }
""")
setup(name="wlthrow", version="1.0", packages=["wlthrow"], ext_modules=[Extension("wlthrow._cxx", ["wlthrow/_cxx.cc"])])
'
    require r.txt wlthrow
    build_packages -q "$PY" -r r.txt
    status 0
    real run -q "$PY" -r r.txt -- -c '
import wlthrow
try:
    wlthrow.check(3)
except IndexError as e:
    print(e)'
    status 0
    is "$(cat .out)" '4 destroyed'
}

# C and C++ find the declarations of what every Python adds to the C library, and can have methods named like its macros.
test_functions_that_the_C_library_lacks() {
    with_index
    package wlsystem 1.0 'from wlsystem import _c, _cxx' '
from setuptools import Extension, setup
code = """
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <Python.h>
static void *leaves(void *value) {
    tzset();
    pthread_exit(value);
}
static PyObject *check(PyObject *self, PyObject *path) {
    int fd = dup(1), same, refused, status, threads, processes;
    void *result = NULL;
    pthread_t thread;
    struct termios terminal;
    mode_t before = umask(027), mask = umask(before);
    struct passwd *user = getpwuid(getuid());
    struct group *group = getgrgid(getgid());
    same = fd > 2 && !close(fd) && close(fd) < 0 && errno == EBADF;
    refused = kill(getpid() + 1, 0) < 0 && errno == ESRCH && tcgetattr(fd, &terminal) < 0 && errno == EBADF;
    threads = !pthread_create(&thread, NULL, leaves, &status) && !pthread_join(thread, &result) && result == &status;
    processes = waitpid(-1, &status, WNOHANG) < 0 && errno == ECHILD && WIFEXITED(0x300) && WEXITSTATUS(0x300) == 3 && !system(NULL);
    return Py_BuildValue("iiisiiii", same, (int)mask, !kill(getpid(), 0), user ? user->pw_name : "", group != NULL, refused,
                         threads, processes);
}
static PyMethodDef methods[] = {{"check", check, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_NAME", NULL, 0, methods};
PyMODINIT_FUNC PyInit__NAME(void) { return PyModule_Create(&module); }
"""
more = """
#include <csignal>
struct Thrower { int raise(const char *text, int n) { return text[n]; } };
int thrown(Thrower &t) { return t.raise("ab", 1); }
"""
for name, end in ("c", ""), ("cxx", more):
    with open(f"wlsystem/_{name}.{name}", "w") as f:
        f.write(code.replace("NAME", name) + end)
setup(name="wlsystem", version="1.0", packages=["wlsystem"],
      ext_modules=[Extension(f"wlsystem._{name}", [f"wlsystem/_{name}.{name}"]) for name in ("c", "cxx")])
'
    require r.txt wlsystem
    build_packages -q "$PY" -r r.txt
    status 0
    real run -q "$PY" -r r.txt -- -c 'import os, pwd, wlsystem
expected = (1, 0o27, 1, pwd.getpwuid(os.getuid()).pw_name, 1, 1, 1, 1)
print(wlsystem._c.check() == expected, wlsystem._cxx.check() == expected, wlsystem._c.check())'
    status 0
    grep -q '^True True ' .out || fail 'the functions do not do what they do in Python'
}

# A package's recipe names a library, which its module links, and what a Python leaves out. Another library is linked only because the
# first one's .pc file says so.
test_a_recipe_of_a_package() {
    local name
    with_index
    for name in first second; do
        mkdir -p "more/libs/wl$name"
        cat >"more/libs/wl$name/recipe.yaml" <<END
version: "1.0"
summary: a library
license: MIT
steps:
  - name: build
    run: |
      mkdir -p "\$STAGE/include" "\$STAGE/lib/pkgconfig"
      echo 'int $name(void);' >"\$STAGE/include/wl$name.h"
      echo '$([ $name = first ] && echo 'int second(void); int first(void) { return second() + 1; }' || echo 'int second(void) { return 41; }')' >$name.c
      \$CC \$CFLAGS -c $name.c -o $name.o
      \$AR crsD "\$STAGE/lib/libwl$name.a" $name.o
      printf '%s\n' 'prefix=\${pcfiledir}/../..' 'Name: $name' 'Description: $name' 'Version: 1' 'Libs: -L\${prefix}/lib -lwl$name' \
        "$([ $name = first ] && echo 'Libs.private: -L\${prefix}/lib -lwlsecond' || echo 'Cflags: -I\${prefix}/include')" >"\$STAGE/lib/pkgconfig/wl$name.pc"
contains: [lib/libwl$name.a]
END
    done
    echo 'needs: [libs/wlsecond]' >>more/libs/wlfirst/recipe.yaml
    mkdir -p more/pypi/wllinked
    cat >more/pypi/wllinked/recipe.yaml <<END
from: pypi/base
abstract: true
add-needs: [libs/wlfirst]
vars: ["without=wllinked/_test*.so wllinked/left.txt"]
END
    package wllinked 1.0 'from wllinked._linked import answer' '
from setuptools import Extension, setup
for name, code in {"_linked": "first()", "_testonly": "1"}.items():
    with open(f"wllinked/{name}.c", "w") as f:
        f.write(f"""
#include <Python.h>
#include <wlfirst.h>
static PyObject *answer(PyObject *self, PyObject *args) {{ return PyLong_FromLong({code}); }}
static PyMethodDef methods[] = {{{{"answer", answer, METH_NOARGS, NULL}}, {{NULL, NULL, 0, NULL}}}};
static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "{name}", NULL, 0, methods}};
PyMODINIT_FUNC PyInit_{name}(void) {{ return PyModule_Create(&module); }}
""")
open("wllinked/left.txt", "w").close()
setup(name="wllinked", version="1.0", packages=["wllinked"], package_data={"wllinked": ["*.txt"]},
      ext_modules=[Extension("wllinked._linked", ["wllinked/_linked.c"], libraries=["wlfirst"]), Extension("wllinked._testonly", ["wllinked/_testonly.c"])])
'
    require r.txt wllinked
    build_packages -q --ports more "$PY" -r r.txt
    status 0
    there "$OUT/$PY+r/lib/libwlsecond.a" "$OUT/$PY+r/usr/local/lib/python3.13/site-packages/wllinked/data.txt"
    not_there "$OUT/$PY+r/usr/local/lib/python3.13/site-packages/wllinked/left.txt"
    real run -q --ports more "$PY" -r r.txt -- -c 'import sys, wllinked
print(wllinked.answer(), [m for m in sys.builtin_module_names if m.startswith("wllinked")])'
    status 0
    is "$(cat .out)" "42 ['wllinked._linked']"
}

# Functions of a wrong type in tables that exist only while a program runs are named by the build.
test_tables_that_are_filled_while_a_program_runs() {
    with_index
    package wlfilled 1.0 'from wlfilled._filled import right' '
from setuptools import Extension, setup
with open("wlfilled/_filled.c", "w") as f:
    f.write("""
#include <Python.h>
static PyObject *one(PyObject *self) { return PyLong_FromLong(1); }
static PyObject *two(PyObject *self, PyObject *args) { return PyLong_FromLong(2); }
static PyMethodDef methods[3];
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_filled", NULL, 0, methods};
static PyTypeObject type = {PyVarObject_HEAD_INIT(NULL, 0) .tp_name = "wlfilled.Type", .tp_basicsize = sizeof(PyObject)};
PyMODINIT_FUNC PyInit__filled(void) {
    PyObject *m;
    methods[0] = (PyMethodDef){"wrong", (PyCFunction)(void (*)(void))one, METH_NOARGS, NULL};
    methods[1] = (PyMethodDef){"right", two, METH_NOARGS, NULL};
    type.tp_repr = (reprfunc)(void (*)(void))two;
    m = PyModule_Create(&module);
    if (m && PyType_Ready(&type) == 0)
        PyModule_AddObjectRef(m, "Type", (PyObject *)&type);
    return m;
}
""")
setup(name="wlfilled", version="1.0", packages=["wlfilled"], ext_modules=[Extension("wlfilled._filled", ["wlfilled/_filled.c"])])
'
    require r.txt wlfilled
    build_packages -v "$PY" -r r.txt
    status 0
    cat .out .err >log
    grep -q 'warning: wlfilled._filled.wrong has the type i:i instead of ii:i' log || fail "$(grep warning log)"
    grep -q 'warning: wlfilled.Type: tp_repr has the type ii:i instead of i:i' log || fail "$(grep warning log)"
    grep -qE '[0-9]{4,} functions in tables were compared, 2 have another type' log || fail "$(grep compared log)"
}

# The package's own tests run in a Python that has everything of it.
test_the_own_tests_of_a_package() {
    local at
    with_index
    mkdir -p more/package-tests/wltested
    package wltested 1.0 'from wltested._impl import answer' 'from setuptools import Extension, setup
open("wltested/tests/test_inside.py", "w").write("from .. import answer\ndef test_inside(): assert answer() == 8\n")
open("wltested/tests/__init__.py", "w").close()
setup(name="wltested", version="1.0", packages=["wltested", "wltested.tests"], ext_modules=[Extension("wltested._impl", ["wltested/_impl.c"])])'
    require r.txt wltested
    real_tool test --ports more "$PY" -r r.txt --suite wlother
    status 3
    for at in inside outside; do
        printf '%s\n' 'from: package-tests/base' 'abstract: true' \
            "$([ $at = inside ] && echo 'vars: [inside=1, "tests=wltested/tests/test_ins*.py"]' || echo 'vars: [show=wltested/tests, "tests=wltested/tests/test_*.py"]')" \
            >more/package-tests/wltested/recipe.yaml
        real test -q --ports more "$PY" -r r.txt --suite wltested
        if [ $at = inside ]; then
            status 0
            out 'wltested: 1 files, 1 tests passed, 0 failed, 0 skipped'
        else
            # The archive has one that is empty.
            status 1
            out 'unexpected: ran no test: wltested/wltested/tests/test_it.py'
        fi
    done
    # Without the package, there is no such suite.
    real_tool test --ports more "$PY" --suite wltested
    clean_failure 2
    err 'the suite wltested tests a package that this Python does not have' 'add --with wltested'
}

test_packages_that_cannot_be_built() {
    with_index
    package broken 1.0 '' 'import sys
sys.exit("this build fails")'
    require r.txt broken
    build_packages "$PY" -r r.txt
    status 1
    err "wheels/broken: step 'build' failed" 'this build fails'
    not_there "$OUT/$PY+r"

    # A build has no network.
    package online 1.0 '' 'import urllib.request
urllib.request.urlopen("http://127.0.0.1:9/")'
    require r.txt online
    build_packages "$PY" -r r.txt
    status 1
    err 'urlopen error'

    # A recipe says why not.
    build_packages "$PY" --with greenlet
    clean_failure 4
    err 'greenlet has native code that cannot be built for Python 3.13: it switches between C stacks'

    # Its module is not that of the package's name.
    package strange 1.0 'import strange._other' ''
    require r.txt strange
    build_packages "$PY" -r r.txt
    status 0
    real run -q "$PY" -r r.txt -- -c 'import strange'
    status 1
    err "No module named 'strange._other'"
}

test_wrong_options() {
    real_tool build libs/zlib --with numpy
    clean_failure 2
    err 'libs/zlib is not a Python'
    real_tool build "$PY" --with '../numpy'
    clean_failure 2
    err '--with takes the name of a package'
    real_tool build "$PY" --with numpy -r r.txt
    clean_failure 2
    err '--with and --requirement exclude each other'
    real_tool build "$PY" --import numpy
    clean_failure 2
    err '--import, but no packages are named'
    real_tool build "$PY" -r nonesuch.txt
    clean_failure 2
    real_tool wheel
    clean_failure 2
    err 'no package is named'
    printf '# The wheels of r.txt (sha256 %s) for Python 3.13, pinned by wl-make app; --update asks for newer ones.\nfirst==1.0 --hash=sha256:12 # source x\n' \
        "$(printf 'wlfirst\n' | tee r.txt | sha256sum | cut -d ' ' -f 1)" >r.lock
    real_tool build "$PY" -r r.txt
    clean_failure 2
    err 'r.lock: a line is not one of a lock file'
}

test_native_code_in_3_11() {
    make_two
    package third 1.0 '' ''
    mv wheels/third-1.0-cp313-cp313-manylinux2014_x86_64.whl wheels/third-1.0-cp311-cp311-manylinux2014_x86_64.whl
    sed -i s/cp313/cp311/g r.txt
    require r.txt third
    real_tool build python/v3.11.2 -r r.txt
    clean_failure 4
    err 'third has no pure-Python wheel for Python 3.11' 'a Python from 3.12 on'
}

main "$@"
