/* The bytes of an artifact's files, one after the other in the order of its manifest, compressed with zstd. There are
 * no names in it: the manifest has them. */
#ifndef WL_REMOTE_CONTENT_H
#define WL_REMOTE_CONTENT_H

#include "store/manifest.h"
#include "store/store.h"
#include "util/cancel.h"
#include "util/err.h"

/* Writes the content of a directory tree to a descriptor: *size bytes, with this SHA-256. Each file is compared with
 * the manifest; one that differs is WL_E_VERIFY. */
int content_pack(const struct manifest *m, const char *tree, int fd, const struct cancel *cancel,
                 unsigned long long *size, char sha256[HASH_HEX_SIZE], struct wl_err *err);

/* The size that a packed content can have at most; 0: the sizes in the manifest are impossible. */
unsigned long long content_most(const struct manifest *m);

/* Unpacks a file for store_adopt. Data that is no zstd is WL_E_VERIFY. */
struct content;
int content_open(const char *file, struct content **c, struct store_bytes *bytes, struct wl_err *err);
void content_close(struct content *c);

#endif
