#!/bin/bash
# C modules linked into the real Python, as in examples/extension and in the ports of PyPI packages.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

# `more COMMAND ARGUMENT...`: runs the tool with the ports of $MORE in addition.
more() {
    real "$1" --ports "$MORE" "${@:2}"
}

# `extension NAME MODULE LINE...`: a port app/NAME whose MODULE has its C source on stdin; the lines are added to the
# recipe.
extension() {
    local name=$1 module=$2
    shift 2
    MORE=$T/more
    mkdir -p "$MORE/app/$name"
    cat >"$MORE/app/$name/module.c"
    {
        printf '%s\n' 'from: python/extended' 'summary: a test' 'version: "1"' 'date: 2026-01-01' 'vars: [python=3.13.5]'
        printf '%s\n' 'extensions:' "  - module: $module" '    sources: [module.c]' "$@"
    } >"$MORE/app/$name/recipe.yaml"
}

test_the_example() {
    MORE=$WL_SOURCE_ROOT/examples/extension
    sed -n 's/^    //p' "$MORE/README.md" >lines
    head -n 2 lines | grep -c '^./wl-make.sh --ports examples/extension ' | grep -qx 2 ||
        fail "the README has other lines: $(cat lines)"
    more build example/greeting
    status 0
    # The README's second line, with its arguments as the shell splits them.
    eval "set -- $(sed -n '2s/.* run //p' lines)"
    more run --quick "$@"
    status 0
    is "$(cat .out)" "$(tail -n +3 lines | grep .)"
    more run example/greeting --quick -- -c 'import greeting; greeting.greet("x", 101)'
    status 1
    err 'ValueError: times must be from 0 to 100, not 101'
    more run example/greeting --quick -- -c 'import sys; print("greeting" in sys.builtin_module_names, sys.path[1])'
    is "$(cat .out)" 'True /usr/local/lib/python313.zip'
}

# A module inside a package, with a library, and a module whose init function has another name.
test_a_package_and_a_library() {
    extension mine packed.inner '    flags: [-lzstd]' '  - {module: other, sources: [other.c], init: begin}' \
        'add-needs: [libs/zstd]' 'add-steps:' '  - name: package' '    run: |' \
        '      packages=$STAGE/usr/local/lib/python3.13/site-packages/packed' '      mkdir -p "$packages"' '      : >"$packages/__init__.py"' <<'END'
#include <Python.h>
#include <zstd.h>
static int fill(PyObject *m) { return PyModule_AddIntConstant(m, "zstd", ZSTD_versionNumber()); }
static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "packed.inner", .m_slots = slots};
PyMODINIT_FUNC PyInit_inner(void) { return PyModuleDef_Init(&module); }
END
    cat >"$MORE/app/mine/other.c" <<'END'
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "other", .m_doc = "begun"};
PyMODINIT_FUNC begin(void) { return PyModuleDef_Init(&module); }
END
    more build app/mine
    status 0
    more run app/mine --quick -- -c 'import packed.inner as p, other; print(p.zstd >= 10500, p.__name__, other.__doc__)'
    status 0
    is "$(cat .out)" 'True packed.inner begun'
}

test_a_module_that_cannot_be_imported() {
    extension bad broken <<'END'
#include <Python.h>
PyMODINIT_FUNC PyInit_broken(void)
{
    PyErr_SetString(PyExc_RuntimeError, "it does not want to");
    return NULL;
}
END
    more build app/bad
    status 1
    err "app/bad: check 'imports' failed" 'RuntimeError: it does not want to' 'the module broken was linked, but it cannot be imported'
    not_there "$OUT/app/bad"
}

# A library is not visible if its port is not among the needs, even if the port is built. A missing port is named.
test_a_library_that_does_not_exist() {
    extension lost packed '    flags: [-lzstd]' <<'END'
#include <Python.h>
#include <stddef.h>
extern unsigned ZSTD_versionNumber(void);
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "packed"};
PyMODINIT_FUNC PyInit_packed(void) { return ZSTD_versionNumber() ? PyModuleDef_Init(&module) : NULL; }
END
    more build libs/zstd
    status 0
    more build app/lost
    status 1
    err "app/lost: step 'build' failed" 'unable to find library -lzstd'
    not_there "$OUT/app/lost"
    printf 'add-needs: [libs/zstt]\n' >>"$MORE/app/lost/recipe.yaml"
    more build app/lost
    status 3
    err "$MORE/app/lost/recipe.yaml:" "there is no port 'libs/zstt'" 'did you mean libs/zstd?'
    sed -i 's/zstt/zstd/' "$MORE/app/lost/recipe.yaml"
    more build app/lost
    status 0
}

main "$@"
