/* Artifacts that come from another store (store.h). The manifest says which files there are, so nothing that the bytes
 * contain decides where something is written, or how much. */
#include "store/store_private.h"

#include "util/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 18 };

struct adoption {
    const struct manifest *m;
    const struct store_bytes *bytes;
    const struct cancel *cancel;
    const char *tree;
    char *block;
};

static int misfit(const struct manifest_file *f, const char *why, struct wl_err *err)
{
    return wl_err_set(err, WL_E_VERIFY, "%s: %s", f->path, why);
}

/* Takes the bytes of one file. */
static int take_bytes(const struct adoption *a, const struct manifest_file *f, int fd, const char *path,
                      struct wl_err *err)
{
    struct hash *h = hash_new();
    unsigned long long left = f->size;
    char hex[HASH_HEX_SIZE];
    int r = 0;

    while (r == 0 && left > 0) {
        ssize_t n = a->bytes->read(a->bytes->data, a->block, left < BLOCK ? (size_t)left : BLOCK, err);

        if (n > 0 && write_all(fd, a->block, (size_t)n) < 0)
            r = wl_err_errno(err, WL_E_IO, "cannot write %s", path);
        else if (n > 0)
            hash_add(h, a->block, (size_t)n);
        else
            r = n < 0 ? (int)n : misfit(f, "its bytes end too early", err);
        left -= n > 0 ? (size_t)n : 0;
        if (r == 0 && cancel_pending(a->cancel))
            r = cancel_error(err);
    }
    hash_end(h, hex);
    return r == 0 && strcmp(hex, f->sha256) != 0 ? misfit(f, "its bytes are not those of the manifest", err) : r;
}

static int make_file(const struct adoption *a, const struct manifest_file *f, const char *path, struct wl_err *err)
{
    WL_CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int r;

    if (fd < 0)
        return wl_err_errno(err, WL_E_IO, "cannot write %s", path);
    r = take_bytes(a, f, fd, path, err);
    if (r == 0 && fchmod(fd, f->mode) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot set the mode of %s", path);
    return r;
}

static int make_entry(const struct adoption *a, const struct manifest_file *f, struct wl_err *err)
{
    WL_CLEANUP_FREE char *path = path_join(a->tree, f->path);

    switch (f->type) {
    case MANIFEST_FILE:
        /* What store_commit stores is never writable. */
        return f->mode & ~0555U ? misfit(f, "its mode is none that an artifact's file has", err)
                                : make_file(a, f, path, err);
    case MANIFEST_LINK:
        return symlink(f->target, path) < 0 ? wl_err_errno(err, WL_E_IO, "cannot make the link %s", path) : 0;
    case MANIFEST_FOLDER:
        break;
    }
    if ((f->mode & 0700) != 0700)
        return misfit(f, "its mode is none that an artifact's directory has", err);
    return mkdir(path, 0700) < 0 || chmod(path, f->mode) < 0
               ? wl_err_errno(err, WL_E_IO, "cannot make the directory %s", path)
               : 0;
}

static int make_tree(struct adoption *a, struct wl_err *err)
{
    char more;
    ssize_t n;
    int r = 0;

    a->block = xmalloc(BLOCK);
    for (size_t i = 0; r == 0 && i < a->m->files_n; i++)
        r = make_entry(a, &a->m->files[i], err);
    free(a->block);
    if (r < 0)
        return r;
    n = a->bytes->read(a->bytes->data, &more, 1, err);
    return n > 0 ? wl_err_set(err, WL_E_VERIFY, "there are more bytes than the manifest lists") : (int)n;
}

int store_adopt(struct store_work *w, const char *manifest, const struct store_bytes *bytes,
                const struct cancel *cancel, struct wl_err *err)
{
    WL_CLEANUP_FREE char *entry = path_join(w->dir, "entry"), *tree = path_join(entry, STORE_TREE),
                         *copy = path_join(entry, STORE_MANIFEST);
    WL_CLEANUP_MANIFEST struct manifest m = {0};
    struct adoption a = {.m = &m, .bytes = bytes, .cancel = cancel, .tree = tree};
    int r = make_dirs(tree, err);

    if (r == 0)
        r = file_copy(manifest, copy, 0644, err);
    if (r == 0)
        r = manifest_read(copy, &m, err);
    if (r == 0 && strcmp(m.key, w->name) != 0)
        r = wl_err_set(err, WL_E_VERIFY, "the manifest belongs to another artifact");
    if (r == 0)
        r = make_tree(&a, err);
    return r < 0 ? r : store_publish(w, entry, err);
}
