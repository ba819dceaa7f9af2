#include "make/jobs.h"

#include "util/fs.h"
#include "util/str.h"

#include <fcntl.h>
#include <unistd.h>

int jobs_init(struct jobs *j, int n, struct wl_err *err)
{
    WL_CLEANUP_FREE char *self = NULL;

    *j = (struct jobs){.n = n, .fds = {-1, -1}, .take_fd = -1};
    if (pipe2(j->fds, O_CLOEXEC) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot make the jobserver's pipe");
    /* Opened a second time, so that only our end does not block: make expects its own to block. */
    self = xasprintf("/proc/self/fd/%d", j->fds[0]);
    j->take_fd = open(self, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (j->take_fd < 0) {
        int r = wl_err_errno(err, WL_E_IO, "cannot open the jobserver's pipe");

        jobs_free(j);
        return r;
    }
    for (int i = 1; i < n; i++)
        jobs_give(j);
    j->makeflags = xasprintf(" -j%d --jobserver-auth=%d,%d", n, j->fds[0], j->fds[1]);
    return 0;
}

bool jobs_try_take(struct jobs *j)
{
    char c;

    return read(j->take_fd, &c, 1) == 1;
}

void jobs_give(struct jobs *j)
{
    /* A pipe always has room for the few bytes that came out of it. */
    if (write(j->fds[1], "+", 1) != 1)
        j->n--;
}

void jobs_free(struct jobs *j)
{
    close_fdp(&j->fds[0]);
    close_fdp(&j->fds[1]);
    close_fdp(&j->take_fd);
    free(j->makeflags);
    j->makeflags = NULL;
}
