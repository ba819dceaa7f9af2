/* Sessions and functions of the host, with a real Python: session wasm|native FILE [TEST]. WLPY_MODULE is the .wasm
 * file that FILE is or was made from, for the test of saving, which leaves saved.wasm in the working directory. Prints
 * a line for each case that fails, and ends with 1 if there is one. */
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
static int failures;
static bool native;

static void check_at(int line, bool well, const char *what)
{
    if (well)
        return;
    printf("line %d: %s\n", line, what);
    printf("  repr %s, json %s, %s: %s, end %d, status %d, alive %d, %s; out '%.*s'; err '%.*s'\n",
           v.repr ? v.repr : "-", v.json ? v.json : "-", v.type ? v.type : "-", v.message ? v.message : "", (int)v.end,
           v.status, v.alive, v.text, (int)v.out_size, v.out ? v.out : "", (int)v.err_size, v.err ? v.err : "");
    failures++;
}
#define CHECK(it) check_at(__LINE__, it, #it)

static bool same(const char *a, const char *b)
{
    return a && !strcmp(a, b);
}

static int eval_of(struct wlpy_session *s, const char *code, uint64_t deadline_ms)
{
    const struct wlpy_eval e = {.size = sizeof e, .code = code, .code_size = strlen(code), .deadline_ms = deadline_ms};
    int r;

    wlpy_value_free(&v);
    err.text[0] = '\0';
    r = wlpy_session_eval(s, &e, &v, &err);
    if (r < 0)
        snprintf(v.text, sizeof v.text, "%.200s", err.text);
    return r;
}

static void eval(const char *code)
{
    eval_of(session, code, 0);
}

static bool gives(const char *code, const char *repr)
{
    eval(code);
    return same(v.repr, repr) && v.alive && !v.type;
}

/* ---- functions ---- */

static void add(void *arg, struct wlpy_call *call)
{
    size_t n;
    const char *text = wlpy_call_input(call, &n);
    int a, b;
    char sum[32];

    (void)arg;
    if (n > 60 || sscanf(text, "{\"args\": [%d, %d], \"kwargs\": {}}", &a, &b) != 2) {
        wlpy_call_raise(call, "TypeError", "add() takes two numbers");
        return;
    }
    snprintf(sum, sizeof sum, "%d", a + b);
    wlpy_call_return(call, sum, strlen(sum));
    if (wlpy_call_return(call, sum, strlen(sum)) == 0)
        failures++;
}

static void reverse(void *arg, struct wlpy_call *call)
{
    size_t n;
    const char *in = wlpy_call_input(call, &n);
    char *out = malloc(n + 1);

    (void)arg;
    for (size_t i = 0; i < n; i++)
        out[i] = in[n - 1 - i];
    wlpy_call_return(call, out, n);
    free(out);
}

static void fail_strangely(void *arg, struct wlpy_call *call)
{
    (void)arg;
    wlpy_call_raise(call, "NoSuchError", "on purpose");
}

static void nothing(void *arg, struct wlpy_call *call)
{
    (void)arg;
    (void)call;
}

static void again(void *arg, struct wlpy_call *call)
{
    struct wlpy_value own = {.size = sizeof own};
    struct wlpy_session *other;
    struct wlpy_err why;
    const struct wlpy_eval e = {.size = sizeof e, .code = "1", .code_size = 1};

    (void)arg;
    if (wlpy_session_eval(session, &e, &own, &why) == 0 || wlpy_session_fork(session, NULL, &other, &why) == 0)
        failures++;
    wlpy_call_raise(call, "RuntimeError", why.text);
}

static void *end_it(void *call)
{
    usleep(20000);
    wlpy_call_return(call, "\"late\"", 6);
    return NULL;
}

static void slowly(void *arg, struct wlpy_call *call)
{
    pthread_t thread;

    (void)arg;
    wlpy_call_later(call);
    if (pthread_create(&thread, NULL, end_it, call) != 0)
        abort();
    pthread_detach(thread);
}

static struct wlpy_call *kept;
static int keeps;

static void keep(void *arg, struct wlpy_call *call)
{
    (void)arg;
    wlpy_call_later(call);
    kept = call;
    keeps++;
}

/* What it calls in the wrong order. */
static void end_twice(void *arg, struct wlpy_call *call)
{
    (void)arg;
    wlpy_call_return(call, "1", 1);
    wlpy_call_later(call);
}

#define FUNCTION(name, signature, doc, bytes)                                                                          \
    {                                                                                                                  \
        sizeof(struct wlpy_function), #name, signature, doc, bytes, name, NULL                                         \
    }
static const struct wlpy_function functions[] = {
    FUNCTION(add, "(a: int, b: int = 1) -> int", "Adds \"two\" numbers.", false),
    FUNCTION(reverse, NULL, NULL, true),
    FUNCTION(fail_strangely, "()", NULL, false),
    FUNCTION(nothing, "()", NULL, false),
    FUNCTION(again, "()", NULL, false),
    FUNCTION(slowly, "()", NULL, false),
    FUNCTION(keep, "()", NULL, false),
    FUNCTION(end_twice, "()", NULL, false),
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* ---- sessions ---- */

static const char *const name[] = {"python"};
static struct wlpy_run_config config = {
    .size = sizeof config, .argv = name, .argc = 1, .out = {.kind = WLPY_MEMORY}, .err = {.kind = WLPY_MEMORY}};
static struct wlpy_limits limits = {.size = sizeof limits};

static void begin(void)
{
    config.limits = &limits;
    wlpy_session_free(session);
    if (wlpy_session_new(python, &config, &session, &err) == 0)
        return;
    printf("no session: %s\n", err.text);
    exit(1);
}

static void test_values(void)
{
    begin();
    CHECK(gives("1 + 1", "2") && same(v.json, "2") && v.status == 0);
    eval("x = [1, 'zwei', None]");
    CHECK(!v.repr && !v.json && !v.type && v.alive);
    CHECK(gives("x", "[1, 'zwei', None]") && same(v.json, "[1, \"zwei\", null]"));
    CHECK(gives("for i in range(3):\n    i\ni * 2", "4"));
    CHECK(gives("_ + 1", "5"));
    CHECK(gives("object", "<class 'object'>") && !v.json);
    CHECK(gives("float('nan')", "nan") && !v.json);
    eval("None");
    CHECK(!v.repr && v.alive);
    eval("");
    CHECK(!v.repr && v.alive && !v.type);
    eval("# nothing");
    CHECK(!v.repr && v.alive && !v.type);
    CHECK(gives("import sys; sys.argv", "['python']"));
    CHECK(gives("__name__", "'__main__'"));
    CHECK(gives("def f(a):\n    return a * 2\nf('\xc3\xa4')", "'\xc3\xa4\xc3\xa4'"));
    CHECK(gives("from __future__ import annotations\n1", "1"));
    CHECK(gives("def g(a: nowhere): pass\ng.__annotations__", "{'a': 'nowhere'}"));
    CHECK(gives("'a\\0b'", "'a\\x00b'"));
    eval("'x' * 3_000_000");
    CHECK(v.alive && !v.repr && !v.json);
}

static void test_output(void)
{
    begin();
    eval("print('one'); import sys; print('two', file=sys.stderr); sys.stdout.write('three')");
    CHECK(v.out_size == 9 && !memcmp(v.out, "one\nthree", 9) && v.err_size == 4 && !memcmp(v.err, "two\n", 4));
    eval("4");
    CHECK(v.out_size == 0 && v.err_size == 0);
    limits.output = 1000;
    begin();
    limits.output = 0;
    eval("print('x' * 600)");
    eval("print('x' * 600)");
    CHECK(v.alive && v.out_size == 601);
    eval("print('x' * 1600)");
    CHECK(!v.alive && v.end == WLPY_OUTPUT && v.out_size == 1000);
    CHECK(eval_of(session, "1", 0) < 0 && strstr(err.text, "has ended"));
}

static void test_exceptions(void)
{
    begin();
    eval("def f():\n    raise ValueError('wrong')\nf()");
    CHECK(same(v.type, "ValueError") && same(v.message, "wrong") && v.alive && v.status == 1 && v.end == WLPY_EXITED);
    CHECK(v.traceback && strstr(v.traceback, "File \"<cell 1>\", line 3") &&
          strstr(v.traceback, "    raise ValueError('wrong')\n") && !strstr(v.traceback, "session.py"));
    eval("f()");
    CHECK(v.traceback && strstr(v.traceback, "<cell 2>") && strstr(v.traceback, "<cell 1>"));
    eval("1 +");
    CHECK(same(v.type, "SyntaxError") && v.alive);
    eval("x = 1\nreturn 5");
    CHECK(same(v.type, "SyntaxError") && v.alive);
    eval("class E(Exception):\n    def __str__(self): raise KeyError(1)\nraise E()");
    CHECK(same(v.type, "E") && v.alive);
    eval("class R:\n    def __repr__(self): 1/0\nR()");
    CHECK(same(v.type, "ZeroDivisionError") && v.alive);
    eval("import sys; sys.exit(3)");
    CHECK(v.status == 3 && !v.type && v.alive);
    eval("raise SystemExit('bye')");
    CHECK(v.status == 1 && v.alive && v.err_size == 4);
    eval("def deep(n): return deep(n + 1)\ndeep(0)");
    CHECK(same(v.type, "RecursionError") && v.alive);
    eval("import json.decoder\njson.loads('{')");
    CHECK(same(v.type, "json.decoder.JSONDecodeError") && v.alive);
    eval("import os; os._exit(4)");
    CHECK(!v.alive && v.end == WLPY_EXITED && v.status == 4);
    CHECK(eval_of(session, "1", 0) < 0 && err.code == WLPY_E_SETUP);
}

static void test_time(void)
{
    begin();
    CHECK(eval_of(session, "while True: pass", 200) == 0 && v.alive && v.end == WLPY_DEADLINE &&
          same(v.type, "KeyboardInterrupt"));
    CHECK(gives("6 * 7", "42") && v.end == WLPY_EXITED);
    CHECK(eval_of(session, "import time; time.sleep(30)", 200) == 0 && v.alive && v.end == WLPY_DEADLINE);
    CHECK(gives("6 * 7", "42"));
    CHECK(eval_of(session, "import asyncio; await asyncio.sleep(30)", 200) == 0 && v.alive && v.end == WLPY_DEADLINE);
    CHECK(gives("await asyncio.sleep(0.01, 'x')", "'x'"));
    CHECK(eval_of(session, "sum(iter(int, 1))", 200) == 0 && !v.alive && v.end == WLPY_DEADLINE);
}

/* A run whose time has passed gets KeyboardInterrupt first, as code of a session does. */
static void test_grace(void)
{
    static const struct {
        const char *code, *out, *err;
        uint64_t grace_ms;
    } runs[] = {
        {"import time\ntry:\n  while True: time.sleep(1)\nexcept KeyboardInterrupt: print('stopped')", "stopped\n", "",
         5000},
        {"import time\nwhile True: time.sleep(1)", "", "KeyboardInterrupt", 0},
        {"import time\ntry: time.sleep(60)\nfinally: print('end')", "end\n", "KeyboardInterrupt", 5000},
        {"while True: len('')", "", "KeyboardInterrupt", 5000},
        {"print(1, flush=True)\nsum(iter(int, 1))", "1\n", "", 0},
        {"import signal\nsignal.signal(signal.SIGINT, lambda *a: None)\nprint(2, flush=True)\nwhile True: len('')",
         "2\n", "", 0}};

    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        const char *const argv[] = {"python", "-c", runs[i].code};
        const struct wlpy_limits own = {.size = sizeof own, .deadline_ms = 1000, .grace_ms = runs[i].grace_ms};
        const struct wlpy_run_config c = {.size = sizeof c,
                                          .argv = argv,
                                          .argc = 3,
                                          .out = {.kind = WLPY_MEMORY},
                                          .err = {.kind = WLPY_MEMORY},
                                          .limits = &own};
        struct wlpy_result r = {.size = sizeof r};
        size_t n = strlen(runs[i].out);

        CHECK(wlpy_run(python, &c, &r, &err) == 0);
        CHECK(r.end == WLPY_DEADLINE && r.status == 124 && !r.returned && r.interrupts == 1 && *r.text);
        CHECK(r.out_size == n && (!n || !memcmp(r.out, runs[i].out, n)));
        CHECK(*runs[i].err ? r.err_size && memmem(r.err, r.err_size, runs[i].err, strlen(runs[i].err)) : !r.err_size);
        wlpy_result_free(&r);
    }
}

static void test_cpu(void)
{
    limits.cpu_ms = 300;
    begin();
    limits.cpu_ms = 0;
    eval("while True: pass");
    CHECK(!v.alive && v.end == WLPY_CPU && v.status == 124);
}

static void test_memory(void)
{
    limits.memory = 128 << 20;
    begin();
    limits.memory = 0;
    eval("x = bytearray(1 << 30)");
    CHECK(same(v.type, "MemoryError") && v.alive);
    CHECK(gives("len(bytearray(1 << 20))", "1048576"));
    limits.memory = 1 << 20;
    struct wlpy_session *none;
    CHECK(wlpy_session_new(python, &config, &none, &err) < 0 && strstr(err.text, "memory"));
    limits.memory = 0;
}

static void test_await(void)
{
    begin();
    CHECK(gives("import asyncio\nasync def f():\n    await asyncio.sleep(0.01)\n    return 7\nawait f()", "7"));
    CHECK(gives("t = asyncio.get_running_loop().create_task(f())\nawait asyncio.sleep(0)\nt.done()", "False"));
    CHECK(gives("await t", "7"));
    eval("await asyncio.gather(f(), g())");
    CHECK(same(v.type, "NameError") && v.alive);
}

static void test_displays(void)
{
    begin();
    eval("class T:\n    def _repr_html_(self): return '<b>x</b>'\n    def _repr_png_(self): return b'\\x89PNG'\n"
         "display(T(), 5)\ndisplay({'text/plain': 'raw'}, raw=True)\nT()");
    CHECK(v.display_count == 6 && v.displays[0].object == 1 && v.displays[1].object == 1 && v.displays[2].object == 2);
    if (v.display_count == 6) {
        CHECK(same(v.displays[0].type, "text/html") && v.displays[0].size == 8);
        CHECK(same(v.displays[1].type, "image/png") && v.displays[1].size == 4 &&
              !memcmp(v.displays[1].bytes, "\x89PNG", 4));
        CHECK(same(v.displays[2].type, "text/plain") && !memcmp(v.displays[2].bytes, "5", 1));
        CHECK(v.displays[3].object == 3 && v.displays[4].object == 4);
    }
    eval("1");
    CHECK(v.display_count == 0);
}

static ssize_t read_line(void *arg, void *to, size_t n)
{
    int *calls = arg;

    ++*calls;
    return n < 6 ? -1 : (memcpy(to, "again\n", 6), 6);
}

static void test_input(void)
{
    int calls = 0;

    config.in = (struct wlpy_stream){.kind = WLPY_CALL, .read = read_line, .arg = &calls};
    begin();
    config.in = (struct wlpy_stream){0};
    CHECK(gives("input('name? ')", "'again'") && calls == 1 && v.out_size == 6);
    CHECK(gives("input() + input()", "'againagain'") && calls == 3);
    begin();
    eval("input()");
    CHECK(same(v.type, "EOFError"));
}

static void test_functions(void)
{
    begin();
    eval("import wlhost");
    CHECK(same(v.type, "ModuleNotFoundError") || same(v.type, "ImportError"));
    config.functions = functions;
    config.function_count = FUNCTIONS;
    begin();
    CHECK(gives("import wlhost; wlhost.add(2, 3)", "5"));
    CHECK(gives("wlhost.reverse(b'abc\\0')", "b'\\x00cba'"));
    CHECK(gives("len(wlhost.reverse(bytes(10_000_000)))", "10000000"));
    eval("wlhost.add('x')");
    CHECK(same(v.type, "TypeError") && same(v.message, "add() takes two numbers"));
    eval("wlhost.fail_strangely()");
    CHECK(same(v.type, "wlhost.HostError") && same(v.message, "NoSuchError: on purpose"));
    eval("wlhost.nothing()");
    CHECK(!v.repr && v.alive && !v.type);
    eval("wlhost.again()");
    CHECK(same(v.type, "RuntimeError") && strstr(v.message, "evaluating something"));
    CHECK(gives("wlhost.slowly()", "'late'"));
    CHECK(gives("wlhost.add.__doc__", "'Adds \"two\" numbers.'"));
    CHECK(gives("import inspect; str(inspect.signature(wlhost.add))", "\"(a: 'int', b: 'int' = 1) -> 'int'\""));
    CHECK(gives("import asyncio\nr = await asyncio.gather(*(wlhost.later.slowly() for i in range(50)))\nset(r), len(r)",
                "({'late'}, 50)"));
    CHECK(gives("await wlhost.later.add(1, 1)", "2"));
    eval("await wlhost.later.fail_strangely()");
    CHECK(same(v.type, "wlhost.HostError"));
    eval("wlhost.add(object())");
    CHECK(same(v.type, "TypeError"));
    eval("wlhost.no_such");
    CHECK(same(v.type, "AttributeError"));
    /* What a hostile guest asks. */
    CHECK(gives("import _wlhost, errno\n"
                "def no(f, *a):\n"
                "    try: f(*a)\n"
                "    except OSError as e: return errno.errorcode[e.errno]\n"
                "    except Exception as e: return type(e).__name__\n"
                "no(_wlhost.call, 'none', b''), no(_wlhost.call, 'a\\0b', b''), no(_wlhost.call, 'x' * 5000, b''), "
                "no(_wlhost.call, 'reverse', bytes(65 << 20))",
                "('ENOENT', 'ValueError', 'ENAMETOOLONG', 'EMSGSIZE')"));
    /* One that never ends is ended by the deadline, and may end afterwards. */
    CHECK(eval_of(session, "wlhost.keep()", 200) == 0 && v.end == WLPY_DEADLINE && v.alive);
    CHECK(wlpy_call_return(kept, "1", 1) == 0);
    CHECK(gives("wlhost.add(4, 3)", "7"));
    /* Nobody gets the answer of a call whose wait was interrupted. */
    CHECK(gives("import _wlhost; _wlhost.done() is None", "True"));
    /* An interrupt that the code handles does not call the function again. */
    keeps = 0;
    CHECK(eval_of(session,
                  "import signal\n"
                  "seen = []\n"
                  "before = signal.signal(signal.SIGINT, lambda *a: seen.append(a))\n"
                  "try: wlhost.keep()\n"
                  "except InterruptedError as e: seen.append(e.errno == errno.EINTR)\n"
                  "finally: signal.signal(signal.SIGINT, before)\n"
                  "len(seen), seen[-1]",
                  200) == 0 &&
          v.alive && same(v.repr, "(2, True)"));
    CHECK(keeps == 1 && wlpy_call_return(kept, "1", 1) == 0);
    CHECK(gives("_wlhost.done() is None, wlhost.end_twice()", "(True, 1)"));
    eval("import asyncio; t = asyncio.ensure_future(wlhost.later.keep()); await asyncio.sleep(0)");
    CHECK(v.alive && !v.type);
    wlpy_session_free(session);
    session = NULL;
    CHECK(wlpy_call_return(kept, "1", 1) == 0);
    limits.host_calls = 3;
    begin();
    limits.host_calls = 0;
    eval("import wlhost\nfor i in range(10): wlhost.add(i, i)");
    CHECK(same(v.type, "OSError") && v.alive);
    CHECK(gives("i", "3"));
    config.function_count = 0;
    const struct wlpy_function wrong[] = {{sizeof wrong[0], "a-b", NULL, NULL, false, add, NULL},
                                          {sizeof wrong[0], "add", NULL, NULL, false, NULL, NULL}};
    for (int i = 0; i < 2; i++) {
        struct wlpy_run_config with = config;
        struct wlpy_session *none;

        with.functions = &wrong[i];
        with.function_count = 1;
        CHECK(wlpy_session_new(python, &with, &none, &err) < 0 && !none && *err.text);
    }
}

static void test_forks(void)
{
    struct wlpy_session *copies[4], *parent;
    struct wlpy_files *files = wlpy_files_new(0, 0);
    const struct wlpy_dir dir = {.guest = "/data", .files = files};
    const void *bytes;
    size_t n;

    config.dirs = &dir;
    config.dir_count = 1;
    config.functions = functions;
    config.function_count = FUNCTIONS;
    begin();
    eval("import json, wlhost; x = {'a': [1]}; f = open('/data/a', 'w+'); f.write('one'); f.flush()\n"
         "big = bytearray(b'x' * 20_000_000)\nimport os; os.mkdir('/data/d'); os.link('/data/a', '/data/d/b')");
    CHECK(v.alive && !v.type);
    for (int i = 0; i < 4; i++)
        CHECK(wlpy_session_fork(session, NULL, &copies[i], &err) == 0);
    parent = session;
    for (int i = 0; i < 4; i++) {
        char code[200];

        session = copies[i];
        snprintf(code, sizeof code,
                 "x['a'].append(%d); f.write('%d'); f.close(); big[5] = 65; x, len(big), wlhost.add(1, 1)", i, i);
        eval(code);
        snprintf(code, sizeof code, "({'a': [1, %d]}, 20000000, 2)", i);
        CHECK(same(v.repr, code));
        CHECK(gives("open('/data/d/b').read(), os.stat('/data/a').st_nlink", i == 0   ? "('one0', 2)"
                                                                             : i == 1 ? "('one1', 2)"
                                                                             : i == 2 ? "('one2', 2)"
                                                                                      : "('one3', 2)"));
    }
    session = parent;
    CHECK(gives("x, f.tell(), big[5]", "({'a': [1]}, 3, 120)"));
    CHECK(gives("f.write('parent'); f.close(); open('/data/a').read()", "'oneparent'"));
    CHECK(wlpy_session_files(session, "/data") == files && !wlpy_session_files(session, "/other"));
    CHECK(wlpy_files_get(wlpy_session_files(copies[2], "/data"), "a", &bytes, &n, &err) == 0 && n == 4 &&
          !memcmp(bytes, "one2", 4));
    /* A copy of a copy, and one that outlives both. */
    wlpy_session_free(copies[0]);
    CHECK(wlpy_session_fork(copies[1], NULL, &copies[0], &err) == 0);
    wlpy_session_free(copies[1]);
    wlpy_session_free(session);
    session = copies[0];
    CHECK(gives("x['a'].append(9); x", "{'a': [1, 1, 9]}"));
    CHECK(gives("import decimal; [len(bytes(1 << 20)) for i in range(50)][49]", "1048576"));
    eval("1/0");
    CHECK(same(v.type, "ZeroDivisionError"));
    CHECK(eval_of(session, "while True: pass", 100) == 0 && v.alive);
    /* With another stream and other functions. */
    struct wlpy_run_config other = {.size = sizeof other, .out = {.kind = WLPY_NOTHING}};
    struct wlpy_session *none;
    CHECK(wlpy_session_fork(session, &other, &none, &err) < 0 && !none);
    other.functions = functions;
    other.function_count = FUNCTIONS;
    CHECK(wlpy_session_fork(session, &other, &none, &err) == 0);
    wlpy_session_free(session);
    session = none;
    eval("print('dropped'); x");
    CHECK(v.out == NULL && same(v.repr, "{'a': [1, 1, 9]}"));
    eval("os._exit(0)");
    CHECK(!v.alive && wlpy_session_fork(session, NULL, &none, &err) < 0 && !none);
    for (int i = 2; i < 4; i++)
        wlpy_session_free(copies[i]);
    wlpy_session_free(session);
    session = NULL;
    wlpy_files_free(files);
    config.dirs = NULL;
    config.dir_count = 0;
    config.function_count = 0;
}

/* Forks of one warm state, from two threads. */
static struct wlpy_session *warm;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *fork_often(void *arg)
{
    int *wrong = arg;

    for (int i = 0; i < 100; i++) {
        struct wlpy_session *copy;
        struct wlpy_value own = {.size = sizeof own};
        struct wlpy_err why;
        const char *code = "counter += 1; counter";
        const struct wlpy_eval e = {.size = sizeof e, .code = code, .code_size = strlen(code)};
        int r;

        pthread_mutex_lock(&lock);
        r = wlpy_session_fork(warm, NULL, &copy, &why);
        pthread_mutex_unlock(&lock);
        if (r < 0) {
            ++*wrong;
            continue;
        }
        if (wlpy_session_eval(copy, &e, &own, &why) < 0 || !same(own.repr, "8"))
            ++*wrong;
        wlpy_value_free(&own);
        wlpy_session_free(copy);
    }
    return NULL;
}

static void test_many_forks(void)
{
    pthread_t threads[2];
    int wrong[2] = {0};

    begin();
    eval("counter = 7");
    warm = session;
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, fork_often, &wrong[i]) != 0)
            abort();
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK(wrong[0] == 0 && wrong[1] == 0);
    CHECK(gives("counter", "7"));
}

static void test_wrong_arguments(void)
{
    struct wlpy_eval e = {.size = sizeof e, .code = NULL, .code_size = 3};
    struct wlpy_value bad = {.size = 3};

    begin();
    wlpy_value_free(&v);
    CHECK(wlpy_session_eval(session, &e, &v, &err) < 0);
    e.code = "1";
    e.code_size = (size_t)3 << 30;
    CHECK(wlpy_session_eval(session, &e, &v, &err) < 0);
    e.code_size = 1;
    CHECK(wlpy_session_eval(session, &e, &bad, &err) < 0);
    e.size = 2;
    CHECK(wlpy_session_eval(session, &e, &v, &err) < 0);
    e = (struct wlpy_eval){.size = sizeof e, .code = "1\0 2", .code_size = 4};
    wlpy_value_free(&v);
    CHECK(wlpy_session_eval(session, &e, &v, &err) == 0 && same(v.type, "ValueError") && v.alive);
    wlpy_value_free(&v);
    e = (struct wlpy_eval){.size = sizeof e, .code = "'\xff'", .code_size = 3};
    CHECK(wlpy_session_eval(session, &e, &v, &err) == 0 && same(v.type, "UnicodeDecodeError") && v.alive);
    CHECK(gives("2", "2"));
    char *large = malloc(9 << 20);
    memset(large, '#', 9 << 20);
    wlpy_value_free(&v);
    e = (struct wlpy_eval){.size = sizeof e, .code = large, .code_size = 9 << 20, .name = "large"};
    CHECK(wlpy_session_eval(session, &e, &v, &err) == 0 && v.alive && !v.type);
    free(large);
    CHECK(gives("3", "3"));
}

/* The same clocks and random numbers each time: what a run sees of them. */
static char *fixed_run(uint64_t seed)
{
    static const char code[] = "import asyncio, os, random, tempfile, time, uuid\n"
                               "start = time.monotonic(); time.sleep(3000); slept = time.monotonic() - start\n"
                               "await asyncio.sleep(50)\n"
                               "open('/data/f', 'w').write('x')\n"
                               "str((time.time_ns(), time.perf_counter(), round(slept), random.random(), "
                               "os.urandom(5), uuid.uuid4(), uuid.uuid1(),\n"
                               "     hash('text'), tempfile.mktemp(), os.stat('/data/f').st_mtime_ns, "
                               "os.stat('/data/f').st_ino, id(object()), time.ctime()))";
    struct wlpy_files *files = wlpy_files_new(0, 0);
    const struct wlpy_dir dir = {.guest = "/data", .files = files};
    const struct wlpy_fixed fixed = {sizeof fixed, UINT64_C(1700000000000000000), seed};
    char *text;

    config.fixed = &fixed;
    config.dirs = &dir;
    config.dir_count = 1;
    begin();
    eval(code);
    text = strdup(v.repr ? v.repr : v.message ? v.message : "");
    wlpy_session_free(session);
    session = NULL;
    wlpy_files_free(files);
    config.fixed = NULL;
    config.dirs = NULL;
    config.dir_count = 0;
    return text;
}

static void test_fixed(void)
{
    char *a = fixed_run(1), *b = fixed_run(1), *c = fixed_run(2);

    CHECK(strstr(a, "(17000030") && strstr(a, ", 3000, "));
    CHECK(same(a, b) && !same(a, c));
    free(a);
    free(b);
    free(c);
}

static void print_fixed(void)
{
    char *text = fixed_run(7);

    fprintf(stderr, "%s\n", text);
    free(text);
}

/* A guest that writes into its own interpreter's state ends, or answers nonsense; the next one is right. */
static void test_broken_state(void)
{
    begin();
    eval("import ctypes, random\nrandom.seed(1)\nfor i in range(3000): ctypes.memset(random.randrange(9_000_000, "
         "20_000_000), 0xa5, 64)");
    if (v.alive)
        eval("display(1); {'a': 1}");
    begin();
    CHECK(gives("6 * 7", "42"));
}

/* A session as a module of its own. */

static void check_saved(const char *file, const char *repr)
{
    struct wlpy_program *from = python;
    struct wlpy_session *copy;

    CHECK(wlpy_program_load(engine, file, &python, &err) == 0);
    session = NULL;
    begin();
    CHECK(gives("x, f(2), decimal.Decimal(1) / 8", repr));
    CHECK(gives("import sys; sys.argv, os.environ.get('A'), sys.stdin is not None", "(['python'], 'new', True)"));
    eval("print('out'); print('err', file=sys.stderr)");
    CHECK(v.out_size == 4 && v.err_size == 4);
    CHECK(gives("await asyncio.sleep(0.01, 'x')", "'x'"));
    CHECK(wlpy_session_fork(session, NULL, &copy, &err) == 0);
    wlpy_session_free(copy);
    eval("x['a'] += 10");
    CHECK(wlpy_session_save(session, NULL, "again.wasm", &err) == 0);
    wlpy_session_free(session);
    session = NULL;
    wlpy_program_free(python);
    python = from;
}

static char *random_of(const char *file)
{
    struct wlpy_program *from = python;
    char *text;

    if (wlpy_program_load(engine, file, &python, &err) < 0)
        return strdup("");
    begin();
    eval("str((random.random(), os.urandom(4), uuid.uuid4(), hashlib.sha1(ssl.RAND_bytes(9)).digest() if ssl else 0))");
    text = strdup(v.repr ? v.repr : "");
    wlpy_session_free(session);
    session = NULL;
    wlpy_program_free(python);
    python = from;
    return text;
}

static void test_save(void)
{
    static const char *const env[] = {"A=old"}, *const new_env[] = {"A=new"};
    const char *module = getenv("WLPY_MODULE");
    struct wlpy_dir dir = {.guest = "/data"};
    struct wlpy_files *files;
    char *a, *b;

    /* (libwlpy-native can run none of what is saved.) */
    if (!module)
        return;
    dir.files = files = wlpy_files_new(0, 0);
    config.env = env;
    config.envc = 1;
    config.dirs = &dir;
    config.dir_count = 1;
    begin();
    eval("import asyncio, decimal, hashlib, os, random, uuid\n"
         "try: import ssl; ssl.RAND_bytes(9)\n"
         "except ImportError: ssl = None\n"
         "x = {'a': 1}; random.random()\n"
         "def f(n): return n * 2\n"
         "await asyncio.sleep(0.01)\n"
         "os.chdir('/data')\n"
         "open('/data/f', 'w').write('text')");
    CHECK(v.alive && !v.type);
    CHECK(wlpy_session_save(session, module, "saved.wasm", &err) == 0);
    /* It goes on. */
    CHECK(gives("x['a'] = 2; x, os.getcwd(), open('f').read()", "({'a': 2}, '/data', 'text')"));
    eval("print('here')");
    CHECK(v.out_size == 5);
    /* What cannot be saved, and where it cannot be. */
    CHECK(wlpy_session_save(session, module, "no/such/directory.wasm", &err) < 0 && strstr(err.text, "cannot write"));
    CHECK(wlpy_session_save(session, "/no/such/module", "none.wasm", &err) < 0 && err.code == WLPY_E_MISSING);
    CHECK(wlpy_session_save(session, "saved.wasm", "none.wasm", &err) < 0 && strstr(err.text, "another module"));
    CHECK(wlpy_session_save(session, "/", "none.wasm", &err) < 0 && strstr(err.text, "not a regular file"));
    CHECK((wlpy_session_save(session, NULL, "none.wasm", &err) < 0) == native);
    CHECK(!native || strstr(err.hint, "wl-make aot"));
    eval("o = open('/data/f')");
    CHECK(wlpy_session_save(session, module, "none2.wasm", &err) < 0 && strstr(err.text, "open"));
    eval("o.close(); os.environ._data = None");
    CHECK(wlpy_session_save(session, module, "none2.wasm", &err) < 0 && strstr(err.text, "AttributeError"));
    eval("os._exit(0)");
    CHECK(wlpy_session_save(session, module, "none2.wasm", &err) < 0 && strstr(err.text, "ended"));
    CHECK(access("none2.wasm", F_OK) < 0);
    wlpy_session_free(session);
    session = NULL;
    config.env = new_env;
    config.dirs = NULL;
    config.dir_count = 0;
    wlpy_files_free(files);
    check_saved("saved.wasm", "({'a': 1}, 4, Decimal('0.125'))");
    check_saved("again.wasm", "({'a': 11}, 4, Decimal('0.125'))");
    a = random_of("saved.wasm");
    b = random_of("saved.wasm");
    CHECK(*a && !same(a, b));
    free(a);
    free(b);
    config.env = NULL;
    config.envc = 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(void);
    } tests[] = {{"values", test_values},
                 {"output", test_output},
                 {"exceptions", test_exceptions},
                 {"time", test_time},
                 {"grace", test_grace},
                 {"cpu", test_cpu},
                 {"memory", test_memory},
                 {"await", test_await},
                 {"displays", test_displays},
                 {"input", test_input},
                 {"functions", test_functions},
                 {"forks", test_forks},
                 {"many-forks", test_many_forks},
                 {"wrong", test_wrong_arguments},
                 {"save", test_save},
                 {"broken", test_broken_state},
                 {"fixed", test_fixed},
                 {"print-fixed", print_fixed}};
    const char *cache = getenv("WLPY_CACHE");
    const struct wlpy_engine_config engine_config = {.size = sizeof engine_config, .quick = true, .cache_dir = cache};
    int r;

    setvbuf(stdout, NULL, _IONBF, 0);
    if (argc < 3 || wlpy_engine_new(&engine_config, &engine, &err) < 0)
        return 2;
    native = !strcmp(argv[1], "native");
    r = !native ? wlpy_program_load(engine, argv[2], &python, &err)
                : wlpy_program_load_native(engine, argv[2], &python, &err);
    if (r < 0) {
        printf("%s\n", err.text);
        return 2;
    }
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (argc < 4 ? tests[i].test != print_fixed : !strcmp(argv[3], tests[i].name)) {
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
