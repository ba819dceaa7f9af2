/* Makes a native program of a module: WABT's wasm2c, then clang, with the host of host/native/ around it. */
#ifndef WL_AOT_H
#define WL_AOT_H

#include "cancel.h"
#include "err.h"
#include "events.h"
#include "hash.h"
#include "store.h"

/* What brings wasm2c. */
#define AOT_WABT_PORT "toolchain/wabt"

struct aot {
    const char *repo; /* the checkout: host/native/ and WABT's recipe are part of the key */
    const struct store *store;
    const struct cancel *cancel;
    const struct events *events;
    int jobs;
};

/* What a program calls itself: the module's file name without its ending, and without what C or a shell would stumble
 * over. The caller frees it. */
char *aot_name(const char *module);

/* The key of what is made of a module. `module` tells one from all others: the key of the port that it comes from, or
 * its SHA-256. No compiler is WL_E_TOOLCHAIN. */
int aot_key(const struct aot *a, const char *module, const char *name, char key[HASH_HEX_SIZE], struct wl_err *err);

/* The program of a key in the store, which is there or not; the caller frees it. */
char *aot_program(const struct aot *a, const char *key);

/* The library (host/native/wl_guest.h) that was made with a program; the caller frees it. */
char *aot_library(const char *program);

/* Makes both, unless they are there. wabt: the folder of AOT_WABT_PORT's artifact. A module that cannot be
 * translated is WL_E_USAGE with the reason. */
int aot_make(const struct aot *a, const char *key, const char *module, const char *name, const char *wabt,
             struct wl_err *err);

#endif
