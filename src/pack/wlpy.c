#include "pack/wlpy.h"

#include "pack/tool.h"
#include "recipe/known_ports.h"
#include "recipe/python.h"
#include "util/fs.h"
#include "util/hash.h"

#include <string.h>

/* Where it is in the artifact. The name of the wheel is not known before it is made. */
#define WHEEL_DIR "wheel"

struct making {
    const struct wlpy_wheel *w;
    const char *key;
    char program[HASH_HEX_SIZE]; /* the hash of that file */
};

static int find_key(const struct making *m, char key[HASH_HEX_SIZE], struct wl_err *err)
{
    const char *const ports[] = {WLPY_WHEEL_PORT, WLPY_PORTABLE_PORT, m->w->python};
    struct hash *h = hash_new();
    int r = 0;

    hash_field(h, "wlpy-wheel", "2");
    hash_field(h, "program", m->program);
    hash_field(h, "expression", m->w->expression);
    for (size_t i = 0; r == 0 && i < sizeof ports / sizeof *ports; i++) {
        const struct node *n = plan_find(m->w->plan, ports[i]);

        if (n)
            hash_field(h, ports[i], n->key);
        else
            r = wl_err_set(err, WL_E_FAILED, "%s is not in the plan", ports[i]);
    }
    if (r == 0)
        r = parcel_hash(m->w->licenses, h, err);
    hash_end(h, key);
    return r;
}

static int fill(void *data, struct store_work *w, struct manifest *made, struct wl_err *err)
{
    const struct making *m = data;
    WL_CLEANUP_FREE char *logs = store_log_dir(m->w->o->store, "wlpy-wheel", m->key), *tools = NULL, *python = NULL,
                         *program = NULL, *command = NULL, *licenses = path_join(w->dir, "src/licenses"),
                         *series = python_series(m->w->python), *stage = store_stage(w),
                         *dir = path_join(stage, WHEEL_DIR);
    WL_CLEANUP_STRV struct strv argv = {0};
    struct box b = {0};
    int r = box_init(&b, w->dir, m->w->o->plan.sandboxed, err);

    if (r == 0)
        r = make_dirs(dir, err);
    if (r == 0)
        r = box_show_port(&b, m->w->o->store, m->w->plan, WLPY_WHEEL_PORT, &tools, err);
    if (r == 0)
        r = box_show_port(&b, m->w->o->store, m->w->plan, m->w->python, &python, err);
    if (r == 0)
        r = box_show_port(&b, m->w->o->store, m->w->plan, WLPY_PORTABLE_PORT, &command, err);
    if (r == 0)
        r = parcel_copy(m->w->licenses, licenses, err);
    if (r == 0)
        r = box_take(&b, m->w->program, m->program, "src/python-sandbox.so", &program, err);
    if (r == 0) {
        struct tool_step t = {.o = m->w->o, .box = &b, .of = "wlpy-wheel", .logs = logs, .lock_fd = w->lock};

        strv_take(&argv, path_join(tools, "bin/make-wheel"));
        strv_add(&argv, program);
        strv_add(&argv, python_version(m->w->python));
        strv_addf(&argv, "%s/include/python%s", python, series);
        strv_add(&argv, command);
        strv_addf(&argv, "%s/src/licenses", b.root);
        strv_add(&argv, m->w->expression);
        strv_addf(&argv, "%s/stage/" WHEEL_DIR, b.root);
        r = tool_run(&t, "making the wheel", &argv, err);
        str_free(&t.output);
    }
    box_free(&b);
    made->kind = xstrdup("wheel");
    made->name = xstrdup("wlpy");
    manifest_add_source(made, path_base(m->w->program), m->program, NULL);
    manifest_add_need(made, WLPY_WHEEL_PORT, plan_find(m->w->plan, WLPY_WHEEL_PORT)->key, "build");
    manifest_add_need(made, WLPY_PORTABLE_PORT, plan_find(m->w->plan, WLPY_PORTABLE_PORT)->key, "build");
    manifest_add_need(made, m->w->python, plan_find(m->w->plan, m->w->python)->key, "build");
    return r;
}

/* The one file that make-wheel has written. */
static int find_wheel(const struct making *m, char **file, struct wl_err *err)
{
    WL_CLEANUP_FREE char *artifact = store_path(m->w->o->store, m->key), *dir = path_join(artifact, WHEEL_DIR);
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir_list(dir, &names, err);

    if (r < 0)
        return r;
    if (names.n != 1)
        return wl_err_set(err, WL_E_FAILED, "%s has %zu files instead of one wheel", dir, names.n);
    *file = path_join(dir, names.v[0]);
    return 0;
}

int wlpy_wheel_make(const struct wlpy_wheel *w, char **file, struct wl_err *err)
{
    char key[HASH_HEX_SIZE];
    struct making m = {.w = w, .key = key};
    int r = hash_file(w->program, m.program, err);

    *file = NULL;
    if (r == 0)
        r = find_key(&m, key, err);
    if (r == 0)
        r = artifact_check(w->o, "wlpy-wheel", key, err);
    if (r == 0)
        r = tool_make(w->o, "wlpy-wheel", key, fill, &m, err);
    return r < 0 ? r : find_wheel(&m, file, err);
}
