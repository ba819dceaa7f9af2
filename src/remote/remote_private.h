/* What the files behind remote.h share. */
#ifndef WL_REMOTE_PRIVATE_H
#define WL_REMOTE_PRIVATE_H

#include "remote/kinds.h"
#include "remote/remote.h"

#include <pthread.h>

struct offer {
    char *key, *name;
    struct strv sources; /* if there are any, these are offered, and not the artifact */
};

struct remote {
    const struct remote_options *o;
    struct remote_place place;
    char *dir; /* of the cache, for what is being fetched and written */
    struct dead_hosts *dead;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    bool off, no_writes; /* after a failure */
    int lies;
    struct strv bad; /* keys of entries that are not what they should be */
    struct offer *offers;
    size_t offers_n, next;
    bool writing, working, ending; /* there is a thread; it works on an offer; it shall end */
    pthread_t thread;
};

/* A connection, and its end. */
void remote_link_open(const struct remote *r, struct remote_link *l);
void remote_link_close(struct remote_link *l);

/* Fetches an entry into w, whose lock is held: 1 it is in the store, 0 the remote has none. *size: bytes that were
 * transferred. */
int entry_get(const struct remote *r, struct remote_link *l, struct store_work *w, unsigned long long *size,
              struct wl_err *err);
/* Writes an entry of the store, unless the remote has it (again: even then). */
int entry_put(const struct remote *r, struct remote_link *l, const char *key, bool again, struct wl_err *err);

/* The same for the archives that stand for a key. */
int sources_get(const struct remote *r, struct remote_link *l, const char *key, struct strv *sha256,
                struct wl_err *err);
int sources_put(const struct remote *r, struct remote_link *l, const char *key, const struct strv *sha256,
                struct wl_err *err);

#endif
