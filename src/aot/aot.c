#include "aot/aot.h"

#include "aot/make.h"
#include "make/artifact.h"
#include "recipe/known_ports.h"
#include "util/fs.h"
#include "util/run.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define CLANG "clang-" WL_LLVM

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

/* --- the keys --- */

static bool has_profile(const struct aot *a)
{
    return a->profile && strcmp(a->profile, "none") != 0;
}

static int hash_port(const struct aot *a, struct hash *h, const char *port, struct wl_err *err)
{
    const struct node *n = plan_find(a->plan, port);

    if (!n)
        return wl_err_set(err, WL_E_FAILED, "%s is not in the plan", port);
    hash_field(h, port, n->key);
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

/* Everything that decides about the native code of the module: the module's bytes and not the port that they come from,
 * and of the host only the headers that toolchain/aot has. */
static int find_translation(const struct aot *a, struct aot_program *p, struct wl_err *err)
{
    struct hash *h = hash_new();
    int r;

    hash_field(h, "translation", "1");
    hash_field(h, "module", a->sha256);
    hash_field(h, "compiler", p->compiler);
    hash_field(h, "result", a->library ? "library" : "program");
    if (a->target)
        hash_field(h, "target", a->target->name);
    hash_field(h, "cpu", a->cpu ? a->cpu : "");
    hash_field(h, "profile", has_profile(a) ? p->profile : a->profile ? a->profile : "default");
    r = hash_port(a, h, AOT_PORT, err);
    if (r == 0)
        r = hash_port(a, h, WABT_PORT, err);
    /* Its headers. A library is compiled with the machine's. */
    if (r == 0 && aot_c_library(a->target, a->library))
        r = hash_port(a, h, aot_c_library(a->target, a->library), err);
    hash_end(h, p->translation);
    return r;
}

static int find_program(const struct aot *a, struct aot_program *p, struct wl_err *err)
{
    struct hash *h = hash_new();
    int r;

    hash_field(h, "aot", "7");
    hash_field(h, "translation", p->translation);
    hash_field(h, "name", p->name);
    r = hash_port(a, h, aot_host(a->target), err);
    if (r == 0 && aot_c_library(a->target, a->library))
        r = hash_port(a, h, aot_c_library(a->target, a->library), err);
    hash_end(h, p->key);
    return r;
}

int aot_find(const struct aot *a, struct aot_program *p, struct wl_err *err)
{
    struct toolchain t = {0};
    int r;

    *p = (struct aot_program){.name = aot_name(a->module)};
    r = aot_find_compiler(err);
    if (r < 0)
        return r;
    if (has_profile(a) && hash_file(a->profile, p->profile, err) < 0) {
        err->cls = WL_E_USAGE;
        return wl_err_hint(err, "--profile takes a file that wl-make profile --native wrote, or none");
    }
    r = toolchain_find_clang(a->o->store->cache, &t, err);
    if (r < 0)
        return r;
    p->compiler = xstrdup(t.identity);
    toolchain_free(&t);
    r = find_translation(a, p, err);
    return r < 0 ? r : find_program(a, p, err);
}

void aot_program_free(struct aot_program *p)
{
    free(p->name);
    free(p->compiler);
    p->name = p->compiler = NULL;
}

/* --- the artifacts --- */

char *aot_result(const struct aot *a, const struct aot_program *p)
{
    WL_CLEANUP_FREE char *artifact = store_path(a->o->store, p->key);

    return path_join(artifact, aot_place(a));
}

bool aot_is_translated(const struct aot *a, const struct aot_program *p)
{
    return store_has(a->o->store, p->translation);
}

int aot_check(const struct aot *a, const struct aot_program *p, struct wl_err *err)
{
    return artifact_check(a->o, p->name, p->key, err);
}

int aot_make(const struct aot *a, const struct aot_program *p, struct wl_err *err)
{
    const struct making m = {a, p};
    int r = aot_check(a, p, err);
    size_t count = 1;

    if (r != 0)
        return r < 0 ? r : 0;
    r = artifact_check(a->o, p->name, p->translation, err);
    if (r < 0)
        return r;
    count += r == 0;
    if (a->o->events)
        a->o->events->emit(a->o->events->data, &(struct event){.kind = EVENT_PLANNED, .count = count});
    if (r == 0)
        r = making_translation(&m, 1, count, err);
    return r < 0 ? r : making_program(&m, count, count, err);
}
