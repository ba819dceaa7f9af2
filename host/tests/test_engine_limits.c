/* test_engine_limits PROGRAM: limits of runs, with each engine. */
#include "engine_guests.h"

/* ---- limits ---- */

static void test_limits(void **state)
{
    struct wlpy_result result;

    (void)state;
    ends(run_limited(GROW, (struct wlpy_limits){.memory = 210 * 65536}), WLPY_EXITED, 255, "");
    ends(run_limited(FILES, (struct wlpy_limits){.files = 3}), WLPY_EXITED, 3, "");
    assert_int_equal(access("C", F_OK), 0);
    assert_int_equal(access("D", F_OK), -1);
    /* Files that exist do not count. */
    ends(run_limited(FILES, (struct wlpy_limits){.files = 2}), WLPY_EXITED, 5, "");
    ends(run_limited(FILES, (struct wlpy_limits){0}), WLPY_EXITED, 26, "");
    ends(run_limited(BYTES, (struct wlpy_limits){.file_bytes = 250}), WLPY_EXITED, 250, "");
    ends(run_limited(DESCRIPTORS, (struct wlpy_limits){.descriptors = 10}), WLPY_EXITED, 6, "");
    ends(run_limited(DESCRIPTORS, (struct wlpy_limits){0}), WLPY_EXITED, 100, "");
    result = run_limited(ENDLESS, (struct wlpy_limits){.cpu_ms = 30});
    assert_true(result.cpu_ns >= 30000000);
    ends(result, WLPY_CPU, 124, "it took more processor time than its limit");
    for (int what = ENDLESS; what <= READ; what++)
        ends(run_limited(what == READ ? WAIT : what, (struct wlpy_limits){.deadline_ms = 40}), WLPY_DEADLINE, 124,
             "its deadline has passed");
}

/* ---- files in memory ---- */

struct seen {
    char text[256];
    int stop;
};

static int see(void *arg, const char *path, int64_t size)
{
    struct seen *s = arg;

    snprintf(s->text + strlen(s->text), sizeof s->text - strlen(s->text), "%s %d,", path, (int)size);
    return s->stop;
}

static void test_files_in_memory(void **state)
{
    struct wlpy_files *files = wlpy_files_new(250, 4);
    struct wlpy_dir folder = {.guest = "/d", .files = files};
    struct wlpy_run_config config = guest(BYTES);
    struct wlpy_result result = {.size = sizeof result};
    struct seen seen = {.stop = 0};
    const void *bytes;
    size_t size;

    (void)state;
    config.dirs = &folder;
    config.dir_count = 1;
    ends(run_config(&config), WLPY_EXITED, 250, "");
    assert_int_equal(wlpy_files_get(files, "A", &bytes, &size, &why), 0);
    assert_int_equal(size, 250);
    /* It is there for the next one, which finds one name taken. */
    config = guest(FILES);
    config.dirs = &folder;
    config.dir_count = 1;
    ends(run_config(&config), WLPY_EXITED, 4, "");
    assert_int_equal(wlpy_files_list(files, see, &seen), 0);
    assert_string_equal(seen.text, "A 250,B 0,C 0,D 0,");
    folder.read_only = true;
    ends(run_config(&config), WLPY_EXITED, 0, "");
    folder.read_only = false;
    assert_int_equal(wlpy_files_remove(files, "B", &why), 0);
    config.argc = DESCRIPTORS + 1;
    ends(run_config(&config), WLPY_EXITED, 100, "");
    /* If two have the same path, the later one counts. Two runs at once, or one run with two names, are refused. */
    {
        const struct wlpy_dir both[] = {{.guest = "/d", .host = "."}, folder}, twice[] = {folder, folder};

        config = guest(FILES);
        config.dirs = both;
        config.dir_count = 2;
        ends(run_config(&config), WLPY_EXITED, 4, "");
        config.dirs = twice;
        assert_int_equal(wlpy_run(loaded, &config, &result, &why), -WLPY_E_SETUP);
        assert_non_null(strstr(why.text, "another run has them"));
    }
    wlpy_files_free(files);
}

/* What fits is there, wherever it goes. */
static void test_a_limit_of_output(void **state)
{
    const struct wlpy_limits limits = {.size = sizeof limits, .output = 17};
    struct wlpy_run_config config = guest(OUTPUT);
    struct told told = {.n = 0};
    struct wlpy_result result;
    char bytes[64];
    int p[2];

    (void)state;
    config.limits = &limits;
    config.out.kind = WLPY_MEMORY;
    result = run_config(&config);
    assert_int_equal(result.out_size, 17);
    assert_memory_equal(result.out, "a line\na line\n", 14);
    ends(result, WLPY_OUTPUT, 134, "it wrote more than its limit of output");
    config.out = (struct wlpy_stream){.kind = WLPY_CALL, .write = tell, .arg = &told};
    ends(run_config(&config), WLPY_OUTPUT, 134, "it wrote more than its limit of output");
    assert_int_equal(told.n, 17);
    assert_int_equal(pipe(p), 0);
    config.out = (struct wlpy_stream){.kind = WLPY_FD, .fd = p[1]};
    ends(run_config(&config), WLPY_OUTPUT, 134, "it wrote more than its limit of output");
    assert_int_equal(read(p[0], bytes, sizeof bytes), 17);
    close(p[0]);
    close(p[1]);
}

static void test_a_read_that_waits(void **state)
{
    const struct wlpy_limits limits = {.size = sizeof limits, .deadline_ms = 40};
    struct wlpy_run_config config = guest(READ);
    int p[2];

    (void)state;
    assert_int_equal(pipe(p), 0);
    config.in = (struct wlpy_stream){.kind = WLPY_FD, .fd = p[0]};
    config.limits = &limits;
    ends(run_config(&config), WLPY_DEADLINE, 124, "its deadline has passed");
    close(p[0]);
    close(p[1]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_files_in_memory),
        cmocka_unit_test(test_a_limit_of_output),
        cmocka_unit_test(test_a_read_that_waits),
    };

    return run_engine_tests(tests, sizeof tests / sizeof *tests, argc, argv);
}
