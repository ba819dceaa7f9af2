/* What the server can do for a model: the tools of MCP. */
#ifndef WL_SERVE_TOOLS_H
#define WL_SERVE_TOOLS_H

#include "calls.h"

/* The answer of tools/list. */
json_t *tools_list(void);
/* Calls one. The result of tools/call, which is the caller's; NULL: there is no such tool. */
json_t *tools_call(struct mcp *m, struct mcp_call *call, const char *name, const json_t *arguments);

#endif
