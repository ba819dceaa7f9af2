/* Makes archives for tests, good ones and bad ones. */
#ifndef WL_MAKE_ARCHIVE_H
#define WL_MAKE_ARCHIVE_H

#include <sys/types.h>

/* One entry. kind: 'f' file, 'd' directory, 'l' symbolic link, 'h' hard link, 'c' device, 'p' pipe, 's' file with a
 * hole at its end. text: its contents, or its target. NULL name ends a list. */
struct entry {
    char kind;
    const char *name, *text;
    mode_t mode; /* 0: 0644, directories 0755 */
};

/* The time of every entry. */
enum { ENTRY_TIME = 1000000000 };

/* Format: "tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", "ustar", "zip", "ar". Ends the program on failure. */
void make_archive(const char *file, const char *how, const struct entry *entries);

/* A Debian package around a data.tar of that kind; data NULL: without one. */
void make_deb(const char *file, const char *folder, const char *how, const struct entry *entries);

/* Truncates a file to this percentage of its size. */
void cut_file(const char *file, int percent);

#endif
