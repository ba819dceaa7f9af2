/* Runs other programs in parallel. The jobs come from a GNU make jobserver (make's manual, "Sharing Job Slots with
 * GNU make") if there is one; otherwise their number is an option. A program's output is passed on after it has
 * ended, so that the lines of two programs do not mix. If the output is very long, its beginning is left out. */
#include "aot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_JOBS = 256, MOST_OUTPUT = 1 << 18 };

struct running {
    const struct command *command;
    pid_t pid;
    int pipe;
    bool token; /* it runs on a byte of the jobserver */
    char *output;
    size_t n;
};

static int own_jobs = 1;
static int take_fd = -1, give_fd = -1; /* of the jobserver */
static int all_jobs = 1;
static int held; /* bytes of the jobserver that this program holds */

static bool take_token(void)
{
    char c;
    bool taken = read(take_fd, &c, 1) == 1;

    held += taken;
    return taken;
}

static void give_token(void)
{
    held--;
    if (write(give_fd, "+", 1) != 1)
        printf("cannot give a job back: %s\n", strerror(errno));
}

/* Other programs need the jobs however this program ends. */
static void give_all(void)
{
    while (held > 0)
        give_token();
}

void commands_jobs(int n)
{
    const char *flags = getenv("MAKEFLAGS"), *jobs = flags ? strstr(flags, "-j") : NULL,
               *auth = flags ? strstr(flags, "--jobserver-auth=") : NULL;
    int take, give;

    own_jobs = all_jobs = n < 1 ? 1 : n > MOST_JOBS ? MOST_JOBS : n;
    if (!auth || sscanf(auth, "--jobserver-auth=%d,%d", &take, &give) != 2)
        return;
    /* Opened again, so that only this descriptor is non-blocking: others expect that theirs block. */
    take_fd = open(text("/proc/self/fd/%d", take), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    give_fd = fcntl(give, F_DUPFD_CLOEXEC, 3);
    if (take_fd < 0 || give_fd < 0)
        take_fd = give_fd = -1;
    else if (jobs && atoi(jobs + 2) > 0)
        all_jobs = atoi(jobs + 2) < MOST_JOBS ? atoi(jobs + 2) : MOST_JOBS;
    if (take_fd >= 0)
        atexit(give_all);
}

int commands_free_jobs(void)
{
    int n = 1;

    if (take_fd < 0)
        return own_jobs;
    while (n < all_jobs && take_token())
        n++;
    return n;
}

/* --- what went wrong --- */

/* The limit that a line of a command's output reports, when a process below the command reached it. */
static const char *reason_in(const char *output)
{
    static const char *const known[][2] = {
        {"No space left on device", "space"},
        {"CPU time limit exceeded", "time"},
        {"File size limit exceeded", "file"},
        {"out of memory", "memory"},
        {"bad_alloc", "memory"},
        {"Cannot allocate memory", "memory"},
        {"failed to map segment", "memory"},
        {"Segmentation fault", "memory"},
        {"Killed", "memory"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(output, known[i][0]))
            return known[i][1];
    return NULL;
}

static const char *reason_of_signal(int signal)
{
    switch (signal) {
    case SIGXCPU:
        return "time";
    case SIGXFSZ:
        return "file";
    case SIGKILL: /* the limit of time can also cause it, but only after SIGXCPU */
    case SIGSEGV:
    case SIGBUS:
    case SIGABRT:
        return "memory";
    default:
        return NULL;
    }
}

_Noreturn static void failed(const struct running *r, int status, const char *refusal)
{
    const char *program = r->command->argv[0], *reason = reason_in(r->output ? r->output : "");

    if (!reason && WIFSIGNALED(status))
        reason = reason_of_signal(WTERMSIG(status));
    if (reason)
        stop(reason, "%s needed more %s than the limit", program, reason);
    if (WIFSIGNALED(status))
        end("%s was ended by signal %d", program, WTERMSIG(status));
    if (refusal)
        refuse("%s", refusal);
    end("%s failed with status %d", program, WEXITSTATUS(status));
}

/* --- running --- */

static void start(struct running *r, const struct command *c, bool token)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        end("cannot create a pipe: %s", strerror(errno));
    *r = (struct running){.command = c, .pipe = fds[0], .token = token};
    fflush(stdout);
    r->pid = fork();
    if (r->pid < 0)
        end("cannot start %s: %s", c->argv[0], strerror(errno));
    if (r->pid == 0) {
        int out = c->out ? open(c->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : fds[1];

        if (out < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(fds[1], STDERR_FILENO) < 0)
            _exit(126);
        execvp(c->argv[0], c->argv);
        dprintf(STDERR_FILENO, "cannot start %s: %s\n", c->argv[0], strerror(errno));
        _exit(127);
    }
    close(fds[1]);
}

/* Reads a part of a command's output; false: this was the end. */
static bool read_output(struct running *r)
{
    char bytes[8192];
    ssize_t n = read(r->pipe, bytes, sizeof bytes);

    if (n <= 0)
        return n < 0 && errno == EINTR;
    r->output = need(realloc(r->output, r->n + (size_t)n + 1));
    memcpy(r->output + r->n, bytes, (size_t)n);
    r->n += (size_t)n;
    if (r->n > MOST_OUTPUT) {
        memmove(r->output, r->output + r->n - MOST_OUTPUT / 2, MOST_OUTPUT / 2);
        r->n = MOST_OUTPUT / 2;
    }
    r->output[r->n] = '\0';
    return true;
}

static int reap(struct running *r)
{
    int status;

    while (waitpid(r->pid, &status, 0) < 0)
        if (errno != EINTR)
            end("cannot wait for %s: %s", r->command->argv[0], strerror(errno));
    close(r->pipe);
    if (r->token)
        give_token();
    if (r->n)
        fwrite(r->output, 1, r->n, stdout);
    fflush(stdout);
    return status;
}

/* Ends the other commands, so that none continues to write into this directory. */
static void end_all(struct running *running, int n)
{
    for (int i = 0; i < n; i++)
        kill(running[i].pid, SIGKILL);
    for (int i = 0; i < n; i++) {
        running[i].n = 0;
        reap(&running[i]);
    }
}

void commands_run(const struct command *commands, size_t n, const char *refusal)
{
    struct running running[MOST_JOBS];
    size_t next = 0, done = 0, total = 0;
    int running_n = 0;

    for (size_t i = 0; i < n; i++)
        total += commands[i].counted;
    while (next < n || running_n) {
        struct pollfd fds[MOST_JOBS + 1];
        int polled = running_n;

        /* The first command uses the job of this program itself. */
        while (next < n && running_n < all_jobs && (!running_n || take_fd < 0 || take_token())) {
            start(&running[running_n], &commands[next++], running_n && take_fd >= 0);
            polled = ++running_n;
        }
        for (int i = 0; i < running_n; i++)
            fds[i] = (struct pollfd){.fd = running[i].pipe, .events = POLLIN};
        if (next < n && running_n < all_jobs && take_fd >= 0)
            fds[polled++] = (struct pollfd){.fd = take_fd, .events = POLLIN};
        if (poll(fds, (nfds_t)polled, -1) < 0 && errno != EINTR)
            end("cannot wait: %s", strerror(errno));
        for (int i = running_n; i-- > 0;) {
            struct running ended;
            int status;

            if (!fds[i].revents || read_output(&running[i]))
                continue;
            ended = running[i];
            running[i] = running[--running_n];
            /* A command that has a job of its own gives it back, and continues on the job of this program. */
            if (!ended.token && running_n && take_fd >= 0) {
                ended.token = true;
                running[0].token = false;
            }
            status = reap(&ended);
            if (status != 0) {
                end_all(running, running_n);
                failed(&ended, status, refusal);
            }
            free(ended.output);
            if (ended.command->counted)
                report_count(++done, total);
        }
    }
}
