/* libwlpy: runs one WebAssembly program (WASI preview 1, a command with _start) in a sandbox, inside this process.
 *
 * The guest gets nothing that the configuration does not name: no folder, no environment variable, no network. Of this
 * process it sees standard input, output and error. Which engine executes it is hidden behind this interface.
 *
 * All strings are the caller's and are read only during wlpy_run. There is no global state, except what a signal
 * handler needs: at most one run at a time can have `interrupts` on. */
#ifndef WLPY_H
#define WLPY_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A folder of the host that the guest sees. */
struct wlpy_mount {
    const char *host;  /* its path here */
    const char *guest; /* its path there */
    bool read_only;
};

struct wlpy_limits {
    size_t stack;    /* bytes of native stack for the guest's calls; 0: WLPY_DEFAULT_STACK */
    uint64_t memory; /* the most bytes that its memory and its tables may have together; 0: WLPY_DEFAULT_MEMORY */
    /* What compiling a module may take, where `compiler` is set: bytes of memory and seconds of processor time;
     * 0: the defaults below. */
    uint64_t compile_memory;
    uint64_t compile_seconds;
};

/* Enough for the deepest recursion that CPython permits itself, so that its own limit answers first. */
#define WLPY_DEFAULT_STACK ((size_t)16 << 20)
#define WLPY_MIN_STACK ((size_t)64 << 10)
#define WLPY_MAX_STACK ((size_t)4 << 30)
#define WLPY_DEFAULT_MEMORY ((uint64_t)4 << 30)

/* A Python takes some 400 MiB and 10 seconds, which threads share; a machine may be slow and have many of them. */
#define WLPY_DEFAULT_COMPILE_MEMORY ((uint64_t)4 << 30)
#define WLPY_MIN_COMPILE_MEMORY ((uint64_t)64 << 20)
#define WLPY_DEFAULT_COMPILE_SECONDS 300

struct wlpy_config {
    const char *module;      /* path of the .wasm file */
    const char *const *argv; /* argv[0] is the guest's name for itself */
    size_t argc;
    const char *const *env; /* "NAME=value" */
    size_t envc;
    const struct wlpy_mount *mounts; /* of two at the same guest path the later one counts */
    size_t mount_count;
    struct wlpy_limits limits;
    bool quick; /* compile in a fraction of the time, to code that is several times slower: for what runs once */
    /* Path of wl-run, which is started to compile a module that is not in the cache, so that limits hold for that and a
     * fault of the compiler ends only that process. NULL: it is compiled in this process, and a hostile module can take
     * all of its memory and any time. */
    const char *compiler;
    const char *cache_dir; /* folder for compiled modules, made if missing; NULL: compile every time */
    /* Instead of running the program to its end: call this export, which takes and gives nothing, and if it returns
     * write the module with the memory that it then has to the file `snapshot`. Both or none. */
    const char *entry, *snapshot;
    bool interrupts; /* SIGINT goes to a guest that exports wl_interrupt_cells (interrupt.h) */
    bool backtrace;  /* fill in wlpy_result.backtrace */

    /* Told when a module has to be compiled, which can take seconds; may be NULL. */
    void (*on_compile)(void *arg, const char *module, bool done);
    void *on_compile_arg;
    /* Told what is worth knowing, but stops nothing, for example a cache that cannot be written; may be NULL. */
    void (*on_note)(void *arg, const char *text);
    void *on_note_arg;
};

enum wlpy_end {
    WLPY_EXITED, /* returned from _start or called proc_exit; status is its exit status, 0..255 */
    WLPY_TRAPPED /* the engine stopped it: text says why */
};

struct wlpy_result {
    enum wlpy_end end;
    int status;
    bool left;           /* by proc_exit, not by returning */
    unsigned interrupts; /* how often SIGINT was given to the guest */
    char text[256];      /* of a trap: what happened; one line */
    char hint[256];      /* of a trap: what to do, or "" */
    char *backtrace;     /* of a trap, where asked for: lines of the guest's functions; owned, or NULL */
};

/* Runs the program to its end. 0, and result tells how it ended; or -code, and err tells why it did not begin. */
int wlpy_run(const struct wlpy_config *config, struct wlpy_result *result, struct err *err);

void wlpy_result_free(struct wlpy_result *result);

/* What wl-run does where it was started as `compiler`: true if these arguments say so. wlpy_compile then compiles the
 * module that is standard input to standard output, and returns the status to exit with. */
bool wlpy_is_compiler(int argc, char **argv);
int wlpy_compile(int argc, char **argv);

/* What runs the guest, with its version, for --version. */
const char *wlpy_engine_name(void);

#endif
