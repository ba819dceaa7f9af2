/* wl-make aot: a module, or a port's, as a native program that needs no engine, or as a library. */
#include "aot/aot.h"
#include "cmd/app.h"
#include "util/fs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEAST_MEMORY = 256 << 20 };

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

/* A number of bytes, with K, M or G behind it; 0: it is none. */
static unsigned long long size_of(const char *text)
{
    const char *unit = text + strspn(text, "0123456789");
    static const char units[] = "KMG";
    unsigned long long n = unit - text <= 9 ? strtoull(text, NULL, 10) : 0;
    const char *at = *unit ? strchr(units, *unit) : NULL;

    if (*unit && (!at || unit[1]))
        return 0;
    return at ? n << (10 * (at - units + 1)) : n;
}

static int read_limits(struct app *a, struct wl_err *err)
{
    const char *memory = a->options.max_compile_memory;

    if (!memory)
        return 0;
    a->max_compile_memory = size_of(memory);
    if (a->max_compile_memory >= LEAST_MEMORY)
        return 0;
    wl_err_set(err, WL_E_USAGE, "--max-compile-memory: %s is not a size that a compiler could work with", memory);
    return wl_err_hint(err, "it takes a number with K, M or G behind it, at least 256M, for example 8G");
}

int cmd_aot(struct app *a, struct wl_err *err)
{
    const char *word = a->options.args.n ? a->options.args.v[0] : NULL, *out;
    WL_CLEANUP_FREE char *port = NULL, *module = NULL, *name = NULL, *file = NULL, *result = NULL;
    WL_CLEANUP_STRV struct strv names = {0};
    char source[HASH_HEX_SIZE];
    struct make_options b;
    struct plan p = {0};
    int r = 0;

    if (a->options.args.n != 1) {
        wl_err_set(err, WL_E_USAGE, "aot takes one port or one module");
        return wl_err_hint(err, "for example: wl-make aot python/v3.13.5 --flavour snapshot");
    }
    r = read_limits(a, err);
    if (r < 0)
        return r;
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
        module = app_module(a, &p, port);
        if (!module) {
            wl_err_set(err, WL_E_USAGE, "%s has no bin/*.wasm that could be translated", port);
            r = wl_err_hint(err, "aot takes a port that is a program, for example python/v3.13.5");
        }
    }
    if (r == 0)
        r = app_native(a, &p,
                       &(struct native_source){.module = module,
                                               .key = port ? plan_find(&p, port)->key : NULL,
                                               .sha256 = port ? NULL : source},
                       true, &result, err);
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

        ui_print(stdout, "%s (%s)\n", out, size);
    }
    return r;
}
