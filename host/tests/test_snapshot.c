/* Snapshots, and the memory that a module needs. */
#include "library.h"

#include "core/needs.h"
#include "core/snapshot.h"

static struct err err;

static const char counting[] =
    "(module (memory (export \"memory\") 1) (table 3 6 funcref) (elem (i32.const 0) $a $a)"
    " (func $a) (func $b)"
    " (func (export \"same\") (i32.store (i32.const 0) (i32.const 7))"
    "  (table.set (i32.const 0) (ref.func $a)))"
    " (func (export \"set\") (table.set (i32.const 0) (ref.func $b)))"
    " (func (export \"clear\") (table.set (i32.const 1) (ref.null func)))"
    " (func (export \"grow\") (drop (table.grow (ref.null func) (i32.const 1))))"
    " (elem declare func $b)"
    " (func (export \"_start\") (if (i32.eqz (i32.load (i32.const 0))) (then unreachable))))";

static void test_tables_of_a_snapshot(void **state)
{
    static const char *const changing[] = {"set", "clear", "grow"};
    struct setup config = {.module = "module.wasm", .snapshot = "snapshot.wasm", .engine.cache_dir = "cache"};
    struct wlpy_result result;
    wasm_byte_vec_t binary;

    (void)state;
    to_binary(counting, &binary);
    put_file("module.wasm", binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    for (size_t i = 0; i < sizeof changing / sizeof *changing; i++) {
        config.entry = changing[i];
        assert_int_equal(run(&config, &result), -WLPY_E_MODULE);
        assert_non_null(strstr(why.text, "module.wasm: it has changed a table"));
        assert_int_equal(access("snapshot.wasm", F_OK), -1);
    }
    config.entry = "same";
    assert_int_equal(run(&config, &result), 0);
    /* It has only its old exports. */
    config = (struct setup){.module = "snapshot.wasm"};
    assert_int_equal(run(&config, &result), 0);
    assert_int_equal(result.end, WLPY_EXITED);
    assert_int_equal(system("! grep -q 'wl-run table' snapshot.wasm"), 0);
}

/* Globals that are not restored. */
static void test_the_globals_of_a_snapshot(void **state)
{
    static const char text[] = "(module (memory (export \"memory\") 1) (global i32 (i32.const 1))"
                               " (global $g (mut i64) (i64.const 5)) (global $h (mut i32) (i32.const 0))"
                               " (func (export \"same\") (global.set $g (i64.const 6)) (global.set $g (i64.const 5)))"
                               " (func (export \"set\") (global.set $g (i64.const 4294967301)))"
                               " (func (export \"other\") (global.set $h (i32.const 1)))"
                               " (func (export \"_start\")))";
    struct setup config = {.module = "module.wasm", .snapshot = "snapshot.wasm", .entry = "set"};
    struct wlpy_result result;
    wasm_byte_vec_t binary;

    (void)state;
    unlink("snapshot.wasm");
    to_binary(text, &binary);
    put_file("module.wasm", binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    for (int i = 0; i < 2; i++) {
        config.entry = i ? "other" : "set";
        assert_int_equal(run(&config, &result), -WLPY_E_MODULE);
        assert_non_null(strstr(why.text, "module.wasm: it has changed a global"));
        assert_int_equal(access("snapshot.wasm", F_OK), -1);
    }
    config.entry = "same";
    assert_int_equal(run(&config, &result), 0);
    assert_int_equal(system("! grep -q 'wl-run' snapshot.wasm"), 0);
}

/* Code that runs before the call also counts. */
static void test_a_snapshot_after_other_calls(void **state)
{
    static const char text[] =
        "(module (memory (export \"memory\") 1) (table 1 2 funcref)"
        " (func (export \"wl_interrupt_cells\") (result i32) (table.grow (ref.null func) (i32.const 1)))"
        " (func (export \"nothing\")) (func (export \"_start\")))";
    struct setup config = {
        .module = "module.wasm", .snapshot = "snapshot.wasm", .entry = "nothing", .run.control = wlpy_control_new()};
    struct wlpy_result result;
    wasm_byte_vec_t binary;

    (void)state;
    unlink("snapshot.wasm");
    to_binary(text, &binary);
    put_file("module.wasm", binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    assert_int_equal(run(&config, &result), -WLPY_E_MODULE);
    assert_non_null(strstr(why.text, "module.wasm: it has changed a table"));
    assert_int_equal(access("snapshot.wasm", F_OK), -1);
    wlpy_control_free(config.run.control);
}

static void test_the_mode_of_a_snapshot(void **state)
{
    struct setup config = {.module = "module.wasm", .snapshot = "snapshot.wasm", .entry = "same"};
    struct wlpy_result result;
    wasm_byte_vec_t binary;
    struct stat st;

    (void)state;
    to_binary(counting, &binary);
    put_file("module.wasm", binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    assert_int_equal(run(&config, &result), 0);
    assert_int_equal(stat("snapshot.wasm", &st), 0);
    put_file("other", "", 0);
    {
        struct stat other;

        assert_int_equal(stat("other", &other), 0);
        assert_int_equal(st.st_mode, other.st_mode);
    }
}

/* A module without exports, and a broken one. */
static void test_preparing_a_snapshot(void **state)
{
    static const uint8_t broken[] = "\0asm\1\0\0\0\4\4\1\160\0\2\7\200";
    wasm_byte_vec_t binary;
    uint8_t *bytes;
    size_t size;

    (void)state;
    to_binary("(module (table 1 funcref) (table 1 funcref) (elem (i32.const 0) func 0) (func))", &binary);
    assert_int_equal(snapshot_prepare((const uint8_t *)binary.data, binary.size, &bytes, &size, &err), 0);
    assert_non_null(memmem(bytes, size, "wl-run table 1", 14));
    assert_null(memmem(bytes, size, "wl-run table 2", 14));
    assert_null(memmem(bytes, size, "wl-run variable", 15));
    free(bytes);
    wasm_byte_vec_delete(&binary);
    assert_int_equal(snapshot_prepare(broken, sizeof broken - 1, &bytes, &size, &err), 0);
    assert_int_equal(size, sizeof broken - 1);
    assert_memory_equal(bytes, broken, size);
    free(bytes);
}

/* ---- the needs of a module ---- */

static struct needs needs_of(const char *text)
{
    wasm_byte_vec_t binary;
    struct needs n;

    to_binary(text, &binary);
    needs_read(&n, (const uint8_t *)binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    return n;
}

/* The largest sum of all memories and tables. */
static uint64_t sum(const struct needs *n, const struct share *s)
{
    uint64_t bytes = s->memory * (n->throws ? 2 : 1);

    for (uint32_t i = 0; i < n->tables; i++) {
        uint64_t most = n->table[i].max < s->elements ? n->table[i].max : s->elements;

        bytes += most * (n->table[i].max == n->table[i].min ? 8 : 16);
    }
    return bytes;
}

static void test_needs(void **state)
{
    struct needs n = needs_of("(module (table 7 funcref) (table 10 20 externref) (table 3 3 (ref null func))"
                              " (table 2 2 (ref func) (ref.func $f)) (memory 5 9) (tag) (func $f))");

    (void)state;
    assert_int_equal(n.unknown, 0);
    assert_int_equal(n.tables, 4);
    assert_int_equal(n.table[0].min, 7);
    assert_int_equal(n.table[0].max, UINT32_MAX);
    assert_int_equal(n.table[1].min, 10);
    assert_int_equal(n.table[1].max, 20);
    assert_int_equal(n.table[2].max, 3);
    assert_int_equal(n.table[3].min, 2);
    assert_int_equal(n.memories, 1);
    assert_int_equal(n.pages, 5);
    assert_int_equal(n.throws, 1);
    assert_int_equal(needs_of("(module (memory 1) (memory 1))").memories, 2);
    assert_int_equal(needs_of("(module (memory i64 1))").unknown, 1);
    assert_int_equal(needs_of("(module (table i64 1 funcref))").unknown, 1);
    needs_read(&n, (const uint8_t *)"\0asm\1\0\0\0\4\5\1", 11);
    assert_int_equal(n.unknown, 1);
    needs_read(&n, (const uint8_t *)"\0asm\1\0\0\0\4\4\377\377\377\377", 14);
    assert_int_equal(n.unknown, 1);
}

static void test_shares(void **state)
{
    static const struct {
        const char *text;
        uint64_t limit;
        bool fits;
    } cases[] = {
        {"(module (memory 1))", 65536, true},
        {"(module (memory 1))", 65535, false},
        {"(module (memory 0))", 0, true},
        {"(module (memory 1) (table 10 10 funcref))", 65536 + 80, true},
        {"(module (memory 1) (table 10 10 funcref))", 65536 + 79, false},
        {"(module (memory 1) (table 10 funcref))", 65536 + 160, true},
        {"(module (memory 1) (table 10 funcref))", 65536 + 159, false},
        {"(module (memory 1) (table 10 funcref))", 1 << 20, true},
        {"(module (memory 1) (table 0 funcref) (table 5 externref) (table 1000 2000 funcref) (table 10 10 funcref))",
         1 << 20, true},
        {"(module (memory 1) (table 0 0xffffffff funcref) (table 0xffffffff externref))", UINT64_C(1) << 40, true},
        {"(module (memory 1) (table 0 0xffffffff funcref) (table 10000000 externref))", UINT64_C(64) << 20, false},
        {"(module (memory 1) (tag))", 2 * 65536, true},
        {"(module (memory 1) (tag))", 2 * 65536 - 1, false},
        {"(module (table 0 funcref) (table 0 funcref) (table 0 funcref) (table 0 funcref))", 1 << 16, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct needs n = needs_of(cases[i].text);
        struct share share = {0};
        bool fits = needs_share(&n, cases[i].limit, &share);

        if (fits != cases[i].fits || (fits && sum(&n, &share) > cases[i].limit))
            fail_msg("%s in %ju: %d, %ju + %ju elements", cases[i].text, (uintmax_t)cases[i].limit, fits,
                     (uintmax_t)share.memory, (uintmax_t)share.elements);
        for (uint32_t k = 0; fits && k < n.tables; k++)
            assert_true(share.elements >= n.table[k].min);
    }
    {
        /* There is room to grow. */
        struct needs n = needs_of("(module (memory 1) (table 1 funcref))");
        struct share share;

        assert_true(needs_share(&n, UINT64_C(64) << 20, &share));
        assert_true(share.elements > 100000);
        assert_true(share.memory > UINT64_C(56) << 20);
    }
}

static void test_what_a_thread_needs(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes; /* -1: it can have none */
    } cases[] = {
        {"(module (memory 1))", 0},
        {"(module (memory 1) (table 10 10 funcref))", 80},
        {"(module (memory 1) (table 10 10 funcref) (table 5 5 externref))", 120},
        {"(module (memory 1) (table 10 11 funcref))", -1},
        {"(module (memory 1) (table 10 10 funcref) (table 0 funcref))", -1},
        {"(module (memory 1) (tag))", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct needs n = needs_of(cases[i].text);
        uint64_t bytes = 0;
        bool can = needs_of_thread(&n, &bytes);

        if (can != (cases[i].bytes >= 0) || (can && bytes != (uint64_t)cases[i].bytes))
            fail_msg("%s: %d, %ju", cases[i].text, can, (uintmax_t)bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_of_a_snapshot),
        cmocka_unit_test(test_the_globals_of_a_snapshot),
        cmocka_unit_test(test_a_snapshot_after_other_calls),
        cmocka_unit_test(test_the_mode_of_a_snapshot),
        cmocka_unit_test(test_preparing_a_snapshot),
        cmocka_unit_test(test_needs),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_what_a_thread_needs),
    };

    return cmocka_run_group_tests_name("snapshot", tests, set_up, tear_down);
}
