#include "cli/terminal.h"

#include "wasi/tty.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

enum { TERMINALS = 3 };

static struct {
    int fd;
    struct termios was;
} found[TERMINALS];
static atomic_int found_n; /* entries that are complete */

bool terminal_is_there(void)
{
    return isatty(STDIN_FILENO) || isatty(STDOUT_FILENO) || isatty(STDERR_FILENO);
}

void terminal_restore(void)
{
    const int saved = errno;

    for (int i = atomic_load(&found_n); i-- > 0;)
        tty_restore(found[i].fd, &found[i].was);
    errno = saved;
}

static void on_ending(int number)
{
    terminal_restore();
    signal(number, SIG_DFL);
    raise(number); /* takes effect when this handler returns */
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART}, before;

    if (sigaction(number, NULL, &before) == 0 && !(before.sa_flags & SA_SIGINFO) && before.sa_handler == SIG_DFL)
        sigaction(number, &sa, NULL);
}

static void on_stop(int number)
{
    const struct sigaction otherwise = {.sa_handler = SIG_DFL};
    const int saved = errno, n = atomic_load(&found_n);
    struct sigaction own;
    struct termios now[TERMINALS];
    sigset_t set, mask;
    bool known[TERMINALS];

    for (int i = 0; i < n; i++)
        known[i] = tcgetattr(found[i].fd, &now[i]) == 0;
    terminal_restore();
    sigaction(number, &otherwise, &own);
    raise(number);
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, &mask); /* here it stops, until SIGCONT */
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    sigaction(number, &own, NULL);
    for (int i = 0; i < n; i++)
        if (known[i])
            tty_restore(found[i].fd, &now[i]);
    errno = saved;
}

void terminal_on_change(void *arg, int fd)
{
    static const int ending[] = {SIGHUP,  SIGQUIT, SIGABRT, SIGTERM,   SIGALRM, SIGUSR1,
                                 SIGUSR2, SIGXCPU, SIGPROF, SIGVTALRM, SIGIO,   SIGPWR};
    const int n = atomic_load(&found_n);

    (void)arg;
    if (n == TERMINALS || tcgetattr(fd, &found[n].was) < 0)
        return;
    found[n].fd = fd;
    atomic_store(&found_n, n + 1);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        handle(ending[i], on_ending);
    handle(SIGTSTP, on_stop);
}
