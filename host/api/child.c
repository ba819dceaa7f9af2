/* Processes that were started by a guest. */
#include "api/internal.h"

#include <stdlib.h>

int wlpy_child_take(long parent, struct wlpy_child **child, struct wlpy_err *err)
{
    struct wlpy_child *c = calloc(1, sizeof *c);
    struct err why;

    *child = NULL;
    if (!c)
        return api_out_of_memory(err);
    if (family_take(&c->start, (pid_t)parent, &why) < 0) {
        free(c);
        return api_err(&why, err);
    }
    *child = c;
    return 0;
}

void wlpy_child_free(struct wlpy_child *child)
{
    if (!child)
        return;
    family_start_free(child->start);
    free(child);
}

int wlpy_child_fd(const struct wlpy_child *child, size_t at)
{
    return family_fd(child->start, at);
}
