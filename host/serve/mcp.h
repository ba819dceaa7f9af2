/* The Model Context Protocol (https://modelcontextprotocol.io/specification/2025-06-18), without a transport: messages
 * in, messages out. */
#ifndef WL_SERVE_MCP_H
#define WL_SERVE_MCP_H

#include "calls.h"

#include <jansson.h>

/* Whether the message asks for something that may take long, so that the caller wants to give it a thread. */
bool mcp_is_call(const json_t *message);
/* Does what the message asks for. Returns the answer, which is the caller's; NULL: there is none. */
json_t *mcp_handle(struct mcp *m, const json_t *message);
/* The answer to what is not JSON. */
json_t *mcp_not_json(void);

#endif
