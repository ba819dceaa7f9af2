#include "compiler.h"

#include "aside.h"
#include "core/err.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* What the program answers: the last byte of standard error tells whether all is well; before it stands why not. */
enum { DONE = '+', REFUSED = '-' };
enum { ARGUMENTS = 7, ANSWER = 4096 };

static const char asked[] = "--compile-for";

/* ---- the program that compiles ---- */

bool compiler_is_asked(int argc, char **argv)
{
    return argc == ARGUMENTS && !strcmp(argv[1], asked);
}

static rlim_t less_of(rlim_t a, rlim_t b)
{
    return a < b ? a : b;
}

/* Where less is allowed already, that stays. (RLIM_INFINITY is the largest number.) */
static void limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit r;

    if (getrlimit(resource, &r) < 0)
        return;
    r.rlim_cur = less_of(r.rlim_cur, soft);
    r.rlim_max = less_of(r.rlim_max, hard);
    setrlimit(resource, &r);
}

/* What the process has at its start: bytes of addresses, and of those what can be written to. (Sanitizers have
 * terabytes.)
 */
static void own_size(uint64_t *addresses, uint64_t *data)
{
    unsigned long pages, writable;
    FILE *f = fopen("/proc/self/statm", "re");

    *addresses = *data = 0;
    if (f && fscanf(f, "%lu %*u %*u %*u %*u %lu", &pages, &writable) == 2) {
        *addresses = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
        *data = (uint64_t)writable * (uint64_t)sysconf(_SC_PAGESIZE);
    }
    if (f)
        fclose(f);
}

/* Memory is what can be written to; the addresses that threads' allocators only reserve come on top of it. */
static void set_limits(uint64_t memory, uint64_t seconds)
{
    const uint64_t reserved = UINT64_C(1) << 30, each = UINT64_C(160) << 20;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t addresses, data;

    own_size(&addresses, &data);
    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_CPU, seconds, seconds + 5);
    limit(RLIMIT_DATA, data + memory, data + memory);
    addresses += memory + reserved + each * (uint64_t)(cores > 0 ? cores : 1);
    limit(RLIMIT_AS, addresses, addresses);
}

static int compile(const struct engine_ops *ops, const struct wlpy_config *config, struct err *err)
{
    struct engine *e = NULL;
    struct module *m = NULL;
    uint8_t *bytes = NULL;
    struct stat st;
    void *wasm = MAP_FAILED;
    size_t size;
    int r;

    if (fstat(STDIN_FILENO, &st) == 0 && st.st_size > 0)
        wasm = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
    if (wasm == MAP_FAILED)
        return err_set(err, ERR_SETUP, "cannot read the module to compile: %s", strerror(errno));
    r = ops->open(config, &e, err);
    if (r == 0)
        r = ops->compile(e, config->module, wasm, (size_t)st.st_size, &m, err);
    if (r == 0)
        r = ops->save(m, &bytes, &size, err);
    if (r == 0 && write_all(STDOUT_FILENO, bytes, size) < 0)
        r = err_set(err, ERR_SETUP, "cannot write the compiled module: %s", strerror(errno));
    free(bytes);
    ops->free_module(m);
    ops->close(e);
    return r;
}

int compiler_main(const struct engine_ops *ops, int argc, char **argv)
{
    struct wlpy_config config = {
        .limits = {.stack = WLPY_DEFAULT_STACK}, .quick = !strcmp(argv[2], "quick"), .module = argv[ARGUMENTS - 1]};
    struct err err = {0};
    char text[sizeof err.text + sizeof err.hint + 32];
    int n;

    (void)argc;
    /* Nobody would read what it makes. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != (pid_t)strtol(argv[5], NULL, 10))
        return ERR_SETUP;
    syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
    set_limits(strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    if (compile(ops, &config, &err) == 0)
        return write_all(STDERR_FILENO, (char[]){DONE}, 1) < 0 ? ERR_SETUP : 0;
    n = snprintf(text, sizeof text, "%d\n%s\n%s\n%c", (int)err.code, err.text, err.hint, REFUSED);
    return write_all(STDERR_FILENO, text, (size_t)n) < 0 ? ERR_SETUP : (int)err.code;
}

/* ---- the process that has a module compiled ---- */

struct answer {
    char text[ANSWER + 1]; /* its beginning, where it is long */
    size_t n;
    char last;
};

static void read_answer(int fd, struct answer *a)
{
    char part[1024];

    for (;;) {
        ssize_t n = read(fd, part, sizeof part);
        size_t taken;

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        taken = (size_t)n < ANSWER - a->n ? (size_t)n : ANSWER - a->n;
        memcpy(a->text + a->n, part, taken);
        a->n += taken;
        a->last = part[n - 1];
    }
}

static int spawn(const struct wlpy_config *c, int in, int out, int err, pid_t *pid)
{
    char memory[24], seconds[24], parent[24];
    const char *const argv[ARGUMENTS + 1] = {"wl-run",  asked, c->quick ? "quick" : "speed", memory, seconds, parent,
                                             c->module, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    /* A Ctrl-C, a hangup or the like that this process ignores is not for the other one, either. */
    static const int ends[] = {SIGXCPU, SIGXFSZ, SIGPIPE, SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    sigset_t by_default, none;
    int r;

    snprintf(memory, sizeof memory, "%" PRIu64, c->limits.compile_memory);
    snprintf(seconds, sizeof seconds, "%" PRIu64, c->limits.compile_seconds);
    snprintf(parent, sizeof parent, "%ld", (long)getpid());
    sigemptyset(&by_default);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        sigaddset(&by_default, ends[i]);
    sigemptyset(&none);
    if (posix_spawn_file_actions_init(&files) != 0)
        return ENOMEM;
    r = posix_spawnattr_init(&attr);
    if (r == 0) {
        posix_spawnattr_setsigdefault(&attr, &by_default);
        posix_spawnattr_setsigmask(&attr, &none);
        posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
        r = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
        if (r == 0)
            r = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
        if (r == 0)
            r = posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
        if (r == 0)
            r = posix_spawn(pid, c->compiler, &files, &attr, (char *const *)argv, environ);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&files);
    return r;
}

/* An allocation that fails ends the program with a message; a thread or a stack that has no room, by a signal. */
static bool is_out_of_memory(const struct answer *a, int signal)
{
    bool crashed = signal == SIGABRT || signal == SIGSEGV || signal == SIGBUS;

    return strstr(a->text, "memory") || (crashed && (!*a->text || strstr(a->text, "thread")));
}

/* The seconds that it had: not more than this process may take. */
static uint64_t seconds_of(const struct wlpy_config *c)
{
    struct rlimit r;

    return getrlimit(RLIMIT_CPU, &r) == 0 ? less_of(r.rlim_cur, c->limits.compile_seconds) : c->limits.compile_seconds;
}

/* Why the program ended without an answer. */
static int tell_end(const struct wlpy_config *c, const struct answer *a, int status, struct err *err)
{
    char why[256];
    bool signaled = WIFSIGNALED(status);

    text_one_line(why, sizeof why, a->text, strcspn(a->text, "\n"));
    if (signaled && WTERMSIG(status) == SIGXCPU) {
        err_set(err, ERR_MODULE, "cannot run %s: compiling it takes more than %" PRIu64 " s of processor time",
                c->module, seconds_of(c));
        return err_hint(err, "allow more with --max-compile-time if it can be trusted");
    }
    if (is_out_of_memory(a, signaled ? WTERMSIG(status) : 0)) {
        err_set(err, ERR_MODULE, "cannot run %s: compiling it takes more than %" PRIu64 " MiB of memory", c->module,
                c->limits.compile_memory >> 20);
        return err_hint(err, "allow more with --max-compile-memory if it can be trusted");
    }
    if (signaled)
        return err_set(err, ERR_MODULE, "cannot run %s: its compiler was ended by signal %d%s%s", c->module,
                       WTERMSIG(status), *why ? ": " : "", why);
    return err_set(err, ERR_SETUP, "cannot compile %s: %s gave no answer%s%s", c->module, c->compiler, *why ? ": " : "",
                   why);
}

/* What the program itself says: number, text and hint, a line each. */
static int tell_refusal(struct answer *a, struct err *err)
{
    char *text = strchr(a->text, '\n'), *hint = text ? strchr(text + 1, '\n') : NULL,
         *end = hint ? strchr(hint + 1, '\n') : NULL;
    long code = strtol(a->text, NULL, 10);

    if (!end)
        return err_set(err, ERR_SETUP, "cannot compile: the compiler's answer is not understood");
    *text = *hint = *end = '\0';
    err_set(err, code == ERR_MODULE ? ERR_MODULE : ERR_SETUP, "%s", text + 1);
    return err_hint(err, "%s", hint + 1);
}

int compiler_start(const struct wlpy_config *config, const struct module_bytes *wasm, int *fd, struct err *err)
{
    int out = memory_file("compiled"), pipe[2], status = 0, r;
    struct answer a = {.n = 0};
    pid_t pid;

    *fd = -1;
    if (out < 0 || pipe2(pipe, O_CLOEXEC) < 0) {
        err_set(err, ERR_SETUP, "cannot start the compiler: %s", strerror(errno));
        if (out >= 0)
            close(out);
        return -ERR_SETUP;
    }
    r = spawn(config, wasm->fd, out, pipe[1], &pid);
    close(pipe[1]);
    if (r == 0) {
        read_answer(pipe[0], &a);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    close(pipe[0]);
    if (r == 0 && a.last == DONE) {
        *fd = out;
        return 0;
    }
    close(out);
    if (r != 0)
        return err_set(err, ERR_SETUP, "cannot start the compiler %s: %s", config->compiler, strerror(r));
    return a.last == REFUSED ? tell_refusal(&a, err) : tell_end(config, &a, status, err);
}
