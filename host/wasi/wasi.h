/* A WASI preview 1 host for one guest, whatever executes it. Of a guest's threads one runs at a time (threads.h). The
 * guest has the descriptors it is given and no others. */
#ifndef WL_WASI_H
#define WL_WASI_H

#include "wasi/abi.h"
#include "wasi/calls.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

/* The guest's linear memory as it is now; growing may change the size. */
struct guest_memory {
    uint8_t *base;
    uint64_t size; /* bytes */
};

/* A stream that is not a descriptor of the host. */
struct wasi_stream {
    /* Read up to n bytes, or write some of n bytes. They return how many, 0 at the end of input, or -1 with errno, and
     * may wait. NULL: the stream cannot do that. */
    ssize_t (*read)(void *arg, void *to, size_t n);
    ssize_t (*write)(void *arg, const void *from, size_t n);
    void *arg;
};

/* How many senders of datagrams a socket that serves remembers, and sets of requests (channel.h). */
enum { WASI_HEARD = 256, WASI_MOST_SETS = 12 };

struct wasi;
struct wasi_fd;
struct wasi_locks;
struct wasi_threads;
struct wasi_request_set;
struct tree;
struct tree_node;

/* What a socket has that the guest has made itself (net/). */
struct wasi_socket {
    unsigned *open, most;                /* such sockets of the guest, and their limit */
    unsigned *listening;                 /* those that listen, if this one does; else NULL */
    uint64_t *received_left, *sent_left; /* bytes; UINT64_MAX: any number */
    /* Whether a datagram from there may reach the guest; not asked of one that serves. */
    bool (*hears)(void *arg, const struct sockaddr *from, socklen_t size);
    void *arg;
    /* fd_read and fd_write. */
    uint32_t (*transfer)(struct wasi *w, struct wasi_fd *f, uint32_t iovs, uint32_t count, bool writing,
                         uint32_t result);
    bool serves, any_port; /* it may listen; the system has chosen its port */
    uint32_t wait_ms[2];   /* how long a call that receives waits, and one that sends; 0: without end */
    socklen_t to_size, from_size;
    struct sockaddr_storage to, from; /* where the next datagram goes, and where the last came from */
    struct sockaddr_storage *heard;   /* WASI_HEARD, a ring; owned */
    size_t heard_next;
};

struct wasi_fd {
    bool used;
    bool channel;    /* the directory of requests (channel.h) */
    bool standard;   /* one of the caller's standard streams: writes count toward the output limit, and its flags are
                      * never changed, because other processes have it, too */
    bool locked;     /* as a whole (lock.c) */
    bool read_only;  /* a directory in which nothing may change, or a file in it */
    int host;        /* owned; -1: it is a stream, in memory, or the channel */
    uint64_t serial; /* no two descriptors of a guest have the same */
    struct wasi_stream stream;
    uint8_t type;   /* enum wasi_filetype */
    uint16_t flags; /* WASI_FD_*, as the guest has set them */
    uint64_t rights, inheriting;
    char *preopen;              /* the guest's name for a directory that it was given, or NULL; owned */
    DIR *dir;                   /* once it has been read; owned */
    uint64_t dir_at;            /* the cookie of the last entry that the guest got completely */
    struct dirent *next;        /* the entry after it, if it was read already, or NULL; dir's */
    struct wasi_socket *socket; /* owned, or NULL */
    struct tree_node *node;     /* held; host is -1: a file or a directory in memory (tree.h); or NULL */
    uint64_t at;                /* of such a file: where it is read or written next */
};

/* What a guest may still do with files; shared by nobody. */
struct wasi_quota {
    uint64_t bytes;   /* that it may write to files, or make them longer by */
    uint64_t entries; /* files, directories and links that it may create */
};

/* Clocks and random numbers that are the same in each run. Time passes when the guest looks at it, and when it waits,
 * which takes no time of the machine's. */
struct wasi_fixed {
    uint64_t start, now; /* ns since 1970 */
    uint64_t random;     /* the generator's state */
};

/* How far the guest's memory may grow, for a limit that several guests have together. arg: as for `memory`. */
struct wasi_room {
    uint64_t (*spare)(void *arg);             /* bytes that it may still become larger by */
    void (*change)(void *arg, int64_t bytes); /* more, or less of the spare ones */
    uint64_t (*least)(void *arg);             /* bytes that any guest of the module begins with */
};

/* Why the guest has to end when the call that it has made returns. */
enum wasi_ending {
    WASI_GOES_ON,
    WASI_EXITS,       /* proc_exit: `status` says how */
    WASI_SPENT_OUTPUT /* it wanted to write more than output_left; the part that fits was written */
};

struct wasi {
    struct guest_memory (*memory)(void *arg);
    const struct wasi_room *room; /* of the engine; NULL: it cannot tell */
    /* Gets the guest so much more, if there is a limit with others and they have not used it up; or NULL. */
    bool (*more)(void *arg, uint64_t bytes);
    void *more_arg;
    void *arg;
    /* As ppoll without a mask; -1 with EINTR ends the guest's call with EINTR. NULL: nothing interrupts the guest. */
    int (*wait)(void *arg, struct pollfd *fds, nfds_t n, const struct timespec *time);
    bool (*interrupted)(void *arg); /* whether a waiting call has to end; set with wait */
    void *wait_arg;
    /* Calls what(arg) on a stack that is large enough for functions of the caller's. NULL: this one is. */
    void (*aside)(void (*what)(void *arg), void *arg);
    const char *const *args, *const *environ; /* borrowed */
    size_t args_n, environ_n;
    uint64_t output_left; /* bytes that may still be written to the standard streams; UINT64_MAX: any number */
    _Atomic uint64_t *output_shared; /* in place of it, with other processes; NULL: alone */
    size_t most_fds;                 /* descriptors that it may have open; 0: as many as there can be */
    struct wasi_quota *quota;        /* NULL: none */
    struct wasi_fixed *fixed;        /* NULL: the machine's clocks and random numbers */
    uint64_t clock_ns;               /* of which all that clocks show are multiples; 0: exact */
    bool no_openat2;                 /* resolve paths step by step: openat2 is missing, or for a test */
    bool has_openat2;                /* openat2 was tried and exists */
    bool no_at_calls;                /* do without faccessat2 and fchmodat2, for a test */
    bool tells_modes;                /* the guest has asked for permissions (permissions.c) */
    mode_t umask;                    /* of this process, since then */
    enum wasi_ending ending;
    uint32_t status;
    struct wasi_fd *fds;
    size_t fds_n;
    size_t fds_low; /* all entries below are used */
    size_t dirs_n;  /* descriptors that have `dir` */
    const struct wasi_request_set *sets[WASI_MOST_SETS];
    size_t sets_n;
    struct wasi_locks *locks;     /* of ranges, by file; owned */
    uint64_t serial;              /* of the newest descriptor */
    struct wasi_threads *threads; /* NULL: there are none */
};

/* Gives the guest a descriptor of the caller, under the lowest free number: a stream, file, directory or socket. From
 * then on it belongs to the guest, also after a failure. name: the guest's name for a directory; else NULL. Returns the
 * number, or -1 with errno. */
int wasi_give(struct wasi *w, int host, const char *name, bool read_only, bool standard);
/* The same for a standard stream that is not a descriptor. */
int wasi_give_stream(struct wasi *w, const struct wasi_stream *stream);
/* The same for the directory of requests, which is nothing of the host's (channel.h). */
int wasi_give_requests(struct wasi *w, const char *name);
/* The same for the root of a tree, which must outlive the descriptors. */
int wasi_give_tree(struct wasi *w, struct tree *tree, const char *name, bool read_only);
/* copy.c: gives `to`, which has its standard streams and nothing else, the other descriptors of `from` under their
 * numbers. Open files are shared, as by fork(2). `tree` says which tree is the copy of one (tree_copy). -1 with *why:
 * then call wasi_free(). */
int wasi_copy(struct wasi *to, const struct wasi *from, struct tree *(*tree)(void *arg, const struct tree *of),
              void *arg, const char **why);
/* close.c: closes all descriptors. */
void wasi_free(struct wasi *w);

/* For the files of wasi/. */

/* Waits as w->wait does; -1 with EINTR is passed on to the guest. Other threads of the guest may run meanwhile, so that
 * pointers to its descriptors must not be kept: they may be closed, and the table may move. */
int wasi_wait(const struct wasi *w, struct pollfd *fds, nfds_t n, const struct timespec *time);

/* Waits until that descriptor is ready, for as long as its guest lets such a call wait. 0: that time is over; otherwise
 * as wasi_wait(). */
int wasi_wait_for(const struct wasi *w, const struct wasi_fd *f, short events);

/* Before a call that can block: waits in a way that an interrupt can end, or checks whether a non-blocking stream would
 * block. Returns 0, or -1 with errno. After a wait *f is looked up again; EBADF: another thread has closed it. */
int wasi_ready(struct wasi *w, struct wasi_fd **f, short events);
/* To find a descriptor again after a wait. NULL: it was closed. */
struct wasi_mark {
    size_t at;
    uint64_t serial;
};
static inline struct wasi_mark wasi_mark(const struct wasi *w, const struct wasi_fd *f)
{
    return (struct wasi_mark){(size_t)(f - w->fds), f->serial};
}
static inline struct wasi_fd *wasi_again_fd(const struct wasi *w, struct wasi_mark m)
{
    return w->fds[m.at].used && w->fds[m.at].serial == m.serial ? &w->fds[m.at] : NULL;
}

static inline bool wasi_more_memory(const struct wasi *w, uint64_t bytes)
{
    return w->more && w->more(w->more_arg, bytes);
}

static inline void wasi_aside(const struct wasi *w, void (*what)(void *arg), void *arg)
{
    if (w->aside)
        w->aside(what, arg);
    else
        what(arg);
}
/* Whether to repeat a call that a signal has ended. */
static inline bool wasi_again(const struct wasi *w)
{
    return errno == EINTR && !(w->interrupted && w->interrupted(w->wait_arg));
}
/* The error of a call that failed, of which its callers rely on that it is not WASI_SUCCESS. */
static inline uint32_t wasi_failed(uint32_t e)
{
    if (e == WASI_SUCCESS)
        abort();
    return e;
}
/* The descriptor, if it exists and has these rights; else NULL with *e. */
struct wasi_fd *wasi_fd(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t *e);
/* Opens f->dir. This may close others, so that there are never many; a closed one continues from its cookie when it is
 * opened again. */
uint32_t wasi_open_dir(struct wasi *w, struct wasi_fd *f);
void wasi_close_dir(struct wasi *w, struct wasi_fd *f);
/* Adds a host descriptor to the table; closes it on failure. */
uint32_t wasi_insert(struct wasi *w, int host, uint64_t rights, uint64_t inheriting, uint16_t flags, uint32_t *fd);
void wasi_drop(struct wasi *w, struct wasi_fd *f); /* close.c */
/* name.c: gives a directory its name, or none (NULL). false: out of memory. */
bool wasi_set_name(struct wasi_fd *f, const char *name);
/* A socket's like, counted. NULL: *e says why. */
struct wasi_socket *wasi_new_socket(const struct wasi_socket *like, uint32_t *e);
void wasi_free_socket(struct wasi_socket *s);
bool wasi_has_heard(const struct wasi_socket *s, const struct sockaddr_storage *from, socklen_t size);
/* errno.c */
uint32_t wasi_from_errno(int e);
uint8_t wasi_filetype(int host, const struct stat *st);
/* Stores a filestat; `at` was checked. If the guest has asked for it, the padding behind the type has a 1 and st_mode,
 * unless that is unknown (0). */
void wasi_put_filestat(const struct wasi *w, uint32_t at, int host, const struct stat *st);
/* The two times for fd_filestat_set_times and path_filestat_set_times; false: the flags contradict each other. */
bool wasi_times(uint64_t atim, uint64_t mtim, uint32_t flags, struct timespec times[2]);
/* Opens a path below a directory, never outside it, whatever its links are and even if they change at the same time.
 * flags: as for open(2). Returns a descriptor, or -1 with errno; EXDEV if the path leads out. */
int wasi_open_beneath(struct wasi *w, int dir, const char *path, int flags, mode_t mode);

/* Shortens vectors to `most` bytes. */
void wasi_shorten(struct iovec *io, size_t *n, uint64_t most);
/* Before a write of `total` bytes: shortens it to the bytes that the guest may still write, and sets these aside, since
 * other threads may write while this one waits. After it, or when it has failed (0): counts the written bytes, and ends
 * the guest if it wanted to write more. */
struct wasi_output {
    uint64_t reserved;
    bool limited; /* it wanted more */
};
struct wasi_output wasi_limit_output(struct wasi *w, const struct wasi_fd *f, uint64_t total, struct iovec *io,
                                     size_t *n);
void wasi_count_output(struct wasi *w, struct wasi_output output, size_t written);

/* quota.c: EDQUOT if that is more than is left. */

/* Before a write to a file: the bytes that are left; UINT64_MAX: any number. Afterwards: counts what was written. */
uint64_t wasi_quota_left(const struct wasi *w, const struct wasi_fd *f);
void wasi_quota_written(struct wasi *w, const struct wasi_fd *f, size_t written);
/* Before a file becomes so long, which counts as written. */
uint32_t wasi_quota_extend(struct wasi *w, const struct wasi_fd *f, uint64_t size);
/* Whether created entries count at all. */
bool wasi_quota_counts(const struct wasi *w);
/* Before an entry is created; and when it was not created after all. */
uint32_t wasi_quota_create(struct wasi *w);
void wasi_quota_uncreate(struct wasi *w);

/* path.c: reads a path from the guest; refuses one that has a zero byte. path has room for PATH_MAX. */
uint32_t wasi_take_path(struct guest_memory m, uint32_t at, uint32_t size, char *path);

/* tree_calls.c: the calls on files and directories in memory; the caller has checked rights and descriptors. */

uint32_t wasi_tree_transfer(struct wasi_fd *f, const struct iovec *io, size_t n, const uint64_t *offset, bool writing,
                            ssize_t *done);
off_t wasi_tree_seek(struct wasi_fd *f, int64_t offset, int whence); /* -1 with errno */
void wasi_tree_stat(const struct tree_node *node, struct stat *st);
uint32_t wasi_tree_set_size(struct wasi_fd *f, uint64_t size);
uint32_t wasi_tree_extend(struct wasi_fd *f, uint64_t size); /* never makes it shorter */
void wasi_tree_set_times(struct tree_node *node, const struct timespec times[2]);
uint32_t wasi_tree_readdir(struct wasi *w, struct wasi_fd *f, uint32_t at, uint32_t size, uint64_t cookie,
                           uint32_t result);
uint32_t wasi_tree_open(struct wasi *w, struct wasi_fd *dir, const char *path, bool follow, uint32_t create,
                        uint64_t rights, uint64_t inheriting, uint32_t fdflags, mode_t mode, uint32_t *fd);
uint32_t wasi_tree_stat_path(const struct wasi_fd *dir, const char *path, bool follow, struct stat *st);
uint32_t wasi_tree_set_path_times(const struct wasi_fd *dir, const char *path, bool follow,
                                  const struct timespec times[2]);
uint32_t wasi_tree_make_dir(struct wasi *w, const struct wasi_fd *dir, const char *path, mode_t mode);
uint32_t wasi_tree_set_mode(const struct wasi_fd *dir, const char *path, bool follow, mode_t mode);
uint32_t wasi_tree_remove(const struct wasi_fd *dir, const char *path, bool directory);
uint32_t wasi_tree_symlink(struct wasi *w, const struct wasi_fd *dir, const char *path, const char *target);
uint32_t wasi_tree_readlink(const struct wasi_fd *dir, const char *path, char *text, ssize_t *size);
uint32_t wasi_tree_link(struct wasi *w, const struct wasi_fd *from, const char *path, const struct wasi_fd *to,
                        const char *new_path);
uint32_t wasi_tree_rename(const struct wasi_fd *from, const char *path, const struct wasi_fd *to, const char *new_path);

/* Guest memory. Call wasi_inside() before loading or storing. */

static inline bool wasi_inside(struct guest_memory m, uint32_t at, uint64_t size)
{
    return size <= m.size && at <= m.size - size;
}

static inline uint64_t wasi_load(struct guest_memory m, uint64_t at, unsigned size)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < size; i++)
        v |= (uint64_t)m.base[at + i] << 8 * i;
    return v;
}

static inline void wasi_store(struct guest_memory m, uint64_t at, unsigned size, uint64_t v)
{
    for (unsigned i = 0; i < size; i++)
        m.base[at + i] = (uint8_t)(v >> 8 * i);
}

static inline struct guest_memory wasi_memory(const struct wasi *w)
{
    return w->memory(w->arg);
}

enum { WASI_MAX_IOVS = 64 /* more than a caller has; the rest is a short transfer */ };

/* A guest's vectors as the host's, without empty ones. Their number goes to *n, their size in bytes to *total. */
uint32_t wasi_vectors(struct guest_memory m, uint32_t at, uint32_t count, struct iovec io[WASI_MAX_IOVS], size_t *n,
                      uint64_t *total);

#endif
