/* Made-up ports in a test's directory: below it ports/, cache/ and output/. */
#ifndef WL_MADE_UP_H
#define WL_MADE_UP_H

#include "plan/plan.h"
#include "recipe/recipe.h"
#include "testing.h"

/* Writes ports/NAME/recipe.yaml. */
void put_recipe(void **state, const char *name, const char *yaml);
/* Writes a file at a path of the directory, and the directories above it. */
void put_file(void **state, const char *path, const char *text);
/* Roots with ports/ as the only directory of ports and the test's directory as the repository. */
struct recipe_roots roots_of(void **state);

/* A plan for the given ports (names separated by spaces), with keys; ends the test on failure. */
void make_plan(void **state, const struct plan_options *o, const char *names, struct plan *p);
/* The node of that name. */
size_t node_of(const struct plan *p, const char *name);

/* A recipe with one step and no toolchain. */
#define SIMPLE "version: \"1\"\ntoolchain: none\nsteps:\n  - name: make\n    run: echo x >\"$STAGE/x\"\n"

#endif
