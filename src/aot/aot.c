#include "aot/aot.h"

#include "make/artifact.h"
#include "plan/toolchain.h"
#include "recipe/known_ports.h"
#include "util/fs.h"
#include "util/run.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CLANG "clang-" WL_LLVM
#define PROFDATA "llvm-profdata-" WL_LLVM

/* Where the result is in the artifact. */
#define PROGRAM "bin/program"
#define LIBRARY "lib/guest.so"

void aot_ports(struct strv *names)
{
    strv_add_once(names, AOT_PORT);
    strv_add_once(names, WABT_PORT);
    strv_add_once(names, MUSL_PORT);
}

static const char *place(const struct aot *a)
{
    return a->library ? LIBRARY : PROGRAM;
}

char *aot_name(const char *module)
{
    const char *base = path_base(module);
    char *name = xstrndup(base, strlen(base) - (ends_with(base, ".wasm") && strlen(base) > 5 ? 5 : 0));

    for (char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(".-_", *p))
            *p = '_';
    /* (These two are not names of files.) */
    if (!strcmp(name, ".") || !strcmp(name, ".."))
        memset(name, '_', strlen(name));
    return name;
}

/* --- the key --- */

static bool has_profile(const struct aot *a)
{
    return a->profile && strcmp(a->profile, "none") != 0;
}

/* What the artifacts are made from that it is made with: the program that translates, the host's sources, the profiles,
 * wasm2c and the C library. */
static int hash_ports(const struct aot *a, struct hash *h, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};

    aot_ports(&names);
    for (size_t i = 0; i < names.n; i++) {
        const struct node *n = plan_find(a->plan, names.v[i]);

        if (!n)
            return wl_err_set(err, WL_E_FAILED, "%s is not in the plan", names.v[i]);
        hash_field(h, names.v[i], n->key);
    }
    return 0;
}

int aot_find_compiler(struct wl_err *err)
{
    WL_CLEANUP_FREE char *clang = run_which(CLANG);

    if (clang)
        return 0;
    wl_err_set(err, WL_E_TOOLCHAIN, "%s is not installed, which compiles native programs", CLANG);
    return wl_err_hint(err, "install the package %s", CLANG);
}

int aot_find(const struct aot *a, struct aot_program *p, struct wl_err *err)
{
    struct toolchain t = {0};
    struct hash *h;
    int r;

    *p = (struct aot_program){.name = aot_name(a->module)};
    r = aot_find_compiler(err);
    if (r < 0)
        return r;
    if (has_profile(a) && hash_file(a->profile, p->profile, err) < 0) {
        err->cls = WL_E_USAGE;
        return wl_err_hint(err, "--profile takes a file that wl-make profile --native wrote, or none");
    }
    r = toolchain_find_wasi(NULL, a->o->store->cache, &t, err);
    if (r < 0)
        return r;
    h = hash_new();
    hash_field(h, "aot", "6");
    hash_field(h, "module", a->key ? a->key : a->sha256);
    hash_field(h, "name", p->name);
    hash_field(h, "compiler", t.identity);
    hash_field(h, "result", place(a));
    hash_field(h, "cpu", a->cpu ? a->cpu : "");
    hash_field(h, "profile", has_profile(a) ? p->profile : a->profile ? a->profile : "default");
    toolchain_free(&t);
    r = hash_ports(a, h, err);
    hash_end(h, p->key);
    return r;
}

void aot_program_free(struct aot_program *p)
{
    free(p->name);
    p->name = NULL;
}

char *aot_result(const struct aot *a, const struct aot_program *p)
{
    WL_CLEANUP_FREE char *artifact = store_path(a->o->store, p->key);

    return path_join(artifact, place(a));
}

/* --- how far it is, and why it failed --- */

/* What the program aot has said on its status descriptor (tools/aot/aot.h). */
struct listener {
    const struct aot *a;
    const struct aot_program *p;
    char *refused, *stopped;
};

static void tell(const struct listener *l, struct event e)
{
    e.port = l->p->name;
    if (l->a->o->events)
        l->a->o->events->emit(l->a->o->events->data, &e);
}

/* A limit may have made the compiler write anything, so a line is only taken for what it can be. */
static void listen(void *data, const char *line)
{
    struct listener *l = data;
    unsigned long long done, total;

    if (starts_with(line, "phase "))
        tell(l, (struct event){.kind = EVENT_PHASE, .text = line + strlen("phase ")});
    else if (sscanf(line, "count %9llu %9llu", &done, &total) == 2)
        tell(l, (struct event){.kind = EVENT_COUNT, .text = "files compiled", .done = done, .total = total});
    else if (starts_with(line, "refused ") && !l->refused)
        l->refused = xstrdup(line + strlen("refused "));
    else if (starts_with(line, "stopped ") && !l->stopped)
        l->stopped = xstrdup(line + strlen("stopped "));
}

static const char *limit_of(const char *stopped)
{
    static const char *const limits[][2] = {
        {"time", "a process took more processor time than its limit"},
        {"memory", "a process took more memory or stack than its limit, or was killed"},
        {"file", "a file would have been larger than its limit"}};

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (!strcmp(stopped, limits[i][0]))
            return limits[i][1];
    return "a limit was reached";
}

static int failed(const struct listener *l, const struct box *b, const struct artifact_step *s, struct wl_err *err)
{
    if (l->refused) {
        wl_err_set(err, WL_E_USAGE, "%s", l->refused);
        return wl_err_hint(err, "docs/native.md says which modules can be translated");
    }
    if (l->stopped && !strcmp(l->stopped, "space")) {
        wl_err_set(err, WL_E_IO, "%s was not compiled: no space left on the disk of the cache", l->p->name);
        return wl_err_hint(err, "free some, or name another directory with --cache-dir");
    }
    if (l->stopped) {
        wl_err_set(err, WL_E_FAILED, "%s was not compiled: %s; the whole log is %s", l->p->name, limit_of(l->stopped),
                   s->log);
        return wl_err_hint(err, !strcmp(l->stopped, "file")
                                    ? "docs/native.md lists the limits; this one grows with the module"
                                    : "docs/native.md lists the limits; wl-make aot raises them by --max-compile-time "
                                      "and --max-compile-memory");
    }
    wl_err_set(err, WL_E_FAILED, "%s was not compiled", l->p->name);
    artifact_step_failed(l->a->o, b, s, err);
    return -(int)err->cls;
}

/* --- making it --- */

struct making {
    const struct aot *a;
    const struct aot_program *p;
};

static void add_word(struct str *run, const char *option, const char *value)
{
    WL_CLEANUP_FREE char *quoted = value ? shell_quote(value) : NULL;

    str_addf(run, " %s%s", option, quoted ? quoted : "");
}

/* Puts into the box what the step needs, and writes the step. */
static int prepare(const struct making *m, struct box *b, const struct jobs *jobs, struct str *run, struct wl_err *err)
{
    const struct aot *a = m->a;
    WL_CLEANUP_FREE char *aot = NULL, *wabt = NULL, *musl = NULL, *module = NULL, *profile = NULL;
    int r = box_show_port(b, a->o->store, a->plan, AOT_PORT, &aot, err);

    if (r == 0)
        r = box_show_port(b, a->o->store, a->plan, WABT_PORT, &wabt, err);
    if (r == 0)
        r = box_show_port(b, a->o->store, a->plan, MUSL_PORT, &musl, err);
    if (r == 0)
        r = box_take(b, a->module, a->sha256, "src/module.wasm", &module, err);
    if (r == 0 && has_profile(a)) {
        WL_CLEANUP_FREE char *name = xasprintf("src/profile/%s", path_base(a->profile));

        r = box_take(b, a->profile, m->p->profile, name, &profile, err);
    }
    if (r < 0)
        return r;
    strv_addf(&b->env, "MAKEFLAGS=%s", jobs->makeflags);
    str_addf(run, "%s/bin/aot --status-fd=$STATUS_FD --cc='" CLANG " -fno-crash-diagnostics' --profdata=" PROFDATA,
             aot);
    add_word(run, "--wabt=", wabt);
    add_word(run, "--musl=", musl);
    if (a->library)
        add_word(run, "--library", NULL);
    if (a->cpu)
        add_word(run, "--cpu=", a->cpu);
    if (a->profile)
        add_word(run, "--profile=", profile ? profile : "none");
    if (a->max_seconds)
        str_addf(run, " --max-seconds=%llu", a->max_seconds);
    if (a->max_memory)
        str_addf(run, " --max-memory=%llu", a->max_memory);
    add_word(run, "--", NULL);
    add_word(run, "", module);
    add_word(run, "", m->p->name);
    /* A copy starts sooner than what the linker has written page by page. */
    str_addf(run, "\nmkdir ../stage/%.*s\ncp %s ../stage/%s\n", (int)strcspn(place(a), "/"), place(a),
             path_base(place(a)), place(a));
    return 0;
}

/* What the step has left is what the artifact should have, and no link. */
static int check_stage(const struct making *m, const struct store_work *w, struct wl_err *err)
{
    WL_CLEANUP_FREE char *stage = store_stage(w), *file = path_join(stage, place(m->a)), *dir = path_dir(file);
    struct stat st, folder;

    if (lstat(dir, &folder) < 0 || !S_ISDIR(folder.st_mode) || lstat(file, &st) < 0 || !S_ISREG(st.st_mode))
        return wl_err_set(err, WL_E_FAILED, "the compiler has written no %s", file);
    return 0;
}

static int describe(const struct making *m, const struct box *b, struct manifest *made, struct wl_err *err)
{
    WL_CLEANUP_FREE char *module = path_join(b->dir, "src/module.wasm");
    WL_CLEANUP_STRV struct strv ports = {0};
    struct toolchain t = {0};
    char hex[HASH_HEX_SIZE];
    int r = m->a->sha256 ? 0 : hash_file(module, hex, err);

    if (r == 0)
        r = toolchain_find_wasi(NULL, m->a->o->store->cache, &t, err);
    if (r < 0)
        return r;
    made->kind = xstrdup("native");
    made->name = xstrdup(m->p->name);
    made->toolchain = xstrdup(t.identity);
    manifest_add_source(made, path_base(m->a->module), m->a->sha256 ? m->a->sha256 : hex, NULL);
    if (has_profile(m->a))
        manifest_add_source(made, path_base(m->a->profile), m->p->profile, NULL);
    aot_ports(&ports);
    for (size_t i = 0; i < ports.n; i++)
        manifest_add_need(made, ports.v[i], plan_find(m->a->plan, ports.v[i])->key, "build");
    toolchain_free(&t);
    return 0;
}

static int compile(const struct making *m, struct box *b, const struct jobs *jobs, int lock_fd, struct wl_err *err)
{
    WL_CLEANUP_FREE char *port = xasprintf("native/%s", m->p->name),
                         *logs = store_log_dir(m->a->o->store, port, m->p->key), *log = path_join(logs, "compile.log");
    struct listener l = {.a = m->a, .p = m->p};
    WL_CLEANUP_STR struct str run = {0};
    struct artifact_step step = {.of = m->p->name,
                                 .what = "compiling",
                                 .name = "translating to C, this once (a Python takes minutes)",
                                 .log = log,
                                 .lock_fd = lock_fd,
                                 .jobs = jobs,
                                 .on_status = listen,
                                 .data = &l};
    int r = prepare(m, b, jobs, &run, err);

    step.run = run.s;
    if (r == 0) {
        r = artifact_step(m->a->o, b, &step, err);
        if (r == -WL_E_FAILED)
            r = failed(&l, b, &step, err);
    }
    free(l.refused);
    free(l.stopped);
    return r;
}

static int fill(void *data, struct store_work *w, struct manifest *made, struct wl_err *err)
{
    const struct making *m = data;
    struct box b = {0};
    struct jobs jobs;
    int r = jobs_init(&jobs, m->a->o->jobs, err);

    if (r < 0)
        return r;
    r = box_init(&b, w->dir, m->a->o->plan.sandboxed, err);
    /* Before the compiler has run, which has read foreign bytes. */
    if (r == 0)
        r = compile(m, &b, &jobs, w->lock, err);
    if (r == 0)
        r = check_stage(m, w, err);
    if (r == 0)
        r = describe(m, &b, made, err);
    box_free(&b);
    jobs_free(&jobs);
    return r;
}

int aot_check(const struct aot *a, const struct aot_program *p, struct wl_err *err)
{
    return artifact_check(a->o, p->name, p->key, err);
}

int aot_make(const struct aot *a, const struct aot_program *p, struct wl_err *err)
{
    struct making m = {a, p};
    int r = aot_check(a, p, err);

    if (r != 0)
        return r < 0 ? r : 0;
    if (a->o->events)
        a->o->events->emit(a->o->events->data, &(struct event){.kind = EVENT_PLANNED, .count = 1});
    return artifact_make(
        &(struct artifact){.o = a->o, .key = p->key, .name = p->name, .index = 1, .count = 1, .fill = fill, .data = &m},
        err);
}
