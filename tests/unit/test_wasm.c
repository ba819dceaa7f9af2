#include "wasm/info.h"

#include "testing.h"
#include "util/str.h"

#include <string.h>

/* A module by hand: a section is its kind, its size, and its bytes. */
#define HEADER "\0asm\1\0\0\0"
#define TYPES "\1\11\2\x60\0\0\x60\1\x7f\1\x7f"
#define IMPORTS "\2\31\2\4wasi\4exit\0\1\3env\3mem\2\1\1\2"
#define FUNCTIONS "\3\2\1\0"
#define TABLES "\4\4\1\x70\0\5"
#define EXPORTS "\7\12\1\6_start\0\1"

static int describe(const char *bytes, size_t n, struct wasm_info *w, struct wl_err *err)
{
    /* So that a sanitizer sees a byte too far. */
    uint8_t *copy = xmalloc(n ? n : 1);
    int r;

    memcpy(copy, bytes, n);
    *w = (struct wasm_info){0};
    r = wasm_describe(copy, n, w, err);
    /* (The sections point into the bytes.) */
    for (size_t i = 0; i < w->sections_n; i++)
        assert_true(w->sections[i].at >= copy && w->sections[i].at + w->sections[i].size <= copy + n);
    free(copy);
    return r;
}

/* Describes a module whose only function has this code. */
static void with_code(const char *code, size_t n, struct wasm_info *w)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STR struct str m = {0};

    str_addn(&m, HEADER FUNCTIONS, sizeof HEADER FUNCTIONS - 1);
    str_addc(&m, '\12');
    str_addc(&m, (char)(n + 3));
    str_addc(&m, '\1');
    str_addc(&m, (char)(n + 1));
    str_addc(&m, '\0');
    str_addn(&m, code, n);
    assert_ok(describe(m.s, m.len, w, &err), &err);
}

static void test_a_module(void **state)
{
    static const char bytes[] = HEADER TYPES IMPORTS FUNCTIONS TABLES EXPORTS
        "\0\46\11producers\1\14processed-by\1\5clang\00622.1.8" /* a custom section */
        "\12\4\1\2\0\13"                                        /* a function that does nothing */
        "\0\5\4name";
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct wasm_info w;

    (void)state;
    assert_ok(describe(bytes, sizeof bytes - 1, &w, &err), &err);
    assert_int_equal(w.sections_n, 8);
    assert_int_equal(w.imports_n, 2);
    assert_string_equal(w.imports[0].module, "wasi");
    assert_string_equal(w.imports[0].name, "exit");
    assert_int_equal(w.imports[1].kind, WASM_KIND_MEMORY);
    assert_int_equal(w.memories_n, 1);
    assert_int_equal(w.memories[0].min, 1);
    assert_int_equal(w.memories[0].max, 2);
    assert_int_equal(w.tables_n, 1);
    assert_false(w.tables[0].has_max);
    assert_int_equal(w.exports_n, 1);
    assert_string_equal(w.exports[0].name, "_start");
    assert_int_equal(w.types, 2);
    assert_int_equal(w.functions, 1);
    assert_int_equal(w.producers_n, 1);
    assert_string_equal(w.producers[0].name, "clang");
    assert_string_equal(w.producers[0].version, "22.1.8");
    assert_true(w.has_names);
    assert_false(w.has_dwarf);
    for (int i = 0; i < WASM_FEATURES; i++)
        assert_false(w.features[i]);
    wasm_info_free(&w);
}

/* Each instruction and what it needs, whatever stands around it. */
static void test_features(void **state)
{
    static const struct {
        const char *code;
        size_t n;
        enum wasm_feature feature;
    } cases[] = {
#define CODE(s) s "\13", sizeof s
        {CODE("\xfc\12\0\0"), WASM_BULK_MEMORY},
        {CODE("\xfc\0"), WASM_FLOAT_TO_INT},
        {CODE("\xc0"), WASM_SIGN_EXTENSION},
        {CODE("\xfd\14xxxxxxxxxxxxxxxx"), WASM_SIMD},
        {CODE("\xfd\x80\2"), WASM_RELAXED_SIMD},
        {CODE("\xfe\20\2\0"), WASM_THREADS},
        {CODE("\22\0"), WASM_TAIL_CALLS},
        {CODE("\6\x40\31\13"), WASM_LEGACY_EXCEPTIONS},
        {CODE("\37\x40\1\0\0\0\13"), WASM_EXCEPTIONS},
        {CODE("\xd2\0"), WASM_REFERENCE_TYPES},
        {CODE("\21\0\1"), WASM_REFERENCE_TYPES},
        {CODE("\2\0\13"), WASM_MULTI_VALUE},
        {CODE("\x28\x42\1\0"), WASM_MULTI_MEMORY},
        {CODE("\xfb\0\0"), WASM_GC},
        {CODE("\x27"), WASM_UNKNOWN_CODE},
#undef CODE
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wasm_info w;

        with_code(cases[i].code, cases[i].n, &w);
        if (!w.features[cases[i].feature])
            print_error("case %zu: %s\n", i, wasm_feature_names[cases[i].feature]);
        assert_true(w.features[cases[i].feature]);
        assert_int_equal(w.features[WASM_UNKNOWN_CODE],
                         cases[i].feature == WASM_UNKNOWN_CODE || cases[i].feature == WASM_GC);
        wasm_info_free(&w);
    }
}

/* Constants that look like instructions are not taken for some. */
static void test_operands_are_no_instructions(void **state)
{
    static const char code[] =
        "\x41\xfc\0\x42\xfe\1\x43\xfd\xfd\xfd\xfd\x44\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\16\1\1\1\13";
    struct wasm_info w;

    (void)state;
    with_code(code, sizeof code - 1, &w);
    for (int i = 0; i < WASM_FEATURES; i++)
        assert_false(w.features[i]);
    wasm_info_free(&w);
}

static void test_what_is_no_module(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *why;
    } cases[] = {
#define BYTES(s) s, sizeof s - 1
        {BYTES(""), "no WebAssembly module"},
        {BYTES("\0as"), "no WebAssembly module"},
        {BYTES("\x7f"
               "ELF\1\0\0\0"),
         "no WebAssembly module"},
        {BYTES("\0asm\2\0\0\0"), "unknown version 2"},
        {BYTES(HEADER "\1"), "longer than the file"},
        {BYTES(HEADER "\1\5x"), "longer than the file"},
        {BYTES(HEADER "\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"), "longer than the file"},
        {BYTES(HEADER "\x63\0"), "unknown kind 99"},
        {BYTES(HEADER "\0\3\11ab"), "name of a custom section"},
        {BYTES(HEADER "\2\5\xff\xff\xff\xff\17"), "\"import\" is cut off"},
        {BYTES(HEADER "\7\3\1\1x"), "\"export\" is cut off"},
        {BYTES(HEADER "\7\5\1\1x\7\0"), "\"export\" is cut off"},
        {BYTES(HEADER "\12\3\1\5x"), "\"code\" is cut off"},
        {BYTES(HEADER "\5\1\1"), "\"memory\" is cut off"},
#undef BYTES
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        struct wasm_info w;

        assert_class(describe(cases[i].bytes, cases[i].n, &w, &err), WL_E_VERIFY, &err);
        assert_contains(err.text, cases[i].why);
        wasm_info_free(&w);
    }
}

/* Every beginning of a module is read without a byte too far, and so is every module with one byte changed. */
static void test_damaged_modules(void **state)
{
    static const char bytes[] = HEADER TYPES IMPORTS FUNCTIONS TABLES EXPORTS "\12\11\1\7\0\xfd\14\0\x28\2\0";

    (void)state;
    for (size_t n = 0; n < sizeof bytes; n++)
        for (int value = 0; value < 256; value += n == sizeof bytes - 1 ? 256 : 1) {
            WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
            char copy[sizeof bytes];
            struct wasm_info w;

            memcpy(copy, bytes, sizeof bytes);
            copy[n] = (char)value;
            describe(copy, sizeof bytes - 1, &w, &err);
            wasm_info_free(&w);
            describe(bytes, n, &w, &err);
            wasm_info_free(&w);
        }
}

static void test_a_component(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct wasm_info w;

    (void)state;
    assert_ok(describe("\0asm\x0d\0\1\0\7\1\0", 11, &w, &err), &err);
    assert_true(w.is_component);
    assert_int_equal(w.sections_n, 0);
    wasm_info_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_module),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_operands_are_no_instructions),
        cmocka_unit_test(test_what_is_no_module),
        cmocka_unit_test(test_damaged_modules),
        cmocka_unit_test(test_a_component),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
