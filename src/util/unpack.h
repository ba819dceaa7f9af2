/* Unpacks archives with libarchive's secure flags: tar in every compression, zip (wheels), crates, and Debian packages
 * (an ar that holds data.tar.*). */
#ifndef WL_UNPACK_H
#define WL_UNPACK_H

#include "util/cancel.h"
#include "util/err.h"

/* Unpacks file into the directory to, which must exist, dropping the first strip components of each name (an entry with
 * no more than that is skipped). An absolute name, a name with "..", a link that leads out of the directory, a device,
 * or an archive that ends too early is WL_E_VERIFY naming the archive and the entry; nothing is ever written outside
 * the directory. Owners are not kept, set-id bits are dropped. For a file that is not an archive (for example an HTML
 * page) the error says so. */
int archive_unpack(const char *file, const char *to, int strip, const struct cancel *cancel, struct wl_err *err);

#endif
