/* Apps: packages that are installed once for several apps. The programs that do the work are scripts here. */
#include "pack/pack.h"

#include "testing.h"
#include "util/fs.h"
#include "util/str.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* pip: the first installation waits for a second one, and that waits until somebody reads the result of the first. */
static const char pip[] =
    "for word; do case $word in --target=*) target=${word#--target=} ;; esac; done\n"
    "echo x >>\"$PLACE/installs\"\n"
    "n=0\n"
    "if [ \"$(wc -l <\"$PLACE/installs\")\" = 1 ]; then\n"
    "    until [ \"$(wc -l <\"$PLACE/installs\")\" = 2 ] || [ $n = 10 ]; do sleep 0.1; n=$((n + 1)); done\n"
    "else\n"
    "    until [ -e \"$PLACE/reading\" ] || [ $n = 50 ]; do sleep 0.1; n=$((n + 1)); done\n"
    "fi\n"
    "mkdir -p \"$target\" && echo 'x = 1' >\"$target/module.py\"\n";
/* collect.py, run by the app's Python. */
static const char collect[] =
    "[ \"$1 $2\" = '-I -B' ] || exit 1\n"
    "echo \"$4\" >>\"$PLACE/collected\"\n"
    "[ ! -e \"$PLACE/bad\" ] || [ \"$4\" != app ] || { echo failed as said >/proc/self/fd/$STATUS_FD; exit 1; }\n"
    "[ \"$4\" != app ] || echo target script main.py >/proc/self/fd/$STATUS_FD\n";
/* rofs-pack: reads the packages for some time, in the directory that it was given. */
static const char rofs_pack[] = "set -e\n"
                                "[ \"$1\" = --compress ] && shift\n"
                                "out=$PWD/$2\n"
                                "cd \"$1/site-packages\"\n"
                                "touch \"$PLACE/reading\"\n"
                                "sleep 1.5\n"
                                "cat ./module.py >\"$out\"\n";
/* wl-run: writes the app. */
static const char wl_run[] =
    "for word; do case $word in --snapshot=*) out=${word#--snapshot=} ;; --dir=*) dir=${word#--dir=} ;; "
    "esac; done\n"
    "[ ! -e \"$PLACE/broken\" ] || { echo why; exit 125; }\n"
    "echo printed\n"
    "{ printf '\\000asm\\001\\000\\000\\000\\000\\007\\000'; cat \"${dir%%::*}/archive\"; } >\"$out\"\n";

/* Keeps the output of programs. */
static void on_event(void *data, const struct event *e)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&lock);
    if (e->kind == EVENT_PRINTED)
        str_add(data, e->text);
    pthread_mutex_unlock(&lock);
}

struct app {
    struct pack k;
    struct wl_err err;
    int result;
};

static void *pack_it(void *data)
{
    struct app *a = data;

    a->result = pack(&a->k, &a->err);
    return NULL;
}

/* The module that the made-up wl-run writes, with the archive as a section; what the tool adds comes behind it. */
static void assert_is_app(const char *file)
{
    static const char module[] = "\0asm\1\0\0\0\0\7\0x = 1\n";
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *bytes = NULL;
    size_t n;

    assert_ok(file_read(file, 1 << 20, &bytes, &n, &err), &err);
    assert_true(n >= sizeof module - 1);
    assert_memory_equal(bytes, module, sizeof module - 1);
}

static void write_lock(const char *requirements, const char *lock)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *text = NULL;
    char hex[HASH_HEX_SIZE];

    write_text(requirements, "module\n");
    assert_ok(hash_file(requirements, hex, &err), &err);
    text =
        xasprintf("# The wheels of requirements.txt (sha256 %s) for Python 3.13, pinned by wl-make app; --update asks "
                  "for newer ones.\nmodule==1 --hash=sha256:" KEY "\n",
                  hex);
    write_text(lock, text);
}

/* Two apps of one lock file, and what they are made with. Without a sandbox the cache's path has to be plain. */
struct world {
    char *cache, *old_path, *files[7];
    struct store s;
    struct str printed;
    struct events events;
    struct make_options o;
    struct fetch_options fetch;
    struct app apps[2];
};

enum { BUILD_PYTHON, ROFS_PACK, WL_RUN, PYTHON, REQUIREMENTS, COLLECT, LOCK };

static const struct cancel never = CANCEL_NONE;
static const struct strv none;

/* A program of an artifact's, or of the machine's. */
static void put_tool(void **state, const char *name, const char *script)
{
    WL_CLEANUP_FREE char *file = in_folder(state, name), *dir = path_dir(file),
                         *text = xasprintf("PLACE='%s'\n%s", (char *)*state, script);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    assert_ok(make_dirs(dir, &err), &err);
    write_program(file, text);
}

static void make_world(void **state, struct world *w)
{
    static const char *const names[] = {"build-python",     "rofs", "run", "python", "requirements.txt", "collect.py",
                                        "requirements.lock"};
    WL_CLEANUP_FREE char *bin = in_folder(state, "bin"), *path = xasprintf("%s:%s", bin, getenv("PATH"));
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    char cache[] = "/tmp/wl-make-pack.XXXXXX";

    assert_non_null(mkdtemp(cache));
    *w = (struct world){.cache = xstrdup(cache), .old_path = xstrdup(getenv("PATH"))};
    assert_ok(store_open(&w->s, cache, &err), &err);
    put_tool(state, "bin/python3", pip);
    put_tool(state, "build-python/bin/python3", collect);
    put_tool(state, "rofs/bin/rofs-pack", rofs_pack);
    put_tool(state, "run/bin/wl-run", wl_run);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        w->files[i] = in_folder(state, names[i]);
    assert_ok(make_dirs(w->files[PYTHON], &err), &err);
    write_text(w->files[COLLECT], "# collect");
    write_lock(w->files[REQUIREMENTS], w->files[LOCK]);
    setenv("PATH", path, 1);
    w->events = (struct events){.emit = on_event, .data = &w->printed};
    w->o = (struct make_options){.store = &w->s, .cancel = &never, .events = &w->events, .jobs = 1};
    w->fetch = (struct fetch_options){.cache = w->s.sources, .cancel = &never};
    for (int i = 0; i < 2; i++)
        w->apps[i] = (struct app){.k = {.program = "main.py",
                                        .requirements = w->files[REQUIREMENTS],
                                        .lock = w->files[LOCK],
                                        .imports = &none,
                                        .data = &none,
                                        .without_native = &none,
                                        .hash_seed = i ? "2" : "1",
                                        .out = i ? in_folder(state, "b.wasm") : in_folder(state, "a.wasm"),
                                        .python = {w->files[PYTHON], KEY},
                                        .series = "3.13",
                                        .build_python = {w->files[BUILD_PYTHON], KEY},
                                        .rofs_pack = {w->files[ROFS_PACK], KEY},
                                        .wl_run = {w->files[WL_RUN], KEY},
                                        .collect = w->files[COLLECT],
                                        .o = &w->o,
                                        .fetch = &w->fetch}};
}

static void end_world(struct world *w)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    setenv("PATH", w->old_path, 1);
    store_close(&w->s);
    assert_ok(remove_tree(w->cache, &err), &err);
    for (int i = 0; i < 2; i++)
        free((char *)w->apps[i].k.out);
    for (size_t i = 0; i < sizeof w->files / sizeof *w->files; i++)
        free(w->files[i]);
    free(w->cache);
    free(w->old_path);
    str_free(&w->printed);
}

static void test_two_apps_of_one_lock_file(void **state)
{
    WL_CLEANUP_FREE char *installs = in_folder(state, "installs");
    pthread_t threads[2];
    struct world w;

    make_world(state, &w);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, pack_it, &w.apps[i]), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_ok(w.apps[i].result, &w.apps[i].err);
        assert_is_app(w.apps[i].k.out);
    }
    assert_file_is(installs, "x\n"); /* once for both */
    end_world(&w);
}

/* The same app again comes from the store, with what its program printed; another seed or another collect.py is another
 * app. */
static void test_an_app_is_an_artifact(void **state)
{
    WL_CLEANUP_FREE char *collected = in_folder(state, "collected");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct world w;
    struct pack *k = &w.apps[0].k;

    make_world(state, &w);
    assert_ok(pack(k, &err), &err);
    assert_file_is(collected, "gather\nsite\napp\n");
    assert_ok(pack(k, &err), &err);
    assert_file_is(collected, "gather\nsite\napp\ngather\n");
    assert_string_equal(w.printed.s, "printed\nprinted\n");
    assert_is_app(k->out);
    assert_ok(pack(&w.apps[1].k, &err), &err);
    assert_file_is(collected, "gather\nsite\napp\ngather\ngather\napp\n");
    write_text(w.files[COLLECT], "# other");
    assert_ok(pack(k, &err), &err);
    assert_file_is(collected, "gather\nsite\napp\ngather\ngather\napp\ngather\nsite\napp\n");
    end_world(&w);
}

/* A failure is reported in the words of the program that failed, and nothing is written. */
static void test_failures(void **state)
{
    WL_CLEANUP_FREE char *bad = in_folder(state, "bad"), *broken = in_folder(state, "broken");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct world w;
    struct pack *k = &w.apps[0].k;

    make_world(state, &w);
    write_text(bad, "");
    assert_class(pack(k, &err), WL_E_FAILED, &err);
    assert_string_equal(err.text, "as said");
    assert_contains(err.hint, "nothing was written");
    assert_false(path_exists(k->out));
    assert_ok(remove_tree(bad, &err), &err);
    write_text(broken, "");
    assert_class(pack(k, &err), WL_E_FAILED, &err);
    assert_contains(err.text, "a.wasm could not be made: why");
    assert_false(path_exists(k->out));
    assert_ok(remove_tree(broken, &err), &err);
    assert_ok(pack(k, &err), &err);
    end_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_two_apps_of_one_lock_file),
        TEST_IN_FOLDER(test_an_app_is_an_artifact),
        TEST_IN_FOLDER(test_failures),
    };

    return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
