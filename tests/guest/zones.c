/* zones FILE...: local time by rules and files that are damaged. Each FILE is a good file of the time zone database;
 * its copies have changed bytes, or an end that is missing. Nothing may trap, and every offset must be one that a zone
 * can have. Prints the local time in each of the good ones, and in some zones in POSIX notation. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of guest/timezone.c, since libc does not declare it. */
void tzset(void);

enum { COPIES = 400, LARGEST = 8192, DAY = 86400 };

static uint32_t state = 1;

static uint32_t any(uint32_t below)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
}

static void use(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

/* Converts times of several centuries there and back. */
static void try(void)
{
    static const int64_t times[] = {INT64_MIN, -9223372036854775, -5000000000,   -1000000000,       0,
                                    1,         1782907200,        1000000000000, 67768036191676799, INT64_MAX};

    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        time_t t = (time_t)times[i];
        struct tm tm;

        if (!localtime_r(&t, &tm))
            continue;
        if (tm.tm_gmtoff < -7 * DAY || tm.tm_gmtoff > 7 * DAY || !tm.tm_zone || strlen(tm.tm_zone) > LARGEST) {
            printf("offset %ld, name %s\n", (long)tm.tm_gmtoff, tm.tm_zone ? tm.tm_zone : "missing");
            exit(1);
        }
        for (tm.tm_isdst = -1; tm.tm_isdst < 2; tm.tm_isdst++) {
            struct tm copy = tm;

            (void)mktime(&copy);
        }
    }
}

static void show(const char *name)
{
    time_t summer = 1782907200, winter = 1768478400;
    struct tm s = *localtime(&summer), w = *localtime(&winter);

    printf("%s: %d:%02d %s, %d:%02d %s\n", name, s.tm_hour, s.tm_min, s.tm_zone, w.tm_hour, w.tm_min, w.tm_zone);
}

static void damage(const unsigned char *bytes, size_t n)
{
    unsigned char copy[LARGEST];

    for (int i = 0; i < COPIES; i++) {
        size_t kept = i % 4 ? n : any((uint32_t)n + 1);
        int fd = open("/tmp/zone", O_WRONLY | O_CREAT | O_TRUNC, 0600);

        memcpy(copy, bytes, n);
        for (uint32_t changes = any(6); changes-- && n;)
            copy[any(2) ? any((uint32_t)n) : any(100 < n ? 100 : (uint32_t)n)] = (unsigned char)any(256);
        if (fd < 0 || write(fd, copy, kept) != (ssize_t)kept)
            exit(2);
        close(fd);
        use("/tmp/zone");
        try();
    }
}

int main(int argc, char **argv)
{
    static const char *const texts[] = {"CET-1CEST,M3.5.0,M10.5.0/3",  "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
                                        "EST5EDT,0/0,J365/25",         "XXX-14:59:59YYY-24,J60/167,364/-167",
                                        "NZST-12NZDT,M9.5.0,M4.1.0/3", "EST5EDT"};
    static const char letters[] = "ABCM<>,./-+0123456789:J";

    for (int i = 1; i < argc; i++) {
        unsigned char bytes[LARGEST];
        int fd = open(argv[i], O_RDONLY);
        ssize_t n = read(fd, bytes, sizeof bytes);

        if (n <= 0)
            return 2;
        close(fd);
        use(argv[i]);
        show(strrchr(argv[i], '/') + 1);
        try();
        damage(bytes, (size_t)n);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        use(texts[i]);
        show(texts[i]);
        try();
        for (int k = 0; k < COPIES; k++) {
            char text[64];
            size_t n = strlen(texts[i]);

            strcpy(text, texts[i]);
            for (uint32_t changes = 1 + any(3); changes--;)
                text[any((uint32_t)n)] = letters[any(sizeof letters - 1)];
            text[any(4) ? n : any((uint32_t)n)] = '\0';
            use(text);
            try();
        }
    }
    return 0;
}
