/* The end and the progress of this program; memory and files for all its parts. */
#include "aot.h"

#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int status_fd = -1;

void report_to(int fd)
{
    status_fd = fd;
}

/* Writes one line, without characters that would begin another. */
static void report(const char *what, const char *rest)
{
    char line[512];
    int n = snprintf(line, sizeof line - 1, "%s %s", what, rest);

    if (status_fd < 0 || n <= 0)
        return;
    n = (size_t)n < sizeof line - 1 ? n : (int)sizeof line - 2;
    for (int i = 0; i < n; i++)
        if (line[i] == '\n')
            line[i] = ' ';
    line[n++] = '\n';
    /* Nobody reads the progress any more. The work continues. */
    if (write(status_fd, line, (size_t)n) != n)
        status_fd = -1;
}

void report_phase(const char *text)
{
    printf("-- %s\n", text);
    fflush(stdout);
    report("phase", text);
}

void report_count(size_t done, size_t total)
{
    char numbers[64];

    snprintf(numbers, sizeof numbers, "%zu %zu", done, total);
    report("count", numbers);
}

_Noreturn static void say_end(int status, const char *what, const char *rest, const char *format, va_list ap)
{
    char message[400];

    vsnprintf(message, sizeof message, format, ap);
    printf("aot: %s\n", message);
    fflush(stdout);
    if (what)
        report(what, rest ? rest : message);
    exit(status);
}

_Noreturn void end(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    say_end(1, NULL, NULL, format, ap);
}

_Noreturn void refuse(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    say_end(END_REFUSED, "refused", NULL, format, ap);
}

_Noreturn void stop(const char *reason, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    say_end(END_STOPPED, "stopped", reason, format, ap);
}

void *need(void *memory)
{
    if (!memory)
        stop("memory", "out of memory");
    return memory;
}

void *get(uint64_t n, size_t size)
{
    return need(n < UINT32_MAX ? calloc((size_t)n + 1, size) : NULL);
}

char *text(const char *format, ...)
{
    char *made;
    va_list ap;

    va_start(ap, format);
    if (vasprintf(&made, format, ap) < 0)
        made = NULL;
    va_end(ap);
    return need(made);
}

uint8_t *read_file(const char *name, size_t *n)
{
    FILE *f = fopen(name, "rb");
    uint8_t *bytes;
    long size;

    if (!f || fseek(f, 0, SEEK_END) < 0 || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) < 0)
        end("cannot read %s: %s", name, strerror(errno));
    bytes = need(malloc((size_t)size + 1));
    if (fread(bytes, 1, (size_t)size, f) != (size_t)size)
        end("cannot read %s", name);
    fclose(f);
    *n = (size_t)size;
    return bytes;
}

_Noreturn static void cannot_write(const char *name)
{
    if (errno == ENOSPC || errno == EDQUOT)
        stop("space", "cannot write %s: %s", name, strerror(errno));
    if (errno == EFBIG)
        stop("file", "cannot write %s: %s", name, strerror(errno));
    end("cannot write %s: %s", name, strerror(errno));
}

FILE *make_file(const char *name)
{
    FILE *f = fopen(name, "wb");

    if (!f)
        cannot_write(name);
    return f;
}

void put(FILE *f, const void *bytes, size_t n)
{
    if (n && fwrite(bytes, 1, n, f) != n)
        cannot_write("a file");
}

void end_file(FILE *f, const char *name)
{
    if (ferror(f) || fclose(f) != 0)
        cannot_write(name);
}

void make_directory(const char *name)
{
    if (mkdir(name, 0777) < 0 && errno != EEXIST)
        cannot_write(name);
}

char **files_in(const char *directory, const char *ending)
{
    char *pattern = text("%s/*%s", directory, ending), **files;
    glob_t found;

    if (glob(pattern, 0, NULL, &found) != 0)
        found.gl_pathc = 0;
    files = get(found.gl_pathc, sizeof *files);
    for (size_t i = 0; i < found.gl_pathc; i++)
        files[i] = text("%s", found.gl_pathv[i]);
    if (found.gl_pathc)
        globfree(&found);
    free(pattern);
    return files;
}
