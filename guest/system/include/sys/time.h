/* What wasi-libc's sys/time.h lacks: the timer of alarm(). See guest/system/signals.c. */
#ifndef WL_SYS_TIME_H
#define WL_SYS_TIME_H

#include_next <sys/time.h>

#define ITIMER_REAL 0

struct itimerval {
    struct timeval it_interval, it_value;
};

int getitimer(int which, struct itimerval *current);
int setitimer(int which, const struct itimerval *__restrict value, struct itimerval *__restrict old);

#endif
