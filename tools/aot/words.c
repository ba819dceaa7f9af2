/* The words of commands. */
#include "aot.h"

#include <stdlib.h>
#include <string.h>

void add_word(struct words *w, const char *word)
{
    w->v = need(realloc(w->v, (w->n + 2) * sizeof *w->v));
    w->v[w->n++] = text("%s", word);
    w->v[w->n] = NULL;
}

void add_all(struct words *w, const char *words)
{
    char *copy = text("%s", words), *state;

    for (char *word = strtok_r(copy, " ", &state); word; word = strtok_r(NULL, " ", &state))
        add_word(w, word);
    free(copy);
}

void add_made(struct words *w, char *made)
{
    add_word(w, made);
    free(made);
}

void add_output(struct words *w, const char *from, const char *to)
{
    add_word(w, "-c");
    add_word(w, from);
    add_word(w, "-o");
    add_word(w, to);
}

void add_command(struct command_list *c, struct words w, bool counted)
{
    c->v = need(realloc(c->v, (c->n + 1) * sizeof *c->v));
    c->v[c->n++] = (struct command){w.v, NULL, counted};
}

void run_one(struct words w, const char *out, const char *refusal)
{
    commands_run(&(struct command){w.v, out, false}, 1, refusal);
}
