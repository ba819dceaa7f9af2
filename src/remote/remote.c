#include "remote/remote_private.h"

#include "util/clock.h"
#include "util/fs.h"

#include <string.h>

/* How many entries are fetched at once; how long the remote may be silent; and how many entries may be false before the
 * remote counts as one that is not worth the time. */
enum { MAX_FETCHES = 6, CONNECT_S = 5, STALL_S = 15, MAX_LIES = 3 };

#define UPLOAD "upload"

int remote_open(const struct remote_options *o, struct remote **remote, struct wl_err *err)
{
    struct remote *r = xcalloc(1, sizeof *r);
    int e;

    r->o = o;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    r->dead = dead_hosts_new();
    r->dir = path_join(o->store->cache, "remote");
    *remote = r;
    e = remote_place_open(&r->place, o->url, err);
    if (e == 0)
        e = make_dirs(r->dir, err);
    if (e == 0)
        sweep_aside(r->dir, UPLOAD);
    return e;
}

void remote_link_open(const struct remote *r, struct remote_link *l)
{
    *l = (struct remote_link){
        .place = &r->place,
        .fetch = {.cancel = r->o->cancel, .connect_timeout_s = CONNECT_S, .stall_timeout_s = STALL_S, .dead = r->dead},
        .pool = http_pool_new()};
}

void remote_link_close(struct remote_link *l)
{
    http_pool_free(l->pool);
    free(l->token);
    free(l->manifest);
    free(l->thing);
}

/* --- what goes wrong --- */

static bool is_off(struct remote *r)
{
    bool off;

    pthread_mutex_lock(&r->lock);
    off = r->off;
    pthread_mutex_unlock(&r->lock);
    return off;
}

/* Warns of a failure, and switches off what failed. An entry that is false is one of many; anything else would fail the
 * same way for the next. */
static void note_failure(struct remote *r, const char *key, const char *name, const char *doing, bool writing,
                         const struct wl_err *why)
{
    bool lie = why->cls == WL_E_VERIFY, first, off;
    WL_CLEANUP_FREE char *line = NULL;

    pthread_mutex_lock(&r->lock);
    first = writing ? !r->no_writes && !r->off : !r->off;
    r->lies += lie && !writing;
    if (lie && key)
        strv_add_once(&r->bad, key);
    off = !lie || r->lies >= MAX_LIES;
    if (writing)
        r->no_writes |= !lie;
    else
        r->off |= off;
    pthread_mutex_unlock(&r->lock);
    if (!first)
        return;
    line = xasprintf("warning: the remote store %s: cannot %s %s: %s%s", r->place.shown, doing, name, why->text,
                     !off      ? ""
                     : writing ? "; nothing more is written to it in this run"
                               : "; it is not used any more in this run");
    r->o->on_note(r->o->data, line);
}

/* --- reading --- */

struct progress {
    const struct remote *r;
    const char *name;
};

static void on_progress(void *data, const char *url, unsigned long long done, unsigned long long total)
{
    const struct progress *p = data;

    (void)url;
    p->r->o->on_progress(p->r->o->data, p->name, done, total);
}

/* Fetches one over an open connection; the lock of the key is held. */
static int take(struct remote *r, struct remote_link *l, struct store_work *w, const char *name,
                unsigned long long *size, struct wl_err *err)
{
    WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
    struct progress p = {r, name};
    int e;

    if (is_off(r))
        return 0;
    l->fetch.on_progress = on_progress;
    l->fetch.data = &p;
    e = entry_get(r, l, w, size, &why);
    l->fetch.on_progress = NULL;
    if (e >= 0)
        return e;
    if (e == -WL_E_INTERRUPTED)
        return cancel_error(err);
    note_failure(r, w->name, name, "use", false, &why);
    return 0;
}

int remote_take(struct remote *r, struct store_work *w, const char *name, struct wl_err *err)
{
    struct remote_link l;
    unsigned long long size = 0;
    int e;

    remote_link_open(r, &l);
    e = take(r, &l, w, name, &size, err);
    remote_link_close(&l);
    return e;
}

struct fetching {
    struct remote *r;
    struct remote_wish *wishes;
    size_t n, next;
    void (*on_wait)(void *data);
    void *data;
    int result;
};

static int grant(const struct fetching *f, struct remote_link *l, struct remote_wish *wish, struct wl_err *err)
{
    const struct store_calls calls = {.cancel = f->r->o->cancel, .on_wait = f->on_wait, .data = f->data};
    struct store_work w;
    double start = clock_seconds();
    int e = store_begin(&w, f->r->o->store, wish->key, &calls, err);

    /* 1: another process has just made it. */
    wish->got = e == 1;
    if (e == 0) {
        e = take(f->r, l, &w, wish->name, &wish->size, err);
        wish->got = e == 1;
    }
    wish->seconds = clock_seconds() - start;
    work_end(&w, false);
    return e < 0 ? e : 0;
}

static void *fetch_worker(void *data)
{
    struct fetching *f = data;
    struct remote_link l;

    remote_link_open(f->r, &l);
    for (;;) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        struct remote_wish *wish = NULL;
        int e;

        pthread_mutex_lock(&f->r->lock);
        if (f->next < f->n && f->result == 0 && !f->r->off)
            wish = &f->wishes[f->next++];
        pthread_mutex_unlock(&f->r->lock);
        if (!wish)
            break;
        e = grant(f, &l, wish, &err);
        if (e == 0)
            continue;
        if (e == -WL_E_INTERRUPTED) {
            pthread_mutex_lock(&f->r->lock);
            f->result = e;
            pthread_mutex_unlock(&f->r->lock);
        } else {
            note_failure(f->r, NULL, wish->name, "store", false, &err);
        }
    }
    remote_link_close(&l);
    return NULL;
}

int remote_fetch(struct remote *r, struct remote_wish *wishes, size_t n, void (*on_wait)(void *data), void *data,
                 struct wl_err *err)
{
    struct fetching f = {.r = r, .wishes = wishes, .n = n, .on_wait = on_wait, .data = data};
    pthread_t threads[MAX_FETCHES];
    size_t started = 0;

    while (started < MAX_FETCHES && started + 1 < n && pthread_create(&threads[started], NULL, fetch_worker, &f) == 0)
        started++;
    fetch_worker(&f);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return f.result < 0 ? cancel_error(err) : 0;
}

int remote_sources(struct remote *r, const char *key, struct strv *sha256, struct wl_err *err)
{
    WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
    struct remote_link l;
    int e;

    if (is_off(r))
        return 0;
    remote_link_open(r, &l);
    e = sources_get(r, &l, key, sha256, &why);
    remote_link_close(&l);
    if (e == -WL_E_INTERRUPTED)
        return cancel_error(err);
    if (e < 0)
        note_failure(r, NULL, key, "use the sources of", false, &why);
    return e > 0;
}

/* --- writing --- */

static void write_offer(struct remote *r, struct remote_link *l, const struct offer *x)
{
    WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
    bool skip, again;
    int e;

    pthread_mutex_lock(&r->lock);
    skip = r->off || r->no_writes;
    again = strv_has(&r->bad, x->key);
    pthread_mutex_unlock(&r->lock);
    if (skip || cancel_pending(r->o->cancel))
        return;
    e = x->sources.n ? sources_put(r, l, x->key, &x->sources, &why) : entry_put(r, l, x->key, again, &why);
    if (e < 0 && e != -WL_E_INTERRUPTED)
        note_failure(r, NULL, x->name, "write", true, &why);
}

static void *write_worker(void *data)
{
    struct remote *r = data;
    struct remote_link l;

    remote_link_open(r, &l);
    pthread_mutex_lock(&r->lock);
    for (;;) {
        struct offer x;

        while (r->next == r->offers_n && !r->ending)
            pthread_cond_wait(&r->changed, &r->lock);
        if (r->next == r->offers_n)
            break;
        x = r->offers[r->next++];
        r->working = true;
        pthread_mutex_unlock(&r->lock);
        write_offer(r, &l, &x);
        pthread_mutex_lock(&r->lock);
        r->working = false;
        pthread_cond_broadcast(&r->changed);
    }
    pthread_mutex_unlock(&r->lock);
    remote_link_close(&l);
    return NULL;
}

static void add_offer(struct remote *r, struct offer x)
{
    pthread_mutex_lock(&r->lock);
    r->offers = xreallocarray(r->offers, r->offers_n + 1, sizeof *r->offers);
    r->offers[r->offers_n++] = x;
    if (!r->writing)
        r->writing = pthread_create(&r->thread, NULL, write_worker, r) == 0;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

void remote_offer(struct remote *r, const char *key, const char *name)
{
    if (r->o->secret)
        add_offer(r, (struct offer){.key = xstrdup(key), .name = xstrdup(name)});
}

void remote_offer_sources(struct remote *r, const char *key, const struct strv *sha256)
{
    struct offer x = {0};

    if (!r->o->secret)
        return;
    x = (struct offer){.key = xstrdup(key), .name = xasprintf("the sources of %.12s", key)};
    strv_addv(&x.sources, sha256);
    add_offer(r, x);
}

void remote_finish(struct remote *r)
{
    pthread_mutex_lock(&r->lock);
    while (r->writing && (r->working || r->next < r->offers_n))
        pthread_cond_wait(&r->changed, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

void remote_close(struct remote *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->ending = true;
    r->no_writes = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    if (r->writing)
        pthread_join(r->thread, NULL);
    for (size_t i = 0; i < r->offers_n; i++) {
        free(r->offers[i].key);
        free(r->offers[i].name);
        strv_free(&r->offers[i].sources);
    }
    free(r->offers);
    strv_free(&r->bad);
    dead_hosts_free(r->dead);
    remote_place_free(&r->place);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->changed);
    free(r->dir);
    free(r);
}
