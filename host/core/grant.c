#include "core/grant.h"

#include "wasi/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool is_hidden(const struct folder *folders, size_t n, size_t i)
{
    for (size_t k = i + 1; k < n; k++)
        if (!strcmp(folders[i].guest, folders[k].guest))
            return true;
    return false;
}

int grant_folders(struct wasi *w, const struct folder *folders, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct folder *f = &folders[i];
        int fd = open(f->host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0 && is_hidden(folders, n, i)) {
            close(fd);
        } else if (fd < 0 || wasi_give(w, fd, f->guest, f->read_only, false) < 0) {
            err_set(err, ERR_SETUP, "cannot grant the directory %s as %s: %s", f->host, f->guest, strerror(errno));
            return err_hint(err, "name a directory that exists and that you may read");
        }
    }
    return 0;
}

int grant_fd(struct wasi *w, int fd, bool standard, struct err *err)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (own >= 0 && wasi_give(w, own, NULL, false, standard) >= 0)
        return 0;
    err_set(err, ERR_SETUP, "cannot use the descriptor %d: %s", fd, strerror(errno));
    return err_hint(err, "name the number of an open descriptor");
}

int grant_channel(struct wasi *w, struct err *err)
{
    return wasi_give_channel(w) < 0 ? err_set(err, ERR_SETUP, "cannot give the channel: %s", strerror(errno)) : 0;
}
