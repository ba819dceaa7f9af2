/* A read-only file system inside the module: the archives it is served from, and looking things up in them.
 *
 * There is the archive that the module is linked with, and one more that can be added while it runs: an app's, of which
 * the folder ROFS_APP shows the files. An archive is one piece of memory that never changes, so a file's bytes are read
 * where they lie. All numbers are little-endian, all offsets from the archive's first byte:
 *
 *   struct rofs_header
 *   struct rofs_node[nodes]: node 0 is the root and its own parent; the children of a folder follow one another, sorted
 *     by the bytes of their names
 *   the names, one behind the other, not terminated
 *   the files' bytes, each begins at a multiple of 16; files with the same bytes share them. A file may be compressed
 * by zlib. It is inflated when it is read, for as long as it is open. the bytes of small files that are seldom read
 * (time zones), one behind the other, compressed together by zlib. When the first of them is read all are inflated,
 * into memory that stays. Only the first archive can have such files.
 *
 * tools/rofs-pack/rofs-pack.c makes it of a folder, guest/rofs-data.s puts it into the module. */
#ifndef WL_ROFS_H
#define WL_ROFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROFS_MAGIC "wl-rofs"
/* Where an added archive is seen; a folder that the first one has. */
#define ROFS_APP "usr/local/app"

struct rofs_header {
    char magic[8];                /* ROFS_MAGIC and its NUL */
    uint32_t nodes;               /* how many; at least the root */
    uint32_t names;               /* where the names begin */
    uint64_t size;                /* of the archive */
    uint64_t time;                /* nanoseconds since 1970: when each file was last changed */
    uint32_t packed, packed_size; /* where the compressed bytes are, and how many */
    uint64_t unpacked_size;       /* what they become */
};

/* All but the first are files: as they are, compressed with others, and compressed by itself. */
enum rofs_kind { ROFS_FOLDER = 0, ROFS_FILE = 1, ROFS_PACKED = 2, ROFS_DEFLATED = 3 };

struct rofs_node {
    uint32_t parent; /* index of the folder it is in */
    uint32_t name;   /* where in the names; the root has none */
    uint16_t name_size;
    uint16_t kind;     /* enum rofs_kind */
    uint32_t deflated; /* of a ROFS_DEFLATED: how many bytes it takes in the archive */
    uint64_t
        start; /* file: where its bytes are, of a packed one in what is inflated; folder: index of its first child */
    uint64_t size; /* file: how many bytes; folder: how many children */
};

/* The archive that the module is linked with. */
extern const unsigned char rofs_archive[];

/* Shows the files of one more archive below ROFS_APP, from now on. It must stay where it is, is aligned to 16 bytes,
 * and its root is written to. false: it is not an archive of `size` bytes, the first one has no ROFS_APP, or there has
 * been one already. */
bool rofs_add(unsigned char *archive, size_t size);

/* The root of all. */
const struct rofs_node *rofs_root(void);
const struct rofs_header *rofs_header(void);
/* The folder that a node is in; the root is in itself. */
const struct rofs_node *rofs_parent(const struct rofs_node *node);
/* The child of that name (n bytes, no '/'), or NULL. folder is one. */
const struct rofs_node *rofs_child(const struct rofs_node *folder, const char *name, size_t n);
/* Child i of a folder; i < rofs_children(folder). */
const struct rofs_node *rofs_child_at(const struct rofs_node *folder, uint64_t i);
/* A node's name, node->name_size bytes, not terminated. */
const char *rofs_name(const struct rofs_node *node);
/* A file's bytes, node->size of them. NULL: it is packed, and there is no memory to unpack it. Not for a ROFS_DEFLATED.
 */
const unsigned char *rofs_bytes(const struct rofs_node *file);
/* The bytes of a ROFS_DEFLATED, node->size of them, which the caller frees. NULL: there is no memory for them, or the
 * archive is damaged. */
unsigned char *rofs_inflate(const struct rofs_node *file);
/* How many children a folder has. */
uint64_t rofs_children(const struct rofs_node *folder);
/* The inode number, from 1. */
uint64_t rofs_inode(const struct rofs_node *node);

/* Shows one more folder at an absolute path, where the archive has nothing: what is opened there is that of descriptor
 * fd. What the archive lacks of the folders above is made, too. Without memory for it, it is not seen. */
void rofs_mount(const char *path, int64_t fd);
/* The descriptor that is seen in place of a folder, or -1. */
int64_t rofs_mounted(const struct rofs_node *node);
/* Whether it is one of those that rofs_mount() made. */
bool rofs_is_mount(const struct rofs_node *node);
/* Takes them away. Their nodes are no longer good then. */
void rofs_unmount_all(void);

/* While it is set, the host's files have no inode, device or times: what a snapshot is made of must not depend on those
 * of the build machine, of which numbers stay behind in memory that has been freed. */
extern bool rofs_hides_host;

/* For what starts a module from a saved memory (a snapshot): what the host had opened is forgotten, and the folders
 * that this host gives are asked for anew, by libc too. Files of the archive that are open stay open. To be called
 * before anything else that uses files. A module that is started from its beginning does not need it. */
void rofs_restart(void);

#endif
