/* The WASI calls that the host answers itself, with made-up guest memory. */
#include "calls.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE = 4096 };

static uint8_t *bytes; /* of its very size, so that the sanitizer sees a step too far */
static struct guest_memory m;

static int set_up(void **state)
{
    (void)state;
    bytes = calloc(1, SIZE);
    m = (struct guest_memory){bytes, SIZE};
    return bytes ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(bytes);
    return 0;
}

static void put(uint32_t at, unsigned size, uint64_t v)
{
    for (unsigned i = 0; i < size; i++)
        bytes[at + i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get(uint32_t at)
{
    return (uint32_t)bytes[at] | (uint32_t)bytes[at + 1] << 8 | (uint32_t)bytes[at + 2] << 16 |
           (uint32_t)bytes[at + 3] << 24;
}

static void iov(uint32_t at, uint32_t base, uint32_t size)
{
    put(at, 4, base);
    put(at + 4, 4, size);
}

static void test_streams(void **state)
{
    struct streams s;

    (void)state;
    streams_init(&s);
    assert_int_equal(streams_find(&s, 0, false), 0);
    assert_int_equal(streams_find(&s, 0, true), -1);
    assert_int_equal(streams_find(&s, 1, true), 1);
    assert_int_equal(streams_find(&s, 1, false), -1);
    assert_int_equal(streams_find(&s, 3, false), -1);
    streams_renumbered(&s, 2, 7);
    assert_int_equal(streams_find(&s, 2, true), -1);
    assert_int_equal(streams_find(&s, 7, true), 2);
    streams_renumbered(&s, 7, 7);
    assert_int_equal(streams_find(&s, 7, true), 2);
    streams_renumbered(&s, 5, 0); /* a file takes the place of stdin */
    assert_int_equal(streams_find(&s, 0, false), -1);
    streams_renumbered(&s, 1, 7); /* stdout over what was stderr */
    assert_int_equal(streams_find(&s, 7, true), 1);
    streams_closed(&s, 7);
    assert_int_equal(streams_find(&s, 7, true), -1);
    assert_int_equal(streams_find(&s, UINT32_MAX, true), -1);
    assert_int_equal(streams_find(&s, UINT32_MAX, false), -1);
}

static void test_transfer(void **state)
{
    int p[2];

    (void)state;
    assert_int_equal(pipe(p), 0);
    memcpy(bytes + 100, "hello", 5);
    iov(0, 100, 2);
    iov(8, 0, 0);
    iov(16, 102, 3);
    assert_int_equal(wasi_transfer(m, p[1], true, 0, 3, 32), WASI_SUCCESS);
    assert_int_equal(get(32), 5);
    iov(0, 200, 1);
    iov(8, SIZE - 2, 2);
    assert_int_equal(wasi_transfer(m, p[0], false, 0, 2, 32), WASI_SUCCESS);
    assert_int_equal(get(32), 3);
    assert_int_equal(bytes[200], 'h');
    assert_memory_equal(bytes + SIZE - 2, "el", 2);
    close(p[1]);
    assert_int_equal(wasi_transfer(m, p[0], false, 0, 2, 32), WASI_SUCCESS);
    assert_int_equal(get(32), 2);
    assert_int_equal(wasi_transfer(m, p[0], false, 0, 2, 32), WASI_SUCCESS);
    assert_int_equal(get(32), 0); /* end of file */
    close(p[0]);
    assert_int_equal(wasi_transfer(m, p[0], false, 0, 2, 32), WASI_EBADF);
}

static void test_transfer_bounds(void **state)
{
    int fd = open("/dev/zero", O_RDWR);

    (void)state;
    iov(0, 0, 16);
    assert_int_equal(wasi_transfer(m, fd, true, SIZE - 4, 1, 32), WASI_EFAULT);
    assert_int_equal(wasi_transfer(m, fd, true, 0, UINT32_MAX, 32), WASI_EFAULT);
    assert_int_equal(wasi_transfer(m, fd, true, 0, 1, SIZE - 3), WASI_EFAULT);
    assert_int_equal(wasi_transfer(m, fd, true, UINT32_MAX, 1, 32), WASI_EFAULT);
    assert_int_equal(wasi_transfer(m, fd, true, 0, 0, 32), WASI_SUCCESS);
    iov(0, SIZE - 15, 16);
    assert_int_equal(wasi_transfer(m, fd, false, 0, 1, 32), WASI_EFAULT);
    iov(0, 16, UINT32_MAX);
    assert_int_equal(wasi_transfer(m, fd, false, 0, 1, 32), WASI_EFAULT);
    iov(0, UINT32_MAX, 1);
    assert_int_equal(wasi_transfer(m, fd, false, 0, 1, 32), WASI_EFAULT);
    iov(0, 16, 16);
    assert_int_equal(wasi_transfer((struct guest_memory){0}, fd, false, 0, 1, 32), WASI_EFAULT);
    /* More vectors than are looked at: a short transfer. */
    for (uint32_t i = 0; i < 100; i++)
        iov(64 + 8 * i, 2000, 1);
    assert_int_equal(wasi_transfer(m, fd, true, 64, 100, 32), WASI_SUCCESS);
    assert_true(get(32) > 0 && get(32) <= 100);
    close(fd);
}

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
    struct streams s;
    uint64_t begun = now_ns(CLOCK_MONOTONIC);

    (void)state;
    streams_init(&s);
    subscribe_clock(0, 77, 1, 30000000, false);
    subscribe_clock(48, 78, 0, UINT64_MAX, true);
    subscribe_clock(96, 79, 0, now_ns(CLOCK_REALTIME) + 30000000, true);
    assert_true(wasi_poll_ours(m, &s, 0, 3));
    assert_int_equal(wasi_poll(m, &s, 0, 1000, 3, 900), WASI_SUCCESS);
    assert_true(now_ns(CLOCK_MONOTONIC) - begun >= 29000000);
    assert_true(get(900) >= 1 && get(900) <= 2);
    assert_true(get(1000) == 77 || get(1000) == 79);
    assert_int_equal(bytes[1010], 0);
    subscribe_clock(0, 1, 1, 0, false);
    assert_int_equal(wasi_poll(m, &s, 0, 1000, 1, 900), WASI_SUCCESS);
    subscribe_clock(0, 1, 1, 5, true);
    assert_int_equal(wasi_poll(m, &s, 0, 1000, 1, 900), WASI_SUCCESS);
    /* Clocks of the processor, other descriptors and unknown tags are the engine's. */
    subscribe_clock(0, 1, 2, 0, false);
    assert_false(wasi_poll_ours(m, &s, 0, 1));
    subscribe_fd(0, 1, 1, 3);
    assert_false(wasi_poll_ours(m, &s, 0, 1));
    subscribe_fd(0, 1, 9, 0);
    assert_false(wasi_poll_ours(m, &s, 0, 1));
}

static void test_poll_streams(void **state)
{
    struct streams s;
    int p[2], saved = dup(STDIN_FILENO);

    (void)state;
    streams_init(&s);
    assert_int_equal(pipe(p), 0);
    assert_true(dup2(p[0], STDIN_FILENO) == 0);
    subscribe_fd(0, 5, 1, 0);
    subscribe_clock(48, 6, 1, 1000000, false);
    assert_true(wasi_poll_ours(m, &s, 0, 2));
    assert_int_equal(wasi_poll(m, &s, 0, 1000, 2, 900), WASI_SUCCESS);
    assert_int_equal(get(900), 1);
    assert_int_equal(get(1000), 6);
    assert_int_equal(write(p[1], "abc", 3), 3);
    assert_int_equal(wasi_poll(m, &s, 0, 1000, 1, 900), WASI_SUCCESS);
    assert_int_equal(get(1000), 5);
    assert_int_equal(bytes[1010], 1);
    assert_int_equal(get(1016), 3);
    close(p[1]);
    assert_int_equal(wasi_poll(m, &s, 0, 1000, 1, 900), WASI_SUCCESS);
    assert_int_equal(bytes[1024], 1); /* hung up */
    dup2(saved, STDIN_FILENO);
    close(saved);
    close(p[0]);
}

static void test_poll_bounds(void **state)
{
    struct streams s;

    (void)state;
    streams_init(&s);
    subscribe_clock(0, 1, 1, 0, false);
    assert_int_equal(wasi_poll(m, &s, 0, 1000, 0, 900), WASI_EINVAL);
    assert_true(wasi_poll_ours(m, &s, SIZE - 47, 1));
    assert_int_equal(wasi_poll(m, &s, SIZE - 47, 1000, 1, 900), WASI_EFAULT);
    assert_int_equal(wasi_poll(m, &s, 0, SIZE - 31, 1, 900), WASI_EFAULT);
    assert_int_equal(wasi_poll(m, &s, 0, 1000, 1, SIZE - 3), WASI_EFAULT);
    assert_int_equal(wasi_poll(m, &s, 0, 1000, UINT32_MAX, 900), WASI_EFAULT);
    /* Events that are written over the subscriptions: wrong answers, but nothing worse. */
    for (uint32_t shift = 0; shift < 96; shift += 4) {
        for (uint32_t i = 0; i < 8; i++)
            subscribe_fd(200 + 48 * i, 0x0101010101010101u * i, 2, 1);
        subscribe_clock(200 + 48 * 8, 1, 1, 0, false);
        wasi_poll(m, &s, 200, 200 + shift, 9, 900);
    }
}

static void test_strings(void **state)
{
    static const char *const list[] = {"python", "", "\xff\xfe"};

    (void)state;
    assert_int_equal(wasi_strings_sizes(m, list, 3, 0, 4), WASI_SUCCESS);
    assert_int_equal(get(0), 3);
    assert_int_equal(get(4), 11);
    assert_int_equal(wasi_strings_get(m, list, 3, 8, SIZE - 11), WASI_SUCCESS);
    assert_string_equal((char *)bytes + get(8), "python");
    assert_string_equal((char *)bytes + get(12), "");
    assert_memory_equal(bytes + get(16), "\xff\xfe", 3);
    assert_int_equal(wasi_strings_get(m, list, 3, 8, SIZE - 10), WASI_EFAULT);
    assert_int_equal(wasi_strings_get(m, list, 3, SIZE - 11, 100), WASI_EFAULT);
    assert_int_equal(wasi_strings_sizes(m, list, 3, SIZE - 3, 4), WASI_EFAULT);
    assert_int_equal(wasi_strings_sizes(m, list, 3, 0, UINT32_MAX), WASI_EFAULT);
    assert_int_equal(wasi_strings_sizes(m, NULL, 0, 0, 4), WASI_SUCCESS);
    assert_int_equal(get(4), 0);
    assert_int_equal(wasi_strings_get(m, NULL, 0, 8, 100), WASI_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test_setup_teardown(test_transfer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_transfer_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_poll_clocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_poll_streams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_poll_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_strings, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
