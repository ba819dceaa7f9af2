/* What wasi-libc's unistd.h lacks: see guest/system/users.c and process.c, guest/dup.c and guest/vfs-stat.c. */
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
pid_t getpid(void);
pid_t getppid(void);
int chown(const char *path, uid_t uid, gid_t gid);
int lchown(const char *path, uid_t uid, gid_t gid);
int fchown(int fd, uid_t uid, gid_t gid);
int fchownat(int at, const char *path, uid_t uid, gid_t gid, int flags);
int dup(int fd);
int dup2(int fd, int to);
int dup3(int fd, int to, int flags);
int pipe(int fds[2]);
int pipe2(int fds[2], int flags);
long wl_sysconf(int name);

#define sysconf(name) wl_sysconf(name)

#endif
