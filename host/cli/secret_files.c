#include "cli/secrets.h"

#include "net/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads up to the end or until the room is full. -1 with errno. */
static ssize_t read_all(int fd, char *to, size_t room)
{
    size_t n = 0;

    while (n < room) {
        ssize_t got = read(fd, to + n, room - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

int secret_read_file(struct run_secret *s, struct err *err)
{
    static const char what[] = "cannot use --secret-file for %s";
    char text[NET_SECRET_MOST + 3], why[NET_WHY_SIZE], *block;
    int fd = open(s->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n = fd < 0 ? -1 : read_all(fd, text, sizeof text - 1);
    const size_t name = strlen(s->name), host = strlen(s->host);

    if (n < 0)
        err_set(err, ERR_SETUP, "cannot read the secret %s from %s: %s", s->name, s->file, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return err_hint(err, "--secret-file takes the name of a file that you may read");
    if (n > 0 && text[n - 1] == '\n')
        n--;
    if (n > 0 && text[n - 1] == '\r')
        n--;
    text[n] = '\0';
    if (strlen(text) != (size_t)n || net_secret_check(&(struct net_secret){s->name, text, s->host}, why) < 0) {
        err_set(err, ERR_SETUP, what, s->name);
        err_hint(err, "%s: %s", s->file, strlen(text) != (size_t)n ? "it is not text" : why);
        explicit_bzero(text, sizeof text);
        return -ERR_SETUP;
    }
    block = malloc(name + (size_t)n + host + 3);
    if (!block)
        return err_set(err, ERR_SETUP, "out of memory");
    memcpy(block, s->name, name + 1);
    memcpy(block + name + 1, text, (size_t)n + 1);
    memcpy(block + name + n + 2, s->host, host + 1);
    explicit_bzero(text, sizeof text);
    free(s->name);
    *s = (struct run_secret){.name = block, .value = block + name + 1, .host = block + name + n + 2};
    return 0;
}
