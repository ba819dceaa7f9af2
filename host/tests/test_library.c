/* Runs through wlpy.h: streams, deadlines, cancels, and the process state that the library must not change. */
#include "library.h"

/* Copies all of its input to its output, and exits with the number of its reads. */
static const char copying[] =
    "(module (import \"wasi_snapshot_preview1\" \"fd_read\" (func $r (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"fd_write\" (func $w (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $e (param i32)))"
    " (memory (export \"memory\") 1) (global $n (mut i32) (i32.const 0))"
    " (func (export \"_start\") (loop $l"
    "  (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 16))"
    "  (if (call $r (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (call $e (i32.const 99))))"
    "  (global.set $n (i32.add (global.get $n) (i32.const 1)))"
    "  (i32.store (i32.const 4) (i32.load (i32.const 8)))"
    "  (if (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)) (then (call $e (i32.const 98))))"
    "  (br_if $l (i32.load (i32.const 8)))) (call $e (global.get $n))))";

static const char spinning[] = "(module (memory (export \"memory\") 1) (func (export \"_start\") (loop $l (br $l))))";

static struct wlpy_program *load(struct wlpy_engine *engine, const char *text)
{
    struct wlpy_program *program;
    wasm_byte_vec_t binary;

    to_binary(text, &binary);
    put_file("run.wasm", binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    assert_int_equal(wlpy_program_load(engine, "run.wasm", &program, &why), 0);
    return program;
}

static struct wlpy_engine *stoppable(void)
{
    const struct wlpy_engine_config config = {.stoppable = true};
    struct wlpy_engine *engine;

    assert_int_equal(wlpy_engine_new(&config, &engine, &why), 0);
    return engine;
}

struct told {
    char text[64];
    size_t n;
};

static ssize_t tell(void *arg, const void *from, size_t n)
{
    struct told *t = arg;

    assert_true(t->n + n <= sizeof t->text);
    memcpy(t->text + t->n, from, n);
    t->n += n;
    return (ssize_t)n;
}

static ssize_t refuse(void *arg, void *to, size_t n)
{
    (void)arg;
    (void)to;
    (void)n;
    errno = EAGAIN;
    return -1;
}

static void test_streams(void **state)
{
    struct wlpy_engine *engine = stoppable();
    struct wlpy_program *program = load(engine, copying);
    struct told told = {.n = 0};
    struct wlpy_run_config config = {.in = {.kind = WLPY_MEMORY, .bytes = "twenty bytes of text", .size = 20},
                                     .out = {.kind = WLPY_MEMORY}};
    struct wlpy_result result;

    (void)state;
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(result.status, 3);
    assert_false(result.returned);
    assert_int_equal(result.out_size, 20);
    assert_memory_equal(result.out, "twenty bytes of text", 20);
    assert_int_equal(result.err_size, 0);
    wlpy_result_free(&result);
    config.out = (struct wlpy_stream){.kind = WLPY_CALL, .write = tell, .arg = &told};
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(told.n, 20);
    assert_null(result.out);
    /* No streams at all, and a stream that the caller refuses. */
    config = (struct wlpy_run_config){0};
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(result.status, 1);
    config.in = (struct wlpy_stream){.kind = WLPY_CALL, .read = refuse};
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(result.status, 99);
    /* A limit: the part that fits is written. */
    config.in = (struct wlpy_stream){.kind = WLPY_MEMORY, .bytes = "twenty bytes of text", .size = 20};
    config.out = (struct wlpy_stream){.kind = WLPY_MEMORY};
    config.limits.output = 17;
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(result.end, WLPY_OUTPUT);
    assert_int_equal(result.status, 134);
    assert_int_equal(result.out_size, 17);
    assert_memory_equal(result.out, "twenty bytes of t", 17);
    wlpy_result_free(&result);
    config.in = (struct wlpy_stream){.kind = WLPY_FD, .fd = 1000};
    assert_int_equal(wlpy_run(program, &config, &result, &why), -WLPY_E_SETUP);
    assert_non_null(strstr(why.text, "descriptor 1000"));
    wlpy_program_free(program);
    wlpy_engine_free(engine);
}

static void test_a_deadline(void **state)
{
    struct wlpy_engine *engine = stoppable(), *other;
    struct wlpy_program *program = load(engine, spinning);
    struct wlpy_run_config config = {.limits.deadline_ms = 50};
    const struct wlpy_engine_config plain = {0};
    struct wlpy_result result;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
        assert_int_equal(result.end, WLPY_DEADLINE);
        assert_int_equal(result.status, 124);
        assert_string_equal(result.text, "its deadline has passed");
    }
    wlpy_program_free(program);
    wlpy_engine_free(engine);
    /* Code that was not compiled to be stoppable. */
    assert_int_equal(wlpy_engine_new(&plain, &other, &why), 0);
    program = load(other, spinning);
    assert_int_equal(wlpy_run(program, &config, &result, &why), -WLPY_E_SETUP);
    assert_non_null(strstr(why.text, "not stoppable"));
    wlpy_program_free(program);
    wlpy_engine_free(other);
}

struct cancelled {
    struct wlpy_program *program;
    struct wlpy_control *control;
    struct wlpy_result result;
};

static void *run_cancelled(void *arg)
{
    struct cancelled *c = arg;
    struct wlpy_run_config config = {.control = c->control};
    struct wlpy_err own;

    assert_int_equal(wlpy_run(c->program, &config, &c->result, &own), 0);
    return NULL;
}

static void test_cancel(void **state)
{
    struct wlpy_engine *engine = stoppable();
    struct wlpy_program *program = load(engine, spinning);
    struct cancelled all[3];
    const struct timespec tick = {.tv_nsec = 30000000};
    struct wlpy_result result;
    struct wlpy_run_config config = {0};
    pthread_t threads[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        all[i] = (struct cancelled){.program = program, .control = wlpy_control_new()};
        assert_int_equal(pthread_create(&threads[i], NULL, run_cancelled, &all[i]), 0);
    }
    nanosleep(&tick, NULL);
    /* One after the other: the others continue. */
    for (int i = 0; i < 3; i++) {
        wlpy_cancel(all[i].control);
        pthread_join(threads[i], NULL);
        assert_int_equal(all[i].result.end, WLPY_CANCELLED);
        assert_int_equal(all[i].result.status, 134);
    }
    /* Before the run has begun. */
    config.control = all[0].control;
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(result.end, WLPY_CANCELLED);
    for (int i = 0; i < 3; i++)
        wlpy_control_free(all[i].control);
    wlpy_program_free(program);
    wlpy_engine_free(engine);
}

/* A call that waits in the host. */
static void test_cancel_a_wait(void **state)
{
    struct wlpy_engine *engine = stoppable();
    struct wlpy_program *program = load(engine, copying);
    struct wlpy_run_config config = {.limits.deadline_ms = 40};
    struct wlpy_result result;
    int p[2];

    (void)state;
    assert_int_equal(pipe(p), 0);
    config.in = (struct wlpy_stream){.kind = WLPY_FD, .fd = p[0]};
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(result.end, WLPY_DEADLINE);
    close(p[0]);
    close(p[1]);
    wlpy_program_free(program);
    wlpy_engine_free(engine);
}

/* The library handles one of the process's signals, and its engine handles the signals of faults. */
static void test_signals_stay(void **state)
{
    struct wlpy_engine *engine;
    struct wlpy_program *program;
    struct wlpy_run_config config = {.limits.deadline_ms = 1000, .control = wlpy_control_new()};
    struct wlpy_result result;
    struct sigaction before[NSIG], now;
    sigset_t mask, mask_now;

    (void)state;
    for (int i = 1; i < NSIG; i++)
        sigaction(i, NULL, &before[i]);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    engine = stoppable();
    program = load(engine, copying);
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    wlpy_program_free(program);
    wlpy_engine_free(engine);
    wlpy_control_free(config.control);
    for (int i = 1; i < NSIG; i++)
        if (sigaction(i, NULL, &now) == 0 && i != SIGRTMAX - 2 && i != SIGSEGV && i != SIGBUS && i != SIGILL &&
            i != SIGFPE && i != SIGTRAP)
            assert_true(now.sa_handler == before[i].sa_handler);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_now);
    for (int i = 1; i < NSIG; i++)
        assert_int_equal(sigismember(&mask, i), sigismember(&mask_now, i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),       cmocka_unit_test(test_a_deadline),   cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_a_wait), cmocka_unit_test(test_signals_stay),
    };

    return cmocka_run_group_tests_name("library", tests, set_up, tear_down);
}
