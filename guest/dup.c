/* dup(), pipe() and related functions, which WASI does not have. The layer over descriptors provides them (vfs.h). A
 * new descriptor does not get the lowest free number, but one above those of the host. */
#include "processes.h"
#include "vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* libc does not declare these. */
int dup(int of);
int dup2(int of, int fd);
int dup3(int of, int fd, int flags);
int pipe(int fds[2]);
int pipe2(int fds[2], int flags);

static int give(error_t error, int result)
{
    if (error)
        errno = error;
    return error ? -1 : result;
}

int dup(int of)
{
    __wasi_fd_t fd = 0;
    error_t error = vfs_copy((__wasi_fd_t)of, &fd);

    if (!error)
        error = vfs_inherit(fd, true);
    return give(error, (int)fd);
}

static error_t copy_to(int of, int fd)
{
    return fd < 0 ? __WASI_ERRNO_BADF : vfs_copy_to((__wasi_fd_t)of, (__wasi_fd_t)fd);
}

int dup2(int of, int fd)
{
    error_t error = copy_to(of, fd);

    if (!error && of != fd)
        error = vfs_inherit(fd, true);
    return give(error, fd);
}

/* (O_CLOEXEC is 0 in wasi-libc, and what dup3() is there for.) */
int dup3(int of, int fd, int flags)
{
    if (of == fd || (flags & ~O_CLOEXEC))
        return give(__WASI_ERRNO_INVAL, -1);
    return give(copy_to(of, fd), fd);
}

static struct vfs_file *new_end(struct pipe *pipe, bool writes, int flags)
{
    struct vfs_file *end = vfs_new_file(VFS_PIPE, (__wasi_fdflags_t)(flags & O_NONBLOCK));

    if (end) {
        end->pipe = pipe;
        end->reads = !writes;
        end->writes = writes;
    }
    return end;
}

static int pipe_of_our_own(int fds[2], int flags)
{
    struct pipe *pipe = flags & ~(O_NONBLOCK | O_CLOEXEC) ? NULL : pipe_new();
    struct vfs_file *reader = pipe ? new_end(pipe, false, flags) : NULL;
    struct vfs_file *writer = reader ? new_end(pipe, true, flags) : NULL;
    __wasi_fd_t in, out;

    if (!writer) {
        free(reader);
        free(pipe);
        return give(flags & ~(O_NONBLOCK | O_CLOEXEC) ? __WASI_ERRNO_INVAL : __WASI_ERRNO_NOMEM, -1);
    }
    if (vfs_give_number(reader, &in)) {
        vfs_let_go(writer);
        return give(__WASI_ERRNO_NOMEM, -1);
    }
    if (vfs_give_number(writer, &out)) {
        (void)!WRAP(fd_close)(in);
        return give(__WASI_ERRNO_NOMEM, -1);
    }
    fds[0] = (int)in;
    fds[1] = (int)out;
    return 0;
}

/* One that other processes can be given. */
static int pipe_of_host(int fds[2], int flags)
{
    if (processes_pipe(fds) < 0)
        return -1;
    for (int i = 0; i < 2 && flags & O_NONBLOCK; i++)
        (void)!fcntl(fds[i], F_SETFL, O_NONBLOCK);
    return 0;
}

int pipe2(int fds[2], int flags)
{
    if (!(flags & ~(O_NONBLOCK | O_CLOEXEC)) && processes_exist())
        return pipe_of_host(fds, flags);
    return pipe_of_our_own(fds, flags);
}

int pipe(int fds[2])
{
    return pipe2(fds, 0);
}
