/* What the files behind manifest.h share. */
#ifndef WL_MANIFEST_PRIVATE_H
#define WL_MANIFEST_PRIVATE_H

#include "store/manifest.h"

/* Far above what any artifact has; the file may contain anything. */
enum {
    MANIFEST_BYTES = 64 << 20,
    MANIFEST_ENTRIES = 500000,
    MANIFEST_PATH = 4095,
    MANIFEST_DEPTH = 128,
    MANIFEST_TEXT = 1 << 16
};

/* Adds an empty one, which the caller fills. */
struct manifest_file *manifest_add_file(struct manifest *m);
void manifest_free_files(struct manifest *m);

#endif
