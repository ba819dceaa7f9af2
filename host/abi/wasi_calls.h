/* The calls of wasi_snapshot_preview1 as one list: X(name, parameters, arguments). Each returns a wasi_errno. The
 * list makes the declarations and the table for engines that look calls up (wasi/), the functions that translated
 * modules are linked with (native.h), and the names that they can import (tools/aot/fit.c). The 46th call is
 * proc_exit, which returns nothing. */
#ifndef WL_ABI_WASI_CALLS_H
#define WL_ABI_WASI_CALLS_H

#include <stdint.h>

struct wasi;

#define WASI_CALLS(X)                                                                                                  \
    X(args_get, (struct wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                  \
    X(args_sizes_get, (struct wasi * w, uint32_t a, uint32_t b), (w, a, b))                                            \
    X(environ_get, (struct wasi * w, uint32_t a, uint32_t b), (w, a, b))                                               \
    X(environ_sizes_get, (struct wasi * w, uint32_t a, uint32_t b), (w, a, b))                                         \
    X(clock_res_get, (struct wasi * w, uint32_t a, uint32_t b), (w, a, b))                                             \
    X(clock_time_get, (struct wasi * w, uint32_t a, uint64_t b, uint32_t c), (w, a, b, c))                             \
    X(fd_advise, (struct wasi * w, uint32_t a, uint64_t b, uint64_t c, uint32_t d), (w, a, b, c, d))                   \
    X(fd_allocate, (struct wasi * w, uint32_t a, uint64_t b, uint64_t c), (w, a, b, c))                                \
    X(fd_close, (struct wasi * w, uint32_t a), (w, a))                                                                 \
    X(fd_datasync, (struct wasi * w, uint32_t a), (w, a))                                                              \
    X(fd_fdstat_get, (struct wasi * w, uint32_t a, uint32_t b), (w, a, b))                                             \
    X(fd_fdstat_set_flags, (struct wasi * w, uint32_t a, uint32_t b), (w, a, b))                                       \
    X(fd_fdstat_set_rights, (struct wasi * w, uint32_t a, uint64_t b, uint64_t c), (w, a, b, c))                       \
    X(fd_filestat_get, (struct wasi * w, uint32_t a, uint32_t b), (w, a, b))                                           \
    X(fd_filestat_set_size, (struct wasi * w, uint32_t a, uint64_t b), (w, a, b))                                      \
    X(fd_filestat_set_times, (struct wasi * w, uint32_t a, uint64_t b, uint64_t c, uint32_t d), (w, a, b, c, d))       \
    X(fd_pread, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint64_t d, uint32_t e), (w, a, b, c, d, e))     \
    X(fd_prestat_get, (struct wasi * w, uint32_t a, uint32_t b), (w, a, b))                                            \
    X(fd_prestat_dir_name, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c), (w, a, b, c))                        \
    X(fd_pwrite, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint64_t d, uint32_t e), (w, a, b, c, d, e))    \
    X(fd_read, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d), (w, a, b, c, d))                     \
    X(fd_readdir, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint64_t d, uint32_t e), (w, a, b, c, d, e))   \
    X(fd_renumber, (struct wasi * w, uint32_t a, uint32_t b), (w, a, b))                                               \
    X(fd_seek, (struct wasi * w, uint32_t a, uint64_t b, uint32_t c, uint32_t d), (w, a, b, c, d))                     \
    X(fd_sync, (struct wasi * w, uint32_t a), (w, a))                                                                  \
    X(fd_tell, (struct wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                   \
    X(fd_write, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d), (w, a, b, c, d))                    \
    X(path_create_directory, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c), (w, a, b, c))                      \
    X(path_filestat_get, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e),                \
      (w, a, b, c, d, e))                                                                                              \
    X(path_filestat_set_times,                                                                                         \
      (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint64_t e, uint64_t f, uint32_t g),           \
      (w, a, b, c, d, e, f, g))                                                                                        \
    X(path_link,                                                                                                       \
      (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f, uint32_t g),           \
      (w, a, b, c, d, e, f, g))                                                                                        \
    X(path_open,                                                                                                       \
      (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint64_t f, uint64_t g,            \
       uint32_t h, uint32_t i),                                                                                        \
      (w, a, b, c, d, e, f, g, h, i))                                                                                  \
    X(path_readlink, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f),        \
      (w, a, b, c, d, e, f))                                                                                           \
    X(path_remove_directory, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c), (w, a, b, c))                      \
    X(path_rename, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f),          \
      (w, a, b, c, d, e, f))                                                                                           \
    X(path_symlink, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e), (w, a, b, c, d, e)) \
    X(path_unlink_file, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c), (w, a, b, c))                           \
    X(poll_oneoff, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d), (w, a, b, c, d))                 \
    X(proc_raise, (struct wasi * w, uint32_t a), (w, a))                                                               \
    X(sched_yield, (struct wasi * w), (w))                                                                             \
    X(random_get, (struct wasi * w, uint32_t a, uint32_t b), (w, a, b))                                                \
    X(sock_accept, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c), (w, a, b, c))                                \
    X(sock_recv, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f),            \
      (w, a, b, c, d, e, f))                                                                                           \
    X(sock_send, (struct wasi * w, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e), (w, a, b, c, d, e))    \
    X(sock_shutdown, (struct wasi * w, uint32_t a, uint32_t b), (w, a, b))

#endif
