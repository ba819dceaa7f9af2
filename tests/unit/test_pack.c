/* Apps: packages that are installed once for several apps. The programs that do the work are scripts here. */
#include "pack/pack.h"

#include "testing.h"
#include "util/fs.h"
#include "util/str.h"

#include <pthread.h>
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
static const char collect[] = "[ \"$1 $2\" = '-I -B' ] || exit 1\n"
                              "[ \"$4\" != app ] || echo target script main.py\n";
/* rofs-pack: reads the packages for some time, in the directory that it was given. */
static const char rofs_pack[] = "set -e\n"
                                "cd \"$1/site-packages\"\n"
                                "touch \"$PLACE/reading\"\n"
                                "sleep 1.5\n"
                                "cat ./module.py >\"$2\"\n";
/* wl-run: writes the app. */
static const char wl_run[] =
    "for word; do case $word in --snapshot=*) out=${word#--snapshot=} ;; --dir=*) dir=${word#--dir=} ;; "
    "esac; done\n"
    "cp \"${dir%%::*}/archive\" \"$out\"\n";

static void no_event(void *data, const struct event *e)
{
    (void)data;
    (void)e;
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

static void test_two_apps_of_one_lock_file(void **state)
{
    WL_CLEANUP_FREE char *cache = in_folder(state, "cache"), *bin = in_folder(state, "bin"),
                         *python3 = in_folder(state, "bin/python3"), *build_python = in_folder(state, "python"),
                         *python_bin = in_folder(state, "python/bin"), *python = in_folder(state, "python/bin/python3"),
                         *rofs = in_folder(state, "rofs-pack"), *run = in_folder(state, "wl-run"),
                         *requirements = in_folder(state, "requirements.txt"),
                         *lock = in_folder(state, "requirements.lock"), *installs = in_folder(state, "installs"),
                         *path = xasprintf("%s:%s", bin, getenv("PATH")), *old = xstrdup(getenv("PATH"));
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    const struct cancel never = CANCEL_NONE;
    const struct events events = {.emit = no_event};
    const struct strv none = {0};
    struct store s;
    struct fetch_options fetch;
    struct app apps[2];
    pthread_t threads[2];

    assert_ok(store_open(&s, cache, &err), &err);
    assert_ok(make_dirs(bin, &err), &err);
    assert_ok(make_dirs(python_bin, &err), &err);
    write_program(python3, pip);
    write_program(python, collect);
    write_program(rofs, rofs_pack);
    write_program(run, wl_run);
    write_lock(requirements, lock);
    setenv("PLACE", *state, 1);
    setenv("PATH", path, 1);
    fetch = (struct fetch_options){.cache = s.sources, .cancel = &never};
    for (int i = 0; i < 2; i++) {
        apps[i] = (struct app){.k = {.program = "main.py",
                                     .requirements = requirements,
                                     .imports = &none,
                                     .data = &none,
                                     .without_native = &none,
                                     .out = i ? in_folder(state, "b.wasm") : in_folder(state, "a.wasm"),
                                     .python = "python-single.wasm",
                                     .series = "3.13",
                                     .build_python = build_python,
                                     .build_python_key = KEY,
                                     .rofs_pack = rofs,
                                     .wl_run = run,
                                     .collect = "collect.py",
                                     .store = &s,
                                     .fetch = &fetch,
                                     .cancel = &never,
                                     .events = &events}};
        assert_int_equal(pthread_create(&threads[i], NULL, pack_it, &apps[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    setenv("PATH", old, 1);
    for (int i = 0; i < 2; i++) {
        assert_ok(apps[i].result, &apps[i].err);
        assert_file_is(apps[i].k.out, "x = 1\n");
        free((char *)apps[i].k.out);
    }
    assert_file_is(installs, "x\n"); /* once for both */
    store_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_two_apps_of_one_lock_file),
    };

    return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
