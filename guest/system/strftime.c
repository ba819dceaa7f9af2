/* glibc's strftime() for the C locale.
 *
 * musl's stops at the first unknown directive and returns nothing for the whole format. Here an unknown directive is
 * copied unchanged, and glibc's additions to POSIX work: %k %l %P %s, the flags _ - 0 ^ #, and a width. All text is
 * English, because WASI has no other locale. */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

size_t wl_strftime(char *restrict out, size_t size, const char *restrict format, const struct tm *restrict tm);

/* The buffer for the text; overflown is set when the text does not fit. */
struct text {
    char *out;
    size_t size, used;
    int overflown;
};

/* A directive: %[flags][width][E or O]letter. */
struct directive {
    char pad; /* _ - 0, or NUL for the letter's default */
    int upper, lower, swap;
    size_t width;
    char modifier, letter;
};

static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};

static void put(struct text *t, const char *bytes, size_t n)
{
    if (n >= t->size - t->used) {
        t->overflown = 1;
        return;
    }
    memcpy(t->out + t->used, bytes, n);
    t->used += n;
}

static void fill(struct text *t, char c, size_t n)
{
    if (n >= t->size - t->used) {
        t->overflown = 1;
        return;
    }
    memset(t->out + t->used, c, n);
    t->used += n;
}

static void put_string(struct text *t, const struct directive *d, const char *string, size_t n)
{
    size_t start;

    if (d->width > n)
        fill(t, d->pad == '0' ? '0' : ' ', d->width - n);
    start = t->used;
    put(t, string, n);
    for (size_t i = start; i < t->used && (d->upper || d->lower); i++)
        t->out[i] = (char)(d->upper ? toupper((unsigned char)t->out[i]) : tolower((unsigned char)t->out[i]));
}

/* The name of a day or month, or its first letters; "?" if the number is out of range. */
static void put_name(struct text *t, struct directive d, const char *const *names, int count, int index, size_t letters)
{
    const char *name = index >= 0 && index < count ? names[index] : "?";
    size_t n = strlen(name);

    d.upper |= d.swap;
    put_string(t, &d, name, letters && n > letters ? letters : n);
}

/* pad is the default of the letter, for a directive without a flag. */
static void put_number(struct text *t, const struct directive *d, char pad, size_t digits, long long value)
{
    char number[24];
    size_t n, width = d->width > digits ? d->width : digits;
    int negative = value < 0;

    n = (size_t)snprintf(number, sizeof number, "%llu",
                         negative ? 0 - (unsigned long long)value : (unsigned long long)value);
    if (d->pad)
        pad = d->pad;
    if (pad == '-') {
        width = d->width;
        pad = '_';
    }
    if (pad == '_' && width > n + (size_t)negative)
        fill(t, ' ', width - n - (size_t)negative);
    if (negative)
        put(t, "-", 1);
    if (pad != '_' && width > n + (size_t)negative)
        fill(t, '0', width - n - (size_t)negative);
    put(t, number, n);
}

static int is_leap(long long year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The ISO 8601 week, 1 to 53; *year is the year it belongs to. */
static int iso_week(const struct tm *tm, long long *year)
{
    int day = (tm->tm_wday + 6) % 7, week = (tm->tm_yday - day + 10) / 7;
    int first; /* the weekday of January 1 */

    *year = 1900LL + tm->tm_year;
    if (week < 1) {
        --*year;
        first = ((day - tm->tm_yday - (is_leap(*year) ? 366 : 365)) % 7 + 7) % 7;
        return first == 3 || (first == 2 && is_leap(*year)) ? 53 : 52;
    }
    if (week == 53) {
        first = ((day - tm->tm_yday) % 7 + 7) % 7;
        if (first != 3 && !(first == 2 && is_leap(*year))) {
            ++*year;
            return 1;
        }
    }
    return week;
}

static long long floor_div(long long a, int b)
{
    return a / b - (a % b < 0);
}

static void expand(struct text *t, const char *format, const struct tm *tm);

/* A directive that stands for several others. The flags and the width apply to the whole. */
static void put_format(struct text *t, const struct directive *d, const char *format, const struct tm *tm)
{
    char buffer[128];
    struct text part = {buffer, sizeof buffer, 0, 0};

    expand(&part, format, tm);
    t->overflown |= part.overflown;
    put_string(t, d, buffer, part.used);
}

static void put_zone(struct text *t, const struct directive *d, const struct tm *tm)
{
    long offset = tm->tm_gmtoff;
    char text[16];
    int n;

    if (tm->tm_isdst < 0)
        return;
    n = snprintf(text, sizeof text, "%c%02ld%02ld", offset < 0 ? '-' : '+', (offset < 0 ? -offset : offset) / 3600,
                 (offset < 0 ? -offset : offset) / 60 % 60);
    put_string(t, d, text, (size_t)n);
}

/* Handles a directive for a number. 0: it is not one. */
static int numbers(struct text *t, const struct directive *d, const struct tm *tm)
{
    long long year = 1900LL + tm->tm_year, iso_year;
    int hour12 = (tm->tm_hour + 11) % 12 + 1, week;
    struct tm copy;

    switch (d->letter) {
    case 'C':
        put_number(t, d, '0', 1, floor_div(year, 100));
        break;
    case 'd':
        put_number(t, d, '0', 2, tm->tm_mday);
        break;
    case 'e':
        put_number(t, d, '_', 2, tm->tm_mday);
        break;
    case 'G':
        iso_week(tm, &iso_year);
        put_number(t, d, '0', 1, iso_year);
        break;
    case 'g':
        iso_week(tm, &iso_year);
        put_number(t, d, '0', 2, (iso_year % 100 + 100) % 100);
        break;
    case 'H':
        put_number(t, d, '0', 2, tm->tm_hour);
        break;
    case 'I':
        put_number(t, d, '0', 2, hour12);
        break;
    case 'j':
        put_number(t, d, '0', 3, tm->tm_yday + 1LL);
        break;
    case 'k':
        put_number(t, d, '_', 2, tm->tm_hour);
        break;
    case 'l':
        put_number(t, d, '_', 2, hour12);
        break;
    case 'M':
        put_number(t, d, '0', 2, tm->tm_min);
        break;
    case 'm':
        put_number(t, d, '0', 2, tm->tm_mon + 1LL);
        break;
    case 'S':
        put_number(t, d, '0', 2, tm->tm_sec);
        break;
    case 's':
        copy = *tm;
        put_number(t, d, '_', 1, (long long)mktime(&copy));
        break;
    case 'U':
        put_number(t, d, '0', 2, (tm->tm_yday + 7 - tm->tm_wday) / 7);
        break;
    case 'u':
        put_number(t, d, '0', 1, (tm->tm_wday + 6) % 7 + 1);
        break;
    case 'V':
        week = iso_week(tm, &iso_year);
        put_number(t, d, '0', 2, week);
        break;
    case 'W':
        put_number(t, d, '0', 2, (tm->tm_yday + 7 - (tm->tm_wday + 6) % 7) / 7);
        break;
    case 'w':
        put_number(t, d, '0', 1, tm->tm_wday);
        break;
    case 'Y':
        put_number(t, d, '0', 1, year);
        break;
    case 'y':
        put_number(t, d, '0', 2, (year % 100 + 100) % 100);
        break;
    default:
        return 0;
    }
    return 1;
}

/* Handles any other directive. 0: it is not one. */
static int words(struct text *t, const struct directive *d, const struct tm *tm)
{
    struct directive own = *d;
    const char *zone;

    switch (d->letter) {
    case '%':
        put_string(t, d, "%", 1);
        break;
    case 'n':
        put_string(t, d, "\n", 1);
        break;
    case 't':
        put_string(t, d, "\t", 1);
        break;
    case 'A':
        put_name(t, *d, days, 7, tm->tm_wday, 0);
        break;
    case 'a':
        put_name(t, *d, days, 7, tm->tm_wday, 3);
        break;
    case 'B':
        put_name(t, *d, months, 12, tm->tm_mon, 0);
        break;
    case 'b':
    case 'h':
        put_name(t, *d, months, 12, tm->tm_mon, 3);
        break;
    case 'c':
        put_format(t, d, "%a %b %e %H:%M:%S %Y", tm);
        break;
    case 'D':
    case 'x':
        put_format(t, d, "%m/%d/%y", tm);
        break;
    case 'F':
        put_format(t, d, "%Y-%m-%d", tm);
        break;
    case 'P':
        own.upper = 0;
        put_string(t, &own, tm->tm_hour > 11 ? "pm" : "am", 2);
        break;
    case 'p':
        own.upper &= !d->swap;
        put_string(t, &own, d->swap ? (tm->tm_hour > 11 ? "pm" : "am") : tm->tm_hour > 11 ? "PM" : "AM", 2);
        break;
    case 'R':
        put_format(t, d, "%H:%M", tm);
        break;
    case 'r':
        put_format(t, d, "%I:%M:%S %p", tm);
        break;
    case 'T':
    case 'X':
        put_format(t, d, "%H:%M:%S", tm);
        break;
    case 'Z':
        zone = tm->tm_zone ? tm->tm_zone : "";
        own.upper &= !d->swap;
        own.lower = d->swap;
        put_string(t, &own, zone, strlen(zone));
        break;
    case 'z':
        put_zone(t, d, tm);
        break;
    default:
        return 0;
    }
    return 1;
}

/* Parses what follows a '%'. Returns where the text continues, or NULL if it is not a directive. */
static const char *parse(const char *f, struct directive *d)
{
    memset(d, 0, sizeof *d);
    for (; *f && strchr("_-0^#", *f); f++) {
        if (*f == '^')
            d->upper = 1;
        else if (*f == '#')
            d->swap = 1;
        else
            d->pad = *f;
    }
    for (; isdigit((unsigned char)*f); f++)
        d->width = d->width > INT_MAX / 10 - 1 ? INT_MAX : d->width * 10 + (size_t)(*f - '0');
    if (*f == 'E' || *f == 'O')
        d->modifier = *f++;
    d->letter = *f;
    return *f ? f + 1 : NULL;
}

/* E and O select another calendar or script, of which the C locale has none. Some letters do not accept them. */
static int modifier_fits(const struct directive *d)
{
    return !d->modifier || !strchr(d->modifier == 'E' ? "aAbBDdeFGgHhIjklMmSUVWw" : "aAcDFXxY", d->letter);
}

static void expand(struct text *t, const char *format, const struct tm *tm)
{
    while (*format && !t->overflown) {
        const char *start = format, *next;
        struct directive d;

        if (*format != '%') {
            format = strchr(start, '%');
            if (!format)
                format = start + strlen(start);
            put(t, start, (size_t)(format - start));
            continue;
        }
        next = parse(format + 1, &d);
        format = next ? next : start + strlen(start);
        if (!next || !modifier_fits(&d) || (!numbers(t, &d, tm) && !words(t, &d, tm)))
            put_string(t, &d, start, (size_t)(format - start));
    }
}

size_t wl_strftime(char *restrict out, size_t size, const char *restrict format, const struct tm *restrict tm)
{
    struct text t = {out, size, 0, 0};

    if (size == 0)
        return 0;
    expand(&t, format, tm);
    if (t.overflown)
        return 0;
    out[t.used] = '\0';
    return t.used;
}
