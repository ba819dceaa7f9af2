/* The host's words in WASI's: numbers of errors, kinds of files. */
#include "wasi/wasi.h"

#include <errno.h>
#include <sys/socket.h>

uint32_t wasi_from_errno(int e)
{
    static const struct {
        int host, guest;
    } table[] = {
        {E2BIG, WASI_E2BIG},
        {EACCES, WASI_EACCES},
        {EADDRINUSE, WASI_EADDRINUSE},
        {EADDRNOTAVAIL, WASI_EADDRNOTAVAIL},
        {EAFNOSUPPORT, WASI_EAFNOSUPPORT},
        {EAGAIN, WASI_EAGAIN},
        {EALREADY, WASI_EALREADY},
        {EBADF, WASI_EBADF},
        {EBUSY, WASI_EBUSY},
        {ECHILD, WASI_ECHILD},
        {ECONNABORTED, WASI_ECONNABORTED},
        {ECONNREFUSED, WASI_ECONNREFUSED},
        {ECONNRESET, WASI_ECONNRESET},
        {EDEADLK, WASI_EDEADLK},
        {EDESTADDRREQ, WASI_EDESTADDRREQ},
        {EDQUOT, WASI_EDQUOT},
        {EEXIST, WASI_EEXIST},
        {EFAULT, WASI_EFAULT},
        {EFBIG, WASI_EFBIG},
        {EHOSTUNREACH, WASI_EHOSTUNREACH},
        {EILSEQ, WASI_EILSEQ},
        {EINPROGRESS, WASI_EINPROGRESS},
        {EINTR, WASI_EINTR},
        {EINVAL, WASI_EINVAL},
        {EISCONN, WASI_EISCONN},
        {EISDIR, WASI_EISDIR},
        {ELOOP, WASI_ELOOP},
        {EMFILE, WASI_EMFILE},
        {EMLINK, WASI_EMLINK},
        {EMSGSIZE, WASI_EMSGSIZE},
        {ENAMETOOLONG, WASI_ENAMETOOLONG},
        {ENETDOWN, WASI_ENETDOWN},
        {ENETRESET, WASI_ENETRESET},
        {ENETUNREACH, WASI_ENETUNREACH},
        {ENFILE, WASI_ENFILE},
        {ENOBUFS, WASI_ENOBUFS},
        {ENODEV, WASI_ENODEV},
        {ENOENT, WASI_ENOENT},
        {ENOLCK, WASI_ENOLCK},
        {ENOMEM, WASI_ENOMEM},
        {ENOPROTOOPT, WASI_ENOPROTOOPT},
        {ENOSPC, WASI_ENOSPC},
        {ENOSYS, WASI_ENOSYS},
        {ENOTCONN, WASI_ENOTCONN},
        {ENOTDIR, WASI_ENOTDIR},
        {ENOTEMPTY, WASI_ENOTEMPTY},
        {ENOTSOCK, WASI_ENOTSOCK},
        {EOPNOTSUPP, WASI_ENOTSUP},
        {ENOTTY, WASI_ENOTTY},
        {ENXIO, WASI_ENXIO},
        {EOVERFLOW, WASI_EOVERFLOW},
        {EPERM, WASI_EPERM},
        {EPIPE, WASI_EPIPE},
        {EPROTO, WASI_EPROTO},
        {EPROTONOSUPPORT, WASI_EPROTONOSUPPORT},
        {EPROTOTYPE, WASI_EPROTOTYPE},
        {ERANGE, WASI_ERANGE},
        {EROFS, WASI_EROFS},
        {ESPIPE, WASI_ESPIPE},
        {ESRCH, WASI_ESRCH},
        {ESTALE, WASI_ESTALE},
        {ETIMEDOUT, WASI_ETIMEDOUT},
        {ETXTBSY, WASI_ETXTBSY},
        /* Only a path that leads out of a directory; a rename across file systems is handled by its caller. */
        {EXDEV, WASI_EPERM},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].host == e)
            return (uint32_t)table[i].guest;
    return WASI_EIO;
}

uint8_t wasi_filetype(int host, const struct stat *st)
{
    int kind = 0;
    socklen_t size = sizeof kind;

    switch (st->st_mode & S_IFMT) {
    case S_IFBLK:
        return WASI_BLOCK_DEVICE;
    case S_IFCHR:
        return WASI_CHARACTER_DEVICE;
    case S_IFDIR:
        return WASI_DIRECTORY;
    case S_IFREG:
        return WASI_REGULAR_FILE;
    case S_IFLNK:
        return WASI_SYMBOLIC_LINK;
    case S_IFSOCK:
        return host >= 0 && getsockopt(host, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_DGRAM
                   ? WASI_SOCKET_DGRAM
                   : WASI_SOCKET_STREAM;
    default:
        return WASI_UNKNOWN;
    }
}
