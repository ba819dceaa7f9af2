/* Directories in memory. */
#include "api/internal.h"

#include "wasi/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_BYTES = 64 << 20, DEFAULT_NAMES = 10000 };

/* Takes the tree; NULL: there is none. */
static struct wlpy_files *with_tree(struct tree *tree)
{
    struct wlpy_files *f = tree ? malloc(sizeof *f) : NULL;

    if (!f) {
        tree_free(tree);
        return NULL;
    }
    f->tree = tree;
    atomic_init(&f->used, false);
    return f;
}

struct wlpy_files *wlpy_files_new(uint64_t most_bytes, uint64_t most_names)
{
    return with_tree(tree_new(most_bytes ? most_bytes : DEFAULT_BYTES, most_names ? most_names : DEFAULT_NAMES));
}

struct wlpy_files *files_copy(const struct wlpy_files *files)
{
    return with_tree(tree_copy(files->tree));
}

void wlpy_files_free(struct wlpy_files *files)
{
    if (!files)
        return;
    tree_free(files->tree);
    free(files);
}

static int refuse(const char *what, const char *path, uint32_t error, struct wlpy_err *err)
{
    static const struct {
        uint32_t error;
        const char *text;
    } texts[] = {{WASI_EDQUOT, "the limit of the directory in memory is reached"},
                 {WASI_EISDIR, "it is a directory"},
                 {WASI_ELOOP, "links lead in a circle"},
                 {WASI_ENAMETOOLONG, "the name is too long"},
                 {WASI_ENOENT, "there is no such file"},
                 {WASI_ENOMEM, "out of memory"},
                 {WASI_ENOSPC, "out of memory"},
                 {WASI_ENOTDIR, "a part of the path is not a directory"},
                 {WASI_ENOTEMPTY, "the directory is not empty"},
                 {WASI_EPERM, "the path leads out of the directory in memory"}};
    const char *text = "it is not possible";
    struct err e;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].error == error)
            text = texts[i].text;
    err_set(&e, ERR_SETUP, "cannot %s %s: %s", what, path, text);
    return api_err(&e, err);
}

/* Makes the directories above the last part of a path. */
static uint32_t make_dirs(struct tree *t, const char *path)
{
    char part[TREE_PATH_MAX];
    struct tree_place p;
    uint32_t e;

    if (strlen(path) >= sizeof part)
        return WASI_ENAMETOOLONG;
    for (const char *slash = *path ? strchr(path + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        memcpy(part, path, (size_t)(slash - path));
        part[slash - path] = '\0';
        e = tree_find(t->root, part, true, &p);
        if (e == 0 && !p.node)
            e = tree_create(&p, WASI_DIRECTORY, NULL);
        if (e)
            return e;
    }
    return WASI_SUCCESS;
}

static uint32_t put(struct tree *t, const char *path, const void *bytes, size_t size)
{
    struct tree_node *node;
    struct tree_place p;
    size_t written;
    uint32_t e = make_dirs(t, path);

    if (e == 0)
        e = tree_find(t->root, path, true, &p);
    if (e)
        return e;
    node = p.node;
    if (p.slash || (node && node->type == WASI_DIRECTORY))
        return WASI_EISDIR;
    if (!node)
        e = tree_create(&p, WASI_REGULAR_FILE, &node);
    if (e)
        return e;
    /* (Half a file would be taken for a whole one.) */
    if (size > node->size && size - node->size > t->bytes_left)
        e = WASI_EDQUOT;
    else
        e = tree_resize(node, size);
    if (e == 0)
        return size ? tree_write(node, 0, bytes, size, &written) : WASI_SUCCESS;
    if (!p.node && tree_find(t->root, path, true, &p) == 0)
        tree_remove(&p, false);
    return e;
}

int wlpy_files_put(struct wlpy_files *files, const char *path, const void *bytes, size_t size, struct wlpy_err *err)
{
    uint32_t e;

    if (!files || !path || (size && !bytes))
        return api_null("files, a path or the content of a file", err);
    e = put(files->tree, path, bytes, size);
    return e ? refuse("write", path, e, err) : 0;
}

int wlpy_files_get(struct wlpy_files *files, const char *path, const void **bytes, size_t *size, struct wlpy_err *err)
{
    struct tree_place p;
    uint32_t e;

    if (!files || !path || !bytes || !size)
        return api_null("files, a path or the place for the content of a file", err);
    e = tree_find(files->tree->root, path, true, &p);
    *bytes = NULL;
    *size = 0;
    if (e == 0 && (!p.node || p.node->type != WASI_REGULAR_FILE))
        e = p.node ? WASI_EISDIR : WASI_ENOENT;
    if (e)
        return refuse("read", path, e, err);
    *bytes = p.node->bytes ? (const void *)p.node->bytes : "";
    *size = p.node->size;
    return 0;
}

int wlpy_files_remove(struct wlpy_files *files, const char *path, struct wlpy_err *err)
{
    struct tree_place p;
    uint32_t e;

    if (!files || !path)
        return api_null("files or a path", err);
    e = tree_find(files->tree->root, path, false, &p);
    if (e == 0)
        e = tree_remove(&p, p.node && p.node->type == WASI_DIRECTORY);
    return e ? refuse("remove", path, e, err) : 0;
}

/* A path that grows and shrinks while the tree is walked. */
struct path {
    char *text;
    size_t n, room;
};

static bool enter(struct path *p, const char *name, bool directory)
{
    size_t n = p->n + strlen(name) + 2;

    if (!p->text || n > p->room) {
        char *more = realloc(p->text, 2 * n);

        if (!more)
            return false;
        p->text = more;
        p->room = 2 * n;
    }
    p->n += (size_t)sprintf(p->text + p->n, "%s%s", name, directory ? "/" : "");
    return true;
}

static void leave(struct path *p, const char *name, bool directory)
{
    p->n -= strlen(name) + directory;
}

/* (Without recursion, as in tree_free(): directories may be nested deeply.) */
int wlpy_files_list(struct wlpy_files *files, int (*each)(void *arg, const char *path, int64_t size), void *arg)
{
    const struct tree_entry *e = files && each ? files->tree->root->first : NULL;
    struct path path = {0};
    int r = files && each ? 0 : -WLPY_E_SETUP;

    while (e && r == 0) {
        const struct tree_node *n = e->node;
        bool directory = n->type == WASI_DIRECTORY;

        if (!enter(&path, e->name, directory)) {
            r = -WLPY_E_SETUP;
            break;
        }
        r = each(arg, path.text, directory ? 0 : n->type == WASI_SYMBOLIC_LINK ? -1 : (int64_t)n->size);
        if (directory && n->first) {
            e = n->first;
            continue;
        }
        leave(&path, e->name, directory);
        while (!e->next && e->dir->parent) {
            const struct tree_node *dir = e->dir;

            /* The entry of the directory that ends here. */
            e = dir->parent->first;
            while (e->node != dir)
                e = e->next;
            leave(&path, e->name, true);
        }
        e = e->next;
    }
    free(path.text);
    return r;
}
