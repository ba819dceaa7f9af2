#include "calls.h"

#include "clock.h"

bool mcp_init(struct mcp *m, struct sandbox *s, uint64_t deadline_ms)
{
    *m = (struct mcp){.sandbox = s, .deadline_ms = deadline_ms};
    return pthread_mutex_init(&m->lock, NULL) == 0;
}

void mcp_free(struct mcp *m)
{
    pthread_mutex_destroy(&m->lock);
}

bool mcp_uses(struct mcp *m, struct mcp_call *call, struct sandbox_session *session)
{
    bool well;

    pthread_mutex_lock(&m->lock);
    call->session = session;
    well = !call->cancelled;
    pthread_mutex_unlock(&m->lock);
    return well;
}

void mcp_begin(struct mcp *m, struct mcp_call *call)
{
    pthread_mutex_lock(&m->lock);
    call->since_ms = clock_ms();
    call->most_ms = m->deadline_ms;
    call->next = m->calls;
    m->calls = call;
    pthread_mutex_unlock(&m->lock);
}

bool mcp_end(struct mcp *m, const struct mcp_call *call)
{
    struct mcp_call **at = &m->calls;
    bool cancelled;

    pthread_mutex_lock(&m->lock);
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    cancelled = call->cancelled;
    pthread_mutex_unlock(&m->lock);
    return cancelled;
}

void mcp_cancel(struct mcp *m, const json_t *id)
{
    pthread_mutex_lock(&m->lock);
    for (struct mcp_call *c = m->calls; c; c = c->next)
        if (id && json_equal(c->id, id)) {
            c->cancelled = true;
            if (c->session)
                sandbox_interrupt(c->session);
        }
    pthread_mutex_unlock(&m->lock);
}

json_t *mcp_progress(struct mcp *m)
{
    json_t *list = json_array();
    uint64_t now = clock_ms();

    pthread_mutex_lock(&m->lock);
    for (struct mcp_call *c = m->calls; c; c = c->next)
        if (c->token)
            json_array_append_new(list, json_pack("{s:s, s:s, s:{s:O, s:f, s:f, s:s}}", "jsonrpc", "2.0", "method",
                                                  "notifications/progress", "params", "progressToken", c->token,
                                                  "progress", (double)(now - c->since_ms) / 1000, "total",
                                                  (double)c->most_ms / 1000, "message", "seconds of at most"));
    pthread_mutex_unlock(&m->lock);
    return list;
}
