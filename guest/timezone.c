/* Local time by the rules of a time zone. wasi-libc treats every zone as UTC. Its mktime(), localtime() and similar
 * functions ask __secs_to_zone(), which this file replaces.
 *
 * The variable TZ selects the zone: it has the name of a file of the time zone database, or the rules themselves as
 * POSIX writes them ("CET-1CEST,M3.5.0,M10.5.0/3"). Without TZ, /etc/localtime defines the zone, if a mapped
 * directory has that file. Otherwise the zone is UTC. Files have the format of RFC 9636, in which everything is
 * big-endian. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* These belong to libc or replace libc's. */
extern const char __utc[];
void __secs_to_zone(long long t, int local, int *isdst, int *offset, long *oppoff, const char **zonename);
const char *__tm_to_tzname(const struct tm *tm);
void tzset(void);

const char __utc[] = "UTC";

enum { DAY = 86400, HOUR = 3600, WEEK = 7, LONGEST_FILE = 1 << 18, HEADER = 44, MOST_KINDS = 256, SHORTEST_NAME = 3 };

/* Seconds to the east of Greenwich, whether that is daylight saving time, and its name. */
struct kind {
    int offset;
    bool dst;
    const char *name;
};

/* A day of each year, and a time in seconds from its midnight, which can be days away. */
struct rule {
    enum { JULIAN, DAY_OF_YEAR, DAY_OF_MONTH } by;
    int day, month, week;
    int time;
};

/* The rules in a POSIX text. */
struct rules {
    struct kind standard, summer;
    bool changes;
    struct rule begin, end;
};

/* The changes of a file, each to a kind. The rules apply after the last change. */
struct zone {
    unsigned char *bytes;
    const unsigned char *times, *to_kind; /* in bytes */
    size_t changes_n, kinds_n;
    struct kind kinds[MOST_KINDS];
    bool has_rules;
    struct rules rules;
};

static struct zone zone;
static bool ready;

/* A name that is never freed: a struct tm points to it and may outlive the zone. */
static const char *keep(const char *name, size_t n)
{
    struct kept {
        struct kept *next;
        char text[];
    };
    static struct kept *all;
    struct kept *k = all;

    while (k && (strncmp(k->text, name, n) != 0 || k->text[n]))
        k = k->next;
    if (!k) {
        k = malloc(sizeof *k + n + 1);
        if (!k)
            return "";
        memcpy(k->text, name, n);
        k->text[n] = '\0';
        k->next = all;
        all = k;
    }
    return k->text;
}

/* ---- Rules ---- */

/* A number in decimal, not above `most`; -1: there is none. */
static int take_number(const char **at, int most)
{
    int n = 0;

    if (**at < '0' || **at > '9')
        return -1;
    for (; **at >= '0' && **at <= '9'; ++*at) {
        n = n * 10 + (**at - '0');
        if (n > most)
            return -1;
    }
    return n;
}

/* [+-]hours[:minutes[:seconds]] */
static bool take_time(const char **at, int most_hours, int *seconds)
{
    bool minus = **at == '-';
    int n;

    if (**at == '-' || **at == '+')
        ++*at;
    *seconds = 0;
    for (int unit = HOUR; unit > 0; unit /= 60) {
        n = take_number(at, unit == HOUR ? most_hours : 59);
        if (n < 0)
            return false;
        *seconds += n * unit;
        if (**at != ':' || unit == 1)
            break;
        ++*at;
    }
    *seconds = minus ? -*seconds : *seconds;
    return true;
}

/* Letters, or anything between "<" and ">". */
static bool take_name(const char **at, const char **name)
{
    const char *begin = *at, *end;

    if (*begin == '<') {
        end = strchr(++begin, '>');
        if (!end)
            return false;
        *at = end + 1;
    } else {
        for (end = begin; (*end >= 'a' && *end <= 'z') || (*end >= 'A' && *end <= 'Z');)
            end++;
        *at = end;
    }
    if (end - begin < SHORTEST_NAME)
        return false;
    *name = keep(begin, (size_t)(end - begin));
    return true;
}

/* Jn, n, or Mm.w.d, followed by /time. */
static bool take_rule(const char **at, struct rule *rule)
{
    *rule = (struct rule){.time = 2 * HOUR};
    if (*(*at)++ != ',')
        return false;
    if (**at == 'M') {
        ++*at;
        rule->by = DAY_OF_MONTH;
        rule->month = take_number(at, 12);
        if (rule->month < 1 || *(*at)++ != '.')
            return false;
        rule->week = take_number(at, 5);
        if (rule->week < 1 || *(*at)++ != '.')
            return false;
        rule->day = take_number(at, 6);
    } else {
        rule->by = **at == 'J' ? JULIAN : DAY_OF_YEAR;
        *at += **at == 'J';
        rule->day = take_number(at, 365);
    }
    if (rule->day < (rule->by == JULIAN))
        return false;
    if (**at != '/')
        return true;
    ++*at;
    return take_time(at, 167, &rule->time);
}

static bool parse_rules(const char *text, struct rules *rules)
{
    const char *at = text;

    *rules = (struct rules){.changes = false};
    if (!take_name(&at, &rules->standard.name) || !take_time(&at, 24, &rules->standard.offset))
        return false;
    /* POSIX counts to the west. */
    rules->standard.offset = -rules->standard.offset;
    if (!*at)
        return true;
    rules->changes = rules->summer.dst = true;
    if (!take_name(&at, &rules->summer.name))
        return false;
    rules->summer.offset = rules->standard.offset + HOUR;
    if (*at && *at != ',') {
        if (!take_time(&at, 24, &rules->summer.offset))
            return false;
        rules->summer.offset = -rules->summer.offset;
    }
    if (!*at)
        at = ",M3.2.0,M11.1.0"; /* the usual rules if the text has none */
    return take_rule(&at, &rules->begin) && take_rule(&at, &rules->end) && !*at;
}

static bool is_leap(long long year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static long long floor_div(long long a, long long b)
{
    return a / b - (a % b < 0);
}

/* The day on which a year begins, counted from 1970. */
static long long first_day_of(long long year)
{
    long long before = year - 1;

    return 365 * (year - 1970) + floor_div(before, 4) - floor_div(before, 100) + floor_div(before, 400) -
           (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static long long year_of(long long t)
{
    long long day = floor_div(t, DAY), year = 1970 + floor_div(day * 400, 146097);

    while (first_day_of(year) > day)
        year--;
    while (first_day_of(year + 1) <= day)
        year++;
    return year;
}

/* When a rule takes effect in a year, in seconds since 1970 on the local clock before the change. */
static long long moment_of(const struct rule *rule, long long year)
{
    static const short before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    long long day = first_day_of(year);
    bool leap = is_leap(year);
    int month = rule->month, first, length, in_month;

    switch (rule->by) {
    case JULIAN: /* February 29 is never counted */
        day += rule->day - 1 + (leap && rule->day >= 60);
        break;
    case DAY_OF_YEAR:
        day += rule->day;
        break;
    case DAY_OF_MONTH:
        day += before_month[month - 1] + (leap && month > 2);
        length = before_month[month] - before_month[month - 1] + (leap && month == 2);
        first = (int)(((day + 4) % WEEK + WEEK) % WEEK); /* January 1, 1970 was a Thursday */
        in_month = (rule->day - first + WEEK) % WEEK + (rule->week - 1) * WEEK;
        day += in_month < length ? in_month : in_month - WEEK; /* the fifth is the last */
        break;
    }
    return day * DAY + rule->time;
}

static const struct kind *by_rules(const struct rules *rules, long long t)
{
    long long year, begin, end;
    bool summer;

    if (!rules->changes)
        return &rules->standard;
    year = year_of(t + rules->standard.offset);
    begin = moment_of(&rules->begin, year) - rules->standard.offset;
    end = moment_of(&rules->end, year) - rules->summer.offset;
    summer = begin < end ? t >= begin && t < end : t >= begin || t < end;
    return summer ? &rules->summer : &rules->standard;
}

/* ---- Files ---- */

static uint32_t big32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t big64(const unsigned char *at)
{
    return (int64_t)((uint64_t)big32(at) << 32 | big32(at + 4));
}

/* How many parts of each kind a block of data has, from its header. Times have `width` bytes. */
struct block {
    size_t utc_n, standard_n, leaps_n, changes_n, kinds_n, names_n;
    size_t size;
};

static bool read_header(const unsigned char *at, size_t left, size_t width, struct block *b)
{
    uint64_t size;

    if (left < HEADER || memcmp(at, "TZif", 4) != 0)
        return false;
    b->utc_n = big32(at + 20);
    b->standard_n = big32(at + 24);
    b->leaps_n = big32(at + 28);
    b->changes_n = big32(at + 32);
    b->kinds_n = big32(at + 36);
    b->names_n = big32(at + 40);
    size = (uint64_t)b->changes_n * (width + 1) + (uint64_t)b->kinds_n * 6 + b->names_n +
           (uint64_t)b->leaps_n * (width + 4) + b->standard_n + b->utc_n;
    b->size = (size_t)size;
    return size <= left - HEADER && b->kinds_n > 0 && b->kinds_n <= MOST_KINDS && b->names_n > 0;
}

/* The rules after the data, between two line ends. */
static bool read_rules(const unsigned char *at, size_t left, struct rules *rules)
{
    char text[128];
    const unsigned char *end = left > 1 && *at == '\n' ? memchr(at + 1, '\n', left - 1) : NULL;
    size_t n = end ? (size_t)(end - at) - 1 : 0;

    if (!n || n >= sizeof text)
        return false;
    memcpy(text, at + 1, n);
    text[n] = '\0';
    return parse_rules(text, rules);
}

/* Whether the bytes are those of a zone, which then owns them. */
static bool read_zone(struct zone *z, unsigned char *bytes, size_t n)
{
    const unsigned char *at = bytes, *kinds, *names;
    struct block b;

    /* The first block is for programs that cannot read 64-bit times. */
    if (!read_header(at, n, 4, &b) || at[4] < '2')
        return false;
    at += HEADER + b.size;
    if (!read_header(at, n - (size_t)(at - bytes), 8, &b))
        return false;
    at += HEADER;
    z->bytes = bytes;
    z->changes_n = b.changes_n;
    z->kinds_n = b.kinds_n;
    z->times = at;
    z->to_kind = at + 8 * b.changes_n;
    kinds = z->to_kind + b.changes_n;
    names = kinds + 6 * b.kinds_n;
    for (size_t i = 0; i < b.changes_n; i++)
        if (z->to_kind[i] >= b.kinds_n)
            return false;
    for (size_t i = 0; i < b.kinds_n; i++, kinds += 6) {
        const unsigned char *name = names + kinds[5];
        int32_t offset = (int32_t)big32(kinds);

        if (kinds[5] >= b.names_n || !memchr(name, '\0', b.names_n - kinds[5]) || offset < -7 * DAY || offset > 7 * DAY)
            return false;
        z->kinds[i] = (struct kind){
            .offset = offset, .dst = kinds[4], .name = keep((const char *)name, strlen((const char *)name))};
    }
    at += b.size;
    z->has_rules = read_rules(at, n - (size_t)(at - bytes), &z->rules);
    return true;
}

static bool load_file(struct zone *z, const char *path)
{
    int fd = open(path, O_RDONLY);
    unsigned char *bytes = NULL;
    struct stat st;
    size_t n = 0;
    ssize_t got = 1;
    bool good = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= LONGEST_FILE;

    if (good)
        bytes = malloc((size_t)st.st_size);
    while (bytes && n < (size_t)st.st_size && got > 0) {
        got = read(fd, bytes + n, (size_t)st.st_size - n);
        n += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0)
        close(fd);
    if (bytes && read_zone(z, bytes, n))
        return true;
    free(bytes);
    return false;
}

static bool load_name(struct zone *z, const char *name)
{
    static const char *const folders[] = {"/usr/local/share/zoneinfo", "/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                          "/usr/share/lib/zoneinfo", "/etc/zoneinfo"};
    char path[512];

    if (*name == '/')
        return load_file(z, name);
    if (!*name || strstr(name, "..") || strlen(name) > 256)
        return false;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        strcpy(path, folders[i]);
        strcat(strcat(path, "/"), name);
        if (load_file(z, path))
            return true;
    }
    return false;
}

/* ---- Functions that libc calls ---- */

void tzset(void)
{
    const char *name = getenv("TZ");
    int error = errno;

    free(zone.bytes);
    zone = (struct zone){.bytes = NULL};
    ready = true;
    if (!name) {
        (void)load_file(&zone, "/etc/localtime");
    } else {
        name += *name == ':';
        if (!load_name(&zone, name)) {
            zone = (struct zone){.bytes = NULL};
            zone.has_rules = parse_rules(name, &zone.rules);
        }
    }
    errno = error;
}

/* The number of changes up to this time. */
static size_t changes_until(long long t)
{
    size_t low = 0, high = zone.changes_n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (big64(zone.times + 8 * middle) <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct kind *kind_at(long long t)
{
    static const struct kind utc = {.name = __utc};
    size_t n;

    if (!ready)
        tzset();
    n = changes_until(t);
    if (zone.has_rules && n == zone.changes_n)
        return by_rules(&zone.rules, t);
    if (!zone.kinds_n)
        return &utc;
    /* The first kind applies before all changes. */
    return &zone.kinds[n ? zone.to_kind[n - 1] : 0];
}

/* The kind that applies at a time on the local clock. If the clock shows that time twice, it is the kind of the
 * first; if the clock skips that time, the kind before the change. */
static const struct kind *kind_at_local(long long t)
{
    const struct kind *before = kind_at(t - DAY), *after = kind_at(t + DAY), *kind;

    /* A day is longer than any offset, and two changes are never within a day of each other. */
    kind = kind_at(t - before->offset);
    if (kind == before || kind->offset == before->offset)
        return kind;
    kind = kind_at(t - after->offset);
    return kind->offset == after->offset ? kind : before;
}

/* The kind with the opposite daylight saving time that applies closest before or after this one; the same kind if
 * there is none. */
static const struct kind *other_kind(long long t, const struct kind *kind)
{
    enum { MONTH = 30 * DAY, MONTHS = 12 };

    for (int i = 1; i <= MONTHS; i++)
        for (int sign = -1; sign <= 1; sign += 2) {
            const struct kind *other = kind_at(t + (long long)sign * i * MONTH);

            if (other->dst != kind->dst)
                return other;
        }
    return kind;
}

void __secs_to_zone(long long t, int local, int *isdst, int *offset, long *oppoff, const char **zonename)
{
    /* libc has no year for a time that is farther away. With this limit no calculation here overflows. */
    const long long most = 1LL << 56;
    const struct kind *kind;

    if (t > most || t < -most)
        t = t > 0 ? most : -most;
    kind = local ? kind_at_local(t) : kind_at(t);
    *isdst = kind->dst;
    *offset = kind->offset;
    *zonename = kind->name;
    if (oppoff)
        *oppoff = other_kind(t, kind)->offset;
}

/* The name in a struct tm, for libc's strftime(). */
const char *__tm_to_tzname(const struct tm *tm)
{
    return tm->__tm_zone ? tm->__tm_zone : "";
}
