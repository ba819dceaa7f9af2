/* test_races PROGRAM: engines, programs and runs on many threads at once, with each engine. tests/host/run.sh also runs
 * it under ThreadSanitizer, which delivers signals only where a thread waits: so nothing here is stopped while it
 * computes. */
#include "engine_guests.h"

#include <stdatomic.h>

enum { THREADS = 4, ROUNDS = 60 };

static atomic_int wrong;

static void expect(bool well, const char *what)
{
    if (!well && atomic_fetch_add(&wrong, 1) < 10)
        fprintf(stderr, "wrong: %s\n", what);
}

static struct wlpy_result start(struct wlpy_program *p, const struct wlpy_run_config *config)
{
    struct wlpy_result result = {.size = sizeof result};
    struct wlpy_err err = {.text = ""};

    expect(wlpy_run(p, config, &result, &err) == 0, err.text);
    return result;
}

static void copy(struct wlpy_program *p, int n)
{
    struct wlpy_run_config config = guest(COPY);
    struct wlpy_result result;
    char text[12];

    snprintf(text, sizeof text, "%11d", n);
    config.in = (struct wlpy_stream){.kind = WLPY_MEMORY, .bytes = text, .size = 11};
    config.out.kind = WLPY_MEMORY;
    result = start(p, &config);
    expect(result.out_size == 11 && !memcmp(result.out, text, 11), "another output");
    wlpy_result_free(&result);
}

/* It finds the memory and the tables that the module begins with, no matter which run had them before. */
static void count(struct wlpy_program *p)
{
    const struct wlpy_run_config config = guest(COUNT);
    struct wlpy_result result = start(p, &config);

    expect(result.status == 3, "what an earlier run has changed");
    wlpy_result_free(&result);
}

static void make_files(struct wlpy_program *p)
{
    struct wlpy_files *files = wlpy_files_new(0, 6);
    const struct wlpy_dir dir = {.guest = "/d", .files = files};
    struct wlpy_run_config config = guest(FILES);
    struct wlpy_result result;
    const void *bytes;
    size_t n;

    config.dirs = &dir;
    config.dir_count = 1;
    result = start(p, &config);
    expect(result.status == 6, "another number of files");
    expect(wlpy_files_get(files, "F", &bytes, &n, NULL) == 0 && n == 0, "no sixth file");
    wlpy_result_free(&result);
    wlpy_files_free(files);
}

static void *cancel(void *control)
{
    wlpy_cancel(control);
    return NULL;
}

static void wait_for_the_end(struct wlpy_program *p, bool deadline)
{
    const struct wlpy_limits limits = {.size = sizeof limits, .deadline_ms = 5};
    struct wlpy_run_config config = guest(WAIT);
    struct wlpy_result result;
    pthread_t thread;

    if (deadline) {
        config.limits = &limits;
        result = start(p, &config);
        expect(result.end == WLPY_DEADLINE, "no deadline");
    } else {
        config.control = wlpy_control_new();
        expect(pthread_create(&thread, NULL, cancel, config.control) == 0, "no thread");
        result = start(p, &config);
        expect(result.end == WLPY_CANCELLED, "not cancelled");
        pthread_join(thread, NULL);
        wlpy_control_free(config.control);
    }
    wlpy_result_free(&result);
}

static void trap(struct wlpy_program *p, int what)
{
    struct wlpy_run_config config = guest(what);
    struct wlpy_result result = start(p, &config);

    expect(result.end == WLPY_TRAPPED, "no trap");
    wlpy_result_free(&result);
}

/* A program of its own, in an engine of its own or in that of all. */
static void load_another(bool engine_too)
{
    const struct wlpy_engine_config how = {.size = sizeof how, .cache_dir = "cache", .quick = true};
    struct wlpy_engine *own = engine;
    struct wlpy_program *p = NULL;
    struct wlpy_err err = {.text = ""};

    if (engine_too)
        expect(wlpy_engine_new(&how, &own, &err) == 0, err.text);
    expect((native ? wlpy_program_load_native : wlpy_program_load)(own, file, &p, &err) == 0, err.text);
    if (p)
        count(p);
    wlpy_program_free(p);
    if (engine_too)
        wlpy_engine_free(own);
}

static void *work(void *arg)
{
    const int me = (int)(intptr_t)arg;

    for (int i = 0; i < ROUNDS; i++)
        switch ((i + me) % 8) {
        case 0:
        case 1:
            count(loaded);
            break;
        case 2:
            copy(loaded, i * THREADS + me);
            break;
        case 3:
            make_files(loaded);
            break;
        case 4:
            wait_for_the_end(loaded, i % 16 < 8);
            break;
        case 5:
            trap(loaded, UNREACHABLE);
            break;
        case 6:
            trap(loaded, BOUNDS);
            break;
        default:
            load_another(i % 16 < 8);
        }
    return NULL;
}

static void test_many_threads(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    take_signals();
    load_another(true); /* now it is in the cache */
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&wrong), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_many_threads)};

    return run_engine_tests(tests, 1, argc, argv);
}
