/* Keys: everything an artifact is made from, as one SHA-256. */
#include "plan/plan.h"

#include "recipe/fields.h"
#include "util/fs.h"

#include <string.h>
#include <sys/utsname.h>

/* Raised when what the steps see changes in a way that the recipes do not show: old artifacts are then no longer used.
 */
#define KEY_FORMAT "wl-key 1"

/* The same for what the tool itself writes into modules (make/note.h). */
#define NOTE_FORMAT "1"

/* A node's key while it is computed. */
struct node_hash {
    const struct plan_options *o;
    const struct plan *p;
    const struct node *n;
    struct hash *h;
    struct wl_err *err;
};

/* Patches and files count by name and content, not by where they are. */
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

static int hash_extensions(struct hash *h, const char *label, const struct recipe *r, struct wl_err *err)
{
    for (size_t i = 0; i < r->extensions_n; i++) {
        const struct recipe_extension *x = &r->extensions[i];

        hash_field(h, label, x->module);
        hash_field(h, "init", x->init);
        hash_fields(h, "flag", &x->flags);
        for (size_t k = 0; k < x->sources.n; k++) {
            WL_CLEANUP_FREE char *path = path_join(r->extensions_dir, x->sources.v[k]);
            char hex[HASH_HEX_SIZE];

            hash_field(h, "module source", x->sources.v[k]);
            if (starts_with(x->sources.v[k], "$SRC/"))
                continue; /* it comes from the archives, whose hashes are part of the key */
            if (hash_tree(path, hex, err) < 0)
                return -(int)err->cls;
            hash_field(h, "sha256", hex);
        }
    }
    return 0;
}

static void hash_steps(struct hash *h, const char *label, const struct recipe_step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hash_field(h, label, steps[i].name);
        hash_field(h, "run", steps[i].run);
    }
}

static void hash_sources(struct hash *h, const char *label, const struct node *n)
{
    for (size_t i = 0; i < n->recipe->sources_n; i++) {
        const struct recipe_source *s = &n->recipe->sources[i];
        WL_CLEANUP_FREE char *how = xasprintf("%s %d %d", s->into ? s->into : ".", s->strip, s->unpack);
        WL_CLEANUP_FREE char *name = source_file_name(s->source.archives[0].urls.v[0]);

        if (n->sources[i].unwanted)
            continue;
        hash_field(h, label, n->sources[i].sha256);
        hash_field(h, "how", how);
        hash_field(h, "as", s->unpack ? NULL : name);
    }
}

/* The compiler, and everything else besides the recipe that decides about the output. */
static void hash_toolchain(const struct node_hash *k, const char *label)
{
    const struct toolchain *t = plan_toolchain(k->p, k->n);
    struct utsname machine;

    hash_field(k->h, label, t ? t->identity : "none");
    /* Both the native tools in an artifact and the paths that a wasm build leaves in it differ by machine. */
    if (k->n->recipe->toolchain != TOOLCHAIN_WASI)
        hash_field(k->h, "machine", uname(&machine) == 0 ? machine.machine : "?");
    hash_field(k->h, "root", k->o->sandboxed ? "/wl" : k->o->cache);
    hash_field(k->h, "debug", k->o->debug ? "1" : "");
}

/* Needs count by the result of their steps; the sysroot, which no recipe names, is one of them. */
static void hash_needs(const struct node_hash *k, const char *label, enum need_kind kind)
{
    for (size_t i = 0; i < k->n->needs_n; i++) {
        const struct node *need = &k->p->nodes[k->n->needs[i].node];

        if (k->n->needs[i].kind != kind)
            continue;
        hash_field(k->h, label, need->recipe->name);
        hash_field(k->h, "key", need->made);
    }
}

/* A value of the recipe. */
static int hash_value(const struct node_hash *k, const struct field *f, const char *label)
{
    const struct recipe *r = k->n->recipe;
    const void *value = field_value(f, r);

    switch (f->kind) {
    case FIELD_META_TEXT:
    case FIELD_META_FLAG:
    case FIELD_SWITCH: /* it is one of vars */
    case FIELD_HASH:
    case FIELD_ARCHIVES:
        break; /* these are in the values that they lead to */
    case FIELD_VERSION:
    case FIELD_DATE:
        hash_field(k->h, label, *(char *const *)value);
        break;
    case FIELD_TEXT: /* so that the keys of other ports stay the same when a key is new */
        hash_field(k->h, label, **(char *const *)value ? *(char *const *)value : NULL);
        break;
    case FIELD_NUMBER:
        if (*(const int *)value) {
            WL_CLEANUP_FREE char *number = xasprintf("%d", *(const int *)value);

            hash_field(k->h, label, number);
        }
        break;
    case FIELD_FLAG:
        if (*(const bool *)value)
            hash_field(k->h, label, "true");
        break;
    case FIELD_TOOLCHAIN:
        hash_toolchain(k, label);
        break;
    case FIELD_VARS:
    case FIELD_LIST:
    case FIELD_CONTENTS:
        hash_fields(k->h, label, value);
        break;
    case FIELD_PATCHES:
    case FIELD_FILES:
        return hash_paths(k->h, label, value, k->err);
    case FIELD_NEEDS:
        hash_needs(k, label, f->need);
        break;
    case FIELD_STEPS:
        hash_steps(k->h, label, *(struct recipe_step *const *)value, *field_count(f, r));
        break;
    case FIELD_SOURCES:
        hash_sources(k->h, label, k->n);
        break;
    case FIELD_EXTENSIONS:
        return hash_extensions(k->h, label, r, k->err);
    }
    return 0;
}

/* What is stored has passed the recipe's checks, so other checks make another key. What the steps make stays the same,
 * and so do the keys of all that needs it. */
static int checked_key(struct node_hash *k, struct node *n)
{
    int r = 0;

    memcpy(n->key, n->made, sizeof n->key);
    if (!n->recipe->checks_n)
        return 0;
    k->h = hash_new();
    hash_field(k->h, "made", n->made);
    FOR_EACH_FIELD (f)
        if (r == 0 && f->checked)
            r = hash_value(k, f, f->checked);
    hash_end(k->h, n->key);
    return r;
}

static int node_key(const struct plan_options *o, const struct plan *p, struct node *n, struct wl_err *err)
{
    struct node_hash k = {.o = o, .p = p, .n = n, .h = hash_new(), .err = err};
    int r = 0;

    hash_field(k.h, "format", KEY_FORMAT);
    hash_field(k.h, "name", n->recipe->name);
    for (size_t i = 0; i < n->recipe->contains.n; i++)
        if (plan_is_program(n->recipe->contains.v[i]))
            hash_field(k.h, "note", NOTE_FORMAT);
    FOR_EACH_FIELD (f)
        if (r == 0 && f->made)
            r = hash_value(&k, f, f->made);
    hash_end(k.h, n->made);
    return r < 0 ? r : checked_key(&k, n);
}

/* So that what a build copies from a checkout is what its key stands for. */
int plan_check_key(const struct plan_options *o, const struct plan *p, size_t node, bool checks, struct wl_err *err)
{
    const struct node *planned = &p->nodes[node];
    struct node now = *planned;
    struct node_hash k = {.o = o, .p = p, .n = &now, .err = err};
    int r = checks ? checked_key(&k, &now) : node_key(o, p, &now, err);

    if (r == 0 && strcmp(checks ? now.key : now.made, checks ? planned->key : planned->made) != 0) {
        wl_err_set(err, WL_E_FAILED, "%s: a file beside its recipe changed after the build was planned",
                   planned->recipe->name);
        return wl_err_hint(err, "build again; the files are patches, and what %s names", planned->recipe->file);
    }
    return r;
}

/* Whether a source is left out because of the archive that the first one comes from. */
static bool is_unwanted(const struct node *n, size_t source)
{
    const char *with = n->recipe->sources[source].only_with;

    return with && strcmp(with, n->sources[0].sha256) != 0;
}

/* The archive that a source is expected to come from, as long as none is in the cache. */
static size_t expected_archive(const struct plan *p, const struct source *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (strv_has(&p->preferred, s->archives[i].sha256))
            return i;
    return 0;
}

int plan_first_keys(const struct plan_options *o, const struct plan *p, char (*keys)[HASH_HEX_SIZE], struct wl_err *err)
{
    struct plan first = *p;
    int r = 0;

    first.nodes = xcalloc(p->n ? p->n : 1, sizeof *first.nodes);
    for (size_t i = 0; i < p->n; i++)
        first.nodes[i] = p->nodes[i];
    for (size_t i = 0; r == 0 && i < p->n; i++) {
        struct node *n = &first.nodes[i];

        n->sources = xcalloc(n->recipe->sources_n ? n->recipe->sources_n : 1, sizeof *n->sources);
        for (size_t s = 0; s < n->recipe->sources_n; s++) {
            n->sources[s] = p->nodes[i].sources[s];
            if (!n->sources[s].given)
                memcpy(n->sources[s].sha256, n->recipe->sources[s].source.archives[0].sha256, HASH_HEX_SIZE);
            n->sources[s].unwanted = is_unwanted(n, s);
        }
        r = node_key(o, &first, n, err);
        memcpy(keys[i], n->key, HASH_HEX_SIZE);
        free(n->sources);
    }
    free(first.nodes);
    return r;
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
                index = expected_archive(p, want);
            n->sources[s].whole &= n->sources[s].path && !strcmp(n->sources[s].sha256, want->archives[index].sha256);
            memcpy(n->sources[s].sha256, want->archives[index].sha256, HASH_HEX_SIZE);
            n->sources[s].unwanted = is_unwanted(n, s);
        }
        memcpy(before, n->key, sizeof before);
        r = node_key(o, p, n, err);
        n->whole &= !strcmp(before, n->key);
    }
    return r;
}
