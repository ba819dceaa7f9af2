/* The WASI calls that are passed on to the host unchanged. One thing is added: a program without HOME gets one, a
 * directory in memory (vfs.h), because most programs expect it. */
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

/* libc first asks for the sizes, which include the added variable. Then it asks for the variables. */
static const char home[] = "HOME=" VFS_HOME;
static __wasi_size_t host_n, host_size;

error_t WRAP(environ_sizes_get)(__wasi_size_t *n, __wasi_size_t *size)
{
    error_t error = REAL(environ_sizes_get)(&host_n, &host_size);

    if (!error) {
        *n = host_n + 1;
        *size = host_size + sizeof home;
    }
    return error;
}

error_t WRAP(environ_get)(uint8_t **variables, uint8_t *bytes)
{
    __wasi_size_t n = host_n, size = host_size;
    /* Some hosts fail if there are no variables, so they are not asked then. libc would not ask them either. */
    error_t error = n ? REAL(environ_get)(variables, bytes) : 0;

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
