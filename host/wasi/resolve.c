/* Opening a path below a directory and nowhere else. openat2(2) does that. If the kernel lacks it or a seccomp filter
 * refuses it, each part of the path is opened separately, never through a link, and links are resolved by their text.
 * Both ways refuse absolute paths, absolute links, and ".." above the directory, with EXDEV. */
#include "wasi/wasi.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From <linux/openat2.h>, which musl does not have. */
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#else
struct open_how {
    uint64_t flags, mode, resolve;
};
enum { RESOLVE_NO_MAGICLINKS = 0x02, RESOLVE_BENEATH = 0x08 };
#endif

enum { MAX_LINKS = 40, MAX_DEPTH = 256, RETRIES = 64 };

struct walk {
    int dirs[MAX_DEPTH]; /* dirs[0] is the caller's */
    int depth;
    char rest[2 * PATH_MAX]; /* what remains of the path */
};

static void leave(struct walk *k)
{
    close(k->dirs[k->depth--]);
}

/* Puts the text of a link in front of the rest. */
static int expand(struct walk *k, const char *name, const char *rest)
{
    char text[PATH_MAX];
    ssize_t n = readlinkat(k->dirs[k->depth], name, text, sizeof text - 1);
    char joined[sizeof k->rest];

    if (n < 0)
        return -1;
    text[n] = '\0';
    if (text[0] == '/') {
        errno = EXDEV;
        return -1;
    }
    if (text[0] == '\0') {
        errno = ENOENT;
        return -1;
    }
    if ((size_t)snprintf(joined, sizeof joined, "%s%s%s", text, *rest ? "/" : "", rest) >= sizeof joined) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(k->rest, joined);
    return 0;
}

/* One step: 1 and *fd after the last part, 0 after another part, or -1 with errno. */
static int go(struct walk *k, int flags, mode_t mode, int *fd)
{
    char name[NAME_MAX + 1];
    size_t length = strcspn(k->rest, "/");
    const char *after = k->rest + length, *next = after + strspn(after, "/");
    bool last = !*next, must_be_dir = last && *after;
    int at = k->dirs[k->depth], opened;
    bool is_link;
    char rest[sizeof k->rest];

    if (length > NAME_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(name, k->rest, length);
    name[length] = '\0';
    strcpy(rest, next);
    if (!strcmp(name, "..")) {
        if (k->depth == 0) {
            errno = EXDEV;
            return -1;
        }
        leave(k);
        at = k->dirs[k->depth];
        strcpy(name, ".");
    }
    if (last) {
        struct stat st;

        if (must_be_dir && flags & O_CREAT) {
            errno = EISDIR;
            return -1;
        }
        opened = openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC | (must_be_dir ? O_DIRECTORY : 0), mode);
        is_link = opened < 0 && (errno == ELOOP || errno == ENOTDIR);
        /* With O_PATH the link itself is opened. */
        if (opened >= 0 && flags & O_PATH && (!(flags & O_NOFOLLOW) || must_be_dir) && fstat(opened, &st) == 0 &&
            S_ISLNK(st.st_mode)) {
            close(opened);
            errno = ELOOP;
            is_link = true;
        } else if (opened >= 0) {
            *fd = opened;
            return 1;
        }
        if (!is_link || (flags & O_NOFOLLOW && !must_be_dir))
            return -1;
        strcpy(rest, must_be_dir ? "." : "");
    } else {
        if (!strcmp(name, ".")) {
            strcpy(k->rest, rest);
            return 0;
        }
        if (k->depth + 1 == MAX_DEPTH) {
            errno = ENAMETOOLONG;
            return -1;
        }
        opened = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (opened >= 0) {
            k->dirs[++k->depth] = opened;
            strcpy(k->rest, rest);
            return 0;
        }
        if (errno != ENOTDIR && errno != ELOOP)
            return -1;
    }
    {
        int before = errno;

        if (expand(k, name, rest) == 0)
            return 2;
        if (errno == EINVAL) /* not a link, but a file where a directory should be */
            errno = before;
        return -1;
    }
}

static int walk(int dir, const char *path, int flags, mode_t mode)
{
    struct walk *k = malloc(sizeof *k);
    int fd = -1, r = 0, e, links = 0;

    if (!k) {
        errno = ENOMEM;
        return -1;
    }
    k->dirs[0] = dir;
    k->depth = 0;
    if (strlen(path) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        r = -1;
    } else {
        strcpy(k->rest, path);
    }
    while (r == 0 || r == 2) {
        r = go(k, flags, mode, &fd);
        if (r == 2 && ++links > MAX_LINKS) {
            errno = ELOOP;
            r = -1;
        }
    }
    e = errno;
    while (k->depth > 0)
        leave(k);
    free(k);
    errno = e;
    return r == 1 ? fd : -1;
}

/* Whether the call was refused, and not the path: some seccomp filters answer EPERM to unknown calls. */
static bool has_openat2(int dir)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC};
    long fd = syscall(SYS_openat2, dir, ".", &how, sizeof how);

    if (fd >= 0)
        close((int)fd);
    return fd >= 0 || (errno != ENOSYS && errno != EPERM);
}

int wasi_open_beneath(struct wasi *w, int dir, const char *path, int flags, mode_t mode)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
                           .mode = flags & O_CREAT ? mode : 0,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};

    if (!*path) {
        errno = ENOENT;
        return -1;
    }
    if (*path == '/') {
        errno = EXDEV;
        return -1;
    }
    for (int i = 0; !w->no_openat2 && i < RETRIES; i++) {
        long fd = syscall(SYS_openat2, dir, path, &how, sizeof how);

        if (fd >= 0)
            return (int)fd;
        /* A directory was moved while ".." was resolved: the kernel cannot say whether it led out. */
        if (errno == EAGAIN)
            continue;
        if ((errno == ENOSYS || errno == EPERM) && !w->has_openat2) {
            int e = errno;

            w->has_openat2 = has_openat2(dir);
            w->no_openat2 = !w->has_openat2;
            errno = e;
        }
        if (!w->no_openat2 && !wasi_again(w))
            return -1;
    }
    return walk(dir, path, flags, mode);
}
