/* wasi-libc has none: waiting for processes (guest/system/process.c). The status is as Linux's. */
#ifndef WL_WAIT_H
#define WL_WAIT_H

#include <sys/types.h>

#define WNOHANG 1
#define WUNTRACED 2

#define WEXITSTATUS(s) (((s) >> 8) & 0xff)
#define WTERMSIG(s) ((s)&0x7f)
#define WSTOPSIG(s) WEXITSTATUS(s)
#define WIFEXITED(s) (!WTERMSIG(s))
#define WIFSIGNALED(s) (WTERMSIG(s) != 0)
#define WIFSTOPPED(s) (0 && (s))
#define WIFCONTINUED(s) (0 && (s))
#define WCOREDUMP(s) (0 && (s))

pid_t wait(int *status);
pid_t waitpid(pid_t pid, int *status, int options);

#endif
