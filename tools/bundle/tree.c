/* The files of unpacked wheels. */
#include "collect.h"

#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_DEPTH = 64 };

char *path_of(const struct found *f)
{
    return text_of("%s/%s", f->tree, f->path);
}

static void add(struct found **list, size_t *n, const char *tree, const char *path)
{
    LIST_ADD(*list, *n, ((struct found){text_of("%s", tree), text_of("%s", path)}));
}

static void add_entry(struct trees *t, const char *tree, const char *path, int depth);

static void read_dir(struct trees *t, const char *tree, const char *path, int depth)
{
    char *whole = *path ? text_of("%s/%s", tree, path) : text_of("%s", tree);
    DIR *dir = opendir(whole);
    struct dirent *entry;

    if (!dir)
        fail("cannot read %s: %s", whole, strerror(errno));
    if (depth > MOST_DEPTH)
        fail("%s is too deep in its wheel: at most %d directories are allowed", whole, MOST_DEPTH);
    while ((errno = 0, entry = readdir(dir))) {
        char *child;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        child = *path ? text_of("%s/%s", path, entry->d_name) : text_of("%s", entry->d_name);
        add_entry(t, tree, child, depth);
        free(child);
    }
    if (errno)
        fail("cannot read %s: %s", whole, strerror(errno));
    closedir(dir);
    free(whole);
}

static void add_entry(struct trees *t, const char *tree, const char *path, int depth)
{
    char *whole = text_of("%s/%s", tree, path);
    struct stat s;

    if (lstat(whole, &s) < 0)
        fail("cannot read %s: %s", whole, strerror(errno));
    if (S_ISDIR(s.st_mode))
        read_dir(t, tree, path, depth + 1);
    else if (S_ISREG(s.st_mode) && ends_with(path, ".so"))
        add(&t->files, &t->n_files, tree, path);
    else if (S_ISREG(s.st_mode) && ends_with(path, ".dist-info/RECORD") && depth == 1)
        add(&t->records, &t->n_records, tree, path);
    free(whole);
}

void tree_read(struct trees *t, const char *tree)
{
    read_dir(t, tree, "", 0);
}

/* --- RECORD: a line for each file, which begins with its path --- */

/* Whether a line names one of the files of the tree. Only paths with a comma or a quote are quoted; a module has none.
 */
static bool names_one(const char *line, size_t n, const char *tree, const struct found *removed, size_t n_removed)
{
    const char *comma = memchr(line, ',', n);
    size_t size = comma ? (size_t)(comma - line) : n;

    for (size_t i = 0; i < n_removed; i++)
        if (strcmp(removed[i].tree, tree) == 0 && strlen(removed[i].path) == size &&
            memcmp(removed[i].path, line, size) == 0)
            return true;
    return false;
}

void record_edit(const struct found *record, const struct found *removed, size_t n)
{
    char *path = path_of(record);
    struct bytes out = {NULL, 0, 0};
    struct error e;
    uint8_t *bytes;
    size_t size;

    if (file_read(path, &bytes, &size, &e) < 0)
        fail("%s", e.text);
    for (const char *line = (char *)bytes, *end = line + size; line < end;) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        size_t length = next ? (size_t)(next + 1 - line) : (size_t)(end - line);

        if (!names_one(line, length, record->tree, removed, n))
            put(&out, line, length);
        line += length;
    }
    if (out.n != size)
        write_file(path, &out, false);
    free(out.at);
    free(bytes);
    free(path);
}
