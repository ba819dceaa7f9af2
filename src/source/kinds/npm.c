/* npm:NAME@VERSION through npm, which knows its own registry. */
#include "source/address.h"
#include "source/client.h"
#include "source/kinds/kinds.h"
#include "util/fs.h"

#include <ctype.h>
#include <string.h>

/* An exact version: npm would also accept a range or an address there. */
static bool exact_version(const char *v)
{
    return isdigit((unsigned char)*v) && plain_text(v, ".-+");
}

static int check(const char *url, struct wl_err *err)
{
    const char *spec = url + strlen("npm:"), *at = strrchr(spec, '@');
    WL_CLEANUP_FREE char *name = at ? xstrndup(spec, (size_t)(at - spec)) : NULL;
    const char *slash = name ? strchr(name, '/') : NULL;

    /* NAME or @SCOPE/NAME: npm takes anything else with a '/' for a directory or a repository. */
    if (!name || !exact_version(at + 1) || !plain_text(name, "@/._-") || (*name == '@') != (slash != NULL) ||
        (slash && (!slash[1] || strchr(slash + 1, '/') || slash == name + 1)) || strchr(name + 1, '@') ||
        strstr(name, "..") || *name == '.' || *name == '-' || *name == '/')
        return wl_err_set(err, WL_E_RECIPE, "%s is not of the form npm:NAME@VERSION with an exact version", url);
    return 0;
}

static int get(const char *url, const char *sha256, const char *part, const struct fetch_options *o, struct wl_err *err)
{
    const char *spec = url + strlen("npm:");
    WL_CLEANUP_FREE char *dir = NULL;
    WL_CLEANUP_STRV struct strv names = {0}, argv = {0};
    int r = check(url, err);

    (void)sha256;
    if (r == 0)
        r = scratch_dir(part, &dir, err);
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
    strv_addf(&argv, "--fetch-timeout=%d", fetch_stall_seconds(o) * 1000);
    strv_addf(&argv, "--cache=%s/.cache", dir);
    strv_add(&argv, "--");
    strv_add(&argv, spec);
    {
        struct client c = {.package = "npm", .argv = argv.v, .cwd = dir, .o = o};

        r = client_run(&c, NULL, err);
    }
    if (r == 0)
        r = dir_list(dir, &names, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < names.n; i++)
        if (ends_with(names.v[i], ".tgz")) {
            WL_CLEANUP_FREE char *file = path_join(dir, names.v[i]);

            return move_to_part(file, part, err);
        }
    return wl_err_set(err, WL_E_FETCH, "npm downloaded nothing");
}

static int lookup(struct offers *o, const void *data, const char *part, struct strv *names, struct wl_err *err)
{
    const struct fetch_options *f = offers_fetch(o);
    WL_CLEANUP_FREE char *dir = NULL, *text = NULL;
    WL_CLEANUP_STRV struct strv argv = {0};
    struct client c = {.package = "npm", .o = f, .timeout_s = LOOKUP_TIMEOUT_S};
    int r = scratch_dir(part, &dir, err);

    if (r < 0)
        return r;
    strv_add(&argv, "npm");
    strv_add(&argv, "view");
    strv_add(&argv, "--json");
    strv_add(&argv, "--loglevel=error");
    strv_add(&argv, "--no-update-notifier");
    strv_add(&argv, "--fetch-retries=0");
    strv_addf(&argv, "--fetch-timeout=%d", fetch_stall_seconds(f) * 1000);
    strv_addf(&argv, "--cache=%s/.cache", dir);
    strv_add(&argv, "--");
    strv_add(&argv, data);
    strv_add(&argv, "versions");
    c.argv = argv.v;
    c.cwd = dir;
    r = client_run(&c, &text, err);
    /* A list of versions, or a single one: all strings are versions. Warnings may precede them. */
    for (const char *p = text; r == 0 && (p = strchr(p, '"'));) {
        size_t n = strcspn(++p, "\"\n");
        WL_CLEANUP_FREE char *version = xstrndup(p, n);

        if (p[n] == '"' && exact_version(version))
            strv_add(names, version);
        p += n + (p[n] == '"');
    }
    return r == 0 && !names->n ? wl_err_set(err, WL_E_FETCH, "npm names no version") : r;
}

static int versions(struct offers *o, const struct offer_query *q, struct strv *found, char **own, struct wl_err *err)
{
    const char *spec = q->url + strlen("npm:"), *at = strrchr(spec, '@');
    WL_CLEANUP_FREE char *name = xstrndup(spec, (size_t)(at - spec)), *key = xasprintf("npm:%s", name);
    const struct strv *names;
    int r = offers_list(o, key, lookup, name, &names, err);

    *own = xstrdup(at + 1);
    if (r == 0)
        strv_addv(found, names);
    return r;
}

static char *file_name(const char *url)
{
    return package_file_name(url, ".tgz");
}

const struct source_kind source_npm = {"npm:", true, check, get, versions, file_name, package_place};
