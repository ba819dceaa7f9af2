#include "make_archive.h"

#include "util/fs.h"
#include "util/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOLE = 100000 };

static void must(int ok, const char *what, const char *file)
{
    if (ok)
        return;
    fprintf(stderr, "cannot make the archive %s: %s\n", file, what);
    abort();
}

static void set_format(struct archive *a, const char *how)
{
    if (!strcmp(how, "zip"))
        archive_write_set_format_zip(a);
    else if (!strcmp(how, "ar"))
        archive_write_set_format_ar_svr4(a);
    else if (!strcmp(how, "ustar"))
        archive_write_set_format_ustar(a);
    else
        archive_write_set_format_pax_restricted(a);
    if (ends_with(how, ".gz"))
        archive_write_add_filter_gzip(a);
    else if (ends_with(how, ".bz2"))
        archive_write_add_filter_bzip2(a);
    else if (ends_with(how, ".xz"))
        archive_write_add_filter_xz(a);
    else if (ends_with(how, ".zst"))
        archive_write_add_filter_zstd(a);
}

static void fill_entry(struct archive_entry *e, const struct entry *from)
{
    archive_entry_set_pathname(e, from->name);
    archive_entry_set_mtime(e, ENTRY_TIME, 0);
    archive_entry_set_perm(e, from->mode ? from->mode : from->kind == 'd' ? 0755 : 0644);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_size(e, 0);
    switch (from->kind) {
    case 'f':
        archive_entry_set_size(e, (la_int64_t)strlen(from->text));
        break;
    case 's':
        archive_entry_set_size(e, HOLE);
        archive_entry_sparse_add_entry(e, 0, (la_int64_t)strlen(from->text));
        break;
    case 'd':
        archive_entry_set_filetype(e, AE_IFDIR);
        break;
    case 'l':
        archive_entry_set_filetype(e, AE_IFLNK);
        archive_entry_set_symlink(e, from->text);
        break;
    case 'h':
        archive_entry_set_hardlink(e, from->text);
        break;
    case 'c':
        archive_entry_set_filetype(e, AE_IFCHR);
        archive_entry_set_rdevmajor(e, 1);
        archive_entry_set_rdevminor(e, 3);
        break;
    default:
        archive_entry_set_filetype(e, AE_IFIFO);
        break;
    }
}

void make_archive(const char *file, const char *how, const struct entry *entries)
{
    struct archive *a = archive_write_new();

    set_format(a, how);
    must(archive_write_open_filename(a, file) == ARCHIVE_OK, "open", file);
    for (; entries->name; entries++) {
        struct archive_entry *e = archive_entry_new();

        fill_entry(e, entries);
        must(archive_write_header(a, e) >= ARCHIVE_WARN, archive_error_string(a), file);
        if (entries->kind == 'f' || entries->kind == 's')
            archive_write_data(a, entries->text, strlen(entries->text));
        archive_entry_free(e);
    }
    must(archive_write_close(a) == ARCHIVE_OK, "close", file);
    archive_write_free(a);
}

/* The ar format is simple enough to write by hand, and the members can then contain any bytes. */
static void add_member(FILE *f, const char *name, const char *data, size_t n)
{
    fprintf(f, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 0, 0, 0, "100644", n);
    fwrite(data, 1, n, f);
    if (n % 2)
        fputc('\n', f);
}

void make_deb(const char *file, const char *folder, const char *how, const struct entry *entries)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *inner = path_join(folder, "inner.tmp"), *data = NULL;
    FILE *f = fopen(file, "we");
    char member[32];
    size_t n;

    must(f != NULL, "open", file);
    fputs("!<arch>\n", f);
    add_member(f, "debian-binary", "2.0\n", 4);
    add_member(f, "control.tar", "", 0);
    if (entries) {
        make_archive(inner, how, entries);
        must(file_read(inner, 1 << 24, &data, &n, &err) == 0, "inner", file);
        snprintf(member, sizeof member, "data.%s", how);
        add_member(f, member, data, n);
        unlink(inner);
    }
    must(fclose(f) == 0, "close", file);
}

void cut_file(const char *file, int percent)
{
    struct stat st;

    must(stat(file, &st) == 0 && truncate(file, st.st_size * percent / 100) == 0, "cut", file);
}
