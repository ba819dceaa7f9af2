/* What is remembered of descriptors besides what they are: by which paths the host's were opened, and which of the
 * guest's a new process inherits. */
#include "vfs.h"

#include <stdlib.h>

/* ---- paths of opened directories ---- */

/* By the host's numbers. NULL: unknown. */
static char **paths;
static size_t paths_n;

void vfs_note_path(int64_t host, int64_t above, const char *path)
{
    char *of = above < 0 ? NULL : vfs_path_of(above), *whole;
    size_t n;

    vfs_forget_path(host);
    if (host < 0 || !of)
        return;
    if ((size_t)host >= paths_n) {
        const size_t more = ((size_t)host + 1) * 2;
        char **bigger = host < VFS_FIRST ? realloc(paths, more * sizeof *bigger) : NULL;

        if (!bigger) {
            free(of);
            return;
        }
        memset(bigger + paths_n, 0, (more - paths_n) * sizeof *bigger);
        paths = bigger;
        paths_n = more;
    }
    n = strlen(of);
    if (!strcmp(path, ".")) {
        paths[host] = of;
        return;
    }
    /* (No call takes a path that is longer.) */
    whole = n + strlen(path) + 2 > VFS_PATH ? NULL : realloc(of, n + strlen(path) + 2);
    if (!whole) {
        free(of);
        return;
    }
    whole[n] = '/';
    strcpy(whole + n + 1, path);
    paths[host] = whole;
}

void vfs_forget_path(int64_t host)
{
    if (host < 0 || (uint64_t)host >= paths_n)
        return;
    free(paths[host]);
    paths[host] = NULL;
}

void vfs_move_path(int64_t from, int64_t to)
{
    char *path = from >= 0 && (uint64_t)from < paths_n ? paths[from] : NULL;

    vfs_forget_path(to);
    if (!path || to < 0 || (uint64_t)to >= paths_n)
        return;
    paths[from] = NULL;
    paths[to] = path;
}

char *vfs_path_of(int64_t host)
{
    char *name, *path;

    if (host >= 0 && (uint64_t)host < paths_n && paths[host])
        return strdup(paths[host]);
    name = vfs_name_of_mapped(host);
    path = name && *name ? malloc(strlen(name) + 2) : NULL;
    if (path) {
        *path = '/';
        strcpy(path + 1, name);
    }
    free(name);
    return path;
}

bool vfs_is_opened(int64_t host)
{
    return host >= 0 && (uint64_t)host < paths_n && paths[host];
}

/* ---- inherited descriptors ---- */

/* The guest's numbers, in no order. */
static int64_t *inherited;
static size_t inherited_n, inherited_room;

bool vfs_is_inherited(int64_t fd)
{
    for (size_t i = 0; i < inherited_n; i++)
        if (inherited[i] == fd)
            return true;
    return false;
}

error_t vfs_inherit(int64_t fd, bool inherits)
{
    for (size_t i = 0; i < inherited_n; i++)
        if (inherited[i] == fd) {
            if (!inherits)
                inherited[i] = inherited[--inherited_n];
            return 0;
        }
    if (!inherits)
        return 0;
    if (inherited_n == inherited_room) {
        const size_t more = inherited_room ? 2 * inherited_room : 8;
        int64_t *bigger = realloc(inherited, more * sizeof *bigger);

        if (!bigger)
            return __WASI_ERRNO_NOMEM;
        inherited = bigger;
        inherited_room = more;
    }
    inherited[inherited_n++] = fd;
    return 0;
}

int64_t vfs_inherited(size_t at)
{
    return at < inherited_n ? inherited[at] : -1;
}

void vfs_forget_notes(void)
{
    enum { STREAMS = 3 };

    for (size_t i = 0; i < paths_n; i++)
        vfs_forget_path((int64_t)i);
    inherited_n = 0;
    for (int64_t fd = 0; fd < STREAMS; fd++)
        (void)vfs_inherit(fd, true);
}
