/* The calls of wasi_snapshot_preview1 as one list: X(name, parameters, arguments). Each returns a wasi_errno. The 46th,
 * proc_exit, which does not return, is for whoever executes the guest. */
#ifndef WL_WASI_CALLS_H
#define WL_WASI_CALLS_H

#include <stdint.h>

struct w2c_wasi__snapshot__preview1;
typedef struct w2c_wasi__snapshot__preview1 wasi;

#define WASI_CALLS(X)                                                                                                  \
    X(args_get, (wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                         \
    X(args_sizes_get, (wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                   \
    X(environ_get, (wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                      \
    X(environ_sizes_get, (wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                \
    X(clock_res_get, (wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                    \
    X(clock_time_get, (wasi * w, uint32_t a, uint64_t b, uint32_t c), (w, a, b, c))                                    \
    X(fd_advise, (wasi * w, uint32_t a, uint64_t b, uint64_t c, uint32_t d), (w, a, b, c, d))                          \
    X(fd_allocate, (wasi * w, uint32_t a, uint64_t b, uint64_t c), (w, a, b, c))                                       \
    X(fd_close, (wasi * w, uint32_t a), (w, a))                                                                        \
    X(fd_datasync, (wasi * w, uint32_t a), (w, a))                                                                     \
    X(fd_fdstat_get, (wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                    \
    X(fd_fdstat_set_flags, (wasi * w, uint32_t a, uint32_t b), (w, a, b))                                              \
    X(fd_fdstat_set_rights, (wasi * w, uint32_t a, uint64_t b, uint64_t c), (w, a, b, c))                              \
    X(fd_filestat_get, (wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                  \
    X(fd_filestat_set_size, (wasi * w, uint32_t a, uint64_t b), (w, a, b))                                             \
    X(fd_filestat_set_times, (wasi * w, uint32_t a, uint64_t b, uint64_t c, uint32_t d), (w, a, b, c, d))              \
    X(fd_pread, (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint64_t d, uint32_t e), (w, a, b, c, d, e))            \
    X(fd_prestat_get, (wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                   \
    X(fd_prestat_dir_name, (wasi * w, uint32_t a, uint32_t b, uint32_t c), (w, a, b, c))                               \
    X(fd_pwrite, (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint64_t d, uint32_t e), (w, a, b, c, d, e))           \
    X(fd_read, (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d), (w, a, b, c, d))                            \
    X(fd_readdir, (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint64_t d, uint32_t e), (w, a, b, c, d, e))          \
    X(fd_renumber, (wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                      \
    X(fd_seek, (wasi * w, uint32_t a, uint64_t b, uint32_t c, uint32_t d), (w, a, b, c, d))                            \
    X(fd_sync, (wasi * w, uint32_t a), (w, a))                                                                         \
    X(fd_tell, (wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                          \
    X(fd_write, (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d), (w, a, b, c, d))                           \
    X(path_create_directory, (wasi * w, uint32_t a, uint32_t b, uint32_t c), (w, a, b, c))                             \
    X(path_filestat_get, (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e), (w, a, b, c, d, e))   \
    X(path_filestat_set_times,                                                                                         \
      (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint64_t e, uint64_t f, uint32_t g),                  \
      (w, a, b, c, d, e, f, g))                                                                                        \
    X(path_link, (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f, uint32_t g),       \
      (w, a, b, c, d, e, f, g))                                                                                        \
    X(path_open,                                                                                                       \
      (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint64_t f, uint64_t g, uint32_t h,       \
       uint32_t i),                                                                                                    \
      (w, a, b, c, d, e, f, g, h, i))                                                                                  \
    X(path_readlink, (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f),               \
      (w, a, b, c, d, e, f))                                                                                           \
    X(path_remove_directory, (wasi * w, uint32_t a, uint32_t b, uint32_t c), (w, a, b, c))                             \
    X(path_rename, (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f),                 \
      (w, a, b, c, d, e, f))                                                                                           \
    X(path_symlink, (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e), (w, a, b, c, d, e))        \
    X(path_unlink_file, (wasi * w, uint32_t a, uint32_t b, uint32_t c), (w, a, b, c))                                  \
    X(poll_oneoff, (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d), (w, a, b, c, d))                        \
    X(proc_raise, (wasi * w, uint32_t a), (w, a))                                                                      \
    X(sched_yield, (wasi * w), (w))                                                                                    \
    X(random_get, (wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                       \
    X(sock_accept, (wasi * w, uint32_t a, uint32_t b, uint32_t c), (w, a, b, c))                                       \
    X(sock_recv, (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f),                   \
      (w, a, b, c, d, e, f))                                                                                           \
    X(sock_send, (wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e), (w, a, b, c, d, e))           \
    X(sock_shutdown, (wasi * w, uint32_t a, uint32_t b), (w, a, b))

#define WASI_DECLARE(name, parameters, arguments) uint32_t wasi_##name parameters;
WASI_CALLS(WASI_DECLARE)
#undef WASI_DECLARE

#endif
