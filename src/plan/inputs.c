#include "plan/inputs.h"

#include "plan/memo.h"
#include "util/fs.h"

#include <string.h>
#include <sys/stat.h>

static void add_tree(const char *path, struct strv *paths)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    struct stat st;

    strv_add_once(paths, path);
    if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || dir_list(path, &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FREE char *sub = path_join(path, names.v[i]);

        add_tree(sub, paths);
    }
}

/* A port that is added may be what a name means from then on: the folders that one can be added to. */
static void add_folders(const char *path, int depth, struct strv *paths)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};

    if (!path_is_dir(path))
        return;
    strv_add_once(paths, path);
    if (depth == 0 || dir_list(path, &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FREE char *sub = path_join(path, names.v[i]);

        add_folders(sub, depth - 1, paths);
    }
}

static void add_recipe(const struct recipe *r, struct strv *paths)
{
    WL_CLEANUP_STRV struct strv found = {0};

    recipe_inputs(r, &found);
    for (size_t i = 0; i < found.n; i++)
        add_tree(found.v[i], paths);
}

void inputs_add(const struct plan *p, const struct recipe_roots *roots, struct str *out)
{
    WL_CLEANUP_STRV struct strv paths = {0};

    for (size_t i = 0; i < roots->ports.n; i++)
        add_folders(roots->ports.v[i], 2, &paths);
    for (size_t i = 0; i < p->n; i++)
        add_recipe(p->nodes[i].recipe, &paths);
    for (size_t i = 0; i < paths.n; i++) {
        WL_CLEANUP_FREE char *identity = memo_file_identity(paths.v[i]);

        /* What is gone by now never holds. */
        str_addf(out, "%s\n", identity ? identity : paths.v[i]);
    }
}

/* The path of a line: what stands before the five numbers; it may have spaces itself. */
static char *path_of(const char *line, size_t n)
{
    for (int numbers = 0; n && numbers < 5; n--)
        numbers += line[n - 1] == ' ';
    return xstrndup(line, n);
}

bool inputs_unchanged(const char *lines)
{
    for (const char *end; (end = strchr(lines, '\n')); lines = end + 1) {
        size_t n = (size_t)(end - lines);
        WL_CLEANUP_FREE char *path = path_of(lines, n), *now = memo_file_identity(path);

        if (!now || strlen(now) != n || strncmp(now, lines, n) != 0)
            return false;
    }
    return *lines == '\0';
}
