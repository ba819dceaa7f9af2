/* What tests of guests/guests.wat share. */
#ifndef TEST_ENGINE_GUESTS_H
#define TEST_ENGINE_GUESTS_H

#include "engines.h"

/* What a guest does: the number of its arguments less one. */
enum {
    OWN,
    UNREACHABLE,
    BOUNDS,
    DEEP,
    ENDLESS,
    WAIT,
    READ,
    OUTPUT,
    COUNT,
    FOLDER,
    DEEP_IN_HOST,
    COPY,
    FILES,
    BYTES,
    DESCRIPTORS,
    GROW,
    KINDS
};

static struct wlpy_run_config guest(int what)
{
    static const char *const argv[KINDS] = {"", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""};

    take_signals();
    return (struct wlpy_run_config){.size = sizeof(struct wlpy_run_config), .argv = argv, .argc = (size_t)what + 1};
}

static inline struct wlpy_result run_limited(int what, struct wlpy_limits limits)
{
    static const struct wlpy_dir here = {.host = ".", .guest = "/d"};
    struct wlpy_run_config config = guest(what);

    limits.size = sizeof limits;
    config.limits = &limits;
    config.dirs = &here;
    config.dir_count = 1;
    return run_config(&config);
}

struct told {
    char text[64];
    size_t n;
};

static inline ssize_t tell(void *arg, const void *from, size_t n)
{
    struct told *t = arg;

    assert_true(t->n + n <= sizeof t->text);
    memcpy(t->text + t->n, from, n);
    t->n += n;
    return (ssize_t)n;
}

#endif
