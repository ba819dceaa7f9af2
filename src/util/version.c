#include "util/version.h"

#include "util/str.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Kinds of what a version is made of, in the order they sort in at the same place. */
enum kind { PRERELEASE, END, MARK, NUMBER, WORD };

struct token {
    enum kind kind;
    const char *s;
    size_t n;
};

static size_t letters(const char *s)
{
    size_t n = 0;

    while (isalpha((unsigned char)s[n]))
        n++;
    return n;
}

static bool is_prerelease_word(const char *s, size_t n)
{
    static const char *const words[] = {"alpha", "beta",    "dev",      "pre",     "preview",
                                        "rc",    "nightly", "snapshot", "unstable"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == n && !strncasecmp(words[i], s, n))
            return true;
    /* 3.15.0a1, but not 1.1.1a. */
    return n == 1 && strchr("abcABC", *s) && isdigit((unsigned char)s[1]);
}

/* The next part, at *p, which moves behind it. after_number: some number came before, so that a word can mark what it
 * stands behind. */
static struct token next(const char **p, bool *after_number)
{
    struct token t = {END, *p, 0};
    unsigned char c = (unsigned char)**p;

    if (isdigit(c)) {
        t.kind = NUMBER;
        t.n = strspn(*p, "0123456789");
        *after_number = true;
    } else if (isalpha(c)) {
        t.n = letters(*p);
        t.kind = *after_number && is_prerelease_word(*p, t.n) ? PRERELEASE : WORD;
    } else if (c == '~' && *after_number) {
        t.kind = PRERELEASE;
        t.n = 1;
    } else if (c) {
        size_t word = letters(*p + 1);

        t.kind = MARK;
        t.n = 1;
        /* "-rc1" is as "rc1". */
        if (*after_number && word && is_prerelease_word(*p + 1, word)) {
            t.kind = PRERELEASE;
            t.s++;
            t.n = word;
            *p += 1;
        }
    }
    *p += t.n;
    return t;
}

static int compare_numbers(struct token a, struct token b)
{
    while (a.n && *a.s == '0')
        a = (struct token){a.kind, a.s + 1, a.n - 1};
    while (b.n && *b.s == '0')
        b = (struct token){b.kind, b.s + 1, b.n - 1};
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return strncmp(a.s, b.s, a.n);
}

static int compare_text(struct token a, struct token b)
{
    /* What only leads to a pre-release comes before it. */
    int tilde = (*b.s == '~') - (*a.s == '~');
    int c = tilde ? tilde : memcmp(a.s, b.s, a.n < b.n ? a.n : b.n);

    return c ? c : (a.n > b.n) - (a.n < b.n);
}

int version_compare(const char *a, const char *b)
{
    bool a_number = false, b_number = false;

    for (;;) {
        struct token x = next(&a, &a_number), y = next(&b, &b_number);
        int c;

        if (x.kind != y.kind)
            return x.kind < y.kind ? -1 : 1;
        if (x.kind == END)
            return 0;
        c = x.kind == NUMBER ? compare_numbers(x, y) : compare_text(x, y);
        if (c)
            return c < 0 ? -1 : 1;
    }
}

static char *without_last_zeros(const char *v)
{
    size_t n = strlen(v);

    while (n > 2 && v[n - 1] == '0' && v[n - 2] == '.' && isdigit((unsigned char)v[n - 3]))
        n -= 2;
    return xstrndup(v, n);
}

bool version_is_newer(const char *a, const char *b)
{
    WL_CLEANUP_FREE char *x = without_last_zeros(a), *y = without_last_zeros(b);

    return version_compare(x, y) > 0;
}

bool version_is_prerelease(const char *v)
{
    bool number = false;
    struct token t;

    do
        t = next(&v, &number);
    while (t.kind != PRERELEASE && t.kind != END);
    return t.kind == PRERELEASE;
}

bool version_in_series(const char *v, const char *series)
{
    size_t n = series ? strlen(series) : 0;

    if (!n || !strcmp(series, "any"))
        return true;
    return !strncmp(v, series, n) && !isdigit((unsigned char)v[n]);
}

char *version_series(const char *v)
{
    size_t n = strcspn(v, ".");

    if (v[n])
        n += 1 + strcspn(v + n + 1, ".");
    return xstrndup(v, n);
}

bool version_is_plain(const char *v)
{
    size_t n = strspn(v, "0123456789"), word;

    if (!n)
        return false;
    for (v += n; *v == '.' && isdigit((unsigned char)v[1]); v += n)
        n = 1 + strspn(v + 1, "0123456789");
    if (!*v)
        return true;
    v += strchr("-._~", *v) != NULL;
    word = letters(v);
    if (!word ||
        (word > 1 && !is_prerelease_word(v, word) && strncasecmp(v, "post", word) && strncasecmp(v, "p", word)))
        return false;
    v += word;
    v += *v && strchr("-.", *v) != NULL;
    return !v[strspn(v, "0123456789")];
}
