/* The functions that a caller gives to a guest. */
#ifndef WL_API_FUNCTION_LIST_H
#define WL_API_FUNCTION_LIST_H

#include "api/parts.h"
#include "core/err.h"
#include "wlpy.h"

/* Zero to begin with. */
struct function_list {
    struct wlpy_function *at; /* copies, with their texts */
    size_t n;
    struct parts texts;
    char *json; /* names, signatures and texts, for the guest (docs/channel.md) */
};

/* Checks and copies them; each is as large as it says. 0, or -ERR_SETUP with err; to be freed in either case. */
int function_list_take(struct function_list *f, const struct wlpy_function *given, size_t n, struct err *err);
void function_list_free(struct function_list *f);
/* NULL: there is none of that name. */
const struct wlpy_function *function_list_find(const struct function_list *f, const char *name);

#endif
