/* Sockets that the service listens on. */
#include "listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int listen_fails(const char *what, const char *address, const char *why)
{
    fprintf(stderr, "wlpy: cannot %s %s: %s\n", what, address, why);
    return -1;
}

static int listen_on_path(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct stat st;
    int fd;

    if (strlen(path) >= sizeof a.sun_path)
        return listen_fails("listen on", path, "the path is too long");
    strcpy(a.sun_path, path);
    /* (A socket that an earlier server left.) */
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || chmod(path, 0600) < 0 || listen(fd, SOMAXCONN) < 0)
        return listen_fails("listen on", path, strerror(errno));
    return fd;
}

/* Splits "ADDRESS:PORT" and "[ADDRESS]:PORT". */
static bool split(const char *text, char host[256], const char **port)
{
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;

    if (!colon || n == 0 || n > 255 || !colon[1])
        return false;
    if (*text == '[' && text[n - 1] == ']') {
        text++;
        n -= 2;
    }
    memcpy(host, text, n);
    host[n] = '\0';
    *port = colon + 1;
    return true;
}

static int listen_on_address(const char *text)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found;
    char host[256];
    const char *port;
    const int one = 1;
    int fd, r;

    if (!split(text, host, &port))
        return listen_fails("listen on", text, "it is neither ADDRESS:PORT nor the path of a socket");
    r = getaddrinfo(host, port, &hints, &found);
    if (r != 0)
        return listen_fails("listen on", text, gai_strerror(r));
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0) {
        listen_fails("listen on", text, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

int listen_on(const char *address)
{
    return *address == '/' ? listen_on_path(address) : listen_on_address(address);
}

bool listen_is_private(const char *listen)
{
    return *listen == '/' || !strncmp(listen, "127.", 4) || !strncmp(listen, "[::1]:", 6);
}

void listen_tell(int fd, const char *listen)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    char host[NI_MAXHOST], port[NI_MAXSERV];

    if (*listen == '/' || getsockname(fd, (struct sockaddr *)&a, &n) < 0 ||
        getnameinfo((struct sockaddr *)&a, n, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) !=
            0)
        fprintf(stderr, "wlpy: listening on %s\n", listen);
    else
        fprintf(stderr, "wlpy: listening on http://%s%s%s:%s\n", a.ss_family == AF_INET6 ? "[" : "", host,
                a.ss_family == AF_INET6 ? "]" : "", port);
}
