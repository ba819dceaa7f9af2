/* A copy of a directory tree in memory. */
#include "wasi/tree.h"

#include <stdlib.h>
#include <string.h>

/* The entry that follows in a walk over the whole tree, in which a directory comes before its entries. (Without
 * recursion: directories may be nested deeply.) */
static struct tree_entry *next_entry(struct tree_entry *e)
{
    if (e->node->type == WASI_DIRECTORY && e->node->first)
        return e->node->first;
    while (!e->next && e->dir->parent) {
        const struct tree_node *dir = e->dir;

        for (e = dir->parent->first; e->node != dir;)
            e = e->next;
    }
    return e->next;
}

/* A file or a link keeps its content, and every node its number and times. */
static uint32_t take_content(struct tree_node *to, const struct tree_node *from)
{
    to->number = from->number;
    if (from->type == WASI_DIRECTORY || from->size == 0)
        return WASI_SUCCESS;
    return tree_set_content(to, from->bytes, from->size) ? WASI_SUCCESS : WASI_ENOMEM;
}

static void take_times(const struct tree_node *n)
{
    n->copy->mode = n->mode;
    n->copy->read = n->read;
    n->copy->changed = n->changed;
    n->copy->altered = n->altered;
}

static uint32_t copy_entry(const struct tree_entry *e)
{
    struct tree_place p = {.dir = e->dir->copy};
    struct tree_node *copy = e->node->copy;
    uint32_t error;

    strcpy(p.name, e->name);
    if (copy) {
        error = tree_link(&p, copy);
    } else {
        error = tree_create(&p, e->node->type, &copy);
        e->node->copy = copy;
        if (error == 0)
            error = take_content(copy, e->node);
    }
    if (error == 0)
        p.dir->last->serial = e->serial;
    return error;
}

void tree_forget_copies(struct tree *t)
{
    for (struct tree_entry *e = t->root->first; e; e = next_entry(e))
        e->node->copy = NULL;
    t->root->copy = NULL;
}

struct tree *tree_copy(struct tree *from)
{
    struct tree *t = tree_new(UINT64_MAX, UINT64_MAX);
    uint32_t error = t ? take_content(t->root, from->root) : WASI_ENOMEM;

    from->root->copy = t ? t->root : NULL;
    for (struct tree_entry *e = from->root->first; e && error == 0; e = next_entry(e))
        error = copy_entry(e);
    if (error) {
        if (t)
            tree_forget_copies(from);
        tree_free(t);
        return NULL;
    }
    take_times(from->root);
    for (struct tree_entry *e = from->root->first; e; e = next_entry(e))
        take_times(e->node);
    t->bytes_left = from->bytes_left;
    t->entries_left = from->entries_left;
    t->numbers = from->numbers;
    t->serials = from->serials;
    return t;
}

struct tree_node *tree_copy_removed(struct tree *t, const struct tree_node *n)
{
    struct tree_node *copy = tree_new_node(t, n->type);
    uint64_t left = t->bytes_left;

    if (copy && take_content(copy, n) == 0) {
        copy->mode = n->mode;
        t->bytes_left = left;
        return copy;
    }
    free(copy);
    return NULL;
}
