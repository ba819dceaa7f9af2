#include "events.h"

#include "text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { QUIET_SECONDS = 1, GRACE_SECONDS = 1, MOST_REST = 4 };

struct events {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct sandbox_session *session; /* that is evaluated in */
    bool begun, ended, left;
    struct buffer bytes; /* that are to be sent, from `from` on */
    size_t from;
    /* Only for the thread that evaluates: the bytes of a character that is not complete yet. */
    char rest[2][MOST_REST];
    size_t rest_n[2];
};

struct events *events_new(void)
{
    struct events *e = calloc(1, sizeof *e);
    pthread_condattr_t attr;

    if (!e)
        return NULL;
    pthread_mutex_init(&e->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&e->changed, &attr);
    pthread_condattr_destroy(&attr);
    return e;
}

void events_free(struct events *e)
{
    if (!e)
        return;
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->changed);
    free(e->bytes.at);
    free(e);
}

static struct timespec after(int seconds)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += seconds;
    return t;
}

bool events_use(struct events *e, struct sandbox_session *session)
{
    bool here;

    pthread_mutex_lock(&e->lock);
    e->session = session;
    e->begun = true;
    here = !e->left;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    return here;
}

void events_put(struct events *e, const char *name, json_t *data)
{
    /* (One line: JSON writes the end of a line as \n.) */
    char *text = data ? json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    json_decref(data);
    pthread_mutex_lock(&e->lock);
    /* (What there is no memory for is lost.) */
    if (text && !e->left)
        buffer_print(&e->bytes, "event: %s\ndata: %s\n\n", name, text);
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    free(text);
}

void events_put_text(struct events *e, bool to_stderr, const char *text, size_t n)
{
    char *rest = e->rest[to_stderr], *all = malloc(MOST_REST + n);
    size_t *rest_n = &e->rest_n[to_stderr], whole;

    if (!all)
        return;
    memcpy(all, rest, *rest_n);
    if (n)
        memcpy(all + *rest_n, text, n);
    whole = n ? text_whole(all, *rest_n + n) : *rest_n;
    *rest_n += n - whole;
    memcpy(rest, all + whole, *rest_n);
    if (whole)
        events_put(e, to_stderr ? "stderr" : "stdout", json_pack("{s:o}", "text", text_json(all, whole)));
    free(all);
}

void events_end(struct events *e)
{
    pthread_mutex_lock(&e->lock);
    e->ended = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

bool events_begin(struct events *e)
{
    bool begun;

    pthread_mutex_lock(&e->lock);
    while (!e->begun && !e->ended)
        pthread_cond_wait(&e->changed, &e->lock);
    begun = e->begun;
    pthread_mutex_unlock(&e->lock);
    return begun;
}

size_t events_take(struct events *e, char *to, size_t n)
{
    static const char comment[] = ":\n\n";
    struct timespec until = after(QUIET_SECONDS);
    int r = 0;

    pthread_mutex_lock(&e->lock);
    while (e->from == e->bytes.n && !e->ended && r == 0)
        r = pthread_cond_timedwait(&e->changed, &e->lock, &until);
    if (e->from < e->bytes.n) {
        n = n < e->bytes.n - e->from ? n : e->bytes.n - e->from;
        memcpy(to, e->bytes.at + e->from, n);
        e->from += n;
        if (e->from == e->bytes.n)
            e->from = e->bytes.n = 0;
    } else if (e->ended || n < sizeof comment - 1) {
        n = 0;
    } else {
        n = sizeof comment - 1;
        memcpy(to, comment, n);
    }
    pthread_mutex_unlock(&e->lock);
    return n;
}

void events_leave(struct events *e)
{
    struct timespec until = after(GRACE_SECONDS);
    int r = 0;

    pthread_mutex_lock(&e->lock);
    e->left = true;
    if (e->session)
        sandbox_interrupt(e->session);
    while (e->session && r == 0)
        r = pthread_cond_timedwait(&e->changed, &e->lock, &until);
    if (e->session)
        sandbox_cancel(e->session);
    pthread_mutex_unlock(&e->lock);
}
