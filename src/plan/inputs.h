/* The files that a plan depends on, so that a later run can tell without planning that the plan would be the same. */
#ifndef WL_INPUTS_H
#define WL_INPUTS_H

#include "plan/plan.h"
#include "util/str.h"

/* Adds the files and directories that decide which keys a plan has: recipes, patches, what `files` and extensions name,
 * and the directories in which a port could be added. Directories are added because their times change with their
 * entries. */
void inputs_add(const struct plan *p, const struct recipe_roots *roots, struct strv *paths);

/* Adds a file, or a directory and everything in it. */
void inputs_add_tree(const char *path, struct strv *paths);

#endif
