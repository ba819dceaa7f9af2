#include "driver.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static struct words temporaries;

void temporary_add(const char *path)
{
    words_add(&temporaries, path);
}

/* A directory comes before its files. */
void temporaries_remove(void)
{
    while (temporaries.n)
        remove(temporaries.list[--temporaries.n]);
}

void temporaries_keep(void)
{
    temporaries.n = 0;
}

void fail(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s: error: ", program_invocation_short_name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    temporaries_remove();
    exit(1);
}

void become(struct words *argv)
{
    execvp(argv->list[0], argv->list);
    fail("cannot start %s: %s", argv->list[0], strerror(errno));
}

void run(struct words *argv)
{
    int status, error;
    pid_t child;

    error = posix_spawnp(&child, argv->list[0], NULL, NULL, argv->list, environ);
    if (error)
        fail("cannot start %s: %s", argv->list[0], strerror(error));
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            fail("cannot wait for %s: %s", argv->list[0], strerror(errno));
    if (WIFSIGNALED(status))
        fail("%s was ended by signal %d (%s)", argv->list[0], WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status)) {
        /* It has said why. */
        temporaries_remove();
        exit(WEXITSTATUS(status));
    }
}

char *temporary(const char *suffix)
{
    const char *dir = getenv("TMPDIR");
    char *path = text_of("%s/wl-cc-XXXXXX%s", dir && *dir ? dir : "/tmp", suffix);
    int fd = mkostemps(path, (int)strlen(suffix), 0);

    if (fd < 0)
        fail("cannot create %s: %s", path, strerror(errno));
    close(fd);
    temporary_add(path);
    return path;
}

static bool write_all(int fd, const struct bytes *b)
{
    for (size_t done = 0; done < b->n;) {
        ssize_t n = write(fd, b->at + done, b->n - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

void write_file(const char *path, const struct bytes *b, bool executable)
{
    char *new = text_of("%s.XXXXXX", path);
    mode_t mask = umask(0);
    int fd = mkostemps(new, 0, 0);

    umask(mask);
    if (fd < 0)
        fail("cannot write %s: %s", path, strerror(errno));
    if (!write_all(fd, b) || fchmod(fd, (executable ? 0777 : 0666) & ~mask) < 0 || close(fd) < 0 ||
        rename(new, path) < 0) {
        int error = errno;

        unlink(new);
        fail("cannot write %s: %s", path, strerror(error));
    }
    free(new);
}
