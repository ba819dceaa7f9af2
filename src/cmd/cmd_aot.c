/* wl-make aot: a module, or a port's, as a native program that needs no engine, or as a library. */
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

/* The library's header goes beside it. */
static int give_header(const struct app *a, const char *out, struct wl_err *err)
{
    WL_CLEANUP_FREE char *from = path_join(a->roots.repo, "host/native/wl_guest.h");
    WL_CLEANUP_FREE char *dir = path_dir(out), *header = path_join(dir, "wl_guest.h");

    return file_copy(from, header, 0644, err);
}

int cmd_aot(struct app *a, struct wl_err *err)
{
    const char *word = a->options.args.n ? a->options.args.v[0] : NULL, *out;
    WL_CLEANUP_FREE char *port = NULL, *module = NULL, *name = NULL, *file = NULL, *result = NULL;
    WL_CLEANUP_STRV struct strv names = {0};
    char source[HASH_HEX_SIZE];
    struct build_options b;
    struct plan p = {0};
    int r = 0;

    if (a->options.args.n != 1) {
        wl_err_set(err, WL_E_USAGE, "aot takes one port or one module");
        return wl_err_hint(err, "for example: wl-make aot python/v3.13.5 --flavour snapshot");
    }
    if (is_file(word)) {
        module = xstrdup(word);
        r = hash_file(module, source, err);
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
    aot_ports(&names);
    app_build_options(a, &b, false);
    r = app_build(a, &b, &names, &p, err);
    if (r == 0 && port) {
        strcpy(source, plan_find(&p, port)->key);
        module = app_module(a, &p, port);
        if (!module) {
            wl_err_set(err, WL_E_USAGE, "%s has no bin/*.wasm that could be translated", port);
            r = wl_err_hint(err, "aot takes a port that is a program, for example python/v3.13.5");
        }
    }
    if (r == 0)
        r = app_native(a, &p, source, module, true, &result, err);
    plan_free(&p);
    if (r < 0)
        return r;
    name = aot_name(module);
    file = xasprintf("%s%s", name, a->options.library ? ".so" : "");
    out = a->options.file ? a->options.file : file;
    r = file_copy(result, out, 0755, err);
    if (r == 0 && a->options.library)
        r = give_header(a, out, err);
    if (r == 0 && !a->options.quiet) {
        WL_CLEANUP_FREE char *size = human_size(tree_size(out));

        printf("%s (%s)\n", out, size);
    }
    return r;
}
