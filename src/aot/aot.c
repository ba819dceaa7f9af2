#include "aot.h"

#include "clock.h"
#include "fs.h"
#include "run.h"
#include "toolchain.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CLANG "clang-" WL_LLVM
#define PROFDATA "llvm-profdata-" WL_LLVM

/* How many files wasm2c writes: each function is in one of them, and a file is compiled by one process. */
#define PARTS "24"
/* What build.mk says after each of them, and before it links. */
#define COMPILED "compiled guest"
#define LINKING "linking"

void aot_ports(struct strv *names)
{
    strv_add_once(names, AOT_WABT_PORT);
    strv_add_once(names, AOT_MUSL_PORT);
}

/* What every program is compiled with. */
#define PROFILES "host/native/profiles"

/* Where it is in the artifact. */
static const char *place(const struct aot *a)
{
    return a->library ? "lib/guest.so" : "bin/program";
}

enum { STATUS_NOT_FIT = 3, LAST_LINES = 15 };

char *aot_name(const char *module)
{
    const char *base = path_base(module);
    char *name = xstrndup(base, strlen(base) - (ends_with(base, ".wasm") && strlen(base) > 5 ? 5 : 0));

    for (char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(".-_", *p))
            *p = '_';
    return name;
}

int aot_key(const struct aot *a, const char *module, const char *name, char key[HASH_HEX_SIZE], struct wl_err *err)
{
    static const char *const parts[] = {"host/native",
                                        "host/wasi",
                                        "host/interrupt.c",
                                        "host/interrupt.h",
                                        "host/err.c",
                                        "host/err.h",
                                        "host/wasm.h",
                                        "host/wlpy.h",
                                        "ports/" AOT_WABT_PORT "/recipe.yaml",
                                        "ports/" AOT_MUSL_PORT "/recipe.yaml"};
    WL_CLEANUP_FREE char *clang = run_which(CLANG);
    char profile[HASH_HEX_SIZE] = "none";
    struct toolchain t = {0};
    struct hash *h;
    int r;

    if (!clang) {
        wl_err_set(err, WL_E_TOOLCHAIN, "%s is not installed, which compiles native programs", CLANG);
        return wl_err_hint(err, "install the package %s", CLANG);
    }
    if (a->profile && strcmp(a->profile, "none") != 0 && hash_file(a->profile, profile, err) < 0) {
        err->cls = WL_E_USAGE;
        return wl_err_hint(err, "--profile takes a file that wl-make profile --native wrote, or none");
    }
    r = toolchain_find_wasi(NULL, a->store->cache, &t, err);
    if (r < 0)
        return r;
    h = hash_new();
    hash_field(h, "aot", "3");
    hash_field(h, "module", module);
    hash_field(h, "name", name);
    hash_field(h, "compiler", t.identity);
    hash_field(h, "parts", PARTS);
    hash_field(h, "result", place(a));
    hash_field(h, "cpu", a->cpu ? a->cpu : "");
    hash_field(h, "profile", a->profile ? profile : "default");
    toolchain_free(&t);
    for (size_t i = 0; r == 0 && i < sizeof parts / sizeof *parts; i++) {
        WL_CLEANUP_FREE char *path = path_join(a->repo, parts[i]);
        char hex[HASH_HEX_SIZE];

        r = hash_tree(path, hex, err);
        if (r == 0)
            hash_field(h, parts[i], hex);
    }
    hash_end(h, key);
    return r;
}

char *aot_result(const struct aot *a, const char *key)
{
    WL_CLEANUP_FREE char *artifact = store_path(a->store, key);

    return path_join(artifact, place(a));
}

static int failed(const char *name, int status, const char *output, struct wl_err *err)
{
    WL_CLEANUP_FREE char *line = last_line(output);

    if (status == STATUS_NOT_FIT) {
        wl_err_set(err, WL_E_USAGE, "%s", line);
        return wl_err_hint(err, "docs/native.md says which modules can be translated");
    }
    if (strstr(output, "No space left on device")) {
        wl_err_set(err, WL_E_IO, "%s was not compiled: no space left on the disk of the cache", name);
        return wl_err_hint(err, "free some, or name another with --cache-dir");
    }
    fputs(last_lines(output, strlen(output), LAST_LINES), stderr); /* what no message foresees */
    return wl_err_set(err, WL_E_FAILED, "%s was not compiled, see above", name);
}

static void tell(const struct aot *a, enum event_kind kind, const char *name, const char *text, double seconds)
{
    a->events->emit(
        a->events->data,
        &(struct event){.kind = kind, .port = name, .text = text, .index = 1, .count = 1, .seconds = seconds});
}

struct listener {
    const struct aot *a;
    const char *name;
    struct str output;
    size_t read; /* up to here, its lines have been looked at */
    int compiled;
};

/* Keeps the output, and tells of each file that has been compiled. */
static int listen(void *data, const char *text, size_t n, struct wl_err *err)
{
    struct listener *l = data;
    const char *end;

    (void)err;
    str_addn(&l->output, text, n);
    for (; (end = strchr(l->output.s + l->read, '\n')); l->read = (size_t)(end + 1 - l->output.s))
        if (starts_with(l->output.s + l->read, COMPILED)) {
            WL_CLEANUP_FREE char *phase = xasprintf("%d of " PARTS " files compiled", ++l->compiled);

            tell(l->a, EVENT_PHASE, l->name, phase, 0);
        } else if (starts_with(l->output.s + l->read, LINKING)) {
            tell(l->a, EVENT_PHASE, l->name, "optimising as a whole and linking", 0);
        }
    return 0;
}

/* Puts the result where the artifact has it: as a copy, which starts sooner than what the linker has written page by
 * page (fs.c). */
static int stage(const struct aot *a, const char *scratch, struct wl_err *err)
{
    WL_CLEANUP_FREE char *from = path_join(scratch, path_base(place(a))), *artifact = path_join(scratch, "stage");
    WL_CLEANUP_FREE char *to = path_join(artifact, place(a)), *dir = path_dir(to);
    int r = make_dirs(dir, err);

    return r < 0 ? r : copy_tree(from, to, err);
}

/* The profiles that clang is given, a line each. */
static int profiles(const struct aot *a, char **files, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(a->repo, PROFILES);
    WL_CLEANUP_STRV struct strv names = {0};
    struct str list = {0};
    int r = 0;

    if (!a->profile)
        r = dir_list(dir, &names, err);
    else if (strcmp(a->profile, "none") != 0)
        *files = path_absolute(a->profile);
    for (size_t i = 0; i < names.n; i++)
        if (ends_with(names.v[i], ".xz"))
            str_addf(&list, "%s/%s\n", dir, names.v[i]);
    if (!*files)
        *files = list.s ? list.s : xstrdup("");
    return r;
}

static int compile(const struct aot *a, const char *scratch, const char *module, const char *name, const char *wabt,
                   const char *musl, struct wl_err *err)
{
    WL_CLEANUP_FREE char *script = path_join(a->repo, "host/native/make/aot.sh"), *whole = path_absolute(module);
    WL_CLEANUP_FREE char *files = NULL;
    WL_CLEANUP_STRV struct strv argv = {0};
    struct listener l = {.a = a, .name = name};
    struct run run = {.cwd = scratch, .cancel = a->cancel, .on_output = listen, .data = &l};
    int status = 0, r;

    r = profiles(a, &files, err);
    if (r < 0)
        return r;
    strv_add_all(&argv, "env", "CC=" CLANG, "LLVM_PROFDATA=" PROFDATA, NULL);
    strv_addf(&argv, "PROFILES=%s", files);
    strv_add_all(&argv, "sh", script, wabt, whole, name, PARTS, path_base(place(a)), "-s", NULL);
    strv_addf(&argv, "MUSL=%s", musl);
    strv_addf(&argv, "-j%d", a->jobs);
    strv_addf(&argv, "LDFLAGS=-Wl,--thinlto-jobs=%d", a->jobs);
    if (a->cpu)
        strv_addf(&argv, "CFLAGS=-march=%s", a->cpu);
    run.argv = argv.v;
    r = run_command(&run, &status, err);
    if (r == 0 && status != 0)
        r = failed(name, status, l.output.s ? l.output.s : "", err);
    str_free(&l.output);
    return r < 0 ? r : stage(a, scratch, err);
}

static void tell_wait(void *data)
{
    const struct aot *a = data;

    events_note(a->events, "another wl-make is compiling the same module; waiting for it");
}

static void tell_damage(void *data, const char *what)
{
    const struct aot *a = data;
    WL_CLEANUP_FREE char *text = xasprintf("the stored native program is damaged (%s); making it again", what);

    events_note(a->events, text);
}

/* What the artifact is made from. */
static int describe(const struct aot *a, const char *module, const char *name, struct manifest *m, struct wl_err *err)
{
    struct toolchain t = {0};
    char hex[HASH_HEX_SIZE];
    int r = hash_file(module, hex, err);

    if (r == 0)
        r = toolchain_find_wasi(NULL, a->store->cache, &t, err);
    if (r < 0)
        return r;
    m->kind = xstrdup("native");
    m->name = xstrdup(name);
    m->toolchain = xstrdup(t.identity);
    manifest_add_source(m, path_base(module), hex, NULL);
    toolchain_free(&t);
    return 0;
}

static int make(const struct aot *a, struct store_work *w, const char *module, const char *name, const char *wabt,
                const char *musl, struct wl_err *err)
{
    WL_CLEANUP_MANIFEST struct manifest made = {0};
    double start = clock_seconds();
    int r;

    tell(a, EVENT_PLANNED, name, NULL, 0);
    tell(a, EVENT_START, name, NULL, 0);
    tell(a, EVENT_PHASE, name, "translating to C, this once (a Python takes minutes)", 0);
    r = compile(a, w->dir, module, name, wabt, musl, err);
    if (r == 0)
        r = describe(a, module, name, &made, err);
    if (r == 0)
        r = store_commit(w, &made, err);
    tell(a, r == 0 ? EVENT_DONE : EVENT_FAILED, name, NULL, clock_seconds() - start);
    return r;
}

int aot_there(const struct aot *a, const char *key, struct wl_err *err)
{
    WL_CLEANUP_FREE char *damage = NULL;
    int r = store_check(a->store, key, &damage, err);

    if (damage)
        tell_damage((void *)a, damage);
    return r;
}

int aot_make(const struct aot *a, const char *key, const char *module, const char *name, const char *wabt,
             const char *musl, struct wl_err *err)
{
    const struct store_calls calls = {
        .cancel = a->cancel, .on_wait = tell_wait, .on_damage = tell_damage, .data = (void *)a};
    struct store_work w;
    int r = aot_there(a, key, err);

    if (r != 0)
        return r < 0 ? r : 0;
    r = store_begin(&w, a->store, key, &calls, err);
    if (r == 0)
        r = make(a, &w, module, name, wabt, musl, err);
    work_end(&w, false);
    return r < 0 ? r : 0;
}
