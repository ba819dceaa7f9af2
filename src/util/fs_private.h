/* What the files behind fs.h share. */
#ifndef WL_FS_PRIVATE_H
#define WL_FS_PRIVATE_H

#include "util/fs.h"

/* The names in an open directory, sorted by byte value. -1: errno. */
int fs_list(int dir_fd, struct strv *names);
/* Opens a directory, which must not be a link; relative to a handle. -1: errno. */
int fs_open_dir(int dir_fd, const char *name);
/* Removes a file or a tree; relative to a directory handle. -1: errno. */
int fs_remove_at(int dir_fd, const char *name);
/* Copies from one descriptor to another until the end. -1: errno. */
int fs_copy_bytes(int in, int out);
/* Whether the name still leads to what fd is open on. */
bool fs_is_named(int dir, const char *name, int fd);

#endif
