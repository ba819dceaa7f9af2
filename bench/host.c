/* host PROGRAM N IDLE: runs a Python (a native program, or a .wasm file) N times through wlpy.h, and prints
 *   run MICROSECONDS      of each fresh run of `pass`, which is dropped
 *   threads RATIO         how many times as many runs two threads do in a second as one
 *   deadline RATIO        how many times as long runs take with a deadline as without
 *   private KIB           the private memory of one of IDLE runs that wait for input
 *   eval MICROSECONDS     of each evaluation of `pass` in one session
 *   call MICROSECONDS     of a call of a function of the host
 *   fork MICROSECONDS     of each copy of a session, which is dropped unused
 *   used MICROSECONDS     the same with one evaluation of `pass`
 *   session KIB           the private memory of one of IDLE copies of a session, each after one evaluation */
#include "wlpy.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct wlpy_program *python;
/* Of runs; NULL: the defaults, which have a deadline. */
static const struct wlpy_limits *run_limits;
/* A run that waits writes a byte to the first when it has started, and ends when the second is closed. */
static int ready[2], go_on[2];

static void die(const char *why)
{
    fprintf(stderr, "host: %s\n", why);
    exit(1);
}

static double microseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void run_once(const char *code, int in, int out)
{
    const char *const argv[] = {"python", "-I", "-c", code};
    struct wlpy_run_config config = {.size = sizeof config,
                                     .argv = argv,
                                     .argc = 4,
                                     .err = {.kind = WLPY_FD, .fd = STDERR_FILENO},
                                     .limits = run_limits};
    struct wlpy_result result = {.size = sizeof result};
    struct wlpy_err err;

    if (in >= 0) {
        config.in = (struct wlpy_stream){.kind = WLPY_FD, .fd = in};
        config.out = (struct wlpy_stream){.kind = WLPY_FD, .fd = out};
    }
    if (wlpy_run(python, &config, &result, &err) < 0)
        die(err.text);
    if (result.end != WLPY_EXITED || result.status != 0)
        die(*result.text ? result.text : "the guest failed");
    wlpy_result_free(&result);
}

static void *run_often(void *n)
{
    for (int i = 0; i < *(int *)n; i++)
        run_once("pass", -1, -1);
    return NULL;
}

/* The time of n runs on each of so many threads. */
static double time_of(int threads, int n)
{
    pthread_t t[2];
    double start = microseconds();

    for (int i = 0; i < threads; i++)
        if (pthread_create(&t[i], NULL, run_often, &n) != 0)
            die("cannot start a thread");
    for (int i = 0; i < threads; i++)
        pthread_join(t[i], NULL);
    return microseconds() - start;
}

static void *idle(void *arg)
{
    (void)arg;
    run_once("import os; os.write(1, b'x'); os.read(0, 1)", go_on[0], ready[1]);
    return NULL;
}

/* The private memory of this process, in KiB. */
static long private_kib(void)
{
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    char line[256];
    long n, sum = 0;

    if (!f)
        die("cannot read /proc/self/smaps_rollup");
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "Private_Clean: %ld", &n) == 1 || sscanf(line, "Private_Dirty: %ld", &n) == 1)
            sum += n;
    fclose(f);
    return sum;
}

static void wait_side_by_side(int n)
{
    pthread_t *threads = calloc((size_t)n, sizeof *threads);
    long before = private_kib();
    char byte;

    if (!threads || pipe(ready) < 0 || pipe(go_on) < 0)
        die("cannot begin");
    for (int i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, idle, NULL) != 0)
            die("cannot start a thread");
    for (int i = 0; i < n; i++)
        if (read(ready[0], &byte, 1) != 1)
            die("a run did not start");
    printf("private %ld\n", (private_kib() - before) / n);
    close(go_on[1]);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    free(threads);
}

/* ---- sessions ---- */

static void nothing(void *arg, struct wlpy_call *call)
{
    (void)arg;
    (void)call;
}

/* The microseconds of the evaluation. */
static double eval(struct wlpy_session *session, const char *code)
{
    const struct wlpy_eval e = {.size = sizeof e, .code = code, .code_size = strlen(code)};
    struct wlpy_value value = {.size = sizeof value};
    double start = microseconds(), end;
    struct wlpy_err err;

    if (wlpy_session_eval(session, &e, &value, &err) < 0)
        die(err.text);
    end = microseconds();
    if (!value.alive || value.type)
        die(value.message ? value.message : value.text);
    wlpy_value_free(&value);
    return end - start;
}

static struct wlpy_session *copy_of(struct wlpy_session *session)
{
    struct wlpy_session *copy;
    struct wlpy_err err;

    if (wlpy_session_fork(session, NULL, &copy, &err) < 0)
        die(err.text);
    return copy;
}

static void keep_copies(struct wlpy_session *session, int n)
{
    struct wlpy_session **copies = calloc((size_t)n, sizeof(struct wlpy_session *));
    long before;

    if (!copies)
        die("out of memory");
    wlpy_session_free(copy_of(session));
    before = private_kib();
    for (int i = 0; i < n; i++) {
        copies[i] = copy_of(session);
        eval(copies[i], "pass");
    }
    printf("session %ld\n", (private_kib() - before) / n);
    for (int i = 0; i < n; i++)
        wlpy_session_free(copies[i]);
    free(copies);
}

static void use_sessions(int n, int copies)
{
    const struct wlpy_function function = {.size = sizeof function, .name = "nothing", .bytes = true, .call = nothing};
    const char *const argv[] = {"python"};
    const struct wlpy_limits limits = {.size = sizeof limits, .host_calls = WLPY_UNLIMITED};
    const struct wlpy_run_config config = {
        .size = sizeof config, .argv = argv, .argc = 1, .limits = &limits, .functions = &function, .function_count = 1};
    struct wlpy_session *session;
    struct wlpy_err err;

    if (wlpy_session_new(python, &config, &session, &err) < 0)
        die(err.text);
    eval(session, "import wlhost; call = wlhost._wlhost.call");
    eval(session, "pass");
    for (int i = 0; i < n; i++)
        printf("eval %.1f\n", eval(session, "pass"));
    for (int i = 0; i < n / 10 + 1; i++) {
        double with = eval(session, "for i in range(1000): call('nothing', b'')"),
               without = eval(session, "for i in range(1000): pass");

        printf("call %.3f\n", (with - without) / 1000);
    }
    for (int used = 0; used < 2; used++)
        for (int i = 0; i < n; i++) {
            double start = microseconds();
            struct wlpy_session *copy = copy_of(session);

            if (used)
                eval(copy, "pass");
            wlpy_session_free(copy);
            printf("%s %.1f\n", used ? "used" : "fork", microseconds() - start);
        }
    keep_copies(session, copies);
    wlpy_session_free(session);
}

int main(int argc, char **argv)
{
    int n = argc == 4 ? atoi(argv[2]) : 0, waiting = argc == 4 ? atoi(argv[3]) : 0;
    struct wlpy_engine *engine;
    struct wlpy_err err;
    bool native;

    if (n <= 0 || waiting <= 0)
        die("usage: host PROGRAM N IDLE");
    native = strlen(argv[1]) > 3 && !strcmp(argv[1] + strlen(argv[1]) - 3, ".so");
    if (wlpy_engine_new(NULL, &engine, &err) < 0 ||
        (native ? wlpy_program_load_native : wlpy_program_load)(engine, argv[1], &python, &err) < 0)
        die(err.text);
    run_once("pass", -1, -1);
    for (int i = 0; i < n; i++) {
        double start = microseconds();

        run_once("pass", -1, -1);
        printf("run %.1f\n", microseconds() - start);
    }
    /* In turn, so that a machine that becomes slower meanwhile changes both. */
    for (int i = 0; i < 5; i++) {
        double one = time_of(1, n / 5 + 1), two = time_of(2, n / 5 + 1);

        printf("threads %.3f\n", 2 * one / two);
    }
    for (int i = 0; i < 11; i++) {
        const struct wlpy_limits none = {.size = sizeof none, .deadline_ms = WLPY_UNLIMITED, .cpu_ms = WLPY_UNLIMITED};
        double with = time_of(1, n / 10 + 1), without;

        run_limits = &none;
        without = time_of(1, n / 10 + 1);
        run_limits = NULL;
        printf("deadline %.4f\n", with / without);
    }
    wait_side_by_side(waiting);
    use_sessions(n, waiting);
    wlpy_program_free(python);
    wlpy_engine_free(engine);
    return 0;
}
