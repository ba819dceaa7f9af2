/* A strftime() with glibc's directives, and tzset(): see guest/system/strftime.c and guest/timezone.c. */
#ifndef WL_TIME_H
#define WL_TIME_H

#include_next <time.h>

size_t wl_strftime(char *__restrict out, size_t size, const char *__restrict format, const struct tm *__restrict tm);

void tzset(void);

#define strftime(out, size, format, tm) wl_strftime(out, size, format, tm)

#endif
