#include "cli/process.h"

#include "cli/terminal.h"
#include "core/signals.h"

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

static bool (*give_to)(void *arg, int number);
static void *give_arg;

static bool is_ignored_by_default(int number)
{
    const struct signals_sent *sent = signals_find_sent(number);

    return sent && sent->ignored;
}

static void on_signal(int number)
{
    const int saved = errno;

    if (!give_to(give_arg, number) && !is_ignored_by_default(number)) {
        terminal_restore();
        signal(number, SIG_DFL);
        raise(number); /* takes effect when this handler returns */
    }
    errno = saved;
}

static void handle(int number, bool is_minor)
{
    /* (Without SA_RESTART, so that a read ends.) */
    const struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | (is_minor ? SA_RESTART : 0)};
    struct sigaction before;

    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &sa, NULL);
}

void process_on_signals(bool (*give)(void *arg, int number), void *arg)
{
    give_to = give;
    give_arg = arg;
    handle(SIGINT, false);
    for (size_t i = 0; i < signals_sent_n; i++)
        handle(signals_sent[i].number, signals_sent[i].ignored);
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
