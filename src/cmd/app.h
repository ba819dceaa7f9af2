/* What commands share: the directories, the options of this run, and the steps from ports' names to a built plan. */
#ifndef WL_APP_H
#define WL_APP_H

#include "cmd/config.h"
#include "cmd/options.h"
#include "cmd/ui.h"
#include "make/launcher.h"
#include "make/make.h"
#include "recipe/recipe.h"
#include "remote/remote.h"
#include "store/store.h"
#include "util/cancel.h"
#include "util/err.h"

#include <sys/types.h>
#include <time.h>

struct app {
    struct options options;
    struct strv words;       /* the command line as it was given, without the program's name */
    struct timespec started; /* CLOCK_REALTIME */
    bool by_script;          /* wl-make.sh has started the tool */
    struct recipe_roots roots;
    struct config config;
    struct launcher launcher;
    struct store store;
    struct shared_store *shared; /* shared_store.h */
    struct remote *remote;       /* NULL: none is used */
    struct cancel cancel;
    char *output;         /* absolute */
    struct strv inputs;   /* files besides the recipes that decide which ports are meant */
    bool whole_packages;  /* a Python with packages gets everything in them, and their tests are suites */
    const char *sdk_root; /* WASI_SDK_ROOT, or NULL when unset or empty */
    char *no_sandbox; /* why bubblewrap cannot be used; NULL: it can, or this was not checked, or it is not wanted */
    char *installer;  /* the checkout's wl-make.sh */
    struct ui *ui;
    struct events events;
    int status; /* the exit status after success: 0 unless the command sets another one */
};

/* More exit statuses, for results that are not errors. They follow the classes of errors. */
enum {
    EXIT_OUTDATED = 10,   /* `outdated`: something is */
    EXIT_INCOMPLETE = 11, /* `fsck`: something is incomplete, and nothing damaged */
    EXIT_FOREIGN = 12,    /* `fsck`: there are only things that wl-make has not put there */
    EXIT_VULNERABLE = 13, /* `audit`: there are known vulnerabilities */
    EXIT_LICENSE = 14,    /* `audit`: there are none, but licences that are not allowed */
};

/* Finds the checkout (WL_MAKE_ROOT, which wl-make.sh sets, or a directory above the program), opens the store, and
 * sets the output directory. */
int app_init(struct app *a, struct wl_err *err);
/* Finds only the recipes. Changes nothing on the disk. */
int app_find_roots(struct app *a, struct wl_err *err);
void app_free(struct app *a);

/* Sets from the command line how this run builds. *o points into *a. */
void app_build_options(struct app *a, struct make_options *o, bool with_tests);

/* The exact name of the port that a person means, in the flavour that --flavour names. The caller frees *name. */
int app_port(struct app *a, const char *given, char **name, struct wl_err *err);
/* The same for all arguments, which are ports' names; no argument is WL_E_USAGE. */
int app_ports(struct app *a, struct strv *names, struct wl_err *err);

/* Plans the ports, with the keys that follow from what is in the cache; downloads and builds nothing. The caller frees
 * the plan, after an error as well. */
int app_plan(struct app *a, const struct make_options *o, const struct strv *names, struct plan *p, struct wl_err *err);

/* Plans, fetches and builds the ports; with --dry-run it only plans, and prints that. No other process can remove
 * artifacts until the command ends. The caller frees the plan, after an error as well. */
int app_build(struct app *a, const struct make_options *o, const struct strv *names, struct plan *p,
              struct wl_err *err);

/* Exclusive use of the artifacts, to remove some. If another process uses them, that is WL_E_FAILED, and nothing may be
 * removed. lock_end with *path releases it; the caller frees *path. */
int app_artifacts_alone(const struct app *a, char **path, int *fd, struct wl_err *err);
/* The same for the sources, but waits until no other process uses them. */
int app_sources_alone(struct app *a, char **path, int *fd, struct wl_err *err);

/* The path of a file of a port of the plan, in the store; if file is NULL, of its whole artifact. NULL: the plan does
 * not have the port. The caller frees it. */
char *app_artifact(const struct app *a, const struct plan *p, const char *port, const char *file);

/* The program of a port of the plan: bin/NAME.wasm of its artifact. NULL: it has none. The caller frees it. */
char *app_module(const struct app *a, const struct plan *p, const char *port);

/* The hash of that program, as it was when it went into the store: the artifact's manifest has it. */
int app_module_hash(const struct app *a, const struct plan *p, const char *port, const char *module,
                    char sha256[HASH_HEX_SIZE], struct wl_err *err);

/* The native program that is wanted. */
struct native_request {
    const char *module; /* the path of the module that it is made from */
    const char *sha256; /* of its bytes */
    /* As in aot.h; all may be left out. */
    bool library;
    const struct aot_target *target;
    const char *profile, *cpu;
    unsigned long long max_seconds, max_memory;
};

/* Finds the path of a native program or library, and makes it unless it exists. The plan has the ports of aot_ports(),
 * which are built. The caller frees *result. */
int app_native(struct app *a, const struct plan *p, const struct native_request *wanted, char **result,
               struct wl_err *err);
/* The same if the module was translated before, so that at most linking is left: then the ports, whose keys the plan
 * has, are built if they must be, and linking is not reported. Otherwise *result is NULL. */
int app_native_at_hand(struct app *a, struct plan *p, const struct native_request *wanted, char **result,
                       struct wl_err *err);

/* Composes the directory of a port in the output, unless it is up to date. */
int app_compose(struct app *a, const struct plan *p, size_t node, bool *changed, struct wl_err *err);

/* Adds the runner's option that gives a Python the library in the directory dir, read-only: usr/local has the standard
 * library and its data. The guest gets nothing else by default. The other flavours have the library inside the module.
 */
void app_add_library(struct strv *argv, const char *dir);

#endif
