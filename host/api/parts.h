/* Memory in parts that are freed together. */
#ifndef WL_API_PARTS_H
#define WL_API_PARTS_H

#include <stdbool.h>
#include <stddef.h>

/* Zero to begin with. */
struct parts {
    struct part *last;
};

/* Zeroed, for n things of that size. NULL: out of memory. */
void *parts_new(struct parts *p, size_t n, size_t size);
/* Replaces *text, unless it is NULL, by a copy of it. false: out of memory. */
bool parts_keep(struct parts *p, const char **text);
void parts_free(struct parts *p);

#endif
