/* Unpacking archives. This file is one concern: libarchive reads, and every write is made here, relative to directory
 * handles and never through a link.
 *
 * libarchive's own disk writer is not used because it sets the process's umask to 0 and back for every entry: a step
 * that another thread starts in that instant would run with umask 0. The rules of its secure flags are implemented
 * here. */
#include "util/unpack.h"

#include "util/fs.h"
#include "util/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { READ_BLOCK = 1 << 16 };

/* A directory whose time is set when everything is in it. */
struct folder_time {
    char *name;
    struct timespec mtime;
};

struct unpack {
    const char *file; /* the archive, for messages */
    int strip;
    const struct cancel *cancel;
    int root;
    char *parent; /* the directory parent_fd is open on, so that the files of one directory need one walk */
    int parent_fd;
    struct strv links; /* symbolic links made */
    struct folder_time *folders;
    size_t n_folders;
    size_t n_entries, n_made;
};

static void read_freep(struct archive **a)
{
    if (*a)
        archive_read_free(*a);
}
#define CLEANUP_READ __attribute__((cleanup(read_freep)))

static void unpack_clear(struct unpack *u)
{
    for (size_t i = 0; i < u->n_folders; i++)
        free(u->folders[i].name);
    free(u->folders);
    free(u->parent);
    strv_free(&u->links);
    close_fdp(&u->parent_fd);
    close_fdp(&u->root);
}

static int bad_entry(const struct unpack *u, const char *name, const char *why, struct wl_err *err)
{
    return wl_err_set(err, WL_E_VERIFY, "%s: the entry %s %s", u->file, name, why);
}

/* An error of the file system; if it cannot take a name, the archive is at fault. */
static int cannot_write(const struct unpack *u, const char *name, struct wl_err *err)
{
    if (errno == ENAMETOOLONG || errno == EILSEQ || errno == EINVAL || errno == EISDIR || errno == ENOTDIR)
        return bad_entry(u, name, strerror(errno), err);
    return wl_err_errno(err, WL_E_IO, "cannot unpack %s: %s", u->file, name);
}

/* Splits a name into components without empty ones and ".". False for an absolute name or one with "..". */
static bool split_name(const char *name, struct strv *parts)
{
    if (*name == '/')
        return false;
    while (*name) {
        size_t n = strcspn(name, "/");

        if (n == 2 && !memcmp(name, "..", 2))
            return false;
        if (n && !(n == 1 && *name == '.'))
            strv_take(parts, xstrndup(name, n));
        name += n + (name[n] == '/');
    }
    return true;
}

/* The name inside of the target directory: *inner, or NULL when stripping leaves nothing. */
static int inner_name(const struct unpack *u, const char *name, char **inner, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv parts = {0};
    struct str s = {0};

    *inner = NULL;
    if (!split_name(name, &parts))
        return bad_entry(u, name, *name == '/' ? "has an absolute name" : "has \"..\" in its name", err);
    if (parts.n <= (size_t)u->strip)
        return 0;
    for (size_t i = (size_t)u->strip; i < parts.n; i++)
        str_addf(&s, "%s%s", s.len ? "/" : "", parts.v[i]);
    *inner = str_take(&s);
    return 0;
}

/* Whether a link at name to target stays inside, read without looking at the disk; the check of what it resolves to
 * comes at the end. */
static bool link_stays(const char *name, const char *target)
{
    int depth = 0;

    if (*target == '/' || !*target)
        return false;
    for (; (name = strchr(name, '/')); name++)
        depth++;
    while (*target) {
        size_t n = strcspn(target, "/");

        if (n == 2 && !memcmp(target, "..", 2))
            depth--;
        else if (n && !(n == 1 && *target == '.'))
            depth++;
        if (depth < 0)
            return false;
        target += n + (target[n] == '/');
    }
    return true;
}

/* A handle on the directory that contains name; if make is set, it is created. The handle belongs to u. */
static int open_parent(struct unpack *u, const char *name, bool make, int *fd, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_dir(name);
    WL_CLEANUP_FD int at = -1;

    if (u->parent && !strcmp(u->parent, dir)) {
        *fd = u->parent_fd;
        return 0;
    }
    at = openat(u->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return cannot_write(u, name, err);
    for (const char *p = dir; *p && strcmp(dir, ".");) {
        size_t n = strcspn(p, "/");
        WL_CLEANUP_FREE char *part = xstrndup(p, n);
        int next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (next < 0 && errno == ENOENT && make) {
            if (mkdirat(at, part, 0755) < 0)
                return cannot_write(u, name, err);
            next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        if (next < 0 && (errno == ENOTDIR || errno == ELOOP))
            return bad_entry(u, name, "leads through a link or a file", err);
        if (next < 0)
            return cannot_write(u, name, err);
        close(at);
        at = next;
        p += n + (p[n] == '/');
    }
    close_fdp(&u->parent_fd);
    free(u->parent);
    u->parent = xstrdup(dir);
    *fd = u->parent_fd = at;
    at = -1;
    return 0;
}

/* Removes an earlier entry of the same name; a directory is never removed. */
static int clear_place(const struct unpack *u, int dir, const char *name, struct wl_err *err)
{
    if (unlinkat(dir, path_base(name), 0) == 0 || errno == ENOENT)
        return 0;
    if (errno == EISDIR || errno == EPERM)
        return bad_entry(u, name, "comes twice, as a directory and as something else", err);
    return cannot_write(u, name, err);
}

static struct timespec entry_mtime(struct archive_entry *e)
{
    if (!archive_entry_mtime_is_set(e))
        return (struct timespec){.tv_nsec = UTIME_OMIT};
    return (struct timespec){.tv_sec = archive_entry_mtime(e), .tv_nsec = archive_entry_mtime_nsec(e)};
}

static int make_folder(struct unpack *u, int dir, const char *name, struct archive_entry *e, struct wl_err *err)
{
    struct stat st;

    if (mkdirat(dir, path_base(name), 0755) < 0) {
        if (errno != EEXIST || fstatat(dir, path_base(name), &st, AT_SYMLINK_NOFOLLOW) < 0)
            return cannot_write(u, name, err);
        if (!S_ISDIR(st.st_mode))
            return bad_entry(u, name, "comes twice, as a directory and as something else", err);
    }
    u->folders = xreallocarray(u->folders, u->n_folders + 1, sizeof *u->folders);
    u->folders[u->n_folders++] = (struct folder_time){xstrdup(name), entry_mtime(e)};
    return 0;
}

static int make_link(struct unpack *u, int dir, const char *name, struct archive_entry *e, struct wl_err *err)
{
    const char *target = archive_entry_symlink(e);

    if (!target)
        target = archive_entry_symlink_utf8(e);
    if (!target || !link_stays(name, target)) {
        WL_CLEANUP_FREE char *why =
            xasprintf("is a link that leads out of the directory, to %s", target ? target : "?");

        return bad_entry(u, name, why, err);
    }
    if (clear_place(u, dir, name, err) < 0)
        return -(int)err->cls;
    if (symlinkat(target, dir, path_base(name)) < 0)
        return cannot_write(u, name, err);
    utimensat(dir, path_base(name), (struct timespec[]){entry_mtime(e), entry_mtime(e)}, AT_SYMLINK_NOFOLLOW);
    strv_add(&u->links, name);
    return 0;
}

/* A hard link: another name of a file that this archive brought before. */
static int make_hard_link(struct unpack *u, const char *name, const char *target, struct wl_err *err)
{
    WL_CLEANUP_FREE char *inner = NULL;
    WL_CLEANUP_FD int from = -1;
    struct stat st;
    int dir, r;

    r = inner_name(u, target, &inner, err);
    if (r < 0 || !inner) {
        WL_CLEANUP_FREE char *why = xasprintf("is a link that leads out of the directory, to %s", target);

        return bad_entry(u, name, why, err);
    }
    if (open_parent(u, inner, false, &dir, err) < 0) {
        if (err->cls == WL_E_VERIFY || errno == ENOENT)
            return bad_entry(u, name, "is a hard link to something that is not in the archive before it", err);
        return -(int)err->cls;
    }
    from = fcntl(dir, F_DUPFD_CLOEXEC, 0);
    if (from < 0)
        return cannot_write(u, name, err);
    if (fstatat(from, path_base(inner), &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return bad_entry(u, name, "is a hard link to something that is not in the archive before it", err);
    if (!strcmp(inner, name))
        return 0;
    r = open_parent(u, name, true, &dir, err);
    if (r == 0)
        r = clear_place(u, dir, name, err);
    if (r < 0)
        return r;
    if (linkat(from, path_base(inner), dir, path_base(name), 0) < 0)
        return cannot_write(u, name, err);
    return 0;
}

static int read_failed(const struct unpack *u, struct archive *a, const char *name, struct wl_err *err)
{
    const char *why = archive_error_string(a);

    return wl_err_set(err, WL_E_VERIFY, "%s is broken or ends too early%s%s: %s", u->file,
                      name ? ", at the entry " : "", name ? name : "", why ? why : "unknown error");
}

static int write_at(int fd, const char *data, size_t n, la_int64_t offset)
{
    while (n) {
        ssize_t w = pwrite(fd, data, n, offset);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -1;
        data += w;
        offset += w;
        n -= (size_t)w;
    }
    return 0;
}

static int make_file(struct unpack *u, int dir, const char *name, struct archive *a, struct archive_entry *e,
                     struct wl_err *err)
{
    WL_CLEANUP_FD int fd = -1;
    la_int64_t offset, end = 0;
    const void *block;
    size_t n;
    int r;

    r = clear_place(u, dir, name, err);
    if (r < 0)
        return r;
    fd = openat(dir, path_base(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return cannot_write(u, name, err);
    while ((r = archive_read_data_block(a, &block, &n, &offset)) == ARCHIVE_OK) {
        if (cancel_pending(u->cancel))
            return cancel_error(err);
        if (write_at(fd, block, n, offset) < 0)
            return cannot_write(u, name, err);
        end = offset + (la_int64_t)n;
    }
    if (r != ARCHIVE_EOF)
        return read_failed(u, a, name, err);
    /* A hole at the end of a sparse file has no block. */
    if (archive_entry_sparse_count(e) > 0 && archive_entry_size(e) > end && ftruncate(fd, archive_entry_size(e)) < 0)
        return cannot_write(u, name, err);
    /* There are only two modes, so that neither the umask of the person who made the archive nor ours is seen in what
     * is built. */
    if (fchmod(fd, archive_entry_perm(e) & 0100 ? 0755 : 0644) < 0 ||
        futimens(fd, (struct timespec[]){entry_mtime(e), entry_mtime(e)}) < 0)
        return cannot_write(u, name, err);
    return 0;
}

static int unpack_entry(struct unpack *u, struct archive *a, struct archive_entry *e, struct wl_err *err)
{
    const char *name = archive_entry_pathname(e), *hard = archive_entry_hardlink(e);
    WL_CLEANUP_FREE char *inner = NULL;
    int r, dir;

    /* In a locale that cannot spell the name, libarchive has it in UTF-8 only. */
    if (!name)
        name = archive_entry_pathname_utf8(e);
    if (!hard)
        hard = archive_entry_hardlink_utf8(e);
    if (!name)
        return wl_err_set(err, WL_E_VERIFY, "%s: an entry has no readable name", u->file);
    u->n_entries++;
    if (!hard && archive_entry_filetype(e) != AE_IFREG && archive_entry_filetype(e) != AE_IFDIR &&
        archive_entry_filetype(e) != AE_IFLNK)
        return bad_entry(u, name, "is a device, a pipe or another thing that is no source", err);
    r = inner_name(u, name, &inner, err);
    if (r < 0 || !inner)
        return r;
    u->n_made++;
    if (hard)
        return make_hard_link(u, inner, hard, err);
    r = open_parent(u, inner, true, &dir, err);
    if (r < 0)
        return r;
    if (archive_entry_filetype(e) == AE_IFDIR)
        return make_folder(u, dir, inner, e, err);
    if (archive_entry_filetype(e) == AE_IFLNK)
        return make_link(u, dir, inner, e, err);
    return make_file(u, dir, inner, a, e, err);
}

static int unpack_all(struct unpack *u, struct archive *a, struct archive_entry *first, struct wl_err *err)
{
    struct archive_entry *e = first;
    int r = ARCHIVE_OK;

    while (first || (r = archive_read_next_header(a, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
        first = NULL;
        if (cancel_pending(u->cancel))
            return cancel_error(err);
        r = unpack_entry(u, a, e, err);
        if (r < 0)
            return r;
    }
    return r == ARCHIVE_EOF ? 0 : read_failed(u, a, NULL, err);
}

/* The kernel gives up on ".." if anything on the machine is renamed meanwhile; then try again. */
static int open_beneath(int root, const char *name)
{
    enum { TRIES = 10000 };
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH};
    int fd = -1;

    for (int i = 0; i < TRIES; i++) {
        fd = (int)syscall(SYS_openat2, root, name, &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN)
            break;
    }
    return fd;
}

/* Several links in a row may lead out of the directory although none of them does alone. */
static int check_links(struct unpack *u, struct wl_err *err)
{
    for (size_t i = 0; i < u->links.n; i++) {
        WL_CLEANUP_FD int fd = open_beneath(u->root, u->links.v[i]);

        if (fd < 0 && errno == EAGAIN)
            return wl_err_errno(err, WL_E_IO, "cannot check the link %s of %s", u->links.v[i], u->file);
        if (fd < 0 && errno == EXDEV) {
            unlinkat(u->root, u->links.v[i], 0);
            return bad_entry(u, u->links.v[i], "is a link that leads out of the directory by way of another link", err);
        }
    }
    return 0;
}

/* Does what check_links does where the kernel has no openat2 (before 5.6, or refused by a container). */
static int check_links_by_path(struct unpack *u, const char *to, struct wl_err *err)
{
    WL_CLEANUP_FREE char *root = realpath(to, NULL);

    for (size_t i = 0; root && i < u->links.n; i++) {
        WL_CLEANUP_FREE char *link = path_join(root, u->links.v[i]);
        WL_CLEANUP_FREE char *real = realpath(link, NULL);
        size_t n = strlen(root);

        if (real && (strncmp(real, root, n) || (real[n] && real[n] != '/'))) {
            unlinkat(u->root, u->links.v[i], 0);
            return bad_entry(u, u->links.v[i], "is a link that leads out of the directory by way of another link", err);
        }
    }
    return 0;
}

static bool have_openat2(int root)
{
    WL_CLEANUP_FD int fd = open_beneath(root, ".");

    return fd >= 0;
}

static void add_formats(struct archive *a, bool outer)
{
    /* One by one: "all" would let libarchive start other programs for rare compressions. */
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_bzip2(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_lzma(a);
    archive_read_support_filter_lzip(a);
    archive_read_support_filter_lz4(a);
    archive_read_support_filter_zstd(a);
    archive_read_support_filter_compress(a);
    archive_read_support_format_tar(a);
    if (outer) {
        archive_read_support_format_zip(a);
        archive_read_support_format_ar(a);
    }
}

/* The data.tar of a Debian package, read out of the ar around it. */
struct inner {
    struct archive *outer;
    char buf[READ_BLOCK];
};

static la_ssize_t read_inner(struct archive *a, void *data, const void **block)
{
    struct inner *in = data;
    la_ssize_t n = archive_read_data(in->outer, in->buf, sizeof in->buf);

    *block = in->buf;
    if (n < 0)
        archive_set_error(a, EIO, "%s", archive_error_string(in->outer));
    return n < 0 ? -1 : n;
}

static int unpack_deb(struct unpack *u, struct archive *outer, struct wl_err *err)
{
    WL_CLEANUP_FREE char *memory = NULL; /* before a, which reads from it to its end */
    CLEANUP_READ struct archive *a = NULL;
    struct archive_entry *e;
    struct inner *in;
    int r;

    while ((r = archive_read_next_header(outer, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
        const char *name = archive_entry_pathname(e);

        if (!name || !starts_with(name, "data.tar"))
            continue;
        memory = xmalloc(sizeof *in);
        in = (struct inner *)memory;
        in->outer = outer;
        a = archive_read_new();
        add_formats(a, false);
        if (archive_read_open(a, in, NULL, read_inner, NULL) != ARCHIVE_OK)
            return read_failed(u, a, name, err);
        return unpack_all(u, a, NULL, err);
    }
    if (r != ARCHIVE_EOF)
        return read_failed(u, outer, NULL, err);
    return wl_err_set(err, WL_E_VERIFY, "%s: no data.tar in this Debian package", u->file);
}

/* Says what a file seems to be that libarchive does not recognise. */
static int not_an_archive(const char *file, const char *why, struct wl_err *err)
{
    WL_CLEANUP_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
    char head[512] = "", *p = head;
    ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head - 1);

    if (n < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot open %s", file);
    if (n == 0)
        return wl_err_set(err, WL_E_VERIFY, "%s is not an archive: it is empty", file);
    if (!memcmp(head, "\xef\xbb\xbf", 3))
        p += 3;
    while (isspace((unsigned char)*p))
        p++;
    if (!strncasecmp(p, "<!doctype html", 14) || !strncasecmp(p, "<html", 5) || !strncasecmp(p, "<head", 5)) {
        wl_err_set(err, WL_E_VERIFY, "%s is not an archive: it is an HTML page", file);
        return wl_err_hint(err, "open the address in a browser to see what the server says");
    }
    return wl_err_set(err, WL_E_VERIFY, "%s is not an archive that can be unpacked: %s", file, why ? why : "unknown");
}

static int unpack_file(struct unpack *u, struct wl_err *err)
{
    CLEANUP_READ struct archive *a = archive_read_new();
    struct archive_entry *e;
    int r;

    add_formats(a, true);
    if (archive_read_open_filename(a, u->file, READ_BLOCK) != ARCHIVE_OK) {
        if (archive_errno(a) > 0 && access(u->file, R_OK) < 0)
            return wl_err_unreadable(err, WL_E_IO, "cannot open %s", u->file);
        return not_an_archive(u->file, archive_error_string(a), err);
    }
    r = archive_read_next_header(a, &e);
    if (r == ARCHIVE_EOF)
        return not_an_archive(u->file, "it holds no files", err);
    if (r != ARCHIVE_OK && r != ARCHIVE_WARN) {
        /* Without a format it is not an archive at all; otherwise it is damaged in its first entry. */
        if ((archive_format(a) & ARCHIVE_FORMAT_BASE_MASK) == 0)
            return not_an_archive(u->file, archive_error_string(a), err);
        return read_failed(u, a, NULL, err);
    }
    if ((archive_format(a) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_AR) {
        const char *name = archive_entry_pathname(e);

        if (!name || !starts_with(name, "debian-binary"))
            return not_an_archive(u->file, "an ar archive, but not a Debian package", err);
        return unpack_deb(u, a, err);
    }
    return unpack_all(u, a, e, err);
}

int archive_unpack(const char *file, const char *to, int strip, const struct cancel *cancel, struct wl_err *err)
{
    __attribute__((cleanup(unpack_clear))) struct unpack u = {
        .file = file, .strip = strip, .cancel = cancel, .root = -1, .parent_fd = -1};
    int r;

    u.root = open(to, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (u.root < 0)
        return wl_err_errno(err, WL_E_IO, "cannot unpack into %s", to);
    r = unpack_file(&u, err);
    /* Also after a failure: a person may look at what was unpacked so far. */
    if (u.links.n) {
        WL_CLEANUP_ERR struct wl_err bad = WL_ERR_INIT;
        int checked = have_openat2(u.root) ? check_links(&u, &bad) : check_links_by_path(&u, to, &bad);

        if (r == 0 && checked < 0)
            r = wl_err_set(err, bad.cls, "%s", bad.text);
    }
    if (r < 0)
        return r;
    if (u.n_made == 0)
        return wl_err_set(err, WL_E_VERIFY,
                          "%s: nothing is left of its %zu entries after dropping %d leading directories", file,
                          u.n_entries, strip);
    for (size_t i = u.n_folders; i-- > 0;) {
        struct timespec t[] = {u.folders[i].mtime, u.folders[i].mtime};

        utimensat(u.root, u.folders[i].name, t, AT_SYMLINK_NOFOLLOW);
    }
    return 0;
}
