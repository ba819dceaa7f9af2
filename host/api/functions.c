/* Functions of the host. A call that ends later belongs to the guest and to the host's function, and is freed by the
 * one that leaves it last. */
#include "api/functions.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* MOST_OPEN, MOST_BYTES: calls of one guest that have not ended yet, or whose answers it has not taken; and what they
 * give, and their answers, together. */
enum { MOST_OPEN = 10000, MOST_BYTES = 64 << 20 };

/* Who has it: the guest, and while it is not ended the host. */
struct wlpy_call {
    struct functions *functions;
    const struct wlpy_function *function;
    uint64_t id;
    void *input; /* a copy: the guest may go on meanwhile */
    size_t input_size;
    bool later, ended, raised, left; /* by the guest */
    uint8_t *answer;
    size_t answer_size;
    struct wlpy_call *next; /* in the list of those that have ended, or that have not */
};

struct functions {
    pthread_mutex_t lock; /* of everything below that another thread's wlpy_call_return changes */
    unsigned users;       /* the guest, and calls that have not ended */
    int event;            /* counts ended calls, for those who wait; -1: not opened yet */
    struct wlpy_call *open, *ended;
    size_t open_n, open_bytes;
    struct wasi_request_set set;
    const struct function_list *list;
    uint64_t left, ids;
    /* The answer that call.take fetches. */
    uint8_t *waiting;
    size_t waiting_n;
};

/* ---- lifetime ---- */

static void free_all(struct functions *f)
{
    if (f->event >= 0)
        close(f->event);
    for (struct wlpy_call *c = f->ended, *next; c; c = next) {
        next = c->next;
        free(c->answer);
        free(c);
    }
    pthread_mutex_destroy(&f->lock);
    free(f->waiting);
    free(f);
}

/* Unlocks it, and frees it if nobody else uses it. */
static void leave(struct functions *f)
{
    bool last = --f->users == 0;

    pthread_mutex_unlock(&f->lock);
    if (last)
        free_all(f);
}

void functions_free(struct functions *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->lock);
    for (struct wlpy_call *c = f->open; c; c = c->next)
        c->left = true;
    leave(f);
}

static void unlink_call(struct wlpy_call **list, const struct wlpy_call *c)
{
    while (*list != c)
        list = &(*list)->next;
    *list = c->next;
}

/* It has ended. The lock is held. */
static void close_call(const struct wlpy_call *c)
{
    struct functions *f = c->functions;

    unlink_call(&f->open, c);
    f->open_bytes -= c->input_size;
}

/* ---- what the host's function does ---- */

const void *wlpy_call_input(const struct wlpy_call *call, size_t *size)
{
    *size = call->input_size;
    return call->input;
}

void wlpy_call_later(struct wlpy_call *call)
{
    call->later = !call->ended;
}

/* A call that ends later: from the one list to the other. */
static void end_later(struct wlpy_call *c)
{
    struct functions *f = c->functions;
    const uint64_t one = 1;
    struct wlpy_call **end = &f->ended;

    close_call(c);
    free(c->input);
    c->input = NULL;
    if (c->left) {
        f->open_n--;
        free(c->answer);
        free(c);
        leave(f);
        return;
    }
    /* (Without a type, as where there is no memory.) */
    if (c->answer_size > MOST_BYTES - f->open_bytes) {
        free(c->answer);
        c->answer = NULL;
        c->answer_size = 0;
        c->raised = true;
    }
    f->open_bytes += c->answer_size;
    c->next = NULL;
    while (*end)
        end = &(*end)->next;
    *end = c;
    /* (It counts to 2^64, so it has always room.) */
    if (write(f->event, &one, sizeof one) < 0)
        abort();
    leave(f);
}

/* The lock is held. `answer` is the call's then. NULL: the host has no memory, and it is raised without a type. */
static void set_answer(struct wlpy_call *c, bool raised, void *answer, size_t size)
{
    c->ended = true;
    c->raised = raised || !answer;
    c->answer = answer;
    c->answer_size = answer ? size : 0;
}

static int end_call(struct wlpy_call *c, bool raised, const void *bytes, size_t size, const void *more, size_t more_n)
{
    uint8_t *answer = size < SIZE_MAX / 4 && more_n < SIZE_MAX / 4 ? malloc(size + more_n + 1) : NULL;
    struct functions *f = c->functions;
    int r = answer ? 0 : -1;

    if (answer && size)
        memcpy(answer, bytes, size);
    if (answer && more_n)
        memcpy(answer + size, more, more_n);
    pthread_mutex_lock(&f->lock);
    if (c->ended) {
        pthread_mutex_unlock(&f->lock);
        free(answer);
        return -1;
    }
    set_answer(c, raised, answer, size + more_n);
    if (c->later)
        end_later(c);
    else
        pthread_mutex_unlock(&f->lock);
    return r;
}

int wlpy_call_return(struct wlpy_call *call, const void *bytes, size_t size)
{
    return end_call(call, false, bytes, bytes ? size : 0, NULL, 0);
}

int wlpy_call_raise(struct wlpy_call *call, const char *type, const char *message)
{
    type = type ? type : "HostError";
    message = message ? message : "";
    return end_call(call, true, type, strlen(type) + 1, message, strlen(message));
}

/* ---- requests ---- */

static void wait_for_take(struct functions *f, uint8_t *bytes, size_t n)
{
    free(f->waiting);
    f->waiting = bytes;
    f->waiting_n = n;
}

static uint32_t serve_list(struct wasi_request *r)
{
    struct functions *f = r->arg;
    size_t n = strlen(f->list->json);
    uint8_t *copy = malloc(n + 1);

    if (!copy)
        return WASI_ENOMEM;
    memcpy(copy, f->list->json, n);
    wait_for_take(f, copy, n);
    wasi_say(r, "%zu", n);
    return 0;
}

static uint32_t serve_take(struct wasi_request *r)
{
    struct functions *f = r->arg;
    struct guest_memory m = wasi_memory(r->w);
    int64_t at, size;

    if (!wasi_word(r, 0, 0, UINT32_MAX, &at) || !wasi_word(r, 1, 0, UINT32_MAX, &size) ||
        (uint64_t)size != f->waiting_n)
        return WASI_EINVAL;
    if (!wasi_inside(m, (uint32_t)at, (uint64_t)size))
        return WASI_EFAULT;
    if (size)
        memcpy(m.base + at, f->waiting, (size_t)size);
    wait_for_take(f, NULL, 0);
    return 0;
}

static void tell_answer(struct wasi_request *r, struct wlpy_call *c)
{
    wasi_say(r, "%s %zu", c->raised ? "raise" : "return", c->answer_size);
    wait_for_take(r->arg, c->answer, c->answer_size);
    c->answer = NULL;
}

static bool open_event(struct functions *f)
{
    if (f->event < 0)
        f->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return f->event >= 0;
}

/* Takes one that has ended out of the list. The lock is held. */
static void take_ended(struct functions *f, const struct wlpy_call *c)
{
    eventfd_t count;

    unlink_call(&f->ended, c);
    f->open_n--;
    f->open_bytes -= c->answer_size;
    /* (It does not block. It may have been read already.) */
    if (!f->ended)
        (void)eventfd_read(f->event, &count);
}

/* For a guest that will not ask for the answer: drops it, now or when the call ends. */
static void abandon(struct functions *f, struct wlpy_call *c)
{
    pthread_mutex_lock(&f->lock);
    c->left = true;
    if (c->ended) {
        take_ended(f, c);
        free(c->answer);
        free(c);
    }
    pthread_mutex_unlock(&f->lock);
}

/* Waits for a call that ends later. The guest may be stopped meanwhile. */
static uint32_t wait_for(struct wasi_request *r, struct wlpy_call *c)
{
    struct functions *f = r->arg;

    for (;;) {
        const struct timespec little = {.tv_nsec = 1000000};
        struct pollfd p = {.fd = f->event, .events = POLLIN};
        bool ended, others;
        int error;

        pthread_mutex_lock(&f->lock);
        ended = c->ended;
        if (ended)
            take_ended(f, c);
        others = f->ended != NULL;
        pthread_mutex_unlock(&f->lock);
        if (ended) {
            tell_answer(r, c);
            free(c);
            return 0;
        }
        /* (The event stays while others have ended, which nobody takes now: look again now and then.) */
        if ((others ? wasi_wait(r->w, NULL, 0, &little) : wasi_wait(r->w, &p, 1, NULL)) >= 0)
            continue;
        error = errno;
        abandon(f, c);
        return wasi_from_errno(error);
    }
}

/* After the function returned without ending the call. */
static uint32_t go_on(struct wasi_request *r, struct wlpy_call *c, bool wait)
{
    if (wait)
        return wait_for(r, c);
    wasi_say(r, "later %llu", (unsigned long long)c->id);
    return 0;
}

static void call_function(void *arg)
{
    struct wlpy_call *c = arg;

    c->function->call(c->function->arg, c);
}

static uint32_t do_call(struct wasi_request *r, struct wlpy_call *c, bool wait)
{
    const char *none = c->function->bytes ? "" : "null";
    struct functions *f = r->arg;
    bool later;

    wasi_aside(r->w, call_function, c);
    /* If it ends later, another thread may have ended it, and it is in a list now. */
    pthread_mutex_lock(&f->lock);
    later = c->later;
    if (!later) {
        if (!c->ended)
            set_answer(c, false, strdup(none), strlen(none));
        close_call(c);
        f->open_n--;
        f->users--;
    }
    pthread_mutex_unlock(&f->lock);
    if (later)
        return go_on(r, c, wait);
    tell_answer(r, c);
    free(c->input);
    free(c);
    return 0;
}

/* The call belongs to the guest, and to the host, from here on. */
static uint32_t open_call(struct functions *f, struct wlpy_call *c)
{
    uint32_t e = WASI_SUCCESS;

    pthread_mutex_lock(&f->lock);
    if (f->open_n == MOST_OPEN || c->input_size > MOST_BYTES - f->open_bytes) {
        e = WASI_EAGAIN;
    } else {
        c->next = f->open;
        f->open = c;
        f->open_n++;
        f->open_bytes += c->input_size;
        f->users++;
    }
    pthread_mutex_unlock(&f->lock);
    return e;
}

static struct wlpy_call *new_call(struct functions *f, const struct wlpy_function *function, const void *input,
                                  size_t size)
{
    struct wlpy_call *c = malloc(sizeof *c);
    void *copy = malloc(size + 1);

    if (!c || !copy) {
        free(copy);
        free(c);
        return NULL;
    }
    memcpy(copy, input, size);
    *c = (struct wlpy_call){.functions = f, .function = function, .input = copy, .input_size = size, .id = ++f->ids};
    return c;
}

static uint32_t serve_do(struct wasi_request *r)
{
    struct functions *f = r->arg;
    struct guest_memory m = wasi_memory(r->w);
    const struct wlpy_function *function = function_list_find(f->list, r->word[0]);
    bool later = r->n == 4;
    struct wlpy_call *c;
    int64_t at, size;
    uint32_t e;

    if (!function)
        return WASI_ENOENT;
    if (!wasi_word(r, 1, 0, UINT32_MAX, &at) || !wasi_word(r, 2, 0, UINT32_MAX, &size) ||
        (later && strcmp(r->word[3], "later") != 0))
        return WASI_EINVAL;
    if (!wasi_inside(m, (uint32_t)at, (uint64_t)size))
        return WASI_EFAULT;
    if (f->left == 0)
        return WASI_EDQUOT;
    if ((uint64_t)size > MOST_BYTES)
        return WASI_EMSGSIZE;
    c = open_event(f) ? new_call(f, function, m.base + at, (size_t)size) : NULL;
    if (!c)
        return WASI_ENOMEM;
    e = open_call(f, c);
    if (e) {
        free(c->input);
        free(c);
        return e;
    }
    f->left--;
    return do_call(r, c, !later);
}

static uint32_t serve_done(struct wasi_request *r)
{
    struct functions *f = r->arg;
    struct wlpy_call *c;

    pthread_mutex_lock(&f->lock);
    c = f->ended;
    if (c)
        take_ended(f, c);
    pthread_mutex_unlock(&f->lock);
    if (!c)
        return WASI_EAGAIN;
    wasi_say(r, "%llu ", (unsigned long long)c->id);
    tell_answer(r, c);
    free(c);
    return 0;
}

/* A descriptor that can be read when call.done has an answer. */
static uint32_t serve_ready(struct wasi_request *r)
{
    struct functions *f = r->arg;
    uint32_t fd, e;
    int host = open_event(f) ? dup(f->event) : -1;

    if (host < 0)
        return wasi_from_errno(errno);
    e = wasi_insert(r->w, host, WASI_R_POLL | WASI_R_FD_READ, 0, WASI_FD_NONBLOCK, &fd);
    if (e)
        return e;
    wasi_say(r, "%u", fd);
    return 0;
}

static const struct wasi_request_kind kinds[] = {
    {"call.list", 0, 0, serve_list}, {"call.do", 3, 4, serve_do},       {"call.take", 2, 2, serve_take},
    {"call.done", 0, 0, serve_done}, {"call.ready", 0, 0, serve_ready},
};

struct functions *functions_serve(struct wasi *w, const struct function_list *list, uint64_t limit, struct err *err)
{
    struct functions *f = calloc(1, sizeof *f);

    if (!f) {
        err_set(err, ERR_SETUP, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&f->lock, NULL);
    f->users = 1;
    f->event = -1;
    f->left = limit ? limit : UINT64_MAX;
    f->set = (struct wasi_request_set){"call", 1, kinds, sizeof kinds / sizeof *kinds, f};
    f->list = list;
    if (wasi_serve(w, &f->set) == 0)
        return f;
    err_set(err, ERR_SETUP, "cannot serve functions: %s", strerror(errno));
    free_all(f);
    return NULL;
}
