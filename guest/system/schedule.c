/* Priority, and the processors that a process may use. The host schedules its processes as it likes. */
#include "../processes.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

/* A wish for the host's scheduler, which WASI cannot pass on. As in Linux only a privileged user can lower it. */
int getpriority(int which, id_t who)
{
    if (which != PRIO_PROCESS && which != PRIO_PGRP && which != PRIO_USER) {
        errno = EINVAL;
        return -1;
    }
    if (who && who != (which == PRIO_USER ? (id_t)getuid() : (id_t)getpid())) {
        errno = ESRCH;
        return -1;
    }
    return processes_nice();
}

int setpriority(int which, id_t who, int value)
{
    const int before = errno;

    errno = 0;
    if (getpriority(which, who) == -1 && errno)
        return -1;
    errno = before;
    value = value < PRIO_MIN ? PRIO_MIN : value >= PRIO_MAX ? PRIO_MAX - 1 : value;
    if (value < processes_nice()) {
        errno = EACCES;
        return -1;
    }
    processes_set_nice(value);
    return 0;
}

int nice(int more)
{
    more = more < -2 * PRIO_MAX ? -2 * PRIO_MAX : more > 2 * PRIO_MAX ? 2 * PRIO_MAX : more;
    if (setpriority(PRIO_PROCESS, 0, processes_nice() + more) < 0) {
        errno = EPERM;
        return -1;
    }
    return processes_nice();
}

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    const size_t n = (size_t)processes_processors();

    if (!processes_know(pid)) {
        errno = ESRCH;
        return -1;
    }
    if (n > size * 8) {
        errno = EINVAL;
        return -1;
    }
    CPU_ZERO_S(size, set);
    for (size_t i = 0; i < n; i++)
        CPU_SET_S(i, size, set);
    return 0;
}

/* A set of all processors changes nothing. Nothing binds a process to some of them, so that is refused: a program that
 * measures, for example, would rely on it. */
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
    const size_t n = (size_t)processes_processors();
    size_t of_these = 0;

    if (!processes_know(pid)) {
        errno = ESRCH;
        return -1;
    }
    for (size_t i = 0; i < n; i++)
        of_these += CPU_ISSET_S(i, size, set) != 0;
    if (of_these == n)
        return 0;
    errno = of_these ? EPERM : EINVAL;
    return -1;
}
