#include "memory-copy.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

/* Before each file, directory and link; its path and its content follow. */
struct item {
    uint32_t root, type, mode, path_n;
    uint64_t accessed, modified, size;
};

void memory_bytes_add(struct memory_bytes *b, const void *bytes, size_t n)
{
    if (n > b->room - b->n) {
        const size_t room = b->room + (b->room > n ? b->room : n) + 1024;
        unsigned char *more = b->failed ? NULL : realloc(b->at, room);

        b->failed = !more;
        if (!more)
            return;
        b->at = more;
        b->room = room;
    }
    memcpy(b->at + b->n, bytes, n);
    b->n += n;
}

struct copying {
    struct memory_bytes *to;
    int root;
    struct memory_place *place;
    char path[MEMORY_PATH];
};

static void add_content(struct memory_bytes *to, const struct memory_node *node, uint64_t size)
{
    unsigned char part[1024];
    const char *text;
    size_t n;

    text = memory_link_text(node, &n);
    if (text)
        memory_bytes_add(to, text, n);
    for (uint64_t at = 0; !text && at < size; at += n) {
        n = memory_read(node, at, part, sizeof part);
        memory_bytes_add(to, part, n);
    }
}

static void add(struct copying *c, struct memory_node *node)
{
    struct item item = {.root = (uint32_t)c->root, .path_n = (uint32_t)strlen(c->path)};
    __wasi_filestat_t stat;
    mode_t mode;

    memory_stat(node, &stat, &mode);
    item.type = stat.filetype;
    item.mode = mode;
    item.accessed = stat.atim;
    item.modified = stat.mtim;
    item.size = memory_is_folder(node) ? 0 : stat.size;
    memory_bytes_add(c->to, &item, sizeof item);
    memory_bytes_add(c->to, c->path, item.path_n);
    add_content(c->to, node, item.size);
}

/* (No deeper than a path has names.) */
static void add_all(struct copying *c, struct memory_node *folder)
{
    const size_t n = strlen(c->path);
    struct memory_entry e;

    /* "." and ".." come first. */
    for (uint64_t cookie = 2; memory_next(folder, cookie, &e); cookie = e.cookie + 1) {
        struct memory_node *node;

        if (n + 1 + e.n >= sizeof c->path)
            continue;
        c->path[n] = '/';
        memcpy(c->path + n + 1, e.name, e.n);
        c->path[n + 1 + e.n] = '\0';
        *c->place = (struct memory_place){0};
        strcpy(c->place->text, c->path + 1);
        if (memory_walk(memory_root(c->root), false, c->place) == 0 && (node = c->place->node)) {
            add(c, node);
            if (memory_is_folder(node))
                add_all(c, node);
        }
        c->path[n] = '\0';
    }
}

void memory_copy_out(struct memory_bytes *b, int root)
{
    struct memory_entry e;
    struct copying *c;

    if (!memory_next(memory_root(root), 2, &e))
        return;
    c = calloc(1, sizeof *c);
    if (c)
        c->place = malloc(sizeof *c->place);
    if (c && c->place) {
        c->to = b;
        c->root = root;
        add_all(c, memory_root(root));
    } else {
        b->failed = true;
    }
    if (c)
        free(c->place);
    free(c);
}

static __wasi_errno_t make(struct memory_place *place, const struct item *item, const unsigned char *content)
{
    uint64_t at = 0;
    __wasi_errno_t error;
    char *text;

    if (item->type == __WASI_FILETYPE_DIRECTORY)
        return memory_make_folder(place, (mode_t)item->mode);
    if (item->type == __WASI_FILETYPE_SYMBOLIC_LINK) {
        text = strndup((const char *)content, (size_t)item->size);
        error = text ? memory_make_link(place, text) : __WASI_ERRNO_NOMEM;
        free(text);
        return error;
    }
    error = memory_make_file(place, (mode_t)item->mode);
    while (!error && at < item->size) {
        size_t done = 0;

        error = memory_write(place->node, at, content + at, (size_t)(item->size - at), &done);
        at += done;
        if (!done)
            break;
    }
    return error;
}

bool memory_copy_in(const unsigned char *at, size_t n)
{
    struct memory_place *place = malloc(sizeof *place);
    struct item item;

    while (place && n >= sizeof item) {
        memcpy(&item, at, sizeof item);
        at += sizeof item;
        n -= sizeof item;
        if (item.root >= MEMORY_ROOTS || item.path_n < 2 || item.path_n > MEMORY_PATH || item.path_n > n ||
            item.size > n - item.path_n)
            break;
        *place = (struct memory_place){0};
        memcpy(place->text, at + 1, item.path_n - 1);
        /* (What there is no room for is missing.) */
        if (memory_walk(memory_root((int)item.root), false, place) == 0 && !place->node &&
            make(place, &item, at + item.path_n) == 0 && place->node)
            memory_set_times(place->node, item.accessed, item.modified, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM);
        at += item.path_n + item.size;
        n -= item.path_n + (size_t)item.size;
    }
    free(place);
    return n == 0;
}
