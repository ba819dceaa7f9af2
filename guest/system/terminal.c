/* Terminal control. The project's hosts serve it for standard streams that are terminals (docs/channel.md). WASI itself
 * reports only whether a descriptor is a terminal, so elsewhere all calls fail as for one that is not. */
#include "../channel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <wasi/api.h>

#undef ioctl

/* The bits of c_cflag that are the speed. */
#define SPEED 0010017

enum { ANSWER = 160 };

static int fails(int error)
{
    errno = error;
    return -1;
}

static int refuse(int fd)
{
    __wasi_fdstat_t stat;
    __wasi_errno_t e = __wasi_fd_fdstat_get((__wasi_fd_t)fd, &stat);

    return fails(e == __WASI_ERRNO_SUCCESS ? ENOTTY : e);
}

/* The result of a request. Without a host that serves it, there is no terminal. */
static int result(int fd, int answered)
{
    if (answered >= 0)
        return 0;
    return errno == ENOTSUP || errno == ENOTSOCK || errno == EBADF ? refuse(fd) : -1;
}

static int window_size(int fd, struct winsize *size)
{
    char answer[ANSWER], *at = answer;
    unsigned short *const to[] = {&size->ws_row, &size->ws_col, &size->ws_xpixel, &size->ws_ypixel};

    if (result(fd, channel_ask_of(fd, answer, sizeof answer, "tty.size", "%s", "")) < 0)
        return -1;
    for (int i = 0; i < 4; i++)
        *to[i] = (unsigned short)strtoul(at, &at, 10);
    return 0;
}

/* Requests for terminals are 0x5400 and up. The others are wasi-libc's, and all take a pointer. */
int wl_ioctl(int fd, int request, ...)
{
    va_list arguments;
    void *pointer;

    va_start(arguments, request);
    pointer = va_arg(arguments, void *);
    va_end(arguments);
    if (request == TIOCGWINSZ)
        return window_size(fd, pointer);
    return (request & ~0xff) == 0x5400 ? refuse(fd) : ioctl(fd, request, pointer);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int tcgetattr(int fd, struct termios *settings)
{
    tcflag_t *const flags[] = {&settings->c_iflag, &settings->c_oflag, &settings->c_cflag, &settings->c_lflag};
    char answer[ANSWER], *at = answer;

    if (result(fd, channel_ask_of(fd, answer, sizeof answer, "tty.get", "%s", "")) < 0)
        return -1;
    memset(settings, 0, sizeof *settings);
    for (int i = 0; i < 4; i++)
        *flags[i] = (tcflag_t)strtoul(at, &at, 10);
    if (*at++ != ' ' || strlen(at) != (size_t)2 * NCCS)
        return fails(EIO);
    for (int i = 0; i < NCCS; i++) {
        const int high = digit(at[2 * i]), low = digit(at[2 * i + 1]);

        if (high < 0 || low < 0)
            return fails(EIO);
        settings->c_cc[i] = (cc_t)(high << 4 | low);
    }
    settings->c_ispeed = settings->c_ospeed = settings->c_cflag & SPEED;
    return 0;
}

int tcsetattr(int fd, int when, const struct termios *settings)
{
    static const char hex[] = "0123456789abcdef";
    static const char *const whens[] = {[TCSANOW] = "now", [TCSADRAIN] = "drain", [TCSAFLUSH] = "flush"};
    char characters[2 * NCCS + 1];

    if (when < TCSANOW || when > TCSAFLUSH)
        return fails(EINVAL);
    for (int i = 0; i < NCCS; i++) {
        characters[2 * i] = hex[settings->c_cc[i] >> 4];
        characters[2 * i + 1] = hex[settings->c_cc[i] & 15];
    }
    characters[2 * NCCS] = '\0';
    return result(fd, channel_ask_of(fd, NULL, 0, "tty.set", " %s %u %u %u %u %s", whens[when], settings->c_iflag,
                                     settings->c_oflag, settings->c_cflag, settings->c_lflag, characters));
}

int tcdrain(int fd)
{
    return result(fd, channel_ask_of(fd, NULL, 0, "tty.drain", "%s", ""));
}

int tcflush(int fd, int queue)
{
    static const char *const queues[] = {[TCIFLUSH] = "in", [TCOFLUSH] = "out", [TCIOFLUSH] = "both"};

    if (queue < TCIFLUSH || queue > TCIOFLUSH)
        return fails(EINVAL);
    return result(fd, channel_ask_of(fd, NULL, 0, "tty.flush", " %s", queues[queue]));
}

/* These are for lines, and could stop the terminal of others. */
int tcsendbreak(int fd, int duration)
{
    (void)duration;
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
