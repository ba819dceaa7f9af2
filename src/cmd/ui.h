/* The user interface: progress and messages on stderr, results on stdout. */
#ifndef WL_UI_H
#define WL_UI_H

#include "cmd/options.h"
#include "make/events.h"
#include "util/err.h"

#include <stdio.h>

/* On a terminal a line is updated while something runs; elsewhere lines are printed; with --quiet nothing is. */
struct ui;
struct ui *ui_new(const struct options *o);
/* Ends the live line. */
void ui_free(struct ui *ui);
/* Ends the line that is being shown, so that the caller can print to the terminal. */
void ui_end_line(struct ui *ui);
/* The events of a build, for this ui. */
struct events ui_events(struct ui *ui);

/* Prints as printf does, except for the passwords of addresses, and on a terminal and on stderr except for control
 * characters other than the colours below (str_add_shown). Everything that commands print goes through this. */
void ui_print(FILE *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "wl-make: WHAT; WHAT TO DO" on stderr. */
void ui_error(const struct options *o, const struct wl_err *err);

/* The colour sequence if --color, NO_COLOR and the kind of the stream allow colours; else "". */
const char *ui_color(const struct options *o, FILE *to, const char *sequence);
#define UI_BOLD "\033[1m"
#define UI_RED "\033[31m"
#define UI_GREEN "\033[32m"
#define UI_YELLOW "\033[33m"
#define UI_RESET "\033[0m"

#endif
