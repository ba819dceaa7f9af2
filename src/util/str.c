#include "util/str.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void *checked(void *p)
{
    if (!p) {
        fputs("wl-make: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *xmalloc(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
    return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
    return checked(realloc(p, size ? size : 1));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        checked(NULL);
    return xrealloc(p, n * size);
}

char *xstrdup(const char *s)
{
    return checked(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
    return checked(strndup(s, n));
}

char *xvasprintf(const char *fmt, va_list ap)
{
    char *s = NULL;

    if (vasprintf(&s, fmt, ap) < 0)
        checked(NULL);
    return s;
}

char *xasprintf(const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    s = xvasprintf(fmt, ap);
    va_end(ap);
    return s;
}

void free_charp(char **p)
{
    free(*p);
    *p = NULL;
}

void str_addn(struct str *b, const char *s, size_t n)
{
    if (!b->s || n >= b->cap - b->len) {
        b->cap = (b->len + n + 1) * 2;
        b->s = xrealloc(b->s, b->cap);
    }
    if (n)
        memcpy(b->s + b->len, s, n);
    b->len += n;
    b->s[b->len] = '\0';
}

void str_add(struct str *b, const char *s)
{
    str_addn(b, s, strlen(s));
}

void str_addc(struct str *b, char c)
{
    str_addn(b, &c, 1);
}

void str_addf(struct str *b, const char *fmt, ...)
{
    WL_CLEANUP_FREE char *s = NULL;
    va_list ap;

    va_start(ap, fmt);
    s = xvasprintf(fmt, ap);
    va_end(ap);
    str_add(b, s);
}

char *str_take(struct str *b)
{
    char *s = b->s ? b->s : xstrdup("");

    *b = (struct str){0};
    return s;
}

void str_free(struct str *b)
{
    free(b->s);
    *b = (struct str){0};
}

void strv_take(struct strv *l, char *s)
{
    l->v = xreallocarray(l->v, l->n + 2, sizeof *l->v);
    l->v[l->n++] = s;
    l->v[l->n] = NULL;
}

void strv_add(struct strv *l, const char *s)
{
    strv_take(l, xstrdup(s));
}

void strv_addf(struct strv *l, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    strv_take(l, xvasprintf(fmt, ap));
    va_end(ap);
}

void strv_add_all(struct strv *l, ...)
{
    const char *s;
    va_list ap;

    va_start(ap, l);
    while ((s = va_arg(ap, const char *)))
        strv_add(l, s);
    va_end(ap);
}

void strv_addv(struct strv *l, const struct strv *more)
{
    for (size_t i = 0; i < more->n; i++)
        strv_add(l, more->v[i]);
}

bool strv_has(const struct strv *l, const char *s)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->v[i], s))
            return true;
    return false;
}

void strv_add_once(struct strv *l, const char *s)
{
    if (!strv_has(l, s))
        strv_add(l, s);
}

void strv_free(struct strv *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i]);
    free(l->v);
    *l = (struct strv){0};
}

bool starts_with(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

bool ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);

    return n >= m && !strcmp(s + n - m, suffix);
}

char *shell_quote(const char *s)
{
    struct str out = {0};

    if (*s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@%+") == strlen(s))
        return xstrdup(s);
    str_addc(&out, '\'');
    for (; *s; s++) {
        if (*s == '\'')
            str_add(&out, "'\\''");
        else
            str_addc(&out, *s);
    }
    str_addc(&out, '\'');
    return str_take(&out);
}

size_t edit_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    size_t *row = xcalloc(m + 1, sizeof *row), result;

    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);

            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
            diagonal = above;
        }
    }
    result = row[m];
    free(row);
    return result;
}

/* How many bytes the character at p has, at most n; 0: it is not UTF-8. */
static size_t character(const char *p, size_t n)
{
    unsigned char c = (unsigned char)*p;
    size_t length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    return length <= n && utf8_valid(p, length) ? length : 0;
}

/* U+202A to U+202E and U+2066 to U+2069 turn the direction of writing. */
static bool turns(const char *p)
{
    unsigned char last = (unsigned char)p[2];

    return p[0] == '\xe2' &&
           ((p[1] == '\x80' && last >= 0xaa && last <= 0xae) || (p[1] == '\x81' && last >= 0xa6 && last <= 0xa9));
}

void str_add_shown(struct str *b, const char *s, size_t n)
{
    for (size_t i = 0, length; i < n; i += length) {
        unsigned char c = (unsigned char)s[i];

        length = character(s + i, n - i);
        if (c == '\r' && i + 1 < n && s[i + 1] == '\n')
            continue;
        if (length == 0 || (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
            str_addf(b, "\\x%02x", c);
            length = 1;
        } else if (length == 2 && c == 0xc2 && (unsigned char)s[i + 1] < 0xa0) {
            str_addf(b, "\\x%02x", (unsigned char)s[i + 1]);
        } else if (length == 3 && turns(s + i)) {
            str_addf(b, "\\u20%02x", (((unsigned char)s[i + 1] & 3) << 6) | ((unsigned char)s[i + 2] & 0x3f));
        } else {
            str_addn(b, s + i, length);
        }
    }
}

char *hide_logins(const char *text)
{
    struct str out = {0};

    for (const char *at; (at = strstr(text, "://")); text = at) {
        size_t n, login;

        at += strlen("://");
        str_addn(&out, text, (size_t)(at - text));
        n = strcspn(at, "/?# \t\r\n\"'<>()");
        for (login = n; login && at[login - 1] != '@';)
            login--;
        if (login)
            str_add(&out, "***@");
        at += login;
    }
    str_add(&out, text);
    return str_take(&out);
}

void str_add_json(struct str *b, const char *s)
{
    bool valid = utf8_valid(s, strlen(s));

    str_addc(b, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (c == '"' || c == '\\')
            str_addf(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            str_addf(b, "\\u%04x", c);
        else if (valid && c == 0xc2 && (unsigned char)s[1] < 0xa0)
            str_addf(b, "\\u%04x", (unsigned char)*++s);
        else if (c >= 0x80 && !valid)
            str_add(b, "\\ufffd"); /* JSON is UTF-8 */
        else
            str_addc(b, (char)c);
    }
    str_addc(b, '"');
}

bool utf8_valid(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s, *end = p + n;

    while (p < end) {
        size_t more = *p < 0x80 ? 0 : *p >= 0xc2 && *p < 0xe0 ? 1 : *p >= 0xe0 && *p < 0xf0 ? 2 : 3;
        unsigned long c = more == 0 ? *p : *p & (0x3f >> more);

        if (*p >= 0xf5 || (*p >= 0x80 && *p < 0xc2) || (size_t)(end - p) <= more)
            return false;
        for (size_t i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return false;
            c = c << 6 | (p[i] & 0x3f);
        }
        /* Too long, a surrogate, or beyond Unicode. */
        if ((more == 2 && c < 0x800) || (more == 3 && c < 0x10000) || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
            return false;
        p += more + 1;
    }
    return true;
}

size_t utf8_length(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

bool is_hex(const char *s, size_t n)
{
    return strlen(s) == n && strspn(s, "0123456789abcdef") == n;
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *percent_decode(const char *s, size_t n)
{
    struct str out = {0};

    for (size_t i = 0; i < n; i++) {
        int high = s[i] == '%' && n - i > 2 ? hex_digit(s[i + 1]) : -1, low = high < 0 ? -1 : hex_digit(s[i + 2]);

        if (low >= 0) {
            str_addc(&out, high + low ? (char)(high * 16 + low) : '_');
            i += 2;
        } else {
            str_addc(&out, s[i]);
        }
    }
    return str_take(&out);
}

char *last_line(const char *text)
{
    size_t end = strlen(text), begin;

    while (end && text[end - 1] == '\n')
        end--;
    for (begin = end; begin && text[begin - 1] != '\n';)
        begin--;
    return xstrndup(text + begin, end - begin);
}

char *last_line_with(const char *text, const char *words)
{
    size_t length = strlen(words), n;
    char *best = NULL;

    for (const char *line = text; *line; line += n + (line[n] == '\n')) {
        n = strcspn(line, "\n");
        if (memmem(line, n, words, length)) {
            free(best);
            best = xstrndup(line, n);
        }
    }
    return best;
}

const char *last_lines(const char *text, size_t n, size_t lines)
{
    const char *p = text + n;

    if (p > text && p[-1] == '\n')
        p--; /* the end of the last one */
    for (; p > text; p--)
        if (p[-1] == '\n' && --lines == 0)
            break;
    return p;
}

char *human_size(unsigned long long bytes)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
    double v = (double)bytes;
    size_t i = 0;

    while (v >= 999.5 && i + 1 < sizeof unit / sizeof *unit) {
        v /= 1000;
        i++;
    }
    return i == 0 || v >= 99.5 ? xasprintf("%.0f %s", v, unit[i]) : xasprintf("%.1f %s", v, unit[i]);
}
