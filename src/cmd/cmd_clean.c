/* wl-make clean: removes results, artifacts, sources, or what earlier runs left. */
#include "app.h"
#include "compose.h"
#include "fs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sweep {
    struct app *a;
    unsigned long long bytes;
    size_t things;
};

static int remove_one(struct sweep *s, const char *path, struct wl_err *err)
{
    unsigned long long size;

    if (!path_exists(path))
        return 0;
    size = tree_size(path);
    s->bytes += size;
    s->things++;
    if (s->a->options.dry_run) {
        WL_CLEANUP_FREE char *text = human_size(size);

        printf("would remove %s (%s)\n", path, text);
        return 0;
    }
    return remove_tree(path, err);
}

static bool is_real_folder(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The results in a folder, and then the folder if that leaves it empty: --output may name one that has other things. */
static int remove_results(struct sweep *s, const char *dir, int depth, struct wl_err *err)
{
    enum { MAX_DEPTH = 4 };
    WL_CLEANUP_STRV struct strv names = {0};
    int r = path_is_dir(dir) ? dir_list(dir, &names, err) : 0;

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *path = path_join(dir, names.v[i]);

        if (compose_made(path, NULL))
            r = remove_one(s, path, err);
        else if (depth < MAX_DEPTH && is_real_folder(path))
            r = remove_results(s, path, depth + 1, err);
    }
    if (r == 0 && names.n && !s->a->options.dry_run)
        rmdir(dir);
    return r;
}

/* Everything in a folder of the cache; build folders that a running wl-make works in are left alone. */
static int remove_content(struct sweep *s, const char *name, bool locked, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(s->a->store.cache, name);
    WL_CLEANUP_STRV struct strv names = {0};
    int r = path_is_dir(dir) ? dir_list(dir, &names, err) : 0;

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *path = path_join(dir, names.v[i]);
        WL_CLEANUP_FREE char *lock = xasprintf("%s/lock/%s", s->a->store.cache, names.v[i]);
        WL_CLEANUP_FD int fd = -1;

        if (locked && lock_take(lock, false, &fd, err) != 0)
            continue;
        r = remove_one(s, path, err);
    }
    return r;
}

/* A port's folder, or what a flavour has in it. */
static int remove_result(struct sweep *s, const char *dir, const char *flavour, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv files = {0};
    int r = 0;

    if (!compose_made(dir, flavour))
        return 0;
    if (flavour)
        compose_files(dir, flavour, &files);
    else
        strv_add(&files, dir);
    for (size_t i = 0; r == 0 && i < files.n; i++)
        r = remove_one(s, files.v[i], err);
    return r;
}

/* A port's result, its artifact as the recipe now stands, and its logs. */
static int clean_ports(struct sweep *s, struct wl_err *err)
{
    struct app *a = s->a;
    WL_CLEANUP_STRV struct strv names = {0};
    struct fetch_options cached = {.cache = a->store.sources};
    struct build_options o;
    struct plan p = {0};
    int r = app_ports(a, &names, err);

    if (r < 0)
        return r;
    app_build_options(a, &o, false);
    r = plan_make(&o.plan, &names, &p, err);
    if (r == 0)
        r = plan_find_toolchains(&o.plan, &p, err);
    if (r == 0)
        r = plan_keys(&o.plan, &cached, &p, err);
    for (size_t i = 0; r == 0 && i < p.n; i++) {
        WL_CLEANUP_FREE char *dir = NULL, *artifact = NULL, *build = NULL, *logs = NULL;

        if (!p.nodes[i].root)
            continue;
        dir = compose_dir(a->output, p.nodes[i].recipe);
        artifact = store_path(&a->store, p.nodes[i].key);
        build = store_build_dir(&a->store, p.nodes[i].key);
        logs = xasprintf("%s/logs/%s", a->store.cache, p.nodes[i].recipe->name);
        r = remove_result(s, dir, p.nodes[i].recipe->flavour, err);
        if (r == 0)
            r = remove_one(s, artifact, err);
        if (r == 0)
            r = remove_one(s, build, err);
        if (r == 0)
            r = remove_one(s, logs, err);
    }
    plan_free(&p);
    return r;
}

int cmd_clean(struct app *a, struct wl_err *err)
{
    const struct options *o = &a->options;
    struct sweep s = {.a = a};
    WL_CLEANUP_FREE char *size = NULL;
    int r = 0;

    if (o->args.n) {
        r = clean_ports(&s, err);
    } else {
        /* Without a word: what failed and killed runs left. */
        r = remove_content(&s, "build", true, err);
        if (r == 0)
            r = remove_content(&s, "logs", false, err);
        if (r == 0 && (o->clean_store || o->clean_all))
            r = remove_content(&s, "store", false, err);
        if (r == 0 && o->clean_all)
            r = remove_content(&s, "compiled", false, err);
        if (r == 0 && o->clean_all)
            r = remove_content(&s, "identity", false, err);
        if (r == 0 && o->clean_all)
            r = remove_content(&s, "offers", false, err);
        if (r == 0 && (o->clean_sources || o->clean_all))
            r = remove_content(&s, "sources", false, err);
        if (r == 0 && o->clean_all)
            r = remove_results(&s, a->output, 1, err);
    }
    size = human_size(s.bytes);
    if (r == 0 && !o->quiet)
        printf("%s: %s\n", s.things ? o->dry_run ? "would free" : "freed" : "nothing to do", size);
    return r;
}
