#include "wasi/channel.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int wasi_serve(struct wasi *w, const struct wasi_request_set *set)
{
    if (w->sets_n == WASI_MOST_SETS) {
        errno = ENOSPC;
        return -1;
    }
    w->sets[w->sets_n++] = set;
    return 0;
}

int wasi_give_channel(struct wasi *w)
{
    return w->sets_n && wasi_give_requests(w, WASI_CHANNEL) < 0 ? -1 : 0;
}

void wasi_say(struct wasi_request *r, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(r->answer + r->size, sizeof r->answer - r->size, format, args);
    va_end(args);
    /* What does not fit makes the whole answer one that does not (wasi_channel_readlink). */
    r->size = n < 0 || r->size + (size_t)n >= sizeof r->answer ? sizeof r->answer : r->size + (size_t)n;
}

bool wasi_word(const struct wasi_request *r, int at, int64_t least, int64_t most, int64_t *value)
{
    const char *p = at < r->n ? r->word[at] : "";
    const bool negative = *p == '-';
    int64_t v = 0;

    p += negative;
    if (!*p || strlen(p) > 18)
        return false;
    for (; *p; p++) {
        if (*p < '0' || *p > '9')
            return false;
        v = v * 10 + (*p - '0');
    }
    *value = negative ? -v : v;
    return *value >= least && *value <= most;
}

struct wasi_fd *wasi_word_fd(const struct wasi_request *r, uint32_t *e)
{
    int64_t fd;

    *e = WASI_EINVAL;
    return wasi_word(r, 0, 0, INT32_MAX, &fd) ? wasi_fd(r->w, (uint32_t)fd, 0, e) : NULL;
}

/* Words are of printable ASCII, with one blank between them. */
static bool split(char *text, size_t n, char *words[], int *count)
{
    bool inside = false;

    *count = 0;
    for (size_t i = 0; i < n; i++) {
        const bool blank = text[i] == ' ';

        if (text[i] < ' ' || text[i] > '~' || (blank && !inside))
            return false;
        if (blank) {
            text[i] = '\0';
        } else if (!inside) {
            if (*count > WASI_MOST_WORDS)
                return false;
            words[(*count)++] = text + i;
        }
        inside = !blank;
    }
    text[n] = '\0';
    return inside;
}

static void say_version(const struct wasi *w, struct wasi_request *r)
{
    wasi_say(r, "wl %d", WASI_CHANNEL_VERSION);
    for (size_t i = 0; i < w->sets_n; i++)
        wasi_say(r, " %s %u", w->sets[i]->name, w->sets[i]->version);
}

static uint32_t serve(struct wasi *w, struct wasi_request *r, const char *name)
{
    if (!strcmp(name, "version")) {
        say_version(w, r);
        return r->n ? WASI_EINVAL : 0;
    }
    for (size_t i = 0; i < w->sets_n; i++)
        for (size_t k = 0; k < w->sets[i]->n; k++) {
            const struct wasi_request_kind *kind = &w->sets[i]->kinds[k];

            if (strcmp(kind->name, name) != 0)
                continue;
            r->arg = w->sets[i]->arg;
            return r->n < kind->least || r->n > kind->most ? WASI_EINVAL : kind->serve(r);
        }
    return WASI_ENOSYS;
}

uint32_t wasi_channel_readlink(struct wasi *w, uint32_t path, uint32_t size, uint32_t at, uint32_t room,
                               uint32_t result)
{
    struct guest_memory m = wasi_memory(w);
    struct wasi_request r = {.w = w};
    char text[WASI_MOST_REQUEST], *words[WASI_MOST_WORDS + 1];
    uint32_t e;

    if (!wasi_inside(m, path, size))
        return WASI_EFAULT;
    if (size >= sizeof text)
        return WASI_ENAMETOOLONG;
    memcpy(text, m.base + path, size);
    if (!split(text, size, words, &r.n))
        return WASI_EINVAL;
    memcpy(r.word, words + 1, (size_t)--r.n * sizeof *words);
    e = serve(w, &r, words[0]);
    if (e)
        return e;
    /* Half an answer would be read as a whole one. */
    if (r.size > room || r.size == sizeof r.answer)
        return WASI_EOVERFLOW;
    /* Waiting may have let the memory grow elsewhere. */
    m = wasi_memory(w);
    if (!wasi_inside(m, at, room) || !wasi_inside(m, result, 4))
        return WASI_EFAULT;
    memcpy(m.base + at, r.answer, r.size);
    wasi_store(m, result, 4, r.size);
    return 0;
}
