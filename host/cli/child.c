#include "cli/child.h"

#include "family/family.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool child_is_asked(int argc, char **argv, long *parent)
{
    char *end;

    if (argc < CHILD_WORDS || strcmp(argv[1], FAMILY_ASKED) != 0)
        return false;
    *parent = strtol(argv[2], &end, 10);
    return !*end && *parent > 0;
}

void child_strip(int *argc, char **argv)
{
    const int gone = CHILD_WORDS - 1;

    for (int i = 1; i + gone <= *argc; i++)
        argv[i] = argv[i + gone];
    *argc -= gone;
}

const char **child_command(int words, char **argv, size_t *n)
{
    /* (The kernel leads to the program that runs, whatever its name is by now.) */
    static const char program[] = "/proc/self/exe";
    const char **command = access(program, X_OK) == 0 ? calloc((size_t)words + 2, sizeof *command) : NULL;

    *n = 0;
    if (!command)
        return NULL;
    command[(*n)++] = program;
    for (int i = 0; i < words; i++)
        command[(*n)++] = argv[i];
    return command;
}
