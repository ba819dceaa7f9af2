/* This process, and others that it starts: signals for them, and waiting for them. */
#include "../processes.h"
#include "../signals.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t getpid(void)
{
    return processes_self();
}

/* 0, as for a parent outside of the container, if no process of the program has started it. */
pid_t getppid(void)
{
    return processes_parent();
}

/* There is no shell. As without /bin/sh on Linux, the command ends with status 127. */
int system(const char *command)
{
    return command ? 127 << 8 : 0;
}

static int send_to(pid_t pid, pid_t group, int number)
{
    /* It is ignored, and no handler gets it from others. */
    if (number == SIGURG)
        number = 0;
    /* It does not stop. */
    if (number > SIGTERM && !signals_come_from_others(number)) {
        if ((pid ? processes_signal(pid, 0) : processes_signal_group(group, 0)) == 0)
            errno = EPERM;
        return -1;
    }
    return pid ? processes_signal(pid, number) : processes_signal_group(group, number);
}

/* This process is the last, because it may end by it. */
static int send_to_group(pid_t group, int number)
{
    const int before = errno;

    if (group != getpgrp())
        return send_to(0, group, number);
    (void)send_to(0, group, number);
    errno = before;
    return wl_raise(number);
}

int kill(pid_t pid, int number)
{
    if (number < 0 || number >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    /* -1 means all processes: here just this one. */
    if (pid == getpid() || pid == -1)
        return wl_raise(number);
    if (pid == INT_MIN) {
        errno = ESRCH;
        return -1;
    }
    return pid > 0 ? send_to(pid, 0, number) : send_to_group(pid ? -pid : getpgrp(), number);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    if (options & ~(WNOHANG | WUNTRACED)) {
        errno = EINVAL;
        return -1;
    }
    if (pid == INT_MIN) {
        errno = ESRCH;
        return -1;
    }
    return processes_wait(pid ? pid : -getpgrp(), status, options & WNOHANG);
}

pid_t wait(int *status)
{
    return waitpid(-1, status, 0);
}

#undef sysconf

/* wasi-libc knows of one processor, and returns a constant from its headers where it should compute something. The
 * memory is all that a module can address: how much of it the host allows, it does not report. */
long wl_sysconf(int name)
{
    const long addressable = 65536; /* pages of 64 KiB */

    switch (name) {
    case _SC_NPROCESSORS_ONLN:
    case _SC_NPROCESSORS_CONF:
        return processes_processors();
    case _SC_PHYS_PAGES:
        return addressable;
    case _SC_AVPHYS_PAGES:
        return addressable - (long)__builtin_wasm_memory_size(0);
#ifdef _SC_MINSIGSTKSZ
    case _SC_MINSIGSTKSZ:
    case _SC_SIGSTKSZ:
        errno = EINVAL; /* there are no such stacks */
        return -1;
#endif
    default:
        return sysconf(name);
    }
}
