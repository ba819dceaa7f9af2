#include "lines.h"

#include "text.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_MESSAGE = 64 << 20, MOST_CALLS = 64, REPORT_MS = 1000 };

static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool gone; /* the client */
static atomic_uint calls;

/* Takes the message. */
static void send_message(json_t *message)
{
    char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;

    json_decref(message);
    if (!text)
        return;
    pthread_mutex_lock(&writing);
    if (fputs(text, stdout) < 0 || putchar('\n') < 0 || fflush(stdout) < 0)
        atomic_store(&gone, true);
    pthread_mutex_unlock(&writing);
    free(text);
}

struct task {
    struct mcp *m;
    json_t *message;
};

static void *do_task(void *arg)
{
    struct task *t = arg;

    send_message(mcp_handle(t->m, t->message));
    json_decref(t->message);
    free(t);
    atomic_fetch_sub(&calls, 1);
    return NULL;
}

/* Calls of tools take their time, and can be cancelled meanwhile. Takes the message. */
static void begin_task(struct mcp *m, json_t *message)
{
    struct task *t = malloc(sizeof *t);
    pthread_attr_t attr;
    pthread_t thread;
    int r = ENOMEM;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (t) {
        *t = (struct task){m, message};
        atomic_fetch_add(&calls, 1);
        r = pthread_create(&thread, &attr, do_task, t);
    }
    pthread_attr_destroy(&attr);
    if (r == 0)
        return;
    if (t)
        atomic_fetch_sub(&calls, 1);
    free(t);
    send_message(mcp_handle(m, message));
    json_decref(message);
}

static void take_line(struct mcp *m, const char *line, size_t n)
{
    json_t *message = text_parse(line, n, JSON_REJECT_DUPLICATES);

    if (!message)
        send_message(mcp_not_json());
    else if (mcp_is_call(message) && atomic_load(&calls) < MOST_CALLS)
        begin_task(m, message);
    else {
        send_message(mcp_handle(m, message));
        json_decref(message);
    }
}

static void report(struct mcp *m)
{
    json_t *list = mcp_progress(m), *each;
    size_t i;

    json_array_foreach(list, i, each) send_message(json_incref(each));
    json_decref(list);
}

struct input {
    char *bytes;
    size_t n, room, seen; /* seen: bytes in which no line ends */
};

/* Reads some more; false at the end. */
static bool read_more(struct input *in)
{
    ssize_t n;

    if (in->n == in->room) {
        size_t room = 2 * in->room + 65536;
        char *more = room <= MOST_MESSAGE ? realloc(in->bytes, room) : NULL;

        if (!more) {
            fprintf(stderr, "wlpy: cannot read a message of more than %d MiB\n", MOST_MESSAGE >> 20);
            in->n = 0;
            return false;
        }
        in->bytes = more;
        in->room = room;
    }
    do {
        n = read(STDIN_FILENO, in->bytes + in->n, in->room - in->n);
    } while (n < 0 && errno == EINTR);
    in->n += n > 0 ? (size_t)n : 0;
    return n > 0;
}

static void take_lines(struct mcp *m, struct input *in)
{
    size_t from = 0, seen = in->seen;

    for (char *end; (end = memchr(in->bytes + seen, '\n', in->n - seen)) != NULL;) {
        size_t n = (size_t)(end - in->bytes) - from;

        if (n)
            take_line(m, in->bytes + from, n);
        from = seen = from + n + 1;
    }
    memmove(in->bytes, in->bytes + from, in->n - from);
    in->n -= from;
    in->seen = in->n;
}

int lines_serve(struct mcp *m)
{
    struct input in = {0};
    bool open = true;

    while (open && !atomic_load(&gone)) {
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
        int r = poll(&p, 1, REPORT_MS);

        if (r == 0)
            report(m);
        else if (r > 0)
            open = read_more(&in);
        if (in.n)
            take_lines(m, &in);
    }
    /* (Some clients do not end their last line.) */
    if (in.n)
        take_line(m, in.bytes, in.n);
    /* What was asked for before the end is answered, unless nobody reads any more. */
    while (atomic_load(&calls) && !atomic_load(&gone))
        usleep(2000);
    free(in.bytes);
    return atomic_load(&gone) ? 1 : 0;
}
