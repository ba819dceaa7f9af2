/* Processes that a guest starts, as command lines (family/family.h). */
#ifndef WL_CLI_CHILD_H
#define WL_CLI_CHILD_H

#include <stdbool.h>
#include <stddef.h>

/* The words that start a child begin with these: its own name, --child-of, and the number of its parent. */
enum { CHILD_WORDS = 3 };

/* Whether this process is to become a child. *parent: the number. */
bool child_is_asked(int argc, char **argv, long *parent);

/* Removes those words, so that the command line is that of the parent. */
void child_strip(int *argc, char **argv);

/* What starts a child of this process, whose command line has `words` words in front of the guest's arguments: the
 * path of this program, and those words with its name. *n: how many. NULL: this program cannot be started again. To be
 * given to free(). */
const char **child_command(int words, char **argv, size_t *n);

#endif
