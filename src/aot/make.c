/* Makes the two artifacts: the translation, and the program or library that is linked with it. */
#include "aot/make.h"

#include "aot/step.h"
#include "make/launcher.h"
#include "recipe/known_ports.h"
#include "util/fs.h"

#include <string.h>
#include <sys/stat.h>

#define CLANG "clang-" WL_LLVM
#define PROFDATA "llvm-profdata-" WL_LLVM

const char *aot_place(const struct aot *a)
{
    return a->library ? "lib/guest.so" : "bin/program";
}

/* One of them. */
struct kind {
    const char *name;  /* in the manifest */
    const char *title; /* of its step */
    const char *log;
    const char *file; /* that it must have */
    /* Puts into the box what the step needs, and writes the step. */
    int (*prepare)(const struct making *m, struct box *b, struct str *run, struct wl_err *err);
    void (*describe)(const struct making *m, struct manifest *made);
};

struct filling {
    const struct making *m;
    const struct kind *kind;
    const char *key;
};

/* --- the step --- */

static void add_word(struct str *run, const char *option, const char *value)
{
    WL_CLEANUP_FREE char *quoted = value ? shell_quote(value) : NULL;

    str_addf(run, " %s%s", option, quoted ? quoted : "");
}

/* The program aot and the options that all its steps have. */
static int add_program(const struct making *m, struct box *b, struct str *run, struct wl_err *err)
{
    const struct aot *a = m->a;
    WL_CLEANUP_FREE char *aot = NULL, *libc = NULL;
    int r = box_show_port(b, a->o->store, a->plan, AOT_PORT, &aot, err);

    if (r == 0 && aot_c_library(a->target, a->library))
        r = box_show_port(b, a->o->store, a->plan, aot_c_library(a->target, a->library), &libc, err);
    if (r < 0)
        return r;
    str_addf(run, "%s/bin/aot --status-fd=$STATUS_FD --cc='" CLANG " -fno-crash-diagnostics'", aot);
    if (a->target)
        add_word(run, "--target=", a->target->name);
    if (a->library)
        str_add(run, " --library");
    if (libc)
        add_word(run, a->library ? "--sysroot=" : "--musl=", libc);
    if (a->max_seconds)
        str_addf(run, " --max-seconds=%llu", a->max_seconds);
    if (a->max_memory)
        str_addf(run, " --max-memory=%llu", a->max_memory);
    return 0;
}

static int prepare_translation(const struct making *m, struct box *b, struct str *run, struct wl_err *err)
{
    const struct aot *a = m->a;
    WL_CLEANUP_FREE char *wabt = NULL, *module = NULL, *profile = NULL;
    int r = add_program(m, b, run, err);

    if (r == 0)
        r = box_show_port(b, a->o->store, a->plan, WABT_PORT, &wabt, err);
    if (r == 0)
        r = box_take(b, a->module, a->sha256, "src/module.wasm", &module, err);
    if (r == 0 && *m->p->profile) {
        WL_CLEANUP_FREE char *name = xasprintf("src/profile/%s", path_base(a->profile));

        r = box_take(b, a->profile, m->p->profile, name, &profile, err);
    }
    if (r < 0)
        return r;
    str_add(run, " --profdata=" PROFDATA);
    add_word(run, "--wabt=", wabt);
    if (a->cpu)
        add_word(run, "--cpu=", a->cpu);
    if (a->profile)
        add_word(run, "--profile=", profile ? profile : "none");
    str_add(run, " -- translate");
    add_word(run, "", module);
    add_word(run, "", m->p->name);
    str_add(run, "\nmv translation/* ../stage/\n");
    return 0;
}

static int prepare_program(const struct making *m, struct box *b, struct str *run, struct wl_err *err)
{
    const struct aot *a = m->a;
    WL_CLEANUP_FREE char *artifact = store_path(a->o->store, m->p->translation), *translation = NULL, *host = NULL;
    const char *place = aot_place(a);
    int r = add_program(m, b, run, err);

    if (r == 0)
        r = box_show_port(b, a->o->store, a->plan, aot_host(a->target), &host, err);
    if (r == 0)
        r = box_show(b, artifact, "needs/translation", &translation, err);
    if (r < 0)
        return r;
    str_add(run, " -- link");
    add_word(run, "", translation);
    str_addf(run, " %s/lib/%s", host, a->library ? "library" : "program");
    add_word(run, "", m->p->name);
    /* A copy starts sooner than what the linker has written page by page. */
    str_addf(run, "\nmkdir ../stage/%.*s\ncp %s ../stage/%s\n", (int)strcspn(place, "/"), place, path_base(place),
             place);
    return 0;
}

/* --- the manifest --- */

static void add_module(const struct making *m, struct manifest *made)
{
    manifest_add_source(made, path_base(m->a->module), m->a->sha256, NULL);
    if (*m->p->profile)
        manifest_add_source(made, path_base(m->a->profile), m->p->profile, NULL);
}

static void add_port(const struct making *m, struct manifest *made, const char *port)
{
    manifest_add_need(made, port, plan_find(m->a->plan, port)->key, "build");
}

static void describe_translation(const struct making *m, struct manifest *made)
{
    add_module(m, made);
    add_port(m, made, AOT_PORT);
    add_port(m, made, WABT_PORT);
    if (aot_c_library(m->a->target, m->a->library))
        add_port(m, made, aot_c_library(m->a->target, m->a->library));
}

static void describe_program(const struct making *m, struct manifest *made)
{
    add_module(m, made);
    manifest_add_need(made, "translation", m->p->translation, "link");
    add_port(m, made, aot_host(m->a->target));
    if (aot_c_library(m->a->target, m->a->library))
        add_port(m, made, aot_c_library(m->a->target, m->a->library));
}

/* --- filling the stage --- */

/* What the step has left is what the artifact should have, and no link. */
static int check_stage(const struct filling *f, const struct store_work *w, struct wl_err *err)
{
    WL_CLEANUP_FREE char *stage = store_stage(w), *file = path_join(stage, f->kind->file), *dir = path_dir(file);
    struct stat st, folder;

    if (lstat(dir, &folder) < 0 || !S_ISDIR(folder.st_mode) || lstat(file, &st) < 0 || !S_ISREG(st.st_mode))
        return wl_err_set(err, WL_E_FAILED, "the compiler has written no %s", file);
    return 0;
}

static int run_step(const struct filling *f, struct box *b, const struct jobs *jobs, int lock_fd, struct wl_err *err)
{
    const struct making *m = f->m;
    WL_CLEANUP_FREE char *port = xasprintf("native/%s", m->p->name),
                         *logs = store_log_dir(m->a->o->store, port, f->key), *log = path_join(logs, f->kind->log);
    WL_CLEANUP_STR struct str run = {0};
    int r = f->kind->prepare(m, b, &run, err);

    if (r < 0)
        return r;
    strv_addf(&b->env, "MAKEFLAGS=%s", jobs->makeflags);
    return aot_step(&(struct aot_step){.o = m->a->o,
                                       .box = b,
                                       .jobs = jobs,
                                       .of = m->p->name,
                                       .title = f->kind->title,
                                       .run = run.s,
                                       .log = log,
                                       .lock_fd = lock_fd},
                    err);
}

static int fill(void *data, struct store_work *w, struct manifest *made, struct wl_err *err)
{
    const struct filling *f = data;
    const struct making *m = f->m;
    struct box b = {0};
    struct jobs jobs;
    int r = jobs_init(&jobs, m->a->o->jobs, err);

    if (r < 0)
        return r;
    made->kind = xstrdup(f->kind->name);
    made->name = xstrdup(m->p->name);
    made->toolchain = xstrdup(m->p->compiler);
    f->kind->describe(m, made);
    r = box_init(&b, w->dir, m->a->o->plan.sandboxed, err);
    if (r == 0)
        r = launcher_add(&b, m->a->o->launcher, err);
    if (r == 0)
        r = run_step(f, &b, &jobs, w->lock, err);
    if (r == 0)
        r = check_stage(f, w, err);
    box_free(&b);
    jobs_free(&jobs);
    return r;
}

static int make(const struct making *m, const struct kind *kind, const char *key, size_t index, size_t count,
                struct wl_err *err)
{
    struct filling f = {m, kind, key};

    return artifact_make(
        &(struct artifact){
            .o = m->a->o, .key = key, .name = m->p->name, .index = index, .count = count, .fill = fill, .data = &f},
        err);
}

int making_translation(const struct making *m, size_t index, size_t count, struct wl_err *err)
{
    static const struct kind kind = {.name = "translation",
                                     .title = "translating to C, this once (a Python takes minutes)",
                                     .log = "compile.log",
                                     .file = "glue.o",
                                     .prepare = prepare_translation,
                                     .describe = describe_translation};

    return make(m, &kind, m->p->translation, index, count, err);
}

int making_program(const struct making *m, size_t index, size_t count, struct wl_err *err)
{
    const struct kind kind = {.name = "native",
                              .title = "linking with the host",
                              .log = "link.log",
                              .file = aot_place(m->a),
                              .prepare = prepare_program,
                              .describe = describe_program};

    return make(m, &kind, m->p->key, index, count, err);
}
