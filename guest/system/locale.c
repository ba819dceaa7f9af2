/* setlocale() for the locales that exist: C, also called POSIX, and C.UTF-8. musl's accepts every name and changes
 * nothing, so a program does not notice that it gets no German numbers. */
#include <locale.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#undef setlocale

static int is_one_of(const char *name, size_t n)
{
    static const char *const known[] = {"C", "POSIX", "C.UTF-8", "C.UTF8"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i]) == n && strncasecmp(known[i], name, n) == 0)
            return 1;
    return 0;
}

/* For LC_ALL, the text may have a name for each category, separated by semicolons, as setlocale() returns it. */
static int is_there(int category, const char *name)
{
    for (;;) {
        size_t n = strcspn(name, category == LC_ALL ? ";" : "");

        if (!is_one_of(name, n))
            return 0;
        if (!name[n])
            return 1;
        name += n + 1;
    }
}

/* The locale that the environment names. One that does not exist becomes C.UTF-8, the default. */
static const char *from_environment(int category)
{
    static const char *const names[] = {"LC_CTYPE",   "LC_NUMERIC",  "LC_TIME",
                                        "LC_COLLATE", "LC_MONETARY", "LC_MESSAGES"};
    static const int categories[] = {LC_CTYPE, LC_NUMERIC, LC_TIME, LC_COLLATE, LC_MONETARY, LC_MESSAGES};
    const char *tried[] = {"LC_ALL", NULL, "LANG"};

    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++) {
        if (category != categories[i] && category != LC_ALL)
            continue;
        tried[1] = names[i];
        for (size_t k = 0; k < sizeof tried / sizeof *tried; k++) {
            const char *value = getenv(tried[k]);

            if (!value || !*value)
                continue;
            if (!is_one_of(value, strlen(value)))
                return "C.UTF-8";
            break;
        }
    }
    return "";
}

char *wl_setlocale(int category, const char *name)
{
    if (name && !*name)
        name = from_environment(category);
    else if (name && !is_there(category, name))
        return NULL;
    return setlocale(category, name);
}
