/* Process groups and sessions. The host has none that a guest could change, so each process is a session and a group of
 * its own: kill() to a group reaches exactly the process that leads it. */
#include "../processes.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

pid_t getpgid(pid_t pid)
{
    if (processes_know(pid))
        return pid ? pid : getpid();
    errno = ESRCH;
    return -1;
}

pid_t getsid(pid_t pid)
{
    return getpgid(pid);
}

pid_t getpgrp(void)
{
    return getpid();
}

int setpgid(pid_t pid, pid_t group)
{
    if (group < 0) {
        errno = EINVAL;
        return -1;
    }
    pid = getpgid(pid);
    if (pid < 0)
        return -1;
    if (group == 0 || group == pid)
        return 0;
    errno = EPERM;
    return -1;
}

pid_t setpgrp(void)
{
    return getpid();
}

/* Linux refuses it to a process that leads a group. Programs call it to have a session of their own, which they have.
 */
pid_t setsid(void)
{
    return getpid();
}

int killpg(pid_t group, int number)
{
    if (group < 0) {
        errno = EINVAL;
        return -1;
    }
    return kill(group ? -group : 0, number);
}

pid_t tcgetpgrp(int fd)
{
    return isatty(fd) ? getpid() : -1;
}

int tcsetpgrp(int fd, pid_t group)
{
    if (!isatty(fd))
        return -1;
    if (group == getpid())
        return 0;
    errno = group < 0 ? EINVAL : EPERM;
    return -1;
}
