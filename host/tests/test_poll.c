/* Clocks and waiting in the WASI host. */
#include "guest.h"

#include <fcntl.h>
#include <time.h>

static void subscribe_clock(uint32_t at, uint64_t userdata, uint32_t clock, uint64_t timeout, bool absolute)
{
    put(at, 8, userdata);
    put(at + 8, 8, 0);
    put(at + 16, 4, clock);
    put(at + 24, 8, timeout);
    put(at + 40, 2, absolute);
}

static void subscribe_fd(uint32_t at, uint64_t userdata, unsigned tag, uint32_t fd)
{
    put(at, 8, userdata);
    put(at + 8, 8, tag);
    put(at + 16, 4, fd);
}

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void test_poll_clocks(void **state)
{
    uint64_t begun = now_ns(CLOCK_MONOTONIC);

    (void)state;
    subscribe_clock(0, 77, 1, 30000000, false);
    subscribe_clock(48, 78, 0, UINT64_MAX, true);
    subscribe_clock(96, 79, 0, now_ns(CLOCK_REALTIME) + 30000000, true);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 3, 900), 0);
    assert_true(now_ns(CLOCK_MONOTONIC) - begun >= 29000000);
    assert_in_range(get(900), 1, 2);
    assert_true(get(1000) == 77 || get(1000) == 79);
    assert_int_equal(bytes[1010], 0);
    subscribe_clock(0, 1, 1, 0, false);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 900), 0);
    subscribe_clock(0, 1, 1, 5, true);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 900), 0);
    subscribe_fd(0, 1, 9, 0);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 900), WASI_EINVAL);
}

static void test_poll_streams(void **state)
{
    (void)state;
    give_pipe();
    subscribe_fd(0, 5, 1, 0);
    subscribe_clock(48, 6, 1, 1000000, false);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 2, 900), 0);
    assert_int_equal(get(900), 1);
    assert_int_equal(get(1000), 6);
    assert_int_equal(write(w.fds[1].host, "abc", 3), 3);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 900), 0);
    assert_int_equal(get(1000), 5);
    assert_int_equal(bytes[1010], 1);
    assert_int_equal(get(1016), 3);
    assert_int_equal(wasi_fd_close(&w, 1), 0);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 900), 0);
    assert_int_equal(bytes[1024], 1); /* hung up */
    subscribe_fd(0, 5, 1, 7);         /* a descriptor that does not exist gives an event with an error */
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 900), 0);
    assert_int_equal(get(1008) & 0xffff, WASI_EBADF);
}

/* An end of a pipe that cannot do what is waited for: it learns that the other one is closed. */
static void test_poll_the_wrong_end(void **state)
{
    (void)state;
    give_pipe();
    assert_int_equal(write(w.fds[1].host, "abc", 3), 3);
    subscribe_fd(0, 5, 1, 1);
    subscribe_fd(48, 7, 2, 0);
    subscribe_clock(96, 6, 1, 1000000, false);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 3, 900), 0);
    assert_int_equal(get(900), 1);
    assert_int_equal(get(1000), 6);
    assert_int_equal(wasi_fd_close(&w, 0), 0);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 900), 0);
    assert_int_equal(get(1000), 5);
    assert_int_equal(get(1008) & 0xffff, WASI_SUCCESS);
    assert_int_equal(bytes[1024], 1);
}

static void test_poll_bounds(void **state)
{
    const uint32_t size = sizeof bytes;

    (void)state;
    give_pipe();
    subscribe_clock(0, 1, 1, 0, false);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 0, 900), WASI_EINVAL);
    assert_int_equal(wasi_poll_oneoff(&w, size - 47, 1000, 1, 900), WASI_EFAULT);
    assert_int_equal(wasi_poll_oneoff(&w, 0, size - 31, 1, 900), WASI_EFAULT);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, size - 3), WASI_EFAULT);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, UINT32_MAX, 900), WASI_EINVAL);
    /* Events that overwrite the subscriptions. */
    for (uint32_t shift = 0; shift < 96; shift += 4) {
        for (uint32_t i = 0; i < 8; i++)
            subscribe_fd(200 + 48 * i, 0x0101010101010101u * i, 2, 1);
        subscribe_clock(200 + 48 * 8, 1, 1, 0, false);
        assert_int_equal(wasi_poll_oneoff(&w, 200, 200 + shift, 9, 900), 0);
        assert_int_equal(get(900), 9);
    }
}

static void test_poll_odd_clocks(void **state)
{
    (void)state;
    subscribe_clock(0, 1, 2, 0, false);
    subscribe_clock(48, 2, 3, 0, false);
    subscribe_clock(96, 3, 4, 0, false);
    subscribe_clock(144, 4, 1, 0, true);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 4, 900), 0);
    assert_int_equal(get(900), 4);
    assert_int_equal(get(1000 + 8) & 0xffff, WASI_ENOTSUP);
    assert_int_equal(get(1032 + 8) & 0xffff, WASI_ENOTSUP);
    assert_int_equal(get(1064 + 8) & 0xffff, WASI_EINVAL);
    assert_int_equal(get(1096 + 8) & 0xffff, 0);
    assert_int_equal(get(1096), 4);
    for (uint32_t clock = 0; clock < 4; clock++) {
        assert_int_equal(wasi_clock_time_get(&w, clock, UINT64_MAX, 8), 0);
        assert_int_equal(wasi_clock_res_get(&w, clock, 8), 0);
        assert_in_range(wasi_load(memory(NULL), 8, 8), 1, 1000000000);
    }
    assert_int_equal(wasi_clock_time_get(&w, 4, 0, 8), WASI_EINVAL);
    assert_int_equal(wasi_clock_res_get(&w, UINT32_MAX, 8), WASI_EINVAL);
}

int main(void)
{
#define BARE(f) cmocka_unit_test_setup_teardown(f, set_up_bare, tear_down_bare)
    const struct CMUnitTest tests[] = {
        BARE(test_poll_clocks), BARE(test_poll_streams),    BARE(test_poll_the_wrong_end),
        BARE(test_poll_bounds), BARE(test_poll_odd_clocks),
    };

    return cmocka_run_group_tests_name("poll", tests, NULL, NULL);
}
