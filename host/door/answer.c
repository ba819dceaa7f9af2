#include "door/visit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

int visit_send(struct visit *v, const void *bytes, size_t n)
{
    const char *at = bytes;

    while (n) {
        ssize_t sent = send(v->fd, at, n, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return -1;
        at += sent;
        n -= (size_t)sent;
    }
    return 0;
}

static int add(struct visit *v, const char *text, size_t n)
{
    char *more = v->text_n + n <= VISIT_MOST_ANSWER_HEAD ? realloc(v->text, v->text_n + n + 1) : NULL;

    if (!more)
        return -1;
    v->text = more;
    memcpy(more + v->text_n, text, n);
    v->text_n += n;
    more[v->text_n] = '\0';
    return 0;
}

/* Headers of the connection between the door and the server, and those that would lead the guest past the door. */
static bool comes_back(const char *name)
{
    static const char *const others[] = {
        "Connection", "Keep-Alive",     "Proxy-Connection",          "Proxy-Authenticate",
        "TE",         "Trailer",        "Transfer-Encoding",         "Upgrade",
        "Alt-Svc",    "Content-Length", "Strict-Transport-Security", "Accept-Ranges"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!strcasecmp(name, others[i]))
            return false;
    return true;
}

/* Where a URL of this server has its path, or NULL: it leads elsewhere. */
static const char *own_path(const struct visit *v, const char *url)
{
    const struct net_secret_host *h = &v->door->host;
    const bool six = h->is_address && strchr(h->text, ':');
    char own[2][NET_NAME_SIZE + 32];

    snprintf(own[0], sizeof own[0], six ? "https://[%s]:%u" : "https://%s:%u", h->text, h->port);
    snprintf(own[1], sizeof own[1], six ? "https://[%s]" : "https://%s", h->text);
    for (int i = 0; i < (h->port == 443 ? 2 : 1); i++) {
        const size_t n = strlen(own[i]);

        if (!strncasecmp(url, own[i], n) && (!url[n] || strchr("/?#", url[n])))
            return url + n;
    }
    return NULL;
}

/* A redirect to the same server is one through the door. The door itself follows none. */
static int add_location(struct visit *v, const char *name, const char *value)
{
    const char *path = own_path(v, value);
    const struct net_secret_host *h = &v->door->host;
    const bool six = h->is_address && strchr(h->text, ':');
    char start[NET_NAME_SIZE + 128];
    size_t n;

    if (!path)
        return add(v, name, strlen(name)) < 0 || add(v, ": ", 2) < 0 || add(v, value, strlen(value)) < 0 ? -1 : 0;
    n = (size_t)snprintf(start, sizeof start, six ? "%s: http://[%s]:%u" : "%s: http://%s:%u", name, h->text,
                         v->door->at.port);
    return add(v, start, n) < 0 || add(v, path, strlen(path)) < 0 ? -1 : 0;
}

static int take_header(struct visit *v, const char *name, const char *value)
{
    int r;

    if (!strcasecmp(name, "Content-Length"))
        v->length = strtoll(value, NULL, 10);
    /* A secret in it could not be found. The request has asked for none. */
    if (!strcasecmp(name, "Content-Encoding") && *value && strcasecmp(value, "identity") != 0)
        v->refused = "the server has compressed its answer although the request forbids that";
    if (!comes_back(name))
        return 0;
    if (!strcasecmp(name, "Location"))
        r = add_location(v, name, value);
    else
        r = add(v, name, strlen(name)) < 0 || add(v, ": ", 2) < 0 || add(v, value, strlen(value)) < 0 ? -1 : 0;
    return r < 0 ? r : add(v, "\r\n", 2);
}

/* How the guest learns where the body ends. */
static int send_head(struct visit *v)
{
    char frame[128] = "";

    v->body = strcmp(v->head.method, "HEAD") != 0 && v->status != 204 && v->status != 304;
    v->chunks = v->body && v->length < 0 && !v->head.old;
    v->keep = v->head.keep && v->body_done && (!v->body || v->chunks || v->length >= 0);
    if (v->chunks)
        snprintf(frame, sizeof frame, "Transfer-Encoding: chunked\r\n");
    else if (v->length >= 0 && v->status != 204)
        snprintf(frame, sizeof frame, "Content-Length: %lld\r\n", (long long)v->length);
    if (add(v, frame, strlen(frame)) < 0 || (!v->keep && add(v, "Connection: close\r\n", 19) < 0) ||
        add(v, "\r\n", 2) < 0)
        return -1;
    filter_text(&v->answers, v->text, v->text_n);
    v->begun = true;
    return visit_send(v, v->text, v->text_n);
}

static int take_status(struct visit *v, const char *line)
{
    const char *status = strchr(line, ' ');
    char start[64];

    v->text_n = 0;
    v->length = -1;
    v->status = status ? atoi(status + 1) : 0;
    status = status ? strchr(status + 1, ' ') : NULL;
    snprintf(start, sizeof start, "HTTP/1.1 %03d", v->status);
    if (v->status < 100 || v->status > 999 || add(v, start, strlen(start)) < 0)
        return -1;
    return (status && add(v, status, strlen(status)) < 0) || add(v, status ? "\r\n" : " \r\n", status ? 2 : 3) < 0 ? -1
                                                                                                                   : 0;
}

size_t answer_line(char *line, size_t size, size_t n, void *visit)
{
    struct visit *v = visit;
    char *text = strndup(line, size * n), *value;
    size_t end = text ? strcspn(text, "\r\n") : 0;
    int r = text ? 0 : -1;

    if (text)
        text[end] = '\0';
    if (r == 0 && !v->begun) { /* (Trailers are dropped.) */
        value = strchr(text, ':');
        if (!strncmp(text, "HTTP/", 5)) {
            r = take_status(v, text);
        } else if (!*text) {
            r = v->refused ? -1 : v->status < 200 ? 0 : send_head(v);
        } else if (value) {
            *value++ = '\0';
            r = take_header(v, text, value + strspn(value, " \t"));
        }
    }
    free(text);
    return r < 0 ? 0 : size * n;
}

static int send_part(struct visit *v, const char *bytes, size_t n, bool last)
{
    char *out = malloc(n + v->answers.longest + 1), size[32];
    size_t count = out ? filter_pass(&v->answers, bytes, n, last, out) : 0;
    int r = out ? 0 : -1;

    if (r == 0 && count) {
        snprintf(size, sizeof size, "%zx\r\n", count);
        r = (v->chunks && visit_send(v, size, strlen(size)) < 0) || visit_send(v, out, count) < 0 ||
                    (v->chunks && visit_send(v, "\r\n", 2) < 0)
                ? -1
                : 0;
    }
    free(out);
    return r;
}

size_t answer_part(char *bytes, size_t size, size_t n, void *visit)
{
    struct visit *v = visit;

    if (!v->begun || (v->body && send_part(v, bytes, size * n, false) < 0))
        return 0;
    return size * n;
}

int answer_end(struct visit *v)
{
    if (!v->begun)
        return -1;
    if (v->body && send_part(v, NULL, 0, true) < 0)
        return -1;
    return v->chunks ? visit_send(v, "0\r\n\r\n", 5) : 0;
}

void answer_refuse(struct visit *v, int status, const char *why)
{
    char text[1024], head[256];
    const int n = snprintf(text, sizeof text, "wl-run's door to %s: %s\n", v->door->host.text, why);
    const size_t size = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;

    snprintf(head, sizeof head,
             "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status,
             status == 502 ? "Bad Gateway" : "Bad Request", size);
    if (visit_send(v, head, strlen(head)) == 0 && strcmp(v->head.method, "HEAD") != 0)
        visit_send(v, text, size);
}
