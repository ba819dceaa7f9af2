/* Files and directories. Paths are UTF-8 or any bytes but NUL; nothing here splits them on spaces. */
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
/* The path made absolute with the working directory; links are not resolved. The caller frees it. */
char *path_absolute(const char *path);
/* The part after the last '/'. Points into path. */
const char *path_base(const char *path);
/* The part before the last '/', or ".". The caller frees it. */
char *path_dir(const char *path);

bool path_exists(const char *path);
bool path_is_dir(const char *path);

/* What a symbolic link points to (the caller frees it), or NULL and errno. */
char *link_target(const char *path);

/* Makes a directory and those above it. It may exist already. */
int make_dirs(const char *path, struct wl_err *err);
/* Removes a file or a whole tree of any depth, including read-only directories; never follows a link. It need not
 * exist. */
int remove_tree(const char *path, struct wl_err *err);
/* Names in a directory, sorted by byte value, without "." and "..". */
int dir_list(const char *path, struct strv *names, struct wl_err *err);
/* Copies a file, a link or a whole tree into a place that does not exist yet (directories there are merged into); modes
 * (with write permission for the owner) and modification times are kept, owners are not. */
int copy_tree(const char *from, const char *to, struct wl_err *err);
/* Gives each file of a tree one of two modes, 0755 if its owner may execute it and else 0644, and directories 0755. A
 * failure does not matter. */
void tree_plain_modes(const char *path);
/* The total size of all files in a tree, in bytes. */
unsigned long long tree_size(const char *path);

/* Gives a file or directory the time of now, unless it is less than a day old: the time says when something was last
 * used. A failure does not matter. */
void stamp_used(const char *path);

/* Reads a whole file and adds a NUL after its n bytes (n may be NULL); the caller frees *data. A file of more than max
 * bytes is an error. */
int file_read(const char *path, size_t max, char **data, size_t *n, struct wl_err *err);
/* The end of a file, at most max bytes; if something is left out, it begins with a whole line. *n is its length (n may
 * be NULL). NULL: the file cannot be read. The caller frees it. */
char *file_tail(const char *path, size_t max, size_t *n);

/* A file that is written aside and then put in place, so that its name leads to either the old file or the complete new
 * one. While it is written it has no name if the file system supports that, else the name ".NAME.new.RANDOM". Files in
 * /dev and /proc, devices and pipes are written in place.
 *
 *     WL_CLEANUP_NEW_FILE struct new_file f;
 *     int r = new_file_open(&f, path, 0666, err);
 *     ... write to f.fd ...
 *     r = new_file_commit(&f, err);
 */
struct new_file {
    int fd;
    int dir;     /* the directory it is in */
    char *path;  /* as given */
    char *name;  /* its name in dir; NULL: it is written in place */
    char *aside; /* its temporary name, or NULL */
};

/* Begins one; the umask applies to mode. new_file_close() must be called even after a failure. */
int new_file_open(struct new_file *f, const char *path, mode_t mode, struct wl_err *err);
/* Syncs the file and gives it its name; an existing file is replaced. */
int new_file_commit(struct new_file *f, struct wl_err *err);
/* Ends it; a file that was not committed is removed. */
void new_file_close(struct new_file *f);
#define WL_CLEANUP_NEW_FILE __attribute__((cleanup(new_file_close)))

/* Writes all n bytes to a descriptor; -1: errno. */
int write_all(int fd, const char *data, size_t n);

/* Writes a file by struct new_file. */
int file_write(const char *path, const char *data, size_t n, struct wl_err *err);
/* Copies the bytes of a file by struct new_file; the copy has exactly that mode. */
int file_copy(const char *from, const char *to, mode_t mode, struct wl_err *err);

/* A directory with a unique name, ".BASE.new.RANDOM", in which something is made before it is moved into its place. It
 * is locked as long as fd is open, so that sweep_aside() removes only what a killed process has left. */
struct temp_dir {
    char *path; /* NULL: nothing is removed */
    int fd;
};

/* Makes one in the directory parent, which must exist. */
int temp_dir_make(struct temp_dir *t, const char *parent, const char *base, struct wl_err *err);
/* The same relative to a directory handle: gives its name, which the caller frees, and a handle on it. -1: errno. */
int temp_dir_at(int parent, const char *base, char **name, int *fd);
/* Removes what still has its name, and unlocks it. */
void temp_dir_remove(struct temp_dir *t);
#define WL_CLEANUP_TEMP_DIR __attribute__((cleanup(temp_dir_remove)))
/* Removes the files and directories ".BASE.new.*" in parent that no process is working on, in this or another
 * container. */
void sweep_aside(const char *parent, const char *base);

/* Writes everything below a directory to the disk, with the rest of its file system: for many files that is faster than
 * one by one. */
int path_sync(const char *folder, struct wl_err *err);

/* Renames `from` to `to`. If `to` exists (a file or a directory), the two change places and the old one is removed.
 * After a failure `to` is unchanged. */
int path_replace(const char *from, const char *to, struct wl_err *err);

/* Takes an exclusive lock on a file, which is created if needed, and returns its descriptor in *fd; closing it unlocks.
 * The holder may remove the file: a lock on a file that has lost its name is not taken. If wait is false and another
 * process has the lock, returns 1 at once, with *fd = -1. */
int lock_take(const char *path, bool wait, int *fd, struct wl_err *err);
/* The same for a shared lock: several processes can hold it at once, but not while one holds it exclusively. Never
 * waits. */
int lock_share(const char *path, int *fd, struct wl_err *err);
/* Releases an exclusive lock and removes its file. The file is unlinked while the lock is held, so that lock_take
 * notices in a process that opened it meanwhile. */
void lock_end(const char *path, int *fd);

#endif
