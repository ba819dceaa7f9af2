/* Reads any bytes as a recipe, and as one that another recipe inherits from: it must neither crash nor fail without a
 * message that names file and line. */
#include "recipe/recipe.h"
#include "recipe/yaml_pos.h"
#include "util/fs.h"
#include "util/str.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct recipe_roots roots;
static char *input;

static void put(const char *name, const char *text, size_t size)
{
    WL_CLEANUP_FREE char *dir = path_join(roots.ports.v[0], name), *file = path_join(dir, "recipe.yaml");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    if (make_dirs(dir, &err) < 0 || file_write(file, text, size, &err) < 0)
        abort();
}

static void make_place(void)
{
    static const char base[] = "abstract: true\nvars: [\"v=1\"]\nsteps: [{name: a, run: b}]\n";
    static const char child[] = "from: f/input\nversion: \"2\"\n";
    static const char family[] = "for-each: f\nsteps: [{name: a, run: b}]\n";
    const char *tmp = getenv("TMPDIR");
    char *place = xasprintf("%s/fuzz.XXXXXX", tmp ? tmp : "/tmp");

    if (!mkdtemp(place))
        abort();
    roots.repo = place;
    strv_take(&roots.ports, path_join(place, "ports"));
    put("f/base", base, sizeof base - 1);
    put("f/child", child, sizeof child - 1);
    put("family", family, sizeof family - 1);
    put("f/input", "", 0);
    input = path_join(roots.ports.v[0], "f/input/recipe.yaml");
}

static void load(const char *name)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_RECIPE struct recipe *r = NULL;
    int result = recipe_load(&roots, name, &r, &err);

    if (result == 0) {
        if (!r || err.text || !*r->name || (!r->abstract && (!*r->version || !r->steps_n)))
            abort();
        for (size_t i = 0; i < r->sources_n; i++)
            for (size_t k = 0; !r->abstract && k < r->sources[i].source.n; k++)
                if (strlen(r->sources[i].source.archives[k].sha256) != 64)
                    abort();
        return;
    }
    if (r || result != -(int)err.cls || !err.text || err.cls != WL_E_RECIPE || !strstr(err.text, "recipe.yaml:"))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT, ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0}, keys = {0};
    WL_CLEANUP_FREE char *name = NULL, *text = xstrndup((const char *)data, size);
    FILE *f;

    if (!input)
        make_place();
    f = fopen(input, "we");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        abort();
    load("f/input");
    load("f/child");
    load("family/input");
    yaml_check("input", (const char *)data, size, &keys, &ignored);
    for (size_t i = 0; i < keys.n; i++)
        if (!strchr(keys.v[i], '/') && *keys.v[i] && yaml_line((const char *)data, size, keys.v[i]) == 0)
            abort();
    if (ports_list(&roots, true, &names, &err) < 0)
        abort();
    /* The bytes as a name: it is found or not, nothing else. */
    if (ports_resolve(&roots, text, &name, &err) == 0 ? !name : err.cls != WL_E_RECIPE)
        abort();
    return 0;
}
