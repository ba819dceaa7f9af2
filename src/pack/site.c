#include "pack/site.h"

#include "make/artifact.h"
#include "pack/lock.h"
#include "pack/tool.h"
#include "pack/wheels.h"
#include "util/fs.h"

#include <string.h>

/* Where the packages are in the artifact. */
#define PACKAGES "site-packages"

enum { MAX_LOCK = 4 << 20 };

char *lock_file_of(const char *requirements)
{
    size_t n = strlen(requirements);

    return xasprintf("%.*s.lock", (int)(ends_with(requirements, ".txt") ? n - 4 : n), requirements);
}

char *site_packages(const struct store *s, const struct site *site)
{
    WL_CLEANUP_FREE char *artifact = store_path(s, site->key);

    return path_join(artifact, PACKAGES);
}

struct making {
    const struct pack *k;
    const struct wheels *wheels;
    const struct site *site;
    const char *pinned; /* the text of the lock file */
};

static int find_key(const struct pack *k, const char *pinned, struct site *s, struct wl_err *err)
{
    char collect[HASH_HEX_SIZE];
    int r = hash_file(k->collect, collect, err);
    struct hash *h;

    if (r < 0)
        return r;
    h = hash_new();
    hash_field(h, "site", "2");
    hash_field(h, "lock", pinned);
    hash_field(h, "python", k->build_python.key);
    hash_field(h, "collect", collect);
    hash_field(h, "strip", k->strip_source ? "yes" : "no");
    hash_end(h, s->key);
    return 0;
}

static int fill(void *data, struct store_work *w, struct manifest *made, struct wl_err *err)
{
    const struct making *m = data;
    const struct pack *k = m->k;
    const char *name = path_base(k->requirements);
    WL_CLEANUP_FREE char *stage = store_stage(w), *folder = path_join(stage, PACKAGES), *python = NULL, *collect = NULL,
                         *of = xasprintf("site/%s", name), *logs = store_log_dir(k->o->store, of, m->site->key);
    WL_CLEANUP_STRV struct strv argv = {0};
    struct box b = {0};
    struct tool_step t = {.o = k->o, .box = &b, .of = name, .logs = logs, .lock_fd = w->lock};
    char hex[HASH_HEX_SIZE];
    struct hash *h = hash_new();
    int r = box_init(&b, w->dir, k->o->plan.sandboxed, err);

    hash_add(h, m->pinned, strlen(m->pinned));
    hash_end(h, hex);
    made->kind = xstrdup("site");
    made->name = xstrdup(PACKAGES);
    manifest_add_source(made, path_base(m->wheels->lock), hex, NULL);
    manifest_add_need(made, "build-python", k->build_python.key, "build");
    if (r == 0)
        r = box_show(&b, k->build_python.dir, "needs/build-python", &python, err);
    if (r == 0)
        r = box_take(&b, k->collect, NULL, "files/collect.py", &collect, err);
    /* By the machine's pip, which knows its index and its certificates; every wheel is compared with its hash. */
    if (r == 0)
        r = wheels_install(m->wheels, m->pinned, folder, k->fetch, err);
    if (r == 0) {
        tool_collect(python, collect, "site", "../stage/" PACKAGES, k->strip_source, &argv);
        r = tool_run(&t, "compile", &argv, err);
    }
    str_free(&t.output);
    box_free(&b);
    return r;
}

int site_make(const struct pack *k, const char *scratch, struct site *s, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL, *pinned = NULL;
    struct wheels wheels = {.requirements = k->requirements,
                            .lock = k->lock,
                            .series = k->series,
                            .version = k->version,
                            .ask_pip = k->ask_pip,
                            .roots = k->o->plan.roots,
                            .scratch = scratch,
                            .without_native = k->without_native};
    struct making m = {.k = k, .wheels = &wheels, .site = s};
    int r = file_read(k->lock, MAX_LOCK, &text, NULL, err);

    pinned = r == 0 ? lock_wheels(text) : NULL;
    if (r == 0)
        r = find_key(k, pinned, s, err);
    m.pinned = pinned;
    return r < 0 ? r : tool_make(k->o, path_base(k->requirements), s->key, fill, &m, err);
}
