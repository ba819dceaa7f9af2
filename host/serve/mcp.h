/* The Model Context Protocol (https://modelcontextprotocol.io/specification/2025-06-18), without a transport: messages
 * in, messages out. */
#ifndef WL_SERVE_MCP_H
#define WL_SERVE_MCP_H

#include "sandbox.h"

#include <jansson.h>

/* One call of a tool that is in progress. */
struct mcp_call {
    json_t *id, *token;              /* of the request; for reports of progress, or NULL */
    uint64_t since_ms, most_ms;      /* when it began, and the time that it may take */
    struct sandbox_session *session; /* once it has one */
    bool cancelled;
    struct mcp_call *next;
};

/* One client. Its functions may be called by any thread. */
struct mcp {
    struct sandbox *sandbox;
    uint64_t deadline_ms;
    void *lock; /* pthread_mutex_t: of the list and of what its calls say */
    struct mcp_call *calls;
    unsigned long long texts; /* reports that were made */
};

/* False: out of memory. */
bool mcp_init(struct mcp *m, struct sandbox *s, uint64_t deadline_ms);
void mcp_free(struct mcp *m);

/* Whether the message asks for something that may take long, so that the caller wants to give it a thread. */
bool mcp_is_call(const json_t *message);
/* Does what the message asks for. Returns the answer, which is the caller's; NULL: there is none. */
json_t *mcp_handle(struct mcp *m, const json_t *message);
/* The answer to what is not JSON. */
json_t *mcp_not_json(void);
/* Reports of progress for the calls that have asked for them; a list, which is the caller's. */
json_t *mcp_progress(struct mcp *m);

#endif
