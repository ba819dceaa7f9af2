/* What wasi-libc's unistd.h leaves out: see guest/system/users.c, process.c and guest/dup.c. */
#ifndef WL_UNISTD_H
#define WL_UNISTD_H

#include_next <unistd.h>

#include <sys/types.h>

uid_t getuid(void);
uid_t geteuid(void);
gid_t getgid(void);
gid_t getegid(void);
int getgroups(int size, gid_t list[]);
char *getlogin(void);
pid_t getppid(void);
int dup(int fd);
int dup2(int fd, int to);
int dup3(int fd, int to, int flags);
int pipe(int fds[2]);
int pipe2(int fds[2], int flags);

#endif
