/* Helpers for tests that start wl-run as a user does, with small modules that are written as text.
 *
 * Arguments of a test: the path of wl-run, and the directory of the modules' text (NAME.wat). */
#ifndef TEST_COMMAND_H
#define TEST_COMMAND_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Every NAME.wat of the directory becomes NAME.wasm. */
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

/* The results of a run. */
static struct {
    int status; /* or 1000 + the number of the signal that ended it */
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

/* What the caller of wl-run does before it starts wl-run; or NULL. */
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

static inline void run(const char *input, const char *const *args)
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

static int run_command_tests(const char *name, const struct CMUnitTest *tests, size_t n, int argc, char **argv)
{
    if (argc != 3)
        return 2;
    wl_run = realpath(argv[1], NULL); /* the tests change the working directory */
    texts = argv[2];
    return wl_run ? _cmocka_run_group_tests(name, tests, n, set_up, tear_down) : 2;
}

#endif
