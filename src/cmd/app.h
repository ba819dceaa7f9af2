/* What all commands share: where things are, and the way from port names to a built plan. */
#ifndef WL_APP_H
#define WL_APP_H

#include "cmd/options.h"
#include "cmd/ui.h"
#include "make/make.h"
#include "recipe/recipe.h"
#include "store/store.h"
#include "util/cancel.h"
#include "util/err.h"

#include <sys/types.h>

struct app {
    struct options options;
    struct recipe_roots roots;
    struct store store;
    struct cancel cancel;
    unsigned long long max_compile_memory; /* of aot; 0: not given */
    char *output;                          /* absolute */
    const char *sdk_root;                  /* WASI_SDK_ROOT, or NULL when unset or empty */
    char *no_sandbox; /* why bubblewrap cannot be used; NULL: it can, or nobody has looked, or it is not wanted */
    char *installer;  /* the checkout's wl-make.sh */
    struct ui *ui;
    struct events events;
    int status; /* the exit status where nothing failed: 0 unless the command says otherwise */
};

/* What `outdated` ends with when something is; beyond the classes of errors. */
enum { EXIT_OUTDATED = 10 };

/* Finds the checkout (WL_MAKE_ROOT, which wl-make.sh sets, or above the program itself), the cache and the output. */
int app_init(struct app *a, struct wl_err *err);
/* Only where the recipes are: touches nothing on the disk. */
int app_find_roots(struct app *a, struct wl_err *err);
void app_free(struct app *a);

/* How this run builds, from the options. What it points to stays a's. */
void app_build_options(struct app *a, struct make_options *o, bool with_tests);

/* The exact name of the port that a person means, in the flavour that --flavour names. The caller frees *name. */
int app_port(struct app *a, const char *given, char **name, struct wl_err *err);
/* The same for the port names among the arguments; none is WL_E_USAGE. */
int app_ports(struct app *a, struct strv *names, struct wl_err *err);

/* From names to the built plan: plan, --source, prepare, build. Until the command ends no other may remove artifacts.
 * The caller frees the plan, also after a failure. */
int app_build(struct app *a, const struct make_options *o, const struct strv *names, struct plan *p,
              struct wl_err *err);

/* The path of a file of a port of the plan, in the store; with file NULL of the whole artifact. NULL: the plan has no
 * such port. The caller frees it. */
char *app_artifact(const struct app *a, const struct plan *p, const char *port, const char *file);

/* The program of a port of the plan, bin/NAME.wasm of its artifact; NULL: it is none. The caller frees it. */
char *app_module(const struct app *a, const struct plan *p, const char *port);

/* A module that a native program is made of: a port's, known by the port's key, or a file of its own. */
struct native_source {
    const char *module; /* its path */
    const char *key;    /* NULL: it is a file */
    const char *sha256; /* of the file; else NULL */
};

/* Where the native program (or library) of a module is, or would be (aot.h); with `make` it is made if it is missing.
 * The plan has the ports of aot_ports(), with keys; with `make` they are built. The caller frees *result. */
int app_native(struct app *a, const struct plan *p, const struct native_source *from, bool make, char **result,
               struct wl_err *err);

/* Composes a root's folder and says on stdout (unless quiet) where it is and whether anything changed. */
int app_compose(struct app *a, const struct plan *p, size_t node, struct wl_err *err);

/* Adds the option that shows a Python its library, which lies in the folder dir. usr/local has the standard library and
 * the data it looks for; it is all that the guest gets unasked, to read only. A flavour has them inside. */
void app_add_library(struct strv *argv, const char *dir);

/* A command: what it is called, how it is used, and what it does. */
struct command {
    const char *name;
    enum command_bit bit;
    const char *usage, *summary, *text;
    int (*run)(struct app *a, struct wl_err *err);
};

/* All commands, ended by one without a name. */
extern const struct command commands[];
const struct command *command_find(const char *name);
void command_help(const struct command *c, FILE *to);

int cmd_build(struct app *a, struct wl_err *err);
int cmd_aot(struct app *a, struct wl_err *err);
int cmd_app(struct app *a, struct wl_err *err);
int cmd_profile(struct app *a, struct wl_err *err);
int cmd_run(struct app *a, struct wl_err *err);
int cmd_list(struct app *a, struct wl_err *err);
int cmd_info(struct app *a, struct wl_err *err);
int cmd_outdated(struct app *a, struct wl_err *err);
int cmd_fetch(struct app *a, struct wl_err *err);
int cmd_test(struct app *a, struct wl_err *err);
int cmd_check(struct app *a, struct wl_err *err);
int cmd_clean(struct app *a, struct wl_err *err);
int cmd_doctor(struct app *a, struct wl_err *err);
int cmd_help(struct app *a, struct wl_err *err);

#endif
