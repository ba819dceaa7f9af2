#include "rofs.h"

#include <string.h>

const struct rofs_header *rofs_header(void)
{
    return (const struct rofs_header *)rofs_archive;
}

const struct rofs_node *rofs_root(void)
{
    return (const struct rofs_node *)(rofs_archive + sizeof(struct rofs_header));
}

const struct rofs_node *rofs_parent(const struct rofs_node *node)
{
    return rofs_root() + node->parent;
}

const struct rofs_node *rofs_child_at(const struct rofs_node *folder, uint64_t i)
{
    return rofs_root() + folder->start + i;
}

const char *rofs_name(const struct rofs_node *node)
{
    return (const char *)rofs_archive + rofs_header()->names + node->name;
}

const unsigned char *rofs_bytes(const struct rofs_node *file)
{
    return rofs_archive + file->start;
}

uint64_t rofs_inode(const struct rofs_node *node)
{
    return (uint64_t)(node - rofs_root()) + 1;
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
