/* What a person sees: progress and messages on stderr, results on stdout. */
#ifndef WL_UI_H
#define WL_UI_H

#include "cmd/options.h"
#include "make/events.h"
#include "util/err.h"

#include <stdio.h>

/* A live line on a terminal, plain lines elsewhere; nothing when quiet. */
struct ui;
struct ui *ui_new(const struct options *o);
/* Ends the live line. */
void ui_free(struct ui *ui);
/* Ends a line that is shown at the moment, so that the caller can print to the terminal. */
void ui_end_line(struct ui *ui);
/* The events of a build, for this ui. */
struct events ui_events(struct ui *ui);

/* Prints as printf does, but no password of an address; and on a terminal, and on stderr, nothing that would command
 * the terminal, wherever it comes from (str_add_shown). The colours below are let through. What commands print goes
 * through this. */
void ui_print(FILE *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "wl-make: WHAT; WHAT TO DO" on stderr. */
void ui_error(const struct options *o, const struct wl_err *err);

/* Colour for a stream, by --color, NO_COLOR and whether it is a terminal: the sequence, or "". */
const char *ui_color(const struct options *o, FILE *to, const char *sequence);
#define UI_BOLD "\033[1m"
#define UI_RED "\033[31m"
#define UI_GREEN "\033[32m"
#define UI_YELLOW "\033[33m"
#define UI_RESET "\033[0m"

#endif
