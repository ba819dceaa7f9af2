/* crate:NAME@VERSION through cargo, which knows its own registry.
 *
 * cargo has no command that downloads one crate. "cargo info" downloads the crate, without its dependencies, to print
 * what it says about itself. The file is then in cargo's own cache. If the cache already has a file with the right
 * hash, cargo is not needed: the crates of a package are downloaded together (src/pack/crates.h). */
#include "source/address.h"
#include "source/client.h"
#include "source/kinds/kinds.h"
#include "util/fs.h"
#include "util/hash.h"
#include "util/version.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool split_address(const char *url, char **name, const char **version)
{
    const char *spec = url + strlen("crate:"), *at = strchr(spec, '@');

    if (!at)
        return false;
    *name = xstrndup(spec, (size_t)(at - spec));
    *version = at + 1;
    return plain_text(*name, "-_") && **name != '-' && isdigit((unsigned char)**version) && plain_text(*version, ".-+");
}

static int check(const char *url, struct wl_err *err)
{
    WL_CLEANUP_FREE char *name = NULL;
    const char *version;

    if (!split_address(url, &name, &version))
        return wl_err_set(err, WL_E_RECIPE, "%s is not of the form crate:NAME@VERSION with an exact version", url);
    return 0;
}

/* The crate in cargo's cache: if several registries have one, that with the right hash, else any (with `exactly`:
 * none). NULL: none. */
static char *find_crate(const char *home, const char *file, const char *sha256, bool exactly)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_FREE char *cache = path_join(home, "registry/cache");
    WL_CLEANUP_STRV struct strv registries = {0};
    char *found = NULL, hex[HASH_HEX_SIZE];
    bool right = false;

    if (dir_list(cache, &registries, &ignored) < 0)
        return NULL;
    for (size_t i = 0; i < registries.n && !right; i++) {
        WL_CLEANUP_FREE char *dir = path_join(cache, registries.v[i]);
        char *one = path_join(dir, file);

        if (hash_file(one, hex, &ignored) < 0) {
            free(one);
            continue;
        }
        free(found);
        found = one;
        right = !strcasecmp(hex, sha256);
    }
    if (right || !exactly)
        return found;
    free(found);
    return NULL;
}

/* For a cargo older than 1.82: fetches the crate and its dependencies for a project that depends on it. */
static int fetch_with_dependencies(const char *name, const char *version, const char *dir, const struct strv *options,
                                   const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = xasprintf("[package]\nname = \"fetch\"\nversion = \"0.0.0\"\n\n"
                                           "[lib]\npath = \"lib.rs\"\n\n[dependencies]\n%s = \"=%s\"\n",
                                           name, version);
    WL_CLEANUP_FREE char *manifest = path_join(dir, "Cargo.toml"), *lib = path_join(dir, "lib.rs");
    WL_CLEANUP_STRV struct strv argv = {0};
    struct client c = {.package = "cargo-web", .cwd = dir, .o = o};
    int r = file_write(manifest, text, strlen(text), err);

    if (r == 0)
        r = file_write(lib, "", 0, err);
    if (r < 0)
        return r;
    strv_add(&argv, "cargo");
    strv_add(&argv, "fetch");
    strv_addv(&argv, options);
    c.argv = argv.v;
    return client_run(&c, NULL, err);
}

static char *cargo_home(void)
{
    const char *home = getenv("CARGO_HOME");

    if (home && *home == '/')
        return xstrdup(home);
    home = getenv("HOME");
    return home && *home ? path_join(home, ".cargo") : NULL;
}

static int get(const char *url, const char *sha256, const char *part, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *name = NULL, *dir = NULL, *file = NULL, *found = NULL, *home = cargo_home();
    WL_CLEANUP_STRV struct strv argv = {0}, options = {0};
    struct client c = {.package = "cargo-web", .o = o};
    const char *version;
    int r;

    if (!split_address(url, &name, &version))
        return check(url, err);
    if (!home)
        return wl_err_set(err, WL_E_FETCH, "neither CARGO_HOME nor HOME is set, and cargo needs one of them");
    file = xasprintf("%s-%s.crate", name, version);
    found = find_crate(home, file, sha256, true);
    if (found)
        return copy_to_part(found, part, err);
    r = scratch_dir(part, &dir, err);
    if (r < 0)
        return r;
    strv_add(&options, "--color=never");
    strv_add(&options, "--config=net.retry=1");
    strv_addf(&options, "--config=http.timeout=%d", fetch_stall_seconds(o));
    strv_add(&argv, "cargo");
    strv_add(&argv, "info");
    strv_addv(&argv, &options);
    strv_addf(&argv, "%s@%s", name, version);
    c.argv = argv.v;
    c.cwd = dir;
    r = client_run(&c, NULL, err);
    if (r < 0 && err->text && strstr(err->text, "no such")) {
        wl_err_free(err);
        r = fetch_with_dependencies(name, version, dir, &options, o, err);
    }
    if (r < 0)
        return r;
    found = find_crate(home, file, sha256, false);
    if (!found)
        return wl_err_set(err, WL_E_FETCH, "cargo did not download %s", file);
    return copy_to_part(found, part, err);
}

static int lookup(struct offers *o, const void *data, const char *part, struct strv *names, struct wl_err *err)
{
    static const char line[] = "\nversion: ", latest[] = " (latest ";
    const struct fetch_options *f = offers_fetch(o);
    WL_CLEANUP_FREE char *timeout = xasprintf("--config=http.timeout=%d", fetch_stall_seconds(f)), *text = NULL,
                         *dir = NULL;
    char *argv[] = {"cargo", "info", "--color=never", "--config=net.retry=0", timeout, (char *)data, NULL};
    struct client c = {.package = "cargo-web", .argv = argv, .o = f, .timeout_s = LOOKUP_TIMEOUT_S};
    int r = scratch_dir(part, &dir, err);

    c.cwd = dir;
    r = r < 0 ? r : client_run(&c, &text, err);
    if (r < 0 && err->text && strstr(err->text, "no such"))
        return wl_err_set(err, WL_E_FETCH, "this cargo is too old to look up versions: it takes 1.82 or later");
    if (r < 0)
        return r;
    /* It names the newest version that this machine's compiler can build, followed by the newest of all. */
    for (const char *p = strstr(text, line); p && !names->n; p = NULL) {
        p += strlen(line);
        strv_take(names, xstrndup(p, strcspn(p, " \n")));
        p += strcspn(p, " \n");
        if (starts_with(p, latest))
            strv_take(names, xstrndup(p + strlen(latest), strcspn(p + strlen(latest), " )\n")));
    }
    return names->n ? 0 : wl_err_set(err, WL_E_FETCH, "cargo names no version");
}

static int versions(struct offers *o, const struct offer_query *q, struct strv *found, char **own, struct wl_err *err)
{
    WL_CLEANUP_FREE char *name = NULL, *key = NULL;
    const struct strv *names;
    const char *version;
    bool known = false;
    int r;

    if (!split_address(q->url, &name, &version))
        return check(q->url, err);
    key = xasprintf("crate:%s", name);
    r = offers_list(o, key, lookup, name, &names, err);
    *own = xstrdup(version);
    if (r < 0)
        return r;
    for (size_t i = 0; i < names->n; i++)
        known |= version_in_series(names->v[i], q->series);
    if (!known)
        return wl_err_set(err, WL_E_USAGE, "cargo only names %s, which is not in the series %s", names->v[names->n - 1],
                          q->series);
    strv_addv(found, names);
    return 0;
}

static char *file_name(const char *url)
{
    return package_file_name(url, ".crate");
}

const struct source_kind source_crate = {"crate:", true, check, get, versions, file_name, package_place};
