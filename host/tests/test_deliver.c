/* Signals for a guest, and the requests signal.* of the channel. */
#include "ask.h"

#include "core/control.h"
#include "wasi/channel.h"

#include <pthread.h>
#include <time.h>

enum { INTERRUPTED = 200, PENDING = 204, WORDS = 400 };

static struct control control;

static void on_end(void *arg, const void *context)
{
    (void)arg;
    (void)context;
}

static int set_up(void **state)
{
    const struct control_cell cells[] = {{INTERRUPTED, 1}, {PENDING, 0x10}};

    set_up_bare(state);
    control_init(&control);
    w.wait = control_wait;
    w.interrupted = control_interrupted;
    w.wait_arg = &control;
    assert_int_equal(control_serve(&w), 0);
    assert_int_equal(wasi_give_channel(&w), 0);
    channel = 0;
    assert_int_equal(control_begin(&control, &(struct limits){0}, on_end, NULL), 0);
    control_listen(&control, bytes, cells, 2);
    return 0;
}

static int tear_down(void **state)
{
    control_end(&control);
    return tear_down_bare(state);
}

static uint32_t word(int number)
{
    return get(WORDS + 4 * (uint32_t)number);
}

static void test_version(void **state)
{
    (void)state;
    GIVES("version", "wl 1 signal 1");
}

static void test_wishes(void **state)
{
    (void)state;
    /* Before it has said where the words are, it takes none. */
    FAILS("signal.take 15 handle", WASI_ENOTSUP);
    FAILS("signal.timer", WASI_ENOTSUP);
    assert_int_equal(control_signal(&control, SIGTERM), CONTROL_NONE);
    GIVES("signal.begin 400", "");
    assert_int_equal(control_signal(&control, SIGTERM), CONTROL_NONE);
    assert_false(control_interrupted(&control));
    GIVES("signal.take 15 handle", "");
    assert_int_equal(control_signal(&control, SIGTERM), CONTROL_GIVEN);
    assert_int_equal(word(SIGTERM), 1);
    assert_int_equal(get(INTERRUPTED), 0);
    assert_int_equal(get(PENDING), 0x10);
    assert_true(control_interrupted(&control));
    assert_false(control_interrupted(&control)); /* a wait ends only once */
    assert_int_equal(control_signal(&control, SIGHUP), CONTROL_NONE);
    GIVES("signal.take 1 ignore", "");
    assert_int_equal(control_signal(&control, SIGHUP), CONTROL_GIVEN);
    assert_int_equal(word(SIGHUP), 0);
    assert_false(control_interrupted(&control));
    GIVES("signal.take 15 default", "");
    assert_int_equal(control_signal(&control, SIGTERM), CONTROL_NONE);
    /* An interrupt always comes, with its own word, and only that is counted. */
    put(PENDING, 4, 0);
    assert_int_equal(control_signal(&control, SIGINT), CONTROL_GIVEN);
    assert_int_equal(get(INTERRUPTED), 1);
    assert_int_equal(get(PENDING), 0x10);
    assert_int_equal(control_end(&control), 1);
    assert_int_equal(control_signal(&control, SIGTERM), CONTROL_LATE);
}

/* By another thread of the guest, for the first. */
static void test_sent_by_the_guest(void **state)
{
    (void)state;
    FAILS("signal.send 15", WASI_ENOTSUP);
    GIVES("signal.begin 400", "");
    FAILS("signal.send 15", WASI_ENOTSUP);
    FAILS("signal.send 0", WASI_EINVAL);
    FAILS("signal.send 32", WASI_EINVAL);
    FAILS("signal.send 11", WASI_ENOTSUP);
    GIVES("signal.take 15 handle", "");
    GIVES("signal.send 15", "");
    assert_int_equal(word(SIGTERM), 1);
    GIVES("signal.take 17 handle", "");
    assert_int_equal(control_signal(&control, SIGCHLD), CONTROL_GIVEN);
    assert_int_equal(word(SIGCHLD), 1);
    GIVES("signal.send 2", "");
    assert_int_equal(get(INTERRUPTED), 1);
}

/* A run begins without those of the run before. */
static void test_another_run(void **state)
{
    const struct control_cell cells[] = {{INTERRUPTED, 1}};

    (void)state;
    GIVES("signal.begin 400", "");
    GIVES("signal.take 10 handle", "");
    GIVES("signal.timer 1000000 0", "0 0");
    control_end(&control);
    assert_int_equal(control_signal(&control, SIGUSR1), CONTROL_LATE);
    assert_int_equal(control_signal(&control, SIGTERM), CONTROL_LATE);
    assert_int_equal(control_interrupt(&control), CONTROL_NONE);
    assert_int_equal(control_begin(&control, &(struct limits){0}, on_end, NULL), 0);
    assert_int_equal(control_signal(&control, SIGUSR1), CONTROL_NONE);
    FAILS("signal.begin 400", WASI_ENOTSUP); /* it does not listen */
    control_listen(&control, bytes, cells, 1);
    assert_int_equal(control_signal(&control, SIGUSR1), CONTROL_NONE);
    GIVES("signal.begin 400", "");
    assert_int_equal(control_signal(&control, SIGUSR1), CONTROL_NONE);
    GIVES("signal.timer", "0 0");
}

static void test_ignored_by_the_process(void **state)
{
    (void)state;
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    GIVES("signal.begin 400", "1 12");
    signal(SIGHUP, SIG_DFL);
    signal(SIGUSR2, SIG_DFL);
}

static void test_bad_requests(void **state)
{
    static const char *const bad[] = {
        "signal.take 2 handle",    "signal.take 9 handle", "signal.take 11 handle",
        "signal.take 13 ignore",   "signal.take 0 handle", "signal.take 32 handle",
        "signal.take 15",          "signal.take 15 maybe", "signal.take -1 handle",
        "signal.take TERM ignore", "signal.timer 1",       "signal.timer -1 0",
        "signal.timer 1 x",        "signal.begin",         "signal.timer 1000000000000001 0",
    };

    (void)state;
    FAILS("signal.begin 0", WASI_EINVAL);
    FAILS("signal.begin 402", WASI_EINVAL);
    FAILS("signal.begin 65412", WASI_EFAULT); /* 128 bytes do not fit there */
    FAILS("signal.begin 4294967292", WASI_EFAULT);
    GIVES("signal.begin 65408", "");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        FAILS(bad[i], WASI_EINVAL);
}

static uint32_t sleep_for(uint64_t ns)
{
    memset(bytes + 4000, 0, 48);
    put(4016, 4, 1);
    put(4024, 8, ns);
    return wasi_poll_oneoff(&w, 4000, 5000, 1, 5100);
}

static void test_timer(void **state)
{
    const uint64_t seconds = 1000000000;

    (void)state;
    GIVES("signal.begin 400", "");
    GIVES("signal.take 14 handle", "");
    GIVES("signal.timer 10000000 0", "0 0");
    assert_int_equal(ask("signal.timer 20000 5000000"), 0);
    assert_true(strtol(answer, NULL, 10) > 9000000);
    assert_int_equal(sleep_for(100 * seconds), WASI_EINTR);
    assert_int_equal(word(SIGALRM), 1);
    assert_int_equal(ask("signal.timer"), 0);
    assert_non_null(strstr(answer, " 5000000"));
    put(WORDS + 4 * SIGALRM, 4, 0);
    assert_int_equal(ask("signal.timer 0 0"), 0);
    GIVES("signal.timer", "0 0");
    assert_int_equal(sleep_for(seconds / 20), WASI_SUCCESS);
    /* A long time is one, and the shortest interval is a millisecond. */
    assert_int_equal(ask("signal.timer 1000000000000000 1"), 0);
    assert_int_equal(ask("signal.timer"), 0);
    assert_non_null(strstr(answer, " 1000"));
    assert_int_equal(sleep_for(seconds / 20), WASI_SUCCESS);
}

static void *signal_later(void *arg)
{
    const struct timespec wait = {.tv_nsec = 50000000};

    (void)arg;
    nanosleep(&wait, NULL);
    control_signal(&control, SIGUSR1);
    return NULL;
}

static void test_waits(void **state)
{
    pthread_t thread;

    (void)state;
    GIVES("signal.begin 400", "");
    GIVES("signal.take 10 handle", "");
    assert_int_equal(pthread_create(&thread, NULL, signal_later, NULL), 0);
    assert_int_equal(sleep_for(UINT64_C(100000000000)), WASI_EINTR);
    pthread_join(thread, NULL);
    assert_int_equal(word(SIGUSR1), 1);
    /* One that comes just before a wait also ends it. */
    put(WORDS + 4 * SIGUSR1, 4, 0);
    control_signal(&control, SIGUSR1);
    assert_int_equal(sleep_for(UINT64_C(100000000000)), WASI_EINTR);
}

/* When the memory is put somewhere else, what was written meanwhile may be lost, and nothing else. */
static void test_marked_again(void **state)
{
    (void)state;
    GIVES("signal.begin 400", "");
    GIVES("signal.take 10 handle", "");
    GIVES("signal.take 12 handle", "");
    control_signal(&control, SIGUSR2);
    put(WORDS + 4 * SIGUSR2, 4, 0); /* its handler was called */
    control_before_move(&control);
    control_signal(&control, SIGUSR1);
    put(WORDS + 4 * SIGUSR1, 4, 0);
    put(PENDING, 4, 0);
    control_mark_again(&control);
    assert_int_equal(word(SIGUSR1), 1);
    assert_int_equal(word(SIGUSR2), 0);
    assert_int_equal(get(PENDING), 0x10);
    assert_int_equal(get(INTERRUPTED), 0);
    assert_true(control_interrupted(&control));
    put(WORDS + 4 * SIGUSR1, 4, 0);
    control_mark_again(&control); /* it has been noticed */
    assert_int_equal(word(SIGUSR1), 0);
}

#define SIGNALS(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIGNALS(test_version),
        SIGNALS(test_wishes),
        SIGNALS(test_sent_by_the_guest),
        SIGNALS(test_another_run),
        SIGNALS(test_ignored_by_the_process),
        SIGNALS(test_bad_requests),
        SIGNALS(test_timer),
        SIGNALS(test_waits),
        SIGNALS(test_marked_again),
    };

    return cmocka_run_group_tests_name("deliver", tests, NULL, NULL);
}
