#include "door/visit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MOST_LINE = 4096, MOST_TRAILERS = 100, TOO_LARGE = 431 };

/* Reads more, behind what is not used yet. 0, or -1: the guest is gone, or the input is full. */
static int fill(struct visit *v)
{
    ssize_t got;

    memmove(v->in, v->in + v->at, v->n - v->at);
    v->n -= v->at;
    v->at = 0;
    if (v->n == sizeof v->in)
        return -1;
    do
        got = recv(v->fd, v->in + v->n, sizeof v->in - v->n, 0);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return -1;
    v->n += (size_t)got;
    return 0;
}

int input_head(struct visit *v)
{
    const char *end;
    char *head;
    size_t n;

    while (!(end = memmem(v->in + v->at, v->n - v->at, "\r\n\r\n", 4))) {
        if (v->n - v->at == sizeof v->in)
            return TOO_LARGE;
        if (fill(v) < 0)
            return -1;
    }
    head = v->in + v->at;
    n = (size_t)(end - head) + 4;
    v->at += n;
    return head_parse(head, n, &v->head);
}

/* A line of a chunked body, in the input until that is filled again. NULL: it is none, or the guest is gone. */
static char *read_line(struct visit *v)
{
    for (;;) {
        char *line = v->in + v->at, *end = memmem(line, v->n - v->at, "\r\n", 2);

        if (end) {
            *end = '\0';
            v->at += (size_t)(end - line) + 2;
            return line;
        }
        if (v->n - v->at > MOST_LINE || fill(v) < 0)
            return NULL;
    }
}

/* Goes to the next chunk; of the last one, behind its trailers. -1: it is not one. */
static int next_chunk(struct visit *v)
{
    char *line, *end;

    if (!v->first && (!(line = read_line(v)) || *line))
        return -1;
    v->first = false;
    line = read_line(v);
    if (!line || strspn(line, "0123456789abcdefABCDEF") - 1 > 14)
        return -1;
    v->left = strtoll(line, &end, 16);
    if (*end && *end != ';' && *end != ' ')
        return -1;
    if (v->left)
        return 0;
    for (int i = 0; i < MOST_TRAILERS && (line = read_line(v)); i++)
        if (!*line) {
            v->body_done = true;
            return 0;
        }
    return -1;
}

size_t input_body(char *to, size_t size, size_t n, void *visit)
{
    struct visit *v = visit;
    size_t most = size * n;

    if (!v->body_done && !v->left && v->head.chunked && next_chunk(v) < 0)
        return CURL_ABORT_READ;
    if (v->body_done || !v->left) {
        v->body_done = true;
        return 0;
    }
    if (v->n == v->at && fill(v) < 0)
        return CURL_ABORT_READ;
    most = most > v->n - v->at ? v->n - v->at : most;
    most = (int64_t)most > v->left ? (size_t)v->left : most;
    memcpy(to, v->in + v->at, most);
    v->at += most;
    v->left -= (int64_t)most;
    v->body_done = !v->left && !v->head.chunked;
    return most;
}
