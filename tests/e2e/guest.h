/* One call that runs a guest of a program that `wl-make aot --library` made, for the programs beside this file. The
 * number of a guest's arguments tells it what to do. */
#ifndef GUEST_H
#define GUEST_H

#include "wlpy.h"

#include <stdio.h>
#include <stdlib.h>

/* What a run has that is not like all others. */
struct guest_options {
    size_t argc;
    int in, out; /* descriptors; 0: nothing, and output that is dropped */
    const char *const *env;
    size_t envc;
    const struct wlpy_dir *folder; /* or NULL */
    uint64_t memory, output, deadline_ms;
};

/* NULL: the reason is printed. */
static inline struct wlpy_program *guest_load_with(const char *file, size_t stack)
{
    const struct wlpy_engine_config config = {.size = sizeof config, .stack = stack};
    struct wlpy_program *program = NULL;
    struct wlpy_engine *engine;
    struct wlpy_err err;

    if (wlpy_engine_new(&config, &engine, &err) < 0 || wlpy_program_load_native(engine, file, &program, &err) < 0)
        fprintf(stderr, "%s\n", err.text);
    return program;
}

static inline struct wlpy_stream guest_stream(int fd)
{
    const struct wlpy_stream nothing = {.kind = WLPY_NOTHING}, given = {.kind = WLPY_FD, .fd = fd};

    return fd ? given : nothing;
}

/* Where it did not begin, status is the error's code and text says why. */
static inline struct wlpy_result guest_run(struct wlpy_program *program, const struct guest_options *o)
{
    static const char *const argv[64] = {"", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "",
                                         "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "",
                                         "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "",
                                         "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""};
    const struct wlpy_limits limits = {
        .size = sizeof limits, .memory = o->memory, .output = o->output, .deadline_ms = o->deadline_ms};
    const struct wlpy_run_config config = {.size = sizeof config,
                                           .argv = argv,
                                           .argc = o->argc,
                                           .env = o->env,
                                           .envc = o->envc,
                                           .dirs = o->folder,
                                           .dir_count = o->folder != NULL,
                                           .in = guest_stream(o->in),
                                           .out = guest_stream(o->out),
                                           .limits = &limits};
    struct wlpy_result result = {.size = sizeof result};
    struct wlpy_err err;

    if (wlpy_run(program, &config, &result, &err) < 0) {
        result.status = (int)err.code;
        snprintf(result.text, sizeof result.text, "%.255s", err.text);
    }
    wlpy_result_free(&result);
    return result;
}

#endif
