/* SHA-256 by OpenSSL's EVP. Digests are 64 lower-case hexadecimal digits. */
#ifndef WL_HASH_H
#define WL_HASH_H

#include "util/err.h"
#include "util/str.h"

#include <stddef.h>

#define HASH_HEX_SIZE 65

/* An incremental hash: hash_new, hash_add..., hash_end (which frees it). */
struct hash;
struct hash *hash_new(void);
void hash_add(struct hash *h, const void *data, size_t n);
/* Adds a labelled value with its length, so that two different lists of fields never give the same bytes. NULL means
 * absent. */
void hash_field(struct hash *h, const char *label, const char *value);
/* Adds each of them under the same label. */
void hash_fields(struct hash *h, const char *label, const struct strv *values);
void hash_end(struct hash *h, char hex[HASH_HEX_SIZE]);

/* The digest of a file's bytes. */
int hash_file(const char *path, char hex[HASH_HEX_SIZE], struct wl_err *err);

/* The SHA-1 of a file's bytes: only for formats that want it, such as SPDX. */
int hash_file_sha1(const char *path, char hex[41], struct wl_err *err);

/* The MD5 of a file's bytes, or of a text: only for formats that want it, such as Debian's packages. */
int hash_file_md5(const char *path, char hex[HASH_HEX_SIZE], struct wl_err *err);
void hash_text_md5(const char *text, char hex[HASH_HEX_SIZE]);

/* The digest of a file or a whole directory: names, kinds, execute bits, link targets and bytes, in sorted order. */
int hash_tree(const char *path, char hex[HASH_HEX_SIZE], struct wl_err *err);

#endif
