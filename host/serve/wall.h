/* A second wall around the whole process: what it does not need is taken from it before the first code of a stranger.
 */
#ifndef WL_SERVE_WALL_H
#define WL_SERVE_WALL_H

#include <stdbool.h>

/* No new privileges, no core dumps; no other programs, no look into other processes and no signals to them (seccomp);
 * no files (Landlock, where the kernel has it) except /proc/self, and removing the file `socket`, which may be NULL.
 * network: code may connect to something: new sockets, and what the system looks up names with, are allowed too. It
 * cannot be undone. False with errno: a part of it could not be done. */
bool wall_build(bool network, const char *socket);

#endif
