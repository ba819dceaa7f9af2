/* What the files behind manifest.h share. */
#ifndef WL_MANIFEST_PRIVATE_H
#define WL_MANIFEST_PRIVATE_H

#include "store/manifest.h"

/* Far above what any artifact has; what is read may be anything. */
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

/* The order of manifest_scan: by name, what is in a folder right behind it. */
int manifest_compare_paths(const char *a, const char *b);

#endif
