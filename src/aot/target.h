/* The kinds of machines that native programs can be made for. */
#ifndef WL_AOT_TARGET_H
#define WL_AOT_TARGET_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

/* Another kind of machine than this one, for which programs can be made here. */
struct aot_target {
    const char *name; /* PROCESSOR-linux */
    /* Ports: the host's objects, the C library inside programs, and that of the machines themselves. */
    const char *host, *musl, *sysroot;
};

/* Finds a kind of machine by its name; NULL: this machine's. An unknown one is WL_E_USAGE. */
int aot_find_target(const char *name, const struct aot_target **target, struct wl_err *err);

/* Adds the ports that native programs are made with, for a plan. target NULL: for this machine. */
void aot_ports(const struct aot_target *target, struct strv *names);

/* The ports that a program gets the host's objects from, and a program or library the C library; NULL: this machine's.
 */
const char *aot_host(const struct aot_target *target);
const char *aot_c_library(const struct aot_target *target, bool library);

#endif
