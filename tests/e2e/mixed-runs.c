/* mixed-runs wasm|native FILE N [ends]: N runs of good and hostile programs in a real Python, mixed, on two threads.
 * Each has to end as it should, none may be lost, and the process must not grow: neither its memory, nor its
 * descriptors, nor its threads. Prints a line for each thing that is wrong, and ends with 1 if there is one. With
 * `ends`, only programs that come to an end by themselves: ThreadSanitizer keeps signals back while code of a guest
 * runs. */
#include <wlpy.h>

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 2, MOST_FAILURES = 20, GROWTH_KIB = 16 << 10 };

static struct wlpy_engine *engine;
static struct wlpy_program *python;
static struct wlpy_session *warm;
static pthread_mutex_t warm_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int failures;
static atomic_long done, next;
static long runs;
static bool only_ends;
static char long_word[100001];

static void fail(const char *what, const struct wlpy_result *r, const char *why)
{
    if (atomic_fetch_add(&failures, 1) < MOST_FAILURES)
        printf("%s: end %d, status %d, %s; out '%.*s', err '%.*s'; %s\n", what, (int)r->end, r->status, r->text,
               (int)(r->out_size < 200 ? r->out_size : 200), r->out ? r->out : "",
               (int)(r->err_size < 900 ? r->err_size : 900), r->err ? r->err : "", why);
}

/* ---- cases ---- */

static void add(void *arg, struct wlpy_call *call)
{
    size_t n;
    const char *text = wlpy_call_input(call, &n);
    char sum[32];
    int a, b;

    (void)arg;
    if (n < 60 && sscanf(text, "{\"args\": [%d, %d], \"kwargs\": {}}", &a, &b) == 2)
        wlpy_call_return(call, sum, (size_t)sprintf(sum, "%d", a + b));
    else
        wlpy_call_raise(call, "TypeError", "two numbers");
}

/* Any: of a guest that destroys its own state, only the host is expected to go on. */
enum { ANY = -1 };

struct one {
    const char *name, *code;
    int end, status;       /* or ANY */
    const char *out, *err; /* what it writes; err: a part of it. NULL: anything */
    struct wlpy_limits limits;
    bool files, functions, cancelled, fixed, net, odd;
};

#define CODE(text) .code = text
static const struct one cases[] = {
    {"nothing", CODE("pass"), WLPY_EXITED, 0, "", NULL},
    {"output", CODE("print(6 * 7)"), WLPY_EXITED, 0, "42\n", NULL},
    {"modules", CODE("import json, re; print(json.dumps(re.findall('a.', 'abac')))"), WLPY_EXITED, 0,
     "[\"ab\", \"ac\"]\n", NULL},
    {"work", CODE("print(sum(i * i for i in range(20000)))"), WLPY_EXITED, 0, "2666466670000\n", NULL},
    {"memory", CODE("print(len(bytearray(b'x') * 5_000_000))"), WLPY_EXITED, 0, "5000000\n", NULL},
    {"exception", CODE("1 / 0"), WLPY_EXITED, 1, "", "ZeroDivisionError: division by zero\n"},
    {"exit", CODE("raise SystemExit(7)"), WLPY_EXITED, 7, "", ""},
    {"end", CODE("import os; os._exit(9)"), WLPY_EXITED, 9, "", ""},
    {"abort", CODE("import os; os.abort()"), WLPY_TRAPPED, 134, "", NULL},
    {"loop", CODE("while True: pass"), WLPY_DEADLINE, 124, "", NULL, {.deadline_ms = 20, .grace_ms = 20}},
    {"loop in C", CODE("sum(iter(int, 1))"), WLPY_DEADLINE, 124, "", NULL, {.deadline_ms = 10, .grace_ms = 2}},
    {"loop in re",
     CODE("import re; re.match(r'(a+)+$', 'a' * 64 + 'b')"),
     WLPY_DEADLINE,
     124,
     "",
     NULL,
     {.deadline_ms = 60, .grace_ms = 2}},
    {"loop in pow", CODE("pow(3, 10**9)"), WLPY_DEADLINE, 124, "", NULL, {.deadline_ms = 60, .grace_ms = 2}},
    {"sleep", CODE("import time; time.sleep(1000)"), WLPY_DEADLINE, 124, "", NULL, {.deadline_ms = 10, .grace_ms = 2}},
    {"processor time", CODE("while True: pass"), WLPY_CPU, 124, "", NULL, {.cpu_ms = 10}},
    {"memory bomb", CODE("x = bytearray(1 << 30)"), WLPY_EXITED, 1, "", "MemoryError", {.memory = 64 << 20}},
    {"many objects",
     CODE("x = []\nwhile True: x.append('y' * 100000 + str(len(x)))"),
     WLPY_EXITED,
     1,
     "",
     "MemoryError",
     {.memory = 48 << 20}},
    {"doubled list", CODE("x = [0]\nwhile True: x += x"), WLPY_EXITED, 1, "", "MemoryError", {.memory = 48 << 20}},
    {"large number", CODE("x = 1 << (1 << 30)"), WLPY_EXITED, 1, "", "MemoryError", {.memory = 48 << 20}},
    {"output flood", CODE("while True: print('x' * 1000)"), WLPY_OUTPUT, 134, NULL, NULL, {.output = 5000}},
    {"recursion", CODE("def f(n): return f(n + 1)\nf(0)"), WLPY_EXITED, 1, "", "RecursionError"},
    {"recursion in C", CODE("x = []\nfor i in range(100000): x = [x]\nrepr(x)"), WLPY_EXITED, 1, "", "RecursionError"},
    {"recursion in json", CODE("import json\nx = []\nfor i in range(100000): x = [x]\njson.dumps(x)"), WLPY_EXITED, 1,
     "", "RecursionError"},
    {"recursion in pickle", CODE("import pickle\nx = []\nfor i in range(100000): x = [x]\npickle.dumps(x)"),
     WLPY_EXITED, 1, "", "RecursionError"},
    {"recursion in ast", CODE("import ast; ast.parse('(' * 100000)"), WLPY_EXITED, 1, "", "Error"},
    {"recursion in the compiler", CODE("eval('-' * 100000 + '1')"), WLPY_EXITED, 1, "", "Error"},
    {"sockets",
     CODE("import socket\ns = []\ntry:\n  while True: s.append(socket.socket())\nexcept OSError: print(len(s))"),
     WLPY_EXITED,
     0,
     "20\n",
     "",
     {.sockets = 20},
     .net = true},
    {"addresses",
     CODE("import socket\nn = 0\nfor a in '127.0.0.1', '169.254.169.254', '10.0.0.1', '0.0.0.0':\n"
          "  try: socket.create_connection((a, 80), 5)\n  except PermissionError: n += 1\nprint(n)"),
     WLPY_EXITED, 0, "4\n", "", .net = true},
    {"odd words", CODE("import os, sys; print(len(sys.argv), len(os.fsencode(sys.argv[-1])), os.environb.get(b'A'))"),
     WLPY_EXITED, 0, "6 100000 b'1'\n", "", .odd = true},
    {"odd names",
     CODE("import os\nfor n in b'\\xff\\xfe', b'a\\nb', b'..\\x01', b'x' * 250, '\\u2603'.encode():\n"
          "  try: open(b'/' + n, 'w').close()\n  except OSError: pass\n"
          "for n in b'/../etc/passwd', b'/./../../etc/passwd', b'//etc/passwd', b'x' * 5000, b'':\n"
          "  try: open(n).read(); print('read', n)\n  except OSError: pass\n"
          "try: open('a\\0b')\nexcept ValueError: print('zero')"),
     WLPY_EXITED, 0, "zero\n", "", .files = true},
    {"descriptors",
     CODE("import os\nfds = []\nwhile True: fds.append(os.open('/f', os.O_RDONLY | os.O_CREAT))"),
     WLPY_EXITED,
     1,
     "",
     "Errno",
     {.descriptors = 40},
     .files = true},
    {"files", CODE("i = 0\nwhile True:\n  open(f'/{i}', 'w').write('x' * 10000); i += 1"), WLPY_EXITED, 1, "",
     "OSError", .files = true},
    {"broken state",
     CODE("import ctypes, random\nfor i in range(300): ctypes.memset(random.randrange(9_000_000, 20_000_000), 0xa5, "
          "64)"),
     ANY,
     ANY,
     NULL,
     NULL,
     {.deadline_ms = 1000, .grace_ms = 10, .output = 100000}},
    {"functions", CODE("import wlhost; print([wlhost.add(i, 1) for i in range(50)][-1])"), WLPY_EXITED, 0, "50\n", NULL,
     .functions = true},
    {"function flood",
     CODE("import wlhost\nwhile True: wlhost.add(1, 1)"),
     WLPY_EXITED,
     1,
     "",
     "OSError",
     {.host_calls = 100},
     .functions = true},
    {"cancelled", CODE("while True: pass"), WLPY_CANCELLED, 134, "", NULL, .cancelled = true},
    {"fixed",
     CODE("import os, random, time, uuid; print(hash((time.time_ns(), random.random(), os.urandom(9), "
          "uuid.uuid4().bytes)))"),
     WLPY_EXITED, 0, NULL, NULL, .fixed = true},
};
enum { CASES = sizeof cases / sizeof *cases };

static char *fixed_output;
static pthread_mutex_t fixed_lock = PTHREAD_MUTEX_INITIALIZER;

/* The first output is what all others have to be. */
static bool is_the_same(const struct wlpy_result *r)
{
    bool same;

    pthread_mutex_lock(&fixed_lock);
    if (!fixed_output)
        fixed_output = strndup(r->out, r->out_size);
    same = strlen(fixed_output) == r->out_size && !memcmp(fixed_output, r->out, r->out_size);
    pthread_mutex_unlock(&fixed_lock);
    return same;
}

static void check(const struct one *c, const struct wlpy_result *r)
{
    if ((c->end != ANY && ((int)r->end != c->end || r->status != c->status)))
        fail(c->name, r, "it ended in another way");
    else if (c->out && (r->out_size != strlen(c->out) || (r->out_size && memcmp(r->out, c->out, r->out_size) != 0)))
        fail(c->name, r, "another output");
    else if (c->err && *c->err && (!r->err_size || !memmem(r->err, r->err_size, c->err, strlen(c->err))))
        fail(c->name, r, "another error");
    else if (c->end == WLPY_OUTPUT && r->out_size != c->limits.output)
        fail(c->name, r, "another amount of output");
    else if (c->fixed && !is_the_same(r))
        fail(c->name, r, "not the same as before");
}

static void run(const struct one *c)
{
    static const struct wlpy_function functions[] = {
        {.size = sizeof functions[0], .name = "add", .signature = "(a, b)", .call = add}};
    static const char *const rules[] = {"192.0.2.1:80"};
    const char *const argv[] = {"python", "-I", "-c", c->code, "\xff\xfe", "", "a\nb", "\x1b[2J", long_word},
                      *const env[] = {"PATH=/\xff", "A=1", "=", "B", "\xff\xff=\xfe"};
    struct wlpy_files *files = c->files ? wlpy_files_new(1 << 20, 200) : NULL;
    const struct wlpy_dir dir = {.guest = "/", .files = files};
    const struct wlpy_fixed fixed = {sizeof fixed, UINT64_C(1700000000000000000), 5};
    struct wlpy_limits limits = c->limits;
    struct wlpy_control *control = wlpy_control_new();
    const struct wlpy_run_config config = {.size = sizeof config,
                                           .argv = argv,
                                           .argc = c->odd ? 9 : 4,
                                           .env = env,
                                           .envc = c->odd ? 5 : 2,
                                           .net = rules,
                                           .net_count = c->net,
                                           .dirs = &dir,
                                           .dir_count = files ? 1 : 0,
                                           .out = {.kind = WLPY_MEMORY},
                                           .err = {.kind = WLPY_MEMORY},
                                           .limits = &limits,
                                           .control = control,
                                           .functions = functions,
                                           .function_count = c->functions,
                                           .fixed = c->fixed ? &fixed : NULL};
    struct wlpy_result r = {.size = sizeof r};
    struct wlpy_err err;

    limits.size = sizeof limits;
    /* (A machine may be busy for longer than the default.) */
    if (!limits.deadline_ms)
        limits.deadline_ms = 600000;
    if (c->cancelled)
        wlpy_cancel(control);
    if (wlpy_run(python, &config, &r, &err) < 0)
        fail(c->name, &r, err.text);
    else
        check(c, &r);
    wlpy_result_free(&r);
    wlpy_control_free(control);
    wlpy_files_free(files);
}

/* A copy of a warm session, with an evaluation of each kind. */
static void use_session(bool hostile)
{
    static const char good[] = "counter += 1; counter", bad[] = "sum(iter(int, 1))";
    const char *code = hostile ? bad : good;
    const struct wlpy_eval eval = {
        .size = sizeof eval, .code = code, .code_size = strlen(code), .deadline_ms = hostile ? 5 : 0, .grace_ms = 2};
    struct wlpy_value v = {.size = sizeof v};
    struct wlpy_session *copy;
    struct wlpy_err err;
    int r;

    pthread_mutex_lock(&warm_lock);
    r = wlpy_session_fork(warm, NULL, &copy, &err);
    pthread_mutex_unlock(&warm_lock);
    if (r == 0)
        r = wlpy_session_eval(copy, &eval, &v, &err);
    if (r < 0)
        fail("a session", &(struct wlpy_result){0}, err.text);
    else if (hostile ? v.end != WLPY_DEADLINE : !v.repr || strcmp(v.repr, "8") != 0)
        fail("a session", &(struct wlpy_result){.end = v.end, .status = v.status}, code);
    wlpy_value_free(&v);
    wlpy_session_free(copy);
}

static bool comes_to_its_end(const struct one *c)
{
    return c->end == WLPY_EXITED || c->end == WLPY_TRAPPED || c->end == WLPY_OUTPUT;
}

static void *work(void *arg)
{
    (void)arg;
    for (long i; (i = atomic_fetch_add(&next, 1)) < runs; atomic_fetch_add(&done, 1)) {
        /* The same mix each time: half of it is one that costs little. */
        unsigned long n = (unsigned long)i * UINT64_C(0x9e3779b97f4a7c15) >> 33;

        if (n % 2)
            run(&cases[n / 2 % 4]);
        else if (n / 2 % 8 == 0)
            use_session(!only_ends && n / 16 % 4 == 0);
        else if (!only_ends || comes_to_its_end(&cases[n / 16 % CASES]))
            run(&cases[n / 16 % CASES]);
    }
    return NULL;
}

/* ---- what must not grow ---- */

struct size {
    long kib, descriptors, threads;
};

static struct size size_now(void)
{
    struct size s = {0};
    char line[256];
    long kib;
    FILE *f = fopen("/proc/self/status", "r");
    DIR *d = opendir("/proc/self/fd");

    while (f && fgets(line, sizeof line, f)) {
        /* (Pages of files come and go with the memory that the machine has.) */
        if (sscanf(line, "RssAnon: %ld", &kib) == 1 || sscanf(line, "RssShmem: %ld", &kib) == 1)
            s.kib += kib;
        sscanf(line, "Threads: %ld", &s.threads);
    }
    while (d && readdir(d))
        s.descriptors++;
    if (f)
        fclose(f);
    if (d)
        closedir(d);
    return s;
}

static void do_runs(long until)
{
    pthread_t threads[THREADS];

    runs = until;
    atomic_store(&next, atomic_load(&done));
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            abort();
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static bool begin(const char *kind, const char *file)
{
    const struct wlpy_engine_config config = {.size = sizeof config, .quick = true, .cache_dir = getenv("WLPY_CACHE")};
    const struct wlpy_run_config session = {.size = sizeof session, .out = {.kind = WLPY_MEMORY}};
    const struct wlpy_eval eval = {.size = sizeof eval, .code = "counter = 7", .code_size = 11};
    struct wlpy_value v = {.size = sizeof v};
    struct wlpy_err err;

    if (wlpy_engine_new(&config, &engine, &err) < 0 ||
        (strcmp(kind, "native") ? wlpy_program_load(engine, file, &python, &err)
                                : wlpy_program_load_native(engine, file, &python, &err)) < 0 ||
        wlpy_session_new(python, &session, &warm, &err) < 0 || wlpy_session_eval(warm, &eval, &v, &err) < 0) {
        printf("%s\n", err.text);
        return false;
    }
    wlpy_value_free(&v);
    memset(long_word, 'x', sizeof long_word - 1);
    return true;
}

int main(int argc, char **argv)
{
    enum { PARTS = 10 };
    struct size first = {0}, now = {0};
    long n = argc >= 4 ? atol(argv[3]) : 0;

    setvbuf(stdout, NULL, _IONBF, 0);
    only_ends = argc == 5 && !strcmp(argv[4], "ends");
    if (n < PARTS || !begin(argv[1], argv[2]))
        return 2;
    for (int i = 1; i <= PARTS; i++) {
        do_runs(n * i / PARTS);
        now = size_now();
        fprintf(stderr, "%ld runs: %ld KiB, %ld descriptors, %ld threads\n", atomic_load(&done), now.kib,
                now.descriptors, now.threads);
        /* (At first, stacks and what is kept for next runs are made.) */
        if (i == PARTS / 5)
            first = now;
    }
    if (atomic_load(&done) != n)
        atomic_fetch_add(&failures, printf("only %ld runs of %ld were done\n", atomic_load(&done), n));
    /* (The sanitizer's own memory grows.) */
    if ((!only_ends && now.kib > first.kib + GROWTH_KIB) || now.descriptors != first.descriptors ||
        now.threads != first.threads)
        atomic_fetch_add(&failures,
                         printf("the process has grown: from %ld to %ld KiB, from %ld to %ld descriptors, from %ld to "
                                "%ld threads\n",
                                first.kib, now.kib, first.descriptors, now.descriptors, first.threads, now.threads));
    if (atomic_load(&failures))
        printf("%d things were wrong\n", atomic_load(&failures));
    wlpy_session_free(warm);
    wlpy_program_free(python);
    wlpy_engine_free(engine);
    free(fixed_output);
    return atomic_load(&failures) ? 1 : 0;
}
