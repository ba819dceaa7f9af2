/* For programs in other languages: one call that runs a guest of the program in the variable GUEST_LIBRARY, and returns
 * its status. guest-signals.c explains what the number of arguments means. */
#ifndef GUEST_EMBED_H
#define GUEST_EMBED_H

#include "guest.h"

#include <pthread.h>

static struct wlpy_program *guest_program;

static void guest_load_it(void)
{
    guest_program = guest_load_with(getenv("GUEST_LIBRARY"), 1 << 20);
}

static int guest_of(int what)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const struct guest_options o = {.argc = (size_t)what, .deadline_ms = what == 4 ? 50 : 0};

    pthread_once(&once, guest_load_it);
    return guest_program ? guest_run(guest_program, &o).status : -1;
}

#endif
