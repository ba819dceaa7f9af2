/* Foreign text in messages: what a module, a file or an engine says must not control the terminal. */
#ifndef WL_TEXT_H
#define WL_TEXT_H

#include <stddef.h>

/* How many bytes of the character at `text`, of which n > 0 bytes are left, may go to a terminal: all of them, or 0 for
 * a control character and for bytes that are not UTF-8. *size: how many bytes it has. */
size_t text_printable(const char *text, size_t n, size_t *size);

/* Copies up to n bytes of text as one line: what is not printable becomes a blank, runs of blanks become one. */
void text_one_line(char *to, size_t size, const char *text, size_t n);

#endif
