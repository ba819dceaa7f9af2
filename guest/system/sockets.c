/* The socket calls that WASI preview 1 lacks. A program only gets sockets from its host. These are already connected or
 * listening, and the address of the peer is unknown. Calls that need a network fail with ENOTSUP, all of them in this
 * file. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <wasi/api.h>

#undef getsockopt

static int fails(int error)
{
    errno = error;
    return -1;
}

static int refuse(void)
{
    return fails(ENOTSUP);
}

/* 0 if it is a socket, otherwise -1 with errno. */
static int check(int fd)
{
    __wasi_fdstat_t stat;
    __wasi_errno_t e = __wasi_fd_fdstat_get(fd, &stat);

    if (e != __WASI_ERRNO_SUCCESS)
        return fails(e);
    if (stat.fs_filetype != __WASI_FILETYPE_SOCKET_STREAM && stat.fs_filetype != __WASI_FILETYPE_SOCKET_DGRAM)
        return fails(ENOTSOCK);
    return 0;
}

int socket(int family, int type, int protocol)
{
    (void)family, (void)type, (void)protocol;
    return refuse();
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    (void)address, (void)size;
    return check(fd) < 0 ? -1 : refuse();
}

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
    (void)address, (void)size;
    return check(fd) < 0 ? -1 : refuse();
}

int listen(int fd, int backlog)
{
    (void)backlog;
    return check(fd) < 0 ? -1 : refuse();
}

/* The wildcard address. */
static int unknown_address(int fd, struct sockaddr *restrict address, socklen_t *restrict size)
{
    struct sockaddr_in any = {.sin_family = AF_INET};

    if (check(fd) < 0)
        return -1;
    memcpy(address, &any, *size < sizeof any ? *size : sizeof any);
    *size = sizeof any;
    return 0;
}

int getsockname(int fd, struct sockaddr *restrict address, socklen_t *restrict size)
{
    return unknown_address(fd, address, size);
}

int getpeername(int fd, struct sockaddr *restrict address, socklen_t *restrict size)
{
    return unknown_address(fd, address, size);
}

ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *address, socklen_t size)
{
    (void)size;
    if (!address)
        return send(fd, bytes, n, flags);
    return check(fd) < 0 ? -1 : refuse();
}

ssize_t recvfrom(int fd, void *restrict bytes, size_t n, int flags, struct sockaddr *restrict address,
                 socklen_t *restrict size)
{
    ssize_t got = recv(fd, bytes, n, flags);

    if (got >= 0 && address)
        *size = 0; /* the sender is unknown */
    return got;
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
    (void)level, (void)option, (void)value, (void)size;
    return check(fd) < 0 ? -1 : fails(ENOPROTOOPT);
}

int wl_getsockopt(int fd, int level, int option, void *restrict value, socklen_t *restrict size)
{
    int answer;

    if (level != SOL_SOCKET || option == SO_TYPE)
        return getsockopt(fd, level, option, value, size);
    if (check(fd) < 0)
        return -1;
    if (option == SO_DOMAIN)
        answer = AF_INET;
    else if (option == SO_PROTOCOL || option == SO_ERROR)
        answer = 0;
    else
        return fails(ENOPROTOOPT);
    memcpy(value, &answer, *size < sizeof answer ? *size : sizeof answer);
    *size = sizeof answer;
    return 0;
}
