/* Newer versions of a file from the listings of the folders it lies in, as a web server shows them or as they are on
 * this machine. Where a folder above it has the version in its name, too (3.13.5/Python-3.13.5.tar.xz), or the series
 * (v2.41/util-linux-2.41.5.tar.xz), that folder is searched first. */
#include "source/kinds.h"
#include "source/pattern.h"
#include "util/fs.h"
#include "util/version.h"

#include <string.h>
#include <strings.h>

/* How many of several folders are looked into, the newest first: the first often has only pre-releases. */
enum { MAX_LOOKS = 3, MAX_PAGE = 16 << 20 };

/* --- a page --- */

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
    page.most = MAX_PAGE;
    r = transfer_get(&page, part, o, err);
    r = r < 0 ? r : file_read(part, MAX_PAGE, &text, NULL, err);
    if (r == 0)
        listing_parse(text, names);
    return r;
}

/* --- the way down --- */

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

/* What is the same on the whole way. */
struct way {
    struct offers *o;
    const struct listing *l;
    const struct offer_query *q;
    char *series; /* of the version: its first two numbers */
    bool listed;  /* some version was found, be it an old one */
};

static int walk(struct way *w, const char *folder, size_t i, const char *known, struct strv *found, struct wl_err *err);

/* The names in a folder that have the pattern, and of which want says yes, the newest first. */
static int look(struct way *w, const char *folder, const struct pattern *p,
                bool (*want)(const struct way *w, const char *version, const char *known), const char *known,
                struct candidates *found, struct wl_err *err)
{
    const struct strv *names;
    int r = w->l->list(w->o, folder, &names, err);

    for (size_t i = 0; r == 0 && i < names->n; i++) {
        char *version = pattern_match(p, names->v[i]);

        if (!version || !want(w, version, known)) {
            w->listed |= version != NULL;
            free(version);
            continue;
        }
        w->listed = true;
        found->v = xreallocarray(found->v, found->n + 1, sizeof *found->v);
        found->v[found->n++] = (struct candidate){version, xstrdup(names->v[i])};
    }
    if (found->n)
        qsort(found->v, found->n, sizeof *found->v, newest_first);
    return r;
}

static bool want_version(const struct way *w, const char *version, const char *known)
{
    return known ? !strcmp(version, known) : offer_is_wanted(w->q, version);
}

static bool want_series(const struct way *w, const char *series, const char *known)
{
    (void)known;
    return version_compare(series, w->series) >= 0;
}

/* The part i has the version in it. A folder counts only if the file is in it. */
static int find_versions(struct way *w, const char *folder, size_t i, const struct pattern *p, const char *known,
                         struct strv *found, struct wl_err *err)
{
    CLEANUP_CANDIDATES struct candidates c = {0};
    bool last = i + 1 == w->l->parts.n;
    int r = look(w, folder, p, want_version, known, &c, err);

    for (size_t k = 0; r == 0 && k < c.n; k++) {
        WL_CLEANUP_FREE char *inside = xasprintf("%s%s/", folder, c.v[k].name);
        WL_CLEANUP_STRV struct strv there = {0};
        WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;

        if (!last && k == MAX_LOOKS)
            break;
        if (!last && walk(w, inside, i + 1, c.v[k].version, &there, &why) == -WL_E_INTERRUPTED)
            return cancel_error(err);
        if (last || there.n)
            strv_add(found, c.v[k].version);
        if (there.n)
            break;
    }
    return r;
}

/* The part i has only the series in it: the newest series that has a version. */
static int find_series(struct way *w, const char *folder, size_t i, const struct pattern *p, struct strv *found,
                       struct wl_err *err)
{
    CLEANUP_CANDIDATES struct candidates c = {0};
    int r = look(w, folder, p, want_series, NULL, &c, err);

    w->listed = false; /* that says nothing of versions yet */
    for (size_t k = 0; r == 0 && k < c.n && k < MAX_LOOKS && !found->n; k++) {
        WL_CLEANUP_FREE char *inside = xasprintf("%s%s/", folder, c.v[k].name);

        r = walk(w, inside, i + 1, NULL, found, err);
    }
    return r;
}

/* Whether only one series is wanted, whose folder is then known. */
static bool is_fixed(const struct way *w)
{
    const char *s = w->q->series;

    return s && strcmp(s, "any") && strchr(s, '.') && version_in_series(w->series, s);
}

static int walk(struct way *w, const char *folder, size_t i, const char *known, struct strv *found, struct wl_err *err)
{
    WL_CLEANUP_STR struct str here = {0};

    str_add(&here, folder);
    for (; i < w->l->parts.n; i++) {
        const char *part = w->l->parts.v[i];
        WL_CLEANUP_FREE char *series = NULL, *filled = NULL;
        struct pattern p;
        int r;

        if (pattern_make(part, w->q->version, &p)) {
            r = find_versions(w, here.s, i, &p, known, found, err);
            pattern_free(&p);
            return r;
        }
        if (i + 1 < w->l->parts.n && strcmp(w->series, w->q->version) && pattern_make(part, w->series, &p)) {
            if (known) {
                series = version_series(known);
                filled = pattern_fill(&p, series);
            } else if (!is_fixed(w)) {
                r = find_series(w, here.s, i, &p, found, err);
                pattern_free(&p);
                return r;
            }
            pattern_free(&p);
        }
        str_addf(&here, "%s/", filled ? filled : part);
    }
    return wl_err_set(err, WL_E_USAGE, "its name does not hold the version");
}

int listing_versions(struct offers *o, const struct listing *l, const struct offer_query *q, struct strv *versions,
                     struct wl_err *err)
{
    WL_CLEANUP_FREE char *series = version_series(q->version);
    struct way w = {.o = o, .l = l, .q = q, .series = series};
    int r = walk(&w, l->root, 0, NULL, versions, err);

    if (r == 0 && !w.listed)
        return wl_err_set(err, WL_E_USAGE, "the page of its folder names no version of it");
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
        return wl_err_set(err, WL_E_USAGE, "no tag of it is called after the version");
    for (size_t i = 0; i < tags->n; i++) {
        WL_CLEANUP_FREE char *version = pattern_match(&p, tags->v[i]);

        listed |= version != NULL;
        if (version && offer_is_wanted(q, version))
            strv_add(versions, version);
    }
    pattern_free(&p);
    return listed ? 0 : wl_err_set(err, WL_E_USAGE, "no tag of it is called after a version");
}
