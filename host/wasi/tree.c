#include "wasi/tree.h"

#include "wasi/name.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_LINKS = 40 };

/* ---- entries ---- */

static struct tree_entry **bucket(struct tree *t, const struct tree_node *dir, const char *name)
{
    uint64_t h = UINT64_C(14695981039346656037) ^ (uintptr_t)dir;

    for (const char *p = name; *p; p++)
        h = (h ^ (uint8_t)*p) * UINT64_C(1099511628211);
    return &t->buckets[(h >> 32) % TREE_BUCKETS];
}

static struct tree_entry *look_up(struct tree_node *dir, const char *name)
{
    struct tree_entry *e = *bucket(dir->tree, dir, name);

    while (e && (e->dir != dir || strcmp(e->name, name) != 0))
        e = e->next_in_bucket;
    return e;
}

static uint32_t add_entry(struct tree_node *dir, const char *name, struct tree_node *node)
{
    struct tree_entry *e, **b = bucket(dir->tree, dir, name);

    if (dir != dir->tree->root && !dir->parent)
        return WASI_ENOENT;
    /* (Callers of the library see these names as text.) */
    if (!wasi_is_text(name))
        return WASI_EILSEQ;
    if (dir->tree->entries_left == 0)
        return WASI_EDQUOT;
    e = tree_new_entry(name);
    if (!e)
        return WASI_ENOMEM;
    *e = (struct tree_entry){.name = e->name,
                             .node = node,
                             .dir = dir,
                             .serial = ++dir->tree->serials,
                             .before = dir->last,
                             .next_in_bucket = *b};
    *b = e;
    dir->tree->entries_left--;
    *(dir->last ? &dir->last->next : &dir->first) = e;
    dir->last = e;
    node->links++;
    if (node->type == WASI_DIRECTORY)
        node->parent = dir;
    dir->changed = dir->altered = node->altered = tree_now(dir->tree);
    return WASI_SUCCESS;
}

static void remove_entry(struct tree_entry *e)
{
    struct tree_node *dir = e->dir, *node = e->node;
    struct tree_entry **at = bucket(dir->tree, dir, e->name);

    while (*at != e)
        at = &(*at)->next_in_bucket;
    *at = e->next_in_bucket;
    *(e->before ? &e->before->next : &dir->first) = e->next;
    *(e->next ? &e->next->before : &dir->last) = e->before;
    dir->changed = dir->altered = node->altered = tree_now(dir->tree);
    tree_free_entry(e);
    dir->tree->entries_left++;
    node->links--;
    if (node->type == WASI_DIRECTORY)
        node->parent = NULL;
    tree_free_unused(node);
}

const struct tree_entry *tree_after(const struct tree_node *dir, uint64_t serial)
{
    const struct tree_entry *e = dir->first;

    while (e && e->serial <= serial)
        e = e->next;
    return e;
}

/* ---- trees ---- */

struct tree *tree_new(uint64_t most_bytes, uint64_t most_entries)
{
    struct tree *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->bytes_left = most_bytes;
    t->entries_left = most_entries;
    t->root = tree_new_node(t, WASI_DIRECTORY);
    if (!t->root) {
        free(t);
        return NULL;
    }
    t->root->links = 1;
    return t;
}

/* (Without recursion: directories may be nested as deep as there may be nodes.) */
void tree_free(struct tree *t)
{
    struct tree_node *dir;

    if (!t)
        return;
    dir = t->root;
    while (dir) {
        struct tree_node *up = dir->parent;

        if (!dir->last) {
            if (up)
                remove_entry(up->last);
            dir = up;
        } else if (dir->last->node->type == WASI_DIRECTORY) {
            dir = dir->last->node;
        } else {
            remove_entry(dir->last);
        }
    }
    free(t->root);
    free(t);
}

/* ---- paths ---- */

/* The parts of a path that are still to be followed; a link's target is put before them. */
struct walk {
    struct tree_node *base, *at;
    char rest[2 * TREE_PATH_MAX];
    unsigned links;
};

static uint32_t go_up(struct walk *w)
{
    if (w->at == w->base)
        return WASI_EPERM;
    if (!w->at->parent)
        return WASI_ENOENT;
    w->at = w->at->parent;
    return WASI_SUCCESS;
}

static uint32_t follow_link(struct walk *w, const struct tree_node *link, const char *rest)
{
    char copy[2 * TREE_PATH_MAX];
    size_t n = strlen(rest);

    if (++w->links > MOST_LINKS)
        return WASI_ELOOP;
    if (link->size == 0)
        return WASI_ENOENT;
    if (link->bytes[0] == '/')
        return WASI_EPERM;
    if (link->size + n + 2 > sizeof copy)
        return WASI_ENAMETOOLONG;
    memcpy(copy, link->bytes, link->size);
    copy[link->size] = '/';
    memcpy(copy + link->size + (n > 0), rest, n + 1);
    memcpy(w->rest, copy, link->size + (n > 0) + n + 1);
    return WASI_SUCCESS;
}

/* Takes the next part: true if it is the last. */
static bool next_part(const char *rest, size_t *n, const char **after)
{
    *n = strcspn(rest, "/");
    *after = rest + *n;
    while (**after == '/')
        ++*after;
    return !**after;
}

uint32_t tree_find(struct tree_node *from, const char *path, bool follow, struct tree_place *p)
{
    struct walk w = {.base = from, .at = from};
    const char *rest = w.rest, *after;
    uint32_t e;
    size_t n;

    if (!*path)
        return WASI_ENOENT;
    if (*path == '/')
        return WASI_EPERM;
    if (strlen(path) >= TREE_PATH_MAX)
        return WASI_ENAMETOOLONG;
    strcpy(w.rest, path);
    for (;;) {
        bool last = next_part(rest, &n, &after), slash = rest[n] == '/';

        if (n > TREE_NAME_MAX)
            return WASI_ENAMETOOLONG;
        *p = (struct tree_place){.dir = w.at, .slash = last && slash};
        memcpy(p->name, rest, n);
        if (!strcmp(p->name, ".") || !strcmp(p->name, "..")) {
            e = n == 2 ? go_up(&w) : WASI_SUCCESS;
            p->dir = p->node = w.at;
            if (e || last)
                return e;
            rest = after;
            continue;
        }
        p->entry = look_up(w.at, p->name);
        p->node = p->entry ? p->entry->node : NULL;
        if (p->node && p->node->type == WASI_SYMBOLIC_LINK && (!last || follow || slash)) {
            /* (What is left of a path that ends here is at most its slash.) */
            char left[TREE_PATH_MAX * 2];

            strcpy(left, last ? (slash ? "./" : "") : after);
            e = follow_link(&w, p->node, left);
            if (e)
                return e;
            rest = w.rest;
            continue;
        }
        if (last)
            return p->slash && p->node && p->node->type != WASI_DIRECTORY ? WASI_ENOTDIR : WASI_SUCCESS;
        if (!p->node || p->node->type != WASI_DIRECTORY)
            return p->node ? WASI_ENOTDIR : WASI_ENOENT;
        w.at = p->node;
        rest = after;
    }
}

/* ---- changes ---- */

uint32_t tree_create(const struct tree_place *p, uint8_t type, struct tree_node **node)
{
    struct tree_node *n;
    uint32_t e;

    if (p->node)
        return WASI_EEXIST;
    n = tree_new_node(p->dir->tree, type);
    if (!n)
        return WASI_ENOMEM;
    e = add_entry(p->dir, p->name, n);
    if (e)
        tree_free_unused(n);
    else if (node)
        *node = n;
    return e;
}

uint32_t tree_link(const struct tree_place *p, struct tree_node *node)
{
    if (p->node)
        return WASI_EEXIST;
    if (p->slash)
        return WASI_ENOENT;
    if (node->type == WASI_DIRECTORY)
        return WASI_EPERM;
    return add_entry(p->dir, p->name, node);
}

uint32_t tree_remove(const struct tree_place *p, bool directory)
{
    if (!p->node)
        return WASI_ENOENT;
    if (directory && p->node->type != WASI_DIRECTORY)
        return WASI_ENOTDIR;
    if (!directory && p->node->type == WASI_DIRECTORY)
        return WASI_EISDIR;
    if (!p->entry)
        return directory ? WASI_EINVAL : WASI_EISDIR;
    if (!directory && p->slash)
        return WASI_ENOTDIR;
    if (directory && p->node->first)
        return WASI_ENOTEMPTY;
    remove_entry(p->entry);
    return WASI_SUCCESS;
}

static bool is_inside(const struct tree_node *dir, const struct tree_node *of)
{
    while (dir && dir != of)
        dir = dir->parent;
    return dir != NULL;
}

static uint32_t check_rename(const struct tree_place *old, const struct tree_place *to)
{
    if (!old->node)
        return WASI_ENOENT;
    if (!old->entry || (to->node && !to->entry))
        return WASI_EBUSY;
    if (to->node == old->node)
        return old->slash || to->slash ? (old->node->type == WASI_DIRECTORY ? WASI_SUCCESS : WASI_ENOTDIR)
                                       : WASI_SUCCESS;
    if (old->node->type == WASI_DIRECTORY && is_inside(to->dir, old->node))
        return WASI_EINVAL;
    if (old->node->type != WASI_DIRECTORY && to->slash)
        return WASI_ENOTDIR;
    if (!to->node)
        return WASI_SUCCESS;
    if (to->node->type == WASI_DIRECTORY && old->node->type != WASI_DIRECTORY)
        return WASI_EISDIR;
    if (to->node->type != WASI_DIRECTORY && old->node->type == WASI_DIRECTORY)
        return WASI_ENOTDIR;
    return to->node->first ? WASI_ENOTEMPTY : WASI_SUCCESS;
}

uint32_t tree_rename(const struct tree_place *old, const struct tree_place *to)
{
    struct tree_node *node = old->node;
    uint32_t e = check_rename(old, to);

    if (e || to->node == node)
        return e;
    /* (The new entry first: if there is no memory for it, nothing has changed. For a moment that is one more.) */
    node->tree->entries_left++;
    e = add_entry(to->dir, to->name, node);
    if (e) {
        node->tree->entries_left--;
        return e;
    }
    if (to->entry)
        remove_entry(to->entry);
    remove_entry(old->entry);
    node->tree->entries_left--;
    if (node->type == WASI_DIRECTORY)
        node->parent = to->dir;
    return WASI_SUCCESS;
}

/* ---- contents ---- */

size_t tree_read(struct tree_node *n, uint64_t at, void *to, size_t size)
{
    if (at >= n->size)
        return 0;
    if (size > n->size - at)
        size = n->size - (size_t)at;
    memcpy(to, n->bytes + at, size);
    n->read = tree_now(n->tree);
    return size;
}

/* Room grows by half, so that many small writes are few copies. */
static uint32_t make_room(struct tree_node *n, size_t size)
{
    size_t room = n->room;
    uint8_t *bytes;

    if (size <= room)
        return WASI_SUCCESS;
    room = size > room + room / 2 ? size : room + room / 2;
    bytes = realloc(n->bytes, room);
    if (!bytes)
        return WASI_ENOSPC;
    n->bytes = bytes;
    n->room = room;
    return WASI_SUCCESS;
}

uint32_t tree_resize(struct tree_node *n, uint64_t size)
{
    struct tree *t = n->tree;
    uint64_t more = size > n->size ? size - n->size : 0;
    uint32_t e;

    if (more > t->bytes_left)
        return WASI_EDQUOT;
    e = make_room(n, (size_t)size);
    if (e)
        return e;
    if (more)
        memset(n->bytes + n->size, 0, (size_t)more);
    t->bytes_left += n->size;
    n->size = (size_t)size;
    t->bytes_left -= n->size;
    n->changed = n->altered = tree_now(n->tree);
    if (n->size == 0) {
        free(n->bytes);
        n->bytes = NULL;
        n->room = 0;
    }
    return WASI_SUCCESS;
}

uint32_t tree_write(struct tree_node *n, uint64_t at, const void *from, size_t size, size_t *written)
{
    uint64_t most = n->size + n->tree->bytes_left;
    uint32_t e;

    *written = 0;
    if (size == 0)
        return WASI_SUCCESS;
    /* What fits is written, as on a disk. */
    if (at >= most)
        return at > INT64_MAX ? WASI_EFBIG : WASI_EDQUOT;
    if (size > most - at)
        size = (size_t)(most - at);
    if (at + size > n->size) {
        e = tree_resize(n, at + size);
        if (e)
            return e;
    }
    memcpy(n->bytes + at, from, size);
    n->changed = n->altered = tree_now(n->tree);
    *written = size;
    return WASI_SUCCESS;
}
