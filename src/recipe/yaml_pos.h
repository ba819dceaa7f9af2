/* Where in a YAML file something stands: libcyaml reads recipes into structs but forgets lines, and an error without a
 * line is half an error. */
#ifndef WL_YAML_POS_H
#define WL_YAML_POS_H

#include "util/err.h"
#include "util/str.h"

#include <stddef.h>

/* Checks that the text is one YAML mapping, and that no mapping in it has a key twice; what is not is WL_E_RECIPE with
 * file and line. Adds the keys of the top mapping to keys. */
int yaml_check(const char *file, const char *text, size_t n, struct strv *keys, struct wl_err *err);

/* The line (from 1) of a key path: "sources", "sources/0/url". A part that is not there ends the search at the part
 * before it; 0 if not even the first is there. */
unsigned yaml_line(const char *text, size_t n, const char *path);

/* The line of the first mapping key of that name anywhere; 0: none. */
unsigned yaml_key_line(const char *text, size_t n, const char *key);

#endif
