/* Symbolic links in mapped directories of the host. */
#include "vfs.h"

#include <stdlib.h>
#include <string.h>

bool vfs_expand_link(int64_t host, const char *path, bool follow, char expanded[VFS_PATH])
{
    char *top = vfs_name_of_mapped(host), part[VFS_PATH], text[VFS_PATH];
    const char *end = path, *begin;
    bool found = false;

    while (!found && *end && strlen(path) < sizeof part) {
        __wasi_filestat_t stat;
        __wasi_size_t n;

        begin = end + strspn(end, "/");
        end = begin + strcspn(begin, "/");
        if (!*begin || (!*end && !follow))
            break;
        memcpy(part, path, (size_t)(end - path));
        part[end - path] = '\0';
        if (REAL(path_filestat_get)((__wasi_fd_t)host, 0, part, &stat))
            break;
        if (stat.filetype != __WASI_FILETYPE_SYMBOLIC_LINK)
            continue;
        if (REAL(path_readlink)((__wasi_fd_t)host, part, (uint8_t *)text, sizeof text - 1, &n))
            break;
        text[n] = '\0';
        part[begin - path] = '\0';
        n = (__wasi_size_t)(strlen(text) + strlen(end));
        if (*text == '/' && n < VFS_PATH) {
            strcpy(expanded, text);
            found = true;
        } else if (*text != '/' && n + (top ? strlen(top) : 0) + strlen(part) + 3 < VFS_PATH) {
            *expanded = '\0';
            if (top && *top)
                strcat(strcat(strcat(expanded, "/"), top), "/");
            strcat(strcat(expanded, part), text);
            found = true;
        }
        if (found)
            strcat(expanded, end);
    }
    free(top);
    return found;
}

/* Whether a path of the host, up to its last name, has neither ".." nor links, so that each of its names leads one
 * directory down. */
static bool leads_down(int64_t host, const char *path)
{
    const char *end = strchr(path, '/');
    char part[VFS_PATH];

    if (strlen(path) >= sizeof part)
        return false;
    for (; end; end = strchr(end + 1, '/')) {
        __wasi_filestat_t stat;
        const size_t n = (size_t)(end - path);

        if (n >= 2 && !memcmp(end - 2, "..", 2) && (n == 2 || end[-3] == '/'))
            return false;
        memcpy(part, path, n);
        part[n] = '\0';
        if (n &&
            (REAL(path_filestat_get)((__wasi_fd_t)host, 0, part, &stat) || stat.filetype != __WASI_FILETYPE_DIRECTORY))
            return false;
    }
    return true;
}

/* Skips names that lead nowhere: "." and empty ones. */
static const char *next_name(const char *path)
{
    for (;;) {
        path += strspn(path, "/");
        if (*path != '.' || (path[1] && path[1] != '/'))
            return path;
        path++;
    }
}

bool vfs_relative_link(int64_t host, const char *path, const char *to, char relative[VFS_PATH])
{
    char *out = relative;
    const char *end;
    bool fits;

    if (!leads_down(host, path))
        return false;
    path = next_name(path);
    to = next_name(to);
    /* The directories that both have in common. */
    while ((end = strchr(path, '/')) && !strncmp(path, to, (size_t)(end - path)) &&
           (to[end - path] == '/' || !to[end - path])) {
        to = next_name(to + (end - path));
        path = next_name(end);
    }
    for (; (end = strchr(path, '/')) && out - relative < VFS_PATH - 4; path = next_name(end))
        out = stpcpy(out, "../");
    fits = !end && (size_t)(out - relative) + strlen(to) + 2 < VFS_PATH;
    if (fits && *to)
        strcpy(out, to);
    else if (fits && out != relative)
        out[-1] = '\0'; /* the directory itself */
    else if (fits)
        strcpy(out, ".");
    return fits;
}
