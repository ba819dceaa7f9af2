#include "pack/tried.h"

#include "util/fs.h"
#include "util/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 4 << 20, COLUMNS = 8 };

/* Splits a line at its tabs, which it overwrites; false if it has another number of columns. */
static bool split(char *line, char *columns[COLUMNS])
{
    for (int i = 0; i < COLUMNS; i++) {
        char *tab = strchr(line, '\t');

        if ((tab != NULL) != (i < COLUMNS - 1))
            return false;
        columns[i] = line;
        if (tab) {
            *tab = '\0';
            line = tab + 1;
        }
    }
    return *columns[0] != '\0';
}

/* Empty is -1. */
static bool read_number(const char *s, long long *value)
{
    char *end;

    *value = -1;
    if (!*s)
        return true;
    errno = 0;
    *value = strtoll(s, &end, 10);
    return !*end && errno == 0 && *value >= 0 && *s >= '0' && *s <= '9';
}

static bool read_line(char *line, struct tried *t)
{
    char *columns[COLUMNS];
    long long size, passed, failed, skipped;

    if (!utf8_valid(line, strlen(line)) || !split(line, columns) || !read_number(columns[3], &size) ||
        !read_number(columns[4], &passed) || !read_number(columns[5], &failed) || !read_number(columns[6], &skipped))
        return false;
    *t = (struct tried){.name = xstrdup(columns[0]),
                        .version = xstrdup(columns[1]),
                        .state = xstrdup(columns[2]),
                        .size = size,
                        .passed = passed,
                        .failed = failed,
                        .skipped = skipped,
                        .note = xstrdup(columns[COLUMNS - 1])};
    return true;
}

int tried_read(const char *file, struct tried_list *l, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL;
    size_t number = 0;
    int r = path_exists(file) ? file_read(file, MAX_FILE, &text, NULL, err) : 0;

    *l = (struct tried_list){0};
    for (char *line = text; r == 0 && line && *line;) {
        char *newline = strchr(line, '\n');

        if (newline)
            *newline = '\0';
        if (++number > 1) {
            l->v = xreallocarray(l->v, l->n + 1, sizeof *l->v);
            if (!read_line(line, &l->v[l->n])) {
                wl_err_set(err, WL_E_FAILED,
                           "%s:%zu: not a line with %d columns, of which the fourth to the seventh are numbers", file,
                           number, COLUMNS);
                return wl_err_hint(err, "ports/pypi/try.py writes this file");
            }
            l->n++;
        }
        line = newline ? newline + 1 : NULL;
    }
    return r;
}

const struct tried *tried_find(const struct tried_list *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->v[i].name, name))
            return &l->v[i];
    return NULL;
}

void tried_free(struct tried_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->v[i].name);
        free(l->v[i].version);
        free(l->v[i].state);
        free(l->v[i].note);
    }
    free(l->v);
    *l = (struct tried_list){0};
}
