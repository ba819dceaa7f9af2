/* The files a plan was made from, so that a later run can tell that it would come out the same without making it. */
#ifndef WL_INPUTS_H
#define WL_INPUTS_H

#include "plan/plan.h"
#include "util/str.h"

#include <stdbool.h>

/* Adds a line for each file and folder that decides what the plan's keys are: recipes, patches, what `files` and
 * extensions name, and the folders of the roots in which a port can be added. A line is the file's identity as memo.h
 * has it, without its contents: nothing is read. */
void inputs_add(const struct plan *p, const struct recipe_roots *roots, struct str *out);

/* Whether every line still holds. */
bool inputs_unchanged(const char *lines);

#endif
