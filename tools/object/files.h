/* Files with object files in them. */
#ifndef WL_OBJECT_FILES_H
#define WL_OBJECT_FILES_H

#include "bytes.h"

/* The bytes of a file, which must be freed. 0, or -1 and *e. */
int file_read(const char *path, uint8_t **bytes, size_t *n, struct error *e);

bool is_archive(const uint8_t *bytes, size_t n);

/* Calls use for each member of an archive (in the format of ar, with GNU's long names), until it returns something
 * else than 0, which is then the result. -1 and *e: the archive is damaged. The name ends with a NUL. */
int archive_each(const char *path, const uint8_t *bytes, size_t n,
                 int (*use)(void *user, const char *name, const uint8_t *bytes, size_t n, struct error *e), void *user,
                 struct error *e);

#endif
