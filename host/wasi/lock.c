#include "wasi/lock.h"

#include "wasi/channel.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* MOST_RANGES: in one file. The kernel's memory for locks has no limit of its own. */
enum { MODES = 3, MOST_RANGES = 4096, FIRST_WAIT_NS = 1000000, LONGEST_WAIT_NS = 20000000 };

/* The locks of ranges in one file. */
struct wasi_locks {
    dev_t dev;
    ino_t ino;
    int fd[MODES];    /* open files that hold them, by O_RDONLY, O_WRONLY, O_RDWR; -1: none. Owned */
    unsigned at_most; /* ranges, at most */
    struct wasi_locks *next;
};

/* ---- waiting ---- */

struct attempt {
    int (*make)(const struct attempt *a); /* 0, or -1 with errno */
    int fd, how;
    struct flock *range;
};

static uint32_t try_once(const struct attempt *a)
{
    if (a->make(a) == 0)
        return WASI_SUCCESS;
    return errno == EACCES ? WASI_EAGAIN : wasi_from_errno(errno);
}

/* Asks again and again, because a lock that the kernel waits for could not be interrupted without a race. It does so
 * by a descriptor of its own, because another thread of the guest may close the other meanwhile. */
static uint32_t attempt(const struct wasi *w, const struct attempt *of, bool wait)
{
    struct timespec pause = {.tv_nsec = FIRST_WAIT_NS};
    uint32_t e = try_once(of);
    struct attempt a = *of;

    if (e != WASI_EAGAIN || !wait)
        return e;
    a.fd = fcntl(of->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (a.fd < 0)
        return wasi_from_errno(errno);
    while (e == WASI_EAGAIN) {
        e = wasi_wait(w, NULL, 0, &pause) < 0 ? wasi_from_errno(errno) : try_once(&a);
        if (pause.tv_nsec < LONGEST_WAIT_NS)
            pause.tv_nsec *= 2;
    }
    close(a.fd);
    return e;
}

/* The descriptor that a request names. Streams of the caller are shared with other processes, and so would be their
 * locks. */
static struct wasi_fd *take(struct wasi_request *r, uint32_t *e)
{
    struct wasi_fd *f = wasi_word_fd(r, e);

    if (!f)
        return NULL;
    *e = WASI_ENOTSUP;
    return f->standard || f->channel || f->host < 0 || (f->type != WASI_REGULAR_FILE && f->type != WASI_DIRECTORY)
               ? NULL
               : f;
}

/* ---- whole files ---- */

static int try_whole(const struct attempt *a)
{
    return flock(a->fd, a->how | LOCK_NB);
}

/* lock.whole FD shared|exclusive|none [wait] */
static uint32_t lock_whole(struct wasi_request *r)
{
    uint32_t e;
    struct wasi_fd *f = take(r, &e);
    struct attempt a = {.make = try_whole};
    const bool wait = r->n == 3;
    struct wasi_mark mark;

    if (!f)
        return e;
    if (wait && strcmp(r->word[2], "wait") != 0)
        return WASI_EINVAL;
    a.fd = f->host;
    if (!strcmp(r->word[1], "shared"))
        a.how = LOCK_SH;
    else if (!strcmp(r->word[1], "exclusive"))
        a.how = LOCK_EX;
    else if (!strcmp(r->word[1], "none"))
        a.how = LOCK_UN;
    else
        return WASI_EINVAL;
    /* What may not change a file may not keep others from it. */
    if (a.how == LOCK_EX && f->read_only)
        return WASI_EBADF;
    mark = wasi_mark(r->w, f);
    e = attempt(r->w, &a, wait);
    f = wasi_again_fd(r->w, mark);
    if (!e && f)
        f->locked = a.how != LOCK_UN;
    return e ? e : f ? WASI_SUCCESS : WASI_EBADF;
}

/* ---- ranges ---- */

static int try_range(const struct attempt *a)
{
    struct flock range = *a->range;

    return fcntl(a->fd, F_OFD_SETLK, &range);
}

static struct wasi_locks **find(struct wasi *w, const struct stat *st)
{
    struct wasi_locks **l = &w->locks;

    while (*l && ((*l)->dev != st->st_dev || (*l)->ino != st->st_ino))
        l = &(*l)->next;
    return l;
}

static struct wasi_locks *add(struct wasi *w, const struct stat *st)
{
    struct wasi_locks *l = malloc(sizeof *l);

    if (l) {
        *l = (struct wasi_locks){.dev = st->st_dev, .ino = st->st_ino, .fd = {-1, -1, -1}, .next = w->locks};
        w->locks = l;
    }
    return l;
}

static void release(struct wasi_locks **at)
{
    struct wasi_locks *l = *at;
    struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

    for (int mode = 0; mode < MODES; mode++)
        if (l->fd[mode] >= 0) {
            /* The guest may have the same open file, so closing this is not enough. */
            fcntl(l->fd[mode], F_OFD_SETLK, &all);
            close(l->fd[mode]);
        }
    *at = l->next;
    free(l);
}

/* The open file that can hold such a lock, one that has locks already if possible; -1 with errno. */
static int holder(struct wasi_locks *l, const struct wasi_fd *f, short type)
{
    const int mode = fcntl(f->host, F_GETFL) & O_ACCMODE;

    for (int i = 0; i < MODES; i++)
        if (l->fd[i] >= 0 && (type == F_UNLCK || i == O_RDWR || i == (type == F_RDLCK ? O_RDONLY : O_WRONLY)))
            return l->fd[i];
    if (l->fd[mode] < 0)
        l->fd[mode] = fcntl(f->host, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return l->fd[mode];
}

/* The ranges that an open file has locked, as the kernel lists them; a large number where it does not. */
static unsigned count(int fd)
{
    char name[64], line[256];
    unsigned n = 0;
    FILE *list;

    snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
    list = fopen(name, "re");
    if (!list)
        return MOST_RANGES;
    while (fgets(line, sizeof line, list))
        n += !strncmp(line, "lock:", 5);
    fclose(list);
    return n;
}

/* Each change makes at most two ranges more. */
static bool has_room(struct wasi_locks *l)
{
    if (l->at_most + 2 > MOST_RANGES) {
        l->at_most = 0;
        for (int i = 0; i < MODES; i++)
            l->at_most += l->fd[i] >= 0 ? count(l->fd[i]) : 0;
    }
    return l->at_most + 2 <= MOST_RANGES;
}

static uint32_t set(struct wasi *w, struct wasi_locks *l, const struct wasi_fd *f, struct flock *range, bool wait)
{
    struct attempt a = {.make = try_range, .range = range};
    const struct stat st = {.st_dev = l->dev, .st_ino = l->ino};
    struct flock none = *range;
    uint32_t e;

    none.l_type = F_UNLCK;
    a.fd = holder(l, f, range->l_type);
    if (a.fd < 0)
        return wasi_from_errno(errno);
    if (range->l_type != F_UNLCK && !has_room(l))
        return WASI_ENOLCK;
    /* What another open file of the guest holds there would be in the way of the new lock. */
    for (int i = 0; i < MODES; i++)
        if (l->fd[i] >= 0 && l->fd[i] != a.fd)
            fcntl(l->fd[i], F_OFD_SETLK, &none);
    e = attempt(w, &a, wait);
    /* (After a wait they may be gone, and so is the lock.) */
    l = *find(w, &st);
    if (!e && !l)
        return WASI_EBADF;
    if (!e)
        l->at_most = range->l_type == F_UNLCK && !range->l_start && !range->l_len ? 0 : l->at_most + 2;
    return e;
}

static bool read_range(const struct wasi_request *r, struct flock *range)
{
    int64_t start, length;

    *range = (struct flock){.l_whence = SEEK_SET};
    if (!strcmp(r->word[1], "read"))
        range->l_type = F_RDLCK;
    else if (!strcmp(r->word[1], "write"))
        range->l_type = F_WRLCK;
    else if (!strcmp(r->word[1], "none"))
        range->l_type = F_UNLCK;
    else
        return false;
    if (!wasi_word(r, 2, 0, INT64_MAX, &start) || !wasi_word(r, 3, 0, INT64_MAX, &length))
        return false;
    range->l_start = start;
    range->l_len = length;
    return true;
}

/* lock.range FD read|write|none START LENGTH [wait]. A length of 0 reaches to the end of the file, wherever that is. */
static uint32_t lock_range(struct wasi_request *r)
{
    uint32_t e;
    struct wasi_fd *f = take(r, &e);
    struct wasi_locks *l;
    struct flock range;
    struct stat st;
    int mode;

    if (!f)
        return e;
    if (!read_range(r, &range) || (r->n == 5 && strcmp(r->word[4], "wait") != 0))
        return WASI_EINVAL;
    if (fstat(f->host, &st) < 0 || (mode = fcntl(f->host, F_GETFL)) < 0)
        return wasi_from_errno(errno);
    if ((range.l_type == F_WRLCK && (f->read_only || (mode & O_ACCMODE) == O_RDONLY)) ||
        (range.l_type == F_RDLCK && (mode & O_ACCMODE) == O_WRONLY))
        return WASI_EBADF;
    l = *find(r->w, &st);
    if (!l && range.l_type == F_UNLCK)
        return WASI_SUCCESS;
    if (!l)
        l = add(r->w, &st);
    return l ? set(r->w, l, f, &range, r->n == 5) : WASI_ENOMEM;
}

/* lock.test FD read|write START LENGTH: "none", or the lock of somebody else that is in the way. */
static uint32_t lock_test(struct wasi_request *r)
{
    uint32_t e;
    struct wasi_fd *f = take(r, &e);
    const struct wasi_locks *l;
    struct flock range;
    struct stat st;
    int fd;

    if (!f)
        return e;
    if (!read_range(r, &range) || range.l_type == F_UNLCK)
        return WASI_EINVAL;
    if (fstat(f->host, &st) < 0)
        return wasi_from_errno(errno);
    fd = f->host;
    l = *find(r->w, &st);
    for (int i = 0; l && i < MODES; i++)
        if (l->fd[i] >= 0)
            fd = l->fd[i];
    if (fcntl(fd, F_OFD_GETLK, &range) < 0)
        return wasi_from_errno(errno);
    if (range.l_type == F_UNLCK)
        wasi_say(r, "none");
    else
        wasi_say(r, "%s %lld %lld", range.l_type == F_RDLCK ? "read" : "write", (long long)range.l_start,
                 (long long)range.l_len);
    return WASI_SUCCESS;
}

/* ---- for fds.c ---- */

void wasi_lock_closing(struct wasi *w, const struct wasi_fd *f)
{
    struct wasi_locks **l;
    struct stat st;

    if (f->locked)
        flock(f->host, LOCK_UN); /* somebody else may have the open file, too */
    if (!w->locks || f->type != WASI_REGULAR_FILE || f->host < 0 || fstat(f->host, &st) < 0)
        return;
    l = find(w, &st);
    if (*l)
        release(l);
}

void wasi_lock_free(struct wasi *w)
{
    while (w->locks)
        release(&w->locks);
}

/* ---- giving them to a guest ---- */

int wasi_lock_serve(struct wasi *w)
{
    static const struct wasi_request_kind kinds[] = {
        {"lock.whole", 2, 3, lock_whole}, {"lock.range", 4, 5, lock_range}, {"lock.test", 4, 4, lock_test}};
    static const struct wasi_request_set set = {
        .name = "lock", .version = 1, .kinds = kinds, .n = sizeof kinds / sizeof *kinds};

    return wasi_serve(w, &set);
}
