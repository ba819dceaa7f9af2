/* A file system in the guest's memory: what is below /tmp and the home folder, unless the host gives these (vfs.h).
 *
 * It has what POSIX wants of one: files with holes, folders, symbolic and hard links, modes, times, files that stay
 * usable when their name is gone. Nobody's permissions are checked, as nothing in here is anybody else's. Nothing is
 * allocated before the first file is made; what is removed is given back to malloc. All of it together is limited:
 * behind the limit everything that needs more fails with ENOSPC, as it does when malloc has no more.
 *
 * Functions give an error of WASI, or 0. They know nothing of descriptors and of the host. */
#ifndef WL_MEMORY_H
#define WL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <wasi/api.h>

/* The variable that says how much there is room for, as a number of bytes with K, M or G behind it; else it is this. */
#define MEMORY_LIMIT_VARIABLE "WL_TMP_SIZE"
#define MEMORY_LIMIT (UINT64_C(64) << 20)

enum { MEMORY_PATH = 4096, MEMORY_NAME = 255, MEMORY_LINKS = 40 };

struct memory_node;

/* Where a path leads. */
struct memory_place {
    struct memory_node *node;   /* what is there, or NULL */
    struct memory_node *folder; /* the folder that the last name is in */
    const char *name;           /* that name, in text; n is 0 where the path ends in "." or ".." or is a root */
    size_t n;
    bool slash;             /* the path ends in "/", so it must name a folder */
    bool keeps_link;        /* set before: a link at the end is not followed even with a "/" behind it */
    unsigned links;         /* how many symbolic links were followed */
    char text[MEMORY_PATH]; /* the path; what is left of it when it leads away */
};

/* What memory_walk() gives for a path that leads to somewhere else: the absolute path is in place->text. */
#define MEMORY_AWAY ((__wasi_errno_t)0x4000)

/* The top folder i of MEMORY_ROOTS, that is seen at that absolute path; the pointer has to stay good. */
enum { MEMORY_TMP, MEMORY_HOME, MEMORY_ROOTS };
struct memory_node *memory_root(int i);
void memory_set_path(int i, const char *path);
/* Takes all away that has a name. Files that are held stay until they are let go. */
void memory_reset(void);

/* Follows the path that is in place->text, from a folder; `follow`: to where a link at its end leads. place->links is
 * to be 0 at the first time. Where nothing has the last name, the node is NULL and there is no error. */
__wasi_errno_t memory_walk(struct memory_node *from, bool follow, struct memory_place *place);

/* What is wrong with a place for those who want what is there: ENOENT, or ENOTDIR for a file with a "/" behind it. */
__wasi_errno_t memory_has(const struct memory_place *place);

/* A node that is held stays when its name goes. */
void memory_hold(struct memory_node *node);
void memory_let_go(struct memory_node *node);

bool memory_is_folder(const struct memory_node *node);
bool memory_is_file(const struct memory_node *node);
uint64_t memory_size(const struct memory_node *node);
void memory_stat(const struct memory_node *node, __wasi_filestat_t *stat, mode_t *mode);
void memory_set_mode(struct memory_node *node, mode_t mode);
void memory_set_times(struct memory_node *node, uint64_t accessed, uint64_t modified, __wasi_fstflags_t which);

/* Files. Reading and writing may do less than asked for; reading at the end does nothing. */
size_t memory_read(const struct memory_node *file, uint64_t at, void *to, size_t n);
__wasi_errno_t memory_write(struct memory_node *file, uint64_t at, const void *from, size_t n, size_t *done);
__wasi_errno_t memory_resize(struct memory_node *file, uint64_t size);
/* Makes sure that a part can be written to; the file grows to it. */
__wasi_errno_t memory_allocate(struct memory_node *file, uint64_t at, uint64_t n);

/* Names. What makes one wants a place without a node. */
__wasi_errno_t memory_make_file(struct memory_place *place, mode_t mode);
__wasi_errno_t memory_make_folder(struct memory_place *place, mode_t mode);
__wasi_errno_t memory_make_link(struct memory_place *place, const char *text);
__wasi_errno_t memory_add_name(struct memory_place *place, struct memory_node *node);
__wasi_errno_t memory_remove_folder(struct memory_place *place);
__wasi_errno_t memory_remove_file(struct memory_place *place);
__wasi_errno_t memory_rename(struct memory_place *from, struct memory_place *to);
/* A link's text, not terminated; NULL: it is no link. */
const char *memory_link_text(const struct memory_node *node, size_t *n);

/* The first entry of a folder whose cookie is not below `cookie`: "." has 0, ".." 1. A cookie stays an entry's own as
 * long as the entry is there, whatever comes and goes. false: there is none. */
struct memory_entry {
    uint64_t cookie, inode;
    const char *name;
    size_t n;
    __wasi_filetype_t type;
};
bool memory_next(struct memory_node *folder, uint64_t cookie, struct memory_entry *entry);

#endif
