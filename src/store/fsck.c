#include "store/fsck.h"

#include "util/fs.h"
#include "util/hash.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What wl-run writes next to its name is gone after this many seconds, or its writer is (host/core/cache.c). */
enum { ASIDE_SECONDS = 3600 };

#define COMPILED ".compiled"

/* What was seen of one thing: cls < 0 if nothing is wrong. why is owned. */
struct seen {
    int cls;
    char *path, *why;
};

static void seen_free(struct seen *s)
{
    free(s->path);
    free(s->why);
    *s = (struct seen){.cls = -1};
}
#define CLEANUP_SEEN __attribute__((cleanup(seen_free)))

static struct seen bad(enum fsck_class cls, const char *path, const char *why)
{
    return (struct seen){cls, xstrdup(path), xstrdup(why)};
}

static bool is_mode(const char *path, mode_t type, struct stat *st)
{
    return lstat(path, st) == 0 && (st->st_mode & S_IFMT) == type;
}

/* Reports a finding, and removes it if that is wanted. */
static int settle(struct fsck *f, const struct seen *s, struct wl_err *err)
{
    int r = f->repair ? remove_tree(s->path, err) : 0;

    if (r < 0)
        return r;
    f->found[s->cls]++;
    f->left[s->cls] += !f->repair;
    f->on_finding(f->data, &(struct fsck_finding){
                               .cls = (enum fsck_class)s->cls, .path = s->path, .why = s->why, .removed = f->repair});
    return 0;
}

/* Looks at something by look(); if it seems wrong, again with its lock, because another process may just be replacing
 * it. What another process has locked is skipped. */
static int settle_locked(struct fsck *f, const char *lock, bool ends,
                         int (*look)(struct fsck *f, const char *path, struct seen *s, struct wl_err *err),
                         const char *path, struct wl_err *err)
{
    CLEANUP_SEEN struct seen first = {.cls = -1}, second = {.cls = -1};
    int fd = -1, r = look(f, path, &first, err);

    if (r < 0 || first.cls < 0)
        return r;
    r = lock_take(lock, false, &fd, err);
    if (r != 0)
        return r < 0 ? r : 0;
    r = look(f, path, &second, err);
    if (r == 0 && second.cls >= 0)
        r = settle(f, &second, err);
    if (ends)
        lock_end(lock, &fd);
    else
        close_fdp(&fd);
    return r;
}

/* --- artifacts --- */

static const char *const parts[] = {STORE_MANIFEST, STORE_TREE};

static int look_at_artifact(struct fsck *f, const char *path, struct seen *s, struct wl_err *err)
{
    WL_CLEANUP_FREE char *damage = NULL;
    WL_CLEANUP_STRV struct strv names = {0};
    int r = 0;

    if (!path_exists(path))
        return 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        WL_CLEANUP_FREE char *part = path_join(path, parts[i]), *why = NULL;

        if (path_exists(part))
            continue;
        why = xasprintf("its %s is missing", parts[i]);
        *s = bad(FSCK_INCOMPLETE, path, why);
        return 0;
    }
    r = store_look(f->store, path_base(path), &damage, err);
    if (r >= 0 && damage)
        *s = bad(FSCK_DAMAGED, path, damage);
    if (r < 0 || damage)
        return r < 0 ? r : 0;
    r = dir_list(path, &names, err);
    for (size_t i = 0; r == 0 && s->cls < 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *other = path_join(path, names.v[i]);

        if (strcmp(names.v[i], parts[0]) != 0 && strcmp(names.v[i], parts[1]) != 0)
            *s = bad(FSCK_FOREIGN, other, "an artifact has no such file");
    }
    return r;
}

static int check_artifact(struct fsck *f, const char *path, struct wl_err *err)
{
    WL_CLEANUP_FREE char *lock = store_lock_path(f->store, path_base(path));
    struct stat st;

    if (!is_hex(path_base(path), HASH_HEX_SIZE - 1) || !is_mode(path, S_IFDIR, &st)) {
        CLEANUP_SEEN struct seen s = bad(FSCK_FOREIGN, path, "it is no artifact");

        return settle(f, &s, err);
    }
    f->artifacts++;
    f->bytes += tree_size(path);
    return settle_locked(f, lock, true, look_at_artifact, path, err);
}

/* --- sources --- */

static int look_at_source(struct fsck *f, const char *path, struct seen *s, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_dir(path);
    const char *name = path_base(path);
    WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
    char hex[HASH_HEX_SIZE];
    struct stat st;

    (void)f;
    (void)err;
    if (!path_exists(path))
        return 0;
    if (!strcmp(name, ".part") || !strcmp(name, ".part.tmp")) {
        *s = bad(FSCK_INCOMPLETE, path, "the transfer was interrupted");
        return 0;
    }
    if (!is_mode(path, S_IFREG, &st)) {
        *s = bad(FSCK_FOREIGN, path, "it is no fetched file");
        return 0;
    }
    if (*name == '.') {
        if (strcmp(name, ".from") != 0 && strcmp(name, ".lock") != 0)
            *s = bad(FSCK_FOREIGN, path, "it is no fetched file");
        return 0;
    }
    if (hash_file(path, hex, &why) < 0)
        *s = bad(FSCK_DAMAGED, path, why.text);
    else if (strcmp(hex, path_base(dir)) != 0)
        *s = bad(FSCK_DAMAGED, path, "its bytes have changed");
    return 0;
}

static int check_source(struct fsck *f, const char *path, struct wl_err *err)
{
    WL_CLEANUP_FREE char *lock = path_join(path, ".lock");
    WL_CLEANUP_STRV struct strv names = {0};
    struct stat st;
    int r;

    /* Files with a wrong hash, kept for a person to look at. */
    if (!strcmp(path_base(path), "rejected"))
        return 0;
    if (!is_hex(path_base(path), HASH_HEX_SIZE - 1) || !is_mode(path, S_IFDIR, &st)) {
        CLEANUP_SEEN struct seen s = bad(FSCK_FOREIGN, path, "it is no source");

        return settle(f, &s, err);
    }
    f->sources++;
    f->bytes += tree_size(path);
    r = dir_list(path, &names, err);
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *file = path_join(path, names.v[i]);

        /* (Here the lock's file stays: the address beside it may be in use.) */
        r = settle_locked(f, lock, false, look_at_source, file, err);
    }
    return r;
}

/* --- compiled modules --- */

/* Wasmtime writes a module as a 64-bit ELF file, whose table of sections comes last: a file whose end is missing lacks
 * it. Source: the ELF specification, "ELF Header". */
static bool is_whole_elf(const char *path, unsigned long long size)
{
    WL_CLEANUP_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    Elf64_Ehdr h;

    return fd >= 0 && pread(fd, &h, sizeof h, 0) == (ssize_t)sizeof h && !memcmp(h.e_ident, ELFMAG, SELFMAG) &&
           h.e_ident[EI_CLASS] == ELFCLASS64 && h.e_shoff >= sizeof h && h.e_shoff <= size &&
           (unsigned long long)h.e_shnum * h.e_shentsize <= size - h.e_shoff;
}

static bool is_compiled_name(const char *name)
{
    WL_CLEANUP_FREE char *key = xstrndup(name, HASH_HEX_SIZE - 1);

    return is_hex(key, HASH_HEX_SIZE - 1) && !strcmp(name + HASH_HEX_SIZE - 1, COMPILED);
}

static int check_compiled(struct fsck *f, const char *path, struct wl_err *err)
{
    CLEANUP_SEEN struct seen s = {.cls = -1};
    const char *name = path_base(path);
    struct stat st;

    if (lstat(path, &st) < 0)
        return 0; /* removed meanwhile */
    if (starts_with(name, ".new-") && S_ISREG(st.st_mode)) {
        if (time(NULL) - st.st_mtim.tv_sec > ASIDE_SECONDS)
            s = bad(FSCK_INCOMPLETE, path, "a runner that was killed has left it");
    } else if (!is_compiled_name(name) || !S_ISREG(st.st_mode)) {
        s = bad(FSCK_FOREIGN, path, "it is no compiled module");
    } else {
        f->modules++;
        f->bytes += (unsigned long long)st.st_size;
        if (!is_whole_elf(path, (unsigned long long)st.st_size))
            s = bad(FSCK_DAMAGED, path, "it is no whole compiled module");
    }
    return s.cls < 0 ? 0 : settle(f, &s, err);
}

static int check_link(struct fsck *f, const char *path, struct wl_err *err)
{
    CLEANUP_SEEN struct seen s = bad(FSCK_FOREIGN, path, "it is no link to a compiled module");
    WL_CLEANUP_FREE char *target = link_target(path);

    return target && starts_with(target, "../") && ends_with(target, COMPILED) ? 0 : settle(f, &s, err);
}

/* --- all of it --- */

static int check_all(struct fsck *f, const char *name, int (*check)(struct fsck *f, const char *path, struct wl_err *),
                     struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(f->store->cache, name);
    WL_CLEANUP_STRV struct strv names = {0};
    int r = path_is_dir(dir) ? dir_list(dir, &names, err) : 0;

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *path = path_join(dir, names.v[i]);

        if (cancel_pending(f->cancel))
            return cancel_error(err);
        if (check == check_compiled && !strcmp(names.v[i], "by-file") && path_is_dir(path))
            continue;
        r = check(f, path, err);
    }
    return r;
}

int fsck_run(struct fsck *f, struct wl_err *err)
{
    WL_CLEANUP_FREE char *artifacts = store_artifacts(f->store);
    int r = check_all(f, path_base(artifacts), check_artifact, err);

    if (r == 0)
        r = check_all(f, "sources", check_source, err);
    if (r == 0)
        r = check_all(f, "compiled", check_compiled, err);
    return r < 0 ? r : check_all(f, "compiled/by-file", check_link, err);
}
