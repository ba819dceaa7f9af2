/* The runtime that runs a Python during its tests: wl-run, the module as a native program, or another project's runtime
 * by a script in runtimes/. */
#ifndef WL_TEST_RUNTIME_H
#define WL_TEST_RUNTIME_H

#include "cmd/app.h"

#define RUNTIME_WL_RUN "wl-run"
#define RUNTIME_NATIVE "native"

struct test_runtime {
    const char *name;
    struct app *app;
    const struct plan *plan;
    const char *port;       /* the Python */
    const char *scratch;    /* an empty directory; for copies of directories */
    char *module, *program; /* paths */
    char *title;            /* the name, and the version if it is another project's */
    struct strv copied;     /* directories; the copy of the n-th is SCRATCH/n */
    int processes;          /* that the guest may start, besides the first */
    bool threads;           /* whether the guest can start threads */
};

/* Adds the ports that a runtime needs. */
void test_runtime_ports(const char *name, struct strv *ports);

/* Sets *t up. module: the port that the module comes from, which may be another one than the Python. A native program
 * is made unless it exists. A runtime that does not exist is WL_E_USAGE, one that is not installed WL_E_TOOLCHAIN. */
int test_runtime_open(struct test_runtime *t, const char *name, struct app *a, const struct plan *p, const char *port,
                      const char *module, const char *scratch, struct wl_err *err);
void test_runtime_close(struct test_runtime *t);

/* The beginning of a command that starts the guest, with its library. */
int test_runtime_begin(struct test_runtime *t, struct strv *argv, struct wl_err *err);
/* Adds the option that shows the guest a directory, read-only. Other projects' runtimes cannot make it read-only, so
 * they get a copy. */
int test_runtime_add_dir(struct test_runtime *t, const char *dir, const char *guest, struct strv *argv,
                         struct wl_err *err);
/* Lets the guest use the network of this machine alone (loopback). Only wl-run and native programs have one to give. */
void test_runtime_add_network(const struct test_runtime *t, struct strv *argv);
/* The end of the command: it runs a module of Python's, whose arguments follow. */
void test_runtime_end(const struct test_runtime *t, const char *python_module, struct strv *argv);

#endif
