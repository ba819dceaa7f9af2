/* What wlpy.h has beside runs: engines, programs from memory, arguments for Python. */
#include "abi/native.h"
#include "library.h"

static struct wlpy_engine *engine_with(struct wlpy_engine_config config)
{
    struct wlpy_engine *engine;

    config.size = sizeof config;
    assert_int_equal(wlpy_engine_new(&config, &engine, &why), 0);
    return engine;
}

static struct wlpy_program *from_text(struct wlpy_engine *engine, const char *text)
{
    struct wlpy_program *program;
    wasm_byte_vec_t binary;

    to_binary(text, &binary);
    assert_int_equal(wlpy_program_from_bytes(engine, "text", binary.data, binary.size, &program, &why), 0);
    /* The caller's bytes are not used any more. */
    memset(binary.data, 0, binary.size);
    wasm_byte_vec_delete(&binary);
    return program;
}

static int status_of(struct wlpy_program *program, const struct wlpy_run_config *config)
{
    struct wlpy_result result = {.size = sizeof result};

    assert_int_equal(wlpy_run(program, config, &result, &why), 0);
    wlpy_result_free(&result);
    return result.end == WLPY_EXITED ? result.status : -(int)result.end;
}

static void test_a_program_from_memory(void **state)
{
    static const char text[] = "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $e (param i32)))"
                               " (func (export \"_start\") (call $e (i32.const 5))))";
    const struct wlpy_run_config config = {.size = sizeof config};
    struct wlpy_engine *engine = engine_with((struct wlpy_engine_config){0});
    struct wlpy_program *program = from_text(engine, text);

    (void)state;
    assert_int_equal(status_of(program, &config), 5);
    wlpy_program_free(program);
    wlpy_engine_free(engine);
    /* The second time it comes from the cache. */
    for (int i = 0; i < 2; i++) {
        engine = engine_with((struct wlpy_engine_config){.cache_dir = "cache"});
        program = from_text(engine, text);
        assert_int_equal(status_of(program, &config), 5);
        wlpy_program_free(program);
        wlpy_engine_free(engine);
    }
}

static void test_bytes_that_are_no_program(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } wrong[] = {{"", 0, "cannot run text: it is not a WebAssembly file"},
                 {NULL, 100, "cannot run text: it is not a WebAssembly file"},
                 {"\0asm\1\0\0", 7, "cannot run text: it is not a WebAssembly file"},
                 {"\0asm\15\0\1\0", 8, "cannot run text: it is a component"},
                 {"\177ELF....", 8, "cannot run text: it is not a WebAssembly file"},
                 {"\0asm\1\0\0\0\1\377", 10, "cannot run text: it is not a valid WebAssembly module"},
                 {"\0asm\1\0\0\0", SIZE_MAX, "cannot run text: it has more than 1 GiB"}};
    struct wlpy_engine *engine = engine_with((struct wlpy_engine_config){.cache_dir = "cache"});
    struct wlpy_program *program = (void *)1;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(wlpy_program_from_bytes(engine, "text", wrong[i].bytes, wrong[i].size, &program, &why),
                         -WLPY_E_MODULE);
        assert_non_null(strstr(why.text, wrong[i].text));
        assert_null(program);
    }
    wlpy_engine_free(engine);
}

/* What is loaded as WebAssembly is never run as a program of this machine, and the other way round. */
static void test_native_files(void **state)
{
    struct wlpy_engine *engine = engine_with((struct wlpy_engine_config){0});
    struct wlpy_program *program;

    (void)state;
    assert_int_equal(wlpy_program_load(engine, "/proc/self/exe", &program, &why), -WLPY_E_MODULE);
    put_file("text.so", "text", 4);
    assert_int_equal(wlpy_program_load_native(engine, "text.so", &program, &why), -WLPY_E_MISSING);
    assert_int_equal(wlpy_program_load_native(engine, "nowhere.so", &program, &why), -WLPY_E_MISSING);
    /* (A name without a slash is a file here, not one that is looked for.) */
    assert_int_equal(wlpy_program_load_native(engine, "libc.so.6", &program, &why), -WLPY_E_MISSING);
    assert_null(program);
    /* Programs for other versions of the library. */
    for (int i = 0; i < 3; i++) {
        const struct native_guest other = {.abi = i == 0   ? NATIVE_ABI + 1
                                                  : i == 1 ? NATIVE_ABI - 1
                                                           : NATIVE_ABI,
                                           .size = i == 2 ? 16 : sizeof other,
                                           .name = "other"};

        assert_int_equal(wlpy_program_builtin(engine, &other, &program, &why), -WLPY_E_MODULE);
        assert_non_null(strstr(why.text, "cannot run a native program of version"));
        assert_null(program);
    }
    wlpy_engine_free(engine);
}

static void test_engines(void **state)
{
    const struct wlpy_limits limits = {.size = sizeof limits, .deadline_ms = 50},
                             cpu = {.size = sizeof cpu, .cpu_ms = 9};
    struct wlpy_run_config config = {.size = sizeof config};
    struct wlpy_engine_config how = {.size = sizeof how, .stack = 1};
    struct wlpy_result result = {.size = sizeof result};
    struct wlpy_program *program;
    struct wlpy_engine *engine;

    (void)state;
    assert_int_equal(wlpy_engine_new(&how, &engine, &why), -WLPY_E_SETUP);
    assert_null(engine);
    how = (struct wlpy_engine_config){0};
    assert_int_equal(wlpy_engine_new(&how, &engine, &why), -WLPY_E_SETUP);
    assert_non_null(strstr(why.text, "wlpy_engine_config whose size is 0"));
    /* Code that was not compiled for being stopped. */
    how = (struct wlpy_engine_config){.size = sizeof how, .unstoppable = true};
    assert_int_equal(wlpy_engine_new(&how, &engine, &why), 0);
    program = from_text(engine, "(module (func (export \"_start\")))");
    assert_int_equal(status_of(program, &config), 0);
    for (int i = 0; i < 2; i++) {
        config.limits = i ? &cpu : &limits;
        assert_int_equal(wlpy_run(program, &config, &result, &why), -WLPY_E_SETUP);
        assert_non_null(strstr(why.text, "unstoppable"));
    }
    wlpy_program_free(program);
    wlpy_engine_free(engine);
    assert_string_equal(wlpy_version(), WLPY_VERSION);
    assert_non_null(strstr(wlpy_engine_name(), "wasmtime"));
}

/* ---- an engine for so many runs at once ---- */

static const char writes[] =
    "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func $w (param i32 i32 i32 i32) (result i32)))"
    " (memory (export \"memory\") 1) (data (i32.const 0) \"\\08\\00\\00\\00\\01\\00\\00\\00x\")"
    " (func (export \"_start\") (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))))";

struct inner {
    struct wlpy_program *program;
    int r;
};

/* While one runs, another one begins. */
static ssize_t run_one_more(void *arg, const void *from, size_t n)
{
    const struct wlpy_run_config config = {.size = sizeof config};
    struct wlpy_result result = {.size = sizeof result};
    struct inner *inner = arg;

    (void)from;
    inner->r = wlpy_run(inner->program, &config, &result, &why);
    wlpy_result_free(&result);
    return (ssize_t)n;
}

static void test_instances(void **state)
{
    (void)state;
    for (unsigned most = 1; most <= 2; most++) {
        struct wlpy_engine *engine = engine_with((struct wlpy_engine_config){.instances = most, .cache_dir = "cache"});
        struct inner inner = {.program = from_text(engine, writes)};
        const struct wlpy_run_config config = {.size = sizeof config,
                                               .out = {.kind = WLPY_CALL, .write = run_one_more, .arg = &inner}};

        for (int i = 0; i < 20; i++) {
            assert_int_equal(status_of(inner.program, &config), 0);
            assert_int_equal(inner.r, most == 1 ? -WLPY_E_SETUP : 0);
            if (most == 1)
                assert_non_null(strstr(why.text, "cannot run text: 1 run already"));
        }
        wlpy_program_free(inner.program);
        wlpy_engine_free(engine);
    }
}

/* The data of a memory is kept apart from the code, unless the code names it. Each run finds what the module says. */
static void test_data(void **state)
{
    static const char module[] =
        "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $e (param i32)))"
        " (memory (export \"memory\") 3 9) (data (i32.const 65000) \"abc\") %s (data (i32.const 65001) \"B\")"
        " (func $expect (param i32 i32 i32) (if (i32.ne (i32.load8_u (local.get 0)) (local.get 1))"
        "  (then (call $e (local.get 2)))))"
        " (func (export \"_start\")"
        "  (call $expect (i32.const 64999) (i32.const 0) (i32.const 1))"
        "  (call $expect (i32.const 65000) (i32.const 97) (i32.const 2))"
        "  (call $expect (i32.const 65001) (i32.const 66) (i32.const 3))"
        "  (call $expect (i32.const 65002) (i32.const 99) (i32.const 4))"
        "  (call $expect (i32.const 196607) (i32.const 0) (i32.const 5))"
        "  (if (i32.ne (memory.size) (i32.const 3)) (then (call $e (i32.const 6))))"
        "  (memory.fill (i32.const 0) (i32.const 120) (i32.const 196608))"
        "  (drop (memory.grow (i32.const 2)))"
        "  (call $expect (i32.const 200000) (i32.const 0) (i32.const 7))"
        "  (i32.store8 (i32.const 200000) (i32.const 1)) %s (call $e (i32.const 0))))";
    static const char *const kinds[][2] = {{"", ""},
                                           {"", "(data.drop 0)"},
                                           {"(data $p \"qrs\")",
                                            "(memory.init $p (i32.const 0) (i32.const 1) (i32.const 2))"
                                            " (call $expect (i32.const 1) (i32.const 115) (i32.const 8))"}};
    static const char *const damages[] = {"for f in cache/*.compiled; do truncate -s -1 $f; done",
                                          "for f in cache/*.compiled; do truncate -s -65536 $f; done",
                                          "for f in cache/*.compiled; do truncate -s +65536 $f; done",
                                          "for f in cache/*.compiled; do tail -c 200 $f >end; cat end >>$f; done",
                                          "for f in cache/*.compiled; do tail -c 200 $f >end; cat end >$f; done"};
    const struct wlpy_run_config config = {.size = sizeof config};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (int cached = 0; cached < 3; cached++) {
            struct wlpy_engine *engine =
                engine_with((struct wlpy_engine_config){.cache_dir = cached ? "cache" : NULL, .quick = cached == 0});
            struct wlpy_program *program;
            char text[sizeof module + 200];

            snprintf(text, sizeof text, module, kinds[i][0], kinds[i][1]);
            program = from_text(engine, text);
            for (int run = 0; run < 5; run++)
                assert_int_equal(status_of(program, &config), 0);
            wlpy_program_free(program);
            wlpy_engine_free(engine);
        }
    /* Files in the cache that are not whole: each is replaced by another one. */
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct wlpy_engine *engine = engine_with((struct wlpy_engine_config){.cache_dir = "cache"});
        struct wlpy_program *program;
        char text[sizeof module + 200];

        assert_int_equal(system(damages[i]), 0);
        snprintf(text, sizeof text, module, "", "");
        program = from_text(engine, text);
        for (int run = 0; run < 2; run++)
            assert_int_equal(status_of(program, &config), 0);
        wlpy_program_free(program);
        wlpy_engine_free(engine);
    }
}

static void argv_is(const char **argv, size_t argc, const char *wanted)
{
    char got[128] = "";

    assert_non_null(argv);
    for (size_t i = 0; i < argc; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s|", argv[i]);
    assert_null(argv[argc]);
    assert_string_equal(got, wanted);
    free(argv);
}

static void test_arguments_of_python(void **state)
{
    static const char *const more[] = {"a", "b c"};
    const char **argv;
    size_t n;

    (void)state;
    argv = wlpy_python_argv(WLPY_CODE, "pass", NULL, 0, &n);
    argv_is(argv, n, "python|-c|pass|");
    argv = wlpy_python_argv(WLPY_CODE | WLPY_ISOLATED, "pass", more, 2, &n);
    argv_is(argv, n, "python|-I|-c|pass|a|b c|");
    argv = wlpy_python_argv(WLPY_MODULE, "json.tool", more, 1, &n);
    argv_is(argv, n, "python|-m|json.tool|a|");
    argv = wlpy_python_argv(WLPY_FILE | WLPY_ISOLATED, "/d/x.py", more, 1, &n);
    argv_is(argv, n, "python|-I|/d/x.py|a|");
    assert_null(wlpy_python_argv(WLPY_CODE, "pass", NULL, SIZE_MAX / 2, &n));
}

static void exception_is(const char *text, const char *type, const char *message)
{
    struct wlpy_exception e = {.size = sizeof e};
    bool found = wlpy_python_exception(text, strlen(text), &e);

    if (!type) {
        assert_false(found);
        return;
    }
    assert_true(found);
    assert_int_equal(e.type_size, strlen(type));
    assert_memory_equal(e.type, type, e.type_size);
    assert_int_equal(e.message_size, strlen(message));
    assert_memory_equal(e.message, message, e.message_size);
    assert_ptr_equal(e.traceback + e.traceback_size, text + strlen(text));
}

#define HEAD "Traceback (most recent call last):\n  File \"<string>\", line 1, in <module>\n"

static void test_exceptions(void **state)
{
    static const char *const none[] = {"",
                                       "\n",
                                       "text",
                                       "ValueError: no\n",
                                       "Traceback (most recent call last):\n",
                                       HEAD,
                                       HEAD " ",
                                       HEAD "two words\n",
                                       HEAD "\n",
                                       HEAD ": no type\n",
                                       "Traceback (most recent call last):"};
    struct wlpy_exception small = {.size = 8};

    (void)state;
    exception_is(HEAD "ValueError: a text\n", "ValueError", "a text");
    exception_is(HEAD "ValueError: a text", "ValueError", "a text");
    exception_is(HEAD "KeyboardInterrupt\n", "KeyboardInterrupt", "");
    exception_is(HEAD "json.decoder.JSONDecodeError: Expecting value: line 1\n", "json.decoder.JSONDecodeError",
                 "Expecting value: line 1");
    exception_is(HEAD "ValueError: one\n two\n\nthree\n", "ValueError", "one\n two\n\nthree");
    exception_is(HEAD "ValueError:\n", "ValueError", "");
    exception_is("a warning\n" HEAD "    f()\n    ~^^\n  File \"x.py\", line 2, in f\nKeyError: 'a'\n", "KeyError",
                 "'a'");
    exception_is(HEAD "KeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\n" HEAD
                      "TypeError: 2\n",
                 "TypeError", "2");
    exception_is("  File \"<string>\", line 1\n    1 +\n       ^\nSyntaxError: invalid syntax\n", "SyntaxError",
                 "invalid syntax");
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        exception_is(none[i], NULL, NULL);
    assert_false(wlpy_python_exception(HEAD "ValueError: a\n", sizeof HEAD + 14, &small));
}

static int stop_at_second(void *arg, const char *path, int64_t size)
{
    char *text = arg;

    snprintf(text + strlen(text), 200 - strlen(text), "%s=%d|", path, (int)size);
    return strchr(text, '|') == strrchr(text, '|') ? 0 : 7;
}

static int all(void *arg, const char *path, int64_t size)
{
    char *text = arg;

    snprintf(text + strlen(text), 200 - strlen(text), "%s=%d|", path, (int)size);
    return 0;
}

static void test_files(void **state)
{
    struct wlpy_files *files = wlpy_files_new(1000, 8);
    static const struct {
        const char *path, *text;
    } wrong[] = {{"", "there is no such file"},
                 {"/a", "the path leads out"},
                 {"../a", "the path leads out"},
                 {"dir/../../a", "the path leads out"},
                 {"dir", "it is a directory"},
                 {"dir/", "it is a directory"},
                 {"file/a", "a part of the path is not a directory"}};
    char text[200] = "", path[6000];
    const void *bytes;
    size_t size;

    (void)state;
    assert_int_equal(wlpy_files_put(files, "dir/sub/a.txt", "text", 4, &why), 0);
    assert_int_equal(wlpy_files_put(files, "dir/b", NULL, 0, &why), 0);
    assert_int_equal(wlpy_files_put(files, "file", "longer", 6, &why), 0);
    assert_int_equal(wlpy_files_put(files, "file", "short", 5, &why), 0);
    assert_int_equal(wlpy_files_get(files, "dir/../file", &bytes, &size, &why), 0);
    assert_int_equal(size, 5);
    assert_memory_equal(bytes, "short", 5);
    assert_int_equal(wlpy_files_get(files, "dir/b", &bytes, &size, &why), 0);
    assert_non_null(bytes);
    assert_int_equal(size, 0);
    assert_int_equal(wlpy_files_list(files, all, text), 0);
    assert_string_equal(text, "dir/=0|dir/sub/=0|dir/sub/a.txt=4|dir/b=0|file=5|");
    *text = '\0';
    assert_int_equal(wlpy_files_list(files, stop_at_second, text), 7);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(wlpy_files_put(files, wrong[i].path, "x", 1, &why), -WLPY_E_SETUP);
        assert_non_null(strstr(why.text, wrong[i].text));
        assert_int_equal(wlpy_files_get(files, wrong[i].path, &bytes, &size, &why), -WLPY_E_SETUP);
        assert_null(bytes);
    }
    memset(path, 'a', sizeof path);
    path[300] = path[sizeof path - 1] = '\0';
    assert_int_equal(wlpy_files_put(files, path, "x", 1, &why), -WLPY_E_SETUP);
    path[300] = 'a';
    assert_int_equal(wlpy_files_put(files, path, "x", 1, &why), -WLPY_E_SETUP);
    /* A file that is too large leaves what was there, and nothing new. */
    assert_int_equal(wlpy_files_put(files, "file", path, 1001, &why), -WLPY_E_SETUP);
    assert_non_null(strstr(why.text, "limit"));
    assert_int_equal(wlpy_files_put(files, "new", path, 1001, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_files_get(files, "new", &bytes, &size, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_files_get(files, "file", &bytes, &size, &why), 0);
    assert_int_equal(size, 5);
    assert_int_equal(wlpy_files_remove(files, "dir", &why), -WLPY_E_SETUP);
    assert_non_null(strstr(why.text, "not empty"));
    assert_int_equal(wlpy_files_remove(files, "dir/sub/a.txt", &why), 0);
    assert_int_equal(wlpy_files_remove(files, "dir/sub", &why), 0);
    wlpy_files_free(files);
    wlpy_files_free(NULL);
}

/* NULL where something is needed is an error of the caller's, and no crash. */
static void test_null(void **state)
{
    struct wlpy_engine *engine = engine_with((struct wlpy_engine_config){0});
    struct wlpy_program *program = from_text(engine, "(module (func (export \"_start\")))"), *none;
    static const char *const list[] = {"a", NULL};
    static const struct wlpy_dir no_guest = {.host = "."}, no_host = {.guest = "/"};
    static const int fds[] = {0};
    const struct wlpy_run_config wrong[] = {{.argc = 1},
                                            {.argv = list, .argc = 2},
                                            {.envc = 1},
                                            {.dir_count = 1},
                                            {.dirs = &no_guest, .dir_count = 1},
                                            {.dirs = &no_host, .dir_count = 1},
                                            {.in = {.kind = WLPY_MEMORY, .size = 1}},
                                            {.in = {.kind = WLPY_CALL}},
                                            {.out = {.kind = WLPY_CALL}},
                                            {.err = {.kind = WLPY_CALL}},
                                            {.fd_count = 1},
                                            {.net_count = 1},
                                            {.net_listen = list, .net_listen_count = 2},
                                            {.function_count = 1},
                                            {.secret_count = 1}};
    const struct wlpy_run_config right = {.size = sizeof right, .fds = fds};
    struct wlpy_result result = {.size = sizeof result};
    struct wlpy_files *files = wlpy_files_new(0, 0);
    struct wlpy_session *session;
    const void *bytes;
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct wlpy_run_config config = wrong[i];

        config.size = sizeof config;
        assert_int_equal(wlpy_run(program, &config, &result, &why), -WLPY_E_SETUP);
        assert_non_null(strstr(why.text, "NULL"));
        assert_int_equal(wlpy_session_new(program, &config, &session, &why), -WLPY_E_SETUP);
        assert_null(session);
        assert_non_null(strstr(why.text, "NULL"));
    }
    assert_int_equal(wlpy_run(program, NULL, &result, NULL), -WLPY_E_SETUP);
    assert_int_equal(wlpy_run(NULL, &right, &result, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_run(program, &right, NULL, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_snapshot(engine, "x.wasm", NULL, "y", &right, &result, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_engine_new(NULL, NULL, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_program_load(engine, NULL, &none, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_program_load(NULL, "x.wasm", &none, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_program_load(engine, "x.wasm", NULL, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_program_load_native(engine, NULL, &none, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_session_new(NULL, &right, &session, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_session_fork(NULL, NULL, &session, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_session_eval(NULL, NULL, NULL, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_session_save(NULL, NULL, NULL, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_files_put(files, NULL, "", 0, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_files_put(files, "a", NULL, 1, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_files_get(NULL, "a", &bytes, &n, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_files_remove(files, NULL, &why), -WLPY_E_SETUP);
    assert_int_equal(wlpy_files_list(files, NULL, NULL), -WLPY_E_SETUP);
    assert_null(wlpy_python_argv(WLPY_CODE, NULL, NULL, 0, &n));
    assert_null(wlpy_python_argv(WLPY_CODE, "1", NULL, 1, &n));
    assert_int_equal(wlpy_interrupt(NULL), WLPY_NOBODY);
    wlpy_cancel(NULL);
    wlpy_result_free(NULL);
    wlpy_value_free(NULL);
    /* And what is right still is. */
    assert_int_equal(status_of(program, &right), 0);
    wlpy_files_free(files);
    wlpy_program_free(program);
    wlpy_engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_program_from_memory),
        cmocka_unit_test(test_bytes_that_are_no_program),
        cmocka_unit_test(test_native_files),
        cmocka_unit_test(test_engines),
        cmocka_unit_test(test_instances),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_arguments_of_python),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_exceptions),
        cmocka_unit_test(test_null),
    };

    return cmocka_run_group_tests_name("library", tests, set_up, tear_down);
}
