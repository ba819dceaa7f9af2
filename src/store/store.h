/* The cache: artifacts by key, and the folders of the work in progress.
 *
 * There is one way of making an artifact, whatever it is: store_begin takes the lock of its key and gives an empty
 * folder, the steps fill its stage, and store_commit writes the manifest, syncs, and renames it into the store.
 * A name in the store is complete from the moment it is there, and is compared with its manifest before it is used. */
#ifndef WL_STORE_H
#define WL_STORE_H

#include "store/manifest.h"
#include "util/cancel.h"
#include "util/err.h"
#include "util/hash.h"

#include <stdbool.h>

struct store {
    char *cache;      /* absolute; below it: sources/ artifacts/ build/ logs/ lock/ */
    char *sources;    /* the folder of fetched files */
    int held;         /* keeps `clean` from the artifacts (store_hold); -1: nothing is held */
    int held_sources; /* likewise, from the sources */
};

/* Makes the cache's folders. */
int store_open(struct store *s, const char *cache, struct wl_err *err);
void store_close(struct store *s);

/* What happens while a lock is waited for. Callbacks may be NULL. */
struct store_calls {
    const struct cancel *cancel;
    void (*on_wait)(void *data);                     /* another process holds it; told once */
    void (*on_damage)(void *data, const char *what); /* the artifact was there, but is damaged */
    void *data;
};

/* Says that artifacts are in use from now on until the store is closed. Waits while another process removes some. */
int store_hold(struct store *s, const struct cancel *cancel, struct wl_err *err);
/* The opposite: has the artifacts alone, to remove some. 1: another process uses them. lock_end with *path gives it
 * back; the caller frees *path. */
int store_alone(const struct store *s, char **path, int *fd, struct wl_err *err);

/* The same for sources, that are fetched or read. */
int store_hold_sources(struct store *s, const struct cancel *cancel, struct wl_err *err);
/* Has the sources alone, to remove some: waits until no other process uses them. Given back like the artifacts. */
int store_sources_alone(const struct store *s, const struct store_calls *calls, char **path, int *fd,
                        struct wl_err *err);

/* Whether there is an artifact, as far as its name tells. */
bool store_has(const struct store *s, const char *key);
/* Whether the artifact is there and whole: 1 yes, 0 no. Every byte of it is read. One that is damaged is removed from
 * the store, and *damage says what was wrong with it (NULL: nothing; the caller frees it). */
int store_check(const struct store *s, const char *key, char **damage, struct wl_err *err);

/* Paths; the caller frees them. store_path is the folder of an artifact's files. */
char *store_path(const struct store *s, const char *key);
char *store_build_dir(const struct store *s, const char *key);
char *store_log_dir(const struct store *s, const char *port, const char *key);
/* Everything that belongs to an artifact, to be removed. */
char *store_entry(const struct store *s, const char *key);

/* A folder to work in, and the lock of its name. */
struct store_work {
    const struct store *store;
    char *name, *dir, *lock_path;
    int lock; /* -1: there is nothing to be ended */
};

/* Takes the lock of that name and makes an empty folder for it. work_end ends it, also after a failure. */
int work_begin(struct store_work *w, const struct store *s, const char *name, const struct store_calls *calls,
               struct wl_err *err);
/* The same under the first of the names NAME-1, NAME-2, ... that nobody holds: it never waits. */
int work_begin_any(struct store_work *w, const struct store *s, const char *name, struct wl_err *err);
/* Removes the folder (unless it is kept, for a person to look at) and gives the lock back. */
void work_end(struct store_work *w, bool keep);

/* Begins to make the artifact of key: 0, and the steps may fill store_stage; or 1 when it is there by now, and whole,
 * and nothing is to be made. work_end ends it in any case. */
int store_begin(struct store_work *w, const struct store *s, const char *key, const struct store_calls *calls,
                struct wl_err *err);
/* The folder that becomes the artifact (the caller frees it); it is not made by store_begin. */
char *store_stage(const struct store_work *w);
/* Puts the stage into the store. made says what it was made from; its key and files are filled in. The files become
 * read-only: artifacts are shared, so a change would silently affect every later build. */
int store_commit(struct store_work *w, struct manifest *made, struct wl_err *err);

/* Removes build folders and lock files that a killed run left behind, that is those whose lock nobody holds. Folders
 * kept after a failed step have a file "enter.sh" and stay until their port is built again or cleaned. */
void store_sweep(const struct store *s);

#endif
