#include "launch/record.h"

#include "launch/launch.h"
#include "util/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Time stamps of files are up to a tick (10 ms at most) behind the clock. */
enum { TICK_NS = 10000000 };

static void add_string(struct str *out, const char *s)
{
    str_addn(out, s ? s : "", (s ? strlen(s) : 0) + 1);
}

static bool changed_since(const struct statx *s, struct timespec started)
{
    long long ns = (s->stx_ctime.tv_sec - started.tv_sec) * 1000000000ll + (s->stx_ctime.tv_nsec - started.tv_nsec);

    return ns + TICK_NS >= 0;
}

/* Adds the files to the paths and the fingerprint. False: one has changed. */
static bool add_files(const struct strv *files, const char *base, const struct timespec *started, struct str *paths,
                      uint64_t *fingerprint)
{
    WL_CLEANUP_FREE char *prefix = xasprintf("%s/", base);

    for (size_t i = 0; i < files->n; i++) {
        struct statx s;
        bool exists = statx(AT_FDCWD, files->v[i], 0, STATX_BASIC_STATS, &s) == 0;

        if (exists && started && changed_since(&s, *started))
            return false;
        add_string(paths, files->v[i] + (starts_with(files->v[i], prefix) ? strlen(prefix) : 0));
        *fingerprint = launch_add_file(*fingerprint, exists ? &s : NULL);
    }
    return true;
}

/* As launch.c asks it. */
static bool add_question(const struct launch_record *r, struct str *out)
{
    char self[4096], *slash;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (n <= 0)
        return false;
    self[n] = '\0';
    slash = strrchr(self, '/');
    if (!slash || slash == self)
        return false;
    *slash = '\0';
    add_string(out, getenv("WL_MAKE_ROOT"));
    add_string(out, getenv("PATH"));
    add_string(out, self);
    add_string(out, r->by_script ? "script" : "");
    str_addf(out, "%u", (unsigned)getuid());
    str_addc(out, '\0');
    for (size_t i = 0; i < r->words_n; i++)
        add_string(out, r->words[i]);
    return true;
}

void launch_record(const struct launch_record *r)
{
    struct launch_header h = {.magic = LAUNCH_MAGIC, .fingerprint = LAUNCH_HASH_INIT};
    WL_CLEANUP_STR struct str question = {0}, command = {0}, paths = {0}, file = {0};
    WL_CLEANUP_FREE char *dir = path_join(r->cache, "identity"), *path = NULL;
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    char name[LAUNCH_NAME_SIZE];

    if (!add_question(r, &question) || !add_files(r->inputs, r->base, &r->started, &paths, &h.fingerprint) ||
        !add_files(r->results, r->base, NULL, &paths, &h.fingerprint))
        return;
    for (size_t i = 0; i < r->command->n; i++)
        add_string(&command, r->command->v[i]);
    h.question = (uint32_t)question.len;
    h.directory = r->directory ? (uint32_t)strlen(r->directory) + 1 : 1;
    h.command = (uint32_t)command.len;
    h.base = (uint32_t)strlen(r->base) + 1;
    h.paths = (uint32_t)paths.len;
    h.size = (uint32_t)sizeof h + h.question + h.directory + h.command + h.base + h.paths;
    if (question.len + command.len + paths.len > LAUNCH_MAX_SIZE / 2)
        return;
    str_addn(&file, (const char *)&h, sizeof h);
    str_addn(&file, question.s, question.len);
    add_string(&file, r->directory);
    str_addn(&file, command.s, command.len);
    add_string(&file, r->base);
    str_addn(&file, paths.s, paths.len);
    launch_name(name, launch_hash(LAUNCH_HASH_INIT, question.s, question.len));
    path = path_join(dir, name);
    if (make_dirs(dir, &ignored) == 0)
        file_write(path, file.s, file.len, &ignored);
}
