#include "util/run.h"

#include "util/clock.h"
#include "util/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { TERM_GRACE_MS = 2000, LOOK_MS = 50 };

/* An unnamed file holding the text, read from its start. */
static int input_file(const char *text, struct wl_err *err)
{
    int fd =
        text ? (int)syscall(SYS_memfd_create, "input", 1U /* MFD_CLOEXEC */) : open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || (text && write_all(fd, text, strlen(text)) < 0) || (text && lseek(fd, 0, SEEK_SET) < 0)) {
        close_fdp(&fd);
        return wl_err_errno(err, WL_E_IO, "cannot prepare the input of a command");
    }
    return fd;
}

static int spawn(const struct run *r, int in, int out, pid_t *pid, struct wl_err *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int e = 0;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    /* Its own session: no controlling terminal, so no /dev/tty and no TIOCSTI into the user's next input. It is also a
     * process group. */
    e |= posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    e |= posix_spawnattr_setsigmask(&attr, &none);
    e |= posix_spawnattr_setsigdefault(&attr, &all);
    e |= posix_spawn_file_actions_adddup2(&actions, in, 0);
    if (out >= 0) {
        e |= posix_spawn_file_actions_adddup2(&actions, out, 1);
        e |= posix_spawn_file_actions_adddup2(&actions, out, 2);
    }
    /* A descriptor duplicated onto itself loses its close-on-exec flag, in the child alone. */
    for (const int *fd = r->keep_fds; fd && *fd >= 0; fd++)
        e |= posix_spawn_file_actions_adddup2(&actions, *fd, *fd);
    if (r->cwd)
        e |= posix_spawn_file_actions_addchdir_np(&actions, r->cwd);
    if (!e)
        e = posix_spawnp(pid, r->argv[0], &actions, &attr, r->argv, r->env ? r->env : environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    if (e == 0)
        return 0;
    if (r->cwd && !path_is_dir(r->cwd))
        return wl_err_set(err, WL_E_IO, "cannot run %s in %s: no such directory", r->argv[0], r->cwd);
    errno = e;
    wl_err_errno(err, WL_E_TOOLCHAIN, "cannot run %s", r->argv[0]);
    return wl_err_hint(err, "install it (wl-make doctor names the package), or put it in PATH");
}

/* Signals what is left of the group; the caller reaps the leader. */
static void kill_group(pid_t pid, int sig)
{
    kill(-pid, sig);
}

struct watch {
    const struct run *r;
    pid_t pid;
    int pid_fd, out;
    int also;          /* r->also_read, or -1 */
    int look_ms;       /* without a pid_fd: the time after which to check again whether it has ended */
    long long kill_at; /* when SIGTERM becomes SIGKILL; 0: not asked to end yet */
    long long deadline;
    bool timed_out, cancelled;
    int output_result;
};

static void ask_to_end(struct watch *w)
{
    if (!w->kill_at) {
        kill_group(w->pid, SIGTERM);
        w->kill_at = clock_ms() + TERM_GRACE_MS;
    }
}

/* Reads what there is. Returns 0 at the end of the output. */
static int drain(struct watch *w, struct wl_err *err)
{
    char buf[8192];
    ssize_t n = read(w->out, buf, sizeof buf);

    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR) ? 1 : 0;
    if (w->output_result == 0) {
        w->output_result = w->r->on_output(w->r->data, buf, (size_t)n, err);
        if (w->output_result < 0)
            ask_to_end(w);
    }
    return 1;
}

static void drain_also(struct watch *w)
{
    char buf[4096];
    ssize_t n;

    while (w->also >= 0 && (n = read(w->also, buf, sizeof buf)) > 0)
        w->r->on_also(w->r->data, buf, (size_t)n);
}

static int next_timeout(const struct watch *w)
{
    long long at = w->kill_at ? w->kill_at : w->deadline, left = at ? at - clock_ms() : -1;

    if (at && left < 0)
        return 0;
    if (w->pid_fd < 0 && (!at || left > w->look_ms))
        return w->look_ms;
    return (int)left;
}

/* Whether the leader has ended; it is not reaped. Without a pidfd (a container's filter refuses it, or no descriptor is
 * left) this is polled, often at first because many commands are short. */
static bool has_ended(struct watch *w, short pid_events)
{
    siginfo_t info = {0};

    if (w->pid_fd >= 0)
        return pid_events != 0;
    if (w->look_ms < LOOK_MS)
        w->look_ms++;
    return waitid(P_PID, (id_t)w->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != 0;
}

static int watch_until_end(struct watch *w, struct wl_err *err)
{
    int cancel_fd = w->r->cancel ? w->r->cancel->fd : -1;

    for (;;) {
        struct pollfd p[4] = {{.fd = w->pid_fd, .events = POLLIN},
                              {.fd = w->out, .events = POLLIN},
                              {.fd = w->kill_at ? -1 : cancel_fd, .events = POLLIN},
                              {.fd = w->also, .events = POLLIN}};

        if (poll(p, 4, next_timeout(w)) < 0 && errno != EINTR) {
            wl_err_errno(err, WL_E_IO, "cannot wait for %s", w->r->argv[0]);
            kill_group(w->pid, SIGKILL);
            return -WL_E_IO;
        }
        if (p[1].revents && !drain(w, err))
            close_fdp(&w->out);
        if (p[3].revents)
            drain_also(w);
        if (p[2].revents) {
            w->cancelled = true;
            ask_to_end(w);
        }
        if (w->kill_at && clock_ms() >= w->kill_at) {
            kill_group(w->pid, SIGKILL);
            w->kill_at = clock_ms() + TERM_GRACE_MS;
        } else if (w->deadline && !w->kill_at && clock_ms() >= w->deadline) {
            w->timed_out = true;
            ask_to_end(w);
        }
        if (has_ended(w, p[0].revents))
            return 0;
    }
}

int run_command(const struct run *r, int *status, struct wl_err *err)
{
    struct watch w = {.r = r, .pid_fd = -1, .out = -1, .also = r->also_read ? *r->also_read : -1, .look_ms = 1};
    WL_CLEANUP_FD int in = -1, child_out = -1;
    siginfo_t info = {0};
    int result, pipe_fds[2];

    *status = -1;
    if (w.also >= 0)
        fcntl(w.also, F_SETFL, O_NONBLOCK);
    in = input_file(r->input, err);
    if (in < 0)
        return in;
    if (r->on_output) {
        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
            return wl_err_errno(err, WL_E_IO, "cannot make a pipe");
        w.out = pipe_fds[0];
        child_out = pipe_fds[1];
        fcntl(w.out, F_SETFL, O_NONBLOCK);
    }
    result = spawn(r, in, child_out, &w.pid, err);
    close_fdp(&child_out);
    if (result < 0) {
        close_fdp(&w.out);
        return result;
    }
    w.pid_fd = (int)syscall(SYS_pidfd_open, w.pid, 0);
    if (r->timeout_ms)
        w.deadline = clock_ms() + r->timeout_ms;
    result = watch_until_end(&w, err);
    /* Until the leader is reaped, no other process can have its ID, nor the group's. */
    if (waitid(P_PID, (id_t)w.pid, &info, WEXITED | WNOWAIT) == 0)
        kill_group(w.pid, SIGKILL);
    while (w.out >= 0) {
        struct pollfd p = {.fd = w.out, .events = POLLIN};

        if (poll(&p, 1, 0) <= 0 || !drain(&w, err))
            break;
    }
    drain_also(&w);
    close_fdp(&w.out);
    close_fdp(&w.pid_fd);
    waitid(P_PID, (id_t)w.pid, &info, WEXITED);
    *status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    if (result < 0)
        return result;
    if (w.output_result < 0)
        return w.output_result;
    if (w.cancelled)
        return cancel_error(err);
    if (w.timed_out)
        return wl_err_set(err, WL_E_FAILED, "%s did not end within %d s", r->argv[0], r->timeout_ms / 1000);
    return 0;
}

struct capture {
    struct str text;
    size_t max;
};

static int keep_output(void *data, const char *text, size_t n, struct wl_err *err)
{
    struct capture *c = data;

    if (c->text.len + n > c->max)
        return wl_err_set(err, WL_E_FAILED, "a command printed more than %zu bytes", c->max);
    str_addn(&c->text, text, n);
    return 0;
}

int run_capture(const struct run *r, int *status, char **output, struct wl_err *err)
{
    struct capture c = {.max = r->max_output ? r->max_output : 16u << 20};
    struct run with = *r;
    int result;

    with.on_output = keep_output;
    with.data = &c;
    result = run_command(&with, status, err);
    if (result < 0) {
        str_free(&c.text);
        *output = NULL;
        return result;
    }
    *output = str_take(&c.text);
    return 0;
}

char *run_which(const char *name)
{
    const char *path = getenv("PATH");

    if (strchr(name, '/'))
        return access(name, X_OK) == 0 ? xstrdup(name) : NULL;
    for (const char *p = path ? path : "/usr/local/bin:/usr/bin:/bin"; *p;) {
        size_t n = strcspn(p, ":");
        WL_CLEANUP_FREE char *dir = xstrndup(p, n);
        char *file = path_join(n ? dir : ".", name);
        struct stat st;

        if (access(file, X_OK) == 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode))
            return file;
        free(file);
        p += n + (p[n] == ':');
    }
    return NULL;
}

char *run_text(char *const *argv)
{
    struct str out = {0};

    for (; *argv; argv++) {
        WL_CLEANUP_FREE char *q = shell_quote(*argv);

        str_addf(&out, "%s%s", out.len ? " " : "", q);
    }
    return str_take(&out);
}
