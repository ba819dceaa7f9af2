/* Messages of the commands. */
#ifndef WL_CLI_SAY_H
#define WL_CLI_SAY_H

#include "cli/options.h"

/* "NAME: TEXT; HINT" as one line on standard error. hint may be "". */
void say(const char *name, const char *text, const char *hint);

/* Text on standard error, with a question mark for each character that could control a terminal. */
void say_part(const char *text);

/* After the guest has failed by itself: what may help, if anything does (cli/hint.h). */
void say_hint(const char *name, const struct run_options *o);

/* Prints --help: the usage line and what stands before and behind the options. False if it cannot be written. */
bool say_help(const char *before, enum run_options_of of, const char *behind);

#endif
