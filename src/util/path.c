/* Paths and directories (fs.h). */
#include "util/fs_private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void close_fdp(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

char *path_join(const char *a, const char *b)
{
    if (*b == '/' || !*a)
        return xstrdup(b);
    return xasprintf("%s%s%s", a, ends_with(a, "/") ? "" : "/", b);
}

char *path_absolute(const char *path)
{
    WL_CLEANUP_FREE char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);

    if (!cwd)
        return xstrdup(path);
    return !strcmp(path, ".") ? xstrdup(cwd) : path_join(cwd, path);
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

char *path_dir(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

bool path_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

bool path_is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *link_target(const char *path)
{
    size_t size = 256;

    /* Not on the stack: this is called at each level of a tree. */
    for (;;) {
        WL_CLEANUP_FREE char *target = xmalloc(size);
        ssize_t n = readlink(path, target, size);

        if (n < 0)
            return NULL;
        if ((size_t)n < size)
            return xstrndup(target, (size_t)n);
        size *= 2;
    }
}

int make_dirs(const char *path, struct wl_err *err)
{
    WL_CLEANUP_FREE char *p = xstrdup(path);

    for (char *s = p + (*p == '/');; s++) {
        char c = *s;

        if (c && c != '/')
            continue;
        *s = '\0';
        if (*p && mkdir(p, 0777) < 0) {
            int why = errno == EEXIST ? ENOTDIR : errno;

            if (!path_is_dir(p)) {
                errno = why;
                return wl_err_errno(err, WL_E_IO, "cannot make the directory %s", p);
            }
        }
        *s = c;
        if (!c)
            return 0;
    }
}
