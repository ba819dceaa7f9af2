/* Helpers for tests that run one program of guests/ through wlpy.h, the same with each engine. guests.sh makes it, as
 * NAME.wasm and NAME.so. */
#ifndef TEST_ENGINES_H
#define TEST_ENGINES_H

#include "library.h"

/* AddressSanitizer's own handler would take the guests' faults, and its stack for signals the place of theirs. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "handle_segv=0:handle_sigbus=0:use_sigaltstack=0";
}

static const char *file;
static bool native;
static struct wlpy_engine *engine;
static struct wlpy_program *loaded;

static struct wlpy_program *load(void)
{
    struct wlpy_program *p;

    assert_int_equal((native ? wlpy_program_load_native : wlpy_program_load)(engine, file, &p, &why), 0);
    return p;
}

/* cmocka handles these itself during each test; a handler that is installed later than the library's has to call it. */
static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
static struct sigaction own[sizeof faults / sizeof *faults];

static void take_signals(void)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        assert_int_equal(sigaction(faults[i], &own[i], NULL), 0);
}

static int set_up_engine(void **state)
{
    struct wlpy_run_config first = {.size = sizeof first};
    struct wlpy_result result = {.size = sizeof result};
    const struct wlpy_engine_config config = {.size = sizeof config, .stack = 1 << 20};

    if (set_up(state) < 0 || wlpy_engine_new(&config, &engine, &why) < 0)
        return -1;
    loaded = load();
    if (wlpy_run(loaded, &first, &result, &why) < 0)
        return -1;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigaction(faults[i], NULL, &own[i]);
    return 0;
}

static int tear_down_engine(void **state)
{
    wlpy_program_free(loaded);
    wlpy_engine_free(engine);
    return tear_down(state);
}

static struct wlpy_result run_config(const struct wlpy_run_config *config)
{
    struct wlpy_result result = {.size = sizeof result};

    if (wlpy_run(loaded, config, &result, &why) < 0)
        fail_msg("%s", why.text);
    return result;
}

static inline void ends(struct wlpy_result result, enum wlpy_end end, int status, const char *text)
{
    assert_string_equal(result.text, text);
    assert_int_equal(result.end, end);
    assert_int_equal(result.status, status);
    wlpy_result_free(&result);
}

static int run_engine_tests(const struct CMUnitTest *tests, size_t n, int argc, char **argv)
{
    if (argc != 2)
        return 1;
    file = argv[1];
    native = strlen(file) > 3 && !strcmp(file + strlen(file) - 3, ".so");
    return _cmocka_run_group_tests(native ? "native" : "wasmtime", tests, n, set_up_engine, tear_down_engine);
}

#endif
