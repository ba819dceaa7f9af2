#include "plan/inputs.h"

#include "util/fs.h"

#include <sys/stat.h>

void inputs_add_tree(const char *path, struct strv *paths)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    struct stat st;

    strv_add_once(paths, path);
    if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || dir_list(path, &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FREE char *sub = path_join(path, names.v[i]);

        inputs_add_tree(sub, paths);
    }
}

/* The directories in which a port could be added, which may then be the one that a name means. Where there is a recipe,
 * none can be added. */
static void add_port_dirs(const char *path, int depth, struct strv *paths)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    WL_CLEANUP_FREE char *recipe = path_join(path, "recipe.yaml");

    if (!path_is_dir(path) || path_exists(recipe))
        return;
    strv_add_once(paths, path);
    if (depth == 0 || dir_list(path, &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FREE char *sub = path_join(path, names.v[i]);

        add_port_dirs(sub, depth - 1, paths);
    }
}

static void add_recipe(const struct recipe *r, struct strv *paths)
{
    WL_CLEANUP_STRV struct strv found = {0};

    recipe_inputs(r, &found);
    for (size_t i = 0; i < found.n; i++)
        inputs_add_tree(found.v[i], paths);
}

void inputs_add(const struct plan *p, const struct recipe_roots *roots, struct strv *paths)
{
    for (size_t i = 0; i < roots->ports.n; i++)
        add_port_dirs(roots->ports.v[i], 2, paths);
    for (size_t i = 0; i < p->n; i++)
        add_recipe(p->nodes[i].recipe, paths);
}
