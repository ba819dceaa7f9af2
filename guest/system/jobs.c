/* Process groups and sessions, which the host keeps for the processes of this program (docs/processes.md). Without such
 * a host there is one process, which leads both. */
#include "../processes.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

pid_t getpgid(pid_t pid)
{
    pid_t group, session;

    return processes_group(pid, &group, &session) < 0 ? -1 : group;
}

pid_t getsid(pid_t pid)
{
    pid_t group, session;

    return processes_group(pid, &group, &session) < 0 ? -1 : session;
}

pid_t getpgrp(void)
{
    return getpgid(0);
}

int setpgid(pid_t pid, pid_t group)
{
    pid_t has, session;

    if (group < 0 || (!group && pid < 0)) {
        errno = EINVAL;
        return -1;
    }
    if (!pid || pid == getpid())
        return processes_join(group);
    if (pid == getppid()) {
        errno = ESRCH; /* it is none of this process's */
        return -1;
    }
    if (processes_group(pid, &has, &session) < 0)
        return -1;
    if (has == (group ? group : pid))
        return 0;
    errno = session == getsid(0) ? EACCES : EPERM; /* EACCES: as for one that runs its program already */
    return -1;
}

pid_t setpgrp(void)
{
    return setpgid(0, 0) < 0 ? -1 : getpgrp();
}

/* Linux refuses it to a process that leads a session. Programs call it to have one of their own, which they have. */
pid_t setsid(void)
{
    return processes_begin_session() < 0 ? -1 : getpid();
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
    return isatty(fd) ? getpgrp() : -1;
}

int tcsetpgrp(int fd, pid_t group)
{
    if (!isatty(fd))
        return -1;
    if (group == getpgrp())
        return 0;
    errno = group < 0 ? EINVAL : EPERM;
    return -1;
}
