/* For programs in other languages: one call that runs a guest of the library in the variable GUEST_LIBRARY, and returns
 * its status. guest-signals.c explains what the number of arguments means. */
#ifndef GUEST_EMBED_H
#define GUEST_EMBED_H

#include "wl_guest.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static int guest_run(int what)
{
    static const char *const args[] = {"", "", "", ""};
    const struct wl_guest_config config = {.args = args,
                                           .args_n = (size_t)what,
                                           .in = -1,
                                           .out = -1,
                                           .err = -1,
                                           .stack = 1 << 20,
                                           .deadline_ms = what == 4 ? 50 : 0};
    struct wl_guest_result result;
    enum wl_guest_end (*run)(const struct wl_guest_config *, struct wl_guest_result *);
    void *library = dlopen(getenv("GUEST_LIBRARY"), RTLD_NOW);

    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
    *(void **)&run = dlsym(library, "wl_guest_run");
    run(&config, &result);
    return result.status;
}

#endif
