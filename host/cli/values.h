/* Values of options. All return false for text that is not entirely such a value. */
#ifndef WL_CLI_VALUES_H
#define WL_CLI_VALUES_H

#include <stdbool.h>
#include <stdint.h>

/* A number of bytes: 65536, 64K, 64KiB, 64KB; K, M and G in either case. */
bool parse_size(const char *text, uint64_t *bytes);

/* A number of seconds as milliseconds, rounded down: 2, 2.5, 0.001. */
bool parse_seconds(const char *text, uint64_t *ms);

/* Decimal digits. */
bool parse_number(const char *text, uint64_t *n);

#endif
