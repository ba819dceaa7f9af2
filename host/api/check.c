/* Errors, and wrong arguments of a caller, which are errors and no crashes. */
#include "api/internal.h"

#include <string.h>

int api_err(const struct err *from, struct wlpy_err *to)
{
    if (!to)
        return -(int)from->code;
    to->code = (enum wlpy_code)from->code;
    memcpy(to->text, from->text, sizeof to->text);
    memcpy(to->hint, from->hint, sizeof to->hint);
    return -(int)from->code;
}

int api_out_of_memory(struct wlpy_err *err)
{
    struct err e;

    err_set(&e, ERR_SETUP, "out of memory");
    return api_err(&e, err);
}

/* ---- arguments ---- */

int api_null(const char *what, struct wlpy_err *err)
{
    struct err e;

    err_set(&e, ERR_SETUP, "cannot use NULL as %s", what);
    return api_err(&e, err);
}

static bool has_null(const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!list || !list[i])
            return true;
    return false;
}

static bool stream_is_wrong(const struct wlpy_stream *s, bool in)
{
    switch (s->kind) {
    case WLPY_MEMORY:
        return in && s->size && !s->bytes;
    case WLPY_CALL:
        return in ? !s->read : !s->write;
    default:
        return false;
    }
}

static bool dir_is_wrong(const struct wlpy_run_config *c)
{
    for (size_t i = 0; i < c->dir_count; i++)
        if (!c->dirs || !c->dirs[i].guest || (!c->dirs[i].host && !c->dirs[i].files))
            return true;
    return false;
}

int api_take_config(struct wlpy_run_config *c, const struct wlpy_run_config *given, struct err *err)
{
    const char *wrong = NULL;

    if (api_take(c, sizeof *c, given, "wlpy_run_config", err) < 0)
        return -ERR_SETUP;
    if (has_null(c->argv, c->argc))
        wrong = "argv";
    else if (has_null(c->env, c->envc))
        wrong = "env";
    else if (dir_is_wrong(c))
        wrong = "dirs, or as the host or the guest of one";
    else if (stream_is_wrong(&c->in, true))
        wrong = "in.bytes or in.read";
    else if (stream_is_wrong(&c->out, false))
        wrong = "out.write";
    else if (stream_is_wrong(&c->err, false))
        wrong = "err.write";
    else if (c->fd_count && !c->fds)
        wrong = "fds";
    else if (has_null(c->net, c->net_count))
        wrong = "net";
    else if (has_null(c->net_listen, c->net_listen_count))
        wrong = "net_listen";
    else if (c->function_count && !c->functions)
        wrong = "functions";
    else if (c->secret_count && !c->secrets)
        wrong = "secrets";
    return wrong ? err_set(err, ERR_SETUP, "cannot use NULL as %s of a wlpy_run_config", wrong) : 0;
}
