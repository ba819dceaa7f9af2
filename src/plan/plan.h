/* The plan of one run: every port that is asked for or needed, with its key. Each port comes after its needs. */
#ifndef WL_PLAN_H
#define WL_PLAN_H

#include "plan/toolchain.h"
#include "recipe/recipe.h"
#include "source/source.h"
#include "util/err.h"
#include "util/hash.h"

#include <stdbool.h>

struct plan_need {
    size_t node; /* index in the plan; smaller than the needing node's, except for NEED_TEST */
    enum need_kind kind;
};

struct node_source {
    char *path;                 /* the fetched file; NULL: not fetched yet */
    char sha256[HASH_HEX_SIZE]; /* of the archive that is (or would first be) used */
    bool unwanted;              /* by its only-with */
    bool given;                 /* by --source */
    bool whole;                 /* its bytes were hashed in this run */
};

struct node {
    struct recipe *recipe;
    struct plan_need *needs;
    size_t needs_n;
    struct node_source *sources; /* as many as the recipe has */
    char made[HASH_HEX_SIZE];    /* of what the steps make: part of the keys of what needs it */
    char key[HASH_HEX_SIZE];     /* of the artifact: the checks that it has passed, too */
    bool root;                   /* asked for */
    bool stored;                 /* its artifact is in the store */
    bool whole;                  /* and was compared with its manifest in this run, or built in it */
    bool build;                  /* to be built in this run */
    bool unasked;                /* another store may have it: what only its build needs is not wanted yet */
    bool current;                /* a root whose result was there, and nothing was built since (build.h, is_current) */
};

struct plan {
    struct node *nodes; /* in an order in which each comes after what it needs */
    size_t n;
    struct strv preferred;                /* the archives that are taken for those that will be fetched: SHA-256 */
    struct toolchain wasi, native, clang; /* found if any node uses them (kind says so: identity is set) */
};

struct plan_options {
    const struct recipe_roots *roots;
    const char *sdk_root; /* WASI_SDK_ROOT or NULL */
    bool with_tests;      /* what the roots' tests need, too */
    bool debug;           /* names and DWARF are kept */
    bool sandboxed;       /* steps see fixed paths, so that the result does not depend on where the cache is */
    const char *cache;
};

/* Makes the plan for the given exact port names. A missing need or a cycle is WL_E_RECIPE with file and line. */
int plan_make(const struct plan_options *o, const struct strv *names, struct plan *p, struct wl_err *err);

/* Finds the toolchains the plan's nodes use. */
int plan_find_toolchains(const struct plan_options *o, struct plan *p, struct wl_err *err);

/* Uses a file for the first source of a port of the plan (of a flavour: of what that is made of), and of every node
 * made from the same source (build-python). */
int plan_use_source(struct plan *p, const char *port, const char *file, struct wl_err *err);

/* Gives a port of the plan (of a flavour: what that is made of) another profile for the compiler than its recipe does:
 * a file, or "none". A port whose recipe has no variable `profile` takes none: WL_E_USAGE. */
int plan_use_profile(struct plan *p, const char *port, const char *file, struct wl_err *err);

/* Looks up which sources are in the cache, and computes every node's keys: SHA-256 over the recipe in canonical form,
 * the hashes of the sources, patches and files, the toolchain's identity, the options and the keys of its needs. */
int plan_keys(const struct plan_options *o, const struct fetch_options *f, struct plan *p, struct wl_err *err);

/* Computes a node's key once more: fails if patches or files of its recipe are no longer those that it was planned
 * with. checks: looks only at what the checks read. May be called by several threads at once. */
int plan_check_key(const struct plan_options *o, const struct plan *p, size_t node, bool checks, struct wl_err *err);

/* The keys that the nodes have before anything is fetched: each source comes from its first archive. keys has room for
 * all nodes. */
int plan_first_keys(const struct plan_options *o, const struct plan *p, char (*keys)[HASH_HEX_SIZE],
                    struct wl_err *err);

/* Finds out what must be built: sets node.build and node.stored. has() says whether the store has a key. */
void plan_mark(struct plan *p, bool (*has)(void *data, const char *key), void *data);

/* The node of a port's exact name, or NULL. */
const struct node *plan_find(const struct plan *p, const char *name);

/* Adds node and the libraries it links, and those they link: the whole closure of NEED_LINK, without node itself. */
void plan_link_closure(const struct plan *p, size_t node, bool *in);

/* The same, with what node needs itself in the ways that kinds names (1u << NEED_BUILD, ...). in has no bit set. */
void plan_reads(const struct plan *p, size_t node, unsigned kinds, bool *in);

/* Sets in[i] for each node of which something is in what is made from the roots: these, all that they link, and what
 * they are built with unless it is a tool. */
void plan_content(const struct plan *p, const struct strv *roots, bool *in);

/* Whether a path of an artifact is that of a program for WebAssembly, bin/NAME.wasm: those get a note of what is in
 * them (make/note.h), so it counts for the key. */
bool plan_is_program(const char *path);

/* The version of what a node is built from: that of the archive of its first source, which may be older than the
 * recipe's. The caller frees it. */
char *plan_version(const struct node *n);

/* The toolchain of a node, or NULL. */
const struct toolchain *plan_toolchain(const struct plan *p, const struct node *n);

void plan_free(struct plan *p);

#endif
