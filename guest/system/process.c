/* The only process: signals that it sends to itself, and the results of functions that need other processes. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#undef raise

pid_t getppid(void)
{
    return 0; /* as for a parent outside of the container */
}

/* There is no shell. As without /bin/sh on Linux, the command ends with status 127. */
int system(const char *command)
{
    return command ? 127 << 8 : 0;
}

static int is_ignored_by_default(int number)
{
    return number == SIGCHLD || number == SIGURG || number == SIGWINCH || number == SIGCONT;
}

/* A signal that ends the program makes wasi-libc's raise() abort. Here the exit status is 128 plus the number of the
 * signal, as shells show it. */
int wl_raise(int number)
{
    void (*handler)(int);

    if (number < 0 || number >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    if (number == 0)
        return 0;
    if (number == SIGKILL || number == SIGSTOP)
        _Exit(128 + number);
    handler = signal(number, SIG_DFL);
    if (handler == SIG_ERR)
        return -1;
    if (handler != SIG_DFL) {
        signal(number, handler);
        return raise(number);
    }
    if (is_ignored_by_default(number))
        return 0;
    if (number == SIGABRT)
        abort();
    _Exit(128 + number);
}

int kill(pid_t pid, int number)
{
    /* 0 means all processes of the group, -1 all processes: in both cases just this one. */
    if (pid != getpid() && pid != 0 && pid != -1) {
        errno = ESRCH;
        return -1;
    }
    return wl_raise(number);
}
