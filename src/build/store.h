/* The cache: artifacts by key, and the folders of the work in progress. A folder of the store is complete from the
 * moment it is there, since it is made aside and renamed. */
#ifndef WL_STORE_H
#define WL_STORE_H

#include "cancel.h"
#include "err.h"

#include <stdbool.h>

struct store {
    char *cache;   /* absolute; below it: sources/ store/ build/ logs/ lock/ */
    char *sources; /* the folder of fetched files */
};

/* Makes the cache's folders. */
int store_open(struct store *s, const char *cache, struct wl_err *err);
void store_close(struct store *s);

bool store_has(const struct store *s, const char *key);
/* Paths; the caller frees them. */
char *store_path(const struct store *s, const char *key);
char *store_build_dir(const struct store *s, const char *key);
/* Makes an empty folder there for work that a key's lock is held for; the caller frees *dir and removes it. */
int store_scratch(const struct store *s, const char *key, char **dir, struct wl_err *err);
char *store_log_dir(const struct store *s, const char *port, const char *key);

/* The lock under which a key is built. When another process holds it, on_wait is called once and the lock is waited
 * for until cancelled. Closing *fd gives it back. */
int store_lock(const struct store *s, const char *name, const struct cancel *cancel, void (*on_wait)(void *data),
               void *data, int *fd, struct wl_err *err);

/* Puts a finished folder into the store as the artifact of key. */
int store_commit(const struct store *s, const char *key, const char *stage, struct wl_err *err);

/* Removes build folders that a killed run left behind, that is those whose lock nobody holds. Folders kept after a
 * failed step have a file "enter.sh" and stay until their port is built again or cleaned. */
void store_sweep(const struct store *s);

#endif
