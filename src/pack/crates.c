#include "pack/crates.h"

#include "pack/pip.h"
#include "recipe/known_ports.h"
#include "recipe/recipe.h"
#include "source/client.h"
#include "util/fs.h"
#include "util/version.h"

#include <string.h>

/* The version of the compiler that packages are built with. The caller frees it. */
static int rust_version(const struct resolution *s, char **version, struct wl_err *err)
{
    WL_CLEANUP_RECIPE struct recipe *recipe = NULL;
    int r = recipe_load(s->w->roots, RUST_PORT, &recipe, err);

    *version = r < 0 ? NULL : xstrdup(recipe->version);
    return r;
}

/* Lets cargo download the crates of a directory, and write Cargo.lock if there is none. */
static int run_cargo(const struct resolution *s, const char *dir, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    struct client c = {.package = "cargo-web", .cwd = dir, .o = s->o};

    strv_add_all(&argv, "cargo", "fetch", "--color=never", "--config=net.retry=1", NULL);
    strv_addf(&argv, "--config=http.timeout=%d", fetch_stall_seconds(s->o));
    c.argv = argv.v;
    return client_run(&c, NULL, err);
}

/* name, version, source, hash: of one crate in Cargo.lock. *why gets the reason if it cannot be downloaded. */
static void add_crate(struct package *p, const char *const *part, char **why)
{
    /* Crates of a registry have a hash in Cargo.lock, those of a git repository have none. */
    if (!is_hex(part[3], HASH_HEX_SIZE - 1)) {
        if (!*why)
            *why = xasprintf("its crate %s comes from %s, which has no hash", part[0], part[2]);
        return;
    }
    for (size_t i = 0; i < p->crates.n; i++)
        if (!strcmp(p->crates.v[i].sha256, part[3]))
            return;
    memcpy(packages_add(&p->crates, part[0], strlen(part[0]), part[1], strlen(part[1]), NULL, 0)->sha256, part[3],
           HASH_HEX_SIZE);
}

static int read_lock_file(const struct resolution *s, const char *dir, struct package *p, char **why,
                          struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_FREE char *output = NULL, *file = path_join(dir, "Cargo.lock");
    int r;

    strv_add_all(&argv, "python3", s->w->ask_pip, s->w->version, "crates", file, NULL);
    r = pip_query(&argv, NULL, s->o, &output, err);
    for (char *state, *line = r < 0 ? NULL : strtok_r(output, "\n", &state); line;
         line = strtok_r(NULL, "\n", &state)) {
        const char *part[4];

        if (pip_parts(line, part, 4))
            add_crate(p, part, why);
    }
    return r;
}

/* One directory in which cargo works; "" has its crates already. */
static int find_in(const struct resolution *s, const char *dir, bool locked, struct package *p, char **why,
                   struct wl_err *err)
{
    WL_CLEANUP_ERR struct wl_err later = WL_ERR_INIT;
    int r = 0;

    if (!*dir)
        return 0;
    if (locked)
        r = read_lock_file(s, dir, p, why, err);
    if (r < 0 || *why)
        return r;
    r = run_cargo(s, dir, &later);
    if (locked) /* each crate is downloaded alone if that has failed */
        return later.cls == WL_E_INTERRUPTED ? cancel_error(err) : 0;
    if (r == 0)
        return read_lock_file(s, dir, p, why, err);
    wl_err_set(err, later.cls, "cannot find out which crates the build of %s requires: %s", p->name, later.text);
    return later.hint ? wl_err_hint(err, "%s", later.hint) : r;
}

int crates_find(const struct resolution *s, const char *archive, struct package *p, char **why, struct wl_err *err)
{
    WL_CLEANUP_FREE char *name = xasprintf("crates-%s", p->name), *dir = path_join(s->w->scratch, name), *ours = NULL,
                         *output = NULL;
    WL_CLEANUP_STRV struct strv argv = {0};
    int r = make_dirs(dir, err);

    if (r == 0)
        r = rust_version(s, &ours, err);
    if (r < 0)
        return r;
    strv_add_all(&argv, "python3", s->w->ask_pip, s->w->version, "manifests", archive, dir, NULL);
    r = pip_query(&argv, NULL, s->o, &output, err);
    for (char *state, *line = r < 0 ? NULL : strtok_r(output, "\n", &state); line && r == 0 && !*why;
         line = strtok_r(NULL, "\n", &state)) {
        const char *part[3];

        if (!pip_parts(line, part, 3))
            continue;
        if (*part[2] && version_compare(part[2], ours) > 0)
            *why = xasprintf("it needs Rust %s or newer, and " RUST_PORT " is Rust %s", part[2], ours);
        else
            r = find_in(s, part[0], *part[1], p, why, err);
    }
    return r;
}
