#include "core/cache.h"

#include "core/atomic_file.h"
#include "core/err.h"
#include "core/sha256.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The most that all compiled modules may have; a Python has some 30 MB. */
#define KEEP_BYTES (UINT64_C(1) << 30)

enum {
    KEEP = 1024,        /* of them, however small they are */
    QUIET_NS = 50000000 /* several ticks of the clock that stamps files */
};

#define SUFFIX ".compiled"
#define ASIDE ".new-"

struct cache {
    int dir, by_file;
    char *identity;
};

static void hash(const void *a, size_t a_size, const char *b, char hex[65])
{
    struct sha256 sha;

    sha256_init(&sha);
    sha256_add(&sha, a, a_size);
    sha256_add(&sha, b, strlen(b));
    sha256_hex(&sha, hex);
}

/* Whether it is ours and nobody else can write to it. */
static bool trusted(const struct stat *st)
{
    return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int make_dirs(const char *dir)
{
    char *path = strdup(dir);
    int r = -1;

    if (!path)
        return -1;
    for (char *p = path + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            mkdir(path, 0777); /* (a failure shows below) */
            *p = '/';
        }
    r = mkdir(path, 0700);
    free(path);
    return r == 0 || errno == EEXIST ? 0 : -1;
}

static int open_dir(int at, const char *name)
{
    struct stat st;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) < 0 || !trusted(&st)) {
        close(fd);
        errno = EPERM;
        return -1;
    }
    return fd;
}

int cache_open(const char *dir, const char *identity, struct cache **out, struct err *err)
{
    struct cache *c = calloc(1, sizeof *c);

    *out = NULL;
    if (!c)
        return err_set(err, ERR_SETUP, "out of memory");
    c->dir = c->by_file = -1;
    c->identity = strdup(identity);
    c->dir = open_dir(AT_FDCWD, dir);
    if (c->dir < 0 && errno == ENOENT && make_dirs(dir) == 0)
        c->dir = open_dir(AT_FDCWD, dir);
    if (c->dir >= 0) {
        c->by_file = open_dir(c->dir, "by-file");
        if (c->by_file < 0 && errno == ENOENT && (mkdirat(c->dir, "by-file", 0700) == 0 || errno == EEXIST))
            c->by_file = open_dir(c->dir, "by-file");
    }
    if (!c->identity || c->by_file < 0) {
        int e = errno;

        err_set(err, ERR_SETUP, "cannot use the cache directory %s: %s", dir,
                e == EPERM ? "others can write to it, or it belongs to somebody else" : strerror(e));
        err_hint(err, "give another one with --cache-dir");
        cache_close(c);
        return -ERR_SETUP;
    }
    *out = c;
    return 0;
}

void cache_close(struct cache *c)
{
    if (!c)
        return;
    if (c->dir >= 0)
        close(c->dir);
    if (c->by_file >= 0)
        close(c->by_file);
    free(c->identity);
    free(c);
}

void cache_key_of(const struct cache *c, const uint8_t *bytes, size_t size, struct cache_key *key)
{
    hash(bytes, size, c ? c->identity : "", key->hex);
}

static void memo_of(const struct cache *c, const struct stat *st, char hex[65])
{
    char text[256];
    int n = snprintf(text, sizeof text, "%jx %jx %jx %jx.%lx %jx.%lx\n", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino,
                     (uintmax_t)st->st_size, (uintmax_t)st->st_mtim.tv_sec, (unsigned long)st->st_mtim.tv_nsec,
                     (uintmax_t)st->st_ctim.tv_sec, (unsigned long)st->st_ctim.tv_nsec);

    hash(text, (size_t)n, c->identity, hex);
}

bool cache_recall(const struct cache *c, const struct stat *st, struct cache_key *key)
{
    char memo[65], target[3 + 64 + sizeof SUFFIX];
    ssize_t n;

    if (!c)
        return false;
    memo_of(c, st, memo);
    n = readlinkat(c->by_file, memo, target, sizeof target);
    if (n != (ssize_t)sizeof target - 1 || memcmp(target, "../", 3) != 0 || memcmp(target + 67, SUFFIX, 9) != 0)
        return false;
    memcpy(key->hex, target + 3, 64);
    key->hex[64] = '\0';
    return strspn(key->hex, "0123456789abcdef") == 64;
}

void cache_remember(const struct cache *c, const struct stat *st, const struct timespec *asked,
                    const struct cache_key *key)
{
    char memo[65], target[3 + 64 + sizeof SUFFIX];
    int64_t quiet = (asked->tv_sec - st->st_ctim.tv_sec) * INT64_C(1000000000) + (asked->tv_nsec - st->st_ctim.tv_nsec);

    if (!c || quiet < QUIET_NS)
        return;
    memo_of(c, st, memo);
    snprintf(target, sizeof target, "../%s" SUFFIX, key->hex);
    unlinkat(c->by_file, memo, 0);
    if (symlinkat(target, c->by_file, memo) < 0)
        return;
}

static void file_name(const struct cache_key *key, char name[96])
{
    snprintf(name, 96, "%s" SUFFIX, key->hex);
}

int cache_get(const struct cache *c, const struct cache_key *key)
{
    char name[96];
    struct stat st;
    struct timespec now;
    int fd;

    if (!c)
        return -1;
    file_name(key, name);
    fd = openat(c->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !trusted(&st)) {
        close(fd);
        return -1;
    }
    /* A file's time is the day of its last use; cache_put removes the oldest files. */
    if (clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 && now.tv_sec - st.st_mtim.tv_sec > 86400)
        futimens(fd, NULL);
    return fd;
}

void cache_drop(const struct cache *c, const struct cache_key *key)
{
    char name[96];

    if (!c)
        return;
    file_name(key, name);
    unlinkat(c->dir, name, 0);
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && !strcmp(s + n - m, end);
}

static DIR *list(int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (fd >= 0 && !d)
        close(fd);
    return d;
}

struct compiled {
    char name[96]; /* as of file_name() */
    time_t time;
    uint64_t size;
};

static int newest_first(const void *a, const void *b)
{
    const struct compiled *x = a, *y = b;

    return (y->time > x->time) - (y->time < x->time);
}

/* Removes the modules that were not used for longest, incomplete files that a crash has left, and dangling links. (If
 * memory is short, some files are skipped until the next time.) */
static void prune(const struct cache *c)
{
    struct compiled *all = NULL;
    size_t n = 0;
    uint64_t bytes = 0;
    struct stat st;
    DIR *d = list(c->dir);
    time_t now = time(NULL);

    for (struct dirent *e; d && (e = readdir(d));) {
        const size_t length = strlen(e->d_name);
        bool whole = length < sizeof all->name && ends_with(e->d_name, SUFFIX),
             aside = !strncmp(e->d_name, ASIDE, sizeof ASIDE - 1);
        struct compiled *more;

        if ((!whole && !aside) || fstatat(c->dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (aside) {
            if (now - st.st_mtim.tv_sec > 3600)
                unlinkat(c->dir, e->d_name, 0);
            continue;
        }
        more = realloc(all, (n + 1) * sizeof *all);
        if (!more)
            break;
        all = more;
        all[n] = (struct compiled){.time = st.st_mtim.tv_sec, .size = (uint64_t)st.st_size};
        memcpy(all[n++].name, e->d_name, length + 1);
    }
    if (d)
        closedir(d);
    if (n)
        qsort(all, n, sizeof *all, newest_first);
    for (size_t i = 0; i < n; i++) {
        bytes += all[i].size;
        if (i >= KEEP || bytes > KEEP_BYTES)
            unlinkat(c->dir, all[i].name, 0);
    }
    free(all);
    d = list(c->by_file);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.' && fstatat(c->by_file, e->d_name, &st, 0) < 0)
            unlinkat(c->by_file, e->d_name, 0);
    if (d)
        closedir(d);
}

int cache_put(const struct cache *c, const struct cache_key *key, const uint8_t *bytes, size_t size, struct err *err)
{
    char name[96], aside[96];
    int fd;

    if (!c)
        return 0;
    file_name(key, name);
    fd = atomic_file_create(c->dir, ASIDE, 0600, aside, sizeof aside);
    if (fd < 0)
        return err_set(err, ERR_SETUP, "cannot keep the compiled module: %s", strerror(errno));
    if (write_all(fd, bytes, size) < 0) {
        atomic_file_discard(c->dir, fd, aside);
        return err_set(err, ERR_SETUP, "cannot keep the compiled module: %s", strerror(errno));
    }
    if (atomic_file_commit(c->dir, fd, aside, name) < 0)
        return err_set(err, ERR_SETUP, "cannot keep the compiled module: %s", strerror(errno));
    prune(c);
    return 0;
}
