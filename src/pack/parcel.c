#include "pack/parcel.h"

#include "util/fs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static struct parcel_item *add(struct parcel *b, enum parcel_kind kind, const char *path, const char *from)
{
    b->v = xreallocarray(b->v, b->n + 1, sizeof *b->v);
    b->v[b->n] = (struct parcel_item){.kind = kind, .path = xstrdup(path), .from = xstrdup(from), .mode = 0644};
    return &b->v[b->n++];
}

void parcel_file(struct parcel *b, const char *path, const char *from, unsigned mode)
{
    add(b, PARCEL_FILE, path, from)->mode = mode;
}

void parcel_text(struct parcel *b, const char *path, const char *text)
{
    add(b, PARCEL_TEXT, path, text);
}

void parcel_link(struct parcel *b, const char *path, const char *target)
{
    add(b, PARCEL_LINK, path, target)->mode = 0777;
}

void parcel_dir(struct parcel *b, const char *path)
{
    add(b, PARCEL_DIR, path, "")->mode = 0755;
}

int parcel_tree(struct parcel *b, const char *path, const char *dir, struct wl_err *err)
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
            r = parcel_tree(b, to, from, err);
        } else if (S_ISLNK(st.st_mode)) {
            target = link_target(from);
            if (!target)
                return wl_err_unreadable(err, WL_E_IO, "cannot read the link %s", from);
            parcel_link(b, to, target);
        } else {
            parcel_file(b, to, from, st.st_mode & 0111 ? 0755 : 0644);
        }
    }
    return r;
}

void parcel_add(struct parcel *b, const char *path, const struct parcel *more)
{
    for (size_t i = 0; i < more->n; i++) {
        const struct parcel_item *x = &more->v[i];
        WL_CLEANUP_FREE char *to = path_join(path, x->path);

        add(b, x->kind, to, x->from)->mode = x->mode;
    }
}

void parcel_free(struct parcel *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->v[i].path);
        free(b->v[i].from);
    }
    free(b->v);
    *b = (struct parcel){0};
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct parcel_item *)a)->path, ((const struct parcel_item *)b)->path);
}

int parcel_sort(struct parcel *b, struct wl_err *err)
{
    if (b->n)
        qsort(b->v, b->n, sizeof *b->v, compare);
    for (size_t i = 1; i < b->n; i++)
        if (!strcmp(b->v[i - 1].path, b->v[i].path))
            return wl_err_set(err, WL_E_FAILED, "two files would both be %s", b->v[i].path);
    return 0;
}

int parcel_hash(const struct parcel *b, struct hash *h, struct wl_err *err)
{
    static const char *const kinds[] = {
        [PARCEL_FILE] = "file", [PARCEL_TEXT] = "text", [PARCEL_LINK] = "link", [PARCEL_DIR] = "dir"};

    for (size_t i = 0; i < b->n; i++) {
        const struct parcel_item *x = &b->v[i];
        char hex[HASH_HEX_SIZE];

        if (x->kind == PARCEL_FILE && hash_file(x->from, hex, err) < 0)
            return -(int)err->cls;
        hash_field(h, kinds[x->kind], x->path);
        hash_field(h, x->mode & 0111 ? "executable" : "is", x->kind == PARCEL_FILE ? hex : x->from);
    }
    return 0;
}

unsigned long long parcel_size(const struct parcel *b)
{
    unsigned long long size = 0;

    for (size_t i = 0; i < b->n; i++)
        size += b->v[i].kind == PARCEL_FILE ? tree_size(b->v[i].from) : strlen(b->v[i].from);
    return size;
}

int parcel_copy(const struct parcel *b, const char *dir, struct wl_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < b->n; i++) {
        const struct parcel_item *x = &b->v[i];
        WL_CLEANUP_FREE char *to = path_join(dir, x->path), *above = path_dir(to);

        r = make_dirs(above, err);
        if (r == 0)
            r = x->kind == PARCEL_FILE ? file_copy(x->from, to, x->mode, err)
                                       : file_write(to, x->from, strlen(x->from), err);
    }
    return r;
}
