/* The requests of the set "process". */
#include "family/internal.h"

#include "core/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What arguments and variables may have together, and the note. */
enum { MOST_STRINGS = 64 << 20, MOST_NOTE = 1 << 30, LOOK_AGAIN_NS = 200000000 };

/* That the guest's processes can use at the same time. */
static unsigned processors(const struct family *f)
{
    const unsigned most = f->config.most + 1;
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return (unsigned)n < most ? (unsigned)n : most;
}

/* process.self: PID PARENT PROCESSORS FIRST COUNT NOTE */
static uint32_t self(struct wasi_request *r)
{
    const struct family *f = r->arg;
    const struct family_head *h = f->config.start ? f->config.start->head : NULL;

    wasi_say(r, "%u %u %u %u %u %u", f->pid, f->parent, processors(f), h ? 3 + h->dirs_n : 0,
             h ? h->fds_n - 3 - h->dirs_n : 0, h ? h->note_size : 0);
    return 0;
}

/* ADDRESS SIZE from a word on. */
static uint32_t range(const struct wasi_request *r, int at, uint32_t most, uint8_t **bytes, uint32_t *size)
{
    const struct guest_memory m = wasi_memory(r->w);
    int64_t address, n;

    if (!wasi_word(r, at, 0, UINT32_MAX, &address) || !wasi_word(r, at + 1, 0, UINT32_MAX, &n))
        return WASI_EINVAL;
    if (n > most)
        return WASI_E2BIG;
    if (!wasi_inside(m, (uint32_t)address, (uint64_t)n))
        return WASI_EFAULT;
    *bytes = m.base + address;
    *size = (uint32_t)n;
    return 0;
}

/* process.note ADDRESS SIZE */
static uint32_t note(struct wasi_request *r)
{
    const struct family *f = r->arg;
    const struct family_start *s = f->config.start;
    uint8_t *to;
    uint32_t n, e = range(r, 0, UINT32_MAX, &to, &n);

    if (e)
        return e;
    if (!s || n != s->head->note_size)
        return WASI_EINVAL;
    memcpy(to, s->note, n);
    return 0;
}

/* The group that a process joins, by the last word of a request: "session", or a number. */
static bool read_group(const struct wasi_request *r, int at, bool *session, int64_t *group)
{
    *session = !strcmp(r->word[at], "session");
    *group = FAMILY_SAME;
    return *session || wasi_word(r, at, 0, UINT32_MAX, group);
}

/* process.spawn ARGUMENTS SIZE VARIABLES SIZE DESCRIPTORS COUNT NOTE SIZE [session|GROUP] */
static uint32_t spawn(struct wasi_request *r)
{
    struct family *f = r->arg;
    uint8_t *args, *variables, *its_note;
    struct family_wish wish = {.group = FAMILY_SAME};
    uint32_t pid, e = range(r, 0, MOST_STRINGS, &args, &wish.args_size), *numbers;
    int64_t at, n;

    if (e == 0)
        e = range(r, 2, MOST_STRINGS, &variables, &wish.environ_size);
    if (e == 0)
        e = range(r, 6, MOST_NOTE, &its_note, &wish.note_size);
    if (e)
        return e;
    if ((r->n == 9 && !read_group(r, 8, &wish.session, &wish.group)) || !wasi_word(r, 4, 0, UINT32_MAX, &at) ||
        !wasi_word(r, 5, 3, FAMILY_MOST_FDS, &n) || (wish.args_size && args[wish.args_size - 1]) ||
        (wish.environ_size && variables[wish.environ_size - 1]))
        return WASI_EINVAL;
    if (!wasi_inside(wasi_memory(r->w), (uint32_t)at, (uint64_t)n * 4))
        return WASI_EFAULT;
    numbers = malloc((size_t)n * sizeof *numbers);
    if (!numbers)
        return WASI_ENOMEM;
    for (int64_t i = 0; i < n; i++)
        numbers[i] = (uint32_t)wasi_load(wasi_memory(r->w), (uint64_t)(at + i * 4), 4);
    wish.note = its_note;
    wish.args = (const char *)args;
    wish.environ = (const char *)variables;
    wish.fds = numbers;
    wish.fds_n = (uint32_t)n;
    e = family_spawn(f, &wish, &pid);
    free(numbers);
    if (e == 0)
        wasi_say(r, "%u", pid);
    return e;
}

/* The members that the word names: one, or any (0). */
static bool which(const struct wasi_request *r, uint32_t *pid)
{
    int64_t v;

    *pid = 0;
    if (!strcmp(r->word[0], "any"))
        return true;
    if (!wasi_word(r, 0, 1, UINT32_MAX, &v))
        return false;
    *pid = (uint32_t)v;
    return true;
}

/* One that has ended; else NULL, and their sockets. pid: 0: any. */
static struct family_member *find(struct family *f, uint32_t pid, bool group, struct pollfd *fds, nfds_t *n)
{
    *n = 0;
    for (size_t i = 0; i < f->members_n; i++) {
        struct family_member *m = &f->members[i];

        if (pid && pid != (group ? family_group(f, m) : m->pid))
            continue;
        if (m->socket < 0)
            return m;
        fds[(*n)++] = (struct pollfd){.fd = m->socket, .events = POLLIN};
    }
    return NULL;
}

static void tell(struct wasi_request *r, struct family_member *m)
{
    if (WIFSIGNALED(m->status))
        wasi_say(r, "%u killed %d", m->pid, WTERMSIG(m->status));
    else
        wasi_say(r, "%u exited %d", m->pid, WEXITSTATUS(m->status));
    family_forget(r->arg, m);
}

/* process.wait PID|any [group] [now] */
static uint32_t wait_for(struct wasi_request *r)
{
    struct family *f = r->arg;
    const struct timespec again = {.tv_nsec = LOOK_AGAIN_NS};
    struct family_member *m;
    struct pollfd *fds;
    uint32_t pid;
    nfds_t n;
    bool group = r->n > 1 && !strcmp(r->word[1], "group"), now = r->n == 2 + group;
    int waited = 0;

    if (!which(r, &pid) || (now && strcmp(r->word[1 + group], "now") != 0) || r->n > 2 + group || (group && !pid))
        return WASI_EINVAL;
    for (;;) {
        family_look(f);
        fds = calloc(f->members_n + 1, sizeof *fds);
        if (!fds)
            return WASI_ENOMEM;
        m = find(f, pid, group, fds, &n);
        /* (Meanwhile another thread may start one, or wait for one.) */
        if (!m && n && !now)
            waited = wasi_wait(r->w, fds, n, pid && !group ? NULL : &again);
        free(fds);
        if (m) {
            tell(r, m);
            return 0;
        }
        if (!n)
            return WASI_ECHILD;
        if (now)
            return WASI_EAGAIN;
        if (waited < 0)
            return wasi_from_errno(errno);
    }
}

/* Numbers that a guest may send, which are Linux's. None of them stops a process. */
static bool may_be_sent(int64_t number)
{
    return number <= SIGTERM || signals_find_sent((int)number);
}

/* A member that was waited for is no longer in the list, so its number is nobody else's. */
static uint32_t signal_member(const struct family_member *m, int number)
{
    return m->socket < 0 || kill(m->host, number) == 0 ? 0 : wasi_from_errno(errno);
}

/* Only what programs send each other, and only to a process that is there for a guest alone. What nobody can handle is
 * left out, because the first process may have to restore a terminal. */
static uint32_t signal_parent(const struct family *f, int number)
{
    const struct family_start *s = f->config.start;

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
    if (!s || s->parent < 0)
        return WASI_ESRCH;
    if (number && (!s->head->takes || (number != SIGINT && !signals_find_sent(number))))
        return WASI_EPERM;
    return syscall(SYS_pidfd_send_signal, s->parent, number, NULL, 0) == 0 ? 0 : wasi_from_errno(errno);
}

/* To those of a group that this process may send signals, except for itself. */
static uint32_t signal_group(const struct family *f, uint32_t group, int number)
{
    uint32_t result = WASI_ESRCH;

    if (f->page && f->config.start && f->page->place[page_parent(f->page, f->place)].group == group)
        result = signal_parent(f, number);
    for (size_t i = 0; i < f->members_n; i++) {
        const struct family_member *m = &f->members[i];

        if (family_group(f, m) == group && signal_member(m, number) == 0)
            result = 0;
    }
    return result;
}

/* process.kill PID SIGNAL [group] */
static uint32_t kill_one(struct wasi_request *r)
{
    struct family *f = r->arg;
    int64_t pid, number;

    if (!wasi_word(r, 0, 1, UINT32_MAX, &pid) || !wasi_word(r, 1, 0, SIGWINCH, &number) || !may_be_sent(number) ||
        (r->n == 3 && strcmp(r->word[2], "group") != 0))
        return WASI_EINVAL;
    family_look(f);
    if (r->n == 3)
        return signal_group(f, (uint32_t)pid, (int)number);
    if (pid == f->pid && f->config.start && number) {
        signal((int)number, SIG_DFL);
        kill(getpid(), (int)number);
        return 0;
    }
    if (pid == f->parent)
        return signal_parent(f, (int)number);
    for (size_t i = 0; i < f->members_n; i++)
        if (f->members[i].pid == pid)
            return signal_member(&f->members[i], (int)number);
    return WASI_ESRCH;
}

/* process.group PID: GROUP SESSION */
static uint32_t group_of(struct wasi_request *r)
{
    struct family *f = r->arg;
    int64_t pid;

    if (!wasi_word(r, 0, 1, UINT32_MAX, &pid))
        return WASI_EINVAL;
    family_look(f);
    if (!f->page && pid == f->pid) {
        wasi_say(r, "%u %u", f->pid, f->pid);
        return 0;
    }
    if (f->page && (pid == f->pid || (f->parent && pid == f->parent))) {
        const uint32_t place = pid == f->pid ? f->place : page_parent(f->page, f->place);

        wasi_say(r, "%u %u", f->page->place[place].group, f->page->place[place].session);
        return 0;
    }
    for (size_t i = 0; i < f->members_n; i++) {
        const struct family_member *m = &f->members[i];

        if (m->pid != pid)
            continue;
        if (m->socket < 0)
            wasi_say(r, "%u %u", m->group, m->session);
        else
            wasi_say(r, "%u %u", f->page->place[m->place].group, f->page->place[m->place].session);
        return 0;
    }
    return WASI_ESRCH;
}

/* process.join session|GROUP */
static uint32_t join(struct wasi_request *r)
{
    struct family *f = r->arg;
    int64_t group;
    bool session;

    if (!read_group(r, 0, &session, &group))
        return WASI_EINVAL;
    /* The first process leads a session for good, and so its group. */
    if (!f->config.start)
        return session || group == 0 || group == f->pid ? 0 : WASI_EPERM;
    if (f->page->place[f->place].session == f->pid)
        return session || group == 0 || group == f->pid ? 0 : WASI_EPERM;
    if (session) {
        if (f->page->place[f->place].group == f->pid)
            return WASI_EPERM;
        setsid();
        f->page->place[f->place].session = f->page->place[f->place].group = f->pid;
        return 0;
    }
    if (group && group != f->pid && !family_has_group(f, (uint32_t)group))
        return WASI_EPERM;
    f->page->place[f->place].group = group ? (uint32_t)group : f->pid;
    return 0;
}

static uint32_t give(struct wasi_request *r, int host, uint64_t rights)
{
    uint32_t fd, e = wasi_insert(r->w, host, rights, 0, 0, &fd);

    if (e == 0)
        wasi_say(r, r->size ? " %u" : "%u", fd);
    return e;
}

/* Both, or neither. */
static uint32_t give_two(struct wasi_request *r, const int host[2], uint64_t first, uint64_t second)
{
    uint32_t e = give(r, host[0], first), fd;

    if (e) {
        close(host[1]);
        return e;
    }
    fd = (uint32_t)strtoul(r->answer, NULL, 10);
    e = give(r, host[1], second);
    if (e)
        wasi_drop(r->w, &r->w->fds[fd]);
    return e;
}

#define STREAM (WASI_R_FD_SET_FLAGS | WASI_R_FD_FILESTAT_GET | WASI_R_POLL)

/* process.pipe */
static uint32_t make_pipe(struct wasi_request *r)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return wasi_from_errno(errno);
    return give_two(r, ends, STREAM | WASI_R_FD_READ, STREAM | WASI_R_FD_WRITE);
}

/* process.pair stream|dgram */
static uint32_t make_pair(struct wasi_request *r)
{
    const bool stream = !strcmp(r->word[0], "stream");
    const uint64_t rights = STREAM | WASI_R_FD_READ | WASI_R_FD_WRITE | WASI_R_SOCK_SHUTDOWN;
    int ends[2];

    if (!stream && strcmp(r->word[0], "dgram") != 0)
        return WASI_EINVAL;
    if (socketpair(AF_UNIX, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0, ends) < 0)
        return wasi_from_errno(errno);
    return give_two(r, ends, rights, rights);
}

/* process.semaphore COUNT: what is read takes 1, and waits at 0; what is written adds. */
static uint32_t make_semaphore(struct wasi_request *r)
{
    int64_t count;
    uint32_t fd, e;
    int host;

    if (!wasi_word(r, 0, 0, INT32_MAX, &count))
        return WASI_EINVAL;
    host = eventfd((unsigned)count, EFD_CLOEXEC | EFD_SEMAPHORE | EFD_NONBLOCK);
    if (host < 0)
        return wasi_from_errno(errno);
    e = wasi_insert(r->w, host, STREAM | WASI_R_FD_READ | WASI_R_FD_WRITE, 0, WASI_FD_NONBLOCK, &fd);
    if (e == 0)
        wasi_say(r, "%u", fd);
    return e;
}

/* process.count FD: of a semaphore. The kernel tells it only there. */
static uint32_t count(struct wasi_request *r)
{
    uint32_t e;
    const struct wasi_fd *f = wasi_word_fd(r, &e);
    char line[128], path[48];
    unsigned long long n;
    FILE *info;

    if (!f)
        return e;
    if (f->channel || f->host < 0)
        return WASI_EINVAL;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", f->host);
    info = fopen(path, "re");
    e = WASI_ENOTSUP;
    while (info && e && fgets(line, sizeof line, info))
        if (sscanf(line, "eventfd-count: %llx", &n) == 1) {
            wasi_say(r, "%llu", n);
            e = 0;
        }
    if (info)
        fclose(info);
    return e;
}

/* process.memory BYTES */
static uint32_t memory(struct wasi_request *r)
{
    int64_t n;

    if (!wasi_word(r, 0, 0, INT64_C(1) << 33, &n))
        return WASI_EINVAL;
    return family_more_memory(r->arg, (uint64_t)n) ? 0 : WASI_ENOMEM;
}

static const struct wasi_request_kind kinds[] = {
    {"process.self", 0, 0, self},      {"process.note", 2, 2, note},
    {"process.spawn", 8, 9, spawn},    {"process.wait", 1, 3, wait_for},
    {"process.kill", 2, 3, kill_one},  {"process.group", 1, 1, group_of},
    {"process.join", 1, 1, join},      {"process.pipe", 0, 0, make_pipe},
    {"process.pair", 1, 1, make_pair}, {"process.semaphore", 1, 1, make_semaphore},
    {"process.count", 1, 1, count},    {"process.memory", 1, 1, memory},
};

int family_serve(struct family *f, struct wasi *w, const struct family_config *config)
{
    const struct family_start *s = config->start;

    *f = (struct family){.w = w, .config = *config, .page_fd = -1, .pid = FAMILY_FIRST_PID, .place = FAMILY_FIRST};
    f->set = (struct wasi_request_set){
        .name = "process", .version = 1, .kinds = kinds, .n = sizeof kinds / sizeof *kinds, .arg = f};
    if (config->limits->deadline_ms)
        f->deadline = family_now() + config->limits->deadline_ms;
    if (s) {
        f->pid = s->head->pid;
        f->parent = s->head->parent;
        f->place = s->head->place;
        f->deadline = s->head->deadline;
        f->page_fd = fcntl(s->page_fd, F_DUPFD_CLOEXEC, FAMILY_SOCKET + 1);
        f->page = f->page_fd < 0 ? NULL : page_map(f->page_fd);
        if (!f->page)
            return -1;
        w->output_shared = &f->page->output_left;
    }
    w->more = family_more_memory;
    w->more_arg = f;
    return wasi_serve(w, &f->set);
}
