/* What differs between two builds of the same artifact: by file, and within a file by section of a WebAssembly module
 * or by member of an archive (ar, tar, zip). */
#ifndef WL_VERIFY_DIFF_H
#define WL_VERIFY_DIFF_H

#include "store/manifest.h"
#include "util/err.h"

#include <stddef.h>

struct diff {
    /* Called for each difference: where (a file, with sections or members after ": ") and what. */
    void (*on_difference)(void *data, const char *where, const char *what);
    void *data;
    size_t differences; /* counts them */
};

/* Compares two artifacts by their manifests and the files in their trees. *files is how many files and links both
 * have together, *differing how many of these differ. */
int diff_artifacts(struct diff *d, const struct manifest *a, const char *a_tree, const struct manifest *b,
                   const char *b_tree, size_t *files, size_t *differing, struct wl_err *err);

/* Compares bytes. `where` names them in what is reported. */
void diff_bytes(struct diff *d, const char *where, const unsigned char *a, size_t a_size, const unsigned char *b,
                size_t b_size);

#endif
