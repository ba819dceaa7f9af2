/* The size of a terminal, which wasi-libc's ioctl() does not know: see guest/system/terminal.c. */
#ifndef WL_SYS_IOCTL_H
#define WL_SYS_IOCTL_H

#include_next <sys/ioctl.h>

#ifndef TIOCGWINSZ
#define __NEED_struct_winsize
#include <bits/alltypes.h>

#define TIOCGWINSZ 0x5413
#endif

int wl_ioctl(int fd, int request, ...);

#define ioctl(fd, ...) wl_ioctl(fd, __VA_ARGS__)

#endif
