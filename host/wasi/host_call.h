/* The calls that a guest can make to its host, as tables that the engines walk. All calls of a table get the same
 * argument, which comes with each run. */
#ifndef WL_WASI_HOST_CALL_H
#define WL_WASI_HOST_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most parameters that a call can have, and the length of `arguments`. */
enum { HOST_CALL_MAX_PARAMETERS = 9 };

struct host_call {
    const char *module, *name; /* as the guest imports it */
    const char *parameters;    /* as C writes them: each uint32_t and uint64_t in this text is one */
    bool gives;                /* it returns an i32; else nothing */
    /* The elements of `arguments` after the last parameter have no meaning. */
    uint32_t (*function)(void *arg, const uint64_t *arguments);
};

struct host_calls {
    const struct host_call *table;
    size_t n;
};

#endif
