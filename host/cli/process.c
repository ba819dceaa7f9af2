#include "cli/process.h"

#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

/* A standard stream that is closed must not become a file: messages would be written into it. */
static void hold_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

void process_set_up(void)
{
    hold_streams();
    /* The guest learns of a closed pipe and of a file that is too large by an error, like a program that ignores these.
     */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    /* A caller may have left it ignored, and then nobody learns how a child has ended. */
    signal(SIGCHLD, SIG_DFL);
}

void process_allow_sockets(uint64_t n)
{
    const rlim_t others = 512; /* files, and the process's own */
    struct rlimit limit;

    if (!n || getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= n + others)
        return;
    limit.rlim_cur = limit.rlim_max < n + others ? limit.rlim_max : (rlim_t)n + others;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static bool (*give_sigint)(void *arg);
static void *give_arg;

static void on_sigint(int number)
{
    int saved = errno;

    if (!give_sigint(give_arg)) {
        terminal_restore();
        signal(number, SIG_DFL);
        raise(number); /* takes effect when this handler returns */
    }
    errno = saved;
}

void process_on_sigint(bool (*give)(void *arg), void *arg)
{
    const struct sigaction sa = {.sa_handler = on_sigint}; /* no SA_RESTART: a read must end */
    struct sigaction before;

    if (sigaction(SIGINT, NULL, &before) < 0 || before.sa_handler == SIG_IGN)
        return;
    give_sigint = give;
    give_arg = arg;
    sigaction(SIGINT, &sa, NULL);
}

void process_end_by(int number)
{
    sigset_t set;

    terminal_restore();
    signal(number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
}
