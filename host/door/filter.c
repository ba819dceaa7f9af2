#include "door/filter.h"

#include <stdlib.h>
#include <string.h>

int filter_add(struct filter *f, const char *from, const char *to, size_t n)
{
    char *own_from, *own_to, *held;

    if (f->n == FILTER_MOST || !n)
        return -1;
    held = n > f->longest ? realloc(f->held, n) : f->held;
    if (!held)
        return -1;
    f->held = held;
    own_from = malloc(n);
    own_to = malloc(n);
    if (!own_from || !own_to) {
        free(own_from);
        free(own_to);
        return -1;
    }
    memcpy(own_from, from, n);
    memcpy(own_to, to, n);
    f->pairs[f->n].from = own_from;
    f->pairs[f->n].to = own_to;
    f->pairs[f->n++].n = n;
    f->longest = n > f->longest ? n : f->longest;
    f->first[(unsigned char)from[0]] = true;
    return 0;
}

void filter_free(struct filter *f)
{
    for (size_t i = 0; i < f->n; i++) {
        explicit_bzero(f->pairs[i].from, f->pairs[i].n);
        free(f->pairs[i].from);
        free(f->pairs[i].to);
    }
    if (f->held)
        explicit_bzero(f->held, f->longest);
    free(f->held);
    *f = (struct filter){0};
}

/* The longest text that begins there, or NULL. *part: the bytes up to the end may be the beginning of one. */
static const char *find(const struct filter *f, const char *at, size_t left, size_t *n, bool *part)
{
    const char *to = NULL;

    *part = false;
    *n = 0;
    if (!f->first[(unsigned char)*at])
        return NULL;
    for (size_t i = 0; i < f->n; i++) {
        const size_t size = f->pairs[i].n;

        if (left < size) {
            *part |= !memcmp(at, f->pairs[i].from, left);
        } else if (size > *n && !memcmp(at, f->pairs[i].from, size)) {
            to = f->pairs[i].to;
            *n = size;
        }
    }
    return to;
}

size_t filter_pass(struct filter *f, const char *bytes, size_t n, bool last, char *out)
{
    const size_t all = f->held_n + n;
    size_t at = 0, size;
    bool part;

    /* Everything goes to out first, and is changed there. */
    if (f->held_n)
        memcpy(out, f->held, f->held_n);
    if (n)
        memcpy(out + f->held_n, bytes, n);
    f->held_n = 0;
    while (at < all) {
        const char *to = find(f, out + at, all - at, &size, &part);

        if (part && !last) {
            f->held_n = all - at;
            memcpy(f->held, out + at, f->held_n);
            break;
        }
        if (to)
            memcpy(out + at, to, size);
        at += to ? size : 1;
    }
    return at;
}

void filter_text(const struct filter *f, char *text, size_t n)
{
    size_t size;
    bool part;

    for (size_t at = 0; at < n;) {
        const char *to = find(f, text + at, n - at, &size, &part);

        if (to)
            memcpy(text + at, to, size);
        at += to ? size : 1;
    }
}
