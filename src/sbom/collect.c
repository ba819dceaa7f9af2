#include "sbom/sbom.h"

#include "pack/licenses.h"
#include "recipe/recipe.h"
#include "util/fs.h"

#include <string.h>
#include <time.h>

void sbom_free(struct sbom *s)
{
    for (size_t i = 0; i < s->parts_n; i++) {
        struct sbom_part *x = &s->parts[i];

        for (size_t k = 0; k < x->sources_n; k++) {
            free(x->sources[k].file);
            free(x->sources[k].from);
        }
        for (size_t k = 0; k < x->patches_n; k++) {
            free(x->patches[k].name);
            free(x->patches[k].path);
        }
        free(x->sources);
        free(x->patches);
        free(x->port);
        free(x->name);
        free(x->version);
        free(x->recipe_version);
        free(x->license);
        free(x->homepage);
        free(x->purl);
        free(x->cpe);
        free(x->toolchain);
        strv_free(&x->addresses);
        strv_free(&x->contains);
        strv_free(&x->tools);
    }
    for (size_t i = 0; i < s->files_n; i++)
        free(s->files[i].name);
    free(s->parts);
    free(s->files);
    free(s->name);
    free(s->version);
    free(s->created);
    free(s->uuid);
    strv_free(&s->options);
    *s = (struct sbom){0};
}

/* --- one port --- */

static void add_source(struct sbom_part *x, const char *file, const char *sha256, const char *from)
{
    struct sbom_source *s;

    x->sources = xreallocarray(x->sources, x->sources_n + 1, sizeof *x->sources);
    s = &x->sources[x->sources_n++];
    *s = (struct sbom_source){.file = xstrdup(file), .from = from ? hide_logins(from) : NULL};
    memcpy(s->sha256, sha256, HASH_HEX_SIZE);
}

/* The sources as the artifact was built from them; otherwise as they would be fetched first. */
static void add_sources(const struct make_options *o, const struct node *n, struct sbom_part *x)
{
    WL_CLEANUP_FREE char *entry = store_entry(o->store, n->key), *file = path_join(entry, STORE_MANIFEST);
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_MANIFEST struct manifest m = {0};

    if (store_has(o->store, n->key) && manifest_read(file, &m, &ignored) == 0) {
        for (size_t i = 0; i < m.sources_n; i++)
            add_source(x, m.sources[i].file, m.sources[i].sha256, m.sources[i].from);
        x->toolchain = xstrdup(m.toolchain);
        return;
    }
    x->toolchain = xstrdup("");
    for (size_t i = 0; i < n->recipe->sources_n; i++) {
        const struct source_archive *a = &n->recipe->sources[i].source.archives[0];

        if (!n->sources[i].unwanted) {
            WL_CLEANUP_FREE char *name = source_file_name(a->urls.v[0]);

            add_source(x, name, n->sources[i].sha256, a->urls.v[0]);
        }
    }
}

static int add_patches(const struct recipe *r, struct sbom_part *x, struct wl_err *err)
{
    int e = 0;

    for (size_t i = 0; e == 0 && i < r->patches.n; i++) {
        struct sbom_patch *p;

        x->patches = xreallocarray(x->patches, x->patches_n + 1, sizeof *x->patches);
        p = &x->patches[x->patches_n++];
        *p = (struct sbom_patch){.name = xstrdup(path_base(r->patches.v[i])), .path = xstrdup(r->patches.v[i])};
        e = hash_file(r->patches.v[i], p->sha256, err);
        if (e == 0)
            e = hash_file_sha1(r->patches.v[i], p->sha1, err);
    }
    return e;
}

/* The address of the first source: the one that served it, or the first one of the same archive. */
static const char *first_address(const struct node *n, const struct sbom_part *x)
{
    const struct source *s = n->recipe->sources_n ? &n->recipe->sources[0].source : NULL;

    if (!x->sources_n || x->sources[0].from)
        return x->sources_n ? x->sources[0].from : NULL;
    for (size_t k = 0; s && k < s->n; k++)
        if (!strcasecmp(s->archives[k].sha256, x->sources[0].sha256) && s->archives[k].urls.n)
            return s->archives[k].urls.v[0];
    return NULL;
}

/* "zlib" for libs/zlib, "python" for python/v3.13.5, "python/single" for python/single/v3.13.5. */
static char *plain_name(const char *port)
{
    const char *base = path_base(port);

    if (base != port && *base == 'v' && base[1] >= '0' && base[1] <= '9')
        return xstrndup(port, (size_t)(base - port) - 1);
    return xstrdup(base);
}

/* "VENDOR:PRODUCT", without the escapes that CPE has for other characters. */
static int check_cpe(const struct recipe *r, struct wl_err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-+";
    size_t vendor = strspn(r->cpe, letters), n = vendor;

    if (r->cpe[vendor] == ':')
        n += 1 + strspn(r->cpe + vendor + 1, letters);
    if (!*r->cpe || (vendor && r->cpe[vendor] == ':' && n > vendor + 1 && !r->cpe[n]))
        return 0;
    return recipe_error(r, "cpe", err, "cpe: \"%s\" is not VENDOR:PRODUCT, as in zlib:zlib", r->cpe);
}

static int add_part(const struct make_options *o, const struct plan *p, size_t node, const bool *content,
                    struct sbom *s, struct wl_err *err)
{
    const struct node *n = &p->nodes[node];
    const struct recipe *r = n->recipe;
    struct sbom_part *x;

    s->parts = xreallocarray(s->parts, s->parts_n + 1, sizeof *s->parts);
    x = &s->parts[s->parts_n++];
    *x = (struct sbom_part){.port = xstrdup(r->name),
                            .name = plain_name(r->name),
                            .recipe_version = xstrdup(r->version),
                            .license = xstrdup(*r->license ? r->license : "NOASSERTION"),
                            .homepage = xstrdup(r->homepage),
                            .contained = content[node]};
    memcpy(x->key, n->key, sizeof x->key);
    add_sources(o, n, x);
    x->version = served_version(r->version, first_address(n, x));
    x->purl = sbom_purl(x->sources_n ? x->sources[0].from : NULL, x->name, x->version);
    x->cpe = *r->cpe ? sbom_cpe(r->cpe, x->version) : NULL;
    strv_add(&x->addresses, x->homepage);
    for (size_t i = 0; i < r->sources_n; i++)
        for (size_t k = 0; k < r->sources[i].source.n; k++)
            strv_addv(&x->addresses, &r->sources[i].source.archives[k].urls);
    for (size_t k = 0; k < n->needs_n; k++) {
        const struct recipe *need = p->nodes[n->needs[k].node].recipe;

        if (n->needs[k].kind == NEED_LINK || (n->needs[k].kind == NEED_BUILD && !need->tool))
            strv_add_once(&x->contains, need->name);
        else if (n->needs[k].kind == NEED_BUILD)
            strv_add_once(&x->tools, need->name);
    }
    return check_cpe(r, err) < 0 ? -(int)err->cls : add_patches(r, x, err);
}

/* --- the whole --- */

/* Marks what was used to make the roots, too. (A need comes before what needs it.) */
static void mark_used(const struct plan *p, bool *used)
{
    for (size_t i = p->n; i-- > 0;)
        for (size_t k = 0; used[i] && k < p->nodes[i].needs_n; k++)
            if (p->nodes[i].needs[k].kind == NEED_LINK || p->nodes[i].needs[k].kind == NEED_BUILD)
                used[p->nodes[i].needs[k].node] = true;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct sbom_part *)a)->port, ((const struct sbom_part *)b)->port);
}

/* A UUID of the kind for other methods (8, RFC 9562), from a hash. */
static char *uuid_of(const char *hex)
{
    return xasprintf("%.8s-%.4s-8%.3s-a%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15, hex + 18);
}

static void name_whole(const struct plan *p, const struct strv *roots, struct sbom *s)
{
    struct hash *h = hash_new();
    char hex[HASH_HEX_SIZE];
    long long newest = 0;
    struct str name = {0};
    struct tm tm;
    time_t t;

    for (size_t i = 0; i < roots->n; i++) {
        const struct node *n = plan_find(p, roots->v[i]);

        str_addf(&name, "%s%s", i ? " " : "", roots->v[i]);
        hash_field(h, "key", n->key);
        if (recipe_epoch(n->recipe->date) > newest)
            newest = recipe_epoch(n->recipe->date);
        if (i == 0)
            s->version = xstrdup(n->recipe->version);
    }
    hash_end(h, hex);
    s->name = str_take(&name);
    s->uuid = uuid_of(hex);
    t = (time_t)newest;
    gmtime_r(&t, &tm);
    s->created = xasprintf("%04d-%02d-%02dT00:00:00Z", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

int sbom_collect(const struct make_options *o, const struct plan *p, const struct strv *roots, struct sbom *s,
                 struct wl_err *err)
{
    bool *content = xcalloc(p->n ? p->n : 1, sizeof *content), *used = xcalloc(p->n ? p->n : 1, sizeof *used);
    int r = 0;

    plan_content(p, roots, content);
    for (size_t i = 0; i < p->n; i++)
        used[i] = content[i];
    mark_used(p, used);
    for (size_t i = 0; r == 0 && i < p->n; i++)
        if (used[i]) {
            r = add_part(o, p, i, content, s, err);
            s->parts[s->parts_n - 1].root = strv_has(roots, p->nodes[i].recipe->name);
        }
    if (s->parts_n)
        qsort(s->parts, s->parts_n, sizeof *s->parts, compare);
    name_whole(p, roots, s);
    strv_addf(&s->options, "debug=%s", o->plan.debug ? "true" : "false");
    strv_addf(&s->options, "sandbox=%s", o->plan.sandboxed ? "true" : "false");
    free(content);
    free(used);
    return r;
}

int sbom_add_file(struct sbom *s, const char *file, const char *name, struct wl_err *err)
{
    struct sbom_file *f;
    int r;

    s->files = xreallocarray(s->files, s->files_n + 1, sizeof *s->files);
    f = &s->files[s->files_n++];
    *f = (struct sbom_file){.name = xstrdup(name)};
    r = hash_file(file, f->sha256, err);
    return r < 0 ? r : hash_file_sha1(file, f->sha1, err);
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct sbom_file *)a)->name, ((const struct sbom_file *)b)->name);
}

int sbom_add_artifact(struct sbom *s, const struct make_options *o, const struct node *n, struct wl_err *err)
{
    WL_CLEANUP_FREE char *entry = store_entry(o->store, n->key), *file = path_join(entry, STORE_MANIFEST),
                         *tree = store_path(o->store, n->key);
    WL_CLEANUP_MANIFEST struct manifest m = {0};
    int r = manifest_read(file, &m, err);

    for (size_t i = 0; r == 0 && i < m.files_n; i++) {
        WL_CLEANUP_FREE char *path = path_join(tree, m.files[i].path);

        if (m.files[i].type == MANIFEST_FILE && utf8_valid(m.files[i].path, strlen(m.files[i].path)))
            r = sbom_add_file(s, path, m.files[i].path, err);
    }
    if (s->files_n)
        qsort(s->files, s->files_n, sizeof *s->files, compare_files);
    return r;
}

static bool is_text(const char *s)
{
    return !s || utf8_valid(s, strlen(s));
}

static bool are_texts(const struct strv *list)
{
    bool good = true;

    for (size_t i = 0; i < list->n; i++)
        good &= is_text(list->v[i]);
    return good;
}

static bool is_text_part(const struct sbom_part *x)
{
    const char *const texts[] = {x->port,     x->name, x->version, x->recipe_version, x->license,
                                 x->homepage, x->purl, x->cpe,     x->toolchain};
    bool good = are_texts(&x->contains) && are_texts(&x->tools);

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        good &= is_text(texts[i]);
    for (size_t i = 0; i < x->sources_n; i++)
        good &= is_text(x->sources[i].file) && is_text(x->sources[i].from);
    for (size_t i = 0; i < x->patches_n; i++)
        good &= is_text(x->patches[i].name);
    return good;
}

/* JSON has only UTF-8, and jansson leaves out what it cannot write: a list that lacks something would look whole. */
static int check_texts(const struct sbom *s, struct wl_err *err)
{
    const char *bad = is_text(s->name) && is_text(s->version) && are_texts(&s->options) ? NULL : s->name;

    for (size_t i = 0; !bad && i < s->parts_n; i++)
        bad = is_text_part(&s->parts[i]) ? NULL : s->parts[i].port;
    for (size_t i = 0; !bad && i < s->files_n; i++)
        bad = is_text(s->files[i].name) ? NULL : s->files[i].name;
    return bad ? wl_err_set(err, WL_E_FAILED, "%s: a name in it is not UTF-8, so it cannot be written as JSON", bad)
               : 0;
}

int sbom_text(const struct sbom *s, enum sbom_format format, char **text, struct wl_err *err)
{
    json_t *root;
    char *json;
    int r = check_texts(s, err);

    *text = NULL;
    if (r < 0)
        return r;
    root = format == SBOM_SPDX ? sbom_spdx(s) : format == SBOM_CYCLONEDX ? sbom_cyclonedx(s) : sbom_slsa(s);
    json = json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    *text = json ? xasprintf("%s\n", json) : NULL;
    free(json);
    return *text ? 0 : wl_err_set(err, WL_E_FAILED, "%s: it cannot be written as JSON", s->name);
}
