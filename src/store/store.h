/* The cache: artifacts by key, and the directories of work in progress.
 *
 * There is one way to make an artifact, whatever it is: store_begin takes the lock of its key and makes an empty
 * directory, the steps fill its stage, and store_commit writes the manifest, syncs, and renames it into the store. An
 * artifact is complete from the moment it has its name, and is compared with its manifest before it is used. */
#ifndef WL_STORE_H
#define WL_STORE_H

#include "store/manifest.h"
#include "util/cancel.h"
#include "util/err.h"
#include "util/hash.h"

#include <stdbool.h>
#include <sys/types.h>

/* An artifact's entry has these two. */
#define STORE_MANIFEST "manifest.json"
#define STORE_TREE "tree"

struct store {
    char *cache;      /* absolute; below it: sources/ artifacts/ build/ logs/ lock/ */
    char *sources;    /* the directory of fetched files */
    int held;         /* keeps `clean` away from the artifacts (store_hold); -1: not held */
    int held_sources; /* the same for the sources */
};

/* Opens the cache; its directories are created. */
int store_open(struct store *s, const char *cache, struct wl_err *err);
void store_close(struct store *s);

/* What happens while a lock is awaited. Callbacks may be NULL. */
struct store_calls {
    const struct cancel *cancel;
    void (*on_wait)(void *data);                     /* another process holds it; called once */
    void (*on_damage)(void *data, const char *what); /* the artifact was there, but is damaged */
    void *data;
};

/* Marks the artifacts as in use until the store is closed. Waits while another process removes some. */
int store_hold(struct store *s, const struct cancel *cancel, struct wl_err *err);
/* The opposite: exclusive use of the artifacts, to remove some. 1: another process uses them. lock_end with *path
 * releases it; the caller frees *path. */
int store_alone(const struct store *s, char **path, int *fd, struct wl_err *err);

/* Marks the sources as in use in the same way. */
int store_hold_sources(struct store *s, const struct cancel *cancel, struct wl_err *err);
/* Exclusive use of the sources, to remove some: waits until no other process uses them. Released in the same way. */
int store_sources_alone(const struct store *s, const struct store_calls *calls, char **path, int *fd,
                        struct wl_err *err);

/* Whether an artifact with this key exists; its files are not checked. */
bool store_has(const struct store *s, const char *key);
/* The hash of a file of an artifact, from the manifest: the file is not read. A manifest that is damaged or lacks that
 * file is WL_E_VERIFY, a missing one WL_E_IO. */
int store_file_hash(const struct store *s, const char *key, const char *path, char hex[HASH_HEX_SIZE],
                    struct wl_err *err);
/* Whether the artifact exists and is intact: 1 yes, 0 no. Every byte is read. A damaged one is removed from the store,
 * and *damage says what was wrong (NULL: nothing; the caller frees it). */
int store_check(const struct store *s, const char *key, char **damage, struct wl_err *err);

/* The same without changing anything: 1 intact, 0 missing; a damaged one is 0 and *damage, which the caller frees. */
int store_look(const struct store *s, const char *key, char **damage, struct wl_err *err);
/* Notes that an artifact was used, for gc (gc.h): its entry gets the time of now, at most once a day. store_check does
 * this for an intact one. */
void store_used(const struct store *s, const char *key);

/* Paths; the caller frees them. store_path is the directory with an artifact's files. */
char *store_path(const struct store *s, const char *key);
char *store_build_dir(const struct store *s, const char *key);
char *store_log_dir(const struct store *s, const char *port, const char *key);
/* The directory of all artifacts. Its times change when one is added or removed. */
char *store_artifacts(const struct store *s);
/* Everything that belongs to an artifact, to be removed. */
char *store_entry(const struct store *s, const char *key);
/* The lock of a key, or of a directory to work in. */
char *store_lock_path(const struct store *s, const char *name);

/* A directory to work in, and its lock. */
struct store_work {
    const struct store *store;
    char *name, *dir, *lock_path;
    int lock; /* -1: there is nothing to end */
};

/* Takes the lock of that name and makes an empty directory. Call work_end even after a failure. */
int work_begin(struct store_work *w, const struct store *s, const char *name, const struct store_calls *calls,
               struct wl_err *err);
/* The same under the first free name of NAME-1, NAME-2, ...: never waits. */
int work_begin_any(struct store_work *w, const struct store *s, const char *name, struct wl_err *err);
/* Removes something of the cache, whole or not at all for all who look: it is moved into the directory first, where a
 * sweep finds what is left of it after a kill. (On another file system it is removed in place.) */
int work_remove(const struct store_work *w, const char *path, struct wl_err *err);
/* Removes the directory (unless it is kept for a person to look at) and releases the lock. */
void work_end(struct store_work *w, bool keep);

/* Begins to make the artifact of a key. 0: the steps can fill store_stage. 1: the artifact exists by now and is intact.
 * Call work_end in any case. */
int store_begin(struct store_work *w, const struct store *s, const char *key, const struct store_calls *calls,
                struct wl_err *err);
/* The directory that becomes the artifact (the caller frees the path); store_begin does not create it. */
char *store_stage(const struct store_work *w);
/* Puts the stage into the store. `made` says what it was made from; its key and files are filled in. The files become
 * read-only: artifacts are shared, so a change would silently affect every later build. */
int store_commit(struct store_work *w, struct manifest *made, struct wl_err *err);

/* Where an entry of another store comes from. */
struct store_bytes {
    /* Fills the buffer with up to n bytes of what follows: how many there are, 0 at the end, or a negative class. */
    ssize_t (*read)(void *data, void *buffer, size_t n, struct wl_err *err);
    void *data;
};

/* Puts an artifact into the store whose manifest is the file `manifest`, and whose files' bytes follow one another as
 * the manifest lists them. The manifest is the caller's to trust; each file is compared with its size and hash before
 * anything has the artifact's name. What does not fit is WL_E_VERIFY. */
int store_adopt(struct store_work *w, const char *manifest, const struct store_bytes *bytes,
                const struct cancel *cancel, struct wl_err *err);

/* Removes build directories and lock files that a killed run has left: those whose lock no process holds. A directory
 * kept after a failed step has a file "enter.sh" and stays until its port is built again or cleaned. */
void store_sweep(const struct store *s);

#endif
