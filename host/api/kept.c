#include "api/kept.h"

static bool keep_texts(struct kept *k, const char *const **list, size_t n)
{
    const char **copy = parts_new(&k->parts, n + 1, sizeof *copy);

    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = (*list)[i];
        if (!parts_keep(&k->parts, &copy[i]))
            return false;
    }
    *list = copy;
    return copy != NULL;
}

static bool keep_dirs(struct kept *k)
{
    struct wlpy_run_config *c = &k->config;
    struct wlpy_dir *dirs = parts_new(&k->parts, c->dir_count + 1, sizeof *dirs);

    for (size_t i = 0; dirs && i < c->dir_count; i++) {
        dirs[i] = c->dirs[i];
        if (!parts_keep(&k->parts, &dirs[i].host) || !parts_keep(&k->parts, &dirs[i].guest))
            return false;
    }
    c->dirs = dirs;
    return dirs != NULL;
}

static int keep_secrets(struct kept *k, struct err *err)
{
    struct wlpy_run_config *c = &k->config;
    struct wlpy_secret *secrets = c->secret_count ? parts_new(&k->parts, c->secret_count, sizeof *secrets) : NULL;
    const char *at = (const char *)c->secrets;
    bool well = secrets || !c->secret_count;

    for (size_t i = 0; well && i < c->secret_count; i++) {
        struct wlpy_secret *s = &secrets[i];

        if (api_take(s, sizeof *s, at, "wlpy_secret", err) < 0)
            return -ERR_SETUP;
        at += ((const struct wlpy_secret *)(const void *)at)->size;
        well = parts_keep(&k->parts, &s->name) && parts_keep(&k->parts, &s->value) && parts_keep(&k->parts, &s->host);
    }
    c->secrets = secrets;
    return well ? 0 : err_set(err, ERR_SETUP, "out of memory");
}

int kept_take(struct kept *k, const struct wlpy_run_config *given, struct err *err)
{
    struct wlpy_run_config *c = &k->config;

    if (api_take_config(c, given, err) < 0 ||
        (c->limits && api_take(&k->limits, sizeof k->limits, c->limits, "wlpy_limits", err) < 0) ||
        (c->fixed && api_take(&k->fixed, sizeof k->fixed, c->fixed, "wlpy_fixed", err) < 0))
        return -ERR_SETUP;
    if (c->fixed)
        c->fixed = &k->fixed;
    k->limits.size = sizeof k->limits;
    c->limits = &k->limits;
    if (!keep_texts(k, &c->argv, c->argc) || !keep_texts(k, &c->env, c->envc) ||
        !keep_texts(k, &c->net, c->net_count) || !keep_texts(k, &c->net_listen, c->net_listen_count) || !keep_dirs(k) ||
        !parts_keep(&k->parts, &c->certificates))
        return err_set(err, ERR_SETUP, "out of memory");
    return keep_secrets(k, err);
}

void kept_free(struct kept *k)
{
    parts_free(&k->parts);
}
