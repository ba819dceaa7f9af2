/* What core/content.h takes out of a module. */
#include "core/content.h"

#include "core/wasm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasmtime.h>

#include <cmocka.h>

static wasm_byte_vec_t bytes_of(const char *text)
{
    wasm_byte_vec_t binary;
    wasmtime_error_t *error = wasmtime_wat2wasm(text, strlen(text), &binary);

    assert_null(error);
    return binary;
}

static bool take(const char *text, struct content *c)
{
    wasm_byte_vec_t binary = bytes_of(text);
    bool taken = content_take(c, (const uint8_t *)binary.data, binary.size);

    wasm_byte_vec_delete(&binary);
    return taken;
}

static void test_what_is_taken(void **state)
{
    struct content c;
    wasm_byte_vec_t without = bytes_of("(module (memory 9) (func) (export \"memory\" (memory 0)))");

    (void)state;
    assert_true(take("(module (memory 9) (func) (export \"memory\" (memory 0)) (data (i32.const 70000) \"abcd\")"
                     " (data (i32.const 70001) \"BC\") (data (i32.const 589824) \"\") (data (i32.const 196607) \"e\"))",
                     &c));
    assert_int_equal(c.from, WASM_PAGE);
    assert_int_equal(c.size, 2 * WASM_PAGE);
    assert_memory_equal(c.bytes + 70000 - WASM_PAGE, "aBCd\0", 5);
    assert_int_equal(c.bytes[0], 0);
    assert_int_equal(c.bytes[c.size - 1], 'e');
    assert_int_equal(c.module_size, without.size);
    assert_memory_equal(c.module, without.data, without.size);
    content_free(&c);
    content_free(&c);
    wasm_byte_vec_delete(&without);
    /* An address above 2 GiB is a negative number. */
    assert_true(take("(module (memory 65536) (data (i32.const 0xfffffff0) \"0123456789abcdef\"))", &c));
    assert_int_equal(c.from, 0xffff0000);
    assert_memory_equal(c.bytes + WASM_PAGE - 16, "0123456789abcdef", 16);
    content_free(&c);
}

static void test_what_stays(void **state)
{
    static const char *const texts[] = {
        "(module)",
        "(module (memory 1))",
        "(module (memory 1) (data (i32.const 5) \"\"))",
        "(module (memory 1) (data \"passive\"))",
        "(module (memory 1) (data (i32.const 1) \"active\") (data \"passive\"))",
        "(module (memory 1) (data (i32.const 65533) \"beyond\"))",
        "(module (memory 1) (data (i32.const -1) \"a\"))",
        "(module (import \"a\" \"memory\" (memory 1)) (data (i32.const 1) \"a\"))",
        "(module (import \"a\" \"g\" (global i32)) (memory 1) (data (global.get 0) \"a\"))",
        "(module (memory 1) (data (i32.add (i32.const 1) (i32.const 1)) \"a\"))",
        "(module (memory 1) (memory 1) (data (memory 1) (i32.const 1) \"a\"))",
        "(module (memory 65536) (data (i32.const 0) \"a\") (data (i32.const 0x7fffffff) \"b\"))"};
    struct content c;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (take(texts[i], &c))
            fail_msg("%s", texts[i]);
        assert_null(c.module);
        assert_null(c.bytes);
    }
}

/* Modules that are cut off, and each byte of one as something else: what is taken lies in the memory. */
static void test_broken_modules(void **state)
{
    wasm_byte_vec_t binary = bytes_of("(module (memory 2) (func (data.drop 0)) (data (i32.const 1000) \"abcdefgh\")"
                                      " (data (i32.const 131070) \"ij\"))");
    uint8_t *copy = malloc(binary.size);
    struct content c;

    (void)state;
    assert_non_null(copy);
    for (size_t n = 0; n < binary.size; n++) {
        memcpy(copy, binary.data, n);
        assert_false(content_take(&c, copy, n));
    }
    for (size_t at = 0; at < binary.size; at++)
        for (int value = 0; value < 256; value++) {
            memcpy(copy, binary.data, binary.size);
            copy[at] = (uint8_t)value;
            if (content_take(&c, copy, binary.size)) {
                assert_true(c.from + c.size <= UINT64_C(1) << 32);
                content_free(&c);
            }
        }
    free(copy);
    wasm_byte_vec_delete(&binary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_taken),
        cmocka_unit_test(test_what_stays),
        cmocka_unit_test(test_broken_modules),
    };

    return cmocka_run_group_tests_name("content", tests, NULL, NULL);
}
