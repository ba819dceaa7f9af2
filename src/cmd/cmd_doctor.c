/* wl-make doctor: checks whether this machine can build. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "make/sandbox.h"
#include "plan/toolchain.h"
#include "util/fs.h"
#include "util/run.h"

#include <string.h>
#include <sys/statvfs.h>

enum level { REQUIRED, USEFUL };

struct tool {
    const char *program, *package, *what;
    enum level level;
    bool only_without_sdk;
};

static const struct tool tools[] = {
    {"cc", "build-essential", "builds build-python and the runner", REQUIRED, false},
    {"make", "make", "runs the build systems of the ports", REQUIRED, false},
    {"patch", "patch", "applies the ports' patches", REQUIRED, false},
    {"clang-" WL_LLVM, "clang-" WL_LLVM, "compiles to wasm", REQUIRED, true},
    {"wasm-ld-" WL_LLVM, "lld-" WL_LLVM, "links wasm", REQUIRED, true},
    {"llvm-ar-" WL_LLVM, "llvm-" WL_LLVM, "makes wasm libraries", REQUIRED, true},
    {"bwrap", "bubblewrap", "runs the steps of a build in a sandbox", USEFUL, false},
    {"apt-get", "apt", "knows the mirrors for debian: sources", USEFUL, false},
    {"python3", "python3-pip", "knows the index for pypi: sources, and fetches the packages of apps", USEFUL, false},
    {"cargo", "cargo-web", "fetches crate: sources", USEFUL, false},
    {"npm", "npm", "fetches npm: sources", USEFUL, false},
    {"git", "git", "fetches git+https: sources", USEFUL, false},
    {"meson", "meson", "builds the tool itself", REQUIRED, false},
    {"ninja", "ninja-build", "builds the tool itself", REQUIRED, false},
    {"wasmtime", "", "another runtime, which the tests also use", USEFUL, false},
};

struct report {
    const struct options *o;
    size_t missing;
};

static void line(struct report *r, bool ok, enum level level, const char *name, const char *text)
{
    const char *color = ui_color(r->o, stdout, ok ? UI_GREEN : level == REQUIRED ? UI_RED : UI_YELLOW);

    ui_print(stdout, "%s%-8s%s %-14s %s\n", color,
             ok                  ? "ok"
             : level == REQUIRED ? "missing"
                                 : "absent",
             ui_color(r->o, stdout, UI_RESET), name, text);
    r->missing += !ok && level == REQUIRED;
}

static void check_tools(struct report *r, bool has_sdk)
{
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
        WL_CLEANUP_FREE char *path = run_which(tools[i].program), *text = NULL;

        if (has_sdk && tools[i].only_without_sdk)
            continue;
        if (path || !*tools[i].package)
            text = xasprintf("%s%s%s", tools[i].what, path ? ": " : "", path ? path : "");
        else
            text = xasprintf("%s; install it: apt-get install %s", tools[i].what, tools[i].package);
        line(r, path != NULL, tools[i].level, tools[i].program, text);
    }
}

static void check_directory(struct report *r, const char *name, const char *dir)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *probe = path_join(dir, "probe"), *text = NULL, *size = NULL;
    WL_CLEANUP_NEW_FILE struct new_file file = {.fd = -1, .dir = -1}; /* never gets its name */
    unsigned long long space;
    struct statvfs st;

    if (make_dirs(dir, &err) < 0 || new_file_open(&file, probe, 0666, &err) < 0) {
        line(r, false, REQUIRED, name, err.text);
        return;
    }
    space = statvfs(dir, &st) == 0 ? (unsigned long long)st.f_bavail * st.f_frsize : 0;
    size = human_size(space);
    text = xasprintf("%s, %s free%s", dir, size, space < 2000000000ull ? "; a build needs 2 GB" : "");
    line(r, space >= 2000000000ull, USEFUL, name, text);
}

static int run(struct app *a, struct wl_err *err)
{
    struct report r = {.o = &a->options};
    WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
    WL_CLEANUP_FREE char *no_sandbox = NULL;
    struct toolchain t;
    bool ok;

    check_tools(&r, a->sdk_root != NULL);
    ok = toolchain_find_wasi(a->sdk_root, NULL, &t, &why) == 0;
    if (ok) {
        t.identity[strcspn(t.identity, "\n")] = ' ';
        t.identity[strcspn(t.identity, "\n")] = '\0';
    }
    line(&r, ok, REQUIRED, "toolchain", ok ? t.identity : why.text);
    toolchain_free(&t);
    ok = sandbox_works(NULL, &no_sandbox);
    line(&r, ok, USEFUL, "sandbox", ok ? "bubblewrap works here" : no_sandbox);
    check_directory(&r, "cache", a->store.cache);
    check_directory(&r, "output", a->output);
    if (!r.missing)
        return 0;
    wl_err_set(err, WL_E_TOOLCHAIN, "%zu requirement%s of a build %s missing (see above)", r.missing,
               r.missing == 1 ? "" : "s", r.missing == 1 ? "is" : "are");
    return wl_err_hint(err, "wl-make.sh installs them if it is started by root, or if sudo needs no password");
}

const struct command command_doctor = {
    .name = "doctor",
    .usage = "doctor",
    .summary = "check whether this machine can build",
    .description = "Checks programs, toolchain, sandbox and directories, and says how to install what is missing.",
    .shared = SHARED_OUTPUT,
    .run = run,
};
