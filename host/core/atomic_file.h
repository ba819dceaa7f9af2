/* Files that are written under a temporary name and get their final name when they are complete. */
#ifndef WL_ATOMIC_FILE_H
#define WL_ATOMIC_FILE_H

#include <stddef.h>
#include <sys/stat.h>

/* Creates a file whose name, `prefix` and 16 random digits, goes to `name`. Its mode is `mode` less the process's
 * umask. Returns a descriptor to write to, or -1 with errno. (A name made from a PID could be used twice: by threads,
 * or by containers that share a directory.) */
int atomic_file_create(int dir, const char *prefix, mode_t mode, char *name, size_t size);

/* Writes all of it. 0, or -1 with errno. */
int write_all(int fd, const void *bytes, size_t n);

/* Syncs the file and renames it to its final name, replacing a file of that name. Closes fd. If that fails, the file is
 * removed. 0, or -1 with errno. */
int atomic_file_commit(int dir, int fd, const char *name, const char *final);

/* Closes fd and removes the file; errno stays as it is. */
void atomic_file_discard(int dir, int fd, const char *name);

#endif
