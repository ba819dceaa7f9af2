/* Names with a version in them: "zlib-1.3.2.tar.gz", "v2.41", "R_2_8_3". */
#ifndef WL_PATTERN_H
#define WL_PATTERN_H

#include <stdbool.h>

struct pattern {
    char *before, *after; /* what surrounds the version, without the extension of an archive */
    char separator;       /* between the version's numbers */
    bool archive;         /* the name has the extension of an archive: any other such extension matches, too */
    bool plain;           /* the version is plain (version_is_plain), and so must be what matches */
};

/* Finds the version in a name; false if it does not contain it (13.1 and 3.10 do not contain 3.1). */
bool pattern_make(const char *name, const char *version, struct pattern *p);
void pattern_free(struct pattern *p);

/* The version in a name of the same form, with dots between its numbers, or NULL; the caller frees it. */
char *pattern_match(const struct pattern *p, const char *name);

/* The name for another version; the caller frees it. */
char *pattern_fill(const struct pattern *p, const char *version);

/* The upstream version of a source package's file in Debian's pool: 1.3.2 for "zlib_1.3.dfsg+really1.3.2-1.dsc". NULL:
 * it is another package's file, or has no version. The caller frees it. */
char *pattern_debian(const char *source, const char *file);

#endif
