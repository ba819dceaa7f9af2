/* test_engines PROGRAM: runs through wlpy.h, with each engine. */
#include "engine_guests.h"

/* ---- streams ---- */

static ssize_t refuse(void *arg, void *to, size_t n)
{
    (void)arg;
    (void)to;
    (void)n;
    errno = EAGAIN;
    return -1;
}

static void test_streams(void **state)
{
    struct told told = {.n = 0};
    struct wlpy_run_config config = guest(COPY);
    struct wlpy_result result;

    (void)state;
    config.in = (struct wlpy_stream){.kind = WLPY_MEMORY, .bytes = "twenty bytes of text", .size = 20};
    config.out.kind = WLPY_MEMORY;
    result = run_config(&config);
    assert_int_equal(result.out_size, 20);
    assert_memory_equal(result.out, "twenty bytes of text", 20);
    assert_int_equal(result.err_size, 0);
    assert_false(result.returned);
    ends(result, WLPY_EXITED, 3, "");
    config.out = (struct wlpy_stream){.kind = WLPY_CALL, .write = tell, .arg = &told};
    result = run_config(&config);
    assert_int_equal(told.n, 20);
    assert_null(result.out);
    /* Nothing at all, and what the caller refuses. */
    config = guest(COPY);
    ends(run_config(&config), WLPY_EXITED, 1, "");
    config.in = (struct wlpy_stream){.kind = WLPY_CALL, .read = refuse};
    ends(run_config(&config), WLPY_EXITED, 99, "");
}

/* More stack than the guest has. */
static int take_stack(int n)
{
    volatile char much[1 << 16];

    much[0] = much[sizeof much - 1] = (char)n;
    return n ? take_stack(n - 1) + much[0] : much[sizeof much - 1];
}

static ssize_t run_others(void *arg, const void *from, size_t n)
{
    static const struct wlpy_limits limits = {.size = sizeof limits, .deadline_ms = 50};
    struct wlpy_run_config config = guest(OWN);

    if (native)
        take_stack(48);
    ends(run_config(&config), WLPY_EXITED, 0, "");
    config = guest(ENDLESS);
    config.limits = &limits;
    ends(run_config(&config), WLPY_DEADLINE, 124, "its deadline has passed");
    return tell(arg, from, n);
}

/* It is called on the thread's own stack, and may run guests while its own one waits. */
static void test_what_a_function_may_do(void **state)
{
    struct told told = {.n = 0};
    struct wlpy_run_config config = guest(COPY);
    struct wlpy_result result;

    (void)state;
    config.in = (struct wlpy_stream){.kind = WLPY_MEMORY, .bytes = "twenty bytes of text", .size = 20};
    config.out = (struct wlpy_stream){.kind = WLPY_CALL, .write = run_others, .arg = &told};
    result = run_config(&config);
    assert_int_equal(told.n, 20);
    ends(result, WLPY_EXITED, 3, "");
}

static void test_a_pipe_that_nobody_reads(void **state)
{
    struct wlpy_run_config config = guest(COPY);
    sigset_t pending;
    int p[2];

    (void)state;
    assert_int_equal(pipe(p), 0);
    close(p[0]);
    config.in = (struct wlpy_stream){.kind = WLPY_MEMORY, .bytes = "text", .size = 4};
    config.out = (struct wlpy_stream){.kind = WLPY_FD, .fd = p[1]};
    ends(run_config(&config), WLPY_EXITED, 98, "");
    sigpending(&pending);
    assert_false(sigismember(&pending, SIGPIPE));
    close(p[1]);
}

/* ---- how it ends ---- */

static void test_what_it_does(void **state)
{
    static const char *const env[] = {"A=1", "B=2"};
    struct wlpy_run_config config = guest(OWN);
    struct wlpy_result result;

    (void)state;
    config.env = env;
    config.envc = 2;
    result = run_config(&config);
    assert_true(result.wall_ns > 0);
    assert_true(result.cpu_ns > 0 && result.cpu_ns < UINT64_C(60000000000));
    assert_int_equal(result.memory, 200 * 65536);
    ends(result, WLPY_EXITED, 2, "");
    result = run_limited(GROW, (struct wlpy_limits){0});
    assert_int_equal(result.memory, 216 * 65536);
    ends(result, WLPY_EXITED, 200, "");
    config = guest(UNREACHABLE);
    ends(run_config(&config), WLPY_TRAPPED, 134, "it aborted");
    config = guest(BOUNDS);
    ends(run_config(&config), WLPY_TRAPPED, 134, "it used memory outside its bounds");
    for (int what = DEEP; what <= DEEP_IN_HOST; what += DEEP_IN_HOST - DEEP) {
        config = guest(what);
        ends(run_config(&config), WLPY_TRAPPED, 134, "its calls went too deep for its stack");
    }
    /* It finds nothing of its predecessor. */
    for (int i = 0; i < 3; i++) {
        config = guest(COUNT);
        ends(run_config(&config), WLPY_EXITED, 3, "");
    }
    /* No directory; its name is the program's. */
    config = guest(FOLDER);
    ends(run_config(&config), WLPY_EXITED, 8, "");
    config.argc = 0;
    ends(run_config(&config), WLPY_EXITED, 0, "");
}

/* ---- from outside ---- */

struct cancelled {
    struct wlpy_control *control;
    struct wlpy_result result;
    int what, r;
};

static void *run_cancelled(void *arg)
{
    struct cancelled *c = arg;
    struct wlpy_run_config config = guest(c->what);
    struct wlpy_err own;

    config.control = c->control;
    c->result.size = sizeof c->result;
    c->r = wlpy_run(loaded, &config, &c->result, &own);
    return NULL;
}

static void test_cancel(void **state)
{
    struct cancelled all[3];
    const struct timespec tick = {.tv_nsec = 30000000};
    struct wlpy_run_config config = guest(ENDLESS);
    pthread_t threads[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        all[i] = (struct cancelled){.control = wlpy_control_new(), .what = i ? ENDLESS : WAIT};
        assert_int_equal(pthread_create(&threads[i], NULL, run_cancelled, &all[i]), 0);
    }
    nanosleep(&tick, NULL);
    /* One by one: the others go on. */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wlpy_interrupt(all[i].control), WLPY_NOBODY);
        wlpy_cancel(all[i].control);
        pthread_join(threads[i], NULL);
        assert_int_equal(all[i].r, 0);
        ends(all[i].result, WLPY_CANCELLED, 134, "it was cancelled");
    }
    /* Before it has begun. */
    config.control = all[0].control;
    ends(run_config(&config), WLPY_CANCELLED, 134, "it was cancelled");
    for (int i = 0; i < 3; i++)
        wlpy_control_free(all[i].control);
}

/* ---- side by side ---- */

static void *run_often(void *wrong)
{
    static const int what[] = {OWN, UNREACHABLE, BOUNDS, COUNT, OUTPUT, GROW};
    static const int status[] = {0, 134, 134, 3, 0, 200};

    for (int i = 0; i < 60; i++) {
        struct wlpy_run_config config = guest(what[i % 6]);
        struct wlpy_result result = {.size = sizeof result};
        struct wlpy_err own;

        if (wlpy_run(loaded, &config, &result, &own) < 0 || result.status != status[i % 6])
            *(int *)wrong = i + 1;
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
        struct wlpy_program *again = load();

        wlpy_program_free(again);
        pthread_join(threads[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
}

static int descriptors(void)
{
    int n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* The process's timers; 0 if the kernel does not list them. */
static int timers(void)
{
    FILE *f = fopen("/proc/self/timers", "r");
    char line[200];
    int n = 0;

    while (f && fgets(line, sizeof line, f))
        n += !strncmp(line, "ID:", 3);
    if (f)
        fclose(f);
    return n;
}

/* A run that is over before it has begun has timers, too. */
static void end_at_once(void)
{
    const struct wlpy_limits limits = {.size = sizeof limits, .deadline_ms = 100000, .cpu_ms = 100000};
    struct wlpy_control *control = wlpy_control_new();
    struct wlpy_run_config config = guest(ENDLESS);

    config.limits = &limits;
    config.control = control;
    wlpy_cancel(control);
    ends(run_config(&config), WLPY_CANCELLED, 134, "it was cancelled");
    wlpy_control_free(control);
}

static void test_nothing_is_left(void **state)
{
    int before = descriptors();
    struct wlpy_program *p = load();
    struct wlpy_run_config config = guest(OWN);
    struct wlpy_result result = {.size = sizeof result};

    (void)state;
    assert_int_equal(wlpy_run(p, &config, &result, &why), 0);
    wlpy_result_free(&result);
    wlpy_program_free(p);
    assert_int_equal(descriptors(), before);
    end_at_once();
    assert_int_equal(timers(), 0);
}

/* The library takes one of the process's signals, and its engines take those of faults. */
static void test_signals_stay(void **state)
{
    struct wlpy_run_config config = guest(OWN);
    const struct wlpy_limits limits = {.size = sizeof limits, .deadline_ms = 1000, .cpu_ms = 1000};
    struct sigaction now;
    sigset_t mask, mask_now;

    (void)state;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    config.limits = &limits;
    ends(run_config(&config), WLPY_EXITED, 0, "");
    for (int i = 1; i < NSIG; i++)
        if (sigaction(i, NULL, &now) == 0 && i != SIGRTMAX - 2 && i != SIGSEGV && i != SIGBUS && i != SIGILL &&
            i != SIGFPE && i != SIGTRAP && i != SIGSYS)
            assert_true(now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_now);
    for (int i = 1; i < NSIG; i++)
        assert_int_equal(sigismember(&mask, i), sigismember(&mask_now, i));
}

/* ---- wrong calls ---- */

static void refused(const struct wlpy_run_config *config, struct wlpy_result *result, const char *text)
{
    assert_int_equal(wlpy_run(loaded, config, result, &why), -WLPY_E_SETUP);
    if (!strstr(why.text, text))
        fail_msg("%s", why.text);
}

static void test_wrong_calls(void **state)
{
    struct wlpy_run_config config = guest(OWN);
    struct wlpy_limits limits = {.size = sizeof limits, .memory = 65536};
    struct wlpy_result result = {.size = sizeof result};
    struct {
        struct wlpy_run_config known;
        uint64_t later;
    } newer = {.known = config, .later = 0};

    (void)state;
    config.in = (struct wlpy_stream){.kind = WLPY_FD, .fd = 1000};
    refused(&config, &result, "descriptor 1000");
    config.in = (struct wlpy_stream){.kind = (enum wlpy_stream_kind)9};
    refused(&config, &result, "unknown kind 9");
    config = guest(OWN);
    config.limits = &limits;
    refused(&config, &result, "it starts with more memory than its limit");
    limits.size = 0;
    refused(&config, &result, "a wlpy_limits whose size is 0");
    config.size = 3;
    refused(&config, &result, "a wlpy_run_config whose size is 3");
    config = guest(OWN);
    result.size = 8;
    refused(&config, &result, "a wlpy_result whose size is 8");
    /* Programs that know more, and less. */
    result.size = sizeof result;
    newer.known.size = sizeof newer;
    assert_int_equal(wlpy_run(loaded, &newer.known, &result, &why), 0);
    newer.later = 1;
    refused(&newer.known, &result, "this version of the library does not have");
    config.size = offsetof(struct wlpy_run_config, limits);
    config.limits = (void *)1;
    result.wall_ns = 7;
    result.size = offsetof(struct wlpy_result, wall_ns);
    assert_int_equal(wlpy_run(loaded, &config, &result, &why), 0);
    assert_int_equal(result.wall_ns, 7);
    assert_int_equal(result.size, offsetof(struct wlpy_result, wall_ns));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_what_a_function_may_do),
        cmocka_unit_test(test_a_pipe_that_nobody_reads),
        cmocka_unit_test(test_what_it_does),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_side_by_side),
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_signals_stay),
        cmocka_unit_test(test_wrong_calls),
    };

    return run_engine_tests(tests, sizeof tests / sizeof *tests, argc, argv);
}
