/* The library around a translated program: wl_guest.h. */
#include "native/wl_guest.h"

#include "core/grant.h"
#include "native/runtime.h"
#include "net/net.h"
#include "wasi/stream.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int give_streams(struct wasi *w, const struct wl_guest_config *c, struct err *err)
{
    const int fds[] = {c->in, c->out, c->err};

    for (int i = 0; i < 3; i++) {
        const struct wasi_stream nothing = i ? wasi_write_nothing() : wasi_read_nothing();

        if (fds[i] >= 0) {
            int r = grant_fd(w, fds[i], true, err);

            if (r < 0)
                return r;
        } else if (wasi_give_stream(w, &nothing) < 0) {
            return err_set(err, ERR_SETUP, "cannot give a standard stream: %s", strerror(errno));
        }
    }
    return 0;
}

/* *net is the caller's to free. (It is too large for the stack of some threads.) */
static int give_network(struct wasi *w, const struct wl_guest_config *c, struct net **net, struct err *err)
{
    const struct net_config config = {.connect = c->net,
                                      .connect_n = c->net_n,
                                      .listen = c->net_listen,
                                      .listen_n = c->net_listen_n,
                                      .limits = {.sockets = c->sockets, .received = c->received, .sent = c->sent},
                                      .refused = c->on_refusal,
                                      .arg = c->on_refusal_arg};

    if (!c->net_n && !c->net_listen_n)
        return 0;
    *net = calloc(1, sizeof **net);
    return *net ? net_grant(*net, w, &config, err) : err_set(err, ERR_SETUP, "out of memory");
}

/* The directories come first: libc looks for them from descriptor 3 on, up to the first that is not one. */
static int give(struct wasi *w, const struct wl_guest_config *c, struct net **net, struct err *err)
{
    int r = give_streams(w, c, err);

    for (size_t i = 0; r == 0 && i < c->folders_n; i++) {
        const struct folder folder = {c->folders[i].host, c->folders[i].guest, c->folders[i].read_only};

        r = grant_folders(w, &folder, 1, err);
    }
    if (r == 0)
        r = give_network(w, c, net, err);
    return r;
}

/* A pipe without a reader and a file that is too large are errors for the guest, not signals for the process. (The
 * kernel sends these two to the thread that has written.) */
struct held {
    sigset_t before, pending;
};

static const int held_back[] = {SIGPIPE, SIGXFSZ};

static void hold_signals(struct held *h)
{
    sigset_t set;

    sigemptyset(&set);
    for (int i = 0; i < 2; i++)
        sigaddset(&set, held_back[i]);
    sigemptyset(&h->pending);
    sigpending(&h->pending);
    pthread_sigmask(SIG_BLOCK, &set, &h->before);
}

static void release_signals(const struct held *h)
{
    const struct timespec now = {0};

    for (int i = 0; i < 2; i++) {
        sigset_t one;

        sigemptyset(&one);
        sigaddset(&one, held_back[i]);
        while (!sigismember(&h->pending, held_back[i]) && sigtimedwait(&one, NULL, &now) > 0)
            continue;
    }
    pthread_sigmask(SIG_SETMASK, &h->before, NULL);
}

static int run(const struct wl_guest_config *config, const struct limits *limits, struct wasi *w, struct net **net,
               struct end *end, struct err *err)
{
    struct control control;
    const struct runtime r = {.name = guest_name,
                              .limits = limits,
                              .wasi = w,
                              .control = limits->deadline_ms ? &control : NULL,
                              .stoppable = limits->deadline_ms != 0};
    struct held h;
    int status;

    if (limits->stack < LIMITS_MIN_STACK || limits->stack > UINT64_C(1) << 36)
        return err_set(err, ERR_SETUP, "cannot give a stack of %llu bytes: it can be from 64 KiB to 64 GiB",
                       (unsigned long long)limits->stack);
    status = give(w, config, net, err);
    if (status < 0)
        return status;
    control_init(&control);
    hold_signals(&h);
    status = runtime_run(&r, end, err);
    release_signals(&h);
    return status;
}

__attribute__((visibility("default"))) enum wl_guest_end wl_guest_run(const struct wl_guest_config *config,
                                                                      struct wl_guest_result *result)
{
    static const char *const name[] = {guest_name};
    static const enum wl_guest_end kinds[] = {[END_EXITED] = WL_GUEST_EXITED,
                                              [END_TRAPPED] = WL_GUEST_TRAPPED,
                                              [END_OUTPUT] = WL_GUEST_TRAPPED,
                                              [END_DEADLINE] = WL_GUEST_DEADLINE,
                                              [END_CANCELLED] = WL_GUEST_TRAPPED};
    const struct limits limits = {.memory = config->memory ? config->memory : LIMITS_DEFAULT_MEMORY,
                                  .stack = config->stack ? config->stack : LIMITS_DEFAULT_NATIVE_STACK,
                                  .deadline_ms = config->deadline_ms,
                                  .output = config->output ? config->output : LIMITS_NO_OUTPUT_LIMIT};
    struct wasi w = {.args = config->args_n ? config->args : name,
                     .args_n = config->args_n ? config->args_n : 1,
                     .environ = config->env,
                     .environ_n = config->env_n,
                     .output_left = limits.output};
    struct net *net = NULL;
    struct end end;
    struct err err;
    int status = run(config, &limits, &w, &net, &end, &err);

    wasi_free(&w);
    if (net)
        net_free(net);
    free(net);
    if (status < 0) {
        snprintf(result->text, sizeof result->text, "%.255s", err.text);
        result->status = ERR_SETUP;
        result->end = WL_GUEST_UNABLE;
        return WL_GUEST_UNABLE;
    }
    memcpy(result->text, end.text, sizeof result->text);
    result->status = end.status;
    result->end = kinds[end.kind];
    return result->end;
}
