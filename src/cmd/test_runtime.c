#include "cmd/test_runtime.h"

#include "aot/aot.h"
#include "recipe/known_ports.h"
#include "util/fs.h"
#include "util/run.h"

#include <string.h>
#include <unistd.h>

static bool is_wl_run(const char *name)
{
    return !strcmp(name, RUNTIME_WL_RUN);
}

static bool is_native(const char *name)
{
    return !strcmp(name, RUNTIME_NATIVE);
}

static bool is_ours(const char *name)
{
    return is_wl_run(name) || is_native(name);
}

void test_runtime_ports(const char *name, struct strv *ports)
{
    if (is_native(name))
        aot_ports(NULL, ports);
    else
        strv_add(ports, RUNNER_PORT);
}

/* The script of a runtime that gives no threads refuses the option. */
static int ask_for_threads(struct test_runtime *t, struct wl_err *err)
{
    WL_CLEANUP_FREE char *output = NULL;
    char *const argv[] = {t->program, "--max-threads=1", "--show", "module.wasm", NULL};
    int status, r = run_capture(&(struct run){.argv = argv, .cancel = &t->app->cancel}, &status, &output, err);

    t->threads = r == 0 && status == 0;
    return r;
}

/* Finds the script of another project's runtime, and asks it for the version. */
static int open_script(struct test_runtime *t, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(t->app->roots.repo, "runtimes"), *output = NULL, *line = NULL;
    char *const argv[] = {t->program = path_join(dir, t->name), "--version", NULL};
    int status, r;

    if (strchr(t->name, '/') || strchr(t->name, '.') || access(t->program, X_OK) < 0) {
        wl_err_set(err, WL_E_USAGE, "there is no runtime '%s'", t->name);
        return wl_err_hint(err, "--runtime takes " RUNTIME_WL_RUN ", " RUNTIME_NATIVE ", or the name of a script in %s",
                           dir);
    }
    r = run_capture(&(struct run){.argv = argv, .cancel = &t->app->cancel}, &status, &output, err);
    if (r < 0)
        return r;
    line = last_line(output);
    if (status != 0)
        return wl_err_set(err, WL_E_TOOLCHAIN, "%s", line);
    t->title = starts_with(line, t->name) ? xstrdup(line) : xasprintf("%s %s", t->name, line);
    return ask_for_threads(t, err);
}

int test_runtime_open(struct test_runtime *t, const char *name, struct app *a, const struct plan *p, const char *port,
                      const char *module, const char *scratch, struct wl_err *err)
{
    *t = (struct test_runtime){
        .name = name, .app = a, .plan = p, .port = port, .scratch = scratch, .module = app_module(a, p, module)};
    if (!is_ours(name))
        return open_script(t, err);
    t->threads = true;
    t->title = xstrdup(name);
    if (is_native(name)) {
        char sha256[HASH_HEX_SIZE];
        int r = app_module_hash(a, p, module, t->module, sha256, err);

        return r < 0 ? r
                     : app_native(a, p, &(struct native_request){.module = t->module, .sha256 = sha256}, &t->program,
                                  err);
    }
    t->program = app_artifact(a, p, RUNNER_PORT, RUNNER_PROGRAM);
    return 0;
}

void test_runtime_close(struct test_runtime *t)
{
    free(t->module);
    free(t->program);
    free(t->title);
    strv_free(&t->copied);
}

int test_runtime_begin(struct test_runtime *t, struct strv *argv, struct wl_err *err)
{
    WL_CLEANUP_FREE char *library = app_artifact(t->app, t->plan, t->port, "usr/local");

    strv_add(argv, t->program);
    if (is_wl_run(t->name))
        strv_addf(argv, "--cache-dir=%s/compiled", t->app->store.cache);
    return path_is_dir(library) ? test_runtime_add_dir(t, library, "/usr/local", argv, err) : 0;
}

int test_runtime_add_dir(struct test_runtime *t, const char *dir, const char *guest, struct strv *argv,
                         struct wl_err *err)
{
    WL_CLEANUP_FREE char *copy = NULL;
    size_t i = 0;

    if (is_ours(t->name)) {
        strv_addf(argv, "--dir=%s::%s::ro", dir, guest);
        return 0;
    }
    while (i < t->copied.n && strcmp(t->copied.v[i], dir) != 0)
        i++;
    copy = xasprintf("%s/%zu", t->scratch, i);
    strv_addf(argv, "--dir=%s::%s::ro", copy, guest);
    if (i < t->copied.n)
        return 0;
    strv_add(&t->copied, dir);
    return copy_tree(dir, copy, err);
}

void test_runtime_add_network(const struct test_runtime *t, struct strv *argv)
{
    if (is_ours(t->name))
        strv_add_all(argv, "--net=127.0.0.0/8", "--net=::1", "--net=localhost", "--net-listen=*:0-65535", NULL);
}

void test_runtime_end(const struct test_runtime *t, const char *python_module, struct strv *argv)
{
    if (is_ours(t->name))
        strv_addf(argv, "--max-processes=%d", t->processes);
    strv_add_all(argv, is_native(t->name) ? "--" : t->module, "-m", python_module, NULL);
}
