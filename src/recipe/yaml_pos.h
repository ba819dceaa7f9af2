/* The lines of keys in a YAML file: libcyaml reads recipes into structs but forgets lines, and an error needs one. */
#ifndef WL_YAML_POS_H
#define WL_YAML_POS_H

#include "util/err.h"
#include "util/str.h"

#include <stddef.h>

/* Checks that the text is one YAML mapping, and that no mapping in it has a key twice: WL_E_RECIPE with file and line.
 * Adds the keys of the top mapping to keys. */
int yaml_check(const char *file, const char *text, size_t n, struct strv *keys, struct wl_err *err);

/* The line (from 1) of a key path: "sources", "sources/0/url". If a part does not exist, the line of the part before
 * it; 0 if not even the first one exists. */
unsigned yaml_line(const char *text, size_t n, const char *path);

/* The line of the first key of that name in any mapping; 0: there is none. */
unsigned yaml_key_line(const char *text, size_t n, const char *key);

#endif
