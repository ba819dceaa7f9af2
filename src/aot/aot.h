/* Makes a native program or a library of a module: WABT's wasm2c, then clang, with the host of host/native/ around it.
 */
#ifndef WL_AOT_H
#define WL_AOT_H

#include "make/events.h"
#include "plan/plan.h"
#include "store/store.h"
#include "util/cancel.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/str.h"

#include <stdbool.h>

/* Adds the ports that native programs are made with, for a plan. */
void aot_ports(struct strv *names);

struct aot {
    const char *repo;        /* the checkout: host/native/ and what it uses of host/ are part of the key */
    const struct plan *plan; /* has those ports, with their keys, which are part of the key, too */
    const struct store *store;
    const struct cancel *cancel;
    const struct events *events;
    int jobs;
    bool library;        /* instead of a program */
    const char *profile; /* what clang is told of where the time goes; NULL: host/native/profiles/, "none": nothing */
    const char *cpu;     /* for which processor, as clang names it; NULL: any of x86-64 */
    bool sandboxed;      /* the steps run in a box, as those of ports do */
    const char *no_sandbox; /* why it is not, though nobody asked for that; NULL: it is, or somebody did */
    /* The most that each process may take of processor time and of memory; 0: by the size of the module
     * (docs/native.md). */
    unsigned long long max_seconds, max_memory;
};

/* What a program calls itself: the module's file name without its ending, and without what C or a shell would stumble
 * over. The caller frees it. */
char *aot_name(const char *module);

/* The key of what is made of a module. `module` tells one from all others: the key of the port that it comes from, or
 * its SHA-256. No compiler is WL_E_TOOLCHAIN, no such profile WL_E_USAGE. */
int aot_key(const struct aot *a, const char *module, const char *name, char key[HASH_HEX_SIZE], struct wl_err *err);

/* The program or the library (host/native/wl_guest.h) of a key in the store, which is there or not; the caller frees
 * it. */
char *aot_result(const struct aot *a, const char *key);

/* Whether it is there, and whole: 1 yes, 0 no. One that is damaged is told of and removed. */
int aot_there(const struct aot *a, const char *key, struct wl_err *err);

/* Makes it, unless it is there. sha256 is what the module's bytes have to be, which are read again; NULL: it is an
 * artifact's. A module that cannot be translated is WL_E_USAGE with the reason; one that takes too much is WL_E_FAILED.
 */
int aot_make(const struct aot *a, const char *key, const char *module, const char *sha256, const char *name,
             struct wl_err *err);

#endif
