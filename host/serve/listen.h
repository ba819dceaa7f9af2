/* Where the service listens: "ADDRESS:PORT", or the path of a Unix socket, which begins with "/". */
#ifndef WL_SERVE_LISTEN_H
#define WL_SERVE_LISTEN_H

#include <stdbool.h>

/* A socket that listens; -1, with a message. */
int listen_on(const char *address);
/* Whether only this machine can reach it. */
bool listen_is_private(const char *address);
/* Says on standard error where. */
void listen_tell(int fd, const char *address);
/* A message that something has failed; -1. */
int listen_fails(const char *what, const char *address, const char *why);

#endif
