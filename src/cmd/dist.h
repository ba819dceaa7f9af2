/* What the commands that write things to give away share (dist, image): the Python in them, natively, and the licences
 * of all that they contain. */
#ifndef WL_CMD_DIST_H
#define WL_CMD_DIST_H

#include "cmd/app.h"
#include "pack/parcel.h"

/* The flavour that is given away natively. */
#define NATIVE_FLAVOUR "snapshot"

/* The exact name of the Python that a word names; a port that is none is WL_E_USAGE. The caller frees *python. */
int dist_python(struct app *a, const char *word, struct wl_err *err, char **python);

/* Adds the ports that a plan needs for that Python natively, and, to `content`, those of which it contains something.
 */
int dist_native_ports(struct app *a, const char *python, struct strv *ports, struct strv *content, struct wl_err *err);

/* Compiles it for libwlpy, unless the store has it; *program is the file, which the caller frees. */
int dist_native(struct app *a, const struct plan *p, const char *python, char **program, struct wl_err *err);

/* Builds the ports, after it has seen that all licences of the ports `content` are known. The caller frees the plan,
 * after an error as well. */
int dist_build(struct app *a, const struct make_options *o, const struct strv *ports, const struct strv *content,
               struct plan *p, struct wl_err *err);

/* Adds the licences of all that is in what these ports make (pack/licenses.h). */
int dist_licenses(const struct make_options *o, struct plan *p, const struct strv *content, struct parcel *licenses,
                  struct wl_err *err);

/* The licences of these as one SPDX expression. The caller frees it. */
char *dist_expression(const struct plan *p, const struct strv *content);

#endif
