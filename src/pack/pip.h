/* Commands of the machine's pip for the Python of an app (ask_pip.py). */
#ifndef WL_PACK_PIP_H
#define WL_PACK_PIP_H

#include "pack/wheels.h"

/* What ask_pip.py prints if pip is about to start a program: to build a wheel from source. */
#define PIP_WOULD_START "ERROR: it would start "

/* Adds a command of pip. python: as ask_pip.py takes it. given: a file whose text pip gets from its input (pip_run) and
 * not from the disk, or NULL. */
void pip_add_command(struct strv *argv, const char *ask_pip, const char *python, const char *command, const char *given,
                     const struct fetch_options *o);

/* Adds the options that select wheels: those that run on any machine, and so on WASI; with `native` also those
 * built for WASI, and those for x86-64. It is always x86-64, whatever machine this is, so that a lock file resolves to
 * the same wheels everywhere. */
void pip_add_selection(struct strv *argv, const struct wheels *w, bool native);

/* Runs pip with a text on its input (NULL: none). output (may be NULL) gets what it printed if it fails, which the
 * caller frees. */
int pip_run(const struct strv *argv, const char *input, const struct fetch_options *o, char **output,
            struct wl_err *err);

/* Splits a line of ask_pip.py into its n parts, which point into it; false: it has fewer. */
bool pip_parts(char *line, const char **parts, size_t n);

/* Runs a query of ask_pip.py that is not a command of pip, and gives what it printed. */
int pip_query(const struct strv *argv, const char *input, const struct fetch_options *o, char **output,
              struct wl_err *err);

/* What pip prints before the name of a package that it does not find. */
#define PIP_NONE_FOUND "No matching distribution found for "

/* Which package requires the one that pip does not find, as far as pip says it; NULL: the requirements file. The caller
 * frees it. */
char *pip_required_by(const char *output);
/* The line of pip's output that has the words, from them on; the caller frees it. NULL: none has. */
char *pip_line(const char *output, const char *words);

/* Why the index did not answer when pip asked it for a package, from pip's output; the caller frees it. NULL: it did,
 * as far as pip says. pip goes on as if the index had nothing. */
char *pip_unanswered(const char *output, const char *name);
/* The error for that. asked: who asked, as the message begins. */
int pip_no_answer(const char *asked, const char *name, const char *why, struct wl_err *err);

#endif
