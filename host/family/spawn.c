/* Starting a process, and its end. */
#include "family/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* MOST_KEPT: processes that have ended, and that the guest has not waited for. A child begins with STEP bytes more than
 * its module needs, and a process keeps at most as many that it does not use. */
enum { MOST_KEPT = 1024, STEP = 16 << 20 };

uint64_t family_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- the ends of others ---- */

void family_look(struct family *f)
{
    for (size_t i = 0; i < f->members_n; i++) {
        struct family_member *m = &f->members[i];
        struct pollfd one = {.fd = m->socket, .events = POLLIN};

        if (m->socket < 0 || poll(&one, 1, 0) <= 0)
            continue;
        /* (It has closed it, so it is about to end.) */
        while (waitpid(m->host, &m->status, 0) < 0)
            if (errno != EINTR) {
                m->status = 255 << 8; /* somebody else in this process has waited for it */
                break;
            }
        close(m->socket);
        m->socket = -1;
        m->group = f->page->place[m->place].group;
        m->session = f->page->place[m->place].session;
        page_release(f->page, m->place);
    }
}

uint32_t family_group(const struct family *f, const struct family_member *m)
{
    return m->socket < 0 ? m->group : f->page->place[m->place].group;
}

/* (One that has ended is in its group until it is waited for, as elsewhere: the first of a row of programs may have
 * ended before the second one is started.) */
bool family_has_group(const struct family *f, uint32_t group)
{
    const uint32_t session = f->page->place[f->place].session;

    for (size_t i = 0; i < f->members_n; i++) {
        const struct family_member *m = &f->members[i];

        if (m->socket < 0 && m->group == group && m->session == session)
            return true;
    }
    return page_has_group(f->page, group, session);
}

void family_forget(struct family *f, struct family_member *m)
{
    *m = f->members[--f->members_n];
}

void family_finish(struct family *f)
{
    if (!f->w)
        return;
    for (size_t i = 0; i < f->members_n; i++)
        if (f->members[i].socket >= 0)
            kill(f->members[i].host, SIGKILL);
    for (size_t i = 0; i < f->members_n; i++)
        while (f->members[i].socket >= 0) {
            struct pollfd one = {.fd = f->members[i].socket, .events = POLLIN};

            poll(&one, 1, -1);
            family_look(f);
        }
    free(f->members);
    page_unmap(f->page);
    if (f->page_fd >= 0)
        close(f->page_fd);
    *f = (struct family){.page_fd = -1};
}

/* ---- memory ---- */

bool family_more_memory(void *family, uint64_t bytes)
{
    struct family *f = family;
    const struct wasi_room *room = f->w->room;
    const uint64_t more = bytes > STEP ? bytes : STEP;

    if (!room || !f->page)
        return false;
    if (page_lease(f->page, f->place, more))
        bytes = more;
    else if (!page_lease(f->page, f->place, bytes))
        return false;
    room->change(f->w->arg, (int64_t)bytes);
    return true;
}

/* What this process does not use becomes everybody's; it keeps a part of it. */
static void share_memory(struct family *f)
{
    const uint64_t spare = f->w->room->spare(f->w->arg);

    if (spare <= STEP)
        return;
    f->w->room->change(f->w->arg, -(int64_t)(spare - STEP));
    page_return(f->page, f->place, spare - STEP);
}

/* Before the first process is started. */
static int begin(struct family *f)
{
    struct rlimit core;

    if (f->page)
        return 0;
    f->page = page_new(&f->page_fd, f->config.most);
    if (!f->page)
        return -1;
    f->page->place[f->place].memory = f->config.limits->memory;
    f->page->output_left = f->w->output_left;
    /* (Signals of its children may end it, and nobody wants to look into it then.) */
    if (f->config.takes && getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &core);
    }
    f->w->output_shared = &f->page->output_left;
    return 0;
}

/* ---- what it gets ---- */

struct parcel {
    struct family_head head;
    struct family_fd *like;
    char *names;
    uint32_t names_size;
    int *fds;              /* borrowed, of those that are given */
    size_t fds_n, streams; /* streams: where those of the guest begin */
    uint32_t listed;
};

/* A socket that leads to another one in this machine, and has no rules. */
static bool is_pair(int host)
{
    int family = 0;
    socklen_t size = sizeof family;

    return getsockopt(host, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_UNIX;
}

static uint32_t add(struct parcel *p, const struct wasi_fd *f)
{
    struct family_fd *like = &p->like[p->listed++];

    *like = (struct family_fd){0};
    if (!f)
        return 0;
    /* What it has of the network and of files in memory is only here. */
    if (f->host < 0 || f->channel || f->node || (f->socket && !is_pair(f->host)))
        return WASI_ENOTSUP;
    *like = (struct family_fd){.given = true,
                               .standard = f->standard,
                               .read_only = f->read_only,
                               .flags = f->flags,
                               .rights = f->rights,
                               .inheriting = f->inheriting};
    p->fds[p->fds_n++] = f->host;
    return 0;
}

static uint32_t add_wished(const struct wasi *w, struct parcel *p, uint32_t fd)
{
    return fd < w->fds_n && w->fds[fd].used ? add(p, &w->fds[fd]) : WASI_EBADF;
}

/* A directory that its parent has been given, and still has. */
static bool is_directory(const struct wasi_fd *f)
{
    return f->used && f->preopen && !f->channel && f->host >= 0;
}

static uint32_t add_name(struct parcel *p, const char *name)
{
    const size_t n = strlen(name) + 1;
    char *more = realloc(p->names, p->names_size + n);

    if (!more)
        return WASI_ENOMEM;
    p->names = more;
    memcpy(more + p->names_size, name, n);
    p->names_size += (uint32_t)n;
    return 0;
}

static uint32_t collect(struct family *f, const struct family_wish *wish, struct parcel *p)
{
    const struct wasi *w = f->w;
    uint32_t e = 0;

    p->like = calloc(wish->fds_n + w->fds_n, sizeof *p->like);
    p->fds = calloc(wish->fds_n + w->fds_n + 3 + FAMILY_MOST_OWN, sizeof *p->fds);
    if (!p->like || !p->fds)
        return WASI_ENOMEM;
    p->fds_n = 2 + p->head.has_code; /* (What comes first is known later.) */
    for (size_t i = 0; i < p->head.own_n; i++)
        p->fds[p->fds_n++] = f->config.fds[i];
    p->streams = p->fds_n;
    for (uint32_t i = 0; e == 0 && i < 3; i++)
        e = wish->fds[i] == FAMILY_NONE ? add(p, NULL) : add_wished(w, p, wish->fds[i]);
    for (size_t i = 0; e == 0 && i < w->fds_n; i++)
        if (is_directory(&w->fds[i])) {
            p->head.dirs_n++;
            e = add(p, &w->fds[i]);
            if (e == 0)
                e = add_name(p, w->fds[i].preopen);
        }
    for (uint32_t i = 3; e == 0 && i < wish->fds_n; i++)
        e = add_wished(w, p, wish->fds[i]);
    p->head.fds_n = p->listed;
    return p->fds_n > FAMILY_MOST_FDS ? WASI_EMFILE : e;
}

static uint32_t count_strings(const char *at, uint32_t size)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < size; i++)
        n += !at[i];
    return n;
}

static bool write_whole(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size) {
        const ssize_t n = write(fd, at, size);

        if (n < 0 && errno != EINTR)
            return false;
        at += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* The description, as a file in memory; -1 with errno. */
static int describe(struct parcel *p, const struct family_wish *wish)
{
    struct family_head *h = &p->head;
    int fd = memfd_create("wlpy-child", MFD_CLOEXEC), e;

    h->magic = FAMILY_MAGIC;
    h->size = sizeof *h;
    h->args_n = count_strings(wish->args, wish->args_size);
    h->environ_n = count_strings(wish->environ, wish->environ_size);
    h->names_size = p->names_size;
    h->args_size = wish->args_size;
    h->environ_size = wish->environ_size;
    h->note_size = wish->note_size;
    h->session = wish->session;
    if (fd < 0)
        return -1;
    if (write_whole(fd, h, sizeof *h) && write_whole(fd, p->like, h->fds_n * sizeof *p->like) &&
        write_whole(fd, p->names, p->names_size) && write_whole(fd, wish->args, wish->args_size) &&
        write_whole(fd, wish->environ, wish->environ_size) && write_whole(fd, wish->note, wish->note_size))
        return fd;
    e = errno;
    close(fd);
    errno = e;
    return -1;
}

static int send_all(int socket, const int *fds, size_t n)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(FAMILY_PER_MESSAGE * sizeof(int))];
    } control;
    uint32_t total = (uint32_t)n;

    for (size_t done = 0; done < n;) {
        const size_t now = n - done < FAMILY_PER_MESSAGE ? n - done : FAMILY_PER_MESSAGE;
        struct iovec io = {&total, sizeof total};
        struct msghdr m = {
            .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(now * sizeof(int))};

        memset(&control, 0, sizeof control);
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(now * sizeof(int));
        memcpy(CMSG_DATA(&control.head), fds + done, now * sizeof(int));
        if (sendmsg(socket, &m, MSG_NOSIGNAL) < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        done += now;
    }
    return 0;
}

/* ---- its start ---- */

static int start_program(const struct family *f, const struct parcel *p, int socket, pid_t *pid)
{
    const char **argv = calloc(f->config.command_n + FAMILY_ARGUMENTS + 1, sizeof *argv);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    char parent[24];
    sigset_t none;
    int r = argv ? posix_spawn_file_actions_init(&files) : ENOMEM;
    size_t given = 0;

    if (r != 0) {
        free(argv);
        return r;
    }
    snprintf(parent, sizeof parent, "%ld", (long)getpid());
    argv[0] = f->config.command[1];
    argv[1] = FAMILY_ASKED;
    argv[2] = parent;
    for (size_t i = 2; i < f->config.command_n; i++)
        argv[FAMILY_ARGUMENTS + i - 1] = f->config.command[i];
    sigemptyset(&none);
    r = posix_spawnattr_init(&attr);
    if (r == 0) {
        posix_spawnattr_setsigmask(&attr, &none);
        posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
        for (int i = 0; r == 0 && i < 3; i++)
            r = p->like[i].given ? posix_spawn_file_actions_adddup2(&files, p->fds[p->streams + given++], i)
                                 : posix_spawn_file_actions_addopen(&files, i, "/dev/null", i ? O_WRONLY : O_RDONLY, 0);
        if (r == 0)
            r = posix_spawn_file_actions_adddup2(&files, socket, FAMILY_SOCKET);
        if (r == 0)
            r = posix_spawn(pid, f->config.command[0], &files, &attr, (char *const *)argv, environ);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&files);
    free(argv);
    return r;
}

/* Above the numbers that it is moved to in the child. */
static int move_up(int fd)
{
    int up = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FAMILY_SOCKET + 1), e = errno;

    if (fd >= 0)
        close(fd);
    errno = e;
    return up;
}

static int start(const struct family *f, const struct parcel *p, struct family_member *m)
{
    int pair[2], theirs, r;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return errno;
    theirs = move_up(pair[1]);
    r = theirs < 0 || send_all(pair[0], p->fds, p->fds_n) < 0 ? errno : start_program(f, p, theirs, &m->host);
    if (theirs >= 0)
        close(theirs);
    if (r != 0)
        close(pair[0]);
    else
        m->socket = pair[0];
    return r;
}

static uint32_t start_in_place(struct family *f, const struct family_wish *wish, struct parcel *p,
                               struct family_member *m)
{
    const uint64_t memory = f->w->room->least(f->w->arg) + STEP;
    int description, r;

    /* (The description stays in memory as long as the process does.) */
    if (!page_lease(f->page, m->place, memory + wish->args_size + wish->environ_size + wish->note_size))
        return WASI_ENOMEM;
    p->head.memory = memory;
    description = describe(p, wish);
    if (description < 0)
        return wasi_from_errno(errno);
    p->fds[0] = description;
    p->fds[1] = f->page_fd;
    if (p->head.has_code)
        p->fds[2] = f->config.code;
    r = start(f, p, m);
    close(description);
    return r ? wasi_from_errno(r) : 0;
}

static uint32_t spawn(struct family *f, const struct family_wish *wish, struct parcel *p, struct family_member *m)
{
    uint32_t e;
    int place;

    if (wish->group > 0 && !family_has_group(f, (uint32_t)wish->group))
        return WASI_EPERM;
    place = page_take(f->page, f->place);
    if (place < 0)
        return WASI_EAGAIN;
    share_memory(f);
    *m = (struct family_member){.pid = f->page->next_pid++, .place = (uint32_t)place, .socket = -1};
    p->head.pid = m->pid;
    p->head.parent = f->pid;
    p->head.place = m->place;
    p->head.takes = f->config.takes || f->config.start;
    if (wish->session)
        f->page->place[place].session = m->pid;
    if (wish->session || wish->group == 0)
        f->page->place[place].group = m->pid;
    else if (wish->group > 0)
        f->page->place[place].group = (uint32_t)wish->group;
    p->head.deadline = f->deadline;
    e = start_in_place(f, wish, p, m);
    if (e)
        page_release(f->page, m->place);
    return e;
}

uint32_t family_spawn(struct family *f, const struct family_wish *wish, uint32_t *pid)
{
    struct parcel p = {.head = {.has_code = f->config.code >= 0, .own_n = (uint8_t)f->config.fds_n}};
    struct family_member *members, m;
    uint32_t e;

    if (!f->w->room)
        return WASI_ENOTSUP;
    family_look(f);
    if (f->members_n >= MOST_KEPT)
        return WASI_EAGAIN;
    members = realloc(f->members, (f->members_n + 1) * sizeof *members);
    if (!members)
        return WASI_ENOMEM;
    f->members = members;
    if (begin(f) < 0)
        return wasi_from_errno(errno);
    e = collect(f, wish, &p);
    if (e == 0)
        e = spawn(f, wish, &p, &m);
    if (e == 0) {
        members[f->members_n++] = m;
        *pid = m.pid;
    }
    free(p.like);
    free(p.fds);
    free(p.names);
    return e;
}
