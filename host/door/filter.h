/* Replaces texts in a stream by others of the same length, also where a text comes in several parts. What may be the
 * beginning of one is held back, and nothing else, so that a stream of events is not delayed. */
#ifndef WL_DOOR_FILTER_H
#define WL_DOOR_FILTER_H

#include <stdbool.h>
#include <stddef.h>

enum { FILTER_MOST = 256 };

struct filter {
    struct {
        char *from, *to;
        size_t n;
    } pairs[FILTER_MOST];
    size_t n, longest;
    bool first[256]; /* bytes with which a text begins */
    char *held;      /* room for the longest */
    size_t held_n;
};

/* Adds a pair of texts of n bytes; copies them. -1: no memory, or too many. */
int filter_add(struct filter *f, const char *from, const char *to, size_t n);
void filter_free(struct filter *f);

/* Passes bytes through, to `out` with room for n + f->longest bytes. Returns how many there are. last: there is no
 * more, so nothing is held back. */
size_t filter_pass(struct filter *f, const char *bytes, size_t n, bool last, char *out);

/* Replaces them in a text that is complete, in place. */
void filter_text(const struct filter *f, char *text, size_t n);

#endif
