#include "cli/say.h"

#include "cli/hint.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void say_part(const char *text)
{
    size_t n = strlen(text), length;

    for (size_t i = 0; i < n; i += length)
        if (text_printable(text + i, n - i, &length))
            fwrite(text + i, 1, length, stderr);
        else
            fputc('?', stderr);
}

void say(const char *name, const char *text, const char *hint)
{
    fprintf(stderr, "%s: ", name);
    say_part(text);
    fputs(*hint ? "; " : "", stderr);
    say_part(hint);
    fputc('\n', stderr);
}

void say_hint(const char *name, const struct run_options *o)
{
    char text[HINT_SIZE];

    if (hint_failed(o, text))
        say(name, text, "");
}

bool say_help(const char *before, enum run_options_of of, const char *behind)
{
    char *options = run_options_help(of);
    bool well = options && printf("%s%s%s", before, options, behind) > 0 && fflush(stdout) == 0;

    free(options);
    return well;
}
