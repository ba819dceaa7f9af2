/* MCP over standard input and output: a message is a line. */
#ifndef WL_SERVE_LINES_H
#define WL_SERVE_LINES_H

#include "mcp.h"

/* Until the input ends, or the output cannot be written. Returns the exit status. */
int lines_serve(struct mcp *m);

#endif
