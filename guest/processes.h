/* Processes of this same program (docs/processes.md), by requests to this project's host. Other hosts have none, and
 * everything here fails with ENOTSUP. */
#ifndef WL_PROCESSES_H
#define WL_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* At the start, when the descriptors of the host are known: takes over what the parent has given. */
void processes_begin(void);

bool processes_exist(void);
pid_t processes_self(void);
pid_t processes_parent(void); /* 0: there is none */
/* Whether the number is this process's (also as 0), its parent's, or of one that it has started and not yet waited for.
 */
bool processes_know(pid_t pid);
/* The descriptors that are not FD_CLOEXEC, in no order; -1: there are no more. */
int processes_inherited(size_t at);
/* The nice value, which a process hands on to those that it starts. */
int processes_nice(void);
void processes_set_nice(int value);
/* Processors that they can use. */
long processes_processors(void);

/* A descriptor of the new process: a number, and the one that it is a copy of here, or -1: that number is closed. */
struct process_fd {
    int number, from;
};

struct process_wish {
    char *const *argv, *const *envp;
    const char *cwd; /* NULL: the one of this process */
    /* What it gets besides the standard streams, which are those of this process if they are not here. */
    const struct process_fd *fds;
    size_t fds_n;
    int umask;    /* -1: the same */
    bool session; /* it begins a session, and is not reached by Ctrl-C of this one's terminal */
    pid_t group;  /* the one that it joins; 0: that of this process; -1: one of its own */
};

/* Returns its number, or -1 with errno: EAGAIN: there are too many. EPERM: there is no such group. ENOTSUP: a
 * descriptor cannot be given away, because it is of a file in memory, or there are no processes. */
pid_t processes_start(const struct process_wish *wish);

/* A number for a process that could not be started. Waiting for that number succeeds once, with the status of a child
 * of fork() that cannot execute its program. */
pid_t processes_failed(void);
/* pid: -1: any; below: any of the group -pid. As waitpid(2). */
pid_t processes_wait(pid_t pid, int *status, bool now);
/* A signal for another process: one that this one has started, or its parent. The numbers are Linux's. -1 with errno.
 */
int processes_signal(pid_t pid, int number);
/* For those of a group that could get it one by one, except for this process. ESRCH: there are none. */
int processes_signal_group(pid_t group, int number);
/* The group and the session of such a process, or of this one. -1 with errno. */
int processes_group(pid_t pid, pid_t *group, pid_t *session);
/* This process joins a group of its session (0: one of its own), or begins a session. -1 with errno. */
int processes_join(pid_t group);
int processes_begin_session(void);
/* Ends this process by the signal, if it has a parent that learns of it; otherwise it returns. */
void processes_end_by(int number);

/* Descriptors that other processes can be given. -1 with errno. */
int processes_pipe(int fds[2]);
int processes_pair(bool stream, int fds[2]);
int processes_semaphore(unsigned count);
/* The count of a semaphore. */
long processes_count(int fd);

#endif
