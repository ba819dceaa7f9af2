/* What `wl-make verify` loads into the programs of the steps of one of two builds (LD_PRELOAD): the clock is ahead by
 * more than a year, and directories are listed in the opposite order. What depends on either then differs between the
 * builds. Programs that are linked statically, and calls inside of libc, do not notice. */
#define _GNU_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Each of the two can be left out. */
#ifndef VARY_DATE
#define VARY_DATE 1
#endif
#ifndef VARY_ORDER
#define VARY_ORDER 1
#endif

#if VARY_DATE

/* Another year, month, day of the month and week, hour and minute. */
#define AHEAD (404 * 86400L + 5 * 3600 + 7 * 60)

/* The kernel's clocks that tell the time of day. */
static int is_time_of_day(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    int r = (int)syscall(SYS_clock_gettime, clock, t);

    if (r == 0 && is_time_of_day(clock))
        t->tv_sec += AHEAD;
    return r;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return -1;
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *t)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return (time_t)-1;
    if (t)
        *t = now.tv_sec;
    return now.tv_sec;
}

int timespec_get(struct timespec *t, int base)
{
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, t) == 0 ? base : 0;
}

#endif

#if VARY_ORDER

/* --- directories --- */

/* A directory that is being read: its entries, all of which were read with the first one. */
struct list {
    DIR *dir;
    struct dirent *v;
    size_t n, next;
    struct list *others;
};

static struct list *lists;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct list **find(DIR *dir)
{
    struct list **l = &lists;

    while (*l && (*l)->dir != dir)
        l = &(*l)->others;
    return l;
}

static void drop(DIR *dir)
{
    struct list **l = find(dir), *old = *l;

    if (!old)
        return;
    *l = old->others;
    free(old->v);
    free(old);
}

/* NULL with errno if it cannot be read. */
static struct list *read_all(DIR *dir)
{
    struct dirent *(*next)(DIR *) = (struct dirent * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir64");
    struct list *l = calloc(1, sizeof *l);
    struct dirent *v = NULL, *more, *e;
    size_t n = 0;

    if (!l)
        return NULL;
    /* (It leaves errno alone at the end of a directory.) */
    for (errno = next ? 0 : ENOSYS; next && (e = next(dir)); errno = 0) {
        more = realloc(v, (n + 1) * sizeof *more);
        if (!more)
            break;
        v = more;
        memcpy(&v[n++], e, e->d_reclen < sizeof *e ? e->d_reclen : sizeof *e);
    }
    /* A part of the entries would look like all of them. */
    if (errno) {
        free(v);
        free(l);
        return NULL;
    }
    *l = (struct list){.dir = dir, .v = v, .n = n, .others = lists};
    lists = l;
    return l;
}

static struct dirent *backwards(DIR *dir)
{
    struct dirent *e = NULL;
    struct list *l;
    int before = errno;

    pthread_mutex_lock(&lock);
    l = *find(dir);
    if (!l)
        l = read_all(dir);
    if (l) {
        errno = before;
        if (l->next < l->n)
            e = &l->v[l->n - ++l->next];
    }
    pthread_mutex_unlock(&lock);
    return e;
}

struct dirent *readdir(DIR *dir)
{
    return backwards(dir);
}

/* (On 64-bit systems the two structs are the same.) */
struct dirent64 *readdir64(DIR *dir)
{
    return (struct dirent64 *)backwards(dir);
}

static void forget(DIR *dir)
{
    pthread_mutex_lock(&lock);
    drop(dir);
    pthread_mutex_unlock(&lock);
}

void rewinddir(DIR *dir)
{
    void (*real)(DIR *) = (void (*)(DIR *))dlsym(RTLD_NEXT, "rewinddir");

    forget(dir);
    real(dir);
}

long telldir(DIR *dir)
{
    struct list *l;
    long at;

    pthread_mutex_lock(&lock);
    l = *find(dir);
    at = l ? (long)l->next : 0;
    pthread_mutex_unlock(&lock);
    return at;
}

void seekdir(DIR *dir, long at)
{
    struct list *l;

    pthread_mutex_lock(&lock);
    l = *find(dir);
    if (l && at >= 0 && (size_t)at <= l->n)
        l->next = (size_t)at;
    pthread_mutex_unlock(&lock);
}

int closedir(DIR *dir)
{
    int (*real)(DIR *) = (int (*)(DIR *))dlsym(RTLD_NEXT, "closedir");

    forget(dir);
    return real(dir);
}

#endif
