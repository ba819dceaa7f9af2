#include "plan/plan.h"

#include "recipe/fields.h"
#include "recipe/known_ports.h"
#include "util/fs.h"

#include <string.h>

/* How deep needs may go: far deeper than in any real recipe, and not too deep for the stack. */
enum { MAX_DEPTH = 500 };

/* A plan while ports are added to it. */
struct plan_builder {
    const struct plan_options *o;
    struct plan *p;
    struct strv path; /* the ports being visited, each a need of the one before, to find cycles */
    struct wl_err *err;
};

static int visit(struct plan_builder *b, const char *name, size_t *index);

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

static int cycle_error(struct plan_builder *b, const struct recipe *r, const struct recipe_place *at, const char *name)
{
    WL_CLEANUP_STR struct str text = {0};
    bool inside = false;

    str_add(&text, "a cycle of needs: ");
    for (size_t i = 0; i < b->path.n; i++) {
        inside |= !strcmp(b->path.v[i], name);
        if (inside)
            str_addf(&text, "%s -> ", b->path.v[i]);
    }
    str_add(&text, name);
    return need_error(r, at, b->err, text.s);
}

static int add_need(struct node *n, size_t node, enum need_kind kind)
{
    n->needs = xreallocarray(n->needs, n->needs_n + 1, sizeof *n->needs);
    n->needs[n->needs_n++] = (struct plan_need){node, kind};
    return 0;
}

static int visit_need(struct plan_builder *b, struct node *n, const char *given, const struct recipe_place *at,
                      enum need_kind kind)
{
    WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
    WL_CLEANUP_FREE char *name = NULL;
    size_t index;
    int r = ports_resolve(b->o->roots, given, &name, &why);

    if (r < 0) {
        WL_CLEANUP_FREE char *text = xasprintf("%s needs %s, but %s", n->recipe->name, given, why.text);

        need_error(n->recipe, at, b->err, text);
        return why.hint ? wl_err_hint(b->err, "%s", why.hint) : r;
    }
    if (strv_has(&b->path, name))
        return cycle_error(b, n->recipe, at, name);
    if (b->path.n == MAX_DEPTH) {
        WL_CLEANUP_FREE char *text = xasprintf("more than %d ports that each need the next", MAX_DEPTH);

        return need_error(n->recipe, at, b->err, text);
    }
    r = visit(b, name, &index);
    return r < 0 ? r : add_need(n, index, kind);
}

static int visit_needs(struct plan_builder *b, struct node *n, const struct recipe_needs *needs, enum need_kind kind)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < needs->n; i++)
        r = visit_need(b, n, needs->v[i], &needs->at[i], kind);
    return r;
}

/* Needs of checks and others, or those of tests. A port does not exist before its checks have passed, so a cycle
 * through their needs is an error; a cycle through needs of tests is not. */
static int visit_recipe(struct plan_builder *b, struct node *n, bool tests)
{
    int r = 0;

    FOR_EACH_FIELD (f)
        if (r == 0 && f->kind == FIELD_NEEDS && (f->need == NEED_TEST) == tests)
            r = visit_needs(b, n, field_value(f, n->recipe), f->need);
    return r;
}

/* Depth first: a node is added after all that it needs. */
static int visit(struct plan_builder *b, const char *name, size_t *index)
{
    const struct node *visited = plan_find(b->p, name);
    struct node n = {0};
    int r;

    if (visited) {
        *index = (size_t)(visited - b->p->nodes);
        return 0;
    }
    r = recipe_load(b->o->roots, name, &n.recipe, b->err);
    if (r < 0)
        return r;
    strv_add(&b->path, name);
    r = visit_recipe(b, &n, false);
    if (r == 0 && n.recipe->toolchain == TOOLCHAIN_WASI && !b->o->sdk_root)
        r = visit_need(b, &n, SYSROOT_PORT, NULL, NEED_BUILD);
    free(b->path.v[--b->path.n]);
    b->path.v[b->path.n] = NULL;
    if (r < 0) {
        free(n.needs);
        recipe_free(n.recipe);
        return r;
    }
    n.sources = xcalloc(n.recipe->sources_n, sizeof *n.sources);
    b->p->nodes = xreallocarray(b->p->nodes, b->p->n + 1, sizeof *b->p->nodes);
    *index = b->p->n;
    b->p->nodes[b->p->n++] = n;
    return 0;
}

int plan_make(const struct plan_options *o, const struct strv *names, struct plan *p, struct wl_err *err)
{
    struct plan_builder b = {.o = o, .p = p, .err = err};
    int r = 0;

    for (size_t i = 0; r == 0 && i < names->n; i++) {
        size_t index;

        r = visit(&b, names->v[i], &index);
        if (r == 0)
            p->nodes[index].root = true;
    }
    /* Needs of tests come last, so that they never affect the order: a library's test may need the runner, which may
     * need the library one day. */
    for (size_t i = 0, n = p->n; r == 0 && o->with_tests && i < n; i++) {
        struct node node = p->nodes[i];

        if (!node.root)
            continue;
        r = visit_recipe(&b, &node, true);
        p->nodes[i] = node;
    }
    strv_free(&b.path);
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
        else if (recipe->toolchain == TOOLCHAIN_CLANG && !p->clang.identity)
            r = toolchain_find_clang(o->cache, &p->clang, err);
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

/* A flavour is made of the port whose source it is. NULL: the plan does not contain it. */
static struct recipe *made_of(const struct plan *p, const char *port)
{
    const struct node *n = plan_find(p, port);

    while (n && n->recipe->flavour_of)
        n = plan_find(p, n->recipe->flavour_of);
    return n ? n->recipe : NULL;
}

static int not_planned(struct wl_err *err, const char *port, const char *option)
{
    wl_err_set(err, WL_E_USAGE, "%s is not built here, so %s cannot stand for a part of it", port, option);
    return wl_err_hint(err, "give %s with the name of a port that is built", option);
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
    if (!of)
        return not_planned(err, port, "--source");
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

    if (!r)
        return not_planned(err, port, "--profile");
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

static void want(struct plan *p, size_t i, bool *seen)
{
    struct node *n = &p->nodes[i];

    if (seen[i])
        return;
    seen[i] = true;
    n->build = !n->stored;
    for (size_t k = 0; k < n->needs_n; k++)
        if ((n->build && !n->unasked) || n->needs[k].kind == NEED_LINK || n->needs[k].kind == NEED_TEST)
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

void plan_reads(const struct plan *p, size_t node, unsigned kinds, bool *in)
{
    const struct node *n = &p->nodes[node];

    plan_link_closure(p, node, in);
    for (size_t k = 0; k < n->needs_n; k++)
        if (kinds & 1u << n->needs[k].kind)
            in[n->needs[k].node] = true;
}

void plan_content(const struct plan *p, const struct strv *roots, bool *in)
{
    for (size_t i = p->n; i-- > 0;) {
        const struct node *n = &p->nodes[i];

        in[i] |= strv_has(roots, n->recipe->name);
        for (size_t k = 0; in[i] && k < n->needs_n; k++) {
            const struct plan_need *need = &n->needs[k];

            if ((need->kind == NEED_LINK || need->kind == NEED_BUILD) && !p->nodes[need->node].recipe->tool)
                in[need->node] = true;
        }
    }
}

bool plan_is_program(const char *path)
{
    return starts_with(path, "bin/") && ends_with(path, ".wasm");
}

char *plan_version(const struct node *n)
{
    const struct source *s = n->recipe->sources_n ? &n->recipe->sources[0].source : NULL;

    for (size_t k = 0; s && k < s->n; k++)
        if (!strcmp(s->archives[k].sha256, n->sources[0].sha256) && s->archives[k].urls.n)
            return served_version(n->recipe->version, s->archives[k].urls.v[0]);
    return xstrdup(n->recipe->version);
}

const struct toolchain *plan_toolchain(const struct plan *p, const struct node *n)
{
    switch (n->recipe->toolchain) {
    case TOOLCHAIN_WASI:
        return &p->wasi;
    case TOOLCHAIN_NATIVE:
        return &p->native;
    case TOOLCHAIN_CLANG:
        return &p->clang;
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
    strv_free(&p->preferred);
    toolchain_free(&p->wasi);
    toolchain_free(&p->native);
    toolchain_free(&p->clang);
    *p = (struct plan){0};
}
