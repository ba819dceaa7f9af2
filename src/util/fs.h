/* Files and folders. Paths are UTF-8 or any bytes but NUL; nothing here splits them on spaces. */
#ifndef WL_FS_H
#define WL_FS_H

#include "err.h"
#include "str.h"

#include <stdbool.h>

void close_fdp(int *fd);
#define WL_CLEANUP_FD __attribute__((cleanup(close_fdp)))

/* a + "/" + b; b alone if it is absolute. The caller frees it. */
char *path_join(const char *a, const char *b);
/* path made absolute with the working folder, without resolving links. The caller frees it. */
char *path_absolute(const char *path);
/* What stands behind the last '/'. Points into path. */
const char *path_base(const char *path);
/* What stands before the last '/', or ".". The caller frees it. */
char *path_dir(const char *path);

bool path_exists(const char *path);
bool path_is_dir(const char *path);

/* Makes a folder and those above it. One that is there already is fine. */
int make_dirs(const char *path, struct wl_err *err);
/* Removes a file or a whole tree, read-only folders in it too; never follows a link. Nothing there is fine. */
int remove_tree(const char *path, struct wl_err *err);
/* Names in a folder, sorted by byte value, without "." and "..". */
int dir_list(const char *path, struct strv *names, struct wl_err *err);
/* Copies a file, a link or a whole tree into a place that does not exist yet (folders there are merged into); modes
 * (with write permission for the owner) and modification times are kept, owners are not. */
int copy_tree(const char *from, const char *to, struct wl_err *err);
/* Bytes of all files in a tree. */
unsigned long long tree_size(const char *path);

/* The whole file, NUL-terminated behind its n bytes (n may be NULL); the caller frees it. More than max bytes is an
 * error. */
int file_read(const char *path, size_t max, char **data, size_t *n, struct wl_err *err);
/* Writes aside and renames, so that the file is either the old one or all of the new one. */
int file_write(const char *path, const char *data, size_t n, struct wl_err *err);

/* Renames from to to; where to is there already (file or folder), the two change places and the old one is removed. */
int path_replace(const char *from, const char *to, struct wl_err *err);

/* Takes an exclusive lock on a file, which is made if needed, and gives its descriptor (closing it unlocks).
 * With wait false a lock held elsewhere gives 1 at once and *fd = -1. */
int lock_take(const char *path, bool wait, int *fd, struct wl_err *err);

#endif
