/* The text of requirements files and lock files. */
#ifndef WL_PACK_REQUIREMENTS_H
#define WL_PACK_REQUIREMENTS_H

#include "util/str.h"

#include <stdbool.h>

/* Adds the lines with options that say where packages are (--find-links, --index-url and so on). */
void requirements_add_options(const char *text, struct str *out);
/* Adds the same options as words of a command. Directories are relative to that of the file, as for pip. */
void requirements_add_places(const char *file, const char *text, struct strv *argv);
/* Adds the directories of this machine that --find-links names. */
void requirements_add_links(const char *file, const char *text, struct strv *dirs);

/* The first requirement that is source (a repository, a directory, an archive), which pip would run to learn its name;
 * NULL: there is none. The caller frees it. Files that the text refers to are not read; ask_pip.py stops those. */
char *requirements_source(const char *text);

/* The pins of a lock file without its options. The caller frees it. */
char *requirements_pins(const char *text);

/* The length of the package name that s begins with. */
size_t package_name_length(const char *s);
/* Whether the first n bytes of a and b name the same package
 * (https://packaging.python.org/en/latest/specifications/name-normalization/). */
bool package_same_name(const char *a, size_t n, const char *b);

/* "NAME==VERSION" for a wheel's file name, NAME-VERSION-...whl; the caller frees it. */
char *wheel_pin(const char *wheel);
/* The platform of the wheels that wl-make wheel builds, and whether a wheel is one. */
#define WASI_PLATFORM "wasi_wasm32"
bool wheel_is_wasi(const char *wheel);
/* The version of a package among file names of wheels, or NULL; the caller frees it. */
char *wheel_version(const struct strv *wheels, const char *name);

#endif
