/* wl-make clean: removes results, artifacts, sources, or what earlier runs left behind. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "store/compose.h"
#include "util/fs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct clean_options {
    bool all, sources, store;
};

#define AT(m) .member = offsetof(struct clean_options, m)
static const struct option_spec options[] = {
    {0, "all", "remove everything: results, artifacts, sources, logs", NULL, OPTION_FLAG, AT(all)},
    {0, "sources", "remove the downloaded sources", NULL, OPTION_FLAG, AT(sources)},
    {0, "store", "remove the artifacts of all ports", NULL, OPTION_FLAG, AT(store)},
    {0},
};

struct sweep {
    struct app *a;
    struct store_work work; /* where artifacts are moved before they are removed; begun when the first one is */
    unsigned long long bytes;
    size_t things;
};

static int remove_by(struct sweep *s, const char *path, int (*remove)(const char *path, struct wl_err *err),
                     struct wl_err *err)
{
    unsigned long long size;

    if (!path_exists(path))
        return 0;
    size = tree_size(path);
    s->bytes += size;
    s->things++;
    if (s->a->options.dry_run) {
        WL_CLEANUP_FREE char *text = human_size(size);

        ui_print(stdout, "would remove %s (%s)\n", path, text);
        return 0;
    }
    return remove(path, err);
}

static int remove_one(struct sweep *s, const char *path, struct wl_err *err)
{
    return remove_by(s, path, remove_tree, err);
}

/* The same for an artifact, of which nobody must see a half. */
static int remove_artifact(struct sweep *s, const char *path, struct wl_err *err)
{
    int r = 0;

    if (!path_exists(path) || s->a->options.dry_run)
        return remove_one(s, path, err);
    if (s->work.lock < 0)
        r = work_begin_any(&s->work, &s->a->store, "clean", err);
    s->bytes += tree_size(path);
    s->things++;
    return r < 0 ? r : work_remove(&s->work, path, err);
}

static bool is_real_directory(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Removes the results in a directory, and then the directory if it is empty: --output can name one with other files. */
static int remove_results(struct sweep *s, const char *dir, int depth, struct wl_err *err)
{
    enum { MAX_DEPTH = 4 };
    WL_CLEANUP_STRV struct strv names = {0};
    int r = path_is_dir(dir) ? dir_list(dir, &names, err) : 0;

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *path = path_join(dir, names.v[i]);

        if (compose_made(path, NULL))
            r = remove_by(s, path, compose_remove, err);
        else if (depth < MAX_DEPTH && is_real_directory(path))
            r = remove_results(s, path, depth + 1, err);
    }
    if (r == 0 && names.n && !s->a->options.dry_run)
        rmdir(dir);
    return r;
}

/* Removes the content of a directory of the cache. */
static int remove_content(struct sweep *s, const char *name,
                          int (*remove)(struct sweep *s, const char *path, struct wl_err *err), struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(s->a->store.cache, name);
    WL_CLEANUP_STRV struct strv names = {0};
    int r = path_is_dir(dir) ? dir_list(dir, &names, err) : 0;

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *path = path_join(dir, names.v[i]);

        r = remove(s, path, err);
    }
    return r;
}

/* Removes build directories, except those that a running wl-make uses. */
static int remove_builds(struct sweep *s, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(s->a->store.cache, "build");
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir_list(dir, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *path = path_join(dir, names.v[i]);
        WL_CLEANUP_FREE char *lock = store_lock_path(&s->a->store, names.v[i]);
        int fd;

        if (lock_take(lock, false, &fd, err) != 0)
            continue;
        r = remove_one(s, path, err);
        lock_end(lock, &fd);
    }
    return r;
}

/* Removes the artifacts of this layout and of the previous one, which is no longer read. */
static int remove_artifacts(struct sweep *s, struct wl_err *err)
{
    int r = remove_content(s, "artifacts", remove_artifact, err);

    return r < 0 ? r : remove_content(s, "store", remove_one, err);
}

/* Removes a port's directory, or a flavour's files in it. */
static int remove_result(struct sweep *s, const char *dir, const char *flavour, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv files = {0};
    int r = 0;

    if (!compose_made(dir, flavour))
        return 0;
    if (!flavour)
        return remove_by(s, dir, compose_remove, err);
    compose_files(dir, flavour, &files);
    for (size_t i = 0; r == 0 && i < files.n; i++)
        r = remove_one(s, files.v[i], err);
    return r;
}

/* Removes the build directories of an artifact: of its own build, and of its tests. */
static int remove_boxes(struct sweep *s, const char *key, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(s->a->store.cache, "build"), *tests = xasprintf("test-%.32s-", key);
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir_list(dir, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *path = path_join(dir, names.v[i]);

        if (!strcmp(names.v[i], key) || starts_with(names.v[i], tests))
            r = remove_one(s, path, err);
    }
    return r;
}

/* Removes the ports' results, the artifacts that the present recipes make, and the logs. */
static int clean_ports(struct sweep *s, struct wl_err *err)
{
    struct app *a = s->a;
    WL_CLEANUP_STRV struct strv names = {0};
    struct make_options o;
    struct plan p = {0};
    int r = app_ports(a, &names, err);

    if (r < 0)
        return r;
    app_build_options(a, &o, false);
    r = app_plan(a, &o, &names, &p, err);
    for (size_t i = 0; r == 0 && i < p.n; i++) {
        WL_CLEANUP_FREE char *dir = NULL, *artifact = NULL, *logs = NULL;

        if (!p.nodes[i].root)
            continue;
        dir = compose_dir(a->output, p.nodes[i].recipe);
        artifact = store_entry(&a->store, p.nodes[i].key);
        logs = xasprintf("%s/logs/%s", a->store.cache, p.nodes[i].recipe->name);
        r = remove_result(s, dir, p.nodes[i].recipe->flavour, err);
        if (r == 0)
            r = remove_artifact(s, artifact, err);
        if (r == 0)
            r = remove_boxes(s, p.nodes[i].key, err);
        if (r == 0)
            r = remove_one(s, logs, err);
    }
    plan_free(&p);
    return r;
}

/* Removes all sources, as soon as no other process fetches or unpacks any. */
static int remove_sources(struct sweep *s, struct wl_err *err)
{
    WL_CLEANUP_FREE char *lock = NULL;
    int fd = -1, r;

    if (s->a->options.dry_run)
        return remove_content(s, "sources", remove_one, err);
    r = app_sources_alone(s->a, &lock, &fd, err);
    if (r < 0)
        return r;
    r = remove_content(s, "sources", remove_one, err);
    lock_end(lock, &fd);
    return r;
}

/* Removes what failed and killed runs left behind, and what the options name. */
static int clean_cache(struct sweep *s, struct wl_err *err)
{
    static const char *const rest[] = {"compiled", "identity", "offers", "packages"};
    const struct clean_options *o = s->a->options.own;
    int r = remove_builds(s, err);

    if (r == 0)
        r = remove_content(s, "logs", remove_one, err);
    if (r == 0 && (o->store || o->all))
        r = remove_artifacts(s, err);
    /* (Parts of artifacts, from a remote store.) */
    if (r == 0 && (o->store || o->all))
        r = remove_content(s, "remote", remove_one, err);
    for (size_t i = 0; r == 0 && o->all && i < sizeof rest / sizeof *rest; i++)
        r = remove_content(s, rest[i], remove_one, err);
    if (r == 0 && (o->sources || o->all))
        r = remove_sources(s, err);
    if (r == 0 && o->all)
        r = remove_results(s, s->a->output, 1, err);
    return r;
}

/* Takes the lock of all artifacts if any are to be removed. */
static int take_artifacts(const struct app *a, char **path, int *fd, struct wl_err *err)
{
    const struct clean_options *o = a->options.own;

    *path = NULL;
    *fd = -1;
    if (a->options.dry_run || !(a->options.args.n || o->store || o->all))
        return 0;
    return app_artifacts_alone(a, path, fd, err);
}

static int run(struct app *a, struct wl_err *err)
{
    const struct options *o = &a->options;
    struct sweep s = {.a = a, .work = {.lock = -1}};
    WL_CLEANUP_FREE char *size = NULL, *lock = NULL;
    int fd, r = take_artifacts(a, &lock, &fd, err);

    if (r < 0)
        return r;
    r = o->args.n ? clean_ports(&s, err) : clean_cache(&s, err);
    work_end(&s.work, false);
    lock_end(lock, &fd);
    if (!o->dry_run)
        store_sweep(&a->store);
    size = human_size(s.bytes);
    if (r == 0 && !o->quiet)
        ui_print(stdout, "%s: %s\n", s.things ? o->dry_run ? "would free" : "freed" : "nothing to do", size);
    return r;
}

const struct command command_clean = {
    .name = "clean",
    .usage = "clean [PORT...]",
    .summary = "remove what builds left behind",
    .description =
        "Removes the build directories and logs of earlier runs, and what the options name. With ports: their\n"
        "results, artifacts and logs.",
    .options = options,
    .options_size = sizeof(struct clean_options),
    .shared = SHARED_QUIET | SHARED_DRY_RUN | SHARED_FLAVOUR | SHARED_OUTPUT,
    .run = run,
};
