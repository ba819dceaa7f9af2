/* A manifest describes an artifact: each file with size, mode and hash, and what the artifact was made from.
 *
 * It is a JSON file beside the artifact. Everything in it is bounded and checked when it is read, because a cache may
 * come from elsewhere or from a damaged disk; the last line is the hash of everything before it. */
#ifndef WL_MANIFEST_H
#define WL_MANIFEST_H

#include "util/err.h"
#include "util/hash.h"

#include <stddef.h>

/* Raised when the layout of the store or the meaning of a manifest changes. */
enum { MANIFEST_FORMAT = 1 };

enum manifest_type { MANIFEST_FILE, MANIFEST_LINK, MANIFEST_FOLDER };

struct manifest_file {
    char *path; /* below the artifact; never leads out of it */
    enum manifest_type type;
    unsigned mode;              /* of a file or directory: at most 0777 */
    unsigned long long size;    /* of a file */
    char sha256[HASH_HEX_SIZE]; /* of a file */
    char *target;               /* of a link; else NULL */
};

struct manifest_source {
    char *file; /* its name */
    char *from; /* the address that served it; NULL: not known */
    char sha256[HASH_HEX_SIZE];
};

struct manifest_need {
    char *name, *use; /* use: "link" or "build" */
    char key[HASH_HEX_SIZE];
};

/* Zero-initialise it; all strings are owned. */
struct manifest {
    char key[HASH_HEX_SIZE];
    char *kind;                     /* "port", "translation", "native", "site", "app" or "wheel" */
    char *name, *version, *license; /* NULL counts as "" */
    char *toolchain;                /* what the compilers said of themselves; NULL: none */
    struct manifest_source *sources;
    size_t sources_n;
    struct manifest_need *needs;
    size_t needs_n;
    struct manifest_file *files; /* sorted: a directory comes before its content */
    size_t files_n;
};

/* Adds to the lists; strings are copied, from may be NULL. */
void manifest_add_source(struct manifest *m, const char *file, const char *sha256, const char *from);
void manifest_add_need(struct manifest *m, const char *name, const char *key, const char *use);

/* Fills `files` with the content of the directory tree. Anything but files, directories and links is WL_E_IO. */
int manifest_scan(struct manifest *m, const char *tree, struct wl_err *err);

/* Writes the file; it is synced to the disk before it gets its name. */
int manifest_write(const struct manifest *m, const char *path, struct wl_err *err);

/* Reads the file into m, which is empty. A file that is not a complete manifest of this format is WL_E_VERIFY. */
int manifest_read(const char *path, struct manifest *m, struct wl_err *err);

/* Compares the directory tree with the manifest: every byte is read. The first difference is WL_E_VERIFY, its text the
 * reason alone ("lib/libz.a: its bytes have changed"). */
int manifest_compare(const struct manifest *m, const char *tree, struct wl_err *err);

/* The order of the files: by name, the content of a directory right after it. */
int manifest_compare_paths(const char *a, const char *b);
/* For going through two manifests at once: whether file i of a comes before file k of b, in this order, or after it, as
 * strcmp() says it. Beyond the last one nothing is left, so the other comes first. */
int manifest_compare_next(const struct manifest *a, size_t i, const struct manifest *b, size_t k);

void manifest_free(struct manifest *m);
#define WL_CLEANUP_MANIFEST __attribute__((cleanup(manifest_free)))

#endif
