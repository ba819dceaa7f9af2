#include "cli/refusals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int refusals_open(struct refusals *r, const char *self, const char *file, struct err *err)
{
    *r = (struct refusals){.self = self, .fd = -1};
    if (!file)
        return 0;
    r->fd = strcmp(file, "-") != 0 ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666)
                                   : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (r->fd >= 0)
        return 0;
    err_set(err, ERR_SETUP, "cannot write to %s: %s", file, strerror(errno));
    return err_hint(err, "--net-log takes a file that you may write, or - for standard error");
}

int refusals_take(struct refusals *r, const char *self, int fd, struct err *err)
{
    *r = (struct refusals){.self = self, .fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
    return fd >= 0 && r->fd < 0 ? err_set(err, ERR_SETUP, "cannot keep the log: %s", strerror(errno)) : 0;
}

void refusals_write(void *refusals, const char *line)
{
    const struct refusals *r = refusals;
    char text[1200];
    int n;

    if (r->fd < 0)
        return;
    /* One write a line, so that lines of several runs do not mix. */
    n = snprintf(text, sizeof text, "%s: %s\n", r->self, line);
    (void)!write(r->fd, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}
