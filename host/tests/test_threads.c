/* test_threads PROGRAM: a guest with threads, through wlpy.h, the same with each engine. PROGRAM is threads.wasm or
 * threads.so, which guests.sh makes of guests/threads.wat. */
#include "engines.h"

/* What its threads do: the number of its arguments less one. */
enum { COUNT, TRAP, EXIT, SPIN, GROW, LEAVE_IT_WAITING, END_BY_REQUEST, KINDS };

static struct wlpy_result run_it(int what, struct wlpy_limits limits, struct wlpy_control *control)
{
    static const char *const argv[KINDS] = {"", "", "", "", "", "", ""};
    const struct wlpy_run_config config = {
        .size = sizeof config, .argv = argv, .argc = (size_t)what + 1, .limits = &limits, .control = control};

    limits.size = sizeof limits;
    take_signals();
    return run_config(&config);
}

/* The lowest descriptor that is free, and the threads of the process. */
static void measure(int *descriptor, int *threads)
{
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");

    *threads = 0;
    while (f && fgets(line, sizeof line, f))
        sscanf(line, "Threads: %d", threads);
    if (f)
        fclose(f);
    *descriptor = dup(0);
    close(*descriptor);
}

static void test_what_they_do(void **state)
{
    const struct wlpy_limits two = {.threads = 2};
    int descriptor, threads, descriptor_after, threads_after;

    (void)state;
    /* Again and again: what one has left, the next one must not have. */
    ends(run_it(COUNT, two, NULL), WLPY_EXITED, 2, "");
    measure(&descriptor, &threads);
    for (int i = 0; i < 20; i++) {
        ends(run_it(COUNT, two, NULL), WLPY_EXITED, 2, "");
        ends(run_it(GROW, two, NULL), WLPY_EXITED, 2, "");
        ends(run_it(END_BY_REQUEST, two, NULL), WLPY_EXITED, 2, "");
        ends(run_it(EXIT, two, NULL), WLPY_EXITED, 7, "");
        ends(run_it(TRAP, two, NULL), WLPY_TRAPPED, 134, "it aborted");
    }
    measure(&descriptor_after, &threads_after);
    assert_int_equal(descriptor_after, descriptor);
    assert_int_equal(threads_after, threads);
}

static void test_limits(void **state)
{
    /* The engine's is 1 MiB, and a native thread has half of that. */
    const uint64_t page = 1 << 16, stacks = 2 * (native ? 1 << 19 : 1 << 20);

    (void)state;
    ends(run_it(COUNT, (struct wlpy_limits){.threads = 0}, NULL), WLPY_EXITED, 90, "");
    ends(run_it(COUNT, (struct wlpy_limits){.threads = 1}, NULL), WLPY_EXITED, 92, "");
    ends(run_it(COUNT, (struct wlpy_limits){.threads = 100000}, NULL), WLPY_EXITED, 2, "");
    /* 33 pages are needed, and a stack for each. */
    ends(run_it(GROW, (struct wlpy_limits){.threads = 2, .memory = stacks + 20 * page}, NULL), WLPY_EXITED, 98, "");
    ends(run_it(GROW, (struct wlpy_limits){.threads = 2, .memory = stacks + 33 * page - 1}, NULL), WLPY_EXITED, 98, "");
    ends(run_it(GROW, (struct wlpy_limits){.threads = 2, .memory = stacks + 33 * page}, NULL), WLPY_EXITED, 2, "");
    ends(run_it(COUNT, (struct wlpy_limits){.threads = 2, .memory = stacks + page - 1}, NULL), WLPY_EXITED, 92, "");
    ends(run_it(COUNT, (struct wlpy_limits){.threads = 2, .memory = stacks / 2 + page - 1}, NULL), WLPY_EXITED, 91, "");
    /* (Its processor time is nearly the same, and is not what ends it.) */
    for (int i = 0; i < 50; i++)
        ends(run_it(SPIN, (struct wlpy_limits){.threads = 2, .deadline_ms = 10}, NULL), WLPY_DEADLINE, 124,
             "its deadline has passed");
    ends(run_it(LEAVE_IT_WAITING, (struct wlpy_limits){.threads = 2, .deadline_ms = 50}, NULL), WLPY_DEADLINE, 124,
         "its deadline has passed");
    /* The time of a thread that is not the first. */
    ends(run_it(SPIN, (struct wlpy_limits){.threads = 2, .cpu_ms = 50}, NULL), WLPY_CPU, 124,
         "it took more processor time than its limit");
}

static void *cancel_soon(void *control)
{
    const struct timespec tick = {.tv_nsec = 30000000};

    nanosleep(&tick, NULL);
    wlpy_cancel(control);
    return NULL;
}

static void test_cancel(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct wlpy_control *control = wlpy_control_new();
        pthread_t canceller;

        assert_int_equal(pthread_create(&canceller, NULL, cancel_soon, control), 0);
        ends(run_it(i % 2 ? SPIN : LEAVE_IT_WAITING, (struct wlpy_limits){.threads = 2}, control), WLPY_CANCELLED, 134,
             "it was cancelled");
        pthread_join(canceller, NULL);
        wlpy_control_free(control);
    }
}

/* Several guests with threads at once. */
static void *run_often(void *wrong)
{
    for (int i = 0; i < 15; i++) {
        const struct wlpy_limits two = {.threads = 2};
        struct wlpy_result result = run_it(i % 3 == 2 ? EXIT : i % 3, two, NULL);
        const int status[] = {2, 134, 7};

        if (result.status != status[i % 3])
            ++*(int *)wrong;
        wlpy_result_free(&result);
    }
    return NULL;
}

static void test_side_by_side(void **state)
{
    pthread_t threads[4];
    int wrong[4] = {0};

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_often, &wrong[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_they_do),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_side_by_side),
    };

    return run_engine_tests(tests, sizeof tests / sizeof *tests, argc, argv);
}
