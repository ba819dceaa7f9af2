#include "pack/licenses.h"

#include "pack/tool.h"
#include "recipe/expand.h"
#include "recipe/known_ports.h"
#include "util/fs.h"
#include "util/unpack.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>

/* In `license-files`: the archive itself, for licences that ask for the source. */
#define WHOLE_SOURCE "source"
/* Between names of which one exists, because a source may be one of several archives. */
#define OR " or "

/* What pip writes for each package. */
#define DIST_INFO ".dist-info"

enum { MOST_TEXT = 16 << 20 };

/* --- which ports --- */

static struct node *node_of(struct plan *p, const char *port)
{
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->nodes[i].recipe->name, port))
            return &p->nodes[i];
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int licenses_ports(const struct plan *p, const struct strv *roots, struct strv *ports, struct wl_err *err)
{
    bool *in = xcalloc(p->n ? p->n : 1, sizeof *in);
    int r = 0;

    plan_content(p, roots, in);
    for (size_t i = 0; r == 0 && i < p->n; i++) {
        const struct recipe *recipe = p->nodes[i].recipe;

        if (!in[i] || starts_with(recipe->name, WHEELS_KIND "/"))
            continue;
        strv_add(ports, recipe->name);
        if (recipe->license_files.n)
            continue;
        wl_err_set(err, WL_E_RECIPE, "%s: there are no 'license-files', but what is given away contains %s",
                   recipe->file, recipe->name);
        r = wl_err_hint(err, "name the files with its licence, or say 'tool: true' if nothing of it is in what is made "
                             "with it; see docs/recipes.md");
    }
    free(in);
    if (ports->n)
        qsort(ports->v, ports->n, sizeof *ports->v, compare);
    return r;
}

/* --- the licences of one port --- */

struct collecting {
    const struct make_options *o;
    const struct node *n;
};

static int find_key(const struct make_options *o, const struct node *n, char key[HASH_HEX_SIZE], struct wl_err *err)
{
    struct hash *h = hash_new();
    int r = 0;

    hash_field(h, "licenses", "2");
    for (size_t i = 0; i < n->recipe->sources_n; i++)
        hash_field(h, "source", n->sources[i].unwanted ? NULL : n->sources[i].sha256);
    for (size_t i = 0; r == 0 && i < n->recipe->license_files.n; i++) {
        const char *name = n->recipe->license_files.v[i];
        WL_CLEANUP_FREE char *own = xasprintf("%s%s", o->plan.roots->repo, name);
        char hex[HASH_HEX_SIZE];

        hash_field(h, "file", name);
        if (*name != '/')
            continue;
        r = hash_file(own, hex, err);
        hash_field(h, "is", r == 0 ? hex : NULL);
    }
    hash_end(h, key);
    return r;
}

/* Copies one file to its place in the stage. */
static int keep(const char *from, const char *stage, const char *name, struct wl_err *err)
{
    WL_CLEANUP_FREE char *to = path_join(stage, name), *dir = path_dir(to);
    int r = make_dirs(dir, err);

    return r < 0 ? r : file_copy(from, to, 0644, err);
}

/* Copies the files that match a pattern, and counts them. A link is left out: it could lead anywhere. */
static int keep_matching(const char *src, const char *pattern, const char *stage, size_t *found, struct wl_err *err)
{
    WL_CLEANUP_FREE char *whole = path_join(src, pattern);
    glob_t g;
    int r = 0;

    if (glob(whole, GLOB_NOSORT, NULL, &g) != 0)
        return 0;
    for (size_t i = 0; r == 0 && i < g.gl_pathc; i++) {
        struct stat st;

        if (lstat(g.gl_pathv[i], &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        ++*found;
        r = keep(g.gl_pathv[i], stage, g.gl_pathv[i] + strlen(src) + 1, err);
    }
    globfree(&g);
    return r;
}

/* Collects what one entry of `license-files` names. */
static int collect(const struct collecting *c, const char *entry, const char *src, const char *stage,
                   struct wl_err *err)
{
    const struct recipe *recipe = c->n->recipe;
    WL_CLEANUP_FREE char *own = *entry == '/' ? xasprintf("%s%s", c->o->plan.roots->repo, entry) : NULL;
    size_t found = 0;
    int r = 0;

    if (own) {
        WL_CLEANUP_FREE char *name = xasprintf("wl-make-%s", path_base(entry));

        return keep(own, stage, name, err);
    }
    if (!strcmp(entry, WHOLE_SOURCE)) {
        for (size_t i = 0; r == 0 && i < recipe->sources_n; i++)
            if (!c->n->sources[i].unwanted)
                r = keep(c->n->sources[i].path, stage, path_base(c->n->sources[i].path), err);
        return r;
    }
    while (r == 0 && entry && !found) {
        const char *next = strstr(entry, OR);
        WL_CLEANUP_FREE char *pattern = next ? xstrndup(entry, (size_t)(next - entry)) : xstrdup(entry);

        if (!is_inner_path(pattern))
            return wl_err_set(err, WL_E_RECIPE, "%s: license-files: \"%s\" leads out of the sources", recipe->file,
                              pattern);
        r = keep_matching(src, pattern, stage, &found, err);
        entry = next ? next + strlen(OR) : NULL;
    }
    if (r == 0 && !found)
        r = wl_err_set(err, WL_E_RECIPE, "%s: license-files: the sources of %s have none of these files", recipe->file,
                       recipe->name);
    return r;
}

/* Unpacks the sources, even those that the steps get as they are: an archive may have the licence. */
static int unpack(const struct collecting *c, const char *src, struct wl_err *err)
{
    int r = make_unpack(c->o, c->n, src, err);

    for (size_t i = 0; r == 0 && i < c->n->recipe->sources_n; i++) {
        const struct recipe_source *s = &c->n->recipe->sources[i];
        WL_CLEANUP_ERR struct wl_err none = WL_ERR_INIT;

        if (s->unpack || c->n->sources[i].unwanted)
            continue;
        r = archive_unpack(c->n->sources[i].path, src, s->strip, c->o->cancel, &none);
        if (r == -WL_E_VERIFY)
            r = 0; /* it is none */
        else if (r < 0)
            r = wl_err_set(err, none.cls, "%s", none.text);
    }
    return r;
}

static int fill(void *data, struct store_work *w, struct manifest *made, struct wl_err *err)
{
    const struct collecting *c = data;
    const struct recipe *recipe = c->n->recipe;
    WL_CLEANUP_FREE char *src = path_join(w->dir, "src"), *stage = store_stage(w);
    int r = make_dirs(src, err);

    if (r == 0)
        r = make_dirs(stage, err);
    if (r == 0)
        r = unpack(c, src, err);
    for (size_t i = 0; r == 0 && i < recipe->license_files.n; i++)
        r = collect(c, recipe->license_files.v[i], src, stage, err);
    made->kind = xstrdup("licenses");
    made->name = xstrdup(recipe->name);
    made->version = xstrdup(recipe->version);
    made->license = xstrdup(recipe->license);
    for (size_t i = 0; i < recipe->sources_n; i++)
        if (!c->n->sources[i].unwanted)
            manifest_add_source(made, path_base(c->n->sources[i].path), c->n->sources[i].sha256, NULL);
    return r;
}

/* *dir is the directory with the files, which the caller frees. */
static int collect_port(const struct make_options *o, struct node *n, char **dir, struct wl_err *err)
{
    WL_CLEANUP_FREE char *name = xasprintf("licences of %s", n->recipe->name);
    struct collecting c = {o, n};
    char key[HASH_HEX_SIZE];
    int r = find_key(o, n, key, err);

    /* (If a source is no longer offered, its successor has another hash.) */
    if (r == 0)
        r = artifact_check(o, name, key, err);
    if (r == 0) {
        r = make_fetch_node(o, n, err);
        if (r == 0)
            r = find_key(o, n, key, err);
        if (r == 0)
            r = tool_make(o, name, key, fill, &c, err);
    }
    if (r >= 0)
        *dir = store_path(o->store, key);
    return r < 0 ? r : 0;
}

int licenses_add(const struct make_options *o, struct plan *p, const struct strv *ports, struct parcel *b,
                 struct wl_err *err)
{
    WL_CLEANUP_STR struct str table = {0};
    int r = 0;

    str_add(&table,
            "What is in here, and under which licence (as an SPDX expression). The licences are in the directories,\n"
            "as they are in the sources. Runtime code that compilers add (compiler-rt of LLVM, libgcc) has licences\n"
            "with an exception for that, which ask for no notice.\n\n");
    for (size_t i = 0; r == 0 && i < ports->n; i++) {
        struct node *n = node_of(p, ports->v[i]);
        WL_CLEANUP_FREE char *dir = NULL;

        if (!n) {
            r = wl_err_set(err, WL_E_RECIPE, "%s is not in the plan, so its licence cannot be shown", ports->v[i]);
            break;
        }
        r = collect_port(o, n, &dir, err);
        if (r < 0)
            break;
        str_addf(&table, "%s %s: %s%s%s\n", ports->v[i], n->recipe->version, n->recipe->license,
                 *n->recipe->homepage ? "; " : "", n->recipe->homepage);
        r = parcel_tree(b, ports->v[i], dir, err);
    }
    if (r == 0)
        parcel_text(b, "README", table.s);
    return r < 0 ? r : parcel_sort(b, err);
}

/* --- packages --- */

/* The names that packages give to such files (PEP 639 and the backends before it), in NAME.dist-info or in a directory
 * there. */
static bool is_license(const char *path)
{
    static const char *const names[] = {"LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "AUTHORS"};
    const char *base = path_base(path);

    if (starts_with(path, "licenses/") || starts_with(path, "license_files/"))
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strncasecmp(base, names[i], strlen(names[i])))
            return true;
    return false;
}

static int add_package(const char *site, const char *info, struct parcel *b, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(site, info),
                         *place = xasprintf("packages/%.*s", (int)(strlen(info) - strlen(DIST_INFO)), info);
    struct parcel all = {0};
    bool found = false;
    int r = parcel_tree(&all, "", dir, err);

    for (int pass = 0; r == 0 && pass < 2 && !found; pass++)
        for (size_t i = 0; i < all.n; i++) {
            const struct parcel_item *x = &all.v[i];
            WL_CLEANUP_FREE char *path = path_join(place, x->path);

            if (x->kind != PARCEL_FILE || !(pass == 0 ? is_license(x->path) : !strcmp(x->path, "METADATA")))
                continue;
            parcel_file(b, path, x->from, 0644);
            found = true;
        }
    parcel_free(&all);
    return r;
}

int licenses_add_packages(const char *site, struct parcel *b, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = path_is_dir(site) ? dir_list(site, &names, err) : 0;

    for (size_t i = 0; r == 0 && i < names.n; i++)
        if (ends_with(names.v[i], DIST_INFO))
            r = add_package(site, names.v[i], b, err);
    return r < 0 ? r : parcel_sort(b, err);
}

int licenses_text(const struct parcel *licenses, char **text, struct wl_err *err)
{
    WL_CLEANUP_STR struct str all = {0};

    *text = NULL;
    for (size_t i = 0; i < licenses->n; i++) {
        const struct parcel_item *x = &licenses->v[i];
        WL_CLEANUP_FREE char *content = NULL;
        size_t n = 0;

        if (x->kind == PARCEL_FILE && file_read(x->from, MOST_TEXT, &content, &n, err) < 0)
            return -(int)err->cls;
        /* (An archive is no text.) */
        if (content && (strlen(content) != n || !utf8_valid(content, n)))
            continue;
        str_addf(&all, "%s==== %s ====\n\n%s\n", i ? "\n" : "", x->path, content ? content : x->from);
    }
    *text = str_take(&all);
    return 0;
}
