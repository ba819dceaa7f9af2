/* Lock files: the packages of an app or of a Python, with their hashes. The format is pip's own, so that pip can
 * install the wheels of one. What else there is to say lies in comments:
 *
 *     NAME==VERSION --hash=sha256:HEX # wheel FILE        a wheel without native code
 *     NAME==VERSION --hash=sha256:HEX # source FILE       a source archive, from which the package is built
 *     #requires NAME: NAME==VERSION FILE sha256:HEX       a wheel that this build requires, for the build machine
 *     #crate NAME: NAME==VERSION sha256:HEX               a crate of Rust that this build requires
 *
 * Older lock files have no comments, and only wheels. */
#ifndef WL_PACK_LOCK_H
#define WL_PACK_LOCK_H

#include "util/err.h"
#include "util/hash.h"
#include "util/str.h"

#include <stdbool.h>

struct package {
    char *name, *version;
    char *file; /* the name of the archive; NULL: not known */
    char sha256[HASH_HEX_SIZE];
    bool source;
    struct packages {
        struct package *v;
        size_t n;
    } requires, crates; /* of a source */
};

/* Adds a package; the strings are copied, file may be NULL. It stays valid until the next one is added. */
struct package *packages_add(struct packages *p, const char *name, size_t name_n, const char *version, size_t version_n,
                             const char *file, size_t file_n);
/* Adds the wheel of that name in a directory, with its hash. */
int packages_add_wheel(struct packages *p, const char *dir, const char *wheel, struct wl_err *err);
/* Adds all files of a directory, which are wheels. */
int packages_add_wheels(struct packages *p, const char *dir, struct wl_err *err);
/* Moves a package to the end of another list; what is left of it is empty. */
void packages_move(struct packages *to, struct package *from);
void packages_free(struct packages *p);
#define WL_CLEANUP_PACKAGES __attribute__((cleanup(packages_free)))

/* The package of that name, or NULL. */
const struct package *packages_find(const struct packages *p, const char *name);
/* Whether a package has native code, so that it becomes part of Python: it is built from its source, or a wheel for
 * WASI. */
bool package_is_native(const struct package *p);
bool packages_have_native(const struct packages *p);
/* Whether a package is built by a compiler for Rust. */
bool package_is_rust(const struct package *p);

/* Adds the lines of a package. */
void lock_add(struct str *text, const struct package *p);
/* Reads a lock file's text. A line that is not one of a lock file is WL_E_USAGE and names it. */
int lock_parse(const char *file, const char *text, struct packages *p, struct wl_err *err);
/* The lines that pip installs: those of wheels without native code. The caller frees it. */
char *lock_wheels(const char *text);

#endif
