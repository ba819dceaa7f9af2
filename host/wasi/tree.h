/* A directory tree in memory: files without a disk. It knows nothing of guests and descriptors. For one thread at a
 * time.
 *
 * Functions that can fail return 0 or a wasi_errno. */
#ifndef WL_WASI_TREE_H
#define WL_WASI_TREE_H

#include "wasi/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { TREE_NAME_MAX = 255, TREE_PATH_MAX = 4096, TREE_BUCKETS = 1024 };

struct tree_entry;

/* A file, a directory or a symbolic link. It exists as long as a directory or a descriptor has it. */
struct tree_node {
    struct tree *tree;
    uint8_t type;  /* enum wasi_filetype */
    uint16_t mode; /* permissions, which nothing checks */
    uint64_t number, links, holders;
    struct timespec read, changed, altered; /* as atim, mtim and ctim */
    /* The content of a file, or the target of a link. */
    uint8_t *bytes;
    size_t size, room;
    /* The entries of a directory, in the order in which they were made. */
    struct tree_node *parent; /* NULL: the root, or it was removed */
    struct tree_entry *first, *last;
    struct tree_node *copy; /* while its tree is copied */
};

struct tree_entry {
    char *name;
    struct tree_node *node, *dir;
    uint64_t serial; /* larger than that of earlier entries */
    struct tree_entry *before, *next, *next_in_bucket;
};

struct tree {
    struct tree_node *root;
    uint64_t bytes_left, entries_left; /* of contents; of names in directories */
    uint64_t numbers, serials;         /* the last that were given */
    const uint64_t *clock;             /* ns since 1970, for times of files; NULL: the machine's */
    uint64_t clock_ns;                 /* of which times are multiples; 0: exact */
    struct tree_entry *buckets[TREE_BUCKETS];
};

/* NULL: out of memory. */
struct tree *tree_new(uint64_t most_bytes, uint64_t most_entries);
void tree_free(struct tree *t);
/* The time of a change that happens now. */
struct timespec tree_now(const struct tree *tree);

/* tree_node.c: what a tree consists of. NULL or false: out of memory. */

/* A node that nothing has yet. */
struct tree_node *tree_new_node(struct tree *t, uint8_t type);
/* Frees a node that nothing has any more. */
void tree_free_unused(struct tree_node *n);
/* Gives a node that has none its content, of at least one byte, which the tree's limit does not stop. */
bool tree_set_content(struct tree_node *n, const void *bytes, size_t size);
/* An entry that has only its name. */
struct tree_entry *tree_new_entry(const char *name);
void tree_free_entry(struct tree_entry *e);

/* tree_copy.c: a copy of everything, with the same numbers and times; each node of the original then has its `copy`,
 * until tree_forget_copies(). NULL: out of memory. */
struct tree *tree_copy(struct tree *t);
void tree_forget_copies(struct tree *t);
/* A copy, in the tree's copy, of a node that was removed and that only a descriptor still has. NULL: out of memory. */
struct tree_node *tree_copy_removed(struct tree *t, const struct tree_node *n);

/* A descriptor holds a node. */
static inline void tree_hold(struct tree_node *n)
{
    n->holders++;
}
void tree_drop(struct tree_node *n);

/* Where a path leads, from a directory on and never out of it (EPERM). */
struct tree_place {
    struct tree_node *dir, *node; /* the directory of its last part; what has that name, or NULL */
    struct tree_entry *entry;     /* NULL also where the path ends with "." or ".." */
    char name[TREE_NAME_MAX + 1];
    bool slash; /* it ended with one */
};
/* follow: also a link that is the last part. */
uint32_t tree_find(struct tree_node *from, const char *path, bool follow, struct tree_place *p);

/* Adds a node of this type under the name that was not found. If that fails, *node stays as it is. */
uint32_t tree_create(const struct tree_place *p, uint8_t type, struct tree_node **node);
uint32_t tree_link(const struct tree_place *p, struct tree_node *node);
/* Removes an entry, if it is a directory (and empty), or none. */
uint32_t tree_remove(const struct tree_place *p, bool directory);
uint32_t tree_rename(const struct tree_place *old, const struct tree_place *to);

/* For files only. */
size_t tree_read(struct tree_node *n, uint64_t at, void *to, size_t size);
uint32_t tree_write(struct tree_node *n, uint64_t at, const void *from, size_t size, size_t *written);
uint32_t tree_resize(struct tree_node *n, uint64_t size);

/* The first entry with a larger serial, or NULL. */
const struct tree_entry *tree_after(const struct tree_node *dir, uint64_t serial);

#endif
