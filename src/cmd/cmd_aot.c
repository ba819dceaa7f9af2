/* wl-make aot: a module, or a port's, as a native program that needs no engine. */
#include "aot.h"
#include "app.h"
#include "fs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A word that exists as a file is one; ports are no files. */
static bool is_file(const char *word)
{
    struct stat st;

    return (stat(word, &st) == 0 && S_ISREG(st.st_mode)) || ends_with(word, ".wasm");
}

/* The module in the folder of an artifact, bin/NAME.wasm; NULL: there is none. */
static char *module_in(const char *artifact)
{
    WL_CLEANUP_FREE char *bin = path_join(artifact, "bin");
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};

    if (dir_list(bin, &names, &ignored) == 0)
        for (size_t i = 0; i < names.n; i++)
            if (ends_with(names.v[i], ".wasm"))
                return path_join(bin, names.v[i]);
    return NULL;
}

/* Puts a copy in place; what was there stays until it is whole. */
static int give(const char *program, const char *out, struct wl_err *err)
{
    WL_CLEANUP_FREE char *aside = xasprintf("%s.new.%ld", out, (long)getpid());
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    int r = copy_tree(program, aside, err);

    if (r == 0 && chmod(aside, 0755) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot set the mode of %s", aside);
    if (r == 0 && rename(aside, out) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot write %s", out);
    if (r < 0)
        remove_tree(aside, &ignored);
    return r;
}

int cmd_aot(struct app *a, struct wl_err *err)
{
    const char *word = a->options.args.n ? a->options.args.v[0] : NULL, *key = NULL;
    WL_CLEANUP_FREE char *port = NULL, *module = NULL, *name = NULL, *wabt = NULL, *program = NULL, *artifact = NULL;
    WL_CLEANUP_STRV struct strv names = {0};
    struct aot k = {.repo = a->roots.repo, .store = &a->store, .cancel = &a->cancel, .events = &a->events};
    char sha256[HASH_HEX_SIZE], own[HASH_HEX_SIZE];
    struct build_options b;
    struct plan p = {0};
    int r = 0;

    if (a->options.args.n != 1) {
        wl_err_set(err, WL_E_USAGE, "aot takes one port or one module");
        return wl_err_hint(err, "for example: wl-make aot python/v3.13.5 --flavour snapshot");
    }
    if (is_file(word)) {
        module = xstrdup(word);
        r = hash_file(module, sha256, err);
        if (r < 0) {
            err->cls = WL_E_USAGE;
            r = wl_err_hint(err, "name a .wasm file that may be read, or a port");
        }
    } else {
        r = app_port(a, word, &port, err);
        if (r == 0)
            strv_add(&names, port);
    }
    if (r < 0)
        return r;
    strv_add(&names, AOT_WABT_PORT);
    app_build_options(a, &b, false);
    k.jobs = b.jobs;
    r = app_build(a, &b, &names, &p, err);
    if (r == 0 && port) {
        key = plan_find(&p, port)->key;
        artifact = app_artifact(a, &p, port, NULL);
        module = module_in(artifact);
        if (!module) {
            wl_err_set(err, WL_E_USAGE, "%s has no bin/*.wasm that could be translated", port);
            r = wl_err_hint(err, "aot takes a port that is a program, for example python/v3.13.5");
        }
    }
    wabt = app_artifact(a, &p, AOT_WABT_PORT, NULL);
    if (r == 0) {
        name = aot_name(module);
        r = aot_key(&k, key ? key : sha256, name, own, err);
    }
    if (r == 0)
        r = aot_make(&k, own, module, name, wabt, err);
    plan_free(&p);
    if (r < 0)
        return r;
    program = aot_program(&k, own);
    r = give(program, a->options.file ? a->options.file : name, err);
    if (r == 0 && !a->options.quiet) {
        WL_CLEANUP_FREE char *size = human_size(tree_size(program));

        printf("%s (%s)\n", a->options.file ? a->options.file : name, size);
    }
    return r;
}
