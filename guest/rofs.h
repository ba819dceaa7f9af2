/* A read-only file system inside the module: the archives that hold its files, and the lookup of names in them.
 *
 * The module is linked with one archive. Another can be added while it runs: that of an app, whose files are seen in
 * the directory ROFS_APP. An archive is one piece of memory that never changes, so the bytes of a file are used in
 * place. All numbers are little-endian, and all offsets count from the first byte of the archive:
 *
 *   struct rofs_header
 *   struct rofs_node[nodes]: node 0 is the root and its own parent; the children of a directory are consecutive, sorted
 * by the bytes of their names the names, one after the other, not terminated the bytes of the files, each aligned to
 * 16; files with the same bytes share them. Those of a deflated file are compressed by zlib, and inflated while it is
 * open. the bytes of small files that are rarely read (time zones), one after the other, compressed together by zlib.
 * When the first of them is read, all are inflated into memory that is kept. Only the first archive can have such
 * files.
 *
 * tools/rofs-pack/rofs-pack.c makes an archive from a directory, and guest/rofs-data.s puts it into the module. */
#ifndef WL_ROFS_H
#define WL_ROFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROFS_MAGIC "wl-rofs"
/* The directory, in the first archive, in which an added archive is seen. */
#define ROFS_APP "usr/local/app"

struct rofs_header {
    char magic[8];                /* ROFS_MAGIC and its NUL */
    uint32_t nodes;               /* how many; at least the root */
    uint32_t names;               /* where the names begin */
    uint64_t size;                /* of the archive */
    uint64_t time;                /* modification time of all files, in nanoseconds since 1970 */
    uint32_t packed, packed_size; /* offset and size of the compressed bytes */
    uint64_t unpacked_size;       /* their size after inflating */
};

/* All but the first are files: as they are, compressed together with others, compressed by itself. */
enum rofs_kind { ROFS_FOLDER = 0, ROFS_FILE = 1, ROFS_PACKED = 2, ROFS_DEFLATED = 3 };

struct rofs_node {
    uint32_t parent; /* index of its directory */
    uint32_t name;   /* offset in the names; the root has no name */
    uint16_t name_size;
    uint16_t kind;     /* enum rofs_kind */
    uint32_t deflated; /* ROFS_DEFLATED: its size in the archive */
    uint64_t start; /* file: offset of its bytes, in the inflated bytes if it is packed; directory: index of its first
                       child */
    uint64_t size;  /* file: number of bytes; directory: number of children */
};

/* The archive that the module is linked with. */
extern const unsigned char rofs_archive[];

/* Adds an archive, whose files are seen in ROFS_APP. It must be aligned to 16 bytes and stay where it is; its root is
 * modified. false: it is not an archive of `size` bytes, the first archive has no ROFS_APP, or one was added before. */
bool rofs_add(unsigned char *archive, size_t size);

/* The root of all. */
const struct rofs_node *rofs_root(void);
const struct rofs_header *rofs_header(void);
/* The directory of a node; for the root, the root. */
const struct rofs_node *rofs_parent(const struct rofs_node *node);
/* The child of a directory with this name (n bytes, no '/'), or NULL. */
const struct rofs_node *rofs_child(const struct rofs_node *folder, const char *name, size_t n);
/* Child i of a directory; i < rofs_children(directory). */
const struct rofs_node *rofs_child_at(const struct rofs_node *folder, uint64_t i);
/* A node's name, node->name_size bytes, not terminated. */
const char *rofs_name(const struct rofs_node *node);
/* The node->size bytes of a file, but not of a ROFS_DEFLATED. NULL: it is packed, and there is not enough memory to
 * unpack it. */
const unsigned char *rofs_bytes(const struct rofs_node *file);
/* The bytes of a ROFS_DEFLATED, node->size of them, which the caller frees. NULL: there is no memory for them, or the
 * archive is damaged. */
unsigned char *rofs_inflate(const struct rofs_node *file);
/* The number of children of a directory. */
uint64_t rofs_children(const struct rofs_node *folder);
/* The inode number, which is at least 1. */
uint64_t rofs_inode(const struct rofs_node *node);

/* Shows a further directory at an absolute path at which the archive has nothing; opening it leads to the directory
 * of descriptor fd. Missing directories above it are added, too. If there is not enough memory, it is not seen. */
void rofs_mount(const char *path, int64_t fd);
/* The descriptor of a directory that was added by rofs_mount(), or -1. */
int64_t rofs_mounted(const struct rofs_node *node);
/* Whether rofs_mount() added this directory. */
bool rofs_is_mount(const struct rofs_node *node);
/* Removes all of these directories. Their nodes become invalid. */
void rofs_unmount_all(void);

/* While this is set, files of the host have no inode, device and times. A snapshot must not depend on those of the
 * build machine, and they would remain in freed memory. */
extern bool rofs_hides_host;

/* For the start of a snapshot: forgets what the former host had opened, and lists the mapped directories of this
 * host, also in libc. Open files of the archive stay open. It must be called before anything else uses files. A
 * module that starts from its beginning does not need it. */
void rofs_restart(void);

#endif
