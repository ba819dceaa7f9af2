/* Calls on open files and directories. */
#include "wasi/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

uint32_t wasi_vectors(struct guest_memory m, uint32_t at, uint32_t count, struct iovec io[WASI_MAX_IOVS], size_t *n,
                      uint64_t *total)
{
    *n = 0;
    *total = 0;
    if (!wasi_inside(m, at, (uint64_t)count * 8))
        return WASI_EFAULT;
    for (uint32_t i = 0; i < count && *n < WASI_MAX_IOVS; i++) {
        uint32_t start = (uint32_t)wasi_load(m, at + (uint64_t)8 * i, 4),
                 size = (uint32_t)wasi_load(m, at + (uint64_t)8 * i + 4, 4);

        if (!wasi_inside(m, start, size))
            return WASI_EFAULT;
        if (size == 0)
            continue;
        /* The kernel would refuse more than this in one call, instead of transferring a part. */
        if (*total + size > SSIZE_MAX)
            break;
        *total += size;
        io[(*n)++] = (struct iovec){.iov_base = m.base + start, .iov_len = size};
    }
    return WASI_SUCCESS;
}

/* Waits for a stream that the caller has made non-blocking, although it blocks for the guest. */
static bool await(const struct wasi *w, struct wasi_fd **f, bool writing)
{
    const struct wasi_mark mark = wasi_mark(w, *f);
    struct pollfd one = {.fd = (*f)->host, .events = writing ? POLLOUT : POLLIN};
    const int r = wasi_wait(w, &one, 1, NULL);

    *f = wasi_again_fd(w, mark);
    if (r >= 0 && !*f)
        errno = EBADF;
    return r >= 0 && *f;
}

struct transfer {
    const struct wasi_stream *s;
    const struct iovec *io;
    bool writing;
    ssize_t part;
    int error;
};

static void do_transfer(void *arg)
{
    struct transfer *t = arg;
    const struct wasi_stream *s = t->s;

    t->part = t->writing ? s->write(s->arg, t->io->iov_base, t->io->iov_len)
                         : s->read(s->arg, t->io->iov_base, t->io->iov_len);
    t->error = errno;
}

/* As readv and writev. */
static ssize_t transfer_stream(const struct wasi *w, const struct wasi_stream *s, const struct iovec *io, size_t n,
                               bool writing)
{
    ssize_t done = 0;

    for (size_t i = 0; i < n; i++) {
        struct transfer t = {.s = s, .io = &io[i], .writing = writing};
        ssize_t part;

        wasi_aside(w, do_transfer, &t);
        part = t.part;
        errno = t.error;

        if (part < 0)
            return done ? done : -1;
        /* (The callback is not ours: it may claim more than it was asked for.) */
        done += (size_t)part < io[i].iov_len ? part : (ssize_t)io[i].iov_len;
        if ((size_t)part < io[i].iov_len)
            break;
    }
    return done;
}

/* pwritev() as the kernel has it, in every C library: of a file that was opened for appending, it appends. musl's, from
 * 1.2.6 on, does not. */
static ssize_t write_at(int host, const struct iovec *io, int n, off_t offset)
{
    /* The offset is two halves, of which a machine with 64 bits has all in the first. */
    return syscall(SYS_pwritev, host, io, n, (long)offset, (long)((uint64_t)offset >> 32 >> 32));
}

static bool is_file(const struct wasi_fd *f)
{
    return f->type == WASI_REGULAR_FILE || f->type == WASI_BLOCK_DEVICE;
}

static ssize_t transfer_ready(struct wasi *w, struct wasi_fd **of, const struct iovec *io, size_t n,
                              const uint64_t *offset, bool writing)
{
    const bool stream_blocks = (*of)->standard && !((*of)->flags & WASI_FD_NONBLOCK);
    ssize_t done;

    do {
        const struct wasi_fd *f = *of;

        if (offset)
            done =
                writing ? write_at(f->host, io, (int)n, (off_t)*offset) : preadv(f->host, io, (int)n, (off_t)*offset);
        else
            done = writing ? writev(f->host, io, (int)n) : readv(f->host, io, (int)n);
    } while (done < 0 && (wasi_again(w) || (errno == EAGAIN && stream_blocks && await(w, of, writing))));
    return done;
}

/* The vectors without their first bytes. */
static void skip(struct iovec **io, size_t *n, size_t bytes)
{
    for (; *n && bytes >= (*io)->iov_len; (*io)++, (*n)--)
        bytes -= (*io)->iov_len;
    if (*n) {
        (*io)->iov_base = (char *)(*io)->iov_base + bytes;
        (*io)->iov_len -= bytes;
    }
}

/* All of it, to a stream that is ready and blocks, or as much as was written before an interrupt. A thread of the guest
 * that reads from its other end could not run while this one waited in the call of the system, so each call writes no
 * more than a pipe accepts that is ready. */
static ssize_t write_in_parts(struct wasi *w, struct wasi_fd **of, struct iovec *io, size_t n)
{
    struct iovec part[WASI_MAX_IOVS];
    ssize_t all = 0, done;

    do {
        size_t part_n = n;

        memcpy(part, io, n * sizeof *io);
        wasi_shorten(part, &part_n, PIPE_BUF);
        done = transfer_ready(w, of, part, part_n, NULL, true);
        if (done <= 0)
            break;
        all += done;
        skip(&io, &n, (size_t)done);
    } while (n && wasi_ready(w, of, POLLOUT) == 0);
    return all ? all : done;
}

static ssize_t transfer_host(struct wasi *w, struct wasi_fd **of, struct iovec *io, size_t n, const uint64_t *offset,
                             bool writing)
{
    const bool blocks = !((*of)->flags & WASI_FD_NONBLOCK);

    if (wasi_ready(w, of, writing ? POLLOUT : POLLIN) < 0)
        return -1;
    if (writing && blocks && wasi_has_threads(w) && !is_file(*of))
        return write_in_parts(w, of, io, n);
    if (writing && !blocks && (*of)->standard)
        wasi_shorten(io, &n, PIPE_BUF);
    return transfer_ready(w, of, io, n, offset, writing);
}

/* As wasi_limit_output, for files. */
static uint32_t limit_written(const struct wasi *w, const struct wasi_fd *f, uint64_t total, struct iovec *io,
                              size_t *n)
{
    const uint64_t left = wasi_quota_left(w, f);

    if (total > left)
        wasi_shorten(io, n, left);
    return total > left && !left ? WASI_EDQUOT : WASI_SUCCESS;
}

static uint32_t transfer(struct wasi *w, uint32_t fd, uint32_t iovs, uint32_t count, const uint64_t *offset,
                         bool writing, uint32_t result)
{
    struct guest_memory m = wasi_memory(w);
    uint64_t rights = (writing ? WASI_R_FD_WRITE : WASI_R_FD_READ) | (offset ? WASI_R_FD_SEEK : 0), total;
    struct iovec io[WASI_MAX_IOVS];
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, 0, &e);
    ssize_t done = 0;
    struct wasi_output output = {0};
    size_t n;

    if (!f)
        return e;
    if (f->type == WASI_DIRECTORY)
        return writing ? WASI_EBADF : WASI_EISDIR;
    if (offset && !(f->rights & WASI_R_FD_SEEK))
        return WASI_ESPIPE;
    if (!wasi_fd(w, fd, rights, &e))
        return e;
    if (f->socket)
        return f->socket->transfer(w, f, iovs, count, writing, result);
    if (!wasi_inside(m, result, 4))
        return WASI_EFAULT;
    e = wasi_vectors(m, iovs, count, io, &n, &total);
    if (e)
        return e;
    if (offset && *offset > INT64_MAX)
        return WASI_EINVAL;
    if (writing)
        output = wasi_limit_output(w, f, total, io, &n);
    if (writing)
        e = limit_written(w, f, total, io, &n);
    if (e == WASI_SUCCESS && f->node)
        e = wasi_tree_transfer(f, io, n, offset, writing, &done);
    if (n > 0 && !f->node && e == WASI_SUCCESS)
        done =
            f->host < 0 ? transfer_stream(w, &f->stream, io, n, writing) : transfer_host(w, &f, io, n, offset, writing);
    if (done < 0)
        e = wasi_from_errno(errno);
    if (writing)
        wasi_count_output(w, output, e ? 0 : (size_t)done);
    if (e)
        return e;
    /* (Another thread may have closed it meanwhile: then it was no file.) */
    if (writing && f)
        wasi_quota_written(w, f, (size_t)done);
    wasi_store(m, result, 4, (uint64_t)done);
    return WASI_SUCCESS;
}

uint32_t wasi_fd_read(struct wasi *w, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t result)
{
    return transfer(w, fd, iovs, count, NULL, false, result);
}

uint32_t wasi_fd_write(struct wasi *w, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t result)
{
    return transfer(w, fd, iovs, count, NULL, true, result);
}

uint32_t wasi_fd_pread(struct wasi *w, uint32_t fd, uint32_t iovs, uint32_t count, uint64_t offset, uint32_t result)
{
    return transfer(w, fd, iovs, count, &offset, false, result);
}

uint32_t wasi_fd_pwrite(struct wasi *w, uint32_t fd, uint32_t iovs, uint32_t count, uint64_t offset, uint32_t result)
{
    return transfer(w, fd, iovs, count, &offset, true, result);
}

static uint32_t seek(struct wasi *w, uint32_t fd, uint64_t rights, int64_t offset, int whence, uint32_t result)
{
    struct guest_memory m = wasi_memory(w);
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, 0, &e);
    off_t at;

    if (!f)
        return e;
    if (f->type == WASI_DIRECTORY)
        return WASI_EBADF;
    if (f->type != WASI_REGULAR_FILE && f->type != WASI_BLOCK_DEVICE)
        return WASI_ESPIPE;
    if (!wasi_fd(w, fd, rights, &e))
        return e;
    if (!wasi_inside(m, result, 8))
        return WASI_EFAULT;
    at = f->node ? wasi_tree_seek(f, offset, whence) : lseek(f->host, offset, whence);
    if (at < 0)
        return wasi_from_errno(errno);
    wasi_store(m, result, 8, (uint64_t)at);
    return WASI_SUCCESS;
}

uint32_t wasi_fd_seek(struct wasi *w, uint32_t fd, uint64_t offset, uint32_t whence, uint32_t result)
{
    static const int of[] = {SEEK_SET, SEEK_CUR, SEEK_END};

    if (whence > 2)
        return WASI_EINVAL;
    return seek(w, fd, WASI_R_FD_SEEK, (int64_t)offset, of[whence], result);
}

uint32_t wasi_fd_tell(struct wasi *w, uint32_t fd, uint32_t result)
{
    return seek(w, fd, WASI_R_FD_TELL, 0, SEEK_CUR, result);
}

uint32_t wasi_fd_sync(struct wasi *w, uint32_t fd)
{
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, WASI_R_FD_SYNC, &e);

    if (!f)
        return e;
    if (f->host < 0)
        return f->node ? WASI_SUCCESS : WASI_EINVAL; /* as for a pipe; likewise below */
    return fsync(f->host) < 0 ? wasi_from_errno(errno) : WASI_SUCCESS;
}

uint32_t wasi_fd_datasync(struct wasi *w, uint32_t fd)
{
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, 0, &e);

    if (!f)
        return e;
    if (f->host < 0)
        return f->node ? WASI_SUCCESS : WASI_EINVAL;
    return fdatasync(f->host) < 0 ? wasi_from_errno(errno) : WASI_SUCCESS;
}

uint32_t wasi_fd_advise(struct wasi *w, uint32_t fd, uint64_t offset, uint64_t size, uint32_t advice)
{
    static const int of[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                             POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, WASI_R_FD_ADVISE, &e);
    int r;

    if (!f)
        return e;
    if (advice > 5 || offset > INT64_MAX || size > INT64_MAX)
        return WASI_EINVAL;
    if (f->type == WASI_DIRECTORY)
        return WASI_EBADF;
    if (f->node)
        return WASI_SUCCESS;
    r = posix_fadvise(f->host, (off_t)offset, (off_t)size, of[advice]);
    return r ? wasi_from_errno(r) : WASI_SUCCESS;
}

/* Output that is a file must not become larger than its limit in other ways than by writing. */
static bool grows_output(const struct wasi *w, const struct wasi_fd *f)
{
    return f->standard && w->output_left != UINT64_MAX;
}

uint32_t wasi_fd_allocate(struct wasi *w, uint32_t fd, uint64_t offset, uint64_t size)
{
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, WASI_R_FD_ALLOCATE, &e);
    int r;

    if (!f)
        return e;
    if (grows_output(w, f))
        return WASI_EBADF;
    if (offset > INT64_MAX || size > INT64_MAX - offset)
        return WASI_EINVAL;
    /* (posix_fallocate() would write to every block if the file system cannot allocate, however long that takes.) */
    e = wasi_quota_extend(w, f, offset + size);
    if (e)
        return e;
    if (f->node)
        return wasi_tree_extend(f, offset + size);
    do
        r = fallocate(f->host, 0, (off_t)offset, (off_t)size);
    while (r < 0 && wasi_again(w));
    return r < 0 ? wasi_from_errno(errno) : WASI_SUCCESS;
}

static uint64_t nanoseconds(struct timespec t)
{
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void wasi_put_filestat(const struct wasi *w, uint32_t at, int host, const struct stat *st)
{
    const struct guest_memory m = wasi_memory(w);
    uint64_t type = wasi_filetype(host, st);

    if (w->tells_modes && st->st_mode)
        type |= 1 << 8 | (uint64_t)(st->st_mode & 0177777) << 16;
    wasi_store(m, at, 8, st->st_dev);
    wasi_store(m, (uint64_t)at + 8, 8, st->st_ino);
    wasi_store(m, (uint64_t)at + 16, 8, type);
    wasi_store(m, (uint64_t)at + 24, 8, st->st_nlink);
    wasi_store(m, (uint64_t)at + 32, 8, (uint64_t)st->st_size);
    wasi_store(m, (uint64_t)at + 40, 8, nanoseconds(st->st_atim));
    wasi_store(m, (uint64_t)at + 48, 8, nanoseconds(st->st_mtim));
    wasi_store(m, (uint64_t)at + 56, 8, nanoseconds(st->st_ctim));
}

/* Times before 1970 are passed as signed numbers. */
bool wasi_times(uint64_t atim, uint64_t mtim, uint32_t flags, struct timespec times[2])
{
    const int64_t second = 1000000000, ns[2] = {(int64_t)atim, (int64_t)mtim};

    if (flags & ~(uint32_t)(WASI_ATIM | WASI_ATIM_NOW | WASI_MTIM | WASI_MTIM_NOW))
        return false;
    for (int i = 0; i < 2; i++) {
        uint32_t set = flags >> 2 * i & 3;

        if (set == 3)
            return false;
        times[i] = (struct timespec){.tv_sec = ns[i] / second - (ns[i] % second < 0),
                                     .tv_nsec = (ns[i] % second + second) % second};
        if (set != 1)
            times[i].tv_nsec = set == 2 ? UTIME_NOW : UTIME_OMIT;
    }
    return true;
}

uint32_t wasi_fd_filestat_get(struct wasi *w, uint32_t fd, uint32_t at)
{
    struct guest_memory m = wasi_memory(w);
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, WASI_R_FD_FILESTAT_GET, &e);
    struct stat st;

    if (!f)
        return e;
    if (!wasi_inside(m, at, 64))
        return WASI_EFAULT;
    memset(&st, 0, sizeof st);
    if (f->node)
        wasi_tree_stat(f->node, &st);
    if (f->host >= 0 && fstat(f->host, &st) < 0)
        return wasi_from_errno(errno);
    wasi_put_filestat(w, at, f->host, &st);
    return WASI_SUCCESS;
}

uint32_t wasi_fd_filestat_set_size(struct wasi *w, uint32_t fd, uint64_t size)
{
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, 0, &e);

    if (!f)
        return e;
    /* As for a file that is not open for writing. */
    if (!(f->rights & WASI_R_FD_SET_SIZE) || size > INT64_MAX || grows_output(w, f))
        return WASI_EINVAL;
    e = wasi_quota_extend(w, f, size);
    if (e)
        return e;
    if (f->node)
        return wasi_tree_set_size(f, size);
    return ftruncate(f->host, (off_t)size) < 0 ? wasi_from_errno(errno) : WASI_SUCCESS;
}

uint32_t wasi_fd_filestat_set_times(struct wasi *w, uint32_t fd, uint64_t atim, uint64_t mtim, uint32_t flags)
{
    struct timespec times[2];
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, WASI_R_FD_SET_TIMES, &e);

    if (!f)
        return e;
    if (!wasi_times(atim, mtim, flags, times))
        return WASI_EINVAL;
    if (f->read_only)
        return WASI_EROFS;
    if (f->node) {
        wasi_tree_set_times(f->node, times);
        return WASI_SUCCESS;
    }
    return futimens(f->host, times) < 0 ? wasi_from_errno(errno) : WASI_SUCCESS;
}

static uint8_t entry_type(unsigned char type)
{
    switch (type) {
    case DT_BLK:
        return WASI_BLOCK_DEVICE;
    case DT_CHR:
        return WASI_CHARACTER_DEVICE;
    case DT_DIR:
        return WASI_DIRECTORY;
    case DT_REG:
        return WASI_REGULAR_FILE;
    case DT_LNK:
        return WASI_SYMBOLIC_LINK;
    case DT_SOCK:
        return WASI_SOCKET_STREAM;
    default:
        return WASI_UNKNOWN;
    }
}

/* A cookie is the file system's own name for the place behind an entry, so it stays valid when others are removed. */
uint32_t wasi_fd_readdir(struct wasi *w, uint32_t fd, uint32_t at, uint32_t size, uint64_t cookie, uint32_t result)
{
    struct guest_memory m = wasi_memory(w);
    uint32_t e, used = 0;
    struct wasi_fd *f = wasi_fd(w, fd, 0, &e);
    struct dirent *d;

    if (!f)
        return e;
    if (f->type != WASI_DIRECTORY)
        return WASI_ENOTDIR;
    if (!wasi_fd(w, fd, WASI_R_FD_READDIR, &e))
        return e;
    if (!wasi_inside(m, at, size) || !wasi_inside(m, result, 4))
        return WASI_EFAULT;
    if (f->node)
        return wasi_tree_readdir(w, f, at, size, cookie, result);
    if (!f->dir && (e = wasi_open_dir(w, f)) != WASI_SUCCESS)
        return e;
    /* Guests usually continue where they were. Seeking there would make the kernel read the directory again for each of
     * the guest's buffers, up to the end of its own, larger one. */
    if (cookie == 0 || cookie != f->dir_at) {
        if (cookie == 0)
            rewinddir(f->dir); /* reads it again, so that new entries are seen */
        else
            seekdir(f->dir, (long)cookie);
        f->next = NULL;
        f->dir_at = cookie;
    }
    for (errno = 0; used < size && (d = f->next ? f->next : readdir(f->dir)); errno = 0) {
        size_t length = strlen(d->d_name), part;
        uint8_t head[24] = {0};
        const struct guest_memory h = {head, sizeof head};
        uint8_t type = entry_type(d->d_type);
        struct stat st;

        /* Some file systems do not store the type in the directory. */
        if (d->d_type == DT_UNKNOWN && fstatat(f->host, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            type = wasi_filetype(-1, &st);
        wasi_store(h, 0, 8, (uint64_t)d->d_off);
        wasi_store(h, 8, 8, d->d_ino);
        wasi_store(h, 16, 4, length);
        wasi_store(h, 20, 1, type);
        part = size - used < sizeof head ? size - used : sizeof head;
        memcpy(m.base + at + used, head, part);
        used += (uint32_t)part;
        part = size - used < length ? size - used : length;
        memcpy(m.base + at + used, d->d_name, part);
        used += (uint32_t)part;
        f->next = used < size ? NULL : d;
        if (!f->next)
            f->dir_at = (uint64_t)d->d_off;
    }
    if (errno && used == 0)
        return wasi_from_errno(errno);
    wasi_store(m, result, 4, used);
    return WASI_SUCCESS;
}
