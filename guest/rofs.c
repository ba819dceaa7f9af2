#include "rofs.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The archive that was added, and the directory that its root replaces. */
static struct {
    const unsigned char *archive;
    size_t size;
    const struct rofs_node *root, *folder;
} added;

/* A directory that was added to those of the archive. There are few. */
static struct mount {
    struct rofs_node node;
    const struct rofs_node *parent;
    const char *name;
    struct mount *next;
    int64_t fd;
    uint64_t inode;
} * mounts;

static struct mount *mount_of(const struct rofs_node *node)
{
    struct mount *mount = mounts;

    while (mount && &mount->node != node)
        mount = mount->next;
    return mount;
}

static const struct rofs_header *header_of(const unsigned char *archive)
{
    return (const struct rofs_header *)archive;
}

static const struct rofs_node *nodes_of(const unsigned char *archive)
{
    return (const struct rofs_node *)(archive + sizeof(struct rofs_header));
}

static const unsigned char *archive_of(const struct rofs_node *node)
{
    return (uintptr_t)node - (uintptr_t)added.archive < added.size ? added.archive : rofs_archive;
}

static const struct rofs_node *seen(const struct rofs_node *node)
{
    return node == added.folder && node ? added.root : node;
}

const struct rofs_header *rofs_header(void)
{
    return header_of(rofs_archive);
}

const struct rofs_node *rofs_root(void)
{
    return nodes_of(rofs_archive);
}

const struct rofs_node *rofs_parent(const struct rofs_node *node)
{
    if (mount_of(node))
        return mount_of(node)->parent;
    if (added.root && node == added.root)
        node = added.folder;
    return nodes_of(archive_of(node)) + node->parent;
}

uint64_t rofs_children(const struct rofs_node *folder)
{
    uint64_t n = folder->size;

    for (const struct mount *mount = mounts; mount; mount = mount->next)
        n += mount->parent == folder;
    return n;
}

const struct rofs_node *rofs_child_at(const struct rofs_node *folder, uint64_t i)
{
    if (i >= folder->size) {
        const struct mount *mount = mounts;

        for (i -= folder->size; mount && (mount->parent != folder || i > 0); mount = mount->next)
            i -= mount->parent == folder;
        return &mount->node;
    }
    return seen(nodes_of(archive_of(folder)) + folder->start + i);
}

/* The name of a node that is in an archive. */
static const char *name_in_archive(const struct rofs_node *node)
{
    const unsigned char *archive;

    if (added.root && node == added.root)
        node = added.folder;
    archive = archive_of(node);
    return (const char *)archive + header_of(archive)->names + node->name;
}

const char *rofs_name(const struct rofs_node *node)
{
    return mount_of(node) ? mount_of(node)->name : name_in_archive(node);
}

static const unsigned char *unpacked(void)
{
    static unsigned char *bytes;
    const struct rofs_header *header = rofs_header();
    uLongf size = (uLongf)header->unpacked_size;

    if (bytes)
        return bytes;
    bytes = malloc(size + 1);
    if (bytes && uncompress(bytes, &size, rofs_archive + header->packed, header->packed_size) == Z_OK)
        return bytes;
    free(bytes);
    return bytes = NULL;
}

const unsigned char *rofs_bytes(const struct rofs_node *file)
{
    const unsigned char *bytes = file->kind == ROFS_PACKED ? unpacked() : archive_of(file);

    return bytes ? bytes + file->start : NULL;
}

unsigned char *rofs_inflate(const struct rofs_node *file)
{
    uLongf size = (uLongf)file->size;
    unsigned char *bytes = malloc(size + 1);

    if (bytes && uncompress(bytes, &size, archive_of(file) + file->start, file->deflated) == Z_OK && size == file->size)
        return bytes;
    free(bytes);
    return NULL;
}

uint64_t rofs_inode(const struct rofs_node *node)
{
    const unsigned char *archive = archive_of(node);

    if (mount_of(node))
        return mount_of(node)->inode;
    return (uint64_t)(node - nodes_of(archive)) + 1 + (archive == rofs_archive ? 0 : rofs_header()->nodes);
}

static int compare(const struct rofs_node *node, const char *name, size_t n)
{
    int order = memcmp(name_in_archive(node), name, node->name_size < n ? node->name_size : n);

    return order ? order : (node->name_size > n) - (node->name_size < n);
}

const struct rofs_node *rofs_child(const struct rofs_node *folder, const char *name, size_t n)
{
    uint64_t low = 0, high = folder->size;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        const struct rofs_node *node = rofs_child_at(folder, middle);
        int order = compare(node, name, n);

        if (!order)
            return node;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (const struct mount *mount = mounts; mount; mount = mount->next)
        if (mount->parent == folder && mount->node.name_size == n && !memcmp(mount->name, name, n))
            return &mount->node;
    return NULL;
}

static struct mount *add_mount(const struct rofs_node *parent, const char *name, size_t n)
{
    /* Inodes above those of the archives, which have at most 2^32 nodes. */
    static uint64_t last_inode = UINT64_C(1) << 40;
    struct mount *mount = malloc(sizeof *mount + n), **end = &mounts;

    if (!mount)
        return NULL;
    *mount = (struct mount){.node = {.kind = ROFS_FOLDER, .name_size = (uint16_t)n},
                            .parent = parent,
                            .name = memcpy(mount + 1, name, n),
                            .fd = -1,
                            .inode = ++last_inode};
    /* At the end, so that entries of a listing keep their places. */
    while (*end)
        end = &(*end)->next;
    return *end = mount;
}

void rofs_mount(const char *path, int64_t fd)
{
    const struct rofs_node *node = rofs_root();
    struct mount *mount = NULL;

    for (size_t n; *path; path += n) {
        const struct rofs_node *child;

        path += strspn(path, "/");
        n = strcspn(path, "/");
        if (n == 0 || (n == 1 && *path == '.'))
            continue;
        if (n > UINT8_MAX || node->kind != ROFS_FOLDER || (n == 2 && !memcmp(path, "..", n)))
            return;
        child = rofs_child(node, path, n);
        mount = child ? mount_of(child) : add_mount(node, path, n);
        if (!child && !mount)
            return;
        node = child ? child : &mount->node;
    }
    if (mount)
        mount->fd = fd;
}

int64_t rofs_mounted(const struct rofs_node *node)
{
    return mount_of(node) ? mount_of(node)->fd : -1;
}

bool rofs_is_mount(const struct rofs_node *node)
{
    return mount_of(node) != NULL;
}

void rofs_unmount_all(void)
{
    while (mounts) {
        struct mount *next = mounts->next;

        free(mounts);
        mounts = next;
    }
}

bool rofs_add(unsigned char *archive, size_t size)
{
    const struct rofs_node *folder = rofs_root();
    const struct rofs_header *header = header_of(archive);
    struct rofs_node *root;

    for (const char *name = ROFS_APP; name && folder; name = strchr(name, '/')) {
        name += *name == '/';
        folder = rofs_child(folder, name, strcspn(name, "/"));
    }
    if (added.archive || !folder || folder->kind != ROFS_FOLDER || size < sizeof *header ||
        memcmp(header->magic, ROFS_MAGIC, sizeof header->magic) != 0 || header->size != size ||
        header->packed_size != 0 || header->nodes == 0 || header->nodes > (size - sizeof *header) / sizeof *root)
        return false;
    root = (struct rofs_node *)(archive + sizeof *header);
    root->name_size = folder->name_size;
    added.archive = archive;
    added.size = size;
    added.folder = folder;
    added.root = root;
    return true;
}
