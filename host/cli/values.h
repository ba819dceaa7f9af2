/* Values of options. The parse_ functions return false for text that is not entirely such a value. */
#ifndef WL_CLI_VALUES_H
#define WL_CLI_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number of bytes: 65536, 64K, 64KiB, 64KB; K, M and G in either case. */
bool parse_size(const char *text, uint64_t *bytes);

/* A number of seconds as milliseconds, rounded down: 2, 2.5, 0.001. */
bool parse_seconds(const char *text, uint64_t *ms);

/* Decimal digits. */
bool parse_number(const char *text, uint64_t *n);

/* Copies of texts, which free_texts() frees together. */
struct kept_text;

/* A copy of n bytes, which belongs to the list; NULL: out of memory. */
char *keep_text(struct kept_text **list, const char *s, size_t n);
void free_texts(struct kept_text *list);

#endif
