#include "plan.h"

#include "fs.h"

#include <string.h>
#include <sys/utsname.h>

/* Raised when what the steps see changes in a way that the recipes do not show: old artifacts are then no longer used.
 */
#define KEY_FORMAT "wl-key 1"

/* How deep needs may go: far more than anybody has, and little enough for the stack. */
enum { MAX_DEPTH = 500 };

struct maker {
    const struct plan_options *o;
    struct plan *p;
    struct strv path; /* names of the ports being visited, for the text of a cycle */
    struct wl_err *err;
};

static int visit(struct maker *m, const char *name, size_t *index);

const struct node *plan_find(const struct plan *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->nodes[i].recipe->name, name))
            return &p->nodes[i];
    return NULL;
}

/* at is NULL for the sysroot, which no recipe names. */
static int need_error(const struct recipe *r, const struct recipe_place *at, struct wl_err *err, const char *text)
{
    return at ? recipe_error_at(r, at, err, "%s", text) : recipe_error(r, "toolchain", err, "%s", text);
}

static int cycle_error(struct maker *m, const struct recipe *r, const struct recipe_place *at, const char *name)
{
    WL_CLEANUP_STR struct str text = {0};
    bool inside = false;

    str_add(&text, "a cycle of needs: ");
    for (size_t i = 0; i < m->path.n; i++) {
        inside |= !strcmp(m->path.v[i], name);
        if (inside)
            str_addf(&text, "%s -> ", m->path.v[i]);
    }
    str_add(&text, name);
    return need_error(r, at, m->err, text.s);
}

static int add_need(struct node *n, size_t node, enum need_kind kind)
{
    n->needs = xreallocarray(n->needs, n->needs_n + 1, sizeof *n->needs);
    n->needs[n->needs_n++] = (struct plan_need){node, kind};
    return 0;
}

static int visit_need(struct maker *m, struct node *n, const char *given, const struct recipe_place *at,
                      enum need_kind kind)
{
    WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
    WL_CLEANUP_FREE char *name = NULL;
    size_t index;
    int r = ports_resolve(m->o->roots, given, &name, &why);

    if (r < 0) {
        WL_CLEANUP_FREE char *text = xasprintf("%s needs %s, but %s", n->recipe->name, given, why.text);

        need_error(n->recipe, at, m->err, text);
        return why.hint ? wl_err_hint(m->err, "%s", why.hint) : r;
    }
    if (strv_has(&m->path, name))
        return cycle_error(m, n->recipe, at, name);
    if (m->path.n == MAX_DEPTH) {
        WL_CLEANUP_FREE char *text = xasprintf("more than %d ports that each need the next", MAX_DEPTH);

        return need_error(n->recipe, at, m->err, text);
    }
    r = visit(m, name, &index);
    return r < 0 ? r : add_need(n, index, kind);
}

static int visit_needs(struct maker *m, struct node *n, const struct recipe_needs *needs, enum need_kind kind)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < needs->n; i++)
        r = visit_need(m, n, needs->v[i], &needs->at[i], kind);
    return r;
}

/* Depth first: a node is added after all it needs. */
static int visit(struct maker *m, const char *name, size_t *index)
{
    const struct node *there = plan_find(m->p, name);
    struct node n = {0};
    int r;

    if (there) {
        *index = (size_t)(there - m->p->nodes);
        return 0;
    }
    r = recipe_load(m->o->roots, name, &n.recipe, m->err);
    if (r < 0)
        return r;
    strv_add(&m->path, name);
    r = visit_needs(m, &n, &n.recipe->needs, NEED_LINK);
    if (r == 0)
        r = visit_needs(m, &n, &n.recipe->build_needs, NEED_BUILD);
    /* A port is not there before its checks have passed, so unlike a test's a check's cycle is one. */
    if (r == 0)
        r = visit_needs(m, &n, &n.recipe->check_needs, NEED_CHECK);
    if (r == 0 && n.recipe->toolchain == TOOLCHAIN_WASI && !m->o->sdk_root)
        r = visit_need(m, &n, WL_SYSROOT_PORT, NULL, NEED_BUILD);
    free(m->path.v[--m->path.n]);
    m->path.v[m->path.n] = NULL;
    if (r < 0) {
        free(n.needs);
        recipe_free(n.recipe);
        return r;
    }
    n.sources = xcalloc(n.recipe->sources_n, sizeof *n.sources);
    m->p->nodes = xreallocarray(m->p->nodes, m->p->n + 1, sizeof *m->p->nodes);
    *index = m->p->n;
    m->p->nodes[m->p->n++] = n;
    return 0;
}

int plan_make(const struct plan_options *o, const struct strv *names, struct plan *p, struct wl_err *err)
{
    struct maker m = {.o = o, .p = p, .err = err};
    int r = 0;

    for (size_t i = 0; r == 0 && i < names->n; i++) {
        size_t index;

        r = visit(&m, names->v[i], &index);
        if (r == 0)
            p->nodes[index].root = true;
    }
    /* Afterwards, so that what only tests need never stands in the way of the order: a library's test may need the
     * runner, which may one day need the library. */
    for (size_t i = 0, n = p->n; r == 0 && o->with_tests && i < n; i++) {
        struct node node = p->nodes[i];

        if (!node.root)
            continue;
        r = visit_needs(&m, &node, &node.recipe->test_needs, NEED_TEST);
        p->nodes[i] = node;
    }
    strv_free(&m.path);
    return r;
}

int plan_find_toolchains(const struct plan_options *o, struct plan *p, struct wl_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < p->n; i++) {
        const struct recipe *recipe = p->nodes[i].recipe;

        if (recipe->toolchain == TOOLCHAIN_WASI && !p->wasi.identity)
            r = toolchain_find_wasi(o->sdk_root, o->cache, &p->wasi, err);
        else if (recipe->toolchain == TOOLCHAIN_NATIVE && !p->native.identity)
            r = toolchain_find_native(o->cache, &p->native, err);
        if (r == 0 && recipe->toolchain == TOOLCHAIN_WASI)
            r = toolchain_check(&p->wasi, recipe, err);
    }
    return r;
}

static bool same_first_source(const struct recipe *a, const struct recipe *b)
{
    return a->sources_n && b->sources_n &&
           !strcmp(a->sources[0].source.archives[0].sha256, b->sources[0].source.archives[0].sha256);
}

/* A flavour is made of the port whose source it is. */
static struct recipe *made_of(const struct plan *p, const char *port)
{
    while (plan_find(p, port)->recipe->flavour_of)
        port = plan_find(p, port)->recipe->flavour_of;
    return plan_find(p, port)->recipe;
}

int plan_use_source(struct plan *p, const char *port, const char *file, struct wl_err *err)
{
    const struct recipe *of;
    WL_CLEANUP_FREE char *path = path_absolute(file);
    char hex[HASH_HEX_SIZE];
    int r = hash_file(path, hex, err);

    if (r < 0) {
        err->cls = WL_E_FETCH;
        return wl_err_hint(err, "--source takes the archive of the port's first source");
    }
    of = made_of(p, port);
    port = of->name;
    if (!of->sources_n) {
        wl_err_set(err, WL_E_USAGE, "%s has no source that --source could stand for", port);
        return wl_err_hint(err, "wl-make info shows a port's sources");
    }
    for (size_t i = 0; i < p->n; i++) {
        struct node *n = &p->nodes[i];

        if (!same_first_source(n->recipe, of))
            continue;
        free(n->sources[0].path);
        n->sources[0].path = xstrdup(path);
        n->sources[0].given = true;
        memcpy(n->sources[0].sha256, hex, sizeof hex);
    }
    return 0;
}

int plan_use_profile(struct plan *p, const char *port, const char *file, struct wl_err *err)
{
    static const char name[] = "profile=";
    struct recipe *r = made_of(p, port);
    WL_CLEANUP_FREE char *path = strcmp(file, "none") != 0 ? path_absolute(file) : NULL, *had = NULL;
    char hex[HASH_HEX_SIZE];
    size_t i = 0;

    if (path && hash_file(path, hex, err) < 0) {
        err->cls = WL_E_USAGE;
        return wl_err_hint(err, "--profile takes a file that wl-make profile wrote, or none");
    }
    while (i < r->vars.n && !starts_with(r->vars.v[i], name))
        i++;
    if (i == r->vars.n) {
        wl_err_set(err, WL_E_USAGE, "%s is not compiled with a profile", r->name);
        return wl_err_hint(err, "--profile is for ports whose recipe has a variable 'profile'");
    }
    had = xstrdup(r->vars.v[i] + strlen(name));
    free(r->vars.v[i]);
    r->vars.v[i] = xasprintf("%s%s", name, path ? path_base(path) : "");
    for (i = 0; i < r->files.n; i++) {
        const char *base = path_base(r->files.v[i]);

        if (*had && !strcmp(base, had)) {
            free(r->files.v[i]);
            memmove(&r->files.v[i], &r->files.v[i + 1], (r->files.n-- - i) * sizeof *r->files.v);
            i--;
        } else if (path && !strcmp(base, path_base(path))) {
            wl_err_set(err, WL_E_USAGE, "%s would lie over a file of %s that is called so", file, r->name);
            return wl_err_hint(err, "give the profile another name");
        }
    }
    if (path)
        strv_add(&r->files, path);
    return 0;
}

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

static void want(struct plan *p, size_t i, bool *seen)
{
    struct node *n = &p->nodes[i];

    if (seen[i])
        return;
    seen[i] = true;
    n->build = !n->stored;
    for (size_t k = 0; k < n->needs_n; k++)
        if (n->build || n->needs[k].kind == NEED_LINK || n->needs[k].kind == NEED_TEST)
            want(p, n->needs[k].node, seen);
}

void plan_mark(struct plan *p, bool (*has)(void *data, const char *key), void *data)
{
    bool *seen = xcalloc(p->n, sizeof *seen);

    for (size_t i = 0; i < p->n; i++) {
        p->nodes[i].stored = has(data, p->nodes[i].key);
        p->nodes[i].build = false;
    }
    for (size_t i = 0; i < p->n; i++)
        if (p->nodes[i].root)
            want(p, i, seen);
    free(seen);
}

void plan_link_closure(const struct plan *p, size_t node, bool *in)
{
    const struct node *n = &p->nodes[node];

    for (size_t k = 0; k < n->needs_n; k++)
        if (n->needs[k].kind == NEED_LINK && !in[n->needs[k].node]) {
            in[n->needs[k].node] = true;
            plan_link_closure(p, n->needs[k].node, in);
        }
}

const struct toolchain *plan_toolchain(const struct plan *p, const struct node *n)
{
    switch (n->recipe->toolchain) {
    case TOOLCHAIN_WASI:
        return &p->wasi;
    case TOOLCHAIN_NATIVE:
        return &p->native;
    case TOOLCHAIN_NONE:
        break;
    }
    return NULL;
}

void plan_free(struct plan *p)
{
    for (size_t i = 0; i < p->n; i++) {
        struct node *n = &p->nodes[i];

        for (size_t s = 0; s < n->recipe->sources_n; s++)
            free(n->sources[s].path);
        free(n->sources);
        free(n->needs);
        recipe_free(n->recipe);
    }
    free(p->nodes);
    toolchain_free(&p->wasi);
    toolchain_free(&p->native);
    *p = (struct plan){0};
}
