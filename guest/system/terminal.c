/* Terminal control. WASI reports whether a descriptor is a terminal, but neither its size nor its settings, and cannot
 * change them. So all calls fail as for a descriptor that is not a terminal. */
#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <wasi/api.h>

#undef ioctl

static int refuse(int fd)
{
    __wasi_fdstat_t stat;
    __wasi_errno_t e = __wasi_fd_fdstat_get(fd, &stat);

    errno = e == __WASI_ERRNO_SUCCESS ? ENOTTY : e;
    return -1;
}

/* Requests for terminals are 0x5400 and up. The others are wasi-libc's, and all take a pointer. */
int wl_ioctl(int fd, int request, ...)
{
    va_list arguments;
    void *pointer;

    if ((request & ~0xff) == 0x5400)
        return refuse(fd);
    va_start(arguments, request);
    pointer = va_arg(arguments, void *);
    va_end(arguments);
    return ioctl(fd, request, pointer);
}

int tcgetattr(int fd, struct termios *settings)
{
    (void)settings;
    return refuse(fd);
}

int tcsetattr(int fd, int when, const struct termios *settings)
{
    (void)when, (void)settings;
    return refuse(fd);
}

int tcsendbreak(int fd, int duration)
{
    (void)duration;
    return refuse(fd);
}

int tcdrain(int fd)
{
    return refuse(fd);
}

int tcflush(int fd, int queue)
{
    (void)queue;
    return refuse(fd);
}

int tcflow(int fd, int action)
{
    (void)action;
    return refuse(fd);
}

speed_t cfgetispeed(const struct termios *settings)
{
    return settings->c_ispeed;
}

speed_t cfgetospeed(const struct termios *settings)
{
    return settings->c_ospeed;
}

int cfsetispeed(struct termios *settings, speed_t speed)
{
    settings->c_ispeed = speed;
    return 0;
}

int cfsetospeed(struct termios *settings, speed_t speed)
{
    settings->c_ospeed = speed;
    return 0;
}
