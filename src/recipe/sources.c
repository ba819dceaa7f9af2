/* `sources`, with the keys that belong to the first of them, `sha256` and `also`. */
#include "recipe/readers.h"

#include <string.h>

static bool is_sha256(const char *s)
{
    return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

static int bad_hash(struct recipe_loader *ld, const struct layer *l, const char *key, const char *sha256)
{
    return layer_error(l, key, ld->err, "sha256 \"%s\" is not 64 lower-case hexadecimal digits", sha256);
}

static int check_address(struct recipe_loader *ld, const struct layer *l, const char *key, char **url)
{
    WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;

    /* A file beside the recipe. */
    if (starts_with(*url, "file:") && (*url)[5] != '/') {
        char *absolute = xasprintf("file:%s/%s", l->dir, *url + 5);

        free(*url);
        *url = absolute;
    }
    return source_check_url(*url, &why) < 0 ? layer_error(l, key, ld->err, "%s", why.text) : 0;
}

/* Adds an archive; key is the path of its mapping. */
static int add_archive(struct recipe_loader *ld, const struct layer *l, const char *key, const struct file_archive *f,
                       struct source *out)
{
    WL_CLEANUP_FREE char *hash_key = xasprintf("%s/sha256", key), *url_key = xasprintf("%s/url", key);
    WL_CLEANUP_FREE char *mirrors_key = xasprintf("%s/mirrors", key);
    struct source_archive *a;
    char *url = NULL;
    int r;

    if (!f->url)
        return layer_error(l, key, ld->err, "a source without 'url'");
    if (!f->sha256)
        return layer_error(l, url_key, ld->err, "no 'sha256' for %s: every source is pinned by its hash", f->url);
    if (!is_sha256(f->sha256))
        return bad_hash(ld, l, hash_key, f->sha256);
    out->archives = xreallocarray(out->archives, out->n + 1, sizeof *out->archives);
    a = &out->archives[out->n++];
    *a = (struct source_archive){.sha256 = xstrdup(f->sha256)};
    r = expand_text(ld, l, url_key, f->url, &url);
    if (r < 0)
        return r;
    strv_take(&a->urls, url);
    r = expand_list(ld, l, mirrors_key, f->mirrors, f->mirrors_count, &a->urls);
    for (size_t i = 0; r == 0 && i < a->urls.n; i++)
        r = check_address(ld, l, i ? mirrors_key : url_key, &a->urls.v[i]);
    return r;
}

static int add_archives(struct recipe_loader *ld, const struct layer *l, const char *key,
                        const struct file_archive *list, unsigned n, struct source *out)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < n; i++) {
        WL_CLEANUP_FREE char *path = xasprintf("%s/%u", key, i);

        r = add_archive(ld, l, path, &list[i], out);
    }
    return r;
}

static bool has_archive(const struct source *s, const char *sha256)
{
    for (size_t i = 0; i < s->n; i++)
        if (!strcmp(s->archives[i].sha256, sha256))
            return true;
    return false;
}

/* The hash of the first source: its own, or the recipe's `sha256`. */
static int first_hash(struct recipe_loader *ld, const struct layer *l, char **sha256)
{
    const struct field *field = field_of("sha256");
    const struct layer *from = layer_with(ld, field);
    char *hash = from ? from->f->value[field_index(field)].v : NULL;

    if (!from)
        return 0;
    if (*sha256 && from == l)
        return layer_error(l, field->key, ld->err, "two hashes for the first source");
    if (!hash || !is_sha256(hash))
        return bad_hash(ld, from, field->key, hash ? hash : "");
    *sha256 = hash;
    return 0;
}

/* Adds the archives of the recipe's `also`. */
static int add_first_also(struct recipe_loader *ld, struct source *out)
{
    const struct field *field = field_of("also");
    const struct layer *from = layer_with(ld, field);
    const struct file_value *also = from ? &from->f->value[field_index(field)] : NULL;

    return also ? add_archives(ld, from, field->key, also->v, also->n, out) : 0;
}

static int read_source(struct recipe_loader *ld, const struct layer *l, const char *key, const struct file_source *f)
{
    WL_CLEANUP_FREE char *also_key = xasprintf("%s/also", key), *into_key = xasprintf("%s/into", key);
    WL_CLEANUP_FREE char *only_key = xasprintf("%s/only-with", key);
    struct file_archive own = {
        .url = f->url, .sha256 = f->sha256, .mirrors = f->mirrors, .mirrors_count = f->mirrors_count};
    bool is_first = ld->r->sources_n == 0;
    struct recipe_source *s;
    int r = 0;

    ld->r->sources = xreallocarray(ld->r->sources, ld->r->sources_n + 1, sizeof *s);
    s = &ld->r->sources[ld->r->sources_n++];
    *s = (struct recipe_source){.strip = f->strip ? *f->strip : 1, .unpack = f->unpack ? *f->unpack : true};
    if (f->into && !is_inner_path(f->into))
        return layer_error(l, into_key, ld->err, "into: \"%s\" leads out of the source directory", f->into);
    if (s->strip < 0 || s->strip > 16)
        return layer_error(l, key, ld->err, "strip: %d is not between 0 and 16", s->strip);
    s->into = f->into ? xstrdup(f->into) : NULL;
    if (f->only_with && (is_first || !has_archive(&ld->r->sources[0].source, f->only_with)))
        return layer_error(l, only_key, ld->err, "only-with: \"%s\" is not the hash of an archive of the first source",
                           f->only_with);
    s->only_with = f->only_with ? xstrdup(f->only_with) : NULL;
    if (is_first)
        r = first_hash(ld, l, &own.sha256);
    if (r == 0)
        r = add_archive(ld, l, key, &own, &s->source);
    if (r == 0)
        r = add_archives(ld, l, also_key, f->also, f->also_count, &s->source);
    if (r == 0 && is_first)
        r = add_first_also(ld, &s->source);
    return r;
}

int read_sources(struct recipe_loader *ld, const struct layer *l, const char *key, const struct file_source *list,
                 unsigned n)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < n; i++) {
        WL_CLEANUP_FREE char *path = xasprintf("%s/%u", key, i);

        r = read_source(ld, l, path, &list[i]);
    }
    return r;
}

int check_sources(struct recipe_loader *ld)
{
    static const char *const keys[] = {"sha256", "also"};

    /* A port of a family without sources may inherit their hashes from the port that it is made for. */
    for (size_t i = 0; !ld->r->sources_n && i < sizeof keys / sizeof *keys; i++) {
        const struct layer *l = layer_with(ld, field_of(keys[i]));

        if (l && !layer_is_base(ld, l))
            return layer_error(l, keys[i], ld->err, "a hash, but no 'sources' that it could belong to");
    }
    return 0;
}
