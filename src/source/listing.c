#include "source/listing.h"

#include "source/pattern.h"
#include "util/fs.h"
#include "util/version.h"

#include <string.h>
#include <strings.h>

/* How many directories are searched at one level, the newest first: the first often has only pre-releases. */
enum { MAX_DIRS = 3, MAX_PAGE = 16 << 20 };

/* --- pages --- */

char *listing_name(const char *link, size_t n)
{
    size_t start;

    for (size_t i = 0; i < n; i++)
        if (link[i] == '?' || link[i] == '#')
            n = i;
    while (n && link[n - 1] == '/')
        n--;
    for (start = n; start && link[start - 1] != '/';)
        start--;
    return percent_decode(link + start, n - start);
}

const char *listing_next(const char **at, size_t *n)
{
    for (const char *p = *at; (p = strcasestr(p, "href"));) {
        p += strlen("href");
        p += strspn(p, " \t\r\n");
        if (*p != '=')
            continue;
        p++;
        p += strspn(p, " \t\r\n");
        if (*p == '"' || *p == '\'') {
            const char *end = strchr(p + 1, *p);

            if (!end)
                return NULL;
            *n = (size_t)(end - ++p);
        } else {
            *n = strcspn(p, " \t\r\n>");
        }
        *at = p + *n;
        return p;
    }
    return NULL;
}

void listing_parse(const char *page, struct strv *names)
{
    const char *link;
    size_t n;

    while ((link = listing_next(&page, &n))) {
        WL_CLEANUP_FREE char *name = listing_name(link, n);

        if (*name && strcmp(name, ".") && strcmp(name, ".."))
            strv_add_once(names, name);
    }
}

int listing_get(const struct transfer *t, const char *part, const struct fetch_options *o, struct strv *names,
                struct wl_err *err)
{
    struct transfer page = *t;
    WL_CLEANUP_FREE char *text = NULL;
    int r;

    page.page = true;
    page.max_bytes = MAX_PAGE;
    r = transfer_get(&page, part, o, err);
    r = r < 0 ? r : file_read(part, MAX_PAGE, &text, NULL, err);
    if (r == 0)
        listing_parse(text, names);
    return r;
}

/* --- the search from directory to directory --- */

struct candidate {
    char *version, *name;
};

static int newest_first(const void *a, const void *b)
{
    return -version_compare(((const struct candidate *)a)->version, ((const struct candidate *)b)->version);
}

struct candidates {
    struct candidate *v;
    size_t n;
};

static void candidates_free(struct candidates *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->v[i].version);
        free(c->v[i].name);
    }
    free(c->v);
}
#define CLEANUP_CANDIDATES __attribute__((cleanup(candidates_free)))

/* One search; it goes down from directory to directory. */
struct search {
    struct offers *o;
    const struct listing *l;
    const struct offer_query *q;
    char *series; /* of the query's version */
    bool listed;  /* some version was found, even if it is an old one */
};

static int search_below(struct search *s, const char *directory, size_t i, const char *known, struct strv *found,
                        struct wl_err *err);

/* Whether a name in a directory is wanted, by what the pattern found in it. known: the version that a directory above
 * has in its name, or NULL. */
typedef bool wanted_name(const struct search *s, const char *version, const char *known);

/* The names in a directory that match the pattern and are wanted, the newest first. */
static int list_candidates(struct search *s, const char *directory, const struct pattern *p, wanted_name *is_wanted,
                           const char *known, struct candidates *found, struct wl_err *err)
{
    const struct strv *names;
    int r = s->l->list(s->o, directory, &names, err);

    for (size_t i = 0; r == 0 && i < names->n; i++) {
        char *version = pattern_match(p, names->v[i]);

        s->listed |= version != NULL;
        if (!version || !is_wanted(s, version, known)) {
            free(version);
            continue;
        }
        found->v = xreallocarray(found->v, found->n + 1, sizeof *found->v);
        found->v[found->n++] = (struct candidate){version, xstrdup(names->v[i])};
    }
    if (found->n)
        qsort(found->v, found->n, sizeof *found->v, newest_first);
    return r;
}

static bool is_wanted_version(const struct search *s, const char *version, const char *known)
{
    return known ? !strcmp(version, known) : offer_is_wanted(s->q, version);
}

static bool is_wanted_series(const struct search *s, const char *series, const char *known)
{
    (void)known;
    return version_compare(series, s->series) >= 0;
}

/* Part i has the version in its name. A directory counts only if the file is in it. */
static int find_versions(struct search *s, const char *directory, size_t i, const struct pattern *p, const char *known,
                         struct strv *found, struct wl_err *err)
{
    CLEANUP_CANDIDATES struct candidates c = {0};
    bool last = i + 1 == s->l->parts.n;
    int r = list_candidates(s, directory, p, is_wanted_version, known, &c, err);

    for (size_t k = 0; r == 0 && k < c.n; k++) {
        WL_CLEANUP_FREE char *inside = xasprintf("%s%s/", directory, c.v[k].name);
        WL_CLEANUP_STRV struct strv files = {0};
        WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;

        if (!last && k == MAX_DIRS)
            break;
        if (!last && search_below(s, inside, i + 1, c.v[k].version, &files, &why) == -WL_E_INTERRUPTED)
            return cancel_error(err);
        if (last || files.n)
            strv_add(found, c.v[k].version);
        if (files.n)
            break;
    }
    return r;
}

/* Part i has only the series in its name: the newest series that has a version. */
static int find_series(struct search *s, const char *directory, size_t i, const struct pattern *p, struct strv *found,
                       struct wl_err *err)
{
    CLEANUP_CANDIDATES struct candidates c = {0};
    int r = list_candidates(s, directory, p, is_wanted_series, NULL, &c, err);

    s->listed = false; /* a series is not a version */
    for (size_t k = 0; r == 0 && k < c.n && k < MAX_DIRS && !found->n; k++) {
        WL_CLEANUP_FREE char *inside = xasprintf("%s%s/", directory, c.v[k].name);

        r = search_below(s, inside, i + 1, NULL, found, err);
    }
    return r;
}

/* Whether only one series is wanted, so that the name of its directory is known. */
static bool is_one_series(const struct search *s)
{
    const char *series = s->q->series;

    return series && strcmp(series, "any") && strchr(series, '.') && version_in_series(s->series, series);
}

/* Finds versions from part i on, which is in the directory. */
static int search_below(struct search *s, const char *directory, size_t i, const char *known, struct strv *found,
                        struct wl_err *err)
{
    WL_CLEANUP_STR struct str path = {0};

    str_add(&path, directory);
    for (; i < s->l->parts.n; i++) {
        const char *part = s->l->parts.v[i];
        WL_CLEANUP_FREE char *series = NULL, *filled = NULL;
        struct pattern p;
        int r;

        if (pattern_make(part, s->q->version, &p)) {
            r = find_versions(s, path.s, i, &p, known, found, err);
            pattern_free(&p);
            return r;
        }
        if (i + 1 < s->l->parts.n && strcmp(s->series, s->q->version) && pattern_make(part, s->series, &p)) {
            if (known) {
                series = version_series(known);
                filled = pattern_fill(&p, series);
            } else if (!is_one_series(s)) {
                r = find_series(s, path.s, i, &p, found, err);
                pattern_free(&p);
                return r;
            }
            pattern_free(&p);
        }
        str_addf(&path, "%s/", filled ? filled : part);
    }
    return wl_err_set(err, WL_E_USAGE, "its name does not contain the version");
}

int listing_versions(struct offers *o, const struct listing *l, const struct offer_query *q, struct strv *versions,
                     struct wl_err *err)
{
    WL_CLEANUP_FREE char *series = version_series(q->version);
    struct search s = {.o = o, .l = l, .q = q, .series = series};
    int r = search_below(&s, l->root, 0, NULL, versions, err);

    if (r == 0 && !s.listed)
        return wl_err_set(err, WL_E_USAGE, "the listing of its dir names no version of it");
    return r;
}

int tags_versions(const struct strv *tags, const char *like, const struct offer_query *q, struct strv *versions,
                  struct wl_err *err)
{
    struct pattern p = {0};
    bool made = like && pattern_make(like, q->version, &p), listed = false;

    for (size_t i = 0; i < tags->n && !like && !made; i++)
        made = pattern_make(tags->v[i], q->version, &p);
    if (!made)
        return wl_err_set(err, WL_E_USAGE, "none of its tags is named after the version");
    for (size_t i = 0; i < tags->n; i++) {
        WL_CLEANUP_FREE char *version = pattern_match(&p, tags->v[i]);

        listed |= version != NULL;
        if (version && offer_is_wanted(q, version))
            strv_add(versions, version);
    }
    pattern_free(&p);
    return listed ? 0 : wl_err_set(err, WL_E_USAGE, "none of its tags is named after a version");
}
