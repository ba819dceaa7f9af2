/* _posixsubprocess.fork_exec(), which subprocess and multiprocessing call, for processes that are this same Python. Its
 * arguments are those of CPython's own module of the version. Any other program does not exist. */
#include "Python.h"

#include "processes.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/* In the order of the arguments. */
enum {
    ARGS,
    EXECUTABLES,
    CLOSE_FDS,
    KEEP,
    CWD,
    ENV,
    P2CREAD,
    P2CWRITE,
    C2PREAD,
    C2PWRITE,
    ERRREAD,
    ERRWRITE,
    ERRPIPE_READ,
    ERRPIPE_WRITE,
    RESTORE_SIGNALS,
    SESSION,
    GROUP,
    GID,
    GROUPS,
    UID,
    UMASK,
    PREEXEC,
    VFORK, /* not in all versions */
    MOST
};

/* Strings as C has them; NULL with an exception. free_strings() takes NULL. */
static void free_strings(char **strings)
{
    for (char **s = strings; s && *s; s++)
        free(*s);
    free(strings);
}

static char *copy_path(PyObject *object)
{
    PyObject *bytes;
    char *copy = NULL;

    if (!PyUnicode_FSConverter(object, &bytes))
        return NULL;
    copy = strdup(PyBytes_AS_STRING(bytes));
    Py_DECREF(bytes);
    if (!copy)
        PyErr_NoMemory();
    return copy;
}

static char **copy_strings(PyObject *sequence)
{
    PyObject *fast = PySequence_Fast(sequence, "expected a sequence of strings");
    const Py_ssize_t n = fast ? PySequence_Fast_GET_SIZE(fast) : 0;
    char **strings = fast ? calloc((size_t)n + 1, sizeof *strings) : NULL;

    if (fast && !strings)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; strings && i < n; i++) {
        strings[i] = copy_path(PySequence_Fast_GET_ITEM(fast, i));
        if (!strings[i]) {
            free_strings(strings);
            strings = NULL;
        }
    }
    Py_XDECREF(fast);
    return strings;
}

/* ---- which program is meant ---- */

/* "python", "python3", "python3.13" */
static int is_name(const char *name)
{
    char series[32];

    snprintf(series, sizeof series, "python%d.%d", PY_MAJOR_VERSION, PY_MINOR_VERSION);
    return !strcmp(name, "python") || !strcmp(name, "python3") || !strcmp(name, series);
}

static int is_executable(const char *path)
{
    PyObject *executable = PySys_GetObject("executable"), *bytes;
    int same;

    if (!executable || !PyUnicode_Check(executable) || !PyUnicode_FSConverter(executable, &bytes)) {
        PyErr_Clear();
        return 0;
    }
    same = *PyBytes_AS_STRING(bytes) && !strcmp(PyBytes_AS_STRING(bytes), path);
    Py_DECREF(bytes);
    return same;
}

/* 0 if one of the paths is this Python; else the error of execve(). */
static int find(char *const *argv, char *const *paths)
{
    struct stat st;
    int error = ENOENT;

    for (; *paths; paths++) {
        const char *slash = strrchr(*paths, '/');

        if (is_executable(*paths) || (argv[0] && !strcmp(argv[0], slash ? slash + 1 : *paths) && is_name(argv[0])))
            return 0;
        if (stat(*paths, &st) == 0)
            error = EACCES;
    }
    return error;
}

/* ---- the call ---- */

static int number(PyObject *object)
{
    const long value = PyLong_AsLong(object);

    if (value == -1 && PyErr_Occurred())
        return -1;
    return value < INT_MIN || value > INT_MAX ? -1 : (int)value;
}

static size_t count_inherited(void)
{
    size_t n = 0;

    while (processes_inherited(n) >= 0)
        n++;
    return n;
}

/* Adds a number besides those of the three streams, once. */
static void add_fd(struct process_fd *fds, size_t *n, int fd)
{
    for (size_t i = 0; i < *n; i++)
        if (fds[i].number == fd)
            return;
    if (fd > 2)
        fds[(*n)++] = (struct process_fd){fd, fd};
}

/* Which numbers it gets. NULL with an exception. */
static struct process_fd *list_fds(PyObject *const *arg, size_t *n)
{
    static const int streams[] = {P2CREAD, C2PWRITE, ERRWRITE};
    PyObject *keep = PySequence_Fast(arg[KEEP], "fds_to_keep must be a sequence");
    const Py_ssize_t kept = keep ? PySequence_Fast_GET_SIZE(keep) : 0;
    const size_t inherited = PyObject_IsTrue(arg[CLOSE_FDS]) == 0 ? count_inherited() : 0;
    const int errpipe = number(arg[ERRPIPE_WRITE]);
    struct process_fd *fds = keep ? calloc((size_t)kept + inherited + 3, sizeof *fds) : NULL;

    *n = 0;
    if (keep && !fds)
        PyErr_NoMemory();
    for (int i = 0; fds && i < 3; i++) {
        const int fd = number(arg[streams[i]]);

        if (fd >= 0)
            fds[(*n)++] = (struct process_fd){i, fd};
    }
    for (Py_ssize_t i = 0; fds && i < kept; i++) {
        const int fd = number(PySequence_Fast_GET_ITEM(keep, i));

        if (fd != errpipe)
            add_fd(fds, n, fd);
    }
    for (size_t i = 0; fds && i < inherited; i++)
        add_fd(fds, n, processes_inherited(i));
    Py_XDECREF(keep);
    return fds;
}

/* Tells subprocess, which reads it from the pipe, why the program was not started. Then it waits for the process. */
static PyObject *tell(int pipe, int error, const char *text)
{
    char line[64];
    const int n = snprintf(line, sizeof line, "OSError:%X:%s", (unsigned)error, text);

    (void)!write(pipe, line, (size_t)n);
    return PyLong_FromLong(processes_failed());
}

/* What would fail between fork() and execve(). 0, or an error. */
static int check(PyObject *const *arg, const char *cwd, const char **text)
{
    struct stat st;

    *text = "";
    if (cwd && (stat(cwd, &st) < 0 || (!S_ISDIR(st.st_mode) && (errno = ENOTDIR)))) {
        *text = PY_VERSION_HEX >= 0x030b0800 ? "noexec:chdir" : "noexec";
        return errno;
    }
    if (arg[UID] != Py_None && number(arg[UID]) != (int)getuid())
        return EPERM;
    if (arg[GID] != Py_None && number(arg[GID]) != (int)getgid())
        return EPERM;
    if (arg[GROUPS] != Py_None && PySequence_Size(arg[GROUPS]) != 0)
        return EPERM;
    return 0;
}

/* In the argument, -1 is this process's group, and 0 one of its own. */
static pid_t group_of(int given)
{
    return given < 0 ? 0 : given ? given : -1;
}

static PyObject *start(PyObject *const *arg, char **argv, char **paths, char **env, const char *cwd)
{
    struct process_wish wish = {.argv = argv,
                                .envp = env ? env : environ,
                                .cwd = cwd,
                                .umask = number(arg[UMASK]),
                                .session = PyObject_IsTrue(arg[SESSION]) == 1,
                                .group = group_of(number(arg[GROUP]))};
    const char *text;
    struct process_fd *fds;
    int error;
    pid_t pid;

    if (PyErr_Occurred())
        return NULL;
    error = check(arg, cwd, &text);
    if (!error)
        error = find(argv, paths);
    if (PyErr_Occurred())
        return NULL;
    if (error)
        return tell(number(arg[ERRPIPE_WRITE]), error, text);
    fds = list_fds(arg, &wish.fds_n);
    if (!fds || PyErr_Occurred()) {
        free(fds);
        return NULL;
    }
    wish.fds = fds;
    pid = processes_start(&wish);
    error = errno;
    free(fds);
    if (pid >= 0)
        return PyLong_FromLong((long)pid);
    if (error == EPERM)
        return tell(number(arg[ERRPIPE_WRITE]), error, "");
    errno = error;
    if (error == ENOTSUP && processes_exist()) {
        PyObject *why = Py_BuildValue("(is)", error,
                                      "a file in memory and a connection of the network cannot be given "
                                      "to another process; use a pipe");

        if (why)
            PyErr_SetObject(PyExc_OSError, why);
        Py_XDECREF(why);
        return NULL;
    }
    return PyErr_SetFromErrno(PyExc_OSError);
}

static PyObject *fork_exec(PyObject *module, PyObject *const *arg, Py_ssize_t n)
{
    char **argv = NULL, **paths = NULL, **env = NULL, *cwd = NULL;
    PyObject *pid = NULL;

    (void)module;
    if (n != MOST && n != VFORK) {
        PyErr_Format(PyExc_TypeError, "fork_exec expected %d arguments, got %zd", MOST, n);
        return NULL;
    }
    if (!processes_exist()) {
        PyObject *why = Py_BuildValue("(is)", ENOTSUP, "wasi does not support processes.");

        if (why)
            PyErr_SetObject(PyExc_OSError, why);
        Py_XDECREF(why);
        return NULL;
    }
    if (arg[PREEXEC] != Py_None) {
        PyErr_SetString(PyExc_RuntimeError, "preexec_fn is not supported: a new process starts from the beginning");
        return NULL;
    }
    argv = copy_strings(arg[ARGS]);
    paths = argv ? copy_strings(arg[EXECUTABLES]) : NULL;
    if (paths && arg[ENV] != Py_None)
        env = copy_strings(arg[ENV]);
    if (paths && !PyErr_Occurred() && arg[CWD] != Py_None)
        cwd = copy_path(arg[CWD]);
    if (paths && !PyErr_Occurred())
        pid = start(arg, argv, paths, env, cwd);
    free_strings(argv);
    free_strings(paths);
    free_strings(env);
    free(cwd);
    return pid;
}

static PyObject *exist(PyObject *module, PyObject *nothing)
{
    (void)module;
    (void)nothing;
    return PyBool_FromLong(processes_exist());
}

static PyMethodDef methods[] = {
    {"exist", exist, METH_NOARGS, PyDoc_STR("Whether the host lets this program start processes.")},
    {"fork_exec", (PyCFunction)(void (*)(void))fork_exec, METH_FASTCALL,
     PyDoc_STR("Starts this Python as another process; the arguments are those that subprocess gives.")},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#if PY_VERSION_HEX >= 0x030c0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_posixsubprocess", .m_size = 0,
                                        .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC PyInit__posixsubprocess(void)
{
    return PyModuleDef_Init(&definition);
}
