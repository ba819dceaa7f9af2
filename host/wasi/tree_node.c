/* The parts of a tree in memory: nodes with their contents, and entries. */
#include "wasi/tree.h"

#include <stdlib.h>
#include <string.h>

struct timespec tree_now(const struct tree *tree)
{
    const uint64_t second = 1000000000;
    struct timespec t = {0};
    uint64_t ns;

    if (!tree->clock)
        clock_gettime(CLOCK_REALTIME, &t);
    ns = tree->clock ? *tree->clock : (uint64_t)t.tv_sec * second + (uint64_t)t.tv_nsec;
    if (tree->clock_ns)
        ns -= ns % tree->clock_ns;
    return (struct timespec){(time_t)(ns / second), (long)(ns % second)};
}

struct tree_node *tree_new_node(struct tree *t, uint8_t type)
{
    struct tree_node *n = calloc(1, sizeof *n);

    if (!n)
        return NULL;
    n->tree = t;
    n->type = type;
    n->mode = type == WASI_REGULAR_FILE ? 0644 : type == WASI_DIRECTORY ? 0755 : 0777;
    n->number = ++t->numbers;
    n->read = n->changed = n->altered = tree_now(t);
    return n;
}

void tree_free_unused(struct tree_node *n)
{
    if (n->links || n->holders)
        return;
    n->tree->bytes_left += n->size;
    free(n->bytes);
    free(n);
}

void tree_drop(struct tree_node *n)
{
    n->holders--;
    tree_free_unused(n);
}

bool tree_set_content(struct tree_node *n, const void *bytes, size_t size)
{
    n->bytes = malloc(size);
    if (!n->bytes)
        return false;
    memcpy(n->bytes, bytes, size);
    n->size = n->room = size;
    n->tree->bytes_left -= size;
    return true;
}

struct tree_entry *tree_new_entry(const char *name)
{
    struct tree_entry *e = calloc(1, sizeof *e);

    if (e && (e->name = strdup(name)))
        return e;
    free(e);
    return NULL;
}

void tree_free_entry(struct tree_entry *e)
{
    free(e->name);
    free(e);
}
