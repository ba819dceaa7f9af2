/* What a configuration means where it says nothing, and what a session keeps of it, with a real Python: session-limits
 * wasm|native FILE. Prints a line for each case that fails, and ends with 1 if there is one. */
#include <wlpy.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct wlpy_engine *engine;
static struct wlpy_program *python;
static struct wlpy_session *session;
static struct wlpy_value v = {.size = sizeof v};
static struct wlpy_err err;
static struct wlpy_run_config config;
static int failures;

static void check_at(int line, bool well, const char *what)
{
    if (well)
        return;
    printf("line %d: %s\n  repr %s, %s: %s, end %d, %s%s\n", line, what, v.repr ? v.repr : "-", v.type ? v.type : "-",
           v.message ? v.message : "", (int)v.end, v.text, err.text);
    failures++;
}
#define CHECK(it) check_at(__LINE__, it, #it)

static void begin(void)
{
    static const char *const name[] = {"python"};

    wlpy_session_free(session);
    config.size = sizeof config;
    config.argv = name;
    config.argc = 1;
    config.out = config.err = (struct wlpy_stream){.kind = WLPY_MEMORY};
    err.text[0] = '\0';
    if (wlpy_session_new(python, &config, &session, &err) == 0)
        return;
    printf("no session: %s\n", err.text);
    exit(1);
}

static void eval(const char *code)
{
    const struct wlpy_eval e = {.size = sizeof e, .code = code, .code_size = strlen(code)};

    wlpy_value_free(&v);
    err.text[0] = '\0';
    if (wlpy_session_eval(session, &e, &v, &err) < 0)
        failures++;
}

static bool gives(const char *code, const char *repr)
{
    eval(code);
    return v.alive && v.repr && !strcmp(v.repr, repr);
}

static bool raises(const char *code, const char *type)
{
    eval(code);
    return v.alive && v.type && !strcmp(v.type, type);
}

/* ---- limits ---- */

static void nothing(void *arg, struct wlpy_call *call)
{
    (void)arg;
    (void)call;
}

static const char many_files[] = "import os\nn = 0\n"
                                 "try:\n  for n in range(20000): os.mkdir(f'/data/{n}')\nexcept OSError: pass\nn";
static const char many_descriptors[] =
    "import os\nfds = []\ntry:\n  while len(fds) < 1000: fds.append(os.open('/data/f', os.O_RDONLY | os.O_CREAT))\n"
    "except OSError: pass\nn = len(fds)\nfor fd in fds: os.close(fd)\nn";
static const char many_bytes[] =
    "try:\n  with open('/data/f', 'wb') as f:\n    for n in range(80): f.write(bytes(1 << 20)); f.flush()\n"
    "except OSError: pass\nn";

/* Without a word, all limits hold; and each can be lifted. */
static void test_defaults(void)
{
    const struct wlpy_function function = {.size = sizeof function, .name = "nothing", .call = nothing};
    struct wlpy_dir dir = {.guest = "/data"};
    const uint64_t none = WLPY_UNLIMITED;
    const struct wlpy_limits limits = {.size = sizeof limits,
                                       .memory = none,
                                       .output = none,
                                       .deadline_ms = none,
                                       .cpu_ms = none,
                                       .descriptors = none,
                                       .file_bytes = none,
                                       .files = none,
                                       .sockets = none,
                                       .received = none,
                                       .sent = none,
                                       .host_calls = none,
                                       .listening = none,
                                       .lookups = none};

    config = (struct wlpy_run_config){.dirs = &dir, .dir_count = 1, .functions = &function, .function_count = 1};
    for (int lifted = 0; lifted < 2; lifted++) {
        dir.files = wlpy_files_new(100 << 20, 30000);
        config.limits = lifted ? &limits : NULL;
        begin();
        if (lifted)
            CHECK(gives("len(bytearray(300 << 20))", "314572800"));
        else
            CHECK(raises("bytearray(300 << 20)", "MemoryError"));
        /* (Streams, directories and the channel are among them.) */
        CHECK(lifted ? gives(many_descriptors, "1000") : gives(many_descriptors, "252"));
        CHECK(gives(many_bytes, lifted ? "79" : "64"));
        CHECK(gives("import wlhost\nn = 0\ntry:\n  for n in range(10500): wlhost.nothing()\nexcept OSError: pass\nn",
                    lifted ? "10499" : "10000"));
        CHECK(gives(many_files, lifted ? "19999" : "9999"));
        eval("print('x' * 2_000_000)");
        CHECK(lifted ? v.alive && v.out_size == 2000001 : v.end == WLPY_OUTPUT && v.out_size == 1 << 20);
        wlpy_session_free(session);
        session = NULL;
        wlpy_files_free(dir.files);
    }
}

/* (The only one that takes its time: 30 s, in which it sleeps.) */
static void test_default_deadline(void)
{
    const struct wlpy_eval endless = {.size = sizeof endless,
                                      .code = "while True: pass",
                                      .code_size = 16,
                                      .deadline_ms = WLPY_UNLIMITED,
                                      .cpu_ms = 200};

    config = (struct wlpy_run_config){.size = 0};
    begin();
    eval("import time; time.sleep(300)");
    CHECK(v.alive && v.end == WLPY_DEADLINE);
    wlpy_value_free(&v);
    CHECK(wlpy_session_eval(session, &endless, &v, &err) == 0 && v.end == WLPY_CPU);
}

/* ---- clocks ---- */

static void test_coarse_clocks(void)
{
    struct wlpy_files *files = wlpy_files_new(0, 0);
    const struct wlpy_dir dir = {.guest = "/data", .files = files};
    const struct wlpy_fixed fixed = {sizeof fixed, UINT64_C(1700000000123456789), 5};

    config = (struct wlpy_run_config){.clock_ns = 250000000, .dirs = &dir, .dir_count = 1};
    for (int i = 0; i < 2; i++) {
        config.fixed = i ? &fixed : NULL;
        begin();
        CHECK(gives("import os, time\n"
                    "open('/data/f', 'w').close(); os.utime('/data/f'); s = os.stat('/data/f')\n"
                    "{t % 250_000_000 for t in (time.time_ns(), time.monotonic_ns(), time.perf_counter_ns(), "
                    "time.process_time_ns(), s.st_mtime_ns, s.st_ctime_ns)}",
                    "{0}"));
        CHECK(gives("time.clock_getres(time.CLOCK_REALTIME)", "0.25"));
        CHECK(gives("a = time.monotonic(); time.sleep(0.6); 0.5 <= time.monotonic() - a <= 1.5", "True"));
    }
    wlpy_session_free(session);
    session = NULL;
    /* Times of files in memory are of the fixed clock, also those that the guest sets. */
    config.clock_ns = 0;
    begin();
    CHECK(gives("import os; os.utime('/data/f'); s = os.stat('/data/f')\n"
                "{t // 10**9 for t in (s.st_mtime_ns, s.st_ctime_ns)}",
                "{1700000000}"));
    wlpy_session_free(session);
    session = NULL;
    wlpy_files_free(files);
}

/* ---- what belongs to the session ---- */

/* The caller's secrets may be gone when the session is copied. */
static void test_secrets_are_kept(void)
{
    struct wlpy_secret *secret = calloc(1, sizeof *secret);
    char *name = strdup("API_KEY"), *value = strdup("0123456789abcdef"), *host = strdup("api.example.com");
    struct wlpy_session *copy;

    *secret = (struct wlpy_secret){sizeof *secret, name, value, host};
    config = (struct wlpy_run_config){.secrets = secret, .secret_count = 1};
    begin();
    for (char *at = value; *at; at++)
        *at = '\n';
    free(name);
    free(value);
    free(host);
    memset(secret, 0xa5, sizeof *secret);
    free(secret);
    CHECK(wlpy_session_fork(session, NULL, &copy, &err) == 0);
    wlpy_session_free(session);
    session = copy;
    if (copy)
        CHECK(gives("import os; 'API_KEY' in os.environ, '0123456789abcdef' in str(os.environ)", "(True, False)"));
}

/* A guest that asks for answers and does not take them does not fill the host's memory. */
static char megabyte[1 << 20];

static void *end_it(void *call)
{
    wlpy_call_return(call, megabyte, sizeof megabyte);
    return NULL;
}

static void later(void *arg, struct wlpy_call *call)
{
    pthread_t thread;

    (void)arg;
    wlpy_call_later(call);
    if (pthread_create(&thread, NULL, end_it, call) != 0)
        abort();
    pthread_join(thread, NULL);
}

static long resident_kib(void)
{
    char line[200];
    long kib = 0, all = 0;
    FILE *f = fopen("/proc/self/status", "r");

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "RssAnon: %ld", &kib) == 1)
            all = kib;
    if (f)
        fclose(f);
    return all;
}

static void test_answers_that_nobody_takes(void)
{
    const struct wlpy_function function = {.size = sizeof function, .name = "later", .bytes = true, .call = later};
    long before;

    config = (struct wlpy_run_config){.functions = &function, .function_count = 1};
    begin();
    eval("import _wlhost");
    before = resident_kib();
    CHECK(gives("{_wlhost.call('later', b'', True)[0] for i in range(1000)}", "{2}"));
    CHECK(resident_kib() - before < 100 << 10);
    /* They are there for the one who takes them, up to 64 MiB; the others have failed. */
    CHECK(gives("done = []\n"
                "while (d := _wlhost.done()) is not None: done.append(d[1])\n"
                "len(done), sum(d[0] == 0 and len(d[1]) == 1 << 20 for d in done)",
                "(1000, 64)"));
    CHECK(gives("len(_wlhost.call('later', b'')[1])", "1048576"));
}

/* A thousand sessions that live at once, each with a state of its own. */
static void test_a_thousand(void)
{
    enum { SESSIONS = 1000 };
    static struct wlpy_session *all[SESSIONS];
    struct wlpy_session *warm;
    long before = resident_kib();
    int well = 0, i;

    config = (struct wlpy_run_config){.size = 0};
    begin();
    CHECK(gives("import json, re, dataclasses; numbers = []; len(numbers)", "0"));
    warm = session;
    for (i = 0; i < SESSIONS && wlpy_session_fork(warm, NULL, &all[i], &err) == 0; i++) {
        char code[100];

        session = all[i];
        snprintf(code, sizeof code, "numbers.extend([%d] * 1000); numbers[-1]", i);
        eval(code);
        well += v.alive && v.repr && atoi(v.repr) == i;
    }
    CHECK(i == SESSIONS && well == SESSIONS);
    CHECK(resident_kib() - before < 3 << 20);
    /* They still are what they were. */
    for (int k = 0; k < i; k++) {
        session = all[k];
        eval("json.dumps([numbers[0], len(numbers)])");
        well -= v.alive && v.repr && atoi(v.repr + 2) == k && strstr(v.repr, ", 1000]");
        wlpy_session_free(all[k]);
    }
    CHECK(well == 0);
    session = warm;
    CHECK(gives("numbers", "[]"));
}

/* What is longer than most_text is left out, whatever the guest's part of the interpreter thinks of it. */
static void test_long_texts(void)
{
    const struct wlpy_eval e = {.size = sizeof e, .code = "'\\u20ac' * 50", .code_size = 13, .most_text = 100};

    config = (struct wlpy_run_config){.size = 0};
    begin();
    wlpy_value_free(&v);
    CHECK(wlpy_session_eval(session, &e, &v, &err) == 0 && v.alive && !v.repr && !v.json);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(void);
    } tests[] = {
        {"defaults", test_defaults},        {"default-deadline", test_default_deadline}, {"clocks", test_coarse_clocks},
        {"secrets", test_secrets_are_kept}, {"answers", test_answers_that_nobody_takes}, {"texts", test_long_texts},
        {"thousand", test_a_thousand}};
    const struct wlpy_engine_config engine_config = {
        .size = sizeof engine_config, .quick = true, .cache_dir = getenv("WLPY_CACHE")};

    setvbuf(stdout, NULL, _IONBF, 0);
    if (argc < 3 || wlpy_engine_new(&engine_config, &engine, &err) < 0)
        return 2;
    if ((strcmp(argv[1], "native") ? wlpy_program_load(engine, argv[2], &python, &err)
                                   : wlpy_program_load_native(engine, argv[2], &python, &err)) < 0) {
        printf("%s\n", err.text);
        return 2;
    }
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (argc < 4 || !strcmp(argv[3], tests[i].name)) {
            int before = failures;

            tests[i].test();
            if (failures > before)
                printf("%s: %d failed\n", tests[i].name, failures - before);
        }
    wlpy_value_free(&v);
    wlpy_session_free(session);
    wlpy_program_free(python);
    wlpy_engine_free(engine);
    return failures ? 1 : 0;
}
