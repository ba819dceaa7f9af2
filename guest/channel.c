#include "channel.h"
#include "vfs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { REQUEST = 1024 };

static int64_t channel = -1;
static char sets[256]; /* what it answered to "version"; "": not asked yet */

void channel_set(int64_t fd)
{
    channel = fd;
    sets[0] = '\0';
}

bool channel_is(int64_t fd)
{
    return fd >= 0 && fd == channel;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

static int send_request(const char *request, int n, char *answer, size_t room)
{
    uint8_t nothing[1];
    __wasi_size_t size = 0;
    int32_t error;

    if (channel < 0)
        return fail(ENOTSUP);
    if (n < 0 || n >= REQUEST)
        return fail(ENAMETOOLONG);
    error = import_path_readlink((__wasi_fd_t)channel, request, (size_t)n, answer ? (uint8_t *)answer : nothing,
                                 (__wasi_size_t)(room ? room - 1 : 0), &size);
    if (error)
        return fail(error == ENOSYS ? ENOTSUP : error);
    if (answer && room)
        answer[size < room ? size : room - 1] = '\0';
    return (int)size;
}

int channel_send(const char *request, size_t n)
{
    return send_request(request, n < REQUEST ? (int)n : REQUEST, NULL, 0);
}

int channel_ask(char *answer, size_t room, const char *format, ...)
{
    char request[REQUEST];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(request, sizeof request, format, args);
    va_end(args);
    return send_request(request, n, answer, room);
}

int channel_ask_of(int fd, char *answer, size_t room, const char *what, const char *format, ...)
{
    const int64_t host = fd < 0 ? -1 : vfs_host_only((__wasi_fd_t)fd);
    char request[REQUEST];
    va_list args;
    int n, more;

    if (host < 0)
        return fail(fd >= 0 && vfs_find_file((__wasi_fd_t)fd) ? ENOTSOCK : EBADF);
    n = snprintf(request, sizeof request, "%s %lld", what, (long long)host);
    va_start(args, format);
    more = vsnprintf(request + n, sizeof request - (size_t)n, format, args);
    va_end(args);
    return send_request(request, more < 0 ? more : n + more, answer, room);
}

bool channel_has(const char *set)
{
    const size_t size = strlen(set);

    if (channel < 0 || (!sets[0] && channel_ask(sets, sizeof sets, "version") < 0))
        return false;
    for (const char *at = sets; (at = strchr(at, ' ')); at++)
        if (!strncmp(at + 1, set, size) && at[1 + size] == ' ')
            return true;
    return false;
}

int channel_adopt(unsigned long host)
{
    __wasi_fd_t fd = (__wasi_fd_t)host;
    error_t e = vfs_adopt(0, &fd);

    return e ? fail((int)e) : (int)fd;
}
