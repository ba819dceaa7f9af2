/* A second wall around the whole process: what it does not need is taken from it before the first code of a stranger.
 */
#ifndef WL_SERVE_WALL_H
#define WL_SERVE_WALL_H

#include <stdbool.h>

/* No new privileges, no core dumps; no other programs and no look into other processes (seccomp); no files (Landlock,
 * where the kernel has it) except /proc, if `names` what the system looks up names with, and removing the file
 * `socket`, which may be NULL. It cannot be undone. False with errno: not even the first could be done. */
bool wall_build(bool names, const char *socket);

#endif
