/* Copying and filling of native programs (native/arch/x86_64/copy.c): for every length, distance and alignment that
 * its branches distinguish, the result is the same as libc's. */
#include <stdlib.h>
#include <string.h>

#define memcpy own_memcpy
#define memmove own_memmove
#define memset own_memset
#include "native/arch/x86_64/copy.c"
#undef memcpy
#undef memmove
#undef memset

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka needs the four headers above. */
#include <cmocka.h>

enum { ROOM = 2048, LONGEST = 420 };

static uint8_t some[ROOM], own[ROOM], libcs[ROOM];

static void fill(void)
{
    memcpy(own, some, ROOM);
    memcpy(libcs, some, ROOM);
}

static void test_move(void **state)
{
    (void)state;
    for (size_t n = 0; n < LONGEST; n++)
        for (size_t from = 700; from < 717; from += 1 + n % 4)
            for (size_t to = from - 250; to < from + 250; to += 1 + (n + to) % 7) {
                fill();
                assert_ptr_equal(own_memmove(own + to, own + from, n), own + to);
                memmove(libcs + to, libcs + from, n);
                assert_memory_equal(own, libcs, ROOM);
            }
}

static void test_copy_and_set(void **state)
{
    (void)state;
    for (size_t n = 0; n < LONGEST; n++)
        for (size_t to = 0; to < 33; to++) {
            fill();
            assert_ptr_equal(own_memcpy(own + to, own + 1000 + n % 16, n), own + to);
            memcpy(libcs + to, libcs + 1000 + n % 16, n);
            assert_ptr_equal(own_memset(own + 500 + to, (int)n, n), own + 500 + to);
            memset(libcs + 500 + to, (int)n, n);
            assert_memory_equal(own, libcs, ROOM);
        }
}

/* Long and very long blocks use other code. */
static void test_move_much(void **state)
{
    enum { N = LONG + 300, MUCH = N + 1000 };
    static uint8_t one[MUCH], other[MUCH];

    (void)state;
    for (size_t n = LONG - 3; n < N; n += 29)
        for (size_t from = 400; from < 420; from += 3)
            for (size_t to = 1; to < 999; to += 1 + (n + to) % 100) {
                for (size_t i = 0; i < MUCH; i++)
                    one[i] = other[i] = (uint8_t)(i * i >> 3);
                own_memmove(one + to % 700, one + from % 700, n);
                memmove(other + to % 700, other + from % 700, n);
                assert_memory_equal(one, other, MUCH);
            }
}

static void test_move_very_much(void **state)
{
    enum { N = VERY_LONG + 77, MUCH = 2 * N + 100 };
    static uint8_t one[MUCH], other[MUCH];

    (void)state;
    for (size_t to = 0; to < MUCH - N; to += 5003)
        for (size_t from = 0; from < MUCH - N; from += 7919) {
            for (size_t i = 0; i < MUCH; i++)
                one[i] = other[i] = (uint8_t)(i * i >> 3);
            own_memmove(one + to, one + from, N);
            memmove(other + to, other + from, N);
            assert_memory_equal(one, other, MUCH);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_copy_and_set),
        cmocka_unit_test(test_move_much),
        cmocka_unit_test(test_move_very_much),
    };

    for (size_t i = 0; i < ROOM; i++)
        some[i] = (uint8_t)rand();
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
