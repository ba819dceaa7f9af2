/* Carries out a plan: fetches, builds in parallel under one jobserver, and puts artifacts into the store. */
#ifndef WL_MAKE_H
#define WL_MAKE_H

#include "make/events.h"
#include "plan/plan.h"
#include "remote/remote.h"
#include "store/store.h"
#include "util/cancel.h"
#include "util/err.h"

struct launcher;

/* What `verify` varies in the steps of one of its two builds (docs/architecture.md). The tool that builds finds it in
 * its environment. */
struct make_vary {
    const char *preload; /* a library that every program of the steps loads (tools/verify/vary.c) */
    int user;            /* who the steps in a sandbox seem to be; 0: who they are */
};
#define MAKE_VARY_PRELOAD "WL_VARY_PRELOAD"
#define MAKE_VARY_USER "WL_VARY_USER"

struct make_options {
    struct plan_options plan;
    const struct store *store;
    const struct cancel *cancel;
    const struct events *events;
    int jobs;
    bool offline, keep_going, keep_build;
    /* Whether a root's result is up to date, so that its artifact will not be read; NULL: all are read. */
    bool (*is_current)(void *data, const struct plan *p, size_t node);
    void *data;
    const char
        *no_sandbox; /* why steps run without a sandbox although the user did not ask for that; NULL: they do not */
    const char *installer;           /* source.h; NULL: none */
    struct remote *remote;           /* remote.h; NULL: none */
    const struct launcher *launcher; /* launcher.h; NULL: none */
    struct make_vary vary;
};

/* Fetches the sources of every node (only_needed: of those marked to be built), several at a time. */
int make_fetch(const struct make_options *o, struct plan *p, bool only_needed, struct wl_err *err);

/* Fetches the sources of one node, whether or not it is to be built, and compares those that were fetched before with
 * their hashes: afterwards each has a path, unless it is unwanted. */
int make_fetch_node(const struct make_options *o, struct node *n, struct wl_err *err);

/* Unpacks the sources of a node, which are fetched, into a directory as its steps see them in $SRC, without its
 * patches. */
int make_unpack(const struct make_options *o, const struct node *n, const char *dir, struct wl_err *err);

/* Finds toolchains and keys, fetches what has to be built, and marks it: afterwards the plan says exactly what is to
 * be done (node.build). Artifacts that this run will read are compared with their manifests, and fetched files
 * with their hashes; damaged ones are reported, removed, and built or fetched again. With dry_run nothing is fetched or
 * compared, and the key of a node comes from its first source. */
int make_prepare(const struct make_options *o, struct plan *p, bool dry_run, struct wl_err *err);

/* Builds every marked node. With keep_going a failed port stops only what needs it; err describes the first failure. */
int make_run(const struct make_options *o, struct plan *p, struct wl_err *err);

/* Writes to the remote store all that it lacks of the plan's artifacts that are in the store, whenever they were built.
 */
void make_share(const struct make_options *o, const struct plan *p);

/* Runs the tests of a node whose artifact is in the store; *passed counts the steps that passed. */
int make_test(const struct make_options *o, const struct plan *p, size_t node, size_t *passed, struct wl_err *err);

#endif
