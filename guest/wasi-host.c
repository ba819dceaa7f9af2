/* The calls of WASI that nothing of guest/ changes: they go to the host as they are. But a program that is given no
 * HOME finds one: a folder in memory (vfs.h), since most take for granted that there is one. */
#include "wasi-host.h"

#include "vfs.h"

#include <stdbool.h>

_Noreturn void host_proc_exit(__wasi_exitcode_t)
    __attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__("proc_exit")));

error_t WRAP(args_get)(uint8_t **args, uint8_t *bytes)
{
    return REAL(args_get)(args, bytes);
}

error_t WRAP(args_sizes_get)(__wasi_size_t *n, __wasi_size_t *size)
{
    return REAL(args_sizes_get)(n, size);
}

error_t WRAP(clock_res_get)(__wasi_clockid_t id, __wasi_timestamp_t *resolution)
{
    return REAL(clock_res_get)(id, resolution);
}

error_t WRAP(clock_time_get)(__wasi_clockid_t id, __wasi_timestamp_t precision, __wasi_timestamp_t *time)
{
    return REAL(clock_time_get)(id, precision, time);
}

error_t WRAP(random_get)(uint8_t *bytes, __wasi_size_t n)
{
    return REAL(random_get)(bytes, n);
}

error_t WRAP(sched_yield)(void)
{
    return REAL(sched_yield)();
}

_Noreturn void WRAP(proc_exit)(__wasi_exitcode_t status)
{
    host_proc_exit(status);
}

/* libc asks for the sizes first, with room for one variable more, and then for the variables. */
static const char home[] = "HOME=" VFS_HOME;

error_t WRAP(environ_sizes_get)(__wasi_size_t *n, __wasi_size_t *size)
{
    error_t error = REAL(environ_sizes_get)(n, size);

    if (!error) {
        *n += 1;
        *size += sizeof home;
    }
    return error;
}

error_t WRAP(environ_get)(uint8_t **variables, uint8_t *bytes)
{
    __wasi_size_t n = 0, size = 0;
    error_t error = REAL(environ_sizes_get)(&n, &size);

    /* (Some hosts know no answer where there is nothing to tell; libc does not ask then.) */
    if (!error && n)
        error = REAL(environ_get)(variables, bytes);
    if (error)
        return error;
    for (__wasi_size_t i = 0; i < n; i++)
        if (!strncmp((char *)variables[i], "HOME=", 5)) {
            variables[n] = NULL; /* the list ends there */
            return 0;
        }
    memcpy(bytes + size, home, sizeof home);
    variables[n] = bytes + size;
    return 0;
}
