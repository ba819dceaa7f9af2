/* wl-make aot: compiles a module, or a port's, into a native program or a library that needs no engine. */
#include "aot/aot.h"
#include "cli/values.h"
#include "cmd/app.h"
#include "cmd/command.h"
#include "util/fs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEAST_MEMORY = 256 << 20, MAX_SECONDS = 7 * 24 * 3600 };

struct aot_options {
    char *file, *profile, *target_cpu, *max_compile_memory;
    int target;           /* among targets[], from 1 */
    int max_compile_time; /* seconds; 0: not given */
    bool library;
};

static const char *const targets[] = {"x86_64-linux", "aarch64-linux", NULL};

#define AT(m) .member = offsetof(struct aot_options, m)
static const struct option_spec options[] = {
    {'o', "output", "write the program to FILE (default: the module's name)", "FILE", OPTION_TEXT, AT(file)},
    {0, "library", "make a file that libwlpy runs inside another program", NULL, OPTION_FLAG, AT(library)},
    {0, "profile", "compile with the profile FILE (see profile --native), or with none", "FILE", OPTION_TEXT,
     AT(profile)},
    {0, "target", "make it for x86_64-linux or aarch64-linux (default: this machine)", "NAME", OPTION_CHOICE,
     AT(target), .choices = targets},
    {0, "target-cpu", "compile for this processor: a name of clang's, or native (default: any of its kind)", "NAME",
     OPTION_TEXT, AT(target_cpu)},
    {0, "max-compile-time", "limit the processor time of each process (default: by the module's size)", "SECONDS",
     OPTION_NUMBER, AT(max_compile_time), .max = MAX_SECONDS},
    {0, "max-compile-memory", "limit the memory of each process (default: by the module's size)", "SIZE", OPTION_TEXT,
     AT(max_compile_memory)},
    {0},
};

/* A file that exists, or a name that can only be a file's: ports do not end in .wasm. */
static bool is_file(const char *word)
{
    struct stat st;

    return (stat(word, &st) == 0 && S_ISREG(st.st_mode)) || ends_with(word, ".wasm");
}

static int compile_memory(const struct aot_options *o, uint64_t *bytes, struct wl_err *err)
{
    if (!o->max_compile_memory)
        return 0;
    if (parse_size(o->max_compile_memory, bytes) && *bytes >= LEAST_MEMORY)
        return 0;
    wl_err_set(err, WL_E_USAGE, "--max-compile-memory takes a size of at least 256M, not '%s'", o->max_compile_memory);
    return wl_err_hint(err, "the size is a number with K, M or G after it, for example 8G");
}

/* The port whose module is to be compiled, or the module's own file and its hash. */
static int find_module(struct app *a, const char *word, char **port, char **module, char sha256[HASH_HEX_SIZE],
                       struct wl_err *err)
{
    if (!is_file(word))
        return app_port(a, word, port, err);
    *module = xstrdup(word);
    if (hash_file(word, sha256, err) == 0)
        return 0;
    err->cls = WL_E_USAGE;
    return wl_err_hint(err, "name a .wasm file that can be read, or a port");
}

/* Builds what is needed, and makes the program or library. If the module is a port's, finds it and its hash. */
static int make(struct app *a, const char *port, struct native_request *wanted, char **module,
                char sha256[HASH_HEX_SIZE], char **result, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    struct make_options b;
    struct plan p = {0};
    int r;

    if (port)
        strv_add(&names, port);
    aot_ports(wanted->target, &names);
    app_build_options(a, &b, false);
    r = aot_find_compiler(err);
    if (r == 0)
        r = app_build(a, &b, &names, &p, err);
    if (r == 0 && port) {
        *module = app_module(a, &p, port);
        if (!*module) {
            wl_err_set(err, WL_E_USAGE, "%s has no program (bin/*.wasm) that could be compiled", port);
            r = wl_err_hint(err, "aot takes a port that is a program, for example python/v3.13.5");
        } else {
            r = app_module_hash(a, &p, port, *module, sha256, err);
        }
    }
    wanted->module = *module;
    wanted->sha256 = sha256;
    if (r == 0)
        r = app_native(a, &p, wanted, result, err);
    plan_free(&p);
    return r;
}

/* Writes the result to where the user wants it. */
static int deliver(const struct app *a, const struct aot_options *o, const char *module, const char *result,
                   struct wl_err *err)
{
    WL_CLEANUP_FREE char *name = aot_name(module), *file = xasprintf("%s%s", name, o->library ? ".so" : "");
    const char *out = o->file ? o->file : file;
    int r = file_copy(result, out, 0755, err);

    if (r == 0 && !a->options.quiet) {
        WL_CLEANUP_FREE char *size = human_size(tree_size(out));

        ui_print(stdout, "%s (%s)\n", out, size);
    }
    return r;
}

static int run(struct app *a, struct wl_err *err)
{
    const struct aot_options *o = a->options.own;
    struct native_request wanted = {.library = o->library,
                                    .profile = o->profile,
                                    .cpu = o->target_cpu,
                                    .max_seconds = (unsigned long long)o->max_compile_time};
    WL_CLEANUP_FREE char *port = NULL, *module = NULL, *result = NULL;
    char sha256[HASH_HEX_SIZE];
    uint64_t max_memory = 0;
    int r;

    if (a->options.args.n != 1) {
        wl_err_set(err, WL_E_USAGE, "aot takes one port or one module");
        return wl_err_hint(err, "for example: wl-make aot python/v3.13.5 --flavour snapshot");
    }
    r = compile_memory(o, &max_memory, err);
    wanted.max_memory = max_memory;
    if (r == 0 && o->target)
        r = aot_find_target(targets[o->target - 1], &wanted.target, err);
    if (r == 0 && wanted.target && o->target_cpu && !strcmp(o->target_cpu, "native")) {
        wl_err_set(err, WL_E_USAGE, "--target-cpu native is this machine's processor, which is not for %s",
                   wanted.target->name);
        r = wl_err_hint(err, "name a processor as clang does, for example neoverse-n1");
    }
    if (r == 0)
        r = find_module(a, a->options.args.v[0], &port, &module, sha256, err);
    if (r == 0)
        r = make(a, port, &wanted, &module, sha256, &result, err);
    return r < 0 ? r : deliver(a, o, module, result, err);
}

const struct command command_aot = {
    .name = "aot",
    .usage = "aot PORT|FILE.wasm",
    .summary = "compile a module into a native program",
    .description = "Translates the module of a port, or any WASI module, to C and compiles that: the result is one\n"
                   "sandboxed executable that needs no engine.",
    .options = options,
    .options_size = sizeof(struct aot_options),
    .shared = SHARED_BUILDING | SHARED_NO_SANDBOX | SHARED_FLAVOUR | SHARED_PACKAGES,
    .run = run,
};
