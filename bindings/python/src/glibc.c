/* The extension is to run with every glibc since 2.31. What it is linked with on a newer system has newer versions of
 * some functions, so these are taken under the names and versions that they have had since the beginning. Before
 * glibc 2.34, they were in libraries of their own (libpthread, libdl, librt), which the extension therefore names.
 *
 * Compiled last, and with no other header, because it defines what headers declare. */
#if defined __linux__ && defined __x86_64__

#include <stddef.h>

#define OWN __attribute__((visibility("hidden")))
/* Declares `old_NAME` as the first version of a function. */
#define FIRST(type, name, parameters)                                                                                  \
    type old_##name parameters;                                                                                        \
    __asm__(".symver old_" #name "," #name "@GLIBC_2.2.5");                                                            \
    OWN type name parameters

/* Pointers and numbers as the calling convention has them; glibc's own types are not needed. */
FIRST(void *, dlopen, (const char *file, int how));
void *dlopen(const char *file, int how)
{
    return old_dlopen(file, how);
}
FIRST(void *, dlsym, (void *library, const char *name));
void *dlsym(void *library, const char *name)
{
    return old_dlsym(library, name);
}
FIRST(int, dlclose, (void *library));
int dlclose(void *library)
{
    return old_dlclose(library);
}
FIRST(char *, dlerror, (void));
char *dlerror(void)
{
    return old_dlerror();
}
FIRST(int, pthread_create, (unsigned long *thread, const void *attr, void *(*start)(void *), void *arg));
int pthread_create(unsigned long *thread, const void *attr, void *(*start)(void *), void *arg)
{
    return old_pthread_create(thread, attr, start, arg);
}
FIRST(int, pthread_join, (unsigned long thread, void **value));
int pthread_join(unsigned long thread, void **value)
{
    return old_pthread_join(thread, value);
}
FIRST(int, pthread_once, (int *once, void (*routine)(void)));
int pthread_once(int *once, void (*routine)(void))
{
    return old_pthread_once(once, routine);
}
FIRST(int, pthread_attr_setstacksize, (void *attr, size_t size));
int pthread_attr_setstacksize(void *attr, size_t size)
{
    return old_pthread_attr_setstacksize(attr, size);
}
FIRST(int, pthread_sigmask, (int how, const void *set, void *before));
int pthread_sigmask(int how, const void *set, void *before)
{
    return old_pthread_sigmask(how, set, before);
}
FIRST(int, pthread_getcpuclockid, (unsigned long thread, int *clock));
int pthread_getcpuclockid(unsigned long thread, int *clock)
{
    return old_pthread_getcpuclockid(thread, clock);
}

/* (The versions of timers before 2.3.3 had other types; the last came with it.) */
#define SECOND(name, parameters)                                                                                       \
    int old_##name parameters;                                                                                         \
    __asm__(".symver old_" #name "," #name "@GLIBC_2.3.3");                                                            \
    OWN int name parameters

SECOND(timer_create, (int clock, void *event, void **timer));
int timer_create(int clock, void *event, void **timer)
{
    return old_timer_create(clock, event, timer);
}
SECOND(timer_delete, (void *timer));
int timer_delete(void *timer)
{
    return old_timer_delete(timer);
}
SECOND(timer_settime, (void *timer, int flags, const void *time, void *before));
int timer_settime(void *timer, int flags, const void *time, void *before)
{
    return old_timer_settime(timer, flags, time, before);
}
SECOND(pthread_condattr_setclock, (void *attr, int clock));
int pthread_condattr_setclock(void *attr, int clock)
{
    return old_pthread_condattr_setclock(attr, clock);
}

/* Before 2.33, these were in the C file of each program, over a function with a version number of struct stat. */
int old_fxstat64(int version, int fd, void *st);
__asm__(".symver old_fxstat64,__fxstat64@GLIBC_2.2.5");
OWN int fstat64(int fd, void *st);
int fstat64(int fd, void *st)
{
    return old_fxstat64(1, fd, st);
}
int old_fxstatat64(int version, int fd, const char *path, void *st, int flags);
__asm__(".symver old_fxstatat64,__fxstatat64@GLIBC_2.4");
OWN int fstatat64(int fd, const char *path, void *st, int flags);
int fstatat64(int fd, const char *path, void *st, int flags)
{
    return old_fxstatat64(1, fd, path, st, flags);
}

#endif
