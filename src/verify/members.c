#include "verify/members.h"

#include "util/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

/* Far above what an artifact has in one archive. */
enum { MOST_MEMBERS = 200000 };
static const size_t most_bytes = (size_t)1 << 30;

void members_free(struct members *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->v[i].name);
        free(list->v[i].about);
        free(list->v[i].bytes);
    }
    free(list->v);
    *list = (struct members){0};
}

static bool read_bytes(struct archive *a, struct member *m, size_t *left)
{
    enum { PIECE = 1 << 16 };
    size_t cap = 0;

    for (;;) {
        la_ssize_t got;

        if (cap - m->size < PIECE) {
            cap = 2 * cap + PIECE;
            m->bytes = xrealloc(m->bytes, cap);
        }
        got = archive_read_data(a, m->bytes + m->size, cap - m->size);
        if (got < 0 || (size_t)got > *left)
            return false;
        if (got == 0)
            return true;
        m->size += (size_t)got;
        *left -= (size_t)got;
    }
}

/* Everything of an entry that is not its name or its bytes. */
static char *about(struct archive_entry *e)
{
    const char *link = archive_entry_symlink(e) ? archive_entry_symlink(e) : archive_entry_hardlink(e);

    return xasprintf("mode %o, owner %lld:%lld, time %lld.%09ld%s%s", (unsigned)archive_entry_mode(e),
                     (long long)archive_entry_uid(e), (long long)archive_entry_gid(e),
                     (long long)archive_entry_mtime(e), archive_entry_mtime_nsec(e), link ? ", link to " : "",
                     link ? link : "");
}

static bool read_all(struct archive *a, struct members *list)
{
    struct archive_entry *e;
    size_t left = most_bytes;
    int r;

    while ((r = archive_read_next_header(a, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
        struct member *m;
        const char *name = archive_entry_pathname(e);

        if (list->n == MOST_MEMBERS)
            return false;
        if ((list->n & (list->n - 1)) == 0)
            list->v = xreallocarray(list->v, list->n ? 2 * list->n : 1, sizeof *list->v);
        m = &list->v[list->n++];
        *m = (struct member){.name = xstrdup(name ? name : "?"), .about = about(e)};
        if (!read_bytes(a, m, &left))
            return false;
    }
    return r == ARCHIVE_EOF && list->n;
}

bool members_read(const unsigned char *bytes, size_t n, struct members *list)
{
    struct archive *a = archive_read_new();
    bool ok = a && archive_read_support_format_ar(a) == ARCHIVE_OK &&
              archive_read_support_format_tar(a) == ARCHIVE_OK &&
              archive_read_support_format_zip_seekable(a) == ARCHIVE_OK;

    *list = (struct members){0};
    if (ok) {
        /* (Filters that are missing in this libarchive leave such an archive a file like others.) */
        archive_read_support_filter_gzip(a);
        archive_read_support_filter_xz(a);
        archive_read_support_filter_zstd(a);
        ok = archive_read_open_memory(a, bytes, n) == ARCHIVE_OK && read_all(a, list);
    }
    archive_read_free(a);
    return ok;
}
