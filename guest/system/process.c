/* The one process there is: signals that it sends itself, and the answers of a system on which nothing else can run. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#undef raise

pid_t getppid(void)
{
    return 0; /* as for a process whose parent is outside of its container */
}

/* There is no shell. This is what a C library returns where /bin/sh is missing: the command ended with status 127. */
int system(const char *command)
{
    return command ? 127 << 8 : 0;
}

static int is_ignored_by_default(int number)
{
    return number == SIGCHLD || number == SIGURG || number == SIGWINCH || number == SIGCONT;
}

/* wasi-libc's raise() aborts where a signal ends the program. The status that tells of a signal is 128 and its number.
 */
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
    /* 0 is every process of the group, -1 every process there is, and either is this one. */
    if (pid != getpid() && pid != 0 && pid != -1) {
        errno = ESRCH;
        return -1;
    }
    return wl_raise(number);
}
