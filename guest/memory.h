/* A file system in the guest's memory. It holds /tmp and the home directory, unless the host provides these (vfs.h).
 *
 * It has what POSIX requires: files with holes, directories, symbolic and hard links, modes, times, and files that
 * can be used after their name was removed. Permissions are not checked, because everything in it belongs to the
 * guest. Nothing is allocated before the first file is created, and removed files are given back to malloc. The
 * total size is limited. When the limit is reached, or malloc fails, calls that need more memory fail with ENOSPC.
 *
 * Functions return a WASI error, or 0. They know nothing about descriptors and the host. */
#ifndef WL_MEMORY_H
#define WL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <wasi/api.h>

/* The environment variable with the limit: a number of bytes, which may end in K, M or G. And the limit without it. */
#define MEMORY_LIMIT_VARIABLE "WL_TMP_SIZE"
#define MEMORY_LIMIT (UINT64_C(64) << 20)

enum { MEMORY_PATH = 4096, MEMORY_NAME = 255, MEMORY_LINKS = 40 };

struct memory_node;

/* Where a path leads. */
struct memory_place {
    struct memory_node *node;   /* the file, or NULL */
    struct memory_node *folder; /* the directory that the last name is in */
    const char *name;           /* that name, in text; n is 0 if the path ends in "." or "..", or is a root */
    size_t n;
    bool slash;             /* the path ends in "/", so it must name a directory */
    bool keeps_link;        /* input: do not follow a link at the end, even if a "/" follows it */
    unsigned links;         /* how many symbolic links were followed; 0 at first */
    char text[MEMORY_PATH]; /* the path; after MEMORY_AWAY, where it leads */
};

/* Result of memory_walk() for a path that leads out of this file system. The absolute path is in place->text. */
#define MEMORY_AWAY ((__wasi_errno_t)0x4000)

/* Top directory i of MEMORY_ROOTS, and the absolute path at which it is seen. The path is not copied. */
enum { MEMORY_TMP, MEMORY_HOME, MEMORY_ROOTS };
struct memory_node *memory_root(int i);
void memory_set_path(int i, const char *path);
/* Removes all files. Those that are held stay until they are released. */
void memory_reset(void);

/* Follows the path in place->text from a directory. `follow`: follow a link at its end, too. If only the last name
 * is missing, that is not an error, and the node is NULL. */
__wasi_errno_t memory_walk(struct memory_node *from, bool follow, struct memory_place *place);

/* Whether a place has a file: ENOENT if not, ENOTDIR if a "/" follows the name of a file. */
__wasi_errno_t memory_has(const struct memory_place *place);

/* A node that is held outlives its name. */
void memory_hold(struct memory_node *node);
void memory_let_go(struct memory_node *node);

/* The limit, and how much of it is left, in bytes. */
void memory_room(uint64_t *total, uint64_t *left);

bool memory_is_folder(const struct memory_node *node);
bool memory_is_file(const struct memory_node *node);
uint64_t memory_size(const struct memory_node *node);
void memory_stat(struct memory_node *node, __wasi_filestat_t *stat, mode_t *mode);
void memory_set_mode(struct memory_node *node, mode_t mode);
void memory_set_times(struct memory_node *node, uint64_t accessed, uint64_t modified, __wasi_fstflags_t which);

/* Files. Reads and writes may be short; a read at the end of the file returns 0. */
size_t memory_read(const struct memory_node *file, uint64_t at, void *to, size_t n);
__wasi_errno_t memory_write(struct memory_node *file, uint64_t at, const void *from, size_t n, size_t *done);
__wasi_errno_t memory_resize(struct memory_node *file, uint64_t size);
/* Reserves memory for a part of the file, which grows if necessary. */
__wasi_errno_t memory_allocate(struct memory_node *file, uint64_t at, uint64_t n);

/* Names. To create one, the place must not have a node. */
__wasi_errno_t memory_make_file(struct memory_place *place, mode_t mode);
__wasi_errno_t memory_make_folder(struct memory_place *place, mode_t mode);
__wasi_errno_t memory_make_link(struct memory_place *place, const char *text);
__wasi_errno_t memory_add_name(struct memory_place *place, struct memory_node *node);
__wasi_errno_t memory_remove_folder(struct memory_place *place);
__wasi_errno_t memory_remove_file(struct memory_place *place);
__wasi_errno_t memory_rename(struct memory_place *from, struct memory_place *to);
/* The target of a link, not terminated. NULL: it is not a link. */
const char *memory_link_text(const struct memory_node *node, size_t *n);

/* The first entry of a directory with this cookie or a higher one; "." has 0, ".." 1. An entry keeps its cookie as
 * long as it exists, whatever is added or removed. false: there is none. */
struct memory_entry {
    uint64_t cookie, inode;
    const char *name;
    size_t n;
    __wasi_filetype_t type;
};
bool memory_next(struct memory_node *folder, uint64_t cookie, struct memory_entry *entry);

#endif
