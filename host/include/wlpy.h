/* libwlpy: runs WebAssembly programs (WASI preview 1, commands with _start) in a sandbox, inside this process.
 *
 *     engine  ->  program  ->  run, as often as wanted
 *
 * An engine compiles and executes; a program is a module's code, loaded once; a run is one instance of it, from its
 * start to its end. One engine and its programs may be used by many threads at once.
 *
 * A guest gets nothing that the configuration does not name: no directory, no environment variable, no descriptor,
 * no network. All strings and structs are the caller's and are only read during a call; those of an engine's
 * configuration during its life.
 *
 * The library does not print, does not exit, and leaves standard streams, the umask, the locale and the working
 * directory alone. Of signals it handles only SIGRTMAX-2, by which a run that can be stopped is brought out of a
 * waiting system call, and those that are faults of compiled code (SIGSEGV, SIGBUS, SIGILL, SIGFPE: the engine's); what
 * is not for a guest goes to the handlers that were there before. A caller ignores SIGPIPE and SIGXFSZ if the guest is
 * to learn of them by an error. */
#ifndef WLPY_H
#define WLPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why something could not be done. The command uses the numbers as its exit status. */
enum wlpy_code {
    WLPY_E_SETUP = 125,  /* the configuration, a directory to grant, the engine, the machine */
    WLPY_E_MODULE = 126, /* the file exists, but it is not a program that can be run */
    WLPY_E_MISSING = 127 /* the file cannot be read */
};

struct wlpy_err {
    enum wlpy_code code;
    char text[1024]; /* what failed, on what, why; one line */
    char hint[1024]; /* what to do, or "" */
};

/* ---- engines ---- */

struct wlpy_engine_config {
    size_t stack; /* bytes of native stack for the calls of each guest, from 64 KiB to 4 GiB; 0: 16 MiB */
    bool quick;   /* compile in a fraction of the time, to code that is several times slower: for what runs once */
    /* Runs can have a deadline and be cancelled wherever they are, for which code is compiled that is a little slower.
     */
    bool stoppable;
    const char *cache_dir; /* directory for compiled modules, created if missing; NULL: compile every time */
    /* Path of wl-run, which is started to compile a module that is not in the cache, so that limits hold for that and a
     * fault of the compiler ends only that process. NULL: it is compiled in this process, and a hostile module can take
     * all of its memory and any time. */
    const char *compiler;
    /* What compiling a module may take there: bytes of memory and seconds of processor time; 0: 4 GiB and 300 s. */
    uint64_t compile_memory, compile_seconds;
    /* Told when a module has to be compiled, which can take seconds; may be NULL. */
    void (*on_compile)(void *arg, const char *module, bool done);
    void *on_compile_arg;
    /* Called with notes that stop nothing, for example that a cache cannot be written; may be NULL. */
    void (*on_note)(void *arg, const char *text);
    void *on_note_arg;
};

struct wlpy_engine;

/* 0, and *engine is the caller's; or -code with err. */
int wlpy_engine_new(const struct wlpy_engine_config *config, struct wlpy_engine **engine, struct wlpy_err *err);
/* After all its programs. NULL is nothing. */
void wlpy_engine_free(struct wlpy_engine *engine);

/* What executes guests, with its version. */
const char *wlpy_engine_name(void);

/* Compiles a module in this process, to the bytes that the cache keeps; *code is to be given to free(). name: of the
 * module, for messages. 0, or -code with err. */
int wlpy_compile(struct wlpy_engine *engine, const char *name, const void *wasm, size_t size, void **code,
                 size_t *code_size, struct wlpy_err *err);

/* ---- programs ---- */

struct wlpy_program;

/* From a .wasm file. 0, and *program is the caller's; or -code with err. */
int wlpy_program_load(struct wlpy_engine *engine, const char *file, struct wlpy_program **program,
                      struct wlpy_err *err);
/* After all its runs. NULL is nothing. */
void wlpy_program_free(struct wlpy_program *program);

/* ---- runs ---- */

/* A directory of the host that the guest sees. */
struct wlpy_folder {
    const char *host;  /* its path here */
    const char *guest; /* its path there */
    bool read_only;
};

enum wlpy_stream_kind {
    WLPY_NOTHING, /* nothing to read; what is written is dropped */
    WLPY_FD,      /* a descriptor of the caller's, which stays open */
    WLPY_MEMORY,  /* reads `bytes`; what is written is collected in the result */
    WLPY_CALL     /* asks `read` or tells `write` */
};

/* One of the guest's standard streams. */
struct wlpy_stream {
    enum wlpy_stream_kind kind;
    int fd;
    const void *bytes;
    size_t size;
    /* On the guest's thread; how many bytes, 0 for the end of input, or -1 with errno. They may wait. */
    ssize_t (*read)(void *arg, void *to, size_t n);
    ssize_t (*write)(void *arg, const void *from, size_t n);
    void *arg;
};

struct wlpy_limits {
    uint64_t memory;         /* the most bytes that its memory and its tables may have together; 0: 4 GiB */
    uint64_t output;         /* the most bytes that it may write to its standard streams together; 0: any number */
    uint64_t deadline_ms;    /* wall time from its start; 0: none. Needs an engine that is stoppable. */
    uint64_t sockets;        /* the most sockets that it may have open at once; 0: 1024 */
    uint64_t received, sent; /* the most bytes that it may get from and give to the network; 0: any number */
};

struct wlpy_control;

struct wlpy_run_config {
    const char *const *argv; /* argv[0] is the guest's name for itself */
    size_t argc;
    const char *const *env; /* "NAME=value" */
    size_t envc;
    const struct wlpy_folder *folders; /* of two at the same guest path the later one counts */
    size_t folder_count;
    struct wlpy_stream in, out, err;
    const int *fds; /* further descriptors that it gets, after its directories; they stay the caller's */
    size_t fd_count;
    /* What it may connect to ("example.com:443", "192.0.2.0/24", "*") and listen on ("127.0.0.1:8080"): rules as
     * docs/network.md describes them. None: no network. */
    const char *const *net;
    size_t net_count;
    const char *const *net_listen;
    size_t net_listen_count;
    /* Called with one line for each request that no rule allows, on the guest's thread; may be NULL. */
    void (*on_refusal)(void *arg, const char *line);
    void *on_refusal_arg;
    struct wlpy_limits limits;
    struct wlpy_control *control; /* by which others reach it while it runs; may be NULL */
    bool backtrace;               /* fill in wlpy_result.backtrace */
};

enum wlpy_end {
    WLPY_EXITED,   /* it returned from _start or called proc_exit */
    WLPY_TRAPPED,  /* the engine stopped it for what it did */
    WLPY_OUTPUT,   /* it wrote more than its limit; what fits was written */
    WLPY_DEADLINE, /* its time had passed */
    WLPY_CANCELLED /* wlpy_cancel() */
};

struct wlpy_result {
    enum wlpy_end end;
    int status;          /* of WLPY_EXITED its own, 0..255; else 134, or 124 for the deadline */
    bool returned;       /* of WLPY_EXITED: not by proc_exit */
    unsigned interrupts; /* how often it was interrupted */
    char text[256];      /* where it was stopped: why; one line. Else "" */
    char hint[256];      /* what to do, or "" */
    char *backtrace;     /* where it was stopped, if asked for: lines of the guest's functions; or NULL */
    char *out, *err;     /* what it wrote to streams that are memory, else NULL */
    size_t out_size, err_size;
};

/* Runs the program to its end, on a thread of its own for which this one waits. 0, and result says how it ended; or
 * -code, and err says why it did not begin. The result is to be freed in either case. */
int wlpy_run(struct wlpy_program *program, const struct wlpy_run_config *config, struct wlpy_result *result,
             struct wlpy_err *err);

/* Instead of running a program to its end: loads it, calls the export `entry`, which takes and gives nothing, and if it
 * returns writes the module with the memory that it then has to the file `out`. Where it did not return, the result
 * says how it ended and there is no such file. 0, or -code with err. */
int wlpy_snapshot(struct wlpy_engine *engine, const char *file, const char *entry, const char *out,
                  const struct wlpy_run_config *config, struct wlpy_result *result, struct wlpy_err *err);

void wlpy_result_free(struct wlpy_result *result);

/* ---- reaching a run from outside ---- */

/* For one run at a time. NULL: out of memory. */
struct wlpy_control *wlpy_control_new(void);
void wlpy_control_free(struct wlpy_control *control);

enum wlpy_answer {
    WLPY_GIVEN,   /* the guest has it */
    WLPY_NOBODY,  /* no guest runs, or it takes no interrupts */
    WLPY_UNHEEDED /* an earlier one has not been noticed for a second */
};

/* These two may be called by any thread and by signal handlers. wlpy_interrupt is Ctrl-C for a guest that exports
 * wl_interrupt_cells, as the project's Pythons do. wlpy_cancel ends the run, or the next one where there is none; of an
 * engine that is not stoppable, only where it calls its host. */
enum wlpy_answer wlpy_interrupt(struct wlpy_control *control);
void wlpy_cancel(struct wlpy_control *control);

#ifdef __cplusplus
}
#endif
#endif
