#include "make/hunk.h"

#include "util/str.h"

#include <stdbool.h>
#include <string.h>

/* Bytes that a person still reads. */
enum { MOST_REPORT = 4096, MOST_HUNK = 8192 };

/* --- what patch(1) prints --- */

static bool line_has(const char *line, size_t n, const char *words)
{
    return memmem(line, n, words, strlen(words)) != NULL;
}

/* patch(1) quotes a name for the shell if it has to. */
static char *plain_file(const char *name, size_t n)
{
    bool quoted = n > 2 && name[0] == '\'' && name[n - 1] == '\'' && !memchr(name + 1, '\'', n - 2);

    return quoted ? xstrndup(name + 1, n - 2) : xstrndup(name, n);
}

static unsigned long hunk_number(const char *line, size_t n)
{
    static const char start[] = "Hunk #";
    WL_CLEANUP_FREE char *copy = xstrndup(line, n);

    return starts_with(copy, start) && strstr(copy, " FAILED") ? strtoul(copy + strlen(start), NULL, 10) : 0;
}

void patch_report_read(struct patch_report *r, const char *output)
{
    static const char *const starts[] = {"patching file ", "checking file "};
    static const char *const failures[] = {"FAILED", "can't find file", "malformed",
                                           "Reversed (or previously applied)"};
    const char *file = "";
    size_t file_len = 0, n;
    struct str out = {0};

    *r = (struct patch_report){0};
    for (const char *p = output; *p; p += n + (p[n] == '\n')) {
        bool named = false, failed = false;

        n = strcspn(p, "\n");
        for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
            if (starts_with(p, starts[i])) {
                named = true;
                file = p + strlen(starts[i]);
                file_len = n - strlen(starts[i]);
            }
        for (size_t i = 0; !named && i < sizeof failures / sizeof *failures; i++)
            failed |= line_has(p, n, failures[i]);
        if (!failed)
            continue;
        if (!r->hunk && file_len && (r->hunk = hunk_number(p, n)))
            r->file = plain_file(file, file_len);
        if (out.len + file_len + n > MOST_REPORT) {
            str_add(&out, out.len ? "; ..." : "...");
            break;
        }
        str_addf(&out, "%s%.*s%s%.*s", out.len ? "; " : "", (int)file_len, file, file_len ? ": " : "", (int)n, p);
    }
    r->text = str_take(&out);
}

void patch_report_free(struct patch_report *r)
{
    free(r->text);
    free(r->file);
    *r = (struct patch_report){0};
}

/* --- the patch --- */

static const char *next_line(const char *p)
{
    p += strcspn(p, "\n");
    return p + (*p == '\n');
}

/* "-12,3" of a hunk's first line: *lines is 3, or 1 without a comma. NULL: it is something else. */
static const char *read_range(const char *p, char sign, unsigned long *lines)
{
    static const char digits[] = "0123456789";
    char *end;

    if (*p != sign || !strspn(p + 1, digits))
        return NULL;
    p += 1 + strspn(p + 1, digits);
    *lines = 1;
    if (*p != ',')
        return p;
    if (!strspn(p + 1, digits))
        return NULL;
    *lines = strtoul(p + 1, &end, 10);
    return end;
}

/* Where the hunk that begins at p ends. What a line is depends on how many are still to come: a removed line "-- x"
 * looks like the name of the next file. NULL: no hunk begins there. */
static const char *hunk_end(const char *p)
{
    unsigned long old = 0, new = 0;

    if (!starts_with(p, "@@ ") || !(p = read_range(p + 3, '-', &old)) || *p != ' ' ||
        !(p = read_range(p + 1, '+', &new)) || !starts_with(p, " @@"))
        return NULL;
    p = next_line(p);
    while (*p && (old || new || *p == '\\')) {
        if (*p != '\\') {
            /* Mail programs take the blank from an empty line. */
            bool both = *p == ' ' || *p == '\t' || *p == '\n';

            if ((!both && *p != '-' && *p != '+') || ((both || *p == '-') && !old) || ((both || *p == '+') && !new))
                break;
            old -= both || *p == '-';
            new -= both || *p == '+';
        }
        p = next_line(p);
    }
    return p;
}

/* Whether a line of names ("+++ b/dir/file" and perhaps a time) is about the file. */
static bool names(const char *line, const char *file)
{
    size_t n = strcspn(line, "\t\n");
    const char *slash = memchr(line, '/', n), *end = line + n;

    if (!slash)
        return false;
    slash += strspn(slash, "/");
    return (size_t)(end - slash) == strlen(file) && !strncmp(slash, file, strlen(file));
}

static char *hunk_text(const char *from, const char *to)
{
    const char *end = from;

    for (const char *p = from; p < to; p = end) {
        end = next_line(p);
        if (end - from > MOST_HUNK)
            return xasprintf("%.*s...", (int)(p - from), from);
    }
    return xstrndup(from, (size_t)(to - from) - (to > from && to[-1] == '\n'));
}

char *patch_hunk(const char *patch, const char *file, unsigned long n)
{
    unsigned long seen = 0;
    bool here = false;

    for (const char *p = patch, *end; *p; p = end) {
        end = hunk_end(p);
        if (end) {
            if (here && ++seen == n)
                return hunk_text(p, end);
            continue;
        }
        end = next_line(p);
        /* The file of a patch that removes one has its name only in the first of the two lines. */
        if (starts_with(p, "--- ") && starts_with(end, "+++ ")) {
            here = names(p + 4, file) || names(end + 4, file);
            seen = 0;
            end = next_line(end);
        }
    }
    return NULL;
}
