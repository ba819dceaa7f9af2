/* Requests for terminals, which wasi-libc's ioctl() does not know: see guest/system/terminal.c. The numbers are
 * Linux's. */
#ifndef WL_SYS_IOCTL_H
#define WL_SYS_IOCTL_H

#include_next <sys/ioctl.h>

#ifndef TIOCGWINSZ
#define __NEED_struct_winsize
#include <bits/alltypes.h>

#define TIOCGWINSZ 0x5413
#endif
#ifndef TIOCSWINSZ
#define TIOCSWINSZ 0x5414
#define TIOCSCTTY 0x540e
#define TIOCGPGRP 0x540f
#define TIOCSPGRP 0x5410
#define TIOCOUTQ 0x5411
#define TIOCSTI 0x5412
#define TIOCNOTTY 0x5422
#endif

int wl_ioctl(int fd, int request, ...);

#define ioctl(fd, ...) wl_ioctl(fd, __VA_ARGS__)

#endif
