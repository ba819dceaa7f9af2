/* A process that was started by another one. */
#include "family/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How much later than the first process a child reaches the deadline by itself, in ms. */
enum { AFTER_THE_FIRST_MS = 1000 };

static int refuse(const char *what, struct err *err)
{
    err_set(err, ERR_SETUP, "cannot start a process: %s", what);
    return err_hint(err, "%s is for this program itself", FAMILY_ASKED);
}

/* ---- what the parent has sent ---- */

static void close_all(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* One message. The number of all descriptors goes to *total. Returns how many came, or -1. */
static int receive(int socket, int fds[FAMILY_PER_MESSAGE], uint32_t *total)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(FAMILY_PER_MESSAGE * sizeof(int))];
    } control;
    struct iovec io = {total, sizeof *total};
    struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    const struct cmsghdr *c;
    ssize_t n;
    size_t size;

    do
        n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    c = n == sizeof *total ? CMSG_FIRSTHDR(&m) : NULL;
    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        return -1;
    size = (size_t)c->cmsg_len - CMSG_LEN(0);
    memcpy(fds, CMSG_DATA(c), size);
    return m.msg_flags & MSG_CTRUNC ? -1 : (int)(size / sizeof(int));
}

/* All of them; *n: how many. NULL: it was something else. */
static int *receive_all(int socket, size_t *n)
{
    int part[FAMILY_PER_MESSAGE], *all = NULL, got;
    uint32_t total = 0;

    *n = 0;
    do {
        got = receive(socket, part, &total);
        if (got > 0 && total <= FAMILY_MOST_FDS && !all)
            all = calloc(total, sizeof *all);
        if (got <= 0 || !all || *n + (size_t)got > total) {
            close_all(all, *n);
            free(all);
            return NULL;
        }
        memcpy(all + *n, part, (size_t)got * sizeof *all);
        *n += (size_t)got;
    } while (*n < total);
    return all;
}

/* The strings of a part; false if it has another number of them. */
static bool list(const char *at, uint32_t size, uint32_t n, const char ***out)
{
    const char *end = at + size;

    *out = n <= size ? calloc((size_t)n + 1, sizeof **out) : NULL;
    for (uint32_t i = 0; *out && i < n; i++) {
        (*out)[i] = at;
        at = memchr(at, 0, (size_t)(end - at));
        if (!at)
            return false;
        at++;
    }
    return *out && at == end;
}

static bool read_description(struct family_start *s, int fd)
{
    const struct family_head *h;
    struct stat st;
    uint64_t size = sizeof *h;
    const char *at;

    if (fstat(fd, &st) < 0 || (uint64_t)st.st_size < size)
        return false;
    s->map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (s->map == MAP_FAILED) {
        s->map = NULL;
        return false;
    }
    s->size = (size_t)st.st_size;
    h = s->head = s->map;
    if (h->magic != FAMILY_MAGIC || h->size != sizeof *h || h->fds_n > FAMILY_MOST_FDS || h->fds_n < 3 ||
        h->dirs_n > h->fds_n - 3)
        return false;
    size += h->fds_n * sizeof *s->like + (uint64_t)h->names_size + h->args_size + h->environ_size + h->note_size;
    if (size != s->size)
        return false;
    s->like = (struct family_fd *)(h + 1);
    at = (const char *)(s->like + h->fds_n);
    s->note = (const uint8_t *)at + h->names_size + h->args_size + h->environ_size;
    return list(at, h->names_size, h->dirs_n, &s->names) &&
           list(at + h->names_size, h->args_size, h->args_n, &s->args) &&
           list(at + h->names_size + h->args_size, h->environ_size, h->environ_n, &s->environ);
}

/* Gives each of the guest's descriptors its place. */
static bool sort(struct family_start *s, const int *fds, size_t n)
{
    size_t at = 2 + s->head->has_code;

    for (uint8_t i = 0; i < FAMILY_MOST_OWN; i++)
        s->own[i] = i < s->head->own_n && at < n ? fds[at++] : -1;
    s->fds = malloc(s->head->fds_n * sizeof *s->fds);
    if (!s->fds || n < at)
        return false;
    for (uint32_t i = 0; i < s->head->fds_n; i++)
        s->fds[i] = -1;
    s->page_fd = fds[1];
    s->code = s->head->has_code ? fds[2] : -1;
    for (uint32_t i = 0; i < s->head->fds_n; i++) {
        if (!s->like[i].given)
            continue;
        if (at == n)
            return false;
        s->fds[i] = fds[at++];
    }
    return at == n;
}

/* A number of a process may be another one's when the signal is sent; this stays the parent's. */
static int open_parent(pid_t parent)
{
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
    const int fd = (int)syscall(SYS_pidfd_open, parent, 0);

    if (fd < 0 || getppid() == parent)
        return fd;
    close(fd);
    return -1;
}

static struct family_start *take(int socket)
{
    struct family_start *s = calloc(1, sizeof *s);
    size_t n;
    int *fds = s ? receive_all(socket, &n) : NULL;

    if (fds) {
        *s = (struct family_start){.code = -1, .page_fd = -1, .parent = -1};
        if (n > 2 && read_description(s, fds[0]) && sort(s, fds, n)) {
            close(fds[0]);
            free(fds);
            return s;
        }
        /* (The process ends now, and its descriptors with it.) */
        free(fds);
    }
    free(s);
    return NULL;
}

int family_take(struct family_start **start, pid_t parent, struct err *err)
{
    const struct rlimit none = {0};

    /* (The parent may have ended before the call; then the process has another one by now.) */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        return refuse("its parent has ended", err);
    fcntl(FAMILY_SOCKET, F_SETFD, FD_CLOEXEC);
    /* Signals of its parent end it, and nobody wants to look into it. */
    setrlimit(RLIMIT_CORE, &none);
    *start = take(FAMILY_SOCKET);
    if (!*start)
        return refuse("what its parent has sent is not understood", err);
    (*start)->parent = open_parent(parent);
    if ((*start)->head->session)
        setsid();
    return 0;
}

void family_start_free(struct family_start *s)
{
    if (!s)
        return;
    if (s->fds)
        close_all(s->fds, s->head->fds_n);
    close_all(s->own, FAMILY_MOST_OWN);
    if (s->code >= 0)
        close(s->code);
    if (s->page_fd >= 0)
        close(s->page_fd);
    if (s->parent >= 0)
        close(s->parent);
    if (s->map)
        munmap(s->map, s->size);
    free(s->fds);
    free(s->names);
    free(s->args);
    free(s->environ);
    free(s);
}

/* ---- what the guest gets ---- */

static int give(struct wasi *w, int host, const struct family_fd *like, const char *name, struct err *err)
{
    uint32_t fd, e = wasi_insert(w, host, like->rights, like->inheriting, like->flags, &fd);
    struct wasi_fd *f;

    if (e)
        return err_set(err, ERR_SETUP, "cannot give a process its descriptors: error %u of WASI", e);
    f = &w->fds[fd];
    f->standard = like->standard;
    f->read_only = like->read_only;
    if (!wasi_set_name(f, name))
        return err_set(err, ERR_SETUP, "out of memory");
    return 0;
}

int family_grant(struct family_start *s, struct wasi *w, struct err *err)
{
    static const struct family_fd closed = {0};
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < s->head->fds_n; i++) {
        const bool directory = i >= 3 && i < 3 + s->head->dirs_n;
        const int host = s->like[i].given ? s->fds[i] : fcntl((int)i, F_DUPFD_CLOEXEC, FAMILY_SOCKET + 1);

        s->fds[i] = -1; /* from here on the guest's */
        r = host < 0 ? err_set(err, ERR_SETUP, "cannot give a process its descriptors: %s", strerror(errno))
                     : give(w, host, s->like[i].given ? &s->like[i] : &closed, directory ? s->names[i - 3] : NULL, err);
    }
    return r;
}

const char *const *family_args(const struct family_start *s, size_t *n)
{
    *n = s->head->args_n;
    return s->args;
}

const char *const *family_environ(const struct family_start *s, size_t *n)
{
    *n = s->head->environ_n;
    return s->environ;
}

int family_code(const struct family_start *s)
{
    return s->code;
}

int family_fd(const struct family_start *s, size_t at)
{
    return at < FAMILY_MOST_OWN ? s->own[at] : -1;
}

void family_limits(const struct family_start *s, struct limits *limits)
{
    const uint64_t now = family_now(), end = s->head->deadline + AFTER_THE_FIRST_MS;

    limits->lease = s->head->memory;
    if (s->head->deadline)
        limits->deadline_ms = end > now ? end - now : 1;
}
