/* This process, and others that it starts: signals, and waiting for them. */
#include "../processes.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#undef raise

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

static int is_ignored_by_default(int number)
{
    return number == SIGCHLD || number == SIGURG || number == SIGWINCH || number == SIGCONT;
}

/* A signal that ends the program makes wasi-libc's raise() abort. Here the exit status is 128 plus the number of the
 * signal, as shells show it. A parent that is a process of this program learns of the signal itself. */
int wl_raise(int number)
{
    void (*handler)(int);

    if (number < 0 || number >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    if (number == 0)
        return 0;
    if (number == SIGKILL || number == SIGSTOP) {
        processes_end_by(SIGKILL);
        _Exit(128 + number);
    }
    handler = signal(number, SIG_DFL);
    if (handler == SIG_ERR)
        return -1;
    if (handler != SIG_DFL) {
        signal(number, handler);
        return raise(number);
    }
    if (is_ignored_by_default(number))
        return 0;
    processes_end_by(number);
    if (number == SIGABRT)
        abort();
    _Exit(128 + number);
}

int kill(pid_t pid, int number)
{
    if (number < 0 || number >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    /* 0 means all processes of the group, -1 all processes: in both cases just this one. */
    if (pid == getpid() || pid == 0 || pid == -1)
        return wl_raise(number);
    /* A group has the one process whose number it has (jobs.c). */
    if (pid < 0)
        return pid == INT_MIN ? (errno = ESRCH, -1) : kill(-pid, number);
    /* It does not stop, and those that are ignored have no effect. */
    if (number > SIGTERM && !is_ignored_by_default(number)) {
        errno = EPERM;
        return -1;
    }
    return processes_signal(pid, is_ignored_by_default(number) ? 0 : number);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    if (options & ~(WNOHANG | WUNTRACED)) {
        errno = EINVAL;
        return -1;
    }
    return processes_wait(pid > 0 ? pid : -1, status, options & WNOHANG);
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
