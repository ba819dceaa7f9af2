/* Files that outlive the sandboxes that made them, for clients that fetch them later: directories with names that
 * nobody can guess. If there is no room, those that nobody has used for the longest time make room. All functions may
 * be called by any thread. */
#ifndef WL_SERVE_STORAGE_H
#define WL_SERVE_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STORAGE_NAME = 22 }; /* of a directory and of a file: 21 letters, digits, - and _; and a zero byte */

struct storage;

/* most: bytes of all contents and names. NULL: out of memory. */
struct storage *storage_new(uint64_t most);
void storage_free(struct storage *s);

/* Makes up a name. */
void storage_name(char name[STORAGE_NAME]);

/* Adds a copy of a file to the directory, which is made if it does not exist; `name` becomes the file's. False: there
 * is no room. */
bool storage_add(struct storage *s, const char *directory, const char *path, const void *bytes, size_t n,
                 char name[STORAGE_NAME]);
bool storage_remove(struct storage *s, const char *directory, const char *name);

struct storage_file {
    const char *name, *path;
    const void *bytes;
    size_t n;
    int64_t time_ns; /* when it was added, since 1970 */
};

/* Calls `each` with a file, or if name is NULL with each of the directory. Nothing else can use the storage meanwhile.
 * Returns how many there were. */
size_t storage_find(struct storage *s, const char *directory, const char *name,
                    void (*each)(void *arg, const struct storage_file *file), void *arg);

#endif
