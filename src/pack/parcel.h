/* A parcel: the files of something that is given away, by the path that they have there, and archives of it. The same
 * parcel always gives the same bytes: entries are sorted, belong to root, and have one time. */
#ifndef WL_PACK_PARCEL_H
#define WL_PACK_PARCEL_H

#include "util/cancel.h"
#include "util/err.h"
#include "util/hash.h"

#include <stdbool.h>
#include <stddef.h>

enum parcel_kind { PARCEL_FILE, PARCEL_TEXT, PARCEL_LINK, PARCEL_DIR };

struct parcel_item {
    enum parcel_kind kind;
    char *path; /* relative, without ".." */
    char *from; /* PARCEL_FILE: the file whose bytes it has; PARCEL_LINK: the target; PARCEL_TEXT: the text; else "" */
    unsigned mode;
};

/* Zero-initialise it. */
struct parcel {
    struct parcel_item *v;
    size_t n;
};

/* Each adds an entry; strings are copied. Directories above it come into being by themselves. */
void parcel_file(struct parcel *b, const char *path, const char *from, unsigned mode);
void parcel_text(struct parcel *b, const char *path, const char *text);
void parcel_link(struct parcel *b, const char *path, const char *target);
/* Adds a directory for the sake of being there. */
void parcel_dir(struct parcel *b, const char *path);
/* Adds all files and links of a directory below a path; a file that can be executed gets the mode 0755, any other
 * 0644. */
int parcel_tree(struct parcel *b, const char *path, const char *dir, struct wl_err *err);
/* Adds the entries of another parcel below a path. */
void parcel_add(struct parcel *b, const char *path, const struct parcel *more);
void parcel_free(struct parcel *b);

/* Sorts the entries by path. Two with the same path are an error of the caller, WL_E_FAILED. */
int parcel_sort(struct parcel *b, struct wl_err *err);

/* Adds what the entries are, with the bytes of files, to a hash. */
int parcel_hash(const struct parcel *b, struct hash *h, struct wl_err *err);
/* The bytes of all entries together. */
unsigned long long parcel_size(const struct parcel *b);

/* Copies the files of a parcel without links into a directory. */
int parcel_copy(const struct parcel *b, const char *dir, struct wl_err *err);

struct parcel_tar {
    const char *prefix; /* the directory in which everything is, "NAME/" or "./"; NULL: none */
    const char *filter; /* "xz" or "gzip"; NULL: not compressed */
    long long time;     /* of every entry, seconds since 1970 */
    const struct cancel *cancel;
};

/* Writes a sorted parcel as a tar (pax) to a new file; after an error it may be there, incomplete. */
int parcel_write_tar(const struct parcel *b, const struct parcel_tar *how, const char *file, struct wl_err *err);
/* The same as an ar without directories, as dpkg and ar write them, in the order of the entries. */
int parcel_write_ar(const struct parcel *b, long long time, const char *file, struct wl_err *err);

#endif
