/* npm:NAME@VERSION through npm, which knows its own registry. */
#include "fs.h"
#include "kinds.h"

#include <ctype.h>
#include <string.h>

/* An exact version: npm would take a range or an address there too. */
static bool exact_version(const char *v)
{
    return isdigit((unsigned char)*v) && plain_text(v, ".-+");
}

static int check(const char *url, struct wl_err *err)
{
    const char *spec = url + strlen("npm:"), *at = strrchr(spec, '@');
    WL_CLEANUP_FREE char *name = at ? xstrndup(spec, (size_t)(at - spec)) : NULL;
    const char *slash = name ? strchr(name, '/') : NULL;

    /* NAME or @SCOPE/NAME; anything else with a '/' would be a folder or a repository to npm. */
    if (!name || !exact_version(at + 1) || !plain_text(name, "@/._-") || (*name == '@') != (slash != NULL) ||
        (slash && (!slash[1] || strchr(slash + 1, '/') || slash == name + 1)) || strchr(name + 1, '@') ||
        strstr(name, "..") || *name == '.' || *name == '-' || *name == '/')
        return wl_err_set(err, WL_E_RECIPE, "%s is not of the form npm:NAME@VERSION with an exact version", url);
    return 0;
}

static int get(const char *url, const char *sha256, const char *part, const struct fetch_options *o, struct wl_err *err)
{
    const char *spec = url + strlen("npm:");
    WL_CLEANUP_FREE char *folder = NULL;
    WL_CLEANUP_STRV struct strv names = {0}, argv = {0};
    int r = check(url, err);

    (void)sha256;
    if (r == 0)
        r = scratch_folder(part, &folder, err);
    if (r < 0)
        return r;
    strv_add(&argv, "npm");
    strv_add(&argv, "pack");
    strv_add(&argv, "--ignore-scripts");
    strv_add(&argv, "--loglevel=error");
    strv_add(&argv, "--no-update-notifier");
    strv_add(&argv, "--fetch-retries=1");
    strv_add(&argv, "--fetch-retry-mintimeout=500");
    strv_add(&argv, "--fetch-retry-maxtimeout=1000");
    strv_addf(&argv, "--fetch-timeout=%d", stall_seconds(o) * 1000);
    strv_addf(&argv, "--cache=%s/.cache", folder);
    strv_add(&argv, "--");
    strv_add(&argv, spec);
    {
        struct client c = {.package = "npm", .argv = argv.v, .cwd = folder, .o = o};

        r = client_run(&c, NULL, err);
    }
    if (r == 0)
        r = dir_list(folder, &names, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < names.n; i++)
        if (ends_with(names.v[i], ".tgz")) {
            WL_CLEANUP_FREE char *brought = path_join(folder, names.v[i]);

            return take_file(brought, part, err);
        }
    return wl_err_set(err, WL_E_FETCH, "npm brought nothing");
}

const struct source_kind source_npm = {"npm:", true, check, get};
