#include "core/compiler.h"

#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { ANSWER = 4096 };

struct answer {
    char text[ANSWER + 1]; /* its beginning, if it is long */
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

static int spawn(const struct compiler *c, int in, int out, int err, pid_t *pid)
{
    char memory[24], seconds[24], parent[24];
    const char settings[] = {c->quick ? 'q' : '-', c->stoppable ? 's' : '-', '\0'};
    const char *const argv[COMPILER_ARGUMENTS + 1] = {"wl-run", COMPILER_ASKED, settings, memory,
                                                      seconds,  parent,         c->name,  NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    /* (A terminal's signals that this process ignores stay ignored there.) */
    static const int ends[] = {SIGXCPU, SIGXFSZ, SIGPIPE, SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    sigset_t by_default, none;
    int r;

    snprintf(memory, sizeof memory, "%" PRIu64, c->limits->compile_memory);
    snprintf(seconds, sizeof seconds, "%" PRIu64, c->limits->compile_seconds);
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
            r = posix_spawn(pid, c->path, &files, &attr, (char *const *)argv, environ);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&files);
    return r;
}

/* An allocation that fails ends the program with a message; a thread or stack without room ends it with a signal. */
static bool is_out_of_memory(const struct answer *a, int signal)
{
    bool crashed = signal == SIGABRT || signal == SIGSEGV || signal == SIGBUS;

    return strstr(a->text, "memory") || (crashed && (!*a->text || strstr(a->text, "thread")));
}

/* The seconds that it had: at most those of this process. */
static uint64_t seconds_of(const struct compiler *c)
{
    struct rlimit r;

    return getrlimit(RLIMIT_CPU, &r) == 0 && r.rlim_cur < c->limits->compile_seconds ? r.rlim_cur
                                                                                     : c->limits->compile_seconds;
}

/* Why the program ended without an answer. */
static int tell_end(const struct compiler *c, const struct answer *a, int status, struct err *err)
{
    char why[256];
    bool signaled = WIFSIGNALED(status);

    text_one_line(why, sizeof why, a->text, strcspn(a->text, "\n"));
    if (signaled && WTERMSIG(status) == SIGXCPU) {
        err_set(err, ERR_MODULE, "cannot run %s: compiling it takes more than %" PRIu64 " s of processor time", c->name,
                seconds_of(c));
        return err_hint(err, "allow more with --max-compile-time if it can be trusted");
    }
    if (is_out_of_memory(a, signaled ? WTERMSIG(status) : 0)) {
        err_set(err, ERR_MODULE, "cannot run %s: compiling it takes more than %" PRIu64 " MiB of memory", c->name,
                c->limits->compile_memory >> 20);
        return err_hint(err, "allow more with --max-compile-memory if it can be trusted");
    }
    if (signaled)
        return err_set(err, ERR_MODULE, "cannot run %s: its compiler was ended by signal %d%s%s", c->name,
                       WTERMSIG(status), *why ? ": " : "", why);
    return err_set(err, ERR_SETUP, "cannot compile %s: %s gave no answer%s%s", c->name, c->path, *why ? ": " : "", why);
}

/* The refusal that the program wrote: number, text and hint, one per line. */
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

int compiler_run(const struct compiler *c, const struct module_bytes *wasm, int *fd, struct err *err)
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
    r = spawn(c, wasm->fd, out, pipe[1], &pid);
    close(pipe[1]);
    if (r == 0) {
        read_answer(pipe[0], &a);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    close(pipe[0]);
    if (r == 0 && a.last == COMPILER_DONE) {
        *fd = out;
        return 0;
    }
    close(out);
    if (r != 0)
        return err_set(err, ERR_SETUP, "cannot start the compiler %s: %s", c->path, strerror(r));
    return a.last == COMPILER_REFUSED ? tell_refusal(&a, err) : tell_end(c, &a, status, err);
}
