/* The library around a translated program: wl_guest.h. */
#include "wl_guest.h"

#include "runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int give_stream(wasi *w, int fd)
{
    int own = fd < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    return own < 0 ? -1 : wasi_give(w, own, NULL, false, true);
}

static int give_folder(wasi *w, const struct wl_guest_folder *f)
{
    int fd = open(f->host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? -1 : wasi_give(w, fd, f->guest, f->read_only, false);
}

/* False, and text says why, if something cannot be given. */
static bool give(wasi *w, const struct wl_guest_config *c, char *text, size_t size)
{
    const int streams[] = {c->in, c->out, c->err};

    for (int i = 0; i < 3; i++)
        if (give_stream(w, streams[i]) < 0) {
            snprintf(text, size, "cannot use the descriptor %d as a stream: %s", streams[i], strerror(errno));
            return false;
        }
    for (size_t i = 0; i < c->folders_n; i++)
        if (give_folder(w, &c->folders[i]) < 0) {
            snprintf(text, size, "cannot grant the folder %.160s: %s", c->folders[i].host, strerror(errno));
            return false;
        }
    return true;
}

/* That nobody reads what the guest writes, or that a file is too large, is told to the guest by an error and is no
 * signal for the process. (The kernel sends these two to the thread that has written.) */
struct quiet {
    sigset_t before, pending;
};

static const int quieted[] = {SIGPIPE, SIGXFSZ};

static void be_quiet(struct quiet *q)
{
    sigset_t set;

    sigemptyset(&set);
    for (int i = 0; i < 2; i++)
        sigaddset(&set, quieted[i]);
    sigemptyset(&q->pending);
    sigpending(&q->pending);
    pthread_sigmask(SIG_BLOCK, &set, &q->before);
}

static void be_as_before(const struct quiet *q)
{
    const struct timespec now = {0};

    for (int i = 0; i < 2; i++) {
        sigset_t one;

        sigemptyset(&one);
        sigaddset(&one, quieted[i]);
        while (!sigismember(&q->pending, quieted[i]) && sigtimedwait(&one, NULL, &now) > 0)
            continue;
    }
    pthread_sigmask(SIG_SETMASK, &q->before, NULL);
}

__attribute__((visibility("default"))) enum wl_guest_end wl_guest_run(const struct wl_guest_config *config,
                                                                      struct wl_guest_result *result)
{
    static const char *const name[] = {guest_name};
    wasi w = {.args = config->args_n ? config->args : name,
              .args_n = config->args_n ? config->args_n : 1,
              .environ = config->env,
              .environ_n = config->env_n,
              .output_left = config->output ? config->output : UINT64_MAX};
    struct runtime_end end = {.status = RUNTIME_SETUP};
    const struct runtime r = {.name = guest_name,
                              .stack = config->stack ? config->stack : UINT64_C(64) << 20,
                              .memory = config->memory ? config->memory : UINT64_C(4) << 30,
                              .deadline_ms = config->deadline_ms,
                              .end = &end,
                              .wasi = &w};

    if (r.stack < 1 << 16 || r.stack > UINT64_C(1) << 36) {
        snprintf(end.text, sizeof end.text, "cannot give a stack of %llu bytes: it can be from 64 KiB to 64 GiB",
                 (unsigned long long)r.stack);
    } else if (give(&w, config, end.text, sizeof end.text)) {
        struct quiet q;

        be_quiet(&q);
        runtime_run(&r);
        be_as_before(&q);
    }
    wasi_free(&w);
    memcpy(result->text, end.text, sizeof result->text);
    result->status = end.status;
    result->end = !*end.text                       ? WL_GUEST_EXITED
                  : end.status == RUNTIME_TRAPPED  ? WL_GUEST_TRAPPED
                  : end.status == RUNTIME_DEADLINE ? WL_GUEST_DEADLINE
                                                   : WL_GUEST_UNABLE;
    return result->end;
}
