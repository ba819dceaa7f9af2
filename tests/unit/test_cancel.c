#include "util/cancel.h"

#include "testing.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static double seconds_since(const struct timespec *t)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

static void test_none(void **state)
{
    const struct cancel none = CANCEL_NONE;
    struct cancel also_none = CANCEL_NONE;

    (void)state;
    assert_false(cancel_pending(&none));
    assert_false(cancel_sleep_ms(&none, 10));
    assert_int_equal(cancel_signal(&also_none), 0);
    assert_false(cancel_pending(NULL));
    assert_false(cancel_sleep_ms(NULL, 10));
}

static void *send_later(void *data)
{
    (void)data;
    usleep(100 * 1000);
    kill(getpid(), SIGTERM);
    return NULL;
}

static void test_signal_is_kept(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct cancel c = CANCEL_NONE;
    struct timespec start;
    pthread_t thread;

    (void)state;
    assert_ok(cancel_init(&c, &err), &err);
    assert_false(cancel_pending(&c));
    assert_int_equal(pthread_create(&thread, NULL, send_later, NULL), 0);
    clock_gettime(CLOCK_MONOTONIC, &start);
    assert_true(cancel_sleep_ms(&c, 20000));
    assert_true(seconds_since(&start) < 10);
    pthread_join(thread, NULL);
    /* Checking does not consume it. */
    assert_true(cancel_pending(&c));
    assert_true(cancel_pending(&c));
    assert_int_equal(cancel_signal(&c), SIGTERM);
    assert_false(cancel_pending(&c));
    assert_int_equal(cancel_signal(&c), 0);
    close(c.fd);
}

static void test_error(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    (void)state;
    assert_class(cancel_error(&err), WL_E_INTERRUPTED, &err);
    assert_non_null(err.hint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_signal_is_kept),
        cmocka_unit_test(test_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
