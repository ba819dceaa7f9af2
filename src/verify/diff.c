#include "verify/diff.h"

#include "util/fs.h"
#include "util/str.h"
#include "verify/members.h"
#include "wasm/info.h"

#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 4 };

static void report(struct diff *d, const char *where, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void report(struct diff *d, const char *where, const char *fmt, ...)
{
    WL_CLEANUP_FREE char *what = NULL;
    va_list ap;

    va_start(ap, fmt);
    what = xvasprintf(fmt, ap);
    va_end(ap);
    d->differences++;
    d->on_difference(d->data, where, what);
}

/* --- bytes --- */

static void compare(struct diff *d, const char *where, const unsigned char *a, size_t a_size, const unsigned char *b,
                    size_t b_size, int depth);

/* A piece of text around a place, if both sides are text there; it mostly says what leaked. */
static char *excerpt(const unsigned char *p, size_t n, size_t at)
{
    enum { BEFORE = 8, AFTER = 40 };
    size_t from = at > BEFORE ? at - BEFORE : 0, to = n - at > AFTER ? at + AFTER : n;
    WL_CLEANUP_STR struct str out = {0};

    while (from < at && (p[from] < ' ' || p[from] > '~'))
        from++;
    for (size_t i = from; i < at; i++)
        if (p[i] < ' ' || p[i] > '~')
            from = i + 1;
    for (size_t i = from; i < to && p[i] >= ' ' && p[i] <= '~'; i++)
        str_addc(&out, (char)p[i]);
    return out.len >= 4 ? str_take(&out) : NULL;
}

static void compare_plain(struct diff *d, const char *where, const unsigned char *a, size_t a_size,
                          const unsigned char *b, size_t b_size)
{
    size_t least = a_size < b_size ? a_size : b_size, at = 0;
    WL_CLEANUP_FREE char *left = NULL, *right = NULL;

    while (at < least && a[at] == b[at])
        at++;
    left = excerpt(a, a_size, at);
    right = excerpt(b, b_size, at);
    if (left && right)
        report(d, where, "differs from byte %zu on: \"%s\" and \"%s\"", at, left, right);
    else
        report(d, where, "differs from byte %zu on (%zu and %zu bytes)", at, a_size, b_size);
}

/* The n-th section of that kind and name. */
static const struct wasm_section_place *section_of(const struct wasm_info *w, const struct wasm_section_place *like,
                                                   size_t nth)
{
    for (size_t i = 0; i < w->sections_n; i++)
        if (w->sections[i].id == like->id && !strcmp(w->sections[i].name, like->name) && nth-- == 0)
            return &w->sections[i];
    return NULL;
}

static size_t nth_of(const struct wasm_info *w, size_t section)
{
    size_t nth = 0;

    for (size_t i = 0; i < section; i++)
        nth += w->sections[i].id == w->sections[section].id && !strcmp(w->sections[i].name, w->sections[section].name);
    return nth;
}

/* Compares the sections of two modules. */
static void compare_sections(struct diff *d, const char *where, const struct wasm_info *a, const struct wasm_info *b)
{
    size_t before = d->differences;

    for (size_t i = 0; i < a->sections_n; i++) {
        const struct wasm_section_place *x = &a->sections[i], *y = section_of(b, x, nth_of(a, i));
        WL_CLEANUP_FREE char *name = xasprintf("%s: section %s", where, x->name);

        if (!y)
            report(d, name, "is only in the first build");
        else if (x->size != y->size || memcmp(x->at, y->at, x->size) != 0)
            compare_plain(d, name, x->at, x->size, y->at, y->size);
    }
    for (size_t i = 0; i < b->sections_n; i++)
        if (!section_of(a, &b->sections[i], nth_of(b, i))) {
            WL_CLEANUP_FREE char *name = xasprintf("%s: section %s", where, b->sections[i].name);

            report(d, name, "is only in the second build");
        }
    if (d->differences == before)
        report(d, where, "has the same sections in another order or encoding");
}

static bool compare_modules(struct diff *d, const char *where, const unsigned char *a, size_t a_size,
                            const unsigned char *b, size_t b_size)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    struct wasm_info x = {0}, y = {0};
    bool both = wasm_is(a, a_size) && wasm_is(b, b_size) && wasm_sections(a, a_size, &x, &ignored) == 0 &&
                wasm_sections(b, b_size, &y, &ignored) == 0 && !x.is_component && !y.is_component;

    if (both)
        compare_sections(d, where, &x, &y);
    wasm_info_free(&x);
    wasm_info_free(&y);
    return both;
}

static struct member *member_of(const struct members *l, const char *name, size_t nth)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->v[i].name, name) && nth-- == 0)
            return &l->v[i];
    return NULL;
}

static size_t nth_member(const struct members *l, size_t member)
{
    size_t nth = 0;

    for (size_t i = 0; i < member; i++)
        nth += !strcmp(l->v[i].name, l->v[member].name);
    return nth;
}

static void compare_members(struct diff *d, const char *where, const struct members *a, const struct members *b,
                            int depth)
{
    size_t before = d->differences, moved = 0;

    for (size_t i = 0; i < a->n; i++) {
        const struct member *x = &a->v[i], *y = member_of(b, x->name, nth_member(a, i));
        WL_CLEANUP_FREE char *name = xasprintf("%s: member %s", where, x->name);

        if (!y) {
            report(d, name, "is only in the first build");
            continue;
        }
        moved += (size_t)(y - b->v) != i;
        if (strcmp(x->about, y->about) != 0)
            report(d, name, "has %s, and %s", x->about, y->about);
        if (x->size != y->size || memcmp(x->bytes, y->bytes, x->size) != 0)
            compare(d, name, x->bytes, x->size, y->bytes, y->size, depth + 1);
    }
    for (size_t i = 0; i < b->n; i++)
        if (!member_of(a, b->v[i].name, nth_member(b, i))) {
            WL_CLEANUP_FREE char *name = xasprintf("%s: member %s", where, b->v[i].name);

            report(d, name, "is only in the second build");
        }
    if (moved && a->n == b->n)
        report(d, where, "has its members in another order");
    else if (d->differences == before)
        report(d, where, "has the same members, but is another file (its tables or compression)");
}

static void compare(struct diff *d, const char *where, const unsigned char *a, size_t a_size, const unsigned char *b,
                    size_t b_size, int depth)
{
    struct members x = {0}, y = {0};

    if (compare_modules(d, where, a, a_size, b, b_size))
        return;
    if (depth < MAX_DEPTH && members_read(a, a_size, &x) && members_read(b, b_size, &y))
        compare_members(d, where, &x, &y, depth);
    else
        compare_plain(d, where, a, a_size, b, b_size);
    members_free(&x);
    members_free(&y);
}

void diff_bytes(struct diff *d, const char *where, const unsigned char *a, size_t a_size, const unsigned char *b,
                size_t b_size)
{
    if (a_size != b_size || memcmp(a, b, a_size) != 0)
        compare(d, where, a, a_size, b, b_size, 0);
}

/* --- artifacts --- */

static int compare_file(struct diff *d, const char *path, const char *a_tree, const char *b_tree, struct wl_err *err)
{
    WL_CLEANUP_FREE char *left = path_join(a_tree, path), *right = path_join(b_tree, path), *a = NULL, *b = NULL;
    size_t a_size = 0, b_size = 0;
    int r = file_read(left, WASM_INFO_BYTES, &a, &a_size, err);

    if (r == 0)
        r = file_read(right, WASM_INFO_BYTES, &b, &b_size, err);
    if (r == 0)
        diff_bytes(d, path, (const unsigned char *)a, a_size, (const unsigned char *)b, b_size);
    return r;
}

static int compare_entry(struct diff *d, const struct manifest_file *a, const struct manifest_file *b,
                         const char *a_tree, const char *b_tree, struct wl_err *err)
{
    static const char *const types[] = {"file", "link", "directory"};

    if (a->type != b->type) {
        report(d, a->path, "is a %s, and a %s", types[a->type], types[b->type]);
        return 0;
    }
    if (a->type == MANIFEST_LINK) {
        if (strcmp(a->target, b->target) != 0)
            report(d, a->path, "leads to %s, and to %s", a->target, b->target);
        return 0;
    }
    if (a->mode != b->mode)
        report(d, a->path, "has the mode %03o, and %03o", a->mode, b->mode);
    if (a->type == MANIFEST_FILE && strcmp(a->sha256, b->sha256) != 0)
        return compare_file(d, a->path, a_tree, b_tree, err);
    return 0;
}

int diff_artifacts(struct diff *d, const struct manifest *a, const char *a_tree, const struct manifest *b,
                   const char *b_tree, size_t *files, size_t *differing, struct wl_err *err)
{
    size_t i = 0, k = 0;
    int r = 0;

    *files = *differing = 0;
    while (r == 0 && (i < a->files_n || k < b->files_n)) {
        const int order = manifest_compare_next(a, i, b, k);
        const struct manifest_file *file = order <= 0 ? &a->files[i] : &b->files[k];
        size_t before = d->differences;

        *files += file->type != MANIFEST_FOLDER;
        if (order < 0)
            report(d, file->path, "is only in the first build");
        else if (order > 0)
            report(d, file->path, "is only in the second build");
        else
            r = compare_entry(d, file, &b->files[k], a_tree, b_tree, err);
        *differing += d->differences > before;
        i += order <= 0;
        k += order >= 0;
    }
    return r;
}
