/* wl-bundle [-v] [--probe PROBE] OUT TREE...: takes the bundles out of unpacked wheels, so that they can be linked into
 * Python. docs/bundles.md describes what it writes. */
#include "collect.h"

#include "files.h"
#include "object.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] = "Usage: wl-bundle [-v] [--probe PROBE] OUT TREE...\n"
                            "\n"
                            "Takes the bundles (extension modules that wl-cc linked) out of unpacked wheels. The new "
                            "directory OUT gets an object\n"
                            "file of each, extensions.c (the table of modules), objects, libraries, systems, languages "
                            "(lists) and report.json.\n"
                            "The bundles are removed from the trees.\n"
                            "\n"
                            "  --probe PROBE  lists.c of share/bundle, compiled with the headers of the Python: "
                            "functions that it would call by\n"
                            "                 another type than they have get an adapter\n"
                            "  -v             names these functions\n";

struct options {
    bool verbose;
    const char *probe, *out;
    char **trees;
    size_t n_trees;
};

static int order_of_paths(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    int order = strcmp(x->path, y->path);

    return order ? order : strcmp(x->tree, y->tree);
}

/* Modules by name; libraries, by path, before them. */
static int order_of_modules(const void *a, const void *b)
{
    const struct module *x = a, *y = b;

    if (!x->name || !y->name)
        return !x->name && !y->name ? order_of_paths(&x->file, &y->file) : (x->name != NULL) - (y->name != NULL);
    return strcmp(x->name, y->name);
}

/* Two wheels must not have the same module, and neither may one have it twice (by a tag, and without). */
static void check_names(const struct modules *m)
{
    for (size_t i = 1; i < m->n; i++)
        if (m->list[i].name && m->list[i - 1].name && strcmp(m->list[i].name, m->list[i - 1].name) == 0)
            fail("the module %s exists twice: in %s and in %s", m->list[i].name, path_of(&m->list[i - 1].file),
                 path_of(&m->list[i].file));
}

static uint8_t *read_probe(struct probe *probe, struct object *o, const char *path)
{
    struct error e;
    uint8_t *bytes;
    size_t n;

    if (file_read(path, &bytes, &n, &e) < 0 || object_read(o, path, bytes, n, &e) < 0 || probe_read(probe, o, &e) < 0)
        fail("%s", e.text);
    return bytes;
}

static void take_all(struct modules *m, const struct trees *t, const char *probe_path, const char *dir)
{
    struct probe probe = {NULL, 0};
    struct object o = {.file = NULL};
    uint8_t *bytes = probe_path ? read_probe(&probe, &o, probe_path) : NULL;

    for (size_t i = 0; i < t->n_files; i++) {
        if (!is_a_library(&t->files[i]))
            continue;
        m->list = list_room(m->list, m->n, sizeof *m->list);
        module_take(&m->list[m->n++], &t->files[i], probe_path ? &probe : NULL, dir);
    }
    if (m->n)
        qsort(m->list, m->n, sizeof *m->list, order_of_modules);
    check_names(m);
    probe_free(&probe);
    object_free(&o);
    free(bytes);
}

/* Removes the bundles from the wheels, and from their lists of files. */
static void remove_all(const struct modules *m, const struct trees *t)
{
    struct found *removed = NULL;
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++) {
        char *path = path_of(&m->list[i].file);

        if (unlink(path) < 0)
            fail("cannot remove %s: %s", path, strerror(errno));
        LIST_ADD(removed, n, m->list[i].file);
        free(path);
    }
    for (size_t i = 0; i < t->n_records; i++)
        record_edit(&t->records[i], removed, n);
    free(removed);
}

static void collect(const struct options *options)
{
    struct trees trees = {.n_files = 0};
    struct modules modules = {NULL, 0};
    char *dir = text_of("%s.XXXXXX", options->out);
    struct stat s;

    /* An existing file or directory is never replaced. (An empty directory is.) */
    if (lstat(options->out, &s) == 0 && rmdir(options->out) < 0)
        fail("%s exists already; remove it", options->out);
    for (size_t i = 0; i < options->n_trees; i++)
        tree_read(&trees, options->trees[i]);
    if (trees.n_files)
        qsort(trees.files, trees.n_files, sizeof *trees.files, order_of_paths);
    if (!mkdtemp(dir) || chmod(dir, 0755) < 0)
        fail("cannot create %s: %s", dir, strerror(errno));
    temporary_add(dir);
    take_all(&modules, &trees, options->probe, dir);
    results_write(&modules, dir);
    if (rename(dir, options->out) < 0)
        fail("cannot create %s: %s", options->out, strerror(errno));
    temporaries_keep();
    remove_all(&modules, &trees);
    results_print(&modules, options->verbose);
}

int bundle_main(int argc, char **argv)
{
    struct options o = {.verbose = false};
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-v") == 0) {
            o.verbose = true;
        } else if (strcmp(argv[i], "--probe") == 0 && i + 1 < argc) {
            o.probe = argv[++i];
        } else {
            bool help = strcmp(argv[i], "--help") == 0;

            fputs(usage, help ? stdout : stderr);
            return help ? 0 : 2;
        }
    }
    if (argc - i < 2) {
        fputs(usage, stderr);
        return 2;
    }
    o.out = argv[i];
    o.trees = argv + i + 1;
    o.n_trees = (size_t)(argc - i - 1);
    collect(&o);
    return 0;
}
