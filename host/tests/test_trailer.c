/* What stands at the end of a file of compiled code (engine/wasmtime/trailer.h): a damaged one must not be used. */
#include "engine/wasmtime/trailer.h"

#include "core/wasm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CODE = 100000, IMAGE = 3 * WASM_PAGE, FILE_SIZE = 2 * WASM_PAGE + IMAGE + (int)sizeof(struct trailer) };

static const struct needs plain = {.memories = 1, .pages = 8, .tables = 2, .table = {{5, 5}, {1, 9}}};

static struct trailer made(void)
{
    struct trailer t;

    trailer_make(&t, &plain, CODE, WASM_PAGE, IMAGE);
    return t;
}

static void test_a_whole_file(void **state)
{
    struct trailer t = made();

    (void)state;
    assert_int_equal(t.image_at, 2 * WASM_PAGE);
    assert_true(trailer_is_valid(&t, FILE_SIZE));
    trailer_make(&t, &(struct needs){0}, WASM_PAGE, 0, 0);
    assert_int_equal(t.image_at, WASM_PAGE);
    assert_true(trailer_is_valid(&t, WASM_PAGE + sizeof t));
}

static void test_another_size(void **state)
{
    const struct trailer t = made();

    (void)state;
    for (uint64_t size = 0; size < 2 * sizeof t; size++)
        assert_false(trailer_is_valid(&t, size));
    assert_false(trailer_is_valid(&t, FILE_SIZE - 1));
    assert_false(trailer_is_valid(&t, FILE_SIZE + 1));
    assert_false(trailer_is_valid(&t, UINT64_MAX));
}

static void test_damage(void **state)
{
    const struct trailer good = made();

    (void)state;
#define BAD(change)                                                                                                    \
    do {                                                                                                               \
        struct trailer t = good;                                                                                       \
        t.change;                                                                                                      \
        assert_false(trailer_is_valid(&t, FILE_SIZE));                                                                 \
    } while (0)
    BAD(magic[0] = 'x');
    BAD(image_at += WASM_PAGE);
    BAD(image_at = UINT64_MAX - WASM_PAGE + 1);
    BAD(image_size = UINT64_MAX);
    BAD(image_from += 1);
    BAD(image_from = 6 * WASM_PAGE); /* its end lies behind the memory */
    BAD(image_from = UINT64_MAX - WASM_PAGE + 1);
    BAD(needs.unknown = 1);
    BAD(needs.throws = 2);
    BAD(needs.memories = 2);
    BAD(needs.memories = 0);
    BAD(needs.pages = 65537);
    BAD(needs.tables = NEEDS_MAX_TABLES + 1);
    BAD(needs.tables = UINT32_MAX);
    BAD(needs.table[1].max = 0);
#undef BAD
}

/* A module can have more tables than are listed; none is read behind the list. */
static void test_needs_of_many_tables(void **state)
{
    struct needs *n = calloc(1, sizeof *n);

    (void)state;
    n->tables = UINT32_MAX;
    assert_int_equal(needs_least(n), 0);
    free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_file),
        cmocka_unit_test(test_another_size),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_needs_of_many_tables),
    };

    return cmocka_run_group_tests_name("trailer", tests, NULL, NULL);
}
