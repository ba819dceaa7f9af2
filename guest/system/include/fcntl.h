/* Locks on files, and copies of descriptors, which WASI does not have: see guest/system/locks.c. The numbers are those
 * of Linux with 32 bits. */
#ifndef WL_FCNTL_H
#define WL_FCNTL_H

#include_next <fcntl.h>

#ifndef F_RDLCK
#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2
#define F_GETLK 12
#define F_SETLK 13
#define F_SETLKW 14
#endif
#ifndef F_DUPFD
#define F_DUPFD 0
#endif
#ifndef F_DUPFD_CLOEXEC
#define F_DUPFD_CLOEXEC 1030
#endif
#ifndef F_LOCK
#define F_ULOCK 0
#define F_LOCK 1
#define F_TLOCK 2
#define F_TEST 3
#endif

int wl_fcntl(int fd, int command, ...);
int lockf(int fd, int command, off_t size);

#define fcntl(fd, ...) wl_fcntl(fd, __VA_ARGS__)

#endif
