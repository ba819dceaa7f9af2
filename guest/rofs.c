#include "rofs.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The archive that was added, and the folder of the first one in whose place its root is seen. */
static struct {
    const unsigned char *archive;
    size_t size;
    const struct rofs_node *root, *folder;
} added;

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
    if (node == added.root && node)
        node = added.folder;
    return nodes_of(archive_of(node)) + node->parent;
}

const struct rofs_node *rofs_child_at(const struct rofs_node *folder, uint64_t i)
{
    return seen(nodes_of(archive_of(folder)) + folder->start + i);
}

const char *rofs_name(const struct rofs_node *node)
{
    const unsigned char *archive;

    if (node == added.root && node)
        node = added.folder;
    archive = archive_of(node);
    return (const char *)archive + header_of(archive)->names + node->name;
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

uint64_t rofs_inode(const struct rofs_node *node)
{
    const unsigned char *archive = archive_of(node);

    return (uint64_t)(node - nodes_of(archive)) + 1 + (archive == rofs_archive ? 0 : rofs_header()->nodes);
}

static int compare(const struct rofs_node *node, const char *name, size_t n)
{
    int order = memcmp(rofs_name(node), name, node->name_size < n ? node->name_size : n);

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
    return NULL;
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
