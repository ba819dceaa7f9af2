/* Tests how tools/aot reads a module and rewrites it. */
#include "aot.h"

#include "testing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* tools/aot reads one module and ends; it frees nothing. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

/* Modules that are written by hand: the sections after the header. */
struct bytes {
    uint8_t b[4096];
    size_t n;
};

static void add(struct bytes *m, const void *bytes, size_t n)
{
    memcpy(m->b + m->n, bytes, n);
    m->n += n;
}

#define SECTION(m, id, content) add_section(m, id, content, sizeof(content) - 1)

static void add_section(struct bytes *m, uint8_t id, const char *content, size_t n)
{
    const uint8_t head[] = {id, (uint8_t)n};

    assert_true(n < 128);
    add(m, head, sizeof head);
    add(m, content, n);
}

static struct bytes header(void)
{
    struct bytes m = {.n = 0};

    add(&m, "\0asm\1\0\0\0", 8);
    return m;
}

/* A program of two functions: the first has the body, the second is _start. Before the code come the sections more. */
static struct bytes program(const char *more, size_t more_n, const char *body, size_t n)
{
    struct bytes m = header(), code = {.n = 0};
    const uint8_t sizes[] = {2, (uint8_t)(n + 2), 0};

    SECTION(&m, WASM_TYPE, "\2\x60\0\0\x60\1\x7f\1\x7f");
    SECTION(&m, WASM_FUNCTION, "\2\1\0");
    SECTION(&m, WASM_TABLE, "\1\x70\0\4");
    SECTION(&m, WASM_MEMORY, "\1\0\2");
    SECTION(&m, WASM_EXPORT, "\3\6memory\2\0\6_start\0\1\5other\0\0");
    add(&m, more, more_n);
    add(&code, sizes, sizeof sizes);
    add(&code, body, n);
    add(&code, "\x0b\2\0\x0b", 4);
    add_section(&m, WASM_CODE, (const char *)code.b, code.n);
    return m;
}

#define PROGRAM(more, body) program(more, sizeof(more) - 1, body, sizeof(body) - 1)

/* With a function that returns a result. */
#define CONST "\x41\0"

static void read_bytes(const struct bytes *b, struct module *m, struct functions *f)
{
    module_read(m, "it", b->b, b->n);
    functions_read(m, f);
}

/* The status that reading ends with: refuse() ends the process. */
static int status_of(const struct bytes *b)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        struct module m;
        struct functions f;
        struct fit fit;

        if (!freopen("/dev/null", "w", stdout))
            _exit(99);
        module_read(&m, "it", b->b, b->n);
        fit_check(&m, &fit);
        functions_read(&m, &f);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_cut_modules(void **state)
{
    struct bytes whole = PROGRAM("", CONST), b;

    (void)state;
    assert_int_equal(status_of(&whole), 0);
    for (size_t n = 0; n < whole.n; n++) {
        b = whole;
        b.n = n;
        assert_int_equal(status_of(&b), END_REFUSED);
    }
    /* The same with a changed byte: anything but a crash is allowed. */
    for (size_t i = 8; i < whole.n; i++) {
        b = whole;
        b.b[i] ^= 0x7f;
        status_of(&b);
    }
}

static void test_start_is_a_program(void **state)
{
    struct bytes b = header();

    (void)state;
    /* _start with a parameter. */
    SECTION(&b, WASM_TYPE, "\1\x60\1\x7f\0");
    SECTION(&b, WASM_FUNCTION, "\1\0");
    SECTION(&b, WASM_MEMORY, "\1\0\1");
    SECTION(&b, WASM_EXPORT, "\2\6memory\2\0\6_start\0\0");
    SECTION(&b, WASM_CODE, "\1\2\0\x0b");
    assert_int_equal(status_of(&b), END_REFUSED);
}

static void test_what_instructions_do(void **state)
{
    static const struct {
        const char *body;
        size_t n;
        bool known, changes_tables, reads_tables, uses_data, uses_references;
    } cases[] = {
#define BODY(b) b, sizeof(b) - 1
        {BODY(CONST), .known = true},
        {BODY("\x41\0\x25\0\x1a" CONST), .known = true, .reads_tables = true},               /* table.get */
        {BODY("\x41\0\xd0\x70\x26\0" CONST), .known = true, .changes_tables = true},         /* table.set */
        {BODY("\xd0\x70\x41\1\xfc\x0f\0\x1a" CONST), .known = true, .changes_tables = true}, /* table.grow */
        {BODY("\xfc\x10\0"), .known = true, .reads_tables = true},                           /* table.size */
        {BODY("\x41\0\x41\0\x41\0\xfc\x0c\0\0" CONST), .known = true, .changes_tables = true},
        {BODY("\x41\0\x41\0\x41\0\xfc\x08\0\0" CONST), .known = true, .uses_data = true},
        {BODY("\xfc\x09\0" CONST), .known = true, .uses_data = true},
        {BODY("\x41\0\x13\1\0"), .known = true, .reads_tables = true}, /* return_call_indirect */
        {BODY("\xd2\0\x1a" CONST), .known = true, .uses_references = true},
        /* An access of the second memory. */
        {BODY("\x41\0\x28\x42\1\0"), .known = true},
        {BODY("\xfe\0\2\0" CONST), .changes_tables = true, .reads_tables = true, .uses_data = true,
         .uses_references = true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes b = program("", 0, cases[i].body, cases[i].n);
        struct functions f;
        struct module m;

        read_bytes(&b, &m, &f);
        assert_int_equal(f.known, cases[i].known);
        assert_int_equal(f.changes_tables, cases[i].changes_tables);
        assert_int_equal(f.reads_tables, cases[i].reads_tables);
        assert_int_equal(f.uses_data, cases[i].uses_data);
        assert_int_equal(f.uses_references, cases[i].uses_references);
    }
}

static void test_shapes(void **state)
{
    struct bytes here = PROGRAM("", "\x41\xc0\x84\x3d\x28\2\4"), there = PROGRAM("", "\x41\xc0\x9a\xc\x28\2\4"),
                 other = PROGRAM("", "\x41\xc0\x84\x3d\x28\2\5");
    struct functions a, b, c;
    struct module m;

    (void)state;
    read_bytes(&here, &m, &a);
    read_bytes(&there, &m, &b);
    read_bytes(&other, &m, &c);
    assert_true(a.shapes[0].hash == b.shapes[0].hash);
    assert_true(a.shapes[0].hash != c.shapes[0].hash);
    assert_true(a.shapes[1].hash == c.shapes[1].hash);
}

/* --- rewriting, in the current directory --- */

static size_t find(const uint8_t *bytes, size_t n, const char *text)
{
    const uint8_t *at = memmem(bytes, n, text, strlen(text));

    return at ? (size_t)(at - bytes) : n;
}

static void test_rewrite(void **state)
{
    /* A custom section, and data in the second page. */
    struct bytes b = PROGRAM("", CONST);
    struct image image;
    struct functions f;
    struct module m, after;
    struct functions g;
    uint8_t *bytes, *data;
    size_t n;

    assert_int_equal(chdir(*state), 0);
    SECTION(&b, WASM_DATA, "\1\0\x41\x83\x80\4\x0b\2hi");
    SECTION(&b, WASM_CUSTOM, "\4nameold");
    read_bytes(&b, &m, &f);
    rewrite(&m, &f, &image);
    assert_true(image.taken && image.is_all);
    assert_true(image.from == 65536);
    data = read_file("image", &n);
    assert_int_equal(n, 5);
    assert_memory_equal(data, "\0\0\0hi", 5);
    bytes = read_file("guest.wasm", &n);
    module_read(&after, "it", bytes, n);
    assert_null(after.section[WASM_DATA].at);
    assert_true(find(bytes, n, "other") == n);
    assert_true(find(bytes, n, "old") == n);
    assert_true(find(bytes, n, "_start") < n);
    functions_read(&after, &g);
    assert_true(g.shapes[0].hash == f.shapes[0].hash);
}

/* Data that an instruction names stays where it is, and so do exports that make a reference valid. */
static void test_what_stays(void **state)
{
    struct bytes data = PROGRAM("", "\xfc\x09\0" CONST), reference = PROGRAM("", "\xd2\0\x1a" CONST);
    struct image image;
    struct functions f;
    struct module m, after;
    uint8_t *bytes;
    size_t n;

    assert_int_equal(chdir(*state), 0);
    SECTION(&data, WASM_DATA, "\1\0\x41\3\x0b\2hi");
    read_bytes(&data, &m, &f);
    rewrite(&m, &f, &image);
    assert_false(image.taken || image.is_all);
    bytes = read_file("guest.wasm", &n);
    module_read(&after, "it", bytes, n);
    assert_non_null(after.section[WASM_DATA].at);
    read_bytes(&reference, &m, &f);
    rewrite(&m, &f, &image);
    assert_true(image.is_all);
    bytes = read_file("guest.wasm", &n);
    assert_true(find(bytes, n, "other") < n);
}

static void test_table(void **state)
{
    /* Entries 1 and 2; then an offset that is not a constant, one beyond the end, and a table that is read. */
    static const struct {
        const char *elements;
        size_t n;
        bool constant;
    } cases[] = {
        {BODY("\x09\x0d\2\0\x41\1\x0b\1\0\0\x41\2\x0b\1\1"), true},
        {BODY("\x09\7\1\0\x41\3\x0b\1\1"), true},
        {BODY("\x09\x08\1\0\x41\3\x0b\2\1\1"), false},
        {BODY("\x09\7\1\0\x23\0\x0b\1\1"), false},
        {BODY("\x09\x09\1\4\x41\1\x0b\1\xd2\1\x0b"), true},
        {BODY("\x09\x09\1\4\x41\1\x0b\1\xd0\x70\x0b"), false},
        {BODY("\x09\5\1\1\0\1\1"), true}, /* passive */
        {BODY("\x09\7\1\0\x41\1\x0b\1\5"), false},
    };

    assert_int_equal(chdir(*state), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes b = program(cases[i].elements, cases[i].n, BODY(CONST));
        struct functions f;
        struct module m;

        read_bytes(&b, &m, &f);
        if (table_write(&m, &f) != cases[i].constant)
            print_error("case %zu\n", i);
        assert_int_equal(table_write(&m, &f), cases[i].constant);
    }
    {
        struct bytes b = program(cases[0].elements, cases[0].n, BODY(CONST));
        struct functions f;
        struct module m;
        char want[200];
        uint8_t *text;
        size_t n;

        read_bytes(&b, &m, &f);
        assert_true(table_write(&m, &f));
        text = read_file("table.s", &n);
        text[n] = '\0';
        snprintf(want, sizeof want,
                 "guest_table:\n    .quad 0\n    .long w2c_guest_s%016llx - guest_table, 2\n"
                 "    .long w2c_guest_s%016llx - guest_table, 1\n    .quad 0\n",
                 (unsigned long long)f.shapes[0].hash, (unsigned long long)f.shapes[1].hash);
        assert_contains((const char *)text, want);
        text = read_file("table.h", &n);
        text[n] = '\0';
        assert_string_equal(
            (const char *)text,
            "#define GUEST_TABLE_SIZE 4u\n#define NUMBER_OF_w2c_guest_t0 1\n#define NUMBER_OF_w2c_guest_t1 2\n");
    }
}

/* The same type under two numbers, one with a number that is written longer than it has to be. */
static void test_same_types(void **state)
{
    struct bytes b = header();
    struct functions f;
    struct module m;
    uint8_t *text;
    size_t n;

    assert_int_equal(chdir(*state), 0);
    SECTION(&b, WASM_TYPE, "\3\x60\1\x7f\0\x60\0\1\x7f\x60\x81\0\x7f\0");
    SECTION(&b, WASM_FUNCTION, "\1\2");
    SECTION(&b, WASM_TABLE, "\1\x70\0\1");
    SECTION(&b, WASM_ELEMENT, "\1\0\x41\0\x0b\1\0");
    SECTION(&b, WASM_CODE, "\1\2\0\x0b");
    read_bytes(&b, &m, &f);
    assert_true(table_write(&m, &f));
    text = read_file("table.h", &n);
    text[n] = '\0';
    assert_string_equal((const char *)text, "#define GUEST_TABLE_SIZE 1u\n#define NUMBER_OF_w2c_guest_t0 1\n"
                                            "#define NUMBER_OF_w2c_guest_t1 2\n#define NUMBER_OF_w2c_guest_t2 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_modules),
        cmocka_unit_test(test_start_is_a_program),
        cmocka_unit_test(test_what_instructions_do),
        cmocka_unit_test(test_shapes),
        TEST_IN_FOLDER(test_rewrite),
        TEST_IN_FOLDER(test_what_stays),
        TEST_IN_FOLDER(test_table),
        TEST_IN_FOLDER(test_same_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
