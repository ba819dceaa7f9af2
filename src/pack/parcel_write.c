/* Archives of a parcel, written by libarchive. */
#include "pack/parcel.h"
#include "util/fs.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 18 };

struct writer {
    struct archive *a;
    const char *file, *prefix;
    long long time;
    const struct cancel *cancel;
    char *last; /* the directory that was written last, with all above it */
};

static int failed(const struct writer *w, struct wl_err *err)
{
    const char *why = archive_error_string(w->a);

    /* (A full disk has its own hint.) */
    errno = archive_errno(w->a);
    if (errno > 0 && errno < 4096)
        return wl_err_errno(err, WL_E_IO, "cannot write %s", w->file);
    return wl_err_set(err, WL_E_IO, "cannot write %s: %s", w->file, why ? why : "libarchive gives no reason");
}

static int header(struct writer *w, const char *path, unsigned type, unsigned mode, long long size, const char *target,
                  struct wl_err *err)
{
    struct archive_entry *e = archive_entry_new();
    int r;

    archive_entry_set_pathname(e, path);
    archive_entry_set_filetype(e, type);
    archive_entry_set_perm(e, mode);
    archive_entry_set_mtime(e, w->time, 0);
    archive_entry_set_uid(e, 0);
    archive_entry_set_gid(e, 0);
    archive_entry_set_uname(e, w->prefix ? "root" : "");
    archive_entry_set_gname(e, w->prefix ? "root" : "");
    if (target)
        archive_entry_set_symlink(e, target);
    else
        archive_entry_set_size(e, size);
    r = archive_write_header(w->a, e);
    archive_entry_free(e);
    return r == ARCHIVE_OK ? 0 : failed(w, err);
}

static int write_file(struct writer *w, const char *path, const struct parcel_item *x, struct wl_err *err)
{
    WL_CLEANUP_FD int fd = open(x->from, O_RDONLY | O_CLOEXEC);
    WL_CLEANUP_FREE char *buf = xmalloc(BLOCK);
    struct stat st;
    ssize_t n = 0;
    int r;

    if (fd < 0 || fstat(fd, &st) < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot open %s", x->from);
    r = header(w, path, AE_IFREG, x->mode, st.st_size, NULL, err);
    while (r == 0 && (n = read(fd, buf, BLOCK)) > 0) {
        if (cancel_pending(w->cancel))
            return cancel_error(err);
        if (archive_write_data(w->a, buf, (size_t)n) != n)
            return failed(w, err);
    }
    return n < 0 ? wl_err_unreadable(err, WL_E_IO, "cannot read %s", x->from) : r;
}

static int write_item(struct writer *w, const char *path, const struct parcel_item *x, struct wl_err *err)
{
    size_t n = strlen(x->from);

    if (x->kind == PARCEL_FILE)
        return write_file(w, path, x, err);
    if (x->kind == PARCEL_DIR)
        return 0; /* (It was written like those above every entry.) */
    if (x->kind == PARCEL_LINK)
        return header(w, path, AE_IFLNK, 0777, 0, x->from, err);
    if (header(w, path, AE_IFREG, x->mode, (long long)n, NULL, err) < 0)
        return -(int)err->cls;
    return archive_write_data(w->a, x->from, n) == (ssize_t)n ? 0 : failed(w, err);
}

/* Writes the directories above a path that were not written yet. Paths come sorted. */
static int write_above(struct writer *w, const char *path, struct wl_err *err)
{
    int r = 0;

    for (const char *slash = path; r == 0 && (slash = strchr(slash, '/')); slash++) {
        WL_CLEANUP_FREE char *dir = xstrndup(path, (size_t)(slash - path) + 1);

        if (w->last && starts_with(w->last, dir))
            continue;
        r = header(w, dir, AE_IFDIR, 0755, 0, NULL, err);
        free(w->last);
        w->last = xstrdup(dir);
    }
    return r;
}

static int write_entries(struct writer *w, const struct parcel *b, bool dirs, struct wl_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < b->n; i++) {
        WL_CLEANUP_FREE char *path =
            xasprintf("%s%s%s", w->prefix ? w->prefix : "", b->v[i].path, b->v[i].kind == PARCEL_DIR ? "/" : "");

        r = dirs ? write_above(w, path, err) : 0;
        if (r == 0)
            r = write_item(w, path, &b->v[i], err);
    }
    return r;
}

/* Ends it; what was still in memory is written now. */
static int end(struct writer *w, int r, struct wl_err *err)
{
    if (r == 0 && archive_write_close(w->a) != ARCHIVE_OK)
        r = failed(w, err);
    archive_write_free(w->a);
    free(w->last);
    return r;
}

static int set_filter(struct writer *w, const char *filter)
{
    if (!filter)
        return archive_write_add_filter_none(w->a);
    if (!strcmp(filter, "gzip"))
        return archive_write_add_filter_gzip(w->a) | archive_write_set_filter_option(w->a, "gzip", "timestamp", NULL) |
               archive_write_set_filter_option(w->a, "gzip", "compression-level", "9");
    /* Two threads whatever the machine has: their number decides about the bytes. */
    return archive_write_add_filter_xz(w->a) | archive_write_set_filter_option(w->a, "xz", "threads", "2");
}

int parcel_write_tar(const struct parcel *b, const struct parcel_tar *how, const char *file, struct wl_err *err)
{
    struct writer w = {
        .a = archive_write_new(), .file = file, .prefix = how->prefix, .time = how->time, .cancel = how->cancel};
    int r = 0;

    /* (No padding after the end: it would be compressed data of nothing.) */
    if (archive_write_set_format_pax_restricted(w.a) != ARCHIVE_OK || set_filter(&w, how->filter) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(w.a, 1) != ARCHIVE_OK ||
        archive_write_open_filename(w.a, file) != ARCHIVE_OK)
        r = failed(&w, err);
    if (r == 0)
        r = write_entries(&w, b, true, err);
    return end(&w, r, err);
}

int parcel_write_ar(const struct parcel *b, long long time, const char *file, struct wl_err *err)
{
    struct writer w = {.a = archive_write_new(), .file = file, .time = time};
    int r = 0;

    if (archive_write_set_format_ar_bsd(w.a) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(w.a, 1) != ARCHIVE_OK ||
        archive_write_open_filename(w.a, file) != ARCHIVE_OK)
        r = failed(&w, err);
    if (r == 0)
        r = write_entries(&w, b, false, err);
    return end(&w, r, err);
}
