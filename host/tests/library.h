/* Helpers for tests that use libwlpy through wlpy.h, as a program around it does. */
#ifndef TEST_LIBRARY_H
#define TEST_LIBRARY_H

#include "wlpy.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wasmtime.h>

#include <cmocka.h>

static char dir[64];
static struct wlpy_err why;

/* Replaces libc's function for everything that is linked here: a library must not change the umask, because other
 * threads create files. */
mode_t umask(mode_t mask)
{
    (void)mask;
    fail_msg("the library changes the umask");
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/wl-run-library-XXXXXX");
    return mkdtemp(dir) ? chdir(dir) : -1;
}

static inline int tear_down(void **state)
{
    (void)state;
    return chdir("/") < 0 ? -1 : nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void to_binary(const char *text, wasm_byte_vec_t *binary)
{
    wasmtime_error_t *error = wasmtime_wat2wasm(text, strlen(text), binary);
    wasm_byte_vec_t message;

    if (!error)
        return;
    wasmtime_error_message(error, &message);
    fail_msg("%.*s", (int)message.size, message.data);
}

static inline void put_file(const char *name, const void *data, size_t size)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), (ssize_t)size);
    close(fd);
}

/* A module that exits with a status. */
static inline void program(int status, wasm_byte_vec_t *binary)
{
    char text[256];

    snprintf(text, sizeof text,
             "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $e (param i32)))"
             " (func (export \"_start\") (call $e (i32.const %d))))",
             status);
    to_binary(text, binary);
}

/* One run, with an engine of its own. */
struct setup {
    struct wlpy_engine_config engine;
    struct wlpy_run_config run;
    const char *module, *entry, *snapshot;
};

static inline int run(const struct setup *s, struct wlpy_result *result)
{
    static const char *const argv[] = {"program"};
    struct wlpy_engine_config how = s->engine;
    struct wlpy_run_config config = s->run;
    struct wlpy_program *program = NULL;
    struct wlpy_engine *engine;
    int r;

    how.size = sizeof how;
    config.size = sizeof config;
    config.argv = argv;
    config.argc = 1;
    *result = (struct wlpy_result){.size = sizeof *result};
    assert_int_equal(wlpy_engine_new(&how, &engine, &why), 0);
    if (s->snapshot) {
        r = wlpy_snapshot(engine, s->module, s->entry, s->snapshot, &config, result, &why);
    } else {
        r = wlpy_program_load(engine, s->module, &program, &why);
        if (r == 0)
            r = wlpy_run(program, &config, result, &why);
    }
    wlpy_result_free(result);
    wlpy_program_free(program);
    wlpy_engine_free(engine);
    return r;
}

#endif
