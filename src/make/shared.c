#include "make/shared.h"

#include "make/port_job.h"

#include <string.h>

void shared_init(struct shared *s, const struct plan *p)
{
    s->asked = xcalloc(p->n ? p->n : 1, sizeof *s->asked);
    s->hinted = xcalloc(p->n ? p->n : 1, sizeof *s->hinted);
}

void shared_free(struct shared *s)
{
    free(s->asked);
    free(s->hinted);
}

static bool has(void *data, const char *key)
{
    return store_has(data, key);
}

static void waiting(void *data)
{
    make_emit(data, (struct event){.kind = EVENT_NOTE,
                                   .text = "another wl-make is making what the remote store may have; waiting for it"});
}

/* asking: nodes of which the remote store has not been asked yet may be in it. */
static void mark(const struct shared *s, const struct make_options *o, struct plan *p, bool asking)
{
    for (size_t i = 0; i < p->n; i++)
        p->nodes[i].unasked = asking && strcmp(s->asked[i], p->nodes[i].key) != 0;
    plan_mark(p, has, (void *)o->store);
}

/* Fetches those that are wanted now; *n says how many these were. */
static int fetch_wanted(struct shared *s, const struct make_options *o, struct plan *p, size_t *n, struct wl_err *err)
{
    struct remote_wish *wishes = xcalloc(p->n ? p->n : 1, sizeof *wishes);
    size_t *nodes = xcalloc(p->n ? p->n : 1, sizeof *nodes);
    int r = 0;

    *n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->nodes[i].build && p->nodes[i].unasked) {
            wishes[*n].name = p->nodes[i].recipe->name;
            memcpy(wishes[*n].key, p->nodes[i].key, HASH_HEX_SIZE);
            memcpy(s->asked[i], p->nodes[i].key, HASH_HEX_SIZE);
            nodes[(*n)++] = i;
        }
    if (*n)
        r = remote_fetch(o->remote, wishes, *n, waiting, (void *)o, err);
    for (size_t i = 0; i < *n; i++) {
        if (!wishes[i].got)
            continue;
        p->nodes[nodes[i]].whole = true;
        if (wishes[i].size)
            make_emit(o, (struct event){.kind = EVENT_FETCHED,
                                        .text = wishes[i].name,
                                        .done = wishes[i].size,
                                        .seconds = wishes[i].seconds});
    }
    free(wishes);
    free(nodes);
    return r;
}

/* For roots that the remote store does not have: which archives others have built them from. 1: that is another choice.
 */
static int ask_for_sources(struct shared *s, const struct make_options *o, struct plan *p, struct wl_err *err)
{
    char(*first)[HASH_HEX_SIZE] = xcalloc(p->n ? p->n : 1, sizeof *first);
    size_t before = p->preferred.n;
    bool computed = false;
    int r = 0;

    for (size_t i = 0; r >= 0 && i < p->n && p->preferred.n == before; i++) {
        const struct node *n = &p->nodes[i];

        if (!n->root || !n->build || n->unasked || s->hinted[i])
            continue;
        s->hinted[i] = true;
        if (!computed)
            r = plan_first_keys(&o->plan, p, first, err);
        computed = true;
        if (r == 0)
            r = remote_sources(o->remote, first[i], &p->preferred, err);
    }
    free(first);
    return r < 0 ? r : p->preferred.n > before;
}

int shared_mark(struct shared *s, const struct make_options *o, struct plan *p, bool fetch, struct wl_err *err)
{
    const bool asking = fetch && o->remote;

    for (;;) {
        size_t wanted = 0;
        int r;

        mark(s, o, p, asking);
        if (!asking)
            return 0;
        r = fetch_wanted(s, o, p, &wanted, err);
        if (r < 0)
            return r;
        if (!wanted)
            return 0;
        mark(s, o, p, asking);
        r = ask_for_sources(s, o, p, err);
        if (r != 0)
            return r;
    }
}

void make_share(const struct make_options *o, const struct plan *p)
{
    if (!o->remote)
        return;
    for (size_t i = 0; i < p->n; i++)
        if (store_has(o->store, p->nodes[i].key))
            remote_offer(o->remote, p->nodes[i].key, p->nodes[i].recipe->name);
    shared_offer_sources(o, p);
    remote_finish(o->remote);
}

void shared_offer_sources(const struct make_options *o, const struct plan *p)
{
    char(*first)[HASH_HEX_SIZE] = xcalloc(p->n ? p->n : 1, sizeof *first);
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv chosen = {0};

    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < p->nodes[i].recipe->sources_n; k++) {
            const struct node_source *own = &p->nodes[i].sources[k];

            /* (What --source gives is no archive of the recipe.) */
            if (!own->given && !own->unwanted &&
                strcmp(own->sha256, p->nodes[i].recipe->sources[k].source.archives[0].sha256) != 0)
                strv_add_once(&chosen, own->sha256);
        }
    if (chosen.n && plan_first_keys(&o->plan, p, first, &ignored) == 0)
        for (size_t i = 0; i < p->n; i++)
            if (p->nodes[i].root && p->nodes[i].stored && strcmp(first[i], p->nodes[i].key) != 0)
                remote_offer_sources(o->remote, first[i], &chosen);
    free(first);
}
