/* The WASI preview 1 calls that the module imports from the host.
 *
 * libc calls WASI through functions named __wasi_NAME, which are in one object of its archive. The files of guest/
 * define all of these functions, so that object is not linked, and all calls of libc arrive in guest/. This needs no
 * linker option. REAL(name) is the host's call behind such a function. */
#ifndef WL_WASI_HOST_H
#define WL_WASI_HOST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wasi/api.h>

typedef __wasi_errno_t error_t;

/* The result of an import is 32 bits wide. */
#define REAL(call) (error_t) host_##call
#define WRAP(call) __wasi_##call
#define IMPORT(name, arguments)                                                                                        \
    int32_t host_##name arguments                                                                                      \
        __attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__(#name), __warn_unused_result__))
/* A call with paths, which are passed with their lengths. */
#define IMPORT_PATH(name, arguments)                                                                                   \
    int32_t import_##name arguments                                                                                    \
        __attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__(#name), __warn_unused_result__))

IMPORT(args_get, (uint8_t **, uint8_t *));
IMPORT(args_sizes_get, (__wasi_size_t *, __wasi_size_t *));
IMPORT(environ_get, (uint8_t **, uint8_t *));
IMPORT(environ_sizes_get, (__wasi_size_t *, __wasi_size_t *));
IMPORT(clock_res_get, (__wasi_clockid_t, __wasi_timestamp_t *));
IMPORT(clock_time_get, (__wasi_clockid_t, __wasi_timestamp_t, __wasi_timestamp_t *));
IMPORT(fd_advise, (__wasi_fd_t, __wasi_filesize_t, __wasi_filesize_t, __wasi_advice_t));
IMPORT(fd_allocate, (__wasi_fd_t, __wasi_filesize_t, __wasi_filesize_t));
IMPORT(fd_close, (__wasi_fd_t));
IMPORT(fd_datasync, (__wasi_fd_t));
IMPORT(fd_fdstat_get, (__wasi_fd_t, __wasi_fdstat_t *));
IMPORT(fd_fdstat_set_flags, (__wasi_fd_t, __wasi_fdflags_t));
IMPORT(fd_fdstat_set_rights, (__wasi_fd_t, __wasi_rights_t, __wasi_rights_t));
IMPORT(fd_filestat_get, (__wasi_fd_t, __wasi_filestat_t *));
IMPORT(fd_filestat_set_size, (__wasi_fd_t, __wasi_filesize_t));
IMPORT(fd_filestat_set_times, (__wasi_fd_t, __wasi_timestamp_t, __wasi_timestamp_t, __wasi_fstflags_t));
IMPORT(fd_pread, (__wasi_fd_t, const __wasi_iovec_t *, size_t, __wasi_filesize_t, __wasi_size_t *));
IMPORT(fd_prestat_get, (__wasi_fd_t, __wasi_prestat_t *));
IMPORT(fd_prestat_dir_name, (__wasi_fd_t, uint8_t *, __wasi_size_t));
IMPORT(fd_pwrite, (__wasi_fd_t, const __wasi_ciovec_t *, size_t, __wasi_filesize_t, __wasi_size_t *));
IMPORT(fd_read, (__wasi_fd_t, const __wasi_iovec_t *, size_t, __wasi_size_t *));
IMPORT(fd_readdir, (__wasi_fd_t, uint8_t *, __wasi_size_t, __wasi_dircookie_t, __wasi_size_t *));
IMPORT(fd_renumber, (__wasi_fd_t, __wasi_fd_t));
IMPORT(fd_seek, (__wasi_fd_t, __wasi_filedelta_t, __wasi_whence_t, __wasi_filesize_t *));
IMPORT(fd_sync, (__wasi_fd_t));
IMPORT(fd_tell, (__wasi_fd_t, __wasi_filesize_t *));
IMPORT(fd_write, (__wasi_fd_t, const __wasi_ciovec_t *, size_t, __wasi_size_t *));
IMPORT(poll_oneoff, (const __wasi_subscription_t *, __wasi_event_t *, __wasi_size_t, __wasi_size_t *));
IMPORT(random_get, (uint8_t *, __wasi_size_t));
IMPORT(sched_yield, (void));
IMPORT(sock_accept, (__wasi_fd_t, __wasi_fdflags_t, __wasi_fd_t *));
IMPORT(sock_recv, (__wasi_fd_t, const __wasi_iovec_t *, size_t, __wasi_riflags_t, __wasi_size_t *, __wasi_roflags_t *));
IMPORT(sock_send, (__wasi_fd_t, const __wasi_ciovec_t *, size_t, __wasi_siflags_t, __wasi_size_t *));
IMPORT(sock_shutdown, (__wasi_fd_t, __wasi_sdflags_t));

IMPORT_PATH(path_create_directory, (__wasi_fd_t, const char *, size_t));
IMPORT_PATH(path_filestat_get, (__wasi_fd_t, __wasi_lookupflags_t, const char *, size_t, __wasi_filestat_t *));
IMPORT_PATH(path_filestat_set_times, (__wasi_fd_t, __wasi_lookupflags_t, const char *, size_t, __wasi_timestamp_t,
                                      __wasi_timestamp_t, __wasi_fstflags_t));
IMPORT_PATH(path_link, (__wasi_fd_t, __wasi_lookupflags_t, const char *, size_t, __wasi_fd_t, const char *, size_t));
IMPORT_PATH(path_open, (__wasi_fd_t, __wasi_lookupflags_t, const char *, size_t, __wasi_oflags_t, __wasi_rights_t,
                        __wasi_rights_t, __wasi_fdflags_t, __wasi_fd_t *));
IMPORT_PATH(path_readlink, (__wasi_fd_t, const char *, size_t, uint8_t *, __wasi_size_t, __wasi_size_t *));
IMPORT_PATH(path_remove_directory, (__wasi_fd_t, const char *, size_t));
IMPORT_PATH(path_rename, (__wasi_fd_t, const char *, size_t, __wasi_fd_t, const char *, size_t));
IMPORT_PATH(path_symlink, (const char *, size_t, __wasi_fd_t, const char *, size_t));
IMPORT_PATH(path_unlink_file, (__wasi_fd_t, const char *, size_t));

static inline int32_t host_path_create_directory(__wasi_fd_t fd, const char *path)
{
    return import_path_create_directory(fd, path, strlen(path));
}

static inline int32_t host_path_filestat_get(__wasi_fd_t fd, __wasi_lookupflags_t flags, const char *path,
                                             __wasi_filestat_t *stat)
{
    return import_path_filestat_get(fd, flags, path, strlen(path), stat);
}

static inline int32_t host_path_filestat_set_times(__wasi_fd_t fd, __wasi_lookupflags_t flags, const char *path,
                                                   __wasi_timestamp_t accessed, __wasi_timestamp_t modified,
                                                   __wasi_fstflags_t which)
{
    return import_path_filestat_set_times(fd, flags, path, strlen(path), accessed, modified, which);
}

static inline int32_t host_path_link(__wasi_fd_t from_fd, __wasi_lookupflags_t flags, const char *from,
                                     __wasi_fd_t to_fd, const char *to)
{
    return import_path_link(from_fd, flags, from, strlen(from), to_fd, to, strlen(to));
}

static inline int32_t host_path_open(__wasi_fd_t fd, __wasi_lookupflags_t flags, const char *path, __wasi_oflags_t how,
                                     __wasi_rights_t base, __wasi_rights_t inheriting, __wasi_fdflags_t fdflags,
                                     __wasi_fd_t *opened)
{
    return import_path_open(fd, flags, path, strlen(path), how, base, inheriting, fdflags, opened);
}

static inline int32_t host_path_readlink(__wasi_fd_t fd, const char *path, uint8_t *text, __wasi_size_t size,
                                         __wasi_size_t *n)
{
    return import_path_readlink(fd, path, strlen(path), text, size, n);
}

static inline int32_t host_path_remove_directory(__wasi_fd_t fd, const char *path)
{
    return import_path_remove_directory(fd, path, strlen(path));
}

static inline int32_t host_path_rename(__wasi_fd_t from_fd, const char *from, __wasi_fd_t to_fd, const char *to)
{
    return import_path_rename(from_fd, from, strlen(from), to_fd, to, strlen(to));
}

static inline int32_t host_path_symlink(const char *text, __wasi_fd_t fd, const char *path)
{
    return import_path_symlink(text, strlen(text), fd, path, strlen(path));
}

static inline int32_t host_path_unlink_file(__wasi_fd_t fd, const char *path)
{
    return import_path_unlink_file(fd, path, strlen(path));
}

#endif
