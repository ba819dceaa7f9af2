/* What a program asks of a terminal. WASI tells whether a descriptor is one, but nothing about it. */
#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <wasi/api.h>

#undef ioctl

/* The terminal's size is asked for in vain; anything else is for wasi-libc, whose requests all have a pointer. */
int wl_ioctl(int fd, int request, ...)
{
    __wasi_fdstat_t stat;
    __wasi_errno_t e;
    va_list arguments;
    void *pointer;

    if (request == TIOCGWINSZ) {
        e = __wasi_fd_fdstat_get(fd, &stat);
        errno = e == __WASI_ERRNO_SUCCESS ? ENOTTY : e;
        return -1;
    }
    va_start(arguments, request);
    pointer = va_arg(arguments, void *);
    va_end(arguments);
    return ioctl(fd, request, pointer);
}
