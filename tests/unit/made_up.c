#include "made_up.h"

#include "util/fs.h"
#include "util/str.h"

#include <string.h>

void put_file(void **state, const char *path, const char *text)
{
    WL_CLEANUP_FREE char *file = in_folder(state, path), *dir = path_dir(file);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    assert_ok(make_dirs(dir, &err), &err);
    write_text(file, text);
}

void put_recipe(void **state, const char *name, const char *yaml)
{
    WL_CLEANUP_FREE char *path = xasprintf("ports/%s/recipe.yaml", name);

    put_file(state, path, yaml);
}

struct recipe_roots roots_of(void **state)
{
    struct recipe_roots roots = {.repo = xstrdup(*state)};

    strv_take(&roots.ports, in_folder(state, "ports"));
    return roots;
}

void make_plan(void **state, const struct plan_options *o, const char *names, struct plan *p)
{
    WL_CLEANUP_FREE char *sources = in_folder(state, "cache/sources");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv list = {0};
    struct fetch_options f = {.cache = sources};

    for (const char *w = names; *w; w += strspn(w, " ")) {
        size_t n = strcspn(w, " ");

        strv_take(&list, xstrndup(w, n));
        w += n;
    }
    *p = (struct plan){0};
    assert_ok(plan_make(o, &list, p, &err), &err);
    assert_ok(plan_find_toolchains(o, p, &err), &err);
    assert_ok(plan_keys(o, &f, p, &err), &err);
}

size_t node_of(const struct plan *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->nodes[i].recipe->name, name))
            return i;
    print_error("%s is not in the plan\n", name);
    fail();
    return 0;
}
