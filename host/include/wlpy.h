/* libwlpy: runs WebAssembly programs (WASI preview 1, commands with _start) in a sandbox, inside this process.
 *
 *     engine  ->  program  ->  run, as often as wanted
 *                          ->  session: an interpreter that stays, and evaluates one piece of code after the other
 *
 * An engine compiles and executes; a program is a module's code, loaded once; a run is one instance of it, from its
 * start to its end. A program is either a .wasm file, which wasmtime compiles, or a native one, which `wl-make aot
 * --library` has compiled before. One engine and its programs may be used by many threads at once.
 *
 * A guest gets nothing that the configuration does not name: no directory, no environment variable, no descriptor,
 * no network. All strings and structs are the caller's and are only read during a call; those of an engine's
 * configuration during its life.
 *
 * Structs with a member `size` must have it set to the size that the caller's compiler knows, for example
 *     struct wlpy_run_config config = {.size = sizeof config, .argc = 1, .argv = argv};
 * so that a library with more members runs programs that were compiled with fewer. NULL where something is needed is
 * an error, as any other wrong argument; err may be NULL. Everything that is not set must be zero. Later versions add
 * members at the ends of these structs only; the other structs stay as they are.
 *
 * The library does not print, does not exit, and leaves standard streams, the umask, the locale and the working
 * directory alone. Of signals it handles only SIGRTMAX-2, by which a run that can be stopped is brought out of a
 * waiting system call, and those that are faults of compiled code (SIGSEGV, SIGBUS, and with wasmtime SIGILL and
 * SIGFPE). A signal that is not for a guest goes to the handler that was installed before, as the kernel would have
 * called it. A handler that is installed later has to call ours in the same way, and needs SA_ONSTACK. A pipe that
 * nobody reads, and a file that becomes larger than the process may write, are errors for the guest, not signals. */
#ifndef WLPY_H
#define WLPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* The version of this header; wlpy_version() is the library's. */
#define WLPY_VERSION "0.1.0"
const char *wlpy_version(void);

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
    size_t size; /* of this struct */
    /* Bytes of native stack for the calls of each guest, from 64 KiB to 4 GiB; 0: 16 MiB with wasmtime, and 64 MiB for
     * native programs, whose frames are larger. Pages that are not used take no memory. */
    size_t stack;
    /* The members from here to compile_seconds are for wasmtime. */
    bool quick; /* compile in a fraction of the time, to code that is several times slower: for what runs once */
    /* Runs have no deadline, no limit of processor time, and are cancelled only where they call the host; their code is
     * a little faster. Native programs can be stopped wherever they are. */
    bool unstoppable;
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
    /* At most so many runs and sessions of .wasm files at once; one more fails to begin. So many memories of each
     * program are kept for its next runs, with up to 4 MiB each. 0: however many run, and one memory is kept for each
     * processor. */
    unsigned instances;
};

struct wlpy_engine;

/* config: NULL for the defaults. 0, and *engine is the caller's; or -code with err. */
int wlpy_engine_new(const struct wlpy_engine_config *config, struct wlpy_engine **engine, struct wlpy_err *err);
/* After all its programs. NULL is nothing. */
void wlpy_engine_free(struct wlpy_engine *engine);

/* What compiles and executes .wasm files, with its version. */
const char *wlpy_engine_name(void);

/* Compiles a module in this process, to the bytes that the cache keeps; *code is to be given to free(). name: of the
 * module, for messages. 0, or -code with err. */
int wlpy_compile(struct wlpy_engine *engine, const char *name, const void *wasm, size_t size, void **code,
                 size_t *code_size, struct wlpy_err *err);

/* ---- programs: 0, and *program is the caller's; or -code with err ---- */

struct wlpy_program;

/* From a .wasm file. */
int wlpy_program_load(struct wlpy_engine *engine, const char *file, struct wlpy_program **program,
                      struct wlpy_err *err);
/* From the bytes of one, which are not used after the call. name: for messages. */
int wlpy_program_from_bytes(struct wlpy_engine *engine, const char *name, const void *wasm, size_t size,
                            struct wlpy_program **program, struct wlpy_err *err);

/* From a file that `wl-make aot --library` made. Its code becomes part of this process, and stays: load only files that
 * you made, or trust like your own program. (So this is a function of its own. What wlpy_program_load is given may come
 * from anybody.) */
int wlpy_program_load_native(struct wlpy_engine *engine, const char *file, struct wlpy_program **program,
                             struct wlpy_err *err);

/* The same of a program that is linked with such a file, which defines this. */
struct native_guest;
extern const struct native_guest wlpy_native_program;
int wlpy_program_builtin(struct wlpy_engine *engine, const struct native_guest *linked, struct wlpy_program **program,
                         struct wlpy_err *err);

/* After all its runs. NULL is nothing. */
void wlpy_program_free(struct wlpy_program *program);

/* ---- runs ---- */

/* A directory in memory: files that a guest is given, and those that it hands back. It costs no disk, and takes memory
 * outside of the guest's. It may be given to any number of runs, one after the other; while one has it, nothing else
 * may use it. Paths are relative, with slashes. */
struct wlpy_files;

/* The most bytes that all contents may have together, and the most names that directories may have; 0: 64 MiB, and
 * 10,000. NULL: out of memory. */
struct wlpy_files *wlpy_files_new(uint64_t most_bytes, uint64_t most_names);
void wlpy_files_free(struct wlpy_files *files);

/* Writes a file, in place of one with this path, and makes the directories that it is to be in. 0, or -code with err.
 */
int wlpy_files_put(struct wlpy_files *files, const char *path, const void *bytes, size_t size, struct wlpy_err *err);
/* The content of a file, or of what a link leads to: *bytes is valid until the files change. 0, or -code with err. */
int wlpy_files_get(struct wlpy_files *files, const char *path, const void **bytes, size_t *size, struct wlpy_err *err);
/* Removes a file, a link or an empty directory. 0, or -code with err. */
int wlpy_files_remove(struct wlpy_files *files, const char *path, struct wlpy_err *err);
/* Calls `each` with the path and the size of every file. A directory comes before its entries and has a slash at the
 * end; a link has the size -1. If `each` returns something other than 0, the list ends and that is returned. */
int wlpy_files_list(struct wlpy_files *files, int (*each)(void *arg, const char *path, int64_t size), void *arg);

/* A directory that the guest sees. */
struct wlpy_dir {
    const char *host;  /* its path here; NULL: it is files */
    const char *guest; /* its path there */
    bool read_only;
    struct wlpy_files *files;
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
    size_t size; /* of bytes */
    /* How many bytes, 0 for the end of input, or -1 with errno. They may wait. Of a native guest they are called on the
     * thread that runs it, and on its own stack. */
    ssize_t (*read)(void *arg, void *to, size_t n);
    ssize_t (*write)(void *arg, const void *from, size_t n);
    void *arg;
};

/* As a limit: none, but what the machine has. */
#define WLPY_UNLIMITED UINT64_MAX

/* What a guest may take; it is one that ends only this run. Each member that is 0 has the default that is named first.
 */
struct wlpy_limits {
    size_t size;          /* of this struct */
    uint64_t memory;      /* 256 MiB: the most bytes that its memory, its tables and the stacks of threads besides its
                           * first may have together. Without a limit, 4 GiB */
    uint64_t output;      /* 1 MiB: the most bytes that it may write to its standard streams together */
    uint64_t deadline_ms; /* 30 s: wall time from its start. Of an engine that is unstoppable it must be 0 or
                           * WLPY_UNLIMITED, and there is none. */
    uint64_t cpu_ms;      /* 100 ms more than the deadline: processor time of its threads together. The same holds. */
    uint64_t descriptors; /* 256: the most that it may have open at once, those that it is given included. Without a
                           * limit, 65536 */
    uint64_t file_bytes;  /* 64 MiB: the most bytes that it may write to files in all; then it gets EDQUOT */
    uint64_t files;       /* 10,000: the most files, directories and links that it may create; likewise */
    uint64_t sockets;     /* 32: the most sockets that it may have open at once. Without a limit, 1024 */
    uint64_t received, sent; /* 64 MiB each: the most bytes that it may get from and give to the network */
    uint64_t host_calls;     /* 10,000: how often it may call functions of the host; then the calls fail */
    uint64_t grace_ms;       /* 100 ms: when its deadline has passed, it gets an interrupt if it takes them (in Python,
                              * KeyboardInterrupt), and this time to end */
    uint64_t threads;        /* none: the most that it may have besides its first, up to 256. Not in a session: there it
                              * cannot start any */
    /* none: the most processes that it, and those which it starts, may have together besides its first, up to 256.
     * They need `child_command` (wlpy_run_config). The limits of memory, output and wall time are for all of them
     * together. Not in a session, and only without limits of processor time, descriptors, files and the bytes of the
     * network (WLPY_UNLIMITED): otherwise it cannot start any. */
    uint64_t processes;
    uint64_t listening; /* 8: of its sockets, the most that may listen at once. Without a limit, 64 */
    uint64_t lookups;   /* 1,000, with `processes` none: the most names that it may look up in all. With a limit, it
                         * cannot start processes. */
};

/* ---- functions of the host, which a guest can call ---- */

/* One call that a guest makes. */
struct wlpy_call;

/* In the project's Pythons: `import wlhost; wlhost.NAME(...)`. */
struct wlpy_function {
    size_t size; /* of this struct */
    /* Letters, digits and underscores, at most 100; the first must be a letter. */
    const char *name;
    const char *signature; /* as Python writes it: "(city: str, days: int = 3) -> dict"; NULL: any arguments */
    const char *doc;       /* or NULL */
    /* The guest gives bytes and gets bytes. If not, JSON: it gives {"args": [...], "kwargs": {...}} and gets a value.
     */
    bool bytes;
    /* Called as functions of streams are. It ends the call by wlpy_call_return or wlpy_call_raise; if it does neither,
     * the call returns None, or empty bytes. It must not leave by a jump or an exception. */
    void (*call)(void *arg, struct wlpy_call *call);
    void *arg;
};

/* What the guest gives; valid until the call ends, and not ended by a zero byte. A guest can give anything. */
const void *wlpy_call_input(const struct wlpy_call *call, size_t *size);
/* End the call. It returns a copy of these bytes; or it raises an exception: the built-in one of that name
 * ("ValueError"), or wlhost.HostError if there is none. 0, or -1: it had ended before, or there is no memory, and the
 * guest gets MemoryError. */
int wlpy_call_return(struct wlpy_call *call, const void *bytes, size_t size);
int wlpy_call_raise(struct wlpy_call *call, const char *type, const char *message);
/* Within wlpy_function.call, before another thread knows of the call: it does not end when that returns, but when
 * wlpy_call_return or wlpy_call_raise is called, on any thread; one of them has to be, exactly once, even if the guest
 * has ended. Until then the guest goes on if it has asked for that (`await wlhost.later.NAME(...)`), and waits if it
 * has not. */
void wlpy_call_later(struct wlpy_call *call);

/* Makes runs the same each time, to the bit, with either engine, as far as the guest has nothing of the machine: no
 * directories (files in memory are all right), network or streams that differ. */
struct wlpy_fixed {
    size_t size;      /* of this struct */
    uint64_t time_ns; /* when the run starts, since 1970. Time passes when the guest looks at a clock (1 us), and when
                       * it waits, which takes no real time. Limits of time are of real time. */
    uint64_t seed;    /* of all random numbers, which are no secrets then */
};

/* A value that the guest can use without learning it, in requests over HTTP to one host: docs/network.md. It needs the
 * system's libcurl. */
struct wlpy_secret {
    size_t size;       /* of this struct */
    const char *name;  /* the guest's variable, which has a placeholder */
    const char *value; /* 8 to 4096 bytes of printable ASCII without blanks, quotes, \, <, > and & */
    const char *host;  /* "api.example.com" or "api.example.com:8443"; for more hosts, more secrets of the same name */
};

struct wlpy_control;
struct wlpy_child;

struct wlpy_run_config {
    size_t size;             /* of this struct */
    const char *const *argv; /* argv[0] is the guest's name for itself; none: the program's name */
    size_t argc;
    const char *const *env; /* "NAME=value" */
    size_t envc;
    const struct wlpy_dir *dirs; /* of two at the same guest path the later one counts */
    size_t dir_count;
    struct wlpy_stream in, out, err;
    const int *fds; /* further descriptors that it gets, after its directories; they stay the caller's */
    size_t fd_count;
    /* What it may connect to ("example.com:443", "192.0.2.0/24", "*") and listen on ("127.0.0.1:8080"): rules as
     * docs/network.md describes them. None: no network. */
    const char *const *net;
    size_t net_count;
    const char *const *net_listen;
    size_t net_listen_count;
    /* Called with one line for each request that no rule allows, as functions of streams are; may be NULL. */
    void (*on_refusal)(void *arg, const char *line);
    void *on_refusal_arg;
    const struct wlpy_limits *limits; /* NULL: the defaults */
    struct wlpy_control *control;     /* by which others reach it while it runs; may be NULL */
    bool backtrace;                   /* fill in wlpy_result.backtrace; wasmtime only */
    /* Let it change the settings of those standard streams that are terminals; they are restored at its end.
     * on_terminal is called before the first change, on the guest's thread, with a descriptor of the terminal that
     * stays open until then: a process that a signal may end has to restore them itself. It may be NULL. */
    bool terminal;
    void (*on_terminal)(void *arg, int fd);
    void *on_terminal_arg;
    const struct wlpy_function *functions; /* that it can call; each with its size */
    size_t function_count;
    const struct wlpy_fixed *fixed;    /* NULL: the machine's clocks and random numbers */
    const struct wlpy_secret *secrets; /* each with its size */
    size_t secret_count;
    const char *certificates; /* a file with those that hosts of secrets are checked by; NULL: the system's */
    /* What clocks show, and times of files in memory, are multiples of so many nanoseconds, so that the guest cannot
     * measure what is shorter; 0: exact. (Times of the machine's files are the kernel's, and a guest that may have
     * threads can count for itself.) */
    uint64_t clock_ns;
    /* What this process starts when the guest starts one: the path of a program, its name for itself, and its
     * arguments behind WLPY_CHILD_OF and a number. It calls wlpy_child_take(). (wl-run does: it starts itself.) */
    const char *const *child_command;
    size_t child_command_count;
    const int *child_fds; /* descriptors for that program, not for the guest: at most 4; they stay the caller's */
    size_t child_fd_count;
    /* This run is such a guest. Then its parent has chosen argv, env, dirs, streams and fds, and secrets are not
     * there. NULL: it is not. */
    struct wlpy_child *child;
    /* The guest's processes may send this one signals that programs send each other (SIGTERM, SIGUSR1 ...), as to their
     * parent: for a program that is there for this guest alone, as wl-run is. */
    bool child_signals;
};

enum wlpy_end {
    WLPY_EXITED,    /* it returned from _start or called proc_exit */
    WLPY_TRAPPED,   /* the engine stopped it for what it did */
    WLPY_OUTPUT,    /* it wrote more than its limit; what fits was written */
    WLPY_DEADLINE,  /* its time had passed */
    WLPY_CANCELLED, /* wlpy_cancel() */
    WLPY_CPU        /* it took more processor time than its limit */
};

struct wlpy_result {
    size_t size; /* of this struct: set it before the run */
    enum wlpy_end end;
    int status;          /* of WLPY_EXITED its own, 0..255; else 134, or 124 for the deadline and processor time */
    bool returned;       /* of WLPY_EXITED: not by proc_exit */
    unsigned interrupts; /* how often it was interrupted */
    char text[256];      /* where it was stopped: why; one line. Else "" */
    char hint[256];      /* what to do, or "" */
    char *backtrace;     /* where it was stopped, if asked for: lines of the guest's functions; or NULL */
    char *out, *err;     /* what it wrote to streams that are memory, else NULL */
    size_t out_size, err_size;
    uint64_t wall_ns, cpu_ns; /* the time from its start to its end, and the processor time of its thread in it */
    uint64_t memory;          /* bytes of its memory at its end, which is the most it had: memory never shrinks */
};

/* Runs the program to its end, and returns then: a native one on this thread, any other on a thread of its own. 0, and
 * result says how it ended; or -code, and err says why it did not begin. The result is to be freed in either case. */
int wlpy_run(struct wlpy_program *program, const struct wlpy_run_config *config, struct wlpy_result *result,
             struct wlpy_err *err);

/* Instead of running a program to its end: loads the .wasm file, calls the export `entry`, which takes and gives
 * nothing, and if it returns writes the module with the memory that it then has to the file `out`. Where it did not
 * return, the result says how it ended and there is no such file. 0, or -code with err. */
int wlpy_snapshot(struct wlpy_engine *engine, const char *file, const char *entry, const char *out,
                  const struct wlpy_run_config *config, struct wlpy_result *result, struct wlpy_err *err);

/* ---- processes that a guest starts ---- */

/* A guest's process is a process of the system's, which runs the same module with what its parent has, or less. The
 * library starts a program (child_command) as
 *     PROGRAM --child-of NUMBER ARGUMENT...
 * and sends it everything else. That program has to take it before it opens anything, and ends when its parent ends. */
struct wlpy_child;
#define WLPY_CHILD_OF "--child-of"

/* What the parent, whose NUMBER is given, has sent. 0, and *child is the caller's, to be freed after the run; or -code
 * with err: the process must exit. */
int wlpy_child_take(long parent, struct wlpy_child **child, struct wlpy_err *err);
void wlpy_child_free(struct wlpy_child *child);
/* One of the parent's child_fds, which stays the child's; -1: there are fewer. */
int wlpy_child_fd(const struct wlpy_child *child, size_t at);
/* The program that the parent runs. name: for messages. 0, or -code with err. */
int wlpy_program_of_child(struct wlpy_engine *engine, const char *name, struct wlpy_child *child,
                          struct wlpy_program **program, struct wlpy_err *err);

/* Frees what the result has, and not the struct. */
void wlpy_result_free(struct wlpy_result *result);

/* ---- sessions ---- */

/* A Python that keeps its state: variables, modules, open files. It needs a program of the flavour `single` or
 * `snapshot`, which exports wl_session. One thread at a time may use a session; it may be another one each time. */
struct wlpy_session;

/* Starts it with what the configuration names, which is copied except for what `fds`, streams, files and functions
 * refer to. Limits of time hold for the start, and then for each evaluation; all others for the session's whole life,
 * except that each evaluation may write as much output as the limit says. argv is sys.argv; options of Python are not
 * looked at. 0, and *session is the caller's; or -code with err. */
int wlpy_session_new(struct wlpy_program *program, const struct wlpy_run_config *config, struct wlpy_session **session,
                     struct wlpy_err *err);
void wlpy_session_free(struct wlpy_session *session);

struct wlpy_eval {
    size_t size;      /* of this struct */
    const char *code; /* UTF-8, of code_size bytes */
    size_t code_size;
    const char *name; /* in tracebacks; NULL: <cell N> */
    /* In place of the session's; 0: those. WLPY_UNLIMITED: none. */
    uint64_t deadline_ms, cpu_ms;
    /* When the deadline has passed, the code gets KeyboardInterrupt, which the session survives, and this time to end;
     * after that the session ends. 0: that of the session's limits. */
    uint64_t grace_ms;
    size_t most_text; /* longer texts of the value and of displayed objects are left out; 0: 1 MiB */
};

/* What the code has displayed, in one form: display(object) does it, and the value of the code's last line if that has
 * such a form. Forms of the same object have the same number. */
struct wlpy_display {
    unsigned object;
    const char *type; /* "image/png", "text/html" ...: text as UTF-8, or bytes */
    const void *bytes;
    size_t size;
};

struct wlpy_value {
    size_t size; /* of this struct: set it before */
    bool alive;  /* the session goes on */
    /* How the evaluation ended: WLPY_EXITED if the code came to its end, with an exception or without. WLPY_DEADLINE
     * with a session that is alive: it was interrupted in time. */
    enum wlpy_end end;
    int status;              /* of sys.exit() and os._exit(); 1 for any other exception; or as in wlpy_result */
    const char *repr, *json; /* of the value of the last line, if that is an expression and is not None. json if it
                              * can be written as JSON. Both end with a zero byte; else NULL */
    size_t repr_size, json_size;
    const char *type, *message, *traceback; /* of the exception, else NULL */
    const struct wlpy_display *displays;
    size_t display_count;
    unsigned interrupts;
    char text[256], hint[256]; /* where the session was stopped: why, and what to do; or "" */
    char *out, *err;           /* what the code wrote to streams that are memory, else NULL */
    size_t out_size, err_size;
    uint64_t wall_ns, cpu_ns, memory; /* as in wlpy_result */
    void *own;                        /* the library's: what the members above point to */
};

/* Evaluates code, in the session's module __main__; `await` may stand outside of functions. 0, and value is to be
 * freed; or -code with err: it was not evaluated, because the session has ended or an argument is wrong. */
int wlpy_session_eval(struct wlpy_session *session, const struct wlpy_eval *eval, struct wlpy_value *value,
                      struct wlpy_err *err);
void wlpy_value_free(struct wlpy_value *value);

/* A copy of the session with all of its state, which goes its own way from here. Memory is shared until one of the two
 * writes to it, and nothing of the session runs. Open files are shared, as by fork(2), and files in memory are copied.
 * The session must have no sockets and no locks of files. config: the copy's streams, functions (as many) and control;
 * everything else is the session's. NULL: streams and functions are the same, but memory that a stream writes to is the
 * copy's own. 0, and *copy is the caller's; or -code with err. */
int wlpy_session_fork(struct wlpy_session *session, const struct wlpy_run_config *config, struct wlpy_session **copy,
                      struct wlpy_err *err);

/* Writes the session as a module of its own: a .wasm file that begins with everything that the session has in its
 * memory, as a program of any WASI runtime (`wl-run OUT -c 'print(x)'`) and as a session. module: the .wasm file that
 * the session's program was loaded from or, if it is native, made from; NULL: the one that it was loaded from. The
 * session needs a Python of the flavour snapshot, or a module that was saved before, and has no file, socket or lock of
 * the host. It goes on, and nothing of it runs. What is in its memory is in the file, secrets too; files in memory
 * (struct wlpy_files) and in the guest's own /tmp are not. 0, or -code with err: then there is no such file. */
int wlpy_session_save(struct wlpy_session *session, const char *module, const char *out, struct wlpy_err *err);

/* The directory in memory that the session sees as `guest`: the caller's, or a copy's own. It may be used while nothing
 * is evaluated. NULL: there is none. */
struct wlpy_files *wlpy_session_files(struct wlpy_session *session, const char *guest);

/* ---- reaching a run from outside ---- */

/* For one run or session at a time; in a session it reaches the evaluation. NULL: out of memory. */
struct wlpy_control *wlpy_control_new(void);
void wlpy_control_free(struct wlpy_control *control);

enum wlpy_answer {
    WLPY_GIVEN,    /* the guest has it, or ignores it */
    WLPY_NOBODY,   /* no guest runs, or it does not take it */
    WLPY_UNHEEDED, /* an earlier one has not been noticed for a second */
    /* A guest that takes signals has ended, or is about to because of its deadline. */
    WLPY_LATE
};

/* These may be called by any thread and by signal handlers. wlpy_interrupt is Ctrl-C for a guest that exports
 * wl_interrupt_cells, as the project's Pythons do. wlpy_signal is a signal of the system for such a guest, by its
 * number there: SIGINT, which is an interrupt, and in a run, not in a session, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2,
 * SIGALRM, SIGTERM, SIGCHLD (when a process that the guest has started ends, too), SIGCONT and SIGWINCH, for which it
 * has a handler or which it ignores. Where the answer is
 * WLPY_NOBODY, what the signal does by default is up to the caller: the library takes no signals of the process.
 * wlpy_cancel ends the run, or the next one where there is none; with wasmtime and an engine that is unstoppable, only
 * where the guest calls its host. */
enum wlpy_answer wlpy_interrupt(struct wlpy_control *control);
enum wlpy_answer wlpy_signal(struct wlpy_control *control, int number);
void wlpy_cancel(struct wlpy_control *control);

/* ---- Python ---- */

enum wlpy_python {
    WLPY_CODE,            /* as python -c */
    WLPY_FILE,            /* a file that the guest sees */
    WLPY_MODULE,          /* as python -m */
    WLPY_ISOLATED = 0x100 /* added to one of these: as python -I */
};

/* The argv of a Python that runs code, a file or a module with these arguments (its sys.argv[1:]); *argc is its length.
 * One block of memory, to be given to free(); the strings stay the caller's. NULL: out of memory. */
const char **wlpy_python_argv(int what, const char *text, const char *const *args, size_t n, size_t *argc);

/* What Python wrote of an exception that ended it: the last one in its standard error. The parts lie in the text, and
 * are as true as what a guest writes. */
struct wlpy_exception {
    size_t size;                    /* of this struct */
    const char *type, *message;     /* "ValueError"; what follows the colon, which may have several lines, or "" */
    size_t type_size, message_size; /* their bytes: neither ends with a zero byte */
    const char *traceback;          /* all of it, to the end of the message */
    size_t traceback_size;
};

/* Finds it; false if the text has none. */
bool wlpy_python_exception(const char *text, size_t size, struct wlpy_exception *exception);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
