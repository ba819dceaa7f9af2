#include "http_server.h"

#include "util/fs.h"
#include "util/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_HELD = 64 };

struct http_server {
    int fd, port, stop[2];
    pthread_t thread;
    pthread_mutex_t lock;
    int requests;
    char *last;
    int held[MAX_HELD]; /* connections that get no further answer */
    size_t n_held;
};

static char bytes[SERVED_SIZE + 1];

const char *served_bytes(void)
{
    return bytes;
}

static void reply(int fd, const char *text, const char *body, size_t n)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
    while (n) {
        ssize_t w = send(fd, body, n, MSG_NOSIGNAL);

        if (w <= 0)
            return;
        body += w;
        n -= (size_t)w;
    }
}

static void reply_status(int fd, const char *status, const char *more)
{
    WL_CLEANUP_FREE char *head = xasprintf(
        "HTTP/1.1 %s\r\nContent-Type: text/html\r\nContent-Length: 12\r\nConnection: close\r\n%s\r\n", status, more);

    reply(fd, head, "<html>no\r\n\r\n", 12);
}

/* Headers that promise the bytes from an offset, of which only n are sent. */
static void reply_bytes(int fd, long from, bool range, size_t n)
{
    WL_CLEANUP_FREE char *head = NULL, *part = NULL;

    part = range ? xasprintf("Content-Range: bytes %ld-%d/%d\r\n", from, SERVED_SIZE - 1, SERVED_SIZE) : xstrdup("");
    head = xasprintf("HTTP/1.1 %s\r\nContent-Type: application/octet-stream\r\nContent-Length: %ld\r\n"
                     "Connection: close\r\n%s\r\n",
                     range ? "206 Partial Content" : "200 OK", SERVED_SIZE - from, part);
    reply(fd, head, bytes + from, n);
}

static bool is(const char *path, const char *name)
{
    size_t n = strcspn(path, "? \r\n");

    return n >= strlen(name) && !strncmp(path + n - strlen(name), name, strlen(name));
}

static void reply_page(int fd, const char *body)
{
    WL_CLEANUP_FREE char *head = xasprintf(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", strlen(body));

    reply(fd, head, body, strlen(body));
}

/* Written as by several authors, like a real index. */
static const char index_page[] =
    "<!DOCTYPE html><html><head><meta name=\"pypi:repository-version\" content=\"1.1\"></head><body><h1>x</h1>\n"
    "<a href=\"../../files/x-0.9.tar.gz#sha256=00\" data-yanked=\"broken\">x-0.9.tar.gz</a><br/>\n"
    "<a data-yanked=\"\" href=\"../../files/x-0.8.tar.gz\">x-0.8.tar.gz</a><br/>\n"
    "<A HREF='../../files/x-1.0.tar.gz?a=1&amp;b=2#sha256=00' data-requires-python='&gt;=3.8'>x</A>\n"
    "<a href=\"/files/x-1.0-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl\">x</a>\n"
    "<a href=\"/files/x-1.0-py3-none-any.whl.metadata\">x</a>\n"
    "<a href=\"/files/x-1.1%2Blocal-py3-none-any.whl\">x</a>\n"
    "<a href=\"http://192.0.2.1/files/x-1.2.tar.gz\">x</a>\n"
    "<a href=\"/files/x-y-1.5.tar.gz\">another</a></body></html>\n";

/* True: the connection stays open and silent. */
static bool answer(struct http_server *s, int fd, const char *request)
{
    const char *range = strcasestr(request, "\r\nRange: bytes="), *path = strchr(request, ' ') + 1;
    long from = range ? atol(range + 15) : 0;
    WL_CLEANUP_FREE char *self = xasprintf("Location: http://127.0.0.1:%d/loop\r\n", s->port);

    WL_CLEANUP_FREE char *whole = xstrndup(path, strcspn(path, " \r\n"));

    if (is(path, "/file") || strstr(whole, "/files/")) {
        reply_bytes(fd, from, range, (size_t)(SERVED_SIZE - from));
    } else if (is(path, "/norange")) {
        reply_bytes(fd, 0, false, SERVED_SIZE);
    } else if (is(path, "/break")) {
        reply_bytes(fd, from, range, range ? (size_t)(SERVED_SIZE - from) : SERVED_SIZE / 2);
    } else if (is(path, "/broken")) {
        reply_bytes(fd, 0, false, 0);
    } else if (is(path, "/stall")) {
        reply_bytes(fd, from, range, 1000);
        return true;
    } else if (is(path, "/silent")) {
        return true;
    } else if (is(path, "/gone")) {
        reply_status(fd, "410 Gone", "");
    } else if (is(path, "/error")) {
        reply_status(fd, "500 Internal Server Error", "");
    } else if (is(path, "/page") || is(path, "/page.html")) {
        reply_status(fd, "200 OK", "");
    } else if (is(path, "/other")) {
        reply(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", "other", 5);
    } else if (is(path, "/empty")) {
        reply(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "", 0);
    } else if (is(path, "/wrongrange")) {
        reply_bytes(fd, 0, range, SERVED_SIZE);
    } else if (is(path, "/unsatisfied")) {
        if (range)
            reply_status(fd, "416 Range Not Satisfiable", "");
        else
            reply_bytes(fd, 0, false, SERVED_SIZE);
    } else if (is(path, "/simple/x/") || (is(path, "/private/x/") && strstr(request, "Basic dTpzZXI6cEBzcw=="))) {
        reply_page(fd, index_page);
    } else if (is(path, "/private/x/")) {
        reply_status(fd, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n");
    } else if (is(path, "/moved/x/")) {
        reply_status(fd, "301 Moved", "Location: /deep/er/simple/x/\r\n");
    } else if (is(path, "/html-to-file/x/")) {
        reply_page(fd, "<a href=\"file:///etc/x-1.0.tar.gz\">x</a>");
    } else if (is(path, "/redirect")) {
        reply_status(fd, "302 Found", "Location: /x/file\r\n");
    } else if (is(path, "/loop")) {
        reply_status(fd, "302 Found", self);
    } else if (is(path, "/to-plain")) {
        reply_status(fd, "302 Found", "Location: http://192.0.2.1/file\r\n");
    } else if (is(path, "/to-file")) {
        reply_status(fd, "302 Found", "Location: file:///etc/passwd\r\n");
    } else if (is(path, "/to-nowhere")) {
        reply_status(fd, "302 Found", "");
    } else {
        reply_status(fd, "404 Not Found", "");
    }
    return false;
}

static void serve(struct http_server *s, int fd)
{
    char request[8192];
    size_t n = 0;

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t got = poll(&p, 1, 2000) > 0 ? recv(fd, request + n, sizeof request - 1 - n, 0) : 0;

        if (got <= 0) {
            close(fd);
            return;
        }
        n += (size_t)got;
        request[n] = '\0';
        if (strstr(request, "\r\n\r\n") || n + 1 == sizeof request)
            break;
    }
    pthread_mutex_lock(&s->lock);
    s->requests++;
    free(s->last);
    s->last = xstrndup(request, strcspn(request, "\r\n"));
    pthread_mutex_unlock(&s->lock);
    if (strchr(request, ' ') && answer(s, fd, request) && s->n_held < MAX_HELD) {
        s->held[s->n_held++] = fd;
        return;
    }
    shutdown(fd, SHUT_WR);
    close(fd);
}

static void *run_server(void *data)
{
    struct http_server *s = data;

    for (;;) {
        struct pollfd p[2] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->stop[0], .events = POLLIN}};
        int fd;

        if (poll(p, 2, -1) < 0)
            continue;
        if (p[1].revents)
            return NULL;
        fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            serve(s, fd);
    }
}

struct http_server *http_server_start(void)
{
    struct http_server *s = xcalloc(1, sizeof *s);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;

    for (size_t i = 0; i < SERVED_SIZE; i++)
        bytes[i] = (char)('a' + (i * 7 + i / 100) % 26);
    pthread_mutex_init(&s->lock, NULL);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(s->fd, 64) < 0 ||
        getsockname(s->fd, (struct sockaddr *)&a, &n) < 0 || pipe(s->stop) < 0) {
        perror("test web server");
        abort();
    }
    s->port = ntohs(a.sin_port);
    if (pthread_create(&s->thread, NULL, run_server, s) != 0)
        abort();
    return s;
}

void http_server_stop(struct http_server *s)
{
    (void)!write(s->stop[1], "x", 1);
    pthread_join(s->thread, NULL);
    for (size_t i = 0; i < s->n_held; i++)
        close(s->held[i]);
    close(s->fd);
    close(s->stop[0]);
    close(s->stop[1]);
    pthread_mutex_destroy(&s->lock);
    free(s->last);
    free(s);
}

int http_server_port(const struct http_server *s)
{
    return s->port;
}

char *http_server_url(const struct http_server *s, const char *path)
{
    return xasprintf("http://127.0.0.1:%d%s", s->port, path);
}

int http_server_requests(struct http_server *s)
{
    int n;

    pthread_mutex_lock(&s->lock);
    n = s->requests;
    pthread_mutex_unlock(&s->lock);
    return n;
}

char *http_server_last(struct http_server *s)
{
    char *last;

    pthread_mutex_lock(&s->lock);
    last = xstrdup(s->last ? s->last : "");
    pthread_mutex_unlock(&s->lock);
    return last;
}
