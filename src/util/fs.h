/* Files and folders. Paths are UTF-8 or any bytes but NUL; nothing here splits them on spaces. */
#ifndef WL_FS_H
#define WL_FS_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <sys/types.h>

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

/* What a symbolic link points to (the caller frees it), or NULL and errno. */
char *link_target(const char *path);

/* Makes a folder and those above it. One that exists is fine. */
int make_dirs(const char *path, struct wl_err *err);
/* Removes a file or a whole tree of any depth, read-only folders in it too; never follows a link. Nothing there is
 * fine. */
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
/* The end of a file, at most max bytes, from the beginning of a line where something is left out; *n its length (may be
 * NULL). NULL: it cannot be read. The caller frees it. */
char *file_tail(const char *path, size_t max, size_t *n);

/* A file that is written aside and then put in place, so that its name leads to the old file or to all of the new one.
 * While it is written it has no name where the file system can do that, else ".NAME.new.RANDOM". What is in /dev or
 * /proc, and what is a device or a pipe, is written in place.
 *
 *     WL_CLEANUP_NEW_FILE struct new_file f;
 *     int r = new_file_open(&f, path, 0666, err);
 *     ... write to f.fd ...
 *     r = new_file_commit(&f, false, err);
 */
struct new_file {
    int fd;
    int dir;     /* the folder it is in */
    char *path;  /* as given */
    char *name;  /* its name in dir; NULL: written in place */
    char *aside; /* the name it has meanwhile, or NULL */
};

/* Begins one; the umask applies to mode. After a failure, too, new_file_close() may and must be called. */
int new_file_open(struct new_file *f, const char *path, mode_t mode, struct wl_err *err);
/* Syncs the file and gives it its name, instead of a file that has it; durable: syncs the folder, too, so that the name
 * survives a power cut when this returns. */
int new_file_commit(struct new_file *f, bool durable, struct wl_err *err);
/* Ends it; what was not committed is removed. */
void new_file_close(struct new_file *f);
#define WL_CLEANUP_NEW_FILE __attribute__((cleanup(new_file_close)))

/* Writes all n bytes to a descriptor; -1: errno. */
int write_all(int fd, const char *data, size_t n);

/* Writes a file by struct new_file. */
int file_write(const char *path, const char *data, size_t n, struct wl_err *err);
/* The same; when it returns, a power cut cannot undo it. */
int file_write_durable(const char *path, const char *data, size_t n, struct wl_err *err);
/* Copies the bytes of a file by struct new_file; the copy has exactly that mode. */
int file_copy(const char *from, const char *to, mode_t mode, struct wl_err *err);

/* A folder with a name that nobody else has, ".BASE.new.RANDOM", to make something in that is then moved into its
 * place. It is locked as long as fd is open, so that sweep_aside() removes only what a killed process left. */
struct temp_dir {
    char *path; /* NULL: nothing is removed */
    int fd;
};

/* Makes one in the folder parent, which must exist. */
int temp_dir_make(struct temp_dir *t, const char *parent, const char *base, struct wl_err *err);
/* The same relative to a folder handle: gives its name, which the caller frees, and a handle on it. -1: errno. */
int temp_dir_at(int parent, const char *base, char **name, int *fd);
/* Removes what is (still) under its name, and unlocks it. */
void temp_dir_remove(struct temp_dir *t);
#define WL_CLEANUP_TEMP_DIR __attribute__((cleanup(temp_dir_remove)))
/* Removes the files and folders ".BASE.new.*" in parent that no process is working on, in whatever container. */
void sweep_aside(const char *parent, const char *base);

/* Has everything below a folder on the disk, with all else of its file system: for many files that is sooner done than
 * one by one. */
int path_sync(const char *folder, struct wl_err *err);

/* Renames from to to; if to exists (file or folder), the two change places and the old one is removed. After a failure
 * to is what it was. */
int path_replace(const char *from, const char *to, struct wl_err *err);

/* Takes an exclusive lock on a file, which is made if needed, and gives its descriptor (closing it unlocks). Its holder
 * may remove the file: a lock on a file that has lost its name is not taken. With wait false a lock held elsewhere
 * gives 1 at once and *fd = -1. */
int lock_take(const char *path, bool wait, int *fd, struct wl_err *err);
/* The same for a lock that several may hold at once, but not while somebody has it for themselves. Never waits. */
int lock_share(const char *path, int *fd, struct wl_err *err);
/* Gives an exclusive lock back and removes its file: unlinked while it is held, so that a process that opened it
 * meanwhile notices (lock_take looks). */
void lock_end(const char *path, int *fd);

#endif
