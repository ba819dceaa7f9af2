/* The content of a manifest, and comparing it with a directory. */
#include "store/manifest_private.h"

#include "util/fs.h"
#include "util/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void manifest_add_source(struct manifest *m, const char *file, const char *sha256, const char *from)
{
    struct manifest_source *s;

    m->sources = xreallocarray(m->sources, m->sources_n + 1, sizeof *s);
    s = &m->sources[m->sources_n++];
    *s = (struct manifest_source){.file = xstrdup(file), .from = from ? xstrdup(from) : NULL};
    snprintf(s->sha256, sizeof s->sha256, "%s", sha256);
}

void manifest_add_need(struct manifest *m, const char *name, const char *key, const char *use)
{
    struct manifest_need *n;

    m->needs = xreallocarray(m->needs, m->needs_n + 1, sizeof *n);
    n = &m->needs[m->needs_n++];
    *n = (struct manifest_need){.name = xstrdup(name), .use = xstrdup(use)};
    snprintf(n->key, sizeof n->key, "%s", key);
}

void manifest_free_files(struct manifest *m)
{
    for (size_t i = 0; i < m->files_n; i++) {
        free(m->files[i].path);
        free(m->files[i].target);
    }
    free(m->files);
    m->files = NULL;
    m->files_n = 0;
}

void manifest_free(struct manifest *m)
{
    manifest_free_files(m);
    for (size_t i = 0; i < m->sources_n; i++) {
        free(m->sources[i].file);
        free(m->sources[i].from);
    }
    free(m->sources);
    for (size_t i = 0; i < m->needs_n; i++) {
        free(m->needs[i].name);
        free(m->needs[i].use);
    }
    free(m->needs);
    free(m->kind);
    free(m->name);
    free(m->version);
    free(m->license);
    free(m->toolchain);
    *m = (struct manifest){0};
}

struct manifest_file *manifest_add_file(struct manifest *m)
{
    /* Doubled, since a Python has thousands. */
    if ((m->files_n & (m->files_n - 1)) == 0)
        m->files = xreallocarray(m->files, m->files_n ? 2 * m->files_n : 1, sizeof *m->files);
    m->files[m->files_n] = (struct manifest_file){0};
    return &m->files[m->files_n++];
}

/* --- from a directory --- */

static int scan_folder(struct manifest *m, const char *dir, const char *prefix, int depth, struct wl_err *err);

static int scan_one(struct manifest *m, const char *path, const char *name, int depth, struct wl_err *err)
{
    struct manifest_file *f;
    char target[MANIFEST_PATH + 1];
    struct stat st;
    ssize_t n;

    if (lstat(path, &st) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot read %s", path);
    if (strlen(name) > MANIFEST_PATH || m->files_n == MANIFEST_ENTRIES)
        return wl_err_set(err, WL_E_FAILED, "%.80s: an artifact takes %d files with names of up to %d bytes", name,
                          MANIFEST_ENTRIES, MANIFEST_PATH);
    f = manifest_add_file(m);
    f->path = xstrdup(name);
    f->mode = st.st_mode & 0777;
    if (S_ISDIR(st.st_mode)) {
        f->type = MANIFEST_FOLDER;
        return scan_folder(m, path, name, depth + 1, err);
    }
    if (S_ISREG(st.st_mode)) {
        f->size = (unsigned long long)st.st_size;
        return hash_file(path, f->sha256, err);
    }
    if (!S_ISLNK(st.st_mode))
        return wl_err_set(err, WL_E_IO, "%s is neither a file, a directory nor a link", name);
    n = readlink(path, target, sizeof target);
    if (n < 0 || n == (ssize_t)sizeof target)
        return wl_err_errno(err, WL_E_IO, "cannot read the link %s", path);
    f->type = MANIFEST_LINK;
    f->mode = 0;
    f->target = xstrndup(target, (size_t)n);
    return 0;
}

static int scan_folder(struct manifest *m, const char *dir, const char *prefix, int depth, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = depth > MANIFEST_DEPTH
                ? wl_err_set(err, WL_E_FAILED, "%.80s: directories nested more than %d deep", prefix, MANIFEST_DEPTH)
                : dir_list(dir, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *path = path_join(dir, names.v[i]), *name = path_join(prefix, names.v[i]);

        r = scan_one(m, path, name, depth, err);
    }
    return r;
}

int manifest_scan(struct manifest *m, const char *tree, struct wl_err *err)
{
    manifest_free_files(m);
    return scan_folder(m, tree, "", 0, err);
}

int manifest_compare_paths(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    if (!*a || !*b || *a == '/' || *b == '/')
        return (*a == '/' ? 1 : *a ? 2 : 0) - (*b == '/' ? 1 : *b ? 2 : 0);
    return (unsigned char)*a - (unsigned char)*b;
}

int manifest_compare_next(const struct manifest *a, size_t i, const struct manifest *b, size_t k)
{
    if (i == a->files_n || k == b->files_n)
        return (i == a->files_n) - (k == b->files_n);
    return manifest_compare_paths(a->files[i].path, b->files[k].path);
}

/* --- comparing --- */

static int differs(const struct manifest_file *f, const char *how, struct wl_err *err)
{
    return wl_err_set(err, WL_E_VERIFY, "%s: %s", f->path, how);
}

static int compare_file(const struct manifest_file *want, const struct manifest_file *is, struct wl_err *err)
{
    if (want->type != is->type)
        return differs(want, "it is no longer what it was", err);
    if (want->type == MANIFEST_LINK)
        return strcmp(want->target, is->target) ? differs(want, "it leads elsewhere", err) : 0;
    if (want->size != is->size)
        return differs(want, "its size has changed", err);
    if (strcmp(want->sha256, is->sha256) != 0)
        return differs(want, "its bytes have changed", err);
    return want->mode != is->mode ? differs(want, "its mode has changed", err) : 0;
}

int manifest_compare(const struct manifest *m, const char *tree, struct wl_err *err)
{
    WL_CLEANUP_MANIFEST struct manifest now = {0};
    int r = manifest_scan(&now, tree, err);

    /* A file that cannot be read, or could never have been stored, is damage like any other; but the artifact is not
     * damaged if this process lacks memory or descriptors. */
    if (r < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
        return r;
    if (r < 0)
        err->cls = WL_E_VERIFY;
    for (size_t i = 0; r == 0 && (i < m->files_n || i < now.files_n); i++) {
        int order = manifest_compare_next(m, i, &now, i);

        if (order < 0)
            r = differs(&m->files[i], "it is missing", err);
        else if (order > 0)
            r = differs(&now.files[i], "it was added", err);
        else
            r = compare_file(&m->files[i], &now.files[i], err);
    }
    return r < 0 ? -WL_E_VERIFY : 0;
}
