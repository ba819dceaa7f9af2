/* The command as a user meets it: wl-run is started, with small modules written as text, also on a terminal.
 *
 * Arguments: the path of wl-run, and the folder of the modules' text (NAME.wat). */
#include "wlpy.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wasmtime.h>

#include <cmocka.h>

static const char *wl_run, *texts;
static char dir[64];

static void to_binary(const char *name, const char *text, size_t size, wasm_byte_vec_t *binary)
{
    wasmtime_error_t *error = wasmtime_wat2wasm(text, size, binary);

    if (error) {
        wasm_byte_vec_t message;

        wasmtime_error_message(error, &message);
        fail_msg("%s: %.*s", name, (int)message.size, message.data);
    }
}

static void write_file(const char *name, const char *data, size_t size)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fwrite(data, 1, size, f);
    fclose(f);
}

/* Every NAME.wat of the folder becomes NAME.wasm. */
static void write_modules(void)
{
    glob_t found;
    char path[4096];

    snprintf(path, sizeof path, "%s/*.wat", texts);
    assert_int_equal(glob(path, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        static char text[1 << 16];
        const char *name = strrchr(found.gl_pathv[i], '/') + 1;
        FILE *f = fopen(found.gl_pathv[i], "r");
        wasm_byte_vec_t binary;
        char file[64];
        size_t n;

        assert_non_null(f);
        n = fread(text, 1, sizeof text, f);
        assert_true(feof(f));
        fclose(f);
        to_binary(name, text, n, &binary);
        snprintf(file, sizeof file, "%.*s.wasm", (int)(strlen(name) - strlen(".wat")), name);
        write_file(file, binary.data, binary.size);
        wasm_byte_vec_delete(&binary);
    }
    globfree(&found);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static int set_up(void **state)
{
    char path[128];

    (void)state;
    strcpy(dir, "/tmp/wl-run-test-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    write_modules();
    write_file("text.wasm", "(module)", 8);
    write_file("component.wasm", "\0asm\r\0\1\0", 8);
    write_file("broken.wasm", "\0asm\1\0\0\0\1\200", 10);
    write_file("empty.wasm", "", 0);
    snprintf(path, sizeof path, "%s/folder", dir);
    mkdir(path, 0777);
    write_file("folder/file", "content", 7);
    return chdir(dir);
}

static int tear_down(void **state)
{
    (void)state;
    return chdir("/") < 0 ? -1 : nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What a run gave. */
static struct {
    int status; /* 1000 + number: ended by that signal */
    size_t out_size;
    char out[4096], err[4096];
} got;

static int wait_status(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static size_t read_all(int fd, char *to, size_t size)
{
    size_t n = 0;
    ssize_t r;

    while (n + 1 < size && (r = read(fd, to + n, size - 1 - n)) > 0)
        n += (size_t)r;
    to[n] = '\0';
    close(fd);
    return n;
}

/* What the caller of wl-run has done before; or NULL. */
static void (*before_exec)(void);

static void exec_with(const char *const *args)
{
    const char *argv[24] = {wl_run, "--cache-dir=cache"};

    for (int i = 0; args[i]; i++)
        argv[2 + i] = args[i];
    setenv("FROM_HOST", "yes", 1);
    if (before_exec)
        before_exec();
    execv(wl_run, (char *const *)(uintptr_t)argv);
    _exit(99);
}

static void run(const char *input, const char *const *args)
{
    int in[2], out[2], err[2];
    pid_t pid;

    assert_int_equal(pipe(in) | pipe(out) | pipe(err), 0);
    pid = fork();
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        for (int fd = 3; fd < 20; fd++)
            close(fd);
        exec_with(args);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    assert_int_equal(write(in[1], input, strlen(input)), (ssize_t)strlen(input));
    close(in[1]);
    got.out_size = read_all(out[0], got.out, sizeof got.out);
    read_all(err[0], got.err, sizeof got.err);
    got.status = wait_status(pid);
}

#define RUN(...) run("", (const char *const[]){__VA_ARGS__, NULL})

static void test_arguments(void **state)
{
    (void)state;
    RUN("argc.wasm");
    assert_int_equal(got.status, 1);
    RUN("argc.wasm", "--", "--dir", "a", "--");
    assert_int_equal(got.status, 4);
    RUN("--env", "A=1", "--env", "FROM_HOST", "--env", "NOT_THERE", "strings.wasm", "\xff", "b c");
    assert_int_equal(got.status, 0);
    assert_int_equal(got.out_size, 13 + 2 + 4 + 4 + 14);
    assert_memory_equal(got.out, "strings.wasm\0\xff\0b c\0A=1\0FROM_HOST=yes", got.out_size);
    RUN("--argv0", "me", "strings.wasm");
    assert_int_equal(got.out_size, 3);
    assert_string_equal(got.out, "me");
}

static void test_status(void **state)
{
    (void)state;
    RUN("status200.wasm");
    assert_int_equal(got.status, 200);
    assert_string_equal(got.err, "");
}

static void test_streams(void **state)
{
    int out[2];
    pid_t pid;

    (void)state;
    run("some text", (const char *const[]){"cat.wasm", NULL});
    assert_int_equal(got.status, 0);
    assert_string_equal(got.out, "some text");
    /* A reader that goes away. */
    assert_int_equal(pipe(out), 0);
    pid = fork();
    if (pid == 0) {
        dup2(out[1], 1);
        close(out[0]);
        close(out[1]);
        exec_with((const char *const[]){"flood.wasm", NULL});
    }
    close(out[0]);
    close(out[1]);
    assert_int_equal(wait_status(pid), 64); /* EPIPE */
    /* Streams that are closed from the start are no file of somebody's. */
    pid = fork();
    if (pid == 0) {
        close(0);
        close(1);
        exec_with((const char *const[]){"cat.wasm", NULL});
    }
    assert_int_equal(wait_status(pid), 0);
}

static void test_folders(void **state)
{
    (void)state;
    RUN("--dir", "folder::/::ro", "create.wasm");
    assert_true(got.status != 0 && got.status != 134);
    assert_int_not_equal(access("folder/new", F_OK), 0);
    RUN("--dir-ro=folder", "create.wasm");
    assert_int_not_equal(access("folder/new", F_OK), 0);
    RUN("create.wasm");
    assert_int_equal(got.status, 8); /* EBADF: there is no descriptor 3 */
    RUN("--mapdir", "/::folder", "create.wasm");
    assert_int_equal(got.status, 0);
    assert_int_equal(access("folder/new", F_OK), 0);
    RUN("--dir=folder::/x", "renumber.wasm");
    assert_int_equal(got.status, 8); /* the read after the close */
    assert_string_equal(got.out, "contentcontent");
}

static void test_traps(void **state)
{
    (void)state;
    RUN("trap.wasm");
    assert_int_equal(got.status, 134);
    assert_string_equal(got.err, "wl-run: trap.wasm was stopped: it aborted; --verbose shows where\n");
    RUN("--verbose", "trap.wasm");
    assert_non_null(strstr(got.err, "inner"));
    RUN("recurse.wasm");
    assert_int_equal(got.status, 134);
    assert_non_null(strstr(got.err, "--max-wasm-stack"));
    assert_null(strchr(strchr(got.err, '\n') + 1, '\n'));
    RUN("--max-wasm-stack=256M", "recurse.wasm");
    assert_int_equal(got.status, 134);
    RUN("bounds.wasm");
    assert_int_equal(got.status, 134);
    assert_non_null(strstr(got.err, "memory that it does not have"));
    RUN("throw.wasm");
    assert_int_equal(got.status, 134);
    assert_non_null(strstr(got.err, "exception that nothing caught"));
    RUN("nomemory.wasm");
    assert_int_equal(got.status, 21); /* EFAULT */
}

static void test_memory_limit(void **state)
{
    (void)state;
    RUN("grow.wasm");
    assert_int_equal(got.status, 0);
    RUN("--max-memory=1M", "grow.wasm");
    assert_int_equal(got.status, 1);
    RUN("--max-memory=1K", "grow.wasm");
    assert_int_equal(got.status, 125);
    assert_non_null(strstr(got.err, "--max-memory"));
}

/* One sum for the memory and the tables; and nothing that would lie beside it. */
static void test_memory_and_tables(void **state)
{
    static const struct {
        const char *args[3];
        int status;
        const char *says;
    } bad[] = {
        {{"--max-memory=64M", "largetable.wasm"}, 125, "its tables included"},
        {{"manymemories.wasm"}, 126, "it has 3 memories, and one is the most"},
        {{"memory64.wasm"}, 126, "memory64"},
        {{"manytables.wasm"}, 126, "it has 17 tables, and 16 are the most"},
        {{"shared.wasm"}, 126, "shared"},
        {{"structs.wasm"}, 126, "no valid WebAssembly module"},
    };

    (void)state;
    RUN("--max-memory=4M", "growboth.wasm");
    assert_int_equal(got.status, 0);
    RUN("--max-memory=256M", "largetable.wasm");
    assert_int_equal(got.status, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        run("", bad[i].args);
        assert_int_equal(got.status, bad[i].status);
        assert_non_null(strstr(got.err, bad[i].says));
        assert_string_equal(strchr(got.err, '\n'), "\n");
    }
}

/* The heap that exceptions live in has its half of the limit. */
static void test_exceptions_are_counted(void **state)
{
    (void)state;
    RUN("--max-memory=32M", "throwing.wasm");
    assert_int_equal(got.status, 134);
}

/* ---- compiling ---- */

static void leb(FILE *f, uint32_t n)
{
    for (; n > 0x7f; n >>= 7)
        putc((int)(n & 0x7f) | 0x80, f);
    putc((int)n, f);
}

/* A module whose _start, without a parameter or a result, has this body; it is put `times` times, then `end`. */
static void write_bomb(const char *name, const char *body, size_t body_size, uint32_t times, const char *end,
                       size_t end_size)
{
    static const char head[] = "\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0\7\12\1\6_start\0\0\12";
    uint32_t size = (uint32_t)(1 + body_size * times + end_size * times + 1);
    char sizes[2][8];
    FILE *f = fmemopen(sizes[0], 8, "w"), *g = fopen(name, "w");
    long n;

    leb(f, size);
    n = ftell(f);
    fclose(f);
    fwrite(head, 1, sizeof head - 1, g);
    leb(g, (uint32_t)(1 + n) + size);
    putc(1, g);
    leb(g, size);
    putc(0, g);
    for (uint32_t i = 0; i < times; i++)
        fwrite(body, 1, body_size, g);
    for (uint32_t i = 0; i < times; i++)
        fwrite(end, 1, end_size, g);
    putc(0x0b, g);
    fclose(g);
}

static void ignore_children(void)
{
    signal(SIGCHLD, SIG_IGN);
}

static void allow_a_second(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_CPU, &limit);
    limit.rlim_cur = 1;
    setrlimit(RLIMIT_CPU, &limit);
}

static void end_soon(void)
{
    alarm(20);
}

static void test_compiling_is_limited(void **state)
{
    (void)state;
    /* Blocks in blocks: fine where they are few. */
    write_bomb("few.wasm", "\x02\x40", 2, 1000, "\x0b", 1);
    RUN("few.wasm");
    assert_int_equal(got.status, 0);
    write_bomb("nested.wasm", "\x41\1\x04\x40", 4, 300000, "\x0b", 1);
    RUN("--max-compile-memory=64M", "nested.wasm");
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "nested.wasm: compiling it takes more than 64 MiB of memory"));
    assert_non_null(strstr(got.err, "--max-compile-memory"));
    assert_string_equal(strchr(got.err, '\n'), "\n");
    write_bomb("long.wasm", "\x10\0", 2, 2000000, "", 0);
    RUN("--max-compile-time=1", "long.wasm");
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "long.wasm: compiling it takes more than 1 s of processor time"));
    assert_string_equal(strchr(got.err, '\n'), "\n");
    /* Nothing of it is kept, and nothing is left running. (A caller may ignore the ends of children.) */
    before_exec = ignore_children;
    RUN("--max-compile-time=1", "long.wasm");
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "long.wasm: compiling it takes more than 1 s of processor time"));
    /* Where less is allowed already, that stays. */
    before_exec = allow_a_second;
    RUN("long.wasm");
    before_exec = NULL;
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "long.wasm: compiling it takes more than 1 s of processor time"));
    assert_int_equal(system("! ls -a cache | grep -q '^.new-'"), 0);
}

static void test_compiling_without_a_cache(void **state)
{
    (void)state;
    RUN("--no-cache", "status200.wasm");
    assert_int_equal(got.status, 200);
    RUN("--no-cache", "broken.wasm");
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "no valid WebAssembly module"));
    RUN("--no-cache", "--quick", "status200.wasm");
    assert_int_equal(got.status, 200);
}

/* A start section runs before _start, and may end the program. */
static void test_start_section(void **state)
{
    (void)state;
    RUN("early.wasm");
    assert_int_equal(got.status, 9);
    RUN("earlytrap.wasm");
    assert_int_equal(got.status, 134);
}

static void test_errors(void **state)
{
    static const struct {
        const char *args[3];
        int status;
        const char *says;
    } bad[] = {
        {{"nothere.wasm"}, 127, "nothere.wasm: No such file"},
        {{"text.wasm"}, 126, "not a WebAssembly file"},
        {{"empty.wasm"}, 126, "not a WebAssembly file"},
        {{"component.wasm"}, 126, "not a core module"},
        {{"broken.wasm"}, 126, "no valid WebAssembly module"},
        {{"folder"}, 126, "it is a folder"},
        {{"import.wasm"}, 126, "env.missing"},
        {{"library.wasm"}, 126, "_start"},
        {{"type.wasm"}, 126, "fd_read"},
        {{"--dir=missing::/", "argc.wasm"}, 125, "folder missing as /: No such file"},
        {{"--dir=argc.wasm::/", "argc.wasm"}, 125, "argc.wasm"},
        {{"--nonsense", "argc.wasm"}, 125, "--nonsense"},
        {{NULL}, 125, "no module"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        run("", bad[i].args);
        assert_int_equal(got.status, bad[i].status);
        assert_memory_equal(got.err, "wl-run: ", 8);
        assert_non_null(strstr(got.err, bad[i].says));
        assert_string_equal(strchr(got.err, '\n'), "\n"); /* one line */
        assert_string_equal(got.out, "");
    }
}

/* Names come from whoever made the module or the file. */
static void test_what_a_terminal_would_obey(void **state)
{
    (void)state;
    RUN("escape.wasm");
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "it imports env.[31mred 31m caf\303\251 end, which"));
    RUN("\033[31mno\tthere\302\233\377caf\303\251.wasm");
    assert_int_equal(got.status, 127);
    assert_non_null(strstr(got.err, "cannot read ?[31mno?there??caf\303\251.wasm: No such file"));
}

/* A pipe that nobody writes to. */
static void test_a_pipe_is_no_module(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("pipe.wasm", 0600), 0);
    before_exec = end_soon;
    RUN("pipe.wasm");
    before_exec = NULL;
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "pipe.wasm: it is not a regular file"));
}

static void test_help(void **state)
{
    (void)state;
    RUN("--help");
    assert_int_equal(got.status, 0);
    assert_memory_equal(got.out, "Usage: wl-run", 13);
    RUN("--version");
    assert_int_equal(got.status, 0);
    assert_non_null(strstr(got.out, "wasmtime"));
}

static void test_cache(void **state)
{
    (void)state;
    assert_int_equal(system("rm -rf cache"), 0);
    RUN("status200.wasm");
    assert_int_equal(system("test $(ls cache/*.compiled | wc -l) = 1"), 0);
    /* A broken file is made anew. */
    assert_int_equal(system("for f in cache/*.compiled; do echo garbage >$f; done"), 0);
    RUN("-v", "status200.wasm");
    assert_int_equal(got.status, 200);
    assert_non_null(strstr(got.err, "of no use"));
    assert_int_equal(system("test $(stat -c %s cache/*.compiled) -gt 1000"), 0);
    assert_int_equal(system("for f in cache/*.compiled; do truncate -s 5000 $f; done"), 0);
    RUN("status200.wasm");
    assert_int_equal(got.status, 200);
    RUN("-v", "status200.wasm");
    assert_string_equal(got.err, "");
    /* A module that changes behind the same name. */
    assert_int_equal(system("sleep 0.1; cp argc.wasm change.wasm; sleep 0.1"), 0);
    RUN("change.wasm");
    assert_int_equal(got.status, 1);
    assert_int_equal(system("cat status200.wasm >change.wasm"), 0);
    RUN("change.wasm");
    assert_int_equal(got.status, 200);
    /* A cache that cannot be used is no reason not to run. */
    RUN("--cache-dir=/dev/null/x", "-v", "argc.wasm");
    assert_int_equal(got.status, 1);
    assert_non_null(strstr(got.err, "/dev/null/x"));
    RUN("--no-cache", "argc.wasm");
    assert_int_equal(got.status, 1);
}

static void test_snapshot(void **state)
{
    static const struct {
        const char *args[4];
        int status;
        const char *says;
    } bad[] = {
        {{"--entry=wrong", "ready.wasm"}, 126, "wrong"},
        {{"--entry=trap", "ready.wasm"}, 134, "it aborted"},
        {{"--entry=none", "ready.wasm"}, 126, "it exports no none"},
        {{"variables.wasm"}, 126, "the stack pointer"},
        {{"passive.wasm"}, 126, "data that is copied while it runs"},
        {{"trap.wasm"}, 126, "wizer.initialize"},
    };

    (void)state;
    RUN("--snapshot", "snapshot.wasm", "ready.wasm");
    assert_int_equal(got.status, 0);
    assert_string_equal(got.err, "");
    RUN("ready.wasm");
    assert_int_equal(got.status, 134); /* that memory is not there */
    for (int i = 0; i < 2; i++) {
        RUN("snapshot.wasm");
        assert_int_equal(got.status, 42);
    }
    /* It is no more what can be called twice. */
    RUN("--snapshot=again.wasm", "snapshot.wasm");
    assert_int_equal(got.status, 126);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        RUN("--snapshot=bad.wasm", bad[i].args[0], bad[i].args[1] ? bad[i].args[1] : "--", "x");
        assert_int_equal(got.status, bad[i].status);
        assert_non_null(strstr(got.err, bad[i].says));
    }
    RUN("--snapshot=none/bad.wasm", "ready.wasm");
    assert_int_equal(got.status, 125);
    assert_non_null(strstr(got.err, "none/bad.wasm"));
    RUN("--entry=wizer.initialize", "ready.wasm");
    assert_int_equal(got.status, 125);
    assert_int_equal(system("test ! -e again.wasm && ! ls bad.wasm* 2>/dev/null"), 0);
}

/* The other compiler: the same results, and what one of them made is not taken for the other's. */
static void test_quick(void **state)
{
    (void)state;
    assert_int_equal(system("rm -rf cache"), 0);
    for (int i = 0; i < 2; i++) {
        RUN("--quick", "status200.wasm");
        assert_int_equal(got.status, 200);
    }
    assert_int_equal(system("test $(ls cache/*.compiled | wc -l) = 1"), 0);
    RUN("status200.wasm");
    assert_int_equal(got.status, 200);
    assert_int_equal(system("test $(ls cache/*.compiled | wc -l) = 2"), 0);
    RUN("--quick", "--max-memory=1M", "grow.wasm");
    assert_int_equal(got.status, 1);
    RUN("--quick", "recurse.wasm");
    assert_int_equal(got.status, 134);
}

/* ---- on a terminal ---- */

static pid_t terminal_pid;
static int terminal;

static void terminal_start(const char *module)
{
    got.out_size = 0;
    got.out[0] = '\0';
    terminal_pid = forkpty(&terminal, NULL, NULL, NULL);
    assert_true(terminal_pid >= 0);
    if (terminal_pid == 0) {
        signal(SIGINT, SIG_DFL);
        exec_with((const char *const[]){module, NULL});
    }
}

/* Reads until the text has come; false at the end, or after ten seconds. */
static bool terminal_wait(const char *text)
{
    struct pollfd fd = {.fd = terminal, .events = POLLIN};

    while (!text || !strstr(got.out, text)) {
        ssize_t n;

        if (poll(&fd, 1, 10000) <= 0)
            return false;
        n = read(terminal, got.out + got.out_size, sizeof got.out - 1 - got.out_size);
        if (n <= 0)
            return false;
        got.out_size += (size_t)n;
        got.out[got.out_size] = '\0';
    }
    return true;
}

static void terminal_type(const char *keys)
{
    assert_int_equal(write(terminal, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static int terminal_end(void)
{
    int status;

    terminal_wait(NULL);
    status = wait_status(terminal_pid);
    close(terminal);
    return status;
}

static void test_interrupt_running(void **state)
{
    (void)state;
    terminal_start("spin.wasm");
    assert_true(terminal_wait("go"));
    terminal_type("\003");
    assert_int_equal(terminal_end(), 1000 + SIGINT); /* 130 after an interrupt */
}

static void test_interrupt_read(void **state)
{
    (void)state;
    terminal_start("wait.wasm");
    assert_true(terminal_wait("go"));
    terminal_type("\003");
    assert_int_equal(terminal_end(), 40 + 27);
}

static void test_interrupt_sleep(void **state)
{
    (void)state;
    terminal_start("wait.wasm");
    assert_true(terminal_wait("go"));
    terminal_type("a line\n");
    assert_true(terminal_wait("a line\r\na line\r\n")); /* the echo, and then the guest */
    terminal_type("\003");
    assert_int_equal(terminal_end(), 40 + 27);
}

static void test_end_of_file(void **state)
{
    (void)state;
    terminal_start("wait.wasm");
    assert_true(terminal_wait("go"));
    terminal_type("\004");
    assert_int_equal(terminal_end(), 30);
}

static void test_interrupt_without_cells(void **state)
{
    (void)state;
    RUN("cat.wasm"); /* is compiled now: no message of that among the output */
    terminal_start("cat.wasm");
    terminal_type("x\n");
    assert_true(terminal_wait("x\r\nx\r\n"));
    terminal_type("\003");
    assert_int_equal(terminal_end(), 1000 + SIGINT);
    terminal_start("badcells.wasm");
    assert_true(terminal_wait("go"));
    terminal_type("\003");
    assert_int_equal(terminal_end(), 1000 + SIGINT);
}

/* A program that ends where it is asked for its cells has ended with its own status. */
static void test_cells_that_are_not_given(void **state)
{
    (void)state;
    RUN("cellsexit.wasm");
    assert_int_equal(got.status, 33);
    assert_string_equal(got.err, "");
    RUN("cellstrap.wasm");
    assert_int_equal(got.status, 1);
}

static void test_second_interrupt(void **state)
{
    const struct timespec soon = {.tv_nsec = 200000000}, later = {.tv_sec = 1};

    (void)state;
    terminal_start("stuck.wasm");
    assert_true(terminal_wait("go"));
    terminal_type("\003");
    nanosleep(&soon, NULL);
    terminal_type("\003");
    nanosleep(&soon, NULL);
    assert_int_equal(waitpid(terminal_pid, NULL, WNOHANG), 0);
    nanosleep(&later, NULL);
    terminal_type("\003");
    assert_int_equal(terminal_end(), 1000 + SIGINT);
}

static void test_isatty(void **state)
{
    (void)state;
    terminal_start("isatty.wasm");
    assert_int_equal(terminal_end(), 2);
    RUN("isatty.wasm");
    assert_int_not_equal(got.status, 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_memory_and_tables),
        cmocka_unit_test(test_exceptions_are_counted),
        cmocka_unit_test(test_compiling_is_limited),
        cmocka_unit_test(test_compiling_without_a_cache),
        cmocka_unit_test(test_start_section),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_what_a_terminal_would_obey),
        cmocka_unit_test(test_a_pipe_is_no_module),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_quick),
        cmocka_unit_test(test_interrupt_running),
        cmocka_unit_test(test_interrupt_read),
        cmocka_unit_test(test_interrupt_sleep),
        cmocka_unit_test(test_end_of_file),
        cmocka_unit_test(test_interrupt_without_cells),
        cmocka_unit_test(test_cells_that_are_not_given),
        cmocka_unit_test(test_second_interrupt),
        cmocka_unit_test(test_isatty),
    };

    if (argc != 3)
        return 2;
    wl_run = realpath(argv[1], NULL); /* the tests change the folder */
    texts = argv[2];
    if (!wl_run)
        return 2;
    return cmocka_run_group_tests_name("run", tests, set_up, tear_down);
}
