/* Starts a Python that can be saved after its start: a snapshot.
 *
 * wizer.initialize is called on the build machine, by `wl-run --snapshot` or by wizer. It starts Python and imports
 * the modules that are its arguments. The contents of the memory then become the data of the module. When _start of
 * that module is called, Python is running already: it gets what is new (arguments, environment, directories,
 * streams) and runs the program. In a module that was not saved, _start starts Python as usual.
 *
 * Some options (-O, -X ..., PYTHONHASHSEED) change how Python starts. For these the memory is restored to its initial
 * state, and Python starts as usual. The initialised data is saved for that, compressed, before anything changes it.
 *
 * A session (session.c) that began with a snapshot can be saved as one: start_save() does the last part of what
 * wizer.initialize does.
 *
 * At the end only the program's own modules and objects are destroyed.
 *
 * An app is a snapshot with its program inside: wizer.initialize with the arguments
 *
 *   --app ARCHIVE KIND TARGET [MODULE]...
 *
 * adds the file ARCHIVE (rofs.h), and make() in start.py finds the program in it. _start then runs the program. All
 * arguments and variables are the program's, so an app has no cold start. */
#define Py_BUILD_CORE 1
#include <Python.h>

#include "pycore_initconfig.h"
#include "pycore_interp.h"
#include "pycore_pathconfig.h"
#include "pycore_pylifecycle.h"
#include "pycore_pystate.h"
#include "pycore_runtime.h"

#include "clocks.h"
#include "rofs.h"
#include "session.h"
#include "signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasi/api.h>
#include <wasi/libc-environ.h>
#include <zlib.h>

void __wasm_call_ctors(void);
void __wasm_call_dtors(void);
__attribute__((weak)) void __wasi_init_tp(void); /* newer versions of libc have it */
int __main_void(void);
int __real_Py_FinalizeEx(void);
_Noreturn void __real_Py_Exit(int status);
int _PySys_UpdateConfig(PyThreadState *tstate);
PyStatus _PyConfig_Read(PyConfig *config, int compute_path_config);
void _PyAtExit_Call(PyInterpreterState *interp);
void _PyModule_Clear(PyObject *module);
extern char **environ;

/* Where the linker put the sections (start.s): the initialised data is between the second and the third. */
extern char start_edge_rodata[], start_edge_data[], start_edge_bss[], __heap_base[];
/* Restores the data from `copy`, clears the rest of the memory, and calls start_cold. It is in start.s, because C would
 * use the stack. */
_Noreturn void start_over(const void *copy, size_t copied, size_t memory);
void start_cold(void);
/* Clears the unused part of the stack: there is less to save, and nothing of the build machine (inodes) remains. */
void start_clear_stack(void);

/* The text of start.py. */
extern const char start_py[];

static struct {
    bool ready; /* this is a snapshot */
    int saved;  /* how often it was made one */
    unsigned char *data;
    uLongf data_size;
    PyObject *module; /* of start.py */
    PyObject *code;   /* the program of an app; NULL in a Python */
    bool ended;
} snapshot;

static bool starting_session;

/* While a snapshot is made, time and random numbers are fixed, so that it is reproducible. Nothing secret may depend on
 * them then: everybody who has the snapshot can read it. */
static bool making;
__wasi_errno_t __real___wasi_random_get(uint8_t *to, __wasi_size_t n);
__wasi_errno_t __real___wasi_clock_time_get(__wasi_clockid_t id, __wasi_timestamp_t precision,
                                            __wasi_timestamp_t *time);

__wasi_errno_t __wrap___wasi_random_get(uint8_t *to, __wasi_size_t n)
{
    static uint32_t state = 1;

    if (!making)
        return __real___wasi_random_get(to, n);
    for (__wasi_size_t i = 0; i < n; i++) {
        state = state * 1664525 + 1013904223;
        to[i] = (uint8_t)(state >> 24);
    }
    return 0;
}

__wasi_errno_t __wrap___wasi_clock_time_get(__wasi_clockid_t id, __wasi_timestamp_t precision, __wasi_timestamp_t *time)
{
    static __wasi_timestamp_t passed;

    if (!making)
        return __real___wasi_clock_time_get(id, precision, time);
    passed += 1000; /* so that waiting for time to pass comes to an end */
    *time = (id == __WASI_CLOCKID_REALTIME ? rofs_header()->time : 1000000000) + passed;
    return 0;
}

/* OpenSSL compares this number to find out whether the process was forked. If so, its random generators are seeded
 * again before their next use. So generators that were seeded before the snapshot get new seeds. */
int __wrap_openssl_get_fork_id(void);
int __wrap_openssl_get_fork_id(void)
{
    return 1 + snapshot.saved;
}

/* What the startup code of libc does before main(). */
static void set_up_libc(void)
{
    if (__wasi_init_tp)
        __wasi_init_tp();
    __wasm_call_ctors();
}

/* What has to be done at the start, of a snapshot or not. */
static void set_up(void)
{
    if (snapshot.ready) {
        clocks_start();
        rofs_restart();
        signals_begin();
        __wasilibc_initialize_environ();
    } else {
        set_up_libc();
    }
}

static size_t data_size(void)
{
    return (uintptr_t)start_edge_bss - (uintptr_t)start_edge_data;
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "Fatal Python error: snapshot: %s\n", what);
    exit(1);
}

static _Noreturn void python_error(void)
{
    PyErr_Print();
    exit(1);
}

/* ---- a cold start ---- */

void start_cold(void)
{
    int status;

    set_up_libc();
    status = __main_void();
    __wasm_call_dtors();
    __wasi_proc_exit((unsigned)status);
}

static _Noreturn void start_again(void)
{
    size_t page = 65536, size = data_size(), pages = (size + page - 1) / page;
    size_t at = __builtin_wasm_memory_grow(0, pages);
    uLongf n = size;

    if (at == (size_t)-1 || uncompress((unsigned char *)(at * page), &n, snapshot.data, snapshot.data_size) != Z_OK ||
        n != size)
        fail("not enough memory for a cold start");
    start_over((void *)(at * page), size, __builtin_wasm_memory_size(0) * page);
}

/* ---- what can be set at a start ---- */

/* Whether the environment has variables that Python reads early, or that had their effect before the snapshot. */
static bool environment_is_new(void)
{
    static const char *const later[] = {
        "PYTHONPATH=",     "PYTHONWARNINGS=",    "PYTHONUNBUFFERED=", "PYTHONDONTWRITEBYTECODE=", "PYTHONINSPECT=",
        "PYTHONSAFEPATH=", "PYTHONSTARTUP=",     "PYTHONNOUSERSITE=", "PYTHONBREAKPOINT=",        "PYTHON_HISTORY=",
        "PYTHON_COLORS=",  "PYTHON_BASIC_REPL=", "PYTHONCASEOK=",     "PYTHONUSERBASE=",
    };

    for (char **e = environ; e && *e; e++) {
        bool known = false;

        if (!strncmp(*e, "LC_", 3) || !strncmp(*e, "LANG=", 5))
            return true;
        if (strncmp(*e, "PYTHON", 6) != 0)
            continue;
        for (size_t i = 0; i < sizeof later / sizeof *later; i++)
            known |= !strncmp(*e, later[i], strlen(later[i]));
        if (!known)
            return true;
    }
    return false;
}

static bool same_text(const wchar_t *a, const wchar_t *b)
{
    return a == b || (a && b && !wcscmp(a, b));
}

/* Whether the running Python fits these options, apart from what resume() sets. */
static bool serves(const PyConfig *is, const PyConfig *asked)
{
    return asked->dev_mode == is->dev_mode && asked->install_signal_handlers == is->install_signal_handlers &&
           asked->use_hash_seed <= 0 && asked->faulthandler == is->faulthandler &&
           asked->tracemalloc == is->tracemalloc && asked->import_time == is->import_time &&
           asked->code_debug_ranges == is->code_debug_ranges && asked->malloc_stats == is->malloc_stats &&
           same_text(asked->pycache_prefix, is->pycache_prefix) && asked->xoptions.length == 0 &&
           asked->site_import == is->site_import && asked->bytes_warning == is->bytes_warning &&
           asked->warn_default_encoding == is->warn_default_encoding &&
           asked->optimization_level == is->optimization_level && asked->parser_debug == is->parser_debug &&
           asked->verbose == is->verbose && same_text(asked->check_hash_pycs_mode, is->check_hash_pycs_mode) &&
           asked->use_frozen_modules == is->use_frozen_modules &&
           !wcscasecmp(asked->filesystem_encoding, is->filesystem_encoding) &&
           same_text(asked->filesystem_errors, is->filesystem_errors) && same_text(asked->home, is->home);
}

static void check(PyStatus status)
{
    if (PyStatus_Exception(status))
        Py_ExitStatusException(status);
}

/* The argument of resume() in start.py. */
static PyObject *environment(void)
{
    PyObject *all = PyDict_New();

    for (char **e = environ; all && e && *e; e++) {
        const char *equals = strchr(*e, '=');
        PyObject *name, *value;

        if (!equals || equals == *e)
            continue;
        name = PyBytes_FromStringAndSize(*e, equals - *e);
        value = PyBytes_FromString(equals + 1);
        if (!name || !value || !PyDict_SetDefault(all, name, value))
            Py_CLEAR(all);
        Py_XDECREF(name);
        Py_XDECREF(value);
    }
    return all;
}

/* sys.executable is the path of this program. If only its name is known, it stays what it was in the snapshot. */
static void set_executable(PyConfig *config, const wchar_t *otherwise)
{
    char here[4096];
    const wchar_t *name = config->program_name;
    wchar_t *wide;
    size_t n;

    if (name && !wcsncmp(name, L"./", 2))
        name += 2;
    if (!config->program_name || !wcschr(config->program_name, L'/')) {
        check(PyConfig_SetString(config, &config->executable, otherwise ? otherwise : L""));
    } else if (*config->program_name == L'/' || !getcwd(here, sizeof here)) {
        check(PyConfig_SetString(config, &config->executable, config->program_name));
    } else {
        n = strlen(here) + wcslen(name) + 2;
        wide = calloc(n, sizeof *wide);
        if (!wide)
            fail("out of memory");
        swprintf(wide, n, L"%s/%ls", here, name);
        check(PyConfig_SetString(config, &config->executable, wide));
        free(wide);
    }
    check(PyConfig_SetString(config, &config->base_executable, config->executable));
}

static void resume(PyConfig *config)
{
    PyThreadState *tstate = PyThreadState_Get();
    PyConfig *is = (PyConfig *)_PyInterpreterState_GetConfig(tstate->interp);
    PyObject *all, *done;

    set_executable(config, is->executable);
    /* Python spells the name differently: utf-8. */
    check(PyConfig_SetString(config, &config->filesystem_encoding, is->filesystem_encoding));
    if (!wcscasecmp(config->stdio_encoding, is->filesystem_encoding))
        check(PyConfig_SetString(config, &config->stdio_encoding, is->filesystem_encoding));
    check(_PyConfig_Copy(is, config));
    check(_PyConfig_Write(is, tstate->interp->runtime));
    check(_PyPathConfig_UpdateGlobal(is));
    if (_PySys_UpdateConfig(tstate) < 0)
        python_error();
    all = environment();
    if (!all)
        python_error();
    done = PyObject_CallMethod(snapshot.module, "resume", "Nuuiu", all, is->stdio_encoding, is->stdio_errors,
                               is->buffered_stdio, is->pythonpath_env);
    if (!done)
        python_error();
    Py_DECREF(done);
}

/* An app ignores Python's options and variables. */
static void set_app_config(PyConfig *config)
{
    config->parse_argv = 0;
    config->use_environment = 0;
    config->user_site_directory = 0;
    config->safe_path = 1;
}

/* As Py_RunMain() does with a script. */
static int run_app(int argc, char **argv)
{
    char *nameless[] = {"app"};
    PyObject *names = PyModule_GetDict(PyImport_AddModule("__main__")), *done;
    PyConfig config;
    int status = 0;

    if (argc == 0)
        argv = nameless, argc = 1;
    PyConfig_InitPythonConfig(&config);
    set_app_config(&config);
    check(PyConfig_SetBytesArgv(&config, argc, argv));
    check(PyConfig_SetBytesString(&config, &config.program_name, argv[0]));
    check(_PyConfig_Read(&config, 0));
    resume(&config);
    PyConfig_Clear(&config);
    done = PyEval_EvalCode(snapshot.code, names, names);
    if (!done) {
        status = PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) ? 130 : 1;
        PyErr_Print();
    }
    Py_XDECREF(done);
    return Py_FinalizeEx() < 0 ? 120 : status;
}

/* ---- a session ---- */

static int run_session(int argc, char **argv)
{
    char *nameless[] = {"python"};
    PyConfig config;

    if (argc == 0)
        argv = nameless, argc = 1;
    PyConfig_InitPythonConfig(&config);
    /* Python's options would want another start, and the working directory has no modules of this program. */
    config.parse_argv = 0;
    config.safe_path = 1;
    check(PyConfig_SetBytesArgv(&config, argc, argv));
    check(PyConfig_SetBytesString(&config, &config.program_name, argv[0]));
    if (snapshot.ready) {
        check(_PyConfig_Read(&config, 0));
        resume(&config);
    } else {
        check(Py_InitializeFromConfig(&config));
    }
    PyConfig_Clear(&config);
    if (!session_prepare())
        python_error();
    return 0;
}

bool start_session(void)
{
    int status;

    /* The program of an app has no room for code of others. */
    if (snapshot.code) {
        fputs("an app cannot be a session\n", stderr);
        return false;
    }
    set_up();
    starting_session = true;
    status = __main_void();
    starting_session = false;
    return status == 0;
}

bool start_save(void)
{
    PyObject *done = snapshot.ready ? PyObject_CallMethod(snapshot.module, "save", NULL) : NULL;

    if (!done) {
        if (snapshot.ready)
            PyErr_Print();
        return false;
    }
    Py_DECREF(done);
    fflush(NULL);
    __wasilibc_deinitialize_environ();
    snapshot.saved++;
    start_clear_stack();
    return true;
}

static int run_snapshot(int argc, char **argv)
{
    PyConfig config;
    PyStatus status;
    struct stat st;

    /* If its input is a directory, Python ends with a message of its own. */
    if (argc == 0 || !*argv[0] || environment_is_new() || (fstat(STDIN_FILENO, &st) == 0 && S_ISDIR(st.st_mode)))
        start_again();
    PyConfig_InitPythonConfig(&config);
    check(PyConfig_SetBytesArgv(&config, argc, argv));
    check(PyConfig_SetBytesString(&config, &config.program_name, argv[0]));
    status = _PyConfig_Read(&config, 0);
    if (PyStatus_IsExit(status))
        return status.exitcode;
    check(status);
    if (!serves(_PyInterpreterState_GetConfig(PyInterpreterState_Get()), &config))
        start_again();
    resume(&config);
    PyConfig_Clear(&config);
    return Py_RunMain();
}

/* ---- the end ---- */

static int flush_streams(void)
{
    static const char *const names[] = {"stdout", "stderr"};
    int status = 0;

    for (int i = 0; i < 2; i++) {
        PyObject *stream = PySys_GetObject(names[i]), *closed, *done;
        int is_closed;

        if (!stream || stream == Py_None)
            continue;
        closed = PyObject_GetAttrString(stream, "closed");
        is_closed = closed ? PyObject_IsTrue(closed) : -1;
        Py_XDECREF(closed);
        PyErr_Clear();
        if (is_closed > 0)
            continue;
        done = PyObject_CallMethod(stream, "flush", NULL);
        if (done) {
            Py_DECREF(done);
        } else {
            if (i == 0) {
                PyErr_WriteUnraisable(stream);
                status = -1;
            }
            PyErr_Clear();
        }
    }
    return status;
}

static void call_or_tell(PyObject *object, const char *method)
{
    PyObject *done = object ? PyObject_CallMethod(object, method, NULL) : NULL;

    if (!done && PyErr_Occurred())
        PyErr_WriteUnraisable(object);
    Py_XDECREF(done);
}

int __wrap_Py_FinalizeEx(void)
{
    PyThreadState *tstate;
    PyObject *threading;
    int status;

    if (!snapshot.ready)
        return __real_Py_FinalizeEx();
    if (snapshot.ended)
        return 0;
    snapshot.ended = true;
    tstate = PyThreadState_Get();
    threading = PyDict_GetItemString(PyImport_GetModuleDict(), "threading");
    if (threading)
        call_or_tell(threading, "_shutdown");
    _PyAtExit_Call(tstate->interp);
    _PyRuntimeState_SetFinalizing(tstate->interp->runtime, tstate);
    status = flush_streams();
    PyGC_Collect();
    call_or_tell(snapshot.module, "finish");
    return flush_streams() < 0 ? -1 : status;
}

_Noreturn void __wrap_Py_Exit(int status)
{
    if (!snapshot.ready)
        __real_Py_Exit(status);
    if (__wrap_Py_FinalizeEx() < 0)
        status = 120;
    exit(status);
}

/* For finish(): clears a module as the interpreter does when it ends. */
static PyObject *wipe(PyObject *self, PyObject *module)
{
    (void)self;
    if (PyModule_Check(module))
        _PyModule_Clear(module);
    Py_RETURN_NONE;
}

/* Removes the modules that are not `known` from sys.modules, and returns them. Python code would change the reference
 * count of each module, and so write to every page that has one. */
static PyObject *take_new_modules(PyObject *self, PyObject *known)
{
    PyObject *modules = PyImport_GetModuleDict(), *names = PyList_New(0), *values = PyList_New(0), *name, *value;
    Py_ssize_t at = 0;

    (void)self;
    while (names && values && PyDict_Next(modules, &at, &name, &value))
        if (PyDict_GetItemWithError(known, name) != value &&
            (PyErr_Occurred() || PyList_Append(names, name) < 0 || PyList_Append(values, value) < 0))
            Py_CLEAR(values);
    if (!names)
        Py_CLEAR(values);
    for (at = 0; values && at < PyList_GET_SIZE(names); at++)
        if (PyDict_DelItem(modules, PyList_GET_ITEM(names, at)) < 0)
            PyErr_Clear(); /* it was removed together with another one */
    Py_XDECREF(names);
    return values;
}

static PyObject *end_object(PyObject *self, PyObject *object)
{
    (void)self;
    if (Py_TYPE(object)->tp_finalize)
        PyObject_CallFinalizer(object);
    Py_RETURN_NONE;
}

/* ---- making a snapshot ---- */

static PyMethodDef methods[] = {
    {"wipe", wipe, METH_O, NULL},
    {"take_new_modules", take_new_modules, METH_O, NULL},
    {"end_object", end_object, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

/* Copies an archive into the memory, because its file exists only on the build machine. */
static void add_archive(const char *name)
{
    FILE *f = fopen(name, "rb");
    struct stat st;
    unsigned char *bytes;

    if (!f || fstat(fileno(f), &st) < 0)
        fail("the app's archive cannot be read");
    bytes = aligned_alloc(16, ((size_t)st.st_size + 15) / 16 * 16);
    if (!bytes)
        fail("the app has more data than there is room for");
    if (fread(bytes, 1, (size_t)st.st_size, f) != (size_t)st.st_size || !rofs_add(bytes, (size_t)st.st_size))
        fail("the app's archive is not one of this module's");
    fclose(f);
}

static void start_python(char *name, bool app)
{
    char *arguments[] = {name, "-c", "pass"};
    const char *seed = getenv("PYTHONHASHSEED");
    PyConfig config;

    PyConfig_InitPythonConfig(&config);
    if (app) {
        set_app_config(&config);
        if (seed) {
            config.use_hash_seed = 1;
            config.hash_seed = strtoul(seed, NULL, 10);
        }
    }
    check(PyConfig_SetBytesArgv(&config, app ? 1 : 3, arguments));
    check(Py_InitializeFromConfig(&config));
    PyConfig_Clear(&config);
}

static PyObject *list_of(int n, char **texts)
{
    PyObject *list = PyList_New(0);

    for (int i = 0; list && i < n; i++) {
        PyObject *text = PyUnicode_FromString(texts[i]);

        if (!text || PyList_Append(list, text) < 0)
            Py_CLEAR(list);
        Py_XDECREF(text);
    }
    return list;
}

static int make(int argc, char **argv)
{
    enum { APP_ARGUMENTS = 5 }; /* including the program's name */
    bool app = argc >= APP_ARGUMENTS && !strcmp(argv[1], "--app");
    int skip = app ? APP_ARGUMENTS : 1;
    PyObject *code, *list, *done;

    if (app)
        add_archive(argv[2]);
    start_python(argv[0], app);
    code = Py_CompileString(start_py, "<start.py>", Py_file_input);
    snapshot.module = code ? PyModule_New("start") : NULL;
    if (!snapshot.module || PyModule_AddFunctions(snapshot.module, methods) < 0 ||
        PyModule_AddObjectRef(snapshot.module, "__builtins__", PyEval_GetBuiltins()) < 0)
        python_error();
    done = PyEval_EvalCode(code, PyModule_GetDict(snapshot.module), PyModule_GetDict(snapshot.module));
    if (!done)
        python_error();
    Py_DECREF(done);
    if (!session_prepare())
        python_error();
    list = list_of(argc - skip, argv + skip);
    if (!list)
        python_error();
    /* "z" converts NULL to None. */
    done = PyObject_CallMethod(snapshot.module, "make", "Nzzz", list, app ? "/" ROFS_APP : NULL, app ? argv[3] : NULL,
                               app ? argv[4] : NULL);
    if (!done)
        python_error();
    if (app)
        snapshot.code = done;
    else
        Py_DECREF(done);
    Py_XDECREF(code);
    return 0;
}

/* Copies the data before the first constructor runs, to pages that malloc never uses. */
static const unsigned char *copy_data(void)
{
    size_t page = 65536, pages = (data_size() + page - 1) / page, at = __builtin_wasm_memory_grow(0, pages);

    if (at == (size_t)-1)
        __builtin_trap();
    return memcpy((void *)(at * page), start_edge_data, data_size());
}

static void compress_data(unsigned char *copy)
{
    uLongf n = compressBound(data_size());
    unsigned char *room = malloc(n);

    if (!room || compress2(room, &n, copy, data_size(), 9) != Z_OK)
        fail("out of memory");
    memset(copy, 0, data_size());
    snapshot.data = realloc(room, n);
    snapshot.data_size = n;
}

static bool is_between(const void *it, const void *from, const void *to)
{
    return (uintptr_t)it >= (uintptr_t)from && (uintptr_t)it < (uintptr_t)to;
}

__attribute__((export_name("wizer.initialize"))) void start_initialize(void)
{
    unsigned char *copy = (unsigned char *)copy_data();

    /* The linker laid out the sections as this file assumes. */
    if (!is_between(start_edge_data, start_edge_rodata, start_edge_bss) ||
        !is_between(&PyModule_Type, start_edge_data, start_edge_bss) ||
        !is_between(&making, start_edge_bss, __heap_base))
        __builtin_trap();
    making = rofs_hides_host = true;
    set_up_libc();
    if (__main_void() != 0)
        exit(1);
    making = rofs_hides_host = false;
    if (snapshot.code)
        memset(copy, 0, data_size());
    else
        compress_data(copy);
    fflush(NULL);
    __wasilibc_deinitialize_environ();
    snapshot.ready = true;
    snapshot.saved++;
    start_clear_stack();
}

__attribute__((export_name("_start"))) void _start(void)
{
    int status;

    set_up();
    status = __main_void();
    __wasm_call_dtors();
    if (status != 0)
        __wasi_proc_exit((unsigned)status);
}

int main(int argc, char **argv)
{
    if (making)
        return make(argc, argv);
    if (starting_session)
        return run_session(argc, argv);
    if (snapshot.code)
        return run_app(argc, argv);
    return snapshot.ready ? run_snapshot(argc, argv) : Py_BytesMain(argc, argv);
}
