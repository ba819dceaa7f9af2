#include "plan/memo.h"

#include "util/fs.h"
#include "util/hash.h"
#include "util/str.h"

#include <string.h>
#include <sys/stat.h>

char *memo_file_identity(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return NULL;
    return xasprintf("%s %llu %llu %lld %lld.%09ld %lld.%09ld", path, (unsigned long long)st.st_dev,
                     (unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_mtim.tv_sec,
                     st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

static char *memo_path(const char *cache, const char *question)
{
    char name[HASH_HEX_SIZE];
    struct hash *h = hash_new();

    hash_field(h, "question", question);
    hash_end(h, name);
    return xasprintf("%s/identity/%s", cache, name);
}

char *memo_get(const char *cache, const char *question)
{
    WL_CLEANUP_FREE char *path = memo_path(cache, question);
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    char *answer = NULL;

    return file_read(path, 1 << 16, &answer, NULL, &ignored) == 0 ? answer : NULL;
}

void memo_put(const char *cache, const char *question, const char *answer)
{
    WL_CLEANUP_FREE char *path = memo_path(cache, question), *dir = path_dir(path);
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    if (make_dirs(dir, &ignored) == 0)
        file_write(path, answer, strlen(answer), &ignored);
}
