/* The current directory, and how a path leads to a mapped directory and a path below it. It replaces wasi-libc's
 * chdir.c, which differs from Linux:
 *
 *   - The empty path names nothing, as POSIX says. In wasi-libc it is the current directory, which rmtree("") then
 *     deletes.
 *   - ".." leads where it leads on Linux, also out of a mapped directory into what is mapped above or beside it. In
 *     wasi-libc the host handles it, and does not let a path leave a mapped directory.
 *   - The name of the current directory contains no "." and "..".
 *
 * All functions of libc that take a path use __wasilibc_find_relpath_alloc(), except those that take the descriptor
 * of a directory (openat). For those, the host refuses the empty path. */
#include "cwd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasi/libc-find-relpath.h>
#include <wasi/libc-nocwd.h>

enum { MOST_LINKS = 40, MOST_LOOKS = 4, LONGEST_PATH = 65536 };

/* libc's variable for getcwd(): an absolute path. */
extern char *__wasilibc_cwd;

/* A path under construction: absolute, without a "/" at the end unless it is the root. */
struct text {
    char *bytes;
    size_t n, room;
};

static int grow(struct text *t, size_t room)
{
    char *more;

    if (room <= t->room)
        return 0;
    if (room > LONGEST_PATH) {
        errno = ENAMETOOLONG;
        return -1;
    }
    room = room < 256 ? 256 : room;
    more = realloc(t->bytes, room);
    if (!more) {
        errno = ENOMEM;
        return -1;
    }
    t->bytes = more;
    t->room = room;
    return 0;
}

static int append(struct text *t, const char *text, size_t n)
{
    if (grow(t, t->n + n + 1) < 0)
        return -1;
    memcpy(t->bytes + t->n, text, n);
    t->n += n;
    t->bytes[t->n] = '\0';
    return 0;
}

static int append_name(struct text *t, const char *name, size_t n)
{
    return append(t, "/", 1) < 0 ? -1 : append(t, name, n);
}

static void drop_name(struct text *t)
{
    while (t->n && t->bytes[t->n - 1] != '/')
        t->n--;
    t->n -= t->n > 0;
    t->bytes[t->n] = '\0';
}

static bool is_name(const char *name, size_t n, const char *what)
{
    return strlen(what) == n && !memcmp(name, what, n);
}

static bool has_dots_up(const char *path)
{
    for (; *path; path += strspn(path, "/")) {
        size_t n = strcspn(path, "/");

        if (is_name(path, n, ".."))
            return true;
        path += n;
    }
    return false;
}

/* The mapped directory of an absolute path, and the path below it. "" is the root. */
static int locate(const char *path, const char **rest)
{
    const char *prefix;
    int fd = __wasilibc_find_abspath(*path ? path : "/", &prefix, rest);

    if (fd >= 0 && !**rest)
        *rest = ".";
    return fd;
}

enum kind { FOLDER, LINK, OTHER };

/* What `done` names, when ".." follows it. `link` gets the text of a link. OTHER: it is missing, not a directory, or
 * a link that the host does not let us read. Then the host gets the rest of the path, and reports the error. */
static enum kind look(const struct text *done, char *link, size_t size)
{
    const char *rest;
    int fd = locate(done->bytes, &rest);
    struct stat st;
    ssize_t n;

    if (fd < 0 || __wasilibc_nocwd_fstatat(fd, rest, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return OTHER;
    if (!S_ISLNK(st.st_mode))
        return S_ISDIR(st.st_mode) ? FOLDER : OTHER;
    n = __wasilibc_nocwd_readlinkat(fd, rest, link, size - 1);
    if (n <= 0 || (size_t)n >= size - 1)
        return OTHER;
    link[n] = '\0';
    return LINK;
}

/* Puts the text of a link in front of the rest of the path. The result is in `left`. */
static int follow(struct text *done, struct text *left, const char *link, const char *rest)
{
    struct text all = {0};

    if (append(&all, link, strlen(link)) < 0 || append_name(&all, rest, strlen(rest)) < 0) {
        free(all.bytes);
        return -1;
    }
    if (*link == '/')
        done->n = 0, done->bytes[0] = '\0';
    else
        drop_name(done);
    free(left->bytes);
    *left = all;
    return 0;
}

/* Removes each ".." from the path, which starts at `done`. It leads to the directory above; after a link, to the
 * directory above the target of the link. The rest of the path is not changed, so that a "/" at its end is still
 * seen. */
static int walk(struct text *done, const char *path)
{
    char link[1024];
    struct text left = {0};
    int links = 0, result = 0;

    while (result == 0 && *path) {
        size_t slashes = strspn(path, "/"), n = strcspn(path + slashes, "/");
        const char *name = path + slashes;

        if (!has_dots_up(name)) {
            result = append(done, path, strlen(path));
            break;
        }
        path = name + n;
        if (n == 0 || is_name(name, n, "."))
            continue;
        if (!is_name(name, n, "..")) {
            result = append_name(done, name, n);
            continue;
        }
        if (!done->n)
            continue; /* the directory above the root is the root */
        switch (look(done, link, sizeof link)) {
        case FOLDER:
            drop_name(done);
            /* It is the directory, not the link by which the path has come to it. */
            if (!*path && done->n && look(done, link, sizeof link) == LINK)
                result = append(done, "/.", 2);
            break;
        case LINK:
            if (++links <= MOST_LINKS) {
                result = follow(done, &left, link, name);
                path = left.bytes;
                break;
            } /* otherwise the host reports that, too */
            __attribute__((fallthrough));
        case OTHER:
            result = append(done, "/..", 3) < 0 ? -1 : append(done, path, strlen(path));
            path = "";
            break;
        }
    }
    free(left.bytes);
    return result;
}

/* The path made absolute and without "..". It may be stored in *text. NULL: errno. */
static const char *absolute(const char *path, struct text *text)
{
    if (!*path) {
        errno = ENOENT;
        return NULL;
    }
    if (*path == '/' && !has_dots_up(path))
        return path;
    text->n = 0;
    if (append(text, "", 0) < 0)
        return NULL;
    if (*path != '/' && strcmp(__wasilibc_cwd, "/") != 0 && append(text, __wasilibc_cwd, strlen(__wasilibc_cwd)) < 0)
        return NULL;
    if (has_dots_up(path)) {
        if (walk(text, path) < 0)
            return NULL;
    } else {
        while (path[0] == '.' && path[1] == '/')
            path += 1 + strspn(path + 1, "/");
        /* "." is kept, because rmdir() has to fail for it. */
        if (append_name(text, *path ? path : ".", *path ? strlen(path) : 1) < 0)
            return NULL;
    }
    return text->n ? text->bytes : "/";
}

int cwd_locate(const char *path, char **rest)
{
    static unsigned depth; /* looking at a path can require another one to be located */
    struct text text = {0};
    const char *whole, *in_whole;
    int fd = -1;

    *rest = NULL;
    if (depth >= MOST_LOOKS) {
        errno = ELOOP;
        return -1;
    }
    depth++;
    whole = absolute(path, &text);
    depth--;
    if (whole)
        fd = locate(whole, &in_whole);
    if (fd >= 0) {
        *rest = strdup(in_whole);
        if (!*rest) {
            errno = ENOMEM;
            fd = -1;
        }
    }
    free(text.bytes);
    return fd;
}

int __wasilibc_find_relpath_alloc(const char *path, const char **prefix, char **relative, size_t *size, int can_realloc)
{
    static struct text text;
    const char *rest, *whole = absolute(path, &text);
    char *more;
    size_t n;
    int fd = whole ? __wasilibc_find_abspath(whole, prefix, &rest) : -1;

    if (fd < 0)
        return -1;
    n = strlen(rest) + 1;
    if (n > *size) {
        if (!can_realloc) {
            errno = ERANGE;
            return -1;
        }
        more = realloc(*relative, n);
        if (!more) {
            errno = ENOMEM;
            return -1;
        }
        *relative = more;
        *size = n;
    }
    memcpy(*relative, rest, n);
    return fd;
}

/* Removes "." and empty names from an absolute path. */
static void tidy(char *path)
{
    char *to = path;

    for (const char *at = path; *at;) {
        size_t slashes = strspn(at, "/"), n = strcspn(at + slashes, "/");

        if (n && !is_name(at + slashes, n, ".")) {
            *to++ = '/';
            memmove(to, at + slashes, n);
            to += n;
        }
        at += slashes + n;
    }
    if (to == path)
        *to++ = '/';
    *to = '\0';
}

int chdir(const char *path)
{
    static bool ours;
    static struct text text;
    const char *rest, *whole = absolute(path, &text);
    char *copy;
    struct stat st;
    int fd;

    if (!whole)
        return -1;
    fd = locate(whole, &rest);
    if (fd < 0 || __wasilibc_nocwd_fstatat(fd, rest, &st, 0) < 0)
        return -1;
    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return -1;
    }
    copy = strdup(whole);
    if (!copy) {
        errno = ENOMEM;
        return -1;
    }
    tidy(copy);
    if (ours)
        free(__wasilibc_cwd);
    ours = true;
    __wasilibc_cwd = copy;
    return 0;
}
