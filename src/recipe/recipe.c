#include "recipe/maker.h"

#include "recipe/yaml_pos.h"
#include "util/fs.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_RECIPE_SIZE = 1 << 20, MAX_FROM = 8 };

void recipe_roots_free(struct recipe_roots *roots)
{
    strv_free(&roots->ports);
    free(roots->repo);
    *roots = (struct recipe_roots){0};
}

static void layers_free(struct layer *layers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(layers[i].file);
        free(layers[i].dir);
        free(layers[i].text);
        strv_free(&layers[i].keys);
        recipe_file_free(layers[i].f);
    }
}

/* The recipe file of a port folder, searched in the roots' order; NULL if there is none. */
static char *find_file(const struct recipe_roots *roots, const char *name)
{
    for (size_t i = 0; i < roots->ports.n; i++) {
        char *file = xasprintf("%s/%s/recipe.yaml", roots->ports.v[i], name);

        if (path_exists(file))
            return file;
        free(file);
    }
    return NULL;
}

static int read_layer(char *file, struct layer *l, struct wl_err *err)
{
    int r;

    l->file = file;
    l->dir = path_dir(file);
    r = file_read(file, MAX_RECIPE_SIZE, &l->text, &l->n, err);
    return r < 0 ? r : recipe_file_parse(file, l->text, l->n, &l->f, &l->keys, err);
}

int layer_error(const struct layer *l, const char *key_path, struct wl_err *err, const char *fmt, ...)
{
    WL_CLEANUP_FREE char *text = NULL;
    unsigned line = yaml_line(l->text, l->n, key_path);
    va_list ap;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    wl_err_set(err, WL_E_RECIPE, "%s:%u: %s", l->file, line ? line : 1, text);
    return wl_err_hint(err, "docs/recipes.md describes every key");
}

/* Reads the chain of `from` that starts at file. */
static int read_chain(const struct recipe_roots *roots, char *file, struct layer *layers, size_t *n, struct wl_err *err)
{
    int r;

    for (*n = 0;;) {
        const struct layer *last;
        struct stat here, st;

        (*n)++;
        r = read_layer(file, &layers[*n - 1], err);
        if (r < 0)
            return r;
        last = &layers[*n - 1];
        if (!last->f->from)
            return 0;
        file = find_file(roots, last->f->from);
        if (!file)
            return layer_error(last, "from", err, "'from' names %s, but there is no such recipe", last->f->from);
        for (size_t i = 0; i < *n; i++)
            if (stat(layers[i].file, &st) == 0 && stat(file, &here) == 0 && st.st_ino == here.st_ino &&
                st.st_dev == here.st_dev) {
                free(file);
                return layer_error(last, "from", err, "'from' goes round in a cycle through %s", last->f->from);
            }
        if (*n == MAX_FROM) {
            free(file);
            return layer_error(last, "from", err, "more than %d recipes in a chain of 'from'", MAX_FROM);
        }
    }
}

/* How many layers give a key: those of the port that a family's port is made for only give what they share, which is
 * where the sources come from and, if the family says so, how they are patched. */
static size_t layers_for(const struct maker *m, const char *key)
{
    static const char *const shared[] = {"version", "date", "sha256", "also", "sources"};

    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (!strcmp(key, shared[i]))
            return m->n;
    for (size_t i = 0; !strcmp(key, "patches") && i < m->own_n; i++)
        if (strv_has(&m->layers[i].keys, "patched"))
            return m->layers[i].f->patched ? m->n : m->own_n;
    return m->own_n;
}

const struct layer *first_with(const struct maker *m, const char *key)
{
    for (size_t i = 0; i < layers_for(m, key); i++)
        if (strv_has(&m->layers[i].keys, key))
            return &m->layers[i];
    return NULL;
}

static const char *var_value(const struct recipe *r, const char *name, size_t len)
{
    for (size_t i = 0; i < r->vars.n; i++)
        if (!strncmp(r->vars.v[i], name, len) && r->vars.v[i][len] == '=')
            return r->vars.v[i] + len + 1;
    return NULL;
}

/* The first parts of a version: "3" for 1, "3.11" for 2. */
static void add_version_parts(struct str *out, const char *version, int from, int to)
{
    for (int part = 0; *version && part < to; part++) {
        size_t len = strcspn(version, ".");

        if (part >= from) {
            if (part > from)
                str_addc(out, '.');
            str_addn(out, version, len);
        }
        version += len + (version[len] == '.');
    }
}

int expand_text(const struct maker *m, const struct layer *l, const char *key, const char *text, char **out)
{
    struct str b = {0};

    for (const char *p = text; *p;) {
        const char *end;
        size_t len;

        if (p[0] != '$' || p[1] != '{') {
            str_addc(&b, *p++);
            continue;
        }
        end = strchr(p, '}');
        if (!end) {
            str_free(&b);
            return layer_error(l, key, m->err, "'${' without '}' in \"%s\"", text);
        }
        p += 2;
        len = (size_t)(end - p);
        if (len == 7 && !strncmp(p, "version", len))
            str_add(&b, m->r->version);
        else if (len == 13 && !strncmp(p, "version.major", len))
            add_version_parts(&b, m->r->version, 0, 1);
        else if (len == 13 && !strncmp(p, "version.minor", len))
            add_version_parts(&b, m->r->version, 1, 2);
        else if (len == 6 && !strncmp(p, "series", len))
            add_version_parts(&b, m->r->version, 0, 2);
        else if (var_value(m->r, p, len))
            str_add(&b, var_value(m->r, p, len));
        else {
            str_free(&b);
            return layer_error(l, key, m->err, "nothing is called ${%.*s}; 'vars' can name it", (int)len, p);
        }
        p = end + 1;
    }
    *out = str_take(&b);
    return 0;
}

/* The switches a recipe may have: adding one is a line here and one in schema.c. */
static const struct {
    const char *name;
    size_t member;
} switches[] = {{"ssl", offsetof(struct recipe_file, ssl)}};
#define N_SWITCHES (sizeof switches / sizeof *switches)
_Static_assert(N_SWITCHES <= MAX_SWITCHES, "struct maker counts on it");

static bool is_switched_on(const struct maker *m, size_t i)
{
    const struct layer *l = first_with(m, switches[i].name);
    const bool *set = l ? *(bool *const *)((const char *)l->f + switches[i].member) : NULL;

    return !set || *set;
}

/* Takes "if SWITCH" off the end of an entry. Returns 1 if the entry counts, 0 if it is left out. */
static int take_condition(const struct maker *m, const struct layer *l, const char *key, char *entry)
{
    char *name = strstr(entry, " if "), *end = name;

    if (!name)
        return 1;
    name += strlen(" if ");
    name += strspn(name, " ");
    for (size_t i = 0; i < N_SWITCHES; i++)
        if (!strcmp(name, switches[i].name)) {
            while (end > entry && end[-1] == ' ')
                end--;
            *end = '\0';
            m->switches_used[i] = true;
            return is_switched_on(m, i);
        }
    return layer_error(l, key, m->err, "\"%s\": there is no switch '%s', only: %s", entry, name, switches[0].name);
}

static int expand_list(const struct maker *m, const struct layer *l, const char *key, char **list, unsigned n,
                       struct strv *out)
{
    for (unsigned i = 0; i < n; i++) {
        WL_CLEANUP_FREE char *path = xasprintf("%s/%u", key, i);
        char *s = NULL;
        int r = expand_text(m, l, path, list[i], &s);

        if (r < 0)
            return r;
        strv_take(out, s);
    }
    return 0;
}

/* The layers that add to a list, one after the other (after NULL: the first), or NULL: from the one that gives the list
 * itself, or else the farthest, to the nearest. */
static const struct layer *next_added(const struct maker *m, const char *key, const char *add_key,
                                      const struct layer *after)
{
    const struct layer *l = first_with(m, key);
    size_t n = strcmp(key, "patches") != 0 ? m->own_n : layers_for(m, key);
    size_t i = l && l < m->layers + n ? (size_t)(l - m->layers) + 1 : n;

    if (after)
        i = (size_t)(after - m->layers);
    while (i-- > 0)
        if (strv_has(&m->layers[i].keys, add_key))
            return &m->layers[i];
    return NULL;
}

#define FOR_ADDED(m, key, add_key, l)                                                                                  \
    for (const struct layer *l = next_added(m, key, add_key, NULL); l; l = next_added(m, key, add_key, l))

static int add_needs(const struct maker *m, const struct layer *l, const char *key, char **list, unsigned n,
                     struct recipe_needs *out)
{
    for (unsigned i = 0; i < n; i++) {
        WL_CLEANUP_FREE char *path = xasprintf("%s/%u", key, i), *port = NULL;
        int r = expand_text(m, l, path, list[i], &port);
        bool known = false;

        r = r < 0 ? r : take_condition(m, l, path, port);
        if (r < 0)
            return r;
        for (size_t k = 0; k < out->n && !known; k++)
            known = !strcmp(out->v[k], port);
        if (r == 0 || known)
            continue;
        out->v = xreallocarray(out->v, out->n + 1, sizeof *out->v);
        out->at = xreallocarray(out->at, out->n + 1, sizeof *out->at);
        out->v[out->n] = port;
        out->at[out->n++] = (struct recipe_place){(size_t)(l - m->layers), path};
        port = path = NULL;
    }
    return 0;
}

/* A flavour is made of the port that it is a flavour of. */
static int take_flavour_need(const struct maker *m)
{
    return m->r->flavour ? add_needs(m, &m->layers[0], "flavour", &m->r->flavour_of, 1, &m->r->needs) : 0;
}

#define TAKE_NEEDS(m, member, key, out)                                                                                \
    (first_with(m, key) ? add_needs(m, first_with(m, key), key, first_with(m, key)->f->member,                         \
                                    first_with(m, key)->f->member##_count, out)                                        \
                        : 0)

#define TAKE_TEXT(m, member, key, out) take_text(m, key, first_with(m, key) ? first_with(m, key)->f->member : NULL, out)
#define TAKE_LIST(m, member, key, out)                                                                                 \
    (first_with(m, key) ? expand_list(m, first_with(m, key), key, first_with(m, key)->f->member,                       \
                                      first_with(m, key)->f->member##_count, out)                                      \
                        : 0)

static int take_text(const struct maker *m, const char *key, const char *text, char **out)
{
    if (text)
        return expand_text(m, first_with(m, key), key, text, out);
    *out = xstrdup("");
    return 0;
}

/* A variable set by several layers has the value of the nearest, which is the first that is looked at. */
static int take_vars(const struct maker *m)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct recipe_file *f = m->layers[i].f;

        for (unsigned j = 0; j < f->vars_count; j++) {
            const char *v = f->vars[j], *eq = strchr(v, '=');
            WL_CLEANUP_FREE char *key = xasprintf("vars/%u", j);

            if (!eq || eq == v || strspn(v, "abcdefghijklmnopqrstuvwxyz0123456789-_") != (size_t)(eq - v))
                return layer_error(&m->layers[i], key, m->err,
                                   "\"%s\" is not name=value with a name of a-z, 0-9, - and _", v);
            for (size_t k = 0; k < N_SWITCHES; k++)
                if (!strncmp(switches[k].name, v, (size_t)(eq - v)) && !switches[k].name[eq - v])
                    return layer_error(&m->layers[i], key, m->err, "'%s' is a key of its own: %s: true or false",
                                       switches[k].name, switches[k].name);
            if (!var_value(m->r, v, (size_t)(eq - v)))
                strv_add(&m->r->vars, v);
        }
    }
    return 0;
}

static bool is_sha256(const char *s)
{
    return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

static int add_archive(const struct maker *m, const struct layer *l, const char *key, const char *url,
                       const char *sha256, char **mirrors, unsigned mirrors_n, struct source *out)
{
    WL_CLEANUP_FREE char *hash_key = xasprintf("%s/sha256", key), *url_key = xasprintf("%s/url", key);
    WL_CLEANUP_FREE char *mirrors_key = xasprintf("%s/mirrors", key);
    struct source_archive *a;
    char *s = NULL;
    int r;

    if (!url)
        return layer_error(l, key, m->err, "a source without 'url'");
    if (!sha256)
        return layer_error(l, url_key, m->err, "no 'sha256' for %s: every source is pinned by its hash", url);
    if (!is_sha256(sha256))
        return layer_error(l, hash_key, m->err, "sha256 \"%s\" is not 64 lower-case hexadecimal digits", sha256);
    out->archives = xreallocarray(out->archives, out->n + 1, sizeof *out->archives);
    a = &out->archives[out->n++];
    *a = (struct source_archive){.sha256 = xstrdup(sha256)};
    r = expand_text(m, l, url_key, url, &s);
    if (r < 0)
        return r;
    strv_take(&a->urls, s);
    r = expand_list(m, l, mirrors_key, mirrors, mirrors_n, &a->urls);
    for (size_t i = 0; r == 0 && i < a->urls.n; i++) {
        WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;

        /* A file beside the recipe. */
        if (starts_with(a->urls.v[i], "file:") && a->urls.v[i][5] != '/') {
            char *abs = xasprintf("file:%s/%s", l->dir, a->urls.v[i] + 5);

            free(a->urls.v[i]);
            a->urls.v[i] = abs;
        }
        if (source_check_url(a->urls.v[i], &why) < 0)
            r = layer_error(l, i ? mirrors_key : url_key, m->err, "%s", why.text);
    }
    return r;
}

static int add_also(const struct maker *m, const struct layer *l, const char *key, const struct file_archive *also,
                    unsigned n, struct source *out)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < n; i++) {
        WL_CLEANUP_FREE char *sub = xasprintf("%s/%u", key, i);

        r = add_archive(m, l, sub, also[i].url, also[i].sha256, also[i].mirrors, also[i].mirrors_count, out);
    }
    return r;
}

bool is_inner_path(const char *p)
{
    if (!*p || *p == '/')
        return false;
    while (*p) {
        size_t n = strcspn(p, "/");

        if (n == 2 && p[0] == '.' && p[1] == '.')
            return false;
        p += n + (p[n] == '/');
    }
    return true;
}

static bool has_archive(const struct source *s, const char *sha256)
{
    for (size_t i = 0; i < s->n; i++)
        if (!strcmp(s->archives[i].sha256, sha256))
            return true;
    return false;
}

/* The source i of a layer's list, which is the next of the recipe. */
static int add_source(const struct maker *m, const struct layer *l, const char *list, unsigned i,
                      const struct file_source *f)
{
    const struct layer *hash_layer = first_with(m, "sha256"), *also_layer = first_with(m, "also");
    WL_CLEANUP_FREE char *key = xasprintf("%s/%u", list, i), *also_key = xasprintf("%s/also", key);
    WL_CLEANUP_FREE char *into_key = xasprintf("%s/into", key), *only_key = xasprintf("%s/only-with", key);
    bool is_first = m->r->sources_n == 0;
    const char *sha256 = f->sha256;
    struct recipe_source *s;
    int r;

    m->r->sources = xreallocarray(m->r->sources, m->r->sources_n + 1, sizeof *s);
    s = &m->r->sources[m->r->sources_n++];
    *s = (struct recipe_source){.strip = f->strip ? *f->strip : 1, .unpack = f->unpack ? *f->unpack : true};
    if (f->into && !is_inner_path(f->into))
        return layer_error(l, into_key, m->err, "into: \"%s\" leads out of the source folder", f->into);
    if (s->strip < 0 || s->strip > 16)
        return layer_error(l, key, m->err, "strip: %d is not between 0 and 16", s->strip);
    s->into = f->into ? xstrdup(f->into) : NULL;
    if (f->only_with && (is_first || !has_archive(&m->r->sources[0].source, f->only_with)))
        return layer_error(l, only_key, m->err, "only-with: \"%s\" is not the hash of an archive of the first source",
                           f->only_with);
    s->only_with = f->only_with ? xstrdup(f->only_with) : NULL;
    if (is_first && hash_layer) {
        if (sha256 && hash_layer == l)
            return layer_error(l, "sha256", m->err, "two hashes for the first source");
        sha256 = hash_layer->f->sha256;
        if (!sha256 || !is_sha256(sha256))
            return layer_error(hash_layer, "sha256", m->err, "sha256 \"%s\" is not 64 lower-case hexadecimal digits",
                               sha256 ? sha256 : "");
    }
    r = add_archive(m, l, key, f->url, sha256, f->mirrors, f->mirrors_count, &s->source);
    if (r == 0)
        r = add_also(m, l, also_key, f->also, f->also_count, &s->source);
    if (r == 0 && is_first && also_layer)
        r = add_also(m, also_layer, "also", also_layer->f->also, also_layer->f->also_count, &s->source);
    return r;
}

static int take_sources(const struct maker *m)
{
    const struct layer *l = first_with(m, "sources"), *hash_layer = first_with(m, "sha256"),
                       *also_layer = first_with(m, "also");
    int r = 0;

    for (unsigned i = 0; r == 0 && l && i < l->f->sources_count; i++)
        r = add_source(m, l, "sources", i, &l->f->sources[i]);
    FOR_ADDED (m, "sources", "add-sources", a)
        for (unsigned i = 0; r == 0 && i < a->f->add_sources_count; i++)
            r = add_source(m, a, "add-sources", i, &a->f->add_sources[i]);
    /* A member of a family that has no sources inherits their hashes for nothing. */
    if (hash_layer && hash_layer >= m->layers + m->own_n)
        hash_layer = NULL;
    if (also_layer && also_layer >= m->layers + m->own_n)
        also_layer = NULL;
    if (r == 0 && !m->r->sources_n && (hash_layer || also_layer))
        return layer_error(hash_layer ? hash_layer : also_layer, hash_layer ? "sha256" : "also", m->err,
                           "a hash but no 'sources' that it could belong to");
    return r;
}

/* Patches and files, made absolute from the folder of the recipe that names them; they must exist. */
static int take_paths(const struct maker *m, const struct layer *l, const char *key, char **list, unsigned n,
                      struct strv *out)
{
    struct strv names = {0};
    int r = expand_list(m, l, key, list, n, &names);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        char *name = names.v[i];
        WL_CLEANUP_FREE char *sub = xasprintf("%s/%zu", key, i);
        int counts = take_condition(m, l, sub, name);
        bool from_repo = *name == '/';
        char *path = path_join(from_repo ? m->roots->repo : l->dir, from_repo ? name + 1 : name);

        if (counts <= 0) {
            r = counts;
            free(path);
        } else if (!is_inner_path(from_repo ? name + 1 : name)) {
            r = layer_error(l, sub, m->err, "%s: \"%s\" leads out of its folder", key, name);
            free(path);
        } else if (!path_exists(path)) {
            r = layer_error(l, sub, m->err, "%s: there is no %s", key, path);
            free(path);
        } else {
            strv_take(out, path);
        }
    }
    strv_free(&names);
    return r;
}

/* All files lie side by side in $FILES, so one that comes later may not be called like one that is there. */
static int keep_apart(const struct maker *m, const struct layer *l, const char *key, const struct strv *files,
                      size_t had, const struct strv *others)
{
    for (size_t i = had; i < files->n; i++)
        for (size_t k = 0; k < (others == files ? had : others->n); k++)
            if (!strcmp(path_base(files->v[i]), path_base(others->v[k])))
                return layer_error(l, key, m->err, "%s: %s would lie over %s", key, files->v[i], others->v[k]);
    return 0;
}

static int take_added_files(const struct maker *m, const struct layer *l)
{
    struct strv *files = &m->r->files;
    size_t had = files->n;
    int r = take_paths(m, l, "add-files", l->f->add_files, l->f->add_files_count, files);

    return r < 0 ? r : keep_apart(m, l, "add-files", files, had, files);
}

static int take_check_files(const struct maker *m, const struct layer *l)
{
    struct strv *files = &m->r->check_files;
    int r = take_paths(m, l, "check-files", l->f->check_files, l->f->check_files_count, files);

    return r < 0 ? r : keep_apart(m, l, "check-files", files, 0, &m->r->files);
}

/* Puts steps behind those that are in *out. */
static int take_steps(const struct maker *m, const struct layer *l, const char *key, const struct file_step *steps,
                      unsigned n, struct recipe_step **out, size_t *out_n)
{
    *out = xreallocarray(*out, *out_n + n, sizeof **out);
    for (unsigned i = 0; i < n; i++) {
        WL_CLEANUP_FREE char *path = xasprintf("%s/%u", key, i);

        if (!steps[i].name || !*steps[i].name || !steps[i].run || !*steps[i].run)
            return layer_error(l, path, m->err, "each of '%s' has a 'name' and a 'run'", key);
        if (strspn(steps[i].name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(steps[i].name))
            return layer_error(l, path, m->err, "the name \"%s\" of a step has more than a-z, 0-9 and -",
                               steps[i].name);
        (*out)[(*out_n)++] = (struct recipe_step){xstrdup(steps[i].name), xstrdup(steps[i].run)};
    }
    return 0;
}

static bool is_date(const char *s)
{
    static const char form[] = "dddd-dd-dd";

    if (strlen(s) != sizeof form - 1)
        return false;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'd' ? !isdigit((unsigned char)s[i]) : s[i] != '-')
            return false;
    return strcmp(s, "1980-01-01") >= 0 && strncmp(s + 5, "00", 2) > 0 && strncmp(s + 5, "13", 2) < 0 &&
           strncmp(s + 8, "00", 2) > 0 && strncmp(s + 8, "32", 2) < 0;
}

/* A port whose folder is called after its version stays in the series of that; another goes with upstream. */
static int take_track(const struct maker *m)
{
    const char *base = path_base(m->r->name);
    struct str series = {0};
    int e = TAKE_TEXT(m, track, "track", &m->r->track);

    if (e == 0 && *m->r->track && strcmp(m->r->track, "any") &&
        strspn(m->r->track, "0123456789.") != strlen(m->r->track))
        return layer_error(first_with(m, "track"), "track", m->err,
                           "track \"%s\" is neither the beginning of a version, as 3.5, nor 'any'", m->r->track);
    if (e < 0 || *m->r->track || base == m->r->name || base[0] != 'v' || !isdigit((unsigned char)base[1]))
        return e;
    add_version_parts(&series, base + 1, 0, 2);
    free(m->r->track);
    m->r->track = str_take(&series);
    return 0;
}

static int take_scalars(const struct maker *m)
{
    static const char *const kinds[] = {"wasi", "native", "none"};
    const struct layer *l = first_with(m, "version");
    struct recipe *r = m->r;
    WL_CLEANUP_FREE char *kind = NULL;
    int e;

    /* The version first: the others may name it. */
    r->version = xstrdup(l && l->f->version ? l->f->version : "");
    r->abstract = m->layers[0].f->abstract;
    if (!*r->version && !r->abstract)
        return layer_error(&m->layers[0], "version", m->err, "no 'version'");
    if (strspn(r->version, "abcdefghijklmnopqrstuvwxyz0123456789.+-_~") != strlen(r->version))
        return layer_error(l, "version", m->err, "version \"%s\" has more than a-z, 0-9, and . + - _ ~", r->version);
    e = take_vars(m);
    e = e < 0 ? e : TAKE_TEXT(m, summary, "summary", &r->summary);
    e = e < 0 ? e : TAKE_TEXT(m, license, "license", &r->license);
    e = e < 0 ? e : TAKE_TEXT(m, homepage, "homepage", &r->homepage);
    e = e < 0 ? e : TAKE_TEXT(m, date, "date", &r->date);
    e = e < 0 ? e : take_track(m);
    e = e < 0 ? e : TAKE_TEXT(m, toolchain, "toolchain", &kind);
    if (e < 0)
        return e;
    if (*r->date && !is_date(r->date))
        return layer_error(first_with(m, "date"), "date", m->err, "date \"%s\" is not a day YYYY-MM-DD since 1980",
                           r->date);
    for (r->toolchain = TOOLCHAIN_WASI; *kind && r->toolchain <= TOOLCHAIN_NONE; r->toolchain++)
        if (!strcmp(kind, kinds[r->toolchain]))
            break;
    if (r->toolchain > TOOLCHAIN_NONE)
        return layer_error(first_with(m, "toolchain"), "toolchain", m->err,
                           "toolchain \"%s\" is none of wasi, native, none", kind);
    if (first_with(m, "min-sdk") && first_with(m, "min-sdk")->f->min_sdk)
        r->min_sdk = *first_with(m, "min-sdk")->f->min_sdk;
    return 0;
}

bool steps_name(const struct recipe_step *steps, size_t n, const char *variable)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(steps[i].run, variable))
            return true;
    return false;
}

static bool recipe_names(const struct recipe *r, const char *variable)
{
    return steps_name(r->steps, r->steps_n, variable) || steps_name(r->checks, r->checks_n, variable) ||
           steps_name(r->tests, r->tests_n, variable);
}

/* Tells the steps of each switch on which something of the recipe depends, and the key by it. */
static int take_switches(const struct maker *m)
{
    for (size_t i = 0; i < N_SWITCHES; i++) {
        WL_CLEANUP_FREE char *variable = xasprintf("VAR_%s", switches[i].name);
        const struct layer *l = first_with(m, switches[i].name);

        for (char *p = variable; *p; p++)
            *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
        if (m->switches_used[i] || recipe_names(m->r, variable))
            strv_addf(&m->r->vars, "%s=%s", switches[i].name, is_switched_on(m, i) ? "1" : "");
        else if (l && !is_switched_on(m, i))
            return layer_error(
                l, switches[i].name, m->err,
                "%s: false, but nothing in this recipe depends on it: no entry ends in \"if %s\", and no "
                "step uses $%s",
                switches[i].name, switches[i].name, variable);
    }
    return 0;
}

static int take_contains(const struct maker *m)
{
    const struct layer *l = first_with(m, "contains");
    WL_CLEANUP_STRV struct strv all = {0};
    int r = TAKE_LIST(m, contains, "contains", &all);

    for (size_t i = 0; r == 0 && i < all.n; i++) {
        WL_CLEANUP_FREE char *key = xasprintf("contains/%zu", i);
        int counts = take_condition(m, l, key, all.v[i]);

        if (counts < 0)
            return counts;
        if (!is_inner_path(all.v[i]))
            return layer_error(l, key, m->err, "contains: \"%s\" leads out of the artifact", all.v[i]);
        if (counts)
            strv_add(&m->r->contains, all.v[i]);
    }
    return r;
}

static int take_all(const struct maker *m)
{
    struct recipe *r = m->r;
    const struct layer *l;
    int e = take_scalars(m);

    if (e == 0 && r->abstract)
        return 0; /* only its children have versions to fill in */
    e = e < 0 ? e : take_sources(m);
    e = e < 0 ? e : take_flavour_need(m);
    e = e < 0 ? e : TAKE_NEEDS(m, needs, "needs", &r->needs);
    FOR_ADDED (m, "needs", "add-needs", a)
        e = e < 0 ? e : add_needs(m, a, "add-needs", a->f->add_needs, a->f->add_needs_count, &r->needs);
    e = e < 0 ? e : TAKE_NEEDS(m, build_needs, "build-needs", &r->build_needs);
    e = e < 0 ? e : TAKE_NEEDS(m, check_needs, "check-needs", &r->check_needs);
    e = e < 0 ? e : TAKE_NEEDS(m, test_needs, "test-needs", &r->test_needs);
    e = e < 0 ? e : TAKE_LIST(m, env, "env", &r->env);
    e = e < 0 ? e : take_contains(m);
    if (e == 0 && (l = first_with(m, "patches")))
        e = take_paths(m, l, "patches", l->f->patches, l->f->patches_count, &r->patches);
    FOR_ADDED (m, "patches", "add-patches", a)
        e = e < 0 ? e : take_paths(m, a, "add-patches", a->f->add_patches, a->f->add_patches_count, &r->patches);
    if (e == 0 && (l = first_with(m, "files")))
        e = take_paths(m, l, "files", l->f->files, l->f->files_count, &r->files);
    FOR_ADDED (m, "files", "add-files", a)
        e = e < 0 ? e : take_added_files(m, a);
    if (e == 0 && (l = first_with(m, "check-files")))
        e = take_check_files(m, l);
    if (e == 0 && (l = first_with(m, "steps")))
        e = take_steps(m, l, "steps", l->f->steps, l->f->steps_count, &r->steps, &r->steps_n);
    FOR_ADDED (m, "steps", "add-steps", a)
        e = e < 0 ? e : take_steps(m, a, "add-steps", a->f->add_steps, a->f->add_steps_count, &r->steps, &r->steps_n);
    if (e == 0 && (l = first_with(m, "checks")))
        e = take_steps(m, l, "checks", l->f->checks, l->f->checks_count, &r->checks, &r->checks_n);
    if (e == 0 && (l = first_with(m, "tests")))
        e = take_steps(m, l, "tests", l->f->tests, l->f->tests_count, &r->tests, &r->tests_n);
    if (e == 0 && !r->steps_n)
        e = layer_error(&m->layers[0], "", m->err, "no 'steps': nothing says how it is built");
    for (size_t i = 0; e == 0 && i < r->env.n; i++)
        if (!strchr(r->env.v[i], '=') || r->env.v[i][0] == '=')
            e = layer_error(first_with(m, "env"), "env", m->err, "env: \"%s\" is not NAME=value", r->env.v[i]);
    e = e < 0 ? e : take_extensions(m);
    return e < 0 ? e : take_switches(m);
}

/* For `for-each`: the recipe of the family, and the port it is made for. Both are folders' names; *each is NULL for an
 * ordinary port. */
static char *family_of(const struct recipe_roots *roots, const char *name, char **each)
{
    char *file = find_file(roots, name);
    const char *slash = strrchr(name, '/');

    *each = NULL;
    if (!file && slash) {
        WL_CLEANUP_FREE char *family = xstrndup(name, (size_t)(slash - name));

        file = find_file(roots, family);
        if (file)
            *each = xstrdup(slash + 1);
    }
    return file;
}

/* The family's recipe says of all its ports that they are flavours of those they are made for. */
static int take_flavour(struct maker *m, const char *each)
{
    const struct layer *top = &m->layers[0];
    const char *flavour = top->f->flavour;

    if (!flavour)
        return 0;
    if (!top->f->for_each)
        return layer_error(top, "flavour", m->err, "flavour: %s, but no 'for-each' says of which ports", flavour);
    if (!*flavour || strspn(flavour, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(flavour) ||
        !strcmp(flavour, FLAVOUR_PLAIN))
        return layer_error(top, "flavour", m->err, "flavour \"%s\" is no name of a-z, 0-9 and - other than %s", flavour,
                           FLAVOUR_PLAIN);
    m->r->flavour = xstrdup(flavour);
    m->r->flavour_of = xasprintf("%s/%s", top->f->for_each, each);
    return 0;
}

static int finish(struct maker *m, const char *name, const char *each)
{
    const struct layer *top = &m->layers[0];
    int r;

    for (size_t i = 0; i < m->n; i++)
        strv_add(&m->r->chain, m->layers[i].file);
    m->r->name = xstrdup(name);
    m->r->file = xstrdup(top->file);
    for (size_t i = 0; i < m->own_n; i++)
        if (m->layers[i].f->patched && !top->f->for_each)
            return layer_error(&m->layers[i], "patched", m->err,
                               "patched, but no 'for-each' says as which ports' sources are");
    if (each && !top->f->for_each)
        return layer_error(top, "", m->err, "there is no port %s: this recipe is one port, not a family", name);
    if (!each && top->f->for_each)
        return layer_error(top, "for-each", m->err, "this recipe is a family: name one of it (wl-make list)");
    r = take_flavour(m, each);
    return r < 0 ? r : take_all(m);
}

int recipe_load(const struct recipe_roots *roots, const char *name, struct recipe **out, struct wl_err *err)
{
    struct layer layers[2 * MAX_FROM] = {0};
    bool switches_used[MAX_SWITCHES] = {false};
    struct maker m = {.roots = roots, .layers = layers, .switches_used = switches_used, .err = err};
    WL_CLEANUP_FREE char *each = NULL;
    char *file = family_of(roots, name, &each);
    int r;

    *out = NULL;
    if (!file)
        return wl_err_set(err, WL_E_RECIPE, "there is no port %s", name);
    m.r = xcalloc(1, sizeof *m.r);
    r = read_chain(roots, file, layers, &m.n, err);
    m.own_n = m.n;
    if (r == 0 && each && layers[0].f->for_each) {
        /* A family's port continues its chain with the port it is made for: version and sources come from there. */
        WL_CLEANUP_FREE char *base = xasprintf("%s/%s", layers[0].f->for_each, each);
        char *base_file = find_file(roots, base);
        size_t n = 0;

        if (m.n > MAX_FROM)
            r = layer_error(&layers[0], "for-each", err, "more than %d recipes in a chain of 'from'", MAX_FROM);
        else if (!base_file)
            r = layer_error(&layers[0], "for-each", err, "there is no port %s to make %s for", base, name);
        else {
            r = read_chain(roots, base_file, layers + m.n, &n, err);
            m.n += n;
        }
    }
    if (r == 0)
        r = finish(&m, name, each);
    layers_free(layers, sizeof layers / sizeof *layers);
    if (r < 0)
        recipe_free(m.r);
    else
        *out = m.r;
    return r;
}

static void needs_free(struct recipe_needs *needs)
{
    for (size_t i = 0; i < needs->n; i++) {
        free(needs->v[i]);
        free(needs->at[i].key);
    }
    free(needs->v);
    free(needs->at);
}

static void steps_free(struct recipe_step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(steps[i].name);
        free(steps[i].run);
    }
    free(steps);
}

void recipe_free(struct recipe *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->sources_n; i++) {
        source_free(&r->sources[i].source);
        free(r->sources[i].into);
        free(r->sources[i].only_with);
    }
    free(r->sources);
    steps_free(r->steps, r->steps_n);
    steps_free(r->checks, r->checks_n);
    steps_free(r->tests, r->tests_n);
    for (size_t i = 0; i < r->extensions_n; i++) {
        free(r->extensions[i].module);
        free(r->extensions[i].init);
        strv_free(&r->extensions[i].sources);
        strv_free(&r->extensions[i].flags);
    }
    free(r->extensions);
    free(r->extensions_dir);
    free(r->name);
    free(r->file);
    free(r->summary);
    free(r->license);
    free(r->homepage);
    free(r->version);
    free(r->date);
    free(r->track);
    free(r->flavour);
    free(r->flavour_of);
    strv_free(&r->patches);
    strv_free(&r->files);
    strv_free(&r->check_files);
    needs_free(&r->needs);
    needs_free(&r->build_needs);
    needs_free(&r->check_needs);
    needs_free(&r->test_needs);
    strv_free(&r->env);
    strv_free(&r->vars);
    strv_free(&r->contains);
    strv_free(&r->chain);
    free(r);
}

void recipe_freep(struct recipe **r)
{
    recipe_free(*r);
    *r = NULL;
}

/* The line of a key path in one of the recipe's files; 0: it is not there. */
static unsigned line_in(const char *file, const char *key_path)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_FREE char *yaml = NULL;
    size_t n = 0;

    return file_read(file, MAX_RECIPE_SIZE, &yaml, &n, &ignored) == 0 ? yaml_line(yaml, n, key_path) : 0;
}

static int place_error(const char *file, unsigned line, const char *text, struct wl_err *err)
{
    wl_err_set(err, WL_E_RECIPE, "%s:%u: %s", file, line ? line : 1, text);
    return wl_err_hint(err, "docs/recipes.md describes every key");
}

int recipe_error(const struct recipe *r, const char *key_path, struct wl_err *err, const char *fmt, ...)
{
    WL_CLEANUP_FREE char *text = NULL;
    unsigned line = 0;
    size_t i = 0;
    va_list ap;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    while (i < r->chain.n && !(line = line_in(r->chain.v[i], key_path)))
        i++;
    return place_error(line ? r->chain.v[i] : r->file, line, text, err);
}

int recipe_error_at(const struct recipe *r, const struct recipe_place *at, struct wl_err *err, const char *fmt, ...)
{
    WL_CLEANUP_FREE char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    return place_error(r->chain.v[at->file], line_in(r->chain.v[at->file], at->key), text, err);
}
