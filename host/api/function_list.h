/* The functions that a caller gives to a guest. */
#ifndef WL_API_FUNCTION_LIST_H
#define WL_API_FUNCTION_LIST_H

#include "core/err.h"
#include "wlpy.h"

enum { FUNCTION_NAME_MAX = 100 };

struct function {
    struct wlpy_function given;
    char name[FUNCTION_NAME_MAX + 1];
};

/* Zero to begin with. */
struct function_list {
    struct function *at;
    size_t n;
    char *json; /* names, signatures and texts, for the guest (docs/channel.md) */
};

/* Checks and copies them. 0, or -ERR_SETUP with err; to be freed in either case. */
int function_list_take(struct function_list *f, const struct wlpy_function *given, size_t n, struct err *err);
void function_list_free(struct function_list *f);
/* NULL: there is none of that name. */
const struct function *function_list_find(const struct function_list *f, const char *name);

#endif
