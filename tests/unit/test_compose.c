#include "store/compose.h"

#include "made_up.h"
#include "util/fs.h"
#include "util/str.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A store with an artifact for each node: one file, named after the port, in include/, lib/ and bin/. */
struct world {
    struct recipe_roots roots;
    struct plan_options o;
    struct plan p;
    struct store s;
    char *output;
};

static void fill_store(struct world *w)
{
    const struct cancel never = CANCEL_NONE;

    for (size_t i = 0; i < w->p.n; i++) {
        static const char *const folders[] = {"include", "lib", "bin"};
        const char *base = path_base(w->p.nodes[i].recipe->name);
        WL_CLEANUP_MANIFEST struct manifest made = {.kind = xstrdup("port")};
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        WL_CLEANUP_FREE char *stage = NULL;
        struct store_work work;

        assert_ok(store_begin(&work, &w->s, w->p.nodes[i].key, &(struct store_calls){.cancel = &never}, &err), &err);
        stage = store_stage(&work);
        for (size_t k = 0; k < 3; k++) {
            WL_CLEANUP_FREE char *dir = path_join(stage, folders[k]), *own = path_join(dir, base);
            WL_CLEANUP_FREE char *common = path_join(dir, "common");

            assert_ok(make_dirs(dir, &err), &err);
            write_text(own, base);
            write_text(common, base);
        }
        assert_ok(store_commit(&work, &made, &err), &err);
        work_end(&work, false);
    }
}

/* Replaces a node's artifact with another one, which fill() writes into its stage. */
static void put_artifact(struct world *w, const char *name, void (*fill)(const char *stage))
{
    WL_CLEANUP_MANIFEST struct manifest made = {.kind = xstrdup("port")};
    const char *key = w->p.nodes[node_of(&w->p, name)].key;
    WL_CLEANUP_FREE char *entry = store_entry(&w->s, key), *stage = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    const struct cancel never = CANCEL_NONE;
    struct store_work work;

    assert_ok(remove_tree(entry, &err), &err);
    assert_ok(store_begin(&work, &w->s, key, &(struct store_calls){.cancel = &never}, &err), &err);
    stage = store_stage(&work);
    assert_ok(make_dirs(stage, &err), &err);
    fill(stage);
    assert_ok(store_commit(&work, &made, &err), &err);
    work_end(&work, false);
}

static void make_world(void **state, struct world *w, const char *name)
{
    WL_CLEANUP_FREE char *cache = in_folder(state, "cache");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    *w = (struct world){.roots = roots_of(state), .output = in_folder(state, "output")};
    w->o = (struct plan_options){.roots = &w->roots, .sandboxed = true, .cache = "/c"};
    assert_ok(store_open(&w->s, cache, &err), &err);
    make_plan(state, &w->o, name, &w->p);
    fill_store(w);
}

static void end_world(struct world *w)
{
    plan_free(&w->p);
    store_close(&w->s);
    recipe_roots_free(&w->roots);
    free(w->output);
}

static bool compose_it(struct world *w, const char *name)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    bool changed = false;

    assert_ok(compose(&w->s, &w->p, node_of(&w->p, name), w->output, &changed, &err), &err);
    return changed;
}

static void test_merge(void **state)
{
    WL_CLEANUP_FREE char *own = in_folder(state, "output/m/top/bin/top"), *common = NULL, *lib = NULL, *far = NULL,
                         *bin = NULL, *tool = NULL;
    struct world w;

    put_recipe(state, "m/top", SIMPLE "needs: [m/lib]\nbuild-needs: [m/tool]\n");
    put_recipe(state, "m/lib", SIMPLE "needs: [m/far]\n");
    put_recipe(state, "m/far", SIMPLE);
    put_recipe(state, "m/tool", SIMPLE);
    make_world(state, &w, "m/top");
    assert_true(compose_it(&w, "m/top"));
    assert_file_is(own, "top");
    common = in_folder(state, "output/m/top/include/common");
    lib = in_folder(state, "output/m/top/lib/lib");
    far = in_folder(state, "output/m/top/include/far");
    bin = in_folder(state, "output/m/top/bin/lib");
    tool = in_folder(state, "output/m/top/include/tool");
    assert_file_is(common, "top"); /* the artifact's own files stay */
    assert_file_is(lib, "lib");
    assert_file_is(far, "far");
    assert_false(path_exists(bin)); /* only include/ and lib/ */
    assert_false(path_exists(tool));
    end_world(&w);
}

static void test_nothing_to_do(void **state)
{
    WL_CLEANUP_FREE char *top = in_folder(state, "output/m/top"), *file = in_folder(state, "output/m/top/bin/top");
    struct stat before, after;
    struct world w;

    put_recipe(state, "m/top", SIMPLE);
    make_world(state, &w, "m/top");
    assert_true(compose_it(&w, "m/top"));
    assert_int_equal(stat(top, &before), 0);
    assert_false(compose_it(&w, "m/top"));
    assert_int_equal(stat(top, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    /* A file of another size, a missing file, no note: composed again. */
    write_text(file, "longer than it was");
    assert_true(compose_it(&w, "m/top"));
    assert_file_is(file, "top");
    assert_int_equal(unlink(file), 0);
    assert_true(compose_it(&w, "m/top"));
    assert_file_is(file, "top");
    {
        WL_CLEANUP_FREE char *note = in_folder(state, "output/m/top/.wl-make");

        write_text(note, "nonsense\n\n 1\n");
        assert_true(compose_it(&w, "m/top"));
        write_text(note, "");
        assert_true(compose_it(&w, "m/top"));
    }
    assert_false(compose_it(&w, "m/top"));
    end_world(&w);
}

static void fill_odd(const char *stage)
{
    static const char *const names[] = {"two\nlines", "\n", "back\\slash", "\\n", "5 x\n5 y", "\xff\x1b[2J"};
    WL_CLEANUP_FREE char *odd = path_join(stage, "x\n5 "), *file = path_join(odd, "file");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        WL_CLEANUP_FREE char *path = path_join(stage, names[i]);

        write_text(path, "hello");
    }
    assert_ok(make_dirs(odd, &err), &err);
    write_text(file, "hello");
}

/* Steps choose the names of files. Each name must stay one line of the note and change nothing else. */
static void test_odd_names(void **state)
{
    WL_CLEANUP_FREE char *top = in_folder(state, "output/m/top"), *file = in_folder(state, "output/m/top/two\nlines");
    WL_CLEANUP_STRV struct strv paths = {0};
    struct world w;
    size_t there = 0;

    put_recipe(state, "m/top", SIMPLE);
    make_world(state, &w, "m/top");
    put_artifact(&w, "m/top", fill_odd);
    assert_true(compose_it(&w, "m/top"));
    assert_false(compose_it(&w, "m/top"));
    compose_files(top, NULL, &paths);
    assert_int_equal(paths.n, 8);
    for (size_t i = 0; i < paths.n; i++) {
        assert_true(starts_with(paths.v[i], top));
        there += path_exists(paths.v[i]);
    }
    assert_int_equal(there, 8);
    assert_int_equal(unlink(file), 0);
    assert_true(compose_it(&w, "m/top"));
    assert_file_is(file, "hello");
    end_world(&w);
}

/* Anybody may have written a note: the names in it lie inside its directory or are ignored. */
static void test_note_names_no_other_place(void **state)
{
    WL_CLEANUP_FREE char *top = in_folder(state, "output/m/top");
    WL_CLEANUP_STRV struct strv paths = {0};

    put_file(state, "output/m/top/.wl-make-f",
             "key\n5 /etc/passwd\n5 ../other\n5 a/../../x\n5 .\n5 a//b\n5 ./a\n5 \n5 a\\\n5 \\x\n5 fine/file\n");
    compose_files(top, "f", &paths);
    assert_int_equal(paths.n, 2);
    assert_true(ends_with(paths.v[0], "/output/m/top/fine/file"));
    assert_true(ends_with(paths.v[1], "/output/m/top/.wl-make-f"));
}

static void fill_link(const char *stage)
{
    WL_CLEANUP_FREE char *link = path_join(stage, "lib");

    assert_int_equal(symlink("../../../elsewhere", link), 0);
}

/* A link that steps made is copied as a link, and nothing is written or read through it. */
static void test_merge_follows_no_link(void **state)
{
    WL_CLEANUP_FREE char *elsewhere = in_folder(state, "elsewhere"), *include = NULL, *lib = NULL;
    WL_CLEANUP_STRV struct strv names = {0};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct world w;

    assert_ok(make_dirs(elsewhere, &err), &err);
    put_recipe(state, "m/top", SIMPLE "needs: [m/lib]\n");
    put_recipe(state, "m/lib", SIMPLE);
    make_world(state, &w, "m/top");
    put_artifact(&w, "m/top", fill_link);
    assert_true(compose_it(&w, "m/top"));
    assert_ok(dir_list(elsewhere, &names, &err), &err);
    assert_int_equal(names.n, 0);
    include = in_folder(state, "output/m/top/include/lib");
    assert_file_is(include, "lib");
    lib = in_folder(state, "output/m/top/lib");
    {
        WL_CLEANUP_FREE char *target = link_target(lib);

        assert_string_equal(target, "../../../elsewhere");
    }
    end_world(&w);
}

static void test_old_content_goes(void **state)
{
    WL_CLEANUP_FREE char *stale = in_folder(state, "output/m/top/stale/file"),
                         *other = in_folder(state, "output/m/other/x");
    struct world w;

    put_file(state, "output/m/top/stale/file", "x");
    put_file(state, "output/m/top/.wl-make", "an older key\n");
    put_file(state, "output/m/other/x", "x");
    put_recipe(state, "m/top", SIMPLE);
    make_world(state, &w, "m/top");
    assert_true(compose_it(&w, "m/top"));
    assert_false(path_exists(stale));
    assert_true(path_exists(other));
    end_world(&w);
}

/* A directory that exists but was not created by wl-make belongs to the user. */
static void test_not_ours(void **state)
{
    WL_CLEANUP_FREE char *mine = in_folder(state, "output/m/top/mine"), *top = in_folder(state, "output/m/top");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    bool changed;
    struct world w;

    put_file(state, "output/m/top/mine", "x");
    put_recipe(state, "m/top", SIMPLE);
    make_world(state, &w, "m/top");
    assert_false(compose_made(top, NULL));
    assert_class(compose(&w.s, &w.p, 0, w.output, &changed, &err), WL_E_IO, &err);
    assert_contains(err.text, "was not created by wl-make");
    assert_file_is(mine, "x");
    assert_int_equal(unlink(mine), 0);
    assert_true(compose_it(&w, "m/top")); /* an empty directory can be replaced */
    assert_true(compose_made(top, NULL));
    assert_ok(remove_tree(top, &err), &err);
    write_text(top, "a file");
    assert_class(compose(&w.s, &w.p, 0, w.output, &changed, &err), WL_E_IO, &err);
    assert_file_is(top, "a file");
    end_world(&w);
}

/* Leftovers of a killed run beside the result are deleted, whatever process ID and container it had; those of a running
 * one stay. */
static void test_leftovers(void **state)
{
    WL_CLEANUP_FREE char *left = xasprintf("output/m/.top.new.%d", (int)getpid()), *left_path = in_folder(state, left);
    WL_CLEANUP_FREE char *left_file = path_join(left, "x"), *parent = in_folder(state, "output/m"), *mine = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_TEMP_DIR struct temp_dir alive = {.fd = -1};
    struct world w;

    put_file(state, left_file, "x");
    assert_ok(temp_dir_make(&alive, parent, "top", &err), &err);
    mine = path_join(alive.path, "x");
    write_text(mine, "x");
    put_recipe(state, "m/top", SIMPLE);
    make_world(state, &w, "m/top");
    compose_it(&w, "m/top");
    assert_false(path_exists(left_path));
    assert_file_is(mine, "x");
    end_world(&w);
}

/* An artifact is compared before it is copied. */
static void test_damaged(void **state)
{
    WL_CLEANUP_FREE char *top = in_folder(state, "output/m/top"), *artifact = NULL, *file = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct world w;
    bool changed;
    size_t lib;

    put_recipe(state, "m/top", SIMPLE "needs: [m/lib]\n");
    put_recipe(state, "m/lib", SIMPLE);
    make_world(state, &w, "m/top");
    lib = node_of(&w.p, "m/lib");
    artifact = store_path(&w.s, w.p.nodes[lib].key);
    file = path_join(artifact, "lib/lib");
    assert_int_equal(chmod(file, 0644), 0);
    write_text(file, "LIB");
    assert_int_equal(chmod(file, 0444), 0);
    assert_class(compose(&w.s, &w.p, node_of(&w.p, "m/top"), w.output, &changed, &err), WL_E_VERIFY, &err);
    assert_contains(err.text, "m/lib is damaged (lib/lib: its bytes have changed)");
    assert_false(path_exists(top));
    assert_false(store_has(&w.s, w.p.nodes[lib].key));
    end_world(&w);
}

static void test_no_artifact(void **state)
{
    WL_CLEANUP_FREE char *old = in_folder(state, "output/m/top/old"), *store = in_folder(state, "cache/artifacts"),
                         *parent = in_folder(state, "output/m");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    bool changed;
    struct world w;

    put_file(state, "output/m/top/old", "x");
    put_file(state, "output/m/top/.wl-make", "an older key\n");
    put_recipe(state, "m/top", SIMPLE);
    make_world(state, &w, "m/top");
    assert_ok(remove_tree(store, &err), &err);
    assert_class(compose(&w.s, &w.p, 0, w.output, &changed, &err), WL_E_IO, &err);
    assert_file_is(old, "x"); /* the old contents stay */
    assert_ok(dir_list(parent, &names, &err), &err);
    assert_int_equal(names.n, 1); /* and nothing is left beside it */
    end_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_merge),
        TEST_IN_FOLDER(test_nothing_to_do),
        TEST_IN_FOLDER(test_old_content_goes),
        TEST_IN_FOLDER(test_not_ours),
        TEST_IN_FOLDER(test_damaged),
        TEST_IN_FOLDER(test_leftovers),
        TEST_IN_FOLDER(test_no_artifact),
        TEST_IN_FOLDER(test_odd_names),
        TEST_IN_FOLDER(test_note_names_no_other_place),
        TEST_IN_FOLDER(test_merge_follows_no_link),
    };

    return cmocka_run_group_tests_name("compose", tests, NULL, NULL);
}
