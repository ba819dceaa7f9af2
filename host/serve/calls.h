/* A client of the Model Context Protocol, and its calls of tools that are in progress. Any thread may call these. */
#ifndef WL_SERVE_CALLS_H
#define WL_SERVE_CALLS_H

#include "sandbox.h"

#include <jansson.h>
#include <pthread.h>

struct mcp_call {
    const json_t *id;
    json_t *token;                   /* of the request, for reports of progress; or NULL */
    uint64_t since_ms, most_ms;      /* when it began, and the time that it may take */
    struct sandbox_session *session; /* once it has one */
    bool cancelled;
    struct mcp_call *next;
};

struct mcp {
    struct sandbox *sandbox;
    uint64_t deadline_ms;
    pthread_mutex_t lock; /* of the list and of what its calls say */
    struct mcp_call *calls;
};

/* False: the system has no room for it. */
bool mcp_init(struct mcp *m, struct sandbox *s, uint64_t deadline_ms);
void mcp_free(struct mcp *m);

void mcp_begin(struct mcp *m, struct mcp_call *call);
/* Whether it was cancelled. */
bool mcp_end(struct mcp *m, const struct mcp_call *call);
/* Notes which session a call uses, for cancelling; NULL: none any more. False: it was cancelled. */
bool mcp_uses(struct mcp *m, struct mcp_call *call, struct sandbox_session *session);
void mcp_cancel(struct mcp *m, const json_t *id);
/* Reports of progress for the calls that have asked for them; a list, which is the caller's. */
json_t *mcp_progress(struct mcp *m);

#endif
