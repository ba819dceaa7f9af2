/* Names with a version in them: "zlib-1.3.2.tar.gz", "v2.41", "R_2_8_3". */
#ifndef WL_PATTERN_H
#define WL_PATTERN_H

#include <stdbool.h>

struct pattern {
    char *before, *after; /* what is around the version, without the ending of an archive */
    char separator;       /* between the version's numbers */
    bool archive;         /* the name ends as an archive's does: another such ending is as good */
    bool plain;           /* the version is plain, and so must be what matches */
};

/* Finds the version in a name; false if it is not there as such (3.1 is not in 13.1 or 3.10). */
bool pattern_make(const char *name, const char *version, struct pattern *p);
void pattern_free(struct pattern *p);

/* The version in a name of the same form, with dots between its numbers, or NULL; the caller frees it. */
char *pattern_match(const struct pattern *p, const char *name);

/* The name for another version; the caller frees it. */
char *pattern_fill(const struct pattern *p, const char *version);

/* The upstream version of a file in Debian's pool that belongs to the source package: "zlib_1.3.dfsg+really1.3.2-1.dsc"
 * is 1.3.2. NULL: another package's, or none. The caller frees it. */
char *pattern_debian(const char *source, const char *file);

#endif
