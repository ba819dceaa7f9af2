#include "cli/values.h"

#include <stdlib.h>
#include <string.h>

/* Reads digits from *at on and moves it behind them. */
static bool digits(const char **at, uint64_t *n)
{
    const char *begin = *at;

    for (*n = 0; **at >= '0' && **at <= '9'; ++*at)
        if (__builtin_mul_overflow(*n, UINT64_C(10), n) || __builtin_add_overflow(*n, (uint64_t)(**at - '0'), n))
            return false;
    return *at > begin;
}

bool parse_number(const char *text, uint64_t *n)
{
    return digits(&text, n) && !*text;
}

bool parse_size(const char *text, uint64_t *bytes)
{
    static const char units[] = "kKmMgG";
    const char *unit;
    unsigned shift = 0;
    uint64_t n;

    if (!digits(&text, &n))
        return false;
    unit = *text ? strchr(units, *text) : NULL;
    if (unit) {
        shift = 10 * (unsigned)((unit - units) / 2 + 1);
        text++;
        if (!strcmp(text, "iB") || !strcmp(text, "B"))
            text += strlen(text);
    }
    if (*text || n > UINT64_MAX >> shift)
        return false;
    *bytes = n << shift;
    return true;
}

bool parse_seconds(const char *text, uint64_t *ms)
{
    uint64_t n, part = 0;

    if (!digits(&text, &n) || n > UINT64_MAX / 1000)
        return false;
    n *= 1000;
    if (*text == '.') {
        text++;
        if (*text < '0' || *text > '9')
            return false;
        for (unsigned unit = 100; *text >= '0' && *text <= '9'; text++, unit /= 10)
            part += unit * (unsigned)(*text - '0');
    }
    *ms = n + part;
    return !*text && *ms >= n;
}

struct kept_text {
    struct kept_text *next;
    char text[];
};

char *keep_text(struct kept_text **list, const char *s, size_t n)
{
    struct kept_text *copy = malloc(sizeof *copy + n + 1);

    if (!copy)
        return NULL;
    memcpy(copy->text, s, n);
    copy->text[n] = '\0';
    copy->next = *list;
    *list = copy;
    return copy->text;
}

void free_texts(struct kept_text *list)
{
    while (list) {
        struct kept_text *next = list->next;

        free(list);
        list = next;
    }
}
