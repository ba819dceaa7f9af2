/* Filling in struct wlpy_err. */
#ifndef WLPY_ERR_H
#define WLPY_ERR_H

#include "wlpy.h"

/* Replaces what err says and returns -code, so that `return err_set(...)` ends a function. */
int err_set(struct wlpy_err *err, enum wlpy_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Adds what to do; returns -err->code. */
int err_hint(struct wlpy_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Copies text and makes one line of it: control characters become blanks, runs of blanks one. */
void one_line(char *to, size_t size, const char *text, size_t n);

#endif
