/* Boxes and builds: what a step can see, and how a plan is carried out. */
#include "make/make.h"

#include "made_up.h"
#include "make/port_box.h"
#include "util/fs.h"
#include "util/str.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The events of a build, one per line. */
struct told {
    pthread_mutex_t lock;
    struct str text;
};

static void tell(void *data, const struct event *e)
{
    static const char *const names[] = {
        [EVENT_PLANNED] = "planned", [EVENT_FETCH] = "fetch", [EVENT_FETCHED] = "fetched", [EVENT_WAIT] = "wait",
        [EVENT_START] = "start",     [EVENT_PHASE] = "phase", [EVENT_COUNT] = "count",     [EVENT_OUTPUT] = "output",
        [EVENT_PRINTED] = "printed", [EVENT_DONE] = "done",   [EVENT_FAILED] = "failed",   [EVENT_NOTE] = "note",
        [EVENT_UNBOXED] = "unboxed"};
    struct told *t = data;

    pthread_mutex_lock(&t->lock);
    str_addf(&t->text, "%s %s %.*s %zu/%zu\n", names[e->kind], e->port ? e->port : "-",
             e->kind == EVENT_OUTPUT ? (int)e->length : 1 << 20, e->text ? e->text : "-", e->index, e->count);
    pthread_mutex_unlock(&t->lock);
}

struct world {
    struct recipe_roots roots;
    struct store s;
    struct cancel cancel;
    struct told told;
    struct events events;
    struct make_options o;
    struct plan p;
};

static char *cache_of_process(void)
{
    return xasprintf("/tmp/wl-test-%d", (int)getpid());
}

static void make_world(void **state, struct world *w)
{
    /* Without the sandbox no step may see a path with spaces: the cache is elsewhere, and a link leads to it. */
    WL_CLEANUP_FREE char *link = in_folder(state, "cache"), *cache = cache_of_process();
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    *w = (struct world){.roots = roots_of(state), .cancel = CANCEL_NONE, .told.lock = PTHREAD_MUTEX_INITIALIZER};
    unlink(link);
    assert_int_equal(symlink(cache, link), 0);
    assert_ok(store_open(&w->s, cache, &err), &err);
    w->events = (struct events){tell, &w->told};
    w->o = (struct make_options){.plan = {.roots = &w->roots, .cache = w->s.cache},
                                 .store = &w->s,
                                 .cancel = &w->cancel,
                                 .events = &w->events,
                                 .jobs = 2};
}

static void end_world(struct world *w)
{
    WL_CLEANUP_FREE char *cache = cache_of_process();
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    assert_ok(remove_tree(cache, &err), &err);
    plan_free(&w->p);
    store_close(&w->s);
    recipe_roots_free(&w->roots);
    str_free(&w->told.text);
}

static int build(struct world *w, const char *names, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv list = {0};
    int r;

    for (const char *p = names; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");

        strv_take(&list, xstrndup(p, n));
        p += n;
    }
    str_free(&w->told.text);
    plan_free(&w->p);
    r = plan_make(&w->o.plan, &list, &w->p, err);
    if (r == 0)
        r = make_prepare(&w->o, &w->p, false, err);
    return r < 0 ? r : make_run(&w->o, &w->p, err);
}

static char *artifact_file(struct world *w, const char *port, const char *file)
{
    WL_CLEANUP_FREE char *dir = store_path(&w->s, w->p.nodes[node_of(&w->p, port)].key);

    return path_join(dir, file);
}

static char *one_step(const char *run, const char *more)
{
    return xasprintf("version: \"1\"\ntoolchain: none\nsteps:\n  - name: work\n    run: |\n      %s\n%s", run, more);
}

static void put_step(void **state, const char *name, const char *run, const char *more)
{
    WL_CLEANUP_FREE char *yaml = one_step(run, more);

    put_recipe(state, name, yaml);
}

static void test_builds_and_then_does_not(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *file = NULL;
    struct world w;

    make_world(state, &w);
    put_step(state, "m/a", "cat \"$NEED_M_B/x\" >\"$STAGE/x\"; echo \"$PORT\" >>\"$STAGE/x\"", "needs: [m/b]\n");
    put_step(state, "m/b", "echo b >\"$STAGE/x\"", "");
    assert_ok(build(&w, "m/a", &err), &err);
    file = artifact_file(&w, "m/a", "x");
    assert_file_is(file, "b\nm/a\n");
    assert_contains(w.told.text.s, "planned - - 0/2");
    assert_contains(w.told.text.s, "start m/b - 1/2");
    assert_contains(w.told.text.s, "phase m/a work 0/0");
    assert_contains(w.told.text.s, "done m/a - 2/2");
    assert_true(w.p.nodes[0].stored && !w.p.nodes[0].build);
    assert_ok(build(&w, "m/a", &err), &err);
    assert_string_equal(w.told.text.s, "planned - - 0/0\n");
    end_world(&w);
}

static void test_failure(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *dir = NULL, *enter = NULL;
    struct world w;

    make_world(state, &w);
    put_step(state, "m/a", "echo the reason; exit 3", "");
    put_step(state, "m/b", "true", "needs: [m/a]\n");
    put_step(state, "m/c", "true", "");
    w.o.keep_going = true;
    assert_class(build(&w, "m/b m/c", &err), WL_E_FAILED, &err);
    assert_contains(err.text, "m/a: step 'work' failed with exit status 3");
    assert_contains(err.hint, "01-work.log");
    assert_contains(w.told.text.s, "failed m/a the reason");
    assert_contains(w.told.text.s, "note m/b left out");
    assert_true(w.p.nodes[node_of(&w.p, "m/c")].stored);
    assert_false(w.p.nodes[node_of(&w.p, "m/a")].stored);
    assert_false(store_has(&w.s, w.p.nodes[node_of(&w.p, "m/a")].key));
    dir = store_build_dir(&w.s, w.p.nodes[node_of(&w.p, "m/a")].key);
    enter = path_join(dir, "enter.sh");
    assert_true(path_exists(enter));
    end_world(&w);
}

static void test_signal_and_contents(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct world w;

    make_world(state, &w);
    put_step(state, "m/a", "kill -KILL $$", "");
    assert_class(build(&w, "m/a", &err), WL_E_FAILED, &err);
    assert_contains(err.text, "was ended by signal 9");
    put_step(state, "m/b", "true", "contains: [bin/b]\n");
    assert_class(build(&w, "m/b", &err), WL_E_FAILED, &err);
    assert_contains(err.text, "m/b: its steps ended well but left no bin/b");
    end_world(&w);
}

static void test_cancel(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *dir = NULL;
    struct world w;
    int fds[2];

    make_world(state, &w);
    put_step(state, "m/a", "sleep 100", "");
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    w.cancel.fd = fds[0];
    w.o.keep_going = true; /* an interruption still ends it */
    assert_class(build(&w, "m/a", &err), WL_E_INTERRUPTED, &err);
    dir = store_build_dir(&w.s, w.p.nodes[0].key);
    assert_false(path_exists(dir));
    close(fds[0]);
    close(fds[1]);
    end_world(&w);
}

static bool has_line(const char *text, const char *start)
{
    for (const char *p = text; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
        if (starts_with(p, start))
            return true;
    return false;
}

static void test_environment(void **state)
{
    static const char *const expected[] = {"PATH=/usr/local/bin:/usr/bin:/bin\n",
                                           "LC_ALL=C.UTF-8\n",
                                           "TZ=UTC\n",
                                           "SOURCE_DATE_EPOCH=1675728000\n",
                                           "PORT=m/v3.11.2\n",
                                           "VERSION=3.11.2\n",
                                           "JOBS=2\n",
                                           "DEBUG=1\n",
                                           "VAR_MY_NAME=some value\n",
                                           "FOO=b=a r\n",
                                           "PKG_CONFIG_PATH=\n",
                                           "CONFIG_SITE=/dev/null\n",
                                           "MAKEFLAGS= -j2 --jobserver-auth="};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *file = NULL, *text = NULL;
    struct world w;

    make_world(state, &w);
    setenv("NOT_FOR_STEPS", "1", 1);
    w.o.plan.debug = true;
    put_recipe(state, "m/v3.11.2",
               "version: \"3.11.2\"\ndate: 2023-02-07\ntoolchain: none\nvars: [\"my-name=some value\"]\n"
               "env: [\"FOO=b=a r\"]\nneeds: [l/some-lib, l/v2]\nbuild-needs: [t/v1.2]\n"
               "steps: [{name: x, run: \"env >$STAGE/env\"}]\n");
    put_recipe(state, "l/some-lib", SIMPLE);
    put_recipe(state, "l/v2", SIMPLE);
    put_recipe(state, "t/v1.2", SIMPLE);
    assert_ok(build(&w, "m/v3.11.2", &err), &err);
    file = artifact_file(&w, "m/v3.11.2", "env");
    assert_ok(file_read(file, 1 << 20, &text, NULL, &err), &err);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        if (!has_line(text, expected[i])) {
            print_error("not there: %s in\n%s", expected[i], text);
            fail();
        }
    assert_false(has_line(text, "NOT_FOR_STEPS="));
    assert_true(has_line(text, "NEED_L_SOME_LIB=/"));
    assert_true(has_line(text, "NEED_L=/"));
    assert_true(has_line(text, "NEED_T=/"));
    assert_contains(text, "/needs/l-some-lib/lib");
    assert_null(strstr(text, "/needs/t-v1.2/lib")); /* a tool is not linked */
    end_world(&w);
}

static void test_path_with_spaces_needs_the_sandbox(void **state)
{
    WL_CLEANUP_FREE char *dir = in_folder(state, "box");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct world w;
    struct box b;

    make_world(state, &w);
    put_recipe(state, "m/a", SIMPLE);
    make_plan(state, &w.o.plan, "m/a", &w.p);
    assert_class(port_box_make(&b, dir, &(struct port_box){.plan = &w.p, .store = &w.s}, &err), WL_E_IO, &err);
    assert_contains(err.text, "without bubblewrap");
    box_free(&b);
    assert_ok(port_box_make(&b, dir, &(struct port_box){.plan = &w.p, .store = &w.s, .sandboxed = true}, &err), &err);
    assert_string_equal(b.root, "/wl");
    assert_ok(box_write_enter(&b, &err), &err);
    box_free(&b);
    end_world(&w);
}

/* A fresh box contains nothing of an earlier one. */
static void test_fresh_box(void **state)
{
    WL_CLEANUP_FREE char *old = NULL, *dir = NULL, *files = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct world w;
    struct box b;

    make_world(state, &w);
    put_file(state, "ports/m/a/extra/f", "extra");
    put_recipe(state, "m/a", SIMPLE "files: [extra]\n");
    make_plan(state, &w.o.plan, "m/a", &w.p);
    dir = store_build_dir(&w.s, w.p.nodes[0].key);
    old = path_join(dir, "build");
    assert_ok(make_dirs(old, &err), &err);
    old = (free(old), path_join(dir, "build/old"));
    write_text(old, "x");
    assert_ok(port_box_make(&b, dir, &(struct port_box){.plan = &w.p, .store = &w.s}, &err), &err);
    assert_false(path_exists(old));
    files = path_join(dir, "files/extra/f");
    assert_file_is(files, "extra");
    box_free(&b);
    end_world(&w);
}

static void test_tests_of_a_port(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    WL_CLEANUP_FREE char *kept = NULL;
    size_t passed = 0;
    struct world w;

    make_world(state, &w);
    put_step(state, "m/a", "echo x >\"$STAGE/x\"",
             "tests:\n  - {name: one, run: \"[ $(cat $STAGE/x) = x ]\"}\n  - {name: two, run: \"exit 4\"}\n"
             "  - {name: three, run: \"true\"}\n");
    assert_ok(build(&w, "m/a", &err), &err);
    assert_class(make_test(&w.o, &w.p, 0, &passed, &err), WL_E_FAILED, &err);
    assert_contains(err.text, "step 'two' failed with exit status 4");
    assert_int_equal(passed, 1);
    /* The next failed build replaces the directory that was kept for inspection. */
    assert_class(make_test(&w.o, &w.p, 0, &passed, &err), WL_E_FAILED, &err);
    kept = path_join(w.s.cache, "build");
    assert_ok(dir_list(kept, &names, &err), &err);
    assert_int_equal(names.n, 1);
    end_world(&w);
}

/* Tests that write into $STAGE do not change the artifact, even if no sandbox prevents that. */
static void test_tests_do_not_change_the_artifact(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    size_t passed = 0;
    struct world w;

    make_world(state, &w);
    put_step(state, "m/a", "echo x >\"$STAGE/x\"",
             "tests: [{name: one, run: \"[ $(cat $STAGE/x) = x ]; echo y >$STAGE/more; rm -f $STAGE/x\"}]\n");
    assert_ok(build(&w, "m/a", &err), &err);
    assert_ok(make_test(&w.o, &w.p, 0, &passed, &err), &err);
    assert_int_equal(passed, 1);
    assert_ok(build(&w, "m/a", &err), &err);
    assert_string_equal(w.told.text.s, "planned - - 0/0\n");
    end_world(&w);
}

static void test_checks(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *dir = NULL, *enter = NULL;
    struct world w;

    make_world(state, &w);
    put_step(state, "m/tool", "echo tool >\"$STAGE/x\"", "");
    put_step(
        state, "m/a", "[ -z \"${NEED_M_TOOL-}\" ]; echo x >\"$STAGE/x\"; echo kept >here",
        "check-needs: [m/tool]\n"
        "checks:\n  - {name: one, run: \"[ $(cat $STAGE/x $NEED_M_TOOL/x here | tr -d '\\\\n') = xtoolkept ]\"}\n");
    assert_ok(build(&w, "m/a", &err), &err);
    assert_contains(w.told.text.s, "start m/tool - 1/2");
    assert_contains(w.told.text.s, "phase m/a one 0/0");
    /* A check fails: nothing is stored, and one can enter the box. */
    put_step(state, "m/b", "echo b >\"$STAGE/x\"", "checks: [{name: bad, run: \"echo why; exit 5\"}]\n");
    assert_class(build(&w, "m/b", &err), WL_E_FAILED, &err);
    assert_contains(err.text, "m/b: check 'bad' failed with exit status 5");
    assert_contains(err.hint, "checks/01-bad.log");
    assert_contains(w.told.text.s, "failed m/b why");
    assert_false(store_has(&w.s, w.p.nodes[0].key));
    dir = store_build_dir(&w.s, w.p.nodes[0].key);
    enter = path_join(dir, "enter.sh");
    assert_true(path_exists(enter));
    /* If a check changes the artifact, and no sandbox prevents that, the tool notices it. */
    put_step(state, "m/c", "echo c >\"$STAGE/x\"", "checks: [{name: adds, run: \": >$STAGE/more\"}]\n");
    assert_class(build(&w, "m/c", &err), WL_E_FAILED, &err);
    assert_contains(err.text, "m/c: its checks changed what is in $STAGE");
    assert_false(store_has(&w.s, w.p.nodes[0].key));
    end_world(&w);
}

static void test_extensions(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *file = NULL, *inittab = NULL, *expected = NULL, *dir = NULL;
    struct world w;

    make_world(state, &w);
    put_file(state, "ports/m/a/ext/one.c", "");
    put_file(state, "ports/m/a/ext/one.h", "");
    put_file(state, "ports/m/a/two.cc", "");
    put_step(state, "l/x", "true", "");
    put_step(
        state, "m/a",
        "cp \"$EXTENSIONS\" ../extensions/inittab.c \"$STAGE/\"; "
        "ls ../extensions/files/ext/one.c ../extensions/files/ext/one.h ../extensions/files/two.cc",
        "needs: [l/x]\n"
        "extensions:\n"
        "  - {module: one, sources: [ext/one.c, ext/one.h], flags: [-DA=1, -lm, \"-I$NEED_L_X/i\", -Xlinker, -s]}\n"
        "  - {module: p.two, init: init_it, sources: [two.cc, ext/one.h]}\n");
    assert_ok(build(&w, "m/a", &err), &err);
    dir = store_build_dir(&w.s, w.p.nodes[node_of(&w.p, "m/a")].key);
    file = artifact_file(&w, "m/a", "rules.mk");
    expected = xasprintf("EXTENSION_MODULES += one\n"
                         "EXTENSION_OBJECTS += one-0.o\n"
                         "one-0.o: %s/extensions/files/ext/one.c\n"
                         "\t$(CC) $(CPPFLAGS) $(CFLAGS) $(EXTENSION_CPPFLAGS) -I%s/extensions/files -DA=1 "
                         "-I%s/needs/l-x/i -c $< -o $@\n"
                         "EXTENSION_LDFLAGS += -lm -Xlinker -s\n"
                         "EXTENSION_MODULES += p.two\n"
                         "EXTENSION_OBJECTS += p__two-0.o\n"
                         "p__two-0.o: %s/extensions/files/two.cc\n"
                         "\t$(CXX) $(CPPFLAGS) $(CXXFLAGS) $(EXTENSION_CPPFLAGS) -I%s/extensions/files "
                         "-Dinit_it=PyInit_p__two -c $< -o $@\n"
                         "EXTENSION_LDFLAGS +=\n"
                         "EXTENSION_OBJECTS += inittab.o\n"
                         "inittab.o: %s/extensions/inittab.c\n"
                         "\t$(CC) $(CPPFLAGS) $(CFLAGS) $(EXTENSION_CPPFLAGS) -c $< -o $@\n",
                         dir, dir, dir, dir, dir, dir);
    assert_file_is(file, expected);
    inittab = artifact_file(&w, "m/a", "inittab.c");
    assert_file_is(inittab, "#include <Python.h>\n\n"
                            "PyMODINIT_FUNC PyInit_one(void);\n"
                            "PyMODINIT_FUNC PyInit_p__two(void);\n\n"
                            "struct _inittab extensions[] = {\n"
                            "    {\"one\", PyInit_one},\n"
                            "    {\"p.two\", PyInit_p__two},\n"
                            "    {0, 0},\n};\n");
    /* Without extensions the variable exists, and is empty. */
    put_step(state, "m/b", "test -z \"$EXTENSIONS\"; test ! -e \"$ROOT/extensions\"", "");
    assert_ok(build(&w, "m/b", &err), &err);
    put_step(state, "m/c", "cat \"$EXTENSIONS\"", "extensions:\n  - module: x\n    sources: [\"$SRC/lost.c\"]\n");
    assert_class(build(&w, "m/c", &err), WL_E_RECIPE, &err);
    assert_contains(err.text, "m/c/recipe.yaml:9: extensions: x: nothing unpacked and patched has $SRC/lost.c");
    put_step(state, "m/c", "cat \"$EXTENSIONS\"",
             "extensions:\n  - module: x\n    sources: [\"$SRC/lost.c\"]\n    flags: [\"-I$NEED_NOTHING/x\"]\n");
    assert_class(build(&w, "m/c", &err), WL_E_RECIPE, &err);
    assert_contains(err.text, "m/c/recipe.yaml:10: extensions: no variable of the steps is called $NEED_NOTHING");
    end_world(&w);
}

static void test_fetch_once(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *file = in_folder(state, "data"), *yaml = NULL, *copy = NULL;
    const char *once;
    char hex[HASH_HEX_SIZE];
    struct world w;

    make_world(state, &w);
    put_file(state, "data", "bytes\n");
    assert_ok(hash_file(file, hex, &err), &err);
    yaml = xasprintf("version: \"1\"\ntoolchain: none\nsources: [{url: \"file:%s\", sha256: %s, unpack: false}]\n"
                     "steps: [{name: x, run: \"cp $SRC/data $STAGE/\"}]\n",
                     file, hex);
    put_recipe(state, "m/a", yaml);
    put_recipe(state, "m/b", yaml);
    assert_ok(build(&w, "m/a m/b", &err), &err);
    copy = artifact_file(&w, "m/a", "data");
    assert_file_is(copy, "bytes\n");
    once = strstr(w.told.text.s, "fetched - data");
    assert_non_null(once);
    assert_null(strstr(once + 1, "fetched - data"));
    end_world(&w);
}

/* --- what does not start --- */

int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *data), void *data);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *data), void *data);

/* Bits of the threads that do not start: the first is 1, the second 2. */
static unsigned refused, asked;

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *data), void *data)
{
    return refused & 1u << asked++ ? EAGAIN : __real_pthread_create(t, a, f, data);
}

static void test_thread_that_cannot_start(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct world w;

    make_world(state, &w);
    put_step(state, "m/a", "true", "");
    put_step(state, "m/b", "true", "needs: [m/a]\n");
    refused = 1;
    asked = 0;
    assert_class(build(&w, "m/b", &err), WL_E_FAILED, &err);
    assert_contains(err.text, "m/a: cannot start a thread");
    assert_non_null(err.hint);
    assert_false(w.p.nodes[node_of(&w.p, "m/b")].stored);
    /* The job that it took belongs to another: m/a ends only when m/c has run beside it. */
    put_step(state, "m/a",
             "n=0; while [ ! -e ../../c ] && [ $n -lt 200 ]; do sleep 0.1; n=$((n + 1)); done; [ -e ../../c ]", "");
    put_step(state, "m/b", "true", "");
    put_step(state, "m/c", "touch ../../c", "");
    refused = 2;
    asked = 0;
    w.o.keep_going = true;
    wl_err_free(&err);
    assert_class(build(&w, "m/a m/b m/c", &err), WL_E_FAILED, &err);
    refused = 0;
    assert_contains(err.text, "m/b: cannot start a thread");
    assert_true(w.p.nodes[node_of(&w.p, "m/a")].stored);
    assert_true(w.p.nodes[node_of(&w.p, "m/c")].stored);
    end_world(&w);
}

static size_t open_files(void)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};

    assert_ok(dir_list("/proc/self/fd", &names, &err), &err);
    return names.n;
}

/* However few files can be opened, a failure leaves none open. */
static void test_no_more_files(void **state)
{
    struct rlimit old, few;
    struct world w;
    size_t before;
    int next;

    make_world(state, &w);
    put_recipe(state, "m/a", SIMPLE);
    make_plan(state, &w.o.plan, "m/a", &w.p);
    w.p.nodes[0].build = true;
    before = open_files();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    next = dup(0);
    assert_true(next >= 0);
    close(next);
    for (int more = 0; more < 4; more++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        int r;

        few = (struct rlimit){(rlim_t)(next + more), old.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        r = make_run(&w.o, &w.p, &err);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        assert_class(r, WL_E_IO, &err);
        assert_int_equal(open_files(), before);
    }
    end_world(&w);
}

/* --- damaged artifacts --- */

static void damage(struct world *w, const char *port, const char *text)
{
    WL_CLEANUP_FREE char *file = artifact_file(w, port, "x");

    assert_int_equal(chmod(file, 0644), 0);
    write_text(file, text);
    assert_int_equal(chmod(file, 0444), 0);
}

static bool nobody_reads(void *data, const struct plan *p, size_t node)
{
    (void)data;
    (void)p;
    (void)node;
    return true;
}

static void test_damaged_artifacts(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *file = NULL, *need = NULL;
    struct world w;

    make_world(state, &w);
    put_step(state, "m/tool", "echo tool >\"$STAGE/x\"", "");
    put_step(state, "m/lib", "cp \"$NEED_M_TOOL/x\" \"$STAGE/x\"", "build-needs: [m/tool]\n");
    put_step(state, "m/top", "cp \"$NEED_M_LIB/x\" \"$STAGE/x\"", "needs: [m/lib]\n");
    assert_ok(build(&w, "m/top", &err), &err);
    /* The requested port, and with it the ports that it links: a flipped bit, the same size. */
    damage(&w, "m/lib", "Tool\n");
    assert_ok(build(&w, "m/top", &err), &err);
    assert_contains(w.told.text.s, "note - the stored artifact of m/lib is damaged (x: its bytes have changed)");
    assert_contains(w.told.text.s, "done m/lib - 1/1");
    need = artifact_file(&w, "m/lib", "x");
    assert_file_is(need, "tool\n");
    /* A port that only a build needs is compared when something is built with it. */
    damage(&w, "m/tool", "TOOL\n");
    assert_ok(build(&w, "m/top", &err), &err);
    assert_string_equal(w.told.text.s, "planned - - 0/0\n");
    put_step(state, "m/lib", "cp \"$NEED_M_TOOL/x\" \"$STAGE/x\"; echo lib >>\"$STAGE/x\"", "build-needs: [m/tool]\n");
    assert_ok(build(&w, "m/top", &err), &err);
    assert_contains(w.told.text.s, "note - the stored artifact of m/tool is damaged");
    file = artifact_file(&w, "m/top", "x");
    assert_file_is(file, "tool\nlib\n");
    /* A port that nobody reads is not compared. */
    damage(&w, "m/top", "");
    w.o.is_current = nobody_reads;
    assert_ok(build(&w, "m/top", &err), &err);
    assert_string_equal(w.told.text.s, "planned - - 0/0\n");
    w.o.is_current = NULL;
    assert_ok(build(&w, "m/top", &err), &err);
    assert_contains(w.told.text.s, "the stored artifact of m/top is damaged (x: its size has changed)");
    assert_file_is(file, "tool\nlib\n");
    end_world(&w);
}

/* If the bytes of a fetched file have changed on the disk, it is fetched again instead of unpacked. */
static void test_damaged_source(void **state)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "data"), *cached = NULL, *yaml = NULL, *result = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    char hex[HASH_HEX_SIZE];
    struct world w;

    make_world(state, &w);
    put_file(state, "data", "bytes\n");
    assert_ok(hash_file(file, hex, &err), &err);
    yaml = xasprintf("version: \"1\"\ntoolchain: none\nsources:\n  - {url: \"file:%s\", sha256: %s, unpack: false}\n"
                     "steps: [{name: x, run: \"cp $SRC/data $STAGE\"}]\n",
                     file, hex);
    put_recipe(state, "m/a", yaml);
    put_recipe(state, "m/b", yaml);
    assert_ok(build(&w, "m/a", &err), &err);
    cached = xasprintf("%s/%s/data", w.s.sources, hex);
    write_text(cached, "Bytes\n");
    assert_ok(build(&w, "m/b", &err), &err);
    assert_contains(w.told.text.s, "is damaged; fetching it again");
    result = artifact_file(&w, "m/b", "data");
    assert_file_is(result, "bytes\n");
    assert_file_is(cached, "bytes\n");
    /* If nothing is built, nobody reads it. */
    write_text(cached, "Bytes\n");
    assert_ok(build(&w, "m/b", &err), &err);
    assert_string_equal(w.told.text.s, "planned - - 0/0\n");
    end_world(&w);
}

/* The end of a log is shown, however long its lines are. */
static void test_end_of_the_log(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    const char *failed;
    struct world w;

    make_world(state, &w);
    put_step(state, "m/a", "seq 1 100000; exit 3", "");
    assert_class(build(&w, "m/a", &err), WL_E_FAILED, &err);
    assert_contains(w.told.text.s, "failed m/a 99986\n99987\n");
    wl_err_free(&err);
    put_step(state, "m/a", "head -c 100000 /dev/zero | tr '\\0' x; exit 3", "");
    assert_class(build(&w, "m/a", &err), WL_E_FAILED, &err);
    failed = strstr(w.told.text.s, "failed m/a ");
    assert_non_null(failed);
    assert_in_range(strlen(failed), 1000, 20000);
    end_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_builds_and_then_does_not),
        TEST_IN_FOLDER(test_failure),
        TEST_IN_FOLDER(test_signal_and_contents),
        TEST_IN_FOLDER(test_cancel),
        TEST_IN_FOLDER(test_environment),
        TEST_IN_FOLDER(test_path_with_spaces_needs_the_sandbox),
        TEST_IN_FOLDER(test_fresh_box),
        TEST_IN_FOLDER(test_tests_of_a_port),
        TEST_IN_FOLDER(test_tests_do_not_change_the_artifact),
        TEST_IN_FOLDER(test_checks),
        TEST_IN_FOLDER(test_extensions),
        TEST_IN_FOLDER(test_fetch_once),
        TEST_IN_FOLDER(test_thread_that_cannot_start),
        TEST_IN_FOLDER(test_no_more_files),
        TEST_IN_FOLDER(test_damaged_artifacts),
        TEST_IN_FOLDER(test_damaged_source),
        TEST_IN_FOLDER(test_end_of_the_log),
    };

    return cmocka_run_group_tests_name("build", tests, NULL, NULL);
}
