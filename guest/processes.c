#include "processes.h"

#include "channel.h"
#include "memory-copy.h"
#include "threads.h"
#include "vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* libc does not declare it. */
mode_t umask(mode_t mask);

/* Where there are no processes, getpid() returns what wasi-libc's does. Numbers of signals are Linux's up to LAST. */
enum { ONLY = 42, KILL = 9, LAST = 15 };

static struct {
    long pid, parent, processors;
    int nice;
} self = {.pid = ONLY, .processors = 1};

bool processes_exist(void)
{
    return channel_has("process");
}

/* What process.self answers. */
struct start {
    unsigned long first, count, note;
};

static bool look(struct start *s)
{
    char answer[128];

    if (!processes_exist() || channel_ask(answer, sizeof answer, "process.self") < 0 ||
        sscanf(answer, "%ld %ld %ld %lu %lu %lu", &self.pid, &self.parent, &self.processors, &s->first, &s->count,
               &s->note) != 6)
        return false;
    return true;
}

pid_t processes_self(void)
{
    return (pid_t)self.pid;
}

pid_t processes_parent(void)
{
    return (pid_t)self.parent;
}

long processes_processors(void)
{
    return self.processors;
}

bool processes_know(pid_t pid)
{
    const int before = errno;
    const bool known = pid == 0 || pid == self.pid || (pid > 0 && processes_signal(pid, 0) == 0);

    errno = before;
    return known;
}

int processes_inherited(size_t at)
{
    return (int)vfs_inherited(at);
}

int processes_nice(void)
{
    return self.nice;
}

void processes_set_nice(int value)
{
    self.nice = value;
}

/* ---- the note: what a process tells the one that it starts ---- */

enum { MAGIC = 0x776c6e31, STREAMS = 3 };

struct note {
    uint32_t magic, fds_n, cwd_n, umask;
    int32_t nice;
};

enum kind { OF_HOST, DEVICE, CLOSED };

/* One descriptor. */
struct given {
    uint32_t number, kind;
    uint32_t at; /* which of the host's, or the device */
    uint32_t flags, reads, writes;
};

static void hide(int64_t fd)
{
    struct vfs_entry *e = vfs_take_number(fd);

    if (e)
        *e = (struct vfs_entry){.fd = fd, .host = -1, .used = true, .gone = true};
}

static void take_one(const struct given *g, int64_t host)
{
    const int64_t number = g->number;
    struct vfs_file *file = NULL;
    struct vfs_entry *e;

    (void)vfs_inherit(number, true);
    if (g->kind == OF_HOST && number == host)
        return;
    if (g->kind == CLOSED) {
        hide(number);
        (void)vfs_inherit(number, false);
        return;
    }
    if (g->kind == DEVICE) {
        file = vfs_new_file(VFS_DEVICE, (__wasi_fdflags_t)g->flags);
        if (!file)
            return;
        file->device = (enum device)g->at;
        file->reads = g->reads;
        file->writes = g->writes;
    }
    e = vfs_take_number(number);
    if (e)
        *e = (struct vfs_entry){.fd = number, .host = file ? -1 : host, .file = file, .used = true};
    else
        vfs_let_go(file);
}

static int64_t host_number(const struct start *s, uint32_t at)
{
    return at < STREAMS ? at : s->first + at - STREAMS;
}

static void take_given(const struct start *s, const struct given *g)
{
    const int64_t host = g->kind == OF_HOST ? host_number(s, g->at) : -1;
    struct vfs_entry *e = host >= 0 && g->number == host ? vfs_find(host) : NULL;

    /* (It has the host's number after all.) */
    if (e)
        e->used = false;
    take_one(g, host);
}

static void take_over(const struct start *s, const unsigned char *bytes)
{
    const struct given *given = (const void *)(bytes + sizeof(struct note));
    struct note note;
    const char *cwd;
    uint64_t size = sizeof note;

    if (s->note < size)
        return;
    memcpy(&note, bytes, sizeof note);
    size += (uint64_t)note.fds_n * sizeof *given + note.cwd_n;
    if (note.magic != MAGIC || size > s->note)
        return;
    for (unsigned long i = 0; i < s->count; i++)
        hide((int64_t)(s->first + i));
    /* (First those that are in no directory's way, so that one which makes room gets none of their numbers.) */
    for (uint32_t i = 0; i < note.fds_n; i++)
        if (given[i].number < STREAMS || given[i].number >= s->first)
            take_given(s, &given[i]);
    for (uint32_t i = 0; i < note.fds_n; i++)
        if (given[i].number >= STREAMS && given[i].number < s->first && vfs_move_mapped(given[i].number) == 0)
            take_given(s, &given[i]);
    umask((mode_t)note.umask);
    self.nice = note.nice;
    cwd = (const char *)(given + note.fds_n);
    memory_copy_in(bytes + size, (size_t)(s->note - size));
    if (note.cwd_n && !cwd[note.cwd_n - 1])
        (void)!chdir(cwd);
}

void processes_begin(void)
{
    struct start s = {0};
    unsigned char *bytes;

    self.pid = ONLY;
    self.parent = 0;
    self.processors = 1;
    self.nice = 0;
    if (!look(&s) || !s.note)
        return;
    bytes = malloc(s.note);
    if (bytes && channel_ask(NULL, 0, "process.note %lu %lu", (unsigned long)(uintptr_t)bytes, s.note) >= 0)
        take_over(&s, bytes);
    free(bytes);
}

/* ---- starting one ---- */

struct start_of {
    struct memory_bytes args, environ, note;
    struct given *given;
    size_t given_n;
    uint32_t *hosts; /* of the streams, and of what follows */
    uint32_t hosts_n;
};

#define NONE UINT32_MAX

/* What one descriptor is. */
static int add_fd(struct start_of *s, int number, int from)
{
    struct given *g = &s->given[s->given_n++];
    const struct vfs_entry *e = from < 0 ? NULL : vfs_find_file((__wasi_fd_t)from);
    const int64_t host = from < 0 ? -1 : vfs_host_only((__wasi_fd_t)from);
    __wasi_fdstat_t stat;

    *g = (struct given){.number = (uint32_t)number, .kind = CLOSED};
    if (e && e->file->kind == VFS_DEVICE) {
        g->kind = DEVICE;
        g->at = (uint32_t)e->file->device;
        g->flags = e->file->flags;
        g->reads = e->file->reads;
        g->writes = e->file->writes;
    } else if (e) {
        errno = ENOTSUP;
        return -1;
    } else if (host >= 0 && REAL(fd_fdstat_get)((__wasi_fd_t)host, &stat) == 0) {
        g->kind = OF_HOST;
        g->at = number < STREAMS ? (uint32_t)number : s->hosts_n++;
        s->hosts[g->at] = (uint32_t)host;
    } else if (number >= STREAMS) {
        errno = EBADF;
        return -1;
    }
    return 0;
}

static int add_fds(struct start_of *s, const struct process_wish *w)
{
    bool has[STREAMS] = {false};

    s->given = calloc(w->fds_n + STREAMS, sizeof *s->given);
    s->hosts = calloc(w->fds_n + STREAMS, sizeof *s->hosts);
    if (!s->given || !s->hosts) {
        errno = ENOMEM;
        return -1;
    }
    s->hosts_n = STREAMS;
    for (int i = 0; i < STREAMS; i++)
        s->hosts[i] = NONE;
    for (size_t i = 0; i < w->fds_n; i++) {
        if (w->fds[i].number < STREAMS)
            has[w->fds[i].number] = true;
        if (add_fd(s, w->fds[i].number, w->fds[i].from) < 0)
            return -1;
    }
    for (int i = 0; i < STREAMS; i++)
        if (!has[i] && add_fd(s, i, i) < 0)
            return -1;
    return 0;
}

static void add_strings(struct memory_bytes *b, char *const *strings)
{
    for (; strings && *strings; strings++)
        memory_bytes_add(b, *strings, strlen(*strings) + 1);
}

static int add_note(struct start_of *s, const struct process_wish *w)
{
    struct note note = {.magic = MAGIC, .fds_n = (uint32_t)s->given_n, .nice = self.nice};
    const mode_t mask = umask(0);
    char *cwd = w->cwd && *w->cwd == '/' ? strdup(w->cwd) : NULL, *here = cwd ? NULL : getcwd(NULL, 0);

    umask(mask);
    if (here && w->cwd && asprintf(&cwd, "%s/%s", here, w->cwd) < 0)
        cwd = NULL;
    else if (here && !w->cwd)
        cwd = strdup(here);
    free(here);
    if (!cwd) {
        errno = ENOMEM;
        return -1;
    }
    note.cwd_n = (uint32_t)strlen(cwd) + 1;
    note.umask = w->umask < 0 ? mask : (uint32_t)w->umask;
    memory_bytes_add(&s->note, &note, sizeof note);
    memory_bytes_add(&s->note, s->given, s->given_n * sizeof *s->given);
    memory_bytes_add(&s->note, cwd, note.cwd_n);
    free(cwd);
    for (int i = 0; i < MEMORY_ROOTS; i++)
        memory_copy_out(&s->note, i);
    return 0;
}

#define RANGE(b) (unsigned long)(uintptr_t)(b).at, (unsigned long)(b).n

static pid_t start(struct start_of *s, const struct process_wish *w)
{
    char answer[32], group[16] = "";

    if (add_fds(s, w) < 0 || add_note(s, w) < 0)
        return -1;
    add_strings(&s->args, w->argv);
    add_strings(&s->environ, w->envp);
    if (s->args.failed || s->environ.failed || s->note.failed) {
        errno = ENOMEM;
        return -1;
    }
    if (w->group)
        snprintf(group, sizeof group, " %ld", w->group < 0 ? 0 : (long)w->group);
    if (channel_ask(answer, sizeof answer, "process.spawn %lu %lu %lu %lu %lu %lu %lu %lu%s", RANGE(s->args),
                    RANGE(s->environ), (unsigned long)(uintptr_t)s->hosts, (unsigned long)s->hosts_n, RANGE(s->note),
                    w->session ? " session" : group) < 0)
        return -1;
    return (pid_t)strtol(answer, NULL, 10);
}

pid_t processes_start(const struct process_wish *wish)
{
    struct start_of s = {0};
    pid_t pid;
    int error;

    if (!processes_exist()) {
        errno = ENOTSUP;
        return -1;
    }
    pid = start(&s, wish);
    error = errno;
    free(s.args.at);
    free(s.environ.at);
    free(s.note.at);
    free(s.given);
    free(s.hosts);
    errno = error;
    return pid;
}

/* ---- others ---- */

enum { FAILED = INT_MAX, FAILED_STATUS = 255 << 8 };

static unsigned failed;

pid_t processes_failed(void)
{
    failed++;
    return FAILED;
}

pid_t processes_wait(pid_t pid, int *status, bool now)
{
    char answer[64], how[16];
    long number, r;
    int value;

    if (pid == FAILED && failed) {
        failed--;
        if (status)
            *status = FAILED_STATUS;
        return FAILED;
    }
    if (!processes_exist()) {
        errno = ECHILD;
        return -1;
    }
    do
        r = pid == -1 ? channel_ask(answer, sizeof answer, "process.wait any%s", now ? " now" : "")
                      : channel_ask(answer, sizeof answer, "process.wait %ld%s%s", labs((long)pid),
                                    pid < 0 ? " group" : "", now ? " now" : "");
    while (r < 0 && threads_again(errno));
    if (r < 0)
        return now && errno == EAGAIN ? 0 : -1;
    if (sscanf(answer, "%ld %15s %d", &number, how, &value) != 3) {
        errno = EIO;
        return -1;
    }
    /* As the macros of sys/wait.h read it. */
    if (status)
        *status = strcmp(how, "killed") != 0 ? value << 8 : value <= LAST ? value : KILL;
    return (pid_t)number;
}

int processes_signal(pid_t pid, int number)
{
    if (!processes_exist()) {
        errno = ESRCH;
        return -1;
    }
    return channel_ask(NULL, 0, "process.kill %ld %d", (long)pid, number) < 0 ? -1 : 0;
}

int processes_signal_group(pid_t group, int number)
{
    if (!processes_exist()) {
        errno = ESRCH;
        return -1;
    }
    return channel_ask(NULL, 0, "process.kill %ld %d group", (long)group, number) < 0 ? -1 : 0;
}

int processes_group(pid_t pid, pid_t *group, pid_t *session)
{
    char answer[32], *next;

    if (!pid)
        pid = (pid_t)self.pid;
    *group = *session = pid;
    if (!processes_exist()) {
        errno = ESRCH;
        return pid == self.pid ? 0 : -1;
    }
    if (channel_ask(answer, sizeof answer, "process.group %ld", (long)pid) < 0) {
        errno = ESRCH;
        return -1;
    }
    *group = (pid_t)strtol(answer, &next, 10);
    *session = (pid_t)strtol(next, NULL, 10);
    return 0;
}

int processes_join(pid_t group)
{
    if (processes_exist())
        return channel_ask(NULL, 0, "process.join %ld", (long)group) < 0 ? -1 : 0;
    errno = EPERM;
    return !group || group == self.pid ? 0 : -1;
}

int processes_begin_session(void)
{
    return processes_exist() && channel_ask(NULL, 0, "process.join session") < 0 ? -1 : 0;
}

void processes_end_by(int number)
{
    if (self.parent)
        (void)processes_signal((pid_t)self.pid, number);
}

static int adopt_two(const char *answer, int fds[2])
{
    char *second;

    fds[0] = channel_adopt(strtoul(answer, &second, 10));
    fds[1] = channel_adopt(strtoul(second, NULL, 10));
    if (fds[0] >= 0 && fds[1] >= 0)
        return 0;
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return -1;
}

int processes_pipe(int fds[2])
{
    char answer[64];

    return channel_ask(answer, sizeof answer, "process.pipe") < 0 ? -1 : adopt_two(answer, fds);
}

int processes_pair(bool stream, int fds[2])
{
    char answer[64];

    return channel_ask(answer, sizeof answer, "process.pair %s", stream ? "stream" : "dgram") < 0
               ? -1
               : adopt_two(answer, fds);
}

int processes_semaphore(unsigned count)
{
    char answer[32];

    return channel_ask(answer, sizeof answer, "process.semaphore %u", count) < 0
               ? -1
               : channel_adopt(strtoul(answer, NULL, 10));
}

long processes_count(int fd)
{
    char answer[32];

    return channel_ask_of(fd, answer, sizeof answer, "process.count", "%s", "") < 0 ? -1 : strtol(answer, NULL, 10);
}
