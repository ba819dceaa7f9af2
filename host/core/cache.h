/* Compiled modules on disk.
 *
 *   DIR/<key>.compiled      key: SHA-256 of the module's bytes and of the engine's identity
 *   DIR/by-file/<memo>      symbolic link to ../<key>.compiled; memo: SHA-256 of where and when the module's file last
 *                           changed (device, inode, size, both times in nanoseconds) and of the engine's identity
 *
 * The link saves reading and hashing the whole module at every start. Writing to a file changes its change time, which
 * programs cannot set. A file gets a link only if it had not changed for a while before it was read, because a write
 * within the clock's last tick would not show. (Writes through a shared mapping can show late: do not replace a module
 * that way.)
 *
 * The files are machine code that will be executed, so nothing is read from a directory or file that anybody but this
 * user can write to. Files are written under random names and then renamed, so a name always stands for a complete
 * file, whichever threads, processes and containers share the directory. */
#ifndef WL_CACHE_H
#define WL_CACHE_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

struct cache; /* as an argument it may be NULL: nothing is found */

/* The name of a compiled module: 64 hex digits. */
struct cache_key {
    char hex[65];
};

/* Opens the directory, and creates it (0700) if it is missing. */
int cache_open(const char *dir, const char *identity, struct cache **out, struct err *err);
void cache_close(struct cache *c);

/* Key by content; without a cache, too. */
void cache_key_of(const struct cache *c, const uint8_t *bytes, size_t size, struct cache_key *key);
/* The key that was noted for a file; false if there is none. */
bool cache_recall(const struct cache *c, const struct stat *st, struct cache_key *key);
/* Notes the key of a file whose state was st before it was read; asked: the time (CLOCK_REALTIME) before that state was
 * asked for. A failure is not an error. */
void cache_remember(const struct cache *c, const struct stat *st, const struct timespec *asked,
                    const struct cache_key *key);

/* An open descriptor of the compiled module, or -1. */
int cache_get(const struct cache *c, const struct cache_key *key);
/* Stores bytes under a key, and removes modules that have not been used for long. */
int cache_put(const struct cache *c, const struct cache_key *key, const uint8_t *bytes, size_t size, struct err *err);
/* Removes a module that turned out to be unusable. */
void cache_drop(const struct cache *c, const struct cache_key *key);

#endif
