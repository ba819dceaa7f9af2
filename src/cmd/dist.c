#include "cmd/dist.h"

#include "aot/aot.h"
#include "pack/licenses.h"
#include "recipe/known_ports.h"
#include "recipe/python.h"

#include <string.h>

int dist_python(struct app *a, const char *word, struct wl_err *err, char **python)
{
    int r = ports_resolve(&a->roots, word, python, err);

    if (r < 0 || python_is(*python))
        return r;
    wl_err_set(err, WL_E_USAGE, "%s is not a Python", *python);
    return wl_err_hint(err, "name a Python, for example python/v3.13.5");
}

int dist_native_ports(struct app *a, const char *python, struct strv *ports, struct strv *content, struct wl_err *err)
{
    WL_CLEANUP_FREE char *port = NULL;
    int r = ports_flavour(&a->roots, python, NATIVE_FLAVOUR, &port, err);

    if (r < 0)
        return r;
    strv_add_once(ports, port);
    aot_ports(NULL, ports);
    /* (The C library of those ports is only in programs.) */
    strv_add_once(content, port);
    strv_add_once(content, AOT_PORT);
    strv_add_once(content, AOT_HOST_PORT);
    strv_add_once(content, WABT_PORT);
    return 0;
}

int dist_native(struct app *a, const struct plan *p, const char *python, char **program, struct wl_err *err)
{
    WL_CLEANUP_FREE char *port = NULL, *module = NULL;
    struct native_request native = {.library = true};
    char sha256[HASH_HEX_SIZE];
    int r = ports_flavour(&a->roots, python, NATIVE_FLAVOUR, &port, err);

    if (r < 0)
        return r;
    module = app_module(a, p, port);
    native.module = module;
    native.sha256 = sha256;
    r = app_module_hash(a, p, port, module, sha256, err);
    return r < 0 ? r : app_native(a, p, &native, program, err);
}

int dist_build(struct app *a, const struct make_options *o, const struct strv *ports, const struct strv *content,
               struct plan *p, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv all = {0}, licensed = {0};
    struct plan first = {0};
    int r;

    strv_addv(&all, ports);
    for (size_t i = 0; i < content->n; i++)
        strv_add_once(&all, content->v[i]);
    /* What every module contains, even if a wasi-sdk brings it. */
    strv_add_once(&all, SYSROOT_PORT);
    r = plan_make(&o->plan, &all, &first, err);
    if (r == 0)
        r = licenses_ports(&first, content, &licensed, err);
    plan_free(&first);
    return r < 0 ? r : app_build(a, o, &all, p, err);
}

int dist_licenses(const struct make_options *o, struct plan *p, const struct strv *content, struct parcel *licenses,
                  struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv roots = {0}, ports = {0};
    int r;

    strv_addv(&roots, content);
    strv_add_once(&roots, SYSROOT_PORT);
    r = licenses_ports(p, &roots, &ports, err);
    return r < 0 ? r : licenses_add(o, p, &ports, licenses, err);
}

char *dist_expression(const struct plan *p, const struct strv *content)
{
    WL_CLEANUP_STRV struct strv ports = {0}, seen = {0};
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    struct str all = {0};

    if (licenses_ports(p, content, &ports, &ignored) < 0)
        return xstrdup("");
    for (size_t i = 0; i < ports.n; i++) {
        const char *license = plan_find(p, ports.v[i])->recipe->license;
        bool choice = strstr(license, " OR ") != NULL;

        if (!*license || strv_has(&seen, license))
            continue;
        strv_add(&seen, license);
        str_addf(&all, "%s%s%s%s", all.len ? " AND " : "", choice ? "(" : "", license, choice ? ")" : "");
    }
    return str_take(&all);
}
