/* Keys: what an artifact is made from, as one SHA-256. */
#include "plan/plan.h"

#include "util/fs.h"

#include <string.h>
#include <sys/utsname.h>

/* Raised when what the steps see changes in a way that the recipes do not show: old artifacts are then no longer used.
 */
#define KEY_FORMAT "wl-key 1"

static void hash_list(struct hash *h, const char *label, const struct strv *l)
{
    for (size_t i = 0; i < l->n; i++)
        hash_field(h, label, l->v[i]);
}

/* Patches and files count by what they hold and what they are called, not by where they lie. */
static int hash_paths(struct hash *h, const char *label, const struct strv *paths, struct wl_err *err)
{
    for (size_t i = 0; i < paths->n; i++) {
        char hex[HASH_HEX_SIZE];
        int r = hash_tree(paths->v[i], hex, err);

        if (r < 0)
            return r;
        hash_field(h, label, path_base(paths->v[i]));
        hash_field(h, "sha256", hex);
    }
    return 0;
}

static int hash_extensions(struct hash *h, const struct recipe *r, struct wl_err *err)
{
    for (size_t i = 0; i < r->extensions_n; i++) {
        const struct recipe_extension *x = &r->extensions[i];

        hash_field(h, "module", x->module);
        hash_field(h, "init", x->init);
        hash_list(h, "flag", &x->flags);
        for (size_t k = 0; k < x->sources.n; k++) {
            WL_CLEANUP_FREE char *path = path_join(r->extensions_dir, x->sources.v[k]);
            char hex[HASH_HEX_SIZE];

            hash_field(h, "module source", x->sources.v[k]);
            if (starts_with(x->sources.v[k], "$SRC/"))
                continue; /* the archives' hashes stand for it */
            if (hash_tree(path, hex, err) < 0)
                return -(int)err->cls;
            hash_field(h, "sha256", hex);
        }
    }
    return 0;
}

/* What is stored has passed the recipe's checks, so another check asks for another artifact. It is made of the same, so
 * nothing that needs it changes. */
static int checked_key(struct node *n, struct wl_err *err)
{
    const struct recipe *r = n->recipe;
    struct hash *h;
    int e;

    memcpy(n->key, n->made, sizeof n->key);
    if (!r->checks_n)
        return 0;
    h = hash_new();
    hash_field(h, "made", n->made);
    for (size_t i = 0; i < r->checks_n; i++) {
        hash_field(h, "check", r->checks[i].name);
        hash_field(h, "run", r->checks[i].run);
    }
    e = hash_paths(h, "check file", &r->check_files, err);
    hash_end(h, n->key);
    return e;
}

static int node_key(const struct plan_options *o, const struct plan *p, struct node *n, struct wl_err *err)
{
    const struct toolchain *t = plan_toolchain(p, n);
    const struct recipe *r = n->recipe;
    struct hash *h = hash_new();
    struct utsname machine;
    int e = 0;

    hash_field(h, "format", KEY_FORMAT);
    hash_field(h, "name", r->name);
    hash_field(h, "version", r->version);
    hash_field(h, "date", r->date);
    hash_field(h, "toolchain", t ? t->identity : "none");
    /* Both the native tools inside an artifact and the paths a wasm build leaves in it differ by machine. */
    if (r->toolchain != TOOLCHAIN_WASI)
        hash_field(h, "machine", uname(&machine) == 0 ? machine.machine : "?");
    hash_field(h, "root", o->sandboxed ? "/wl" : o->cache);
    hash_field(h, "debug", o->debug ? "1" : "");
    for (size_t i = 0; i < r->sources_n; i++) {
        WL_CLEANUP_FREE char *how = xasprintf("%s %d %d", r->sources[i].into ? r->sources[i].into : ".",
                                              r->sources[i].strip, r->sources[i].unpack);
        WL_CLEANUP_FREE char *name = source_file_name(r->sources[i].source.archives[0].urls.v[0]);

        if (n->sources[i].unwanted)
            continue;
        hash_field(h, "source", n->sources[i].sha256);
        hash_field(h, "how", how);
        hash_field(h, "as", r->sources[i].unpack ? NULL : name);
    }
    e = hash_paths(h, "patch", &r->patches, err);
    if (e == 0)
        e = hash_paths(h, "file", &r->files, err);
    hash_list(h, "env", &r->env);
    hash_list(h, "var", &r->vars);
    hash_list(h, "contains", &r->contains);
    if (e == 0)
        e = hash_extensions(h, r, err);
    for (size_t i = 0; i < r->steps_n; i++) {
        hash_field(h, "step", r->steps[i].name);
        hash_field(h, "run", r->steps[i].run);
    }
    for (size_t i = 0; i < n->needs_n; i++)
        if (n->needs[i].kind == NEED_LINK || n->needs[i].kind == NEED_BUILD) {
            hash_field(h, n->needs[i].kind == NEED_LINK ? "link" : "build", p->nodes[n->needs[i].node].recipe->name);
            hash_field(h, "key", p->nodes[n->needs[i].node].made);
        }
    hash_end(h, n->made);
    return e < 0 ? e : checked_key(n, err);
}

int plan_keys(const struct plan_options *o, const struct fetch_options *f, struct plan *p, struct wl_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < p->n; i++) {
        struct node *n = &p->nodes[i];
        char before[HASH_HEX_SIZE];

        for (size_t s = 0; s < n->recipe->sources_n; s++) {
            const struct source *want = &n->recipe->sources[s].source;
            size_t index = 0;

            if (n->sources[s].given)
                continue;
            free(n->sources[s].path);
            n->sources[s].path = NULL;
            if (source_cached(want, f, &n->sources[s].path, &index) != 0)
                index = 0;
            n->sources[s].whole &= n->sources[s].path && !strcmp(n->sources[s].sha256, want->archives[index].sha256);
            memcpy(n->sources[s].sha256, want->archives[index].sha256, HASH_HEX_SIZE);
            n->sources[s].unwanted =
                n->recipe->sources[s].only_with && strcmp(n->recipe->sources[s].only_with, n->sources[0].sha256) != 0;
        }
        memcpy(before, n->key, sizeof before);
        r = node_key(o, p, n, err);
        n->whole &= !strcmp(before, n->key);
    }
    return r;
}
