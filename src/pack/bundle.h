/* A bundle: the files of something that is given away, by the path that they have there, and archives of it. The same
 * bundle always gives the same bytes: entries are sorted, belong to root, and have one time. */
#ifndef WL_PACK_BUNDLE_H
#define WL_PACK_BUNDLE_H

#include "util/cancel.h"
#include "util/err.h"
#include "util/hash.h"

#include <stdbool.h>
#include <stddef.h>

enum bundle_kind { BUNDLE_FILE, BUNDLE_TEXT, BUNDLE_LINK, BUNDLE_DIR };

struct bundle_item {
    enum bundle_kind kind;
    char *path; /* relative, without ".." */
    char *from; /* BUNDLE_FILE: the file whose bytes it has; BUNDLE_LINK: the target; BUNDLE_TEXT: the text; else "" */
    unsigned mode;
};

/* Zero-initialise it. */
struct bundle {
    struct bundle_item *v;
    size_t n;
};

/* Each adds an entry; strings are copied. Directories above it come into being by themselves. */
void bundle_file(struct bundle *b, const char *path, const char *from, unsigned mode);
void bundle_text(struct bundle *b, const char *path, const char *text);
void bundle_link(struct bundle *b, const char *path, const char *target);
/* Adds a directory for the sake of being there. */
void bundle_dir(struct bundle *b, const char *path);
/* Adds all files and links of a directory below a path; a file that can be executed gets the mode 0755, any other
 * 0644. */
int bundle_tree(struct bundle *b, const char *path, const char *dir, struct wl_err *err);
/* Adds the entries of another bundle below a path. */
void bundle_add(struct bundle *b, const char *path, const struct bundle *more);
void bundle_free(struct bundle *b);

/* Sorts the entries by path. Two with the same path are an error of the caller, WL_E_FAILED. */
int bundle_sort(struct bundle *b, struct wl_err *err);

/* Adds what the entries are, with the bytes of files, to a hash. */
int bundle_hash(const struct bundle *b, struct hash *h, struct wl_err *err);
/* The bytes of all entries together. */
unsigned long long bundle_size(const struct bundle *b);

/* Copies the files of a bundle without links into a directory. */
int bundle_copy(const struct bundle *b, const char *dir, struct wl_err *err);

struct bundle_tar {
    const char *prefix; /* the directory in which everything is, "NAME/" or "./"; NULL: none */
    const char *filter; /* "xz" or "gzip"; NULL: not compressed */
    long long time;     /* of every entry, seconds since 1970 */
    const struct cancel *cancel;
};

/* Writes a sorted bundle as a tar (pax) to a new file; after an error it may be there, incomplete. */
int bundle_write_tar(const struct bundle *b, const struct bundle_tar *how, const char *file, struct wl_err *err);
/* The same as an ar without directories, as dpkg and ar write them, in the order of the entries. */
int bundle_write_ar(const struct bundle *b, long long time, const char *file, struct wl_err *err);

#endif
