#include "cmd/shared_store.h"

#include "cmd/command.h"

#include <string.h>

struct shared_store {
    struct app *a;
    struct remote_options options;
    struct sign_public *keys;
    struct sign_secret secret;
};

int shared_keys(const struct config *c, struct sign_public **keys, size_t *n, struct wl_err *err)
{
    int r = sign_init(err);

    *n = c->public_keys.n;
    *keys = xcalloc(*n ? *n : 1, sizeof **keys);
    for (size_t i = 0; r == 0 && i < *n; i++)
        r = sign_read_public(c->public_keys.v[i], &(*keys)[i], err);
    return r;
}

static void on_note(void *data, const char *line)
{
    const struct app *a = data;

    events_note(&a->events, line);
}

static void on_progress(void *data, const char *name, unsigned long long done, unsigned long long total)
{
    const struct app *a = data;

    a->events.emit(a->events.data, &(struct event){.kind = EVENT_FETCH, .text = name, .done = done, .total = total});
}

static int read_keys(struct shared_store *s, const struct config *c, struct wl_err *err)
{
    int r;

    if (!c->public_keys.n) {
        wl_err_set(err, WL_E_USAGE, "a remote store is named, but no key that is trusted");
        return wl_err_hint(err, "set public-key in the configuration: man wl-make-config");
    }
    r = shared_keys(c, &s->keys, &s->options.keys_n, err);
    s->options.keys = s->keys;
    if (r == 0 && c->remote_write)
        r = sign_read_secret(c->secret_key, NULL, &s->secret, err);
    if (r == 1) {
        wl_err_set(err, WL_E_USAGE, "%s has a password, which nobody could type during a build", c->secret_key);
        r = wl_err_hint(err, "make a key for the store with wl-make sign --generate --no-password");
    }
    if (r == 0 && c->remote_write)
        s->options.secret = &s->secret;
    return r;
}

int shared_store_open(struct app *a, struct wl_err *err)
{
    const struct options *o = &a->options;
    const char *url = o->remote ? o->remote : a->config.remote;
    struct shared_store *s;
    int r;

    if (!url || !strcmp(url, "none") || o->offline || o->dry_run || !(o->command->shared & SHARED_OFFLINE))
        return 0;
    s = a->shared = xcalloc(1, sizeof *s);
    s->options = (struct remote_options){.url = url,
                                         .store = &a->store,
                                         .cancel = &a->cancel,
                                         .on_note = on_note,
                                         .on_progress = on_progress,
                                         .data = a};
    r = read_keys(s, &a->config, err);
    return r < 0 ? r : remote_open(&s->options, &a->remote, err);
}

void shared_store_close(struct app *a)
{
    if (!a->shared)
        return;
    remote_close(a->remote);
    a->remote = NULL;
    sign_forget(&a->shared->secret);
    free(a->shared->keys);
    free(a->shared);
    a->shared = NULL;
}
