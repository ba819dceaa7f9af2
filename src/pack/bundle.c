#include "pack/bundle.h"

#include "util/fs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static struct bundle_item *add(struct bundle *b, enum bundle_kind kind, const char *path, const char *from)
{
    b->v = xreallocarray(b->v, b->n + 1, sizeof *b->v);
    b->v[b->n] = (struct bundle_item){.kind = kind, .path = xstrdup(path), .from = xstrdup(from), .mode = 0644};
    return &b->v[b->n++];
}

void bundle_file(struct bundle *b, const char *path, const char *from, unsigned mode)
{
    add(b, BUNDLE_FILE, path, from)->mode = mode;
}

void bundle_text(struct bundle *b, const char *path, const char *text)
{
    add(b, BUNDLE_TEXT, path, text);
}

void bundle_link(struct bundle *b, const char *path, const char *target)
{
    add(b, BUNDLE_LINK, path, target)->mode = 0777;
}

void bundle_dir(struct bundle *b, const char *path)
{
    add(b, BUNDLE_DIR, path, "")->mode = 0755;
}

int bundle_tree(struct bundle *b, const char *path, const char *dir, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir_list(dir, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *from = path_join(dir, names.v[i]),
                             *to = *path ? path_join(path, names.v[i]) : xstrdup(names.v[i]), *target = NULL;
        struct stat st;

        if (lstat(from, &st) < 0)
            return wl_err_unreadable(err, WL_E_IO, "cannot read %s", from);
        if (S_ISDIR(st.st_mode)) {
            r = bundle_tree(b, to, from, err);
        } else if (S_ISLNK(st.st_mode)) {
            target = link_target(from);
            if (!target)
                return wl_err_unreadable(err, WL_E_IO, "cannot read the link %s", from);
            bundle_link(b, to, target);
        } else {
            bundle_file(b, to, from, st.st_mode & 0111 ? 0755 : 0644);
        }
    }
    return r;
}

void bundle_add(struct bundle *b, const char *path, const struct bundle *more)
{
    for (size_t i = 0; i < more->n; i++) {
        const struct bundle_item *x = &more->v[i];
        WL_CLEANUP_FREE char *to = path_join(path, x->path);

        add(b, x->kind, to, x->from)->mode = x->mode;
    }
}

void bundle_free(struct bundle *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->v[i].path);
        free(b->v[i].from);
    }
    free(b->v);
    *b = (struct bundle){0};
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct bundle_item *)a)->path, ((const struct bundle_item *)b)->path);
}

int bundle_sort(struct bundle *b, struct wl_err *err)
{
    if (b->n)
        qsort(b->v, b->n, sizeof *b->v, compare);
    for (size_t i = 1; i < b->n; i++)
        if (!strcmp(b->v[i - 1].path, b->v[i].path))
            return wl_err_set(err, WL_E_FAILED, "two files would both be %s", b->v[i].path);
    return 0;
}

int bundle_hash(const struct bundle *b, struct hash *h, struct wl_err *err)
{
    static const char *const kinds[] = {
        [BUNDLE_FILE] = "file", [BUNDLE_TEXT] = "text", [BUNDLE_LINK] = "link", [BUNDLE_DIR] = "dir"};

    for (size_t i = 0; i < b->n; i++) {
        const struct bundle_item *x = &b->v[i];
        char hex[HASH_HEX_SIZE];

        if (x->kind == BUNDLE_FILE && hash_file(x->from, hex, err) < 0)
            return -(int)err->cls;
        hash_field(h, kinds[x->kind], x->path);
        hash_field(h, x->mode & 0111 ? "executable" : "is", x->kind == BUNDLE_FILE ? hex : x->from);
    }
    return 0;
}

unsigned long long bundle_size(const struct bundle *b)
{
    unsigned long long size = 0;

    for (size_t i = 0; i < b->n; i++)
        size += b->v[i].kind == BUNDLE_FILE ? tree_size(b->v[i].from) : strlen(b->v[i].from);
    return size;
}

int bundle_copy(const struct bundle *b, const char *dir, struct wl_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < b->n; i++) {
        const struct bundle_item *x = &b->v[i];
        WL_CLEANUP_FREE char *to = path_join(dir, x->path), *above = path_dir(to);

        r = make_dirs(above, err);
        if (r == 0)
            r = x->kind == BUNDLE_FILE ? file_copy(x->from, to, x->mode, err)
                                       : file_write(to, x->from, strlen(x->from), err);
    }
    return r;
}
