/* Filling in struct wlpy_err. */
#ifndef WLPY_ERR_H
#define WLPY_ERR_H

#include "wlpy.h"

/* Replaces what err says and returns -code, so that `return err_set(...)` ends a function. */
int err_set(struct wlpy_err *err, enum wlpy_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Adds what to do; returns -err->code. */
int err_hint(struct wlpy_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* How many bytes of the character at `text`, of which n > 0 are left, may go to a terminal: all of them, or 0 for a
 * control character and for what is not UTF-8. *size: how many it has. */
size_t printable(const char *text, size_t n, size_t *size);

/* Copies text and makes one line of it: what is not printable becomes a blank, runs of blanks one. */
void one_line(char *to, size_t size, const char *text, size_t n);

#endif
