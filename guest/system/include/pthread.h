/* Adds what guest/threads.c has and wasi-libc does not declare. */
#ifndef WL_PTHREAD_H
#define WL_PTHREAD_H

#include_next <pthread.h>

#undef pthread_create
#undef pthread_detach
#undef pthread_join
#ifdef __cplusplus
extern "C" {
#endif
int pthread_create(pthread_t *__restrict, const pthread_attr_t *__restrict, void *(*)(void *), void *__restrict);
int pthread_detach(pthread_t);
int pthread_join(pthread_t, void **);
void pthread_exit(void *) __attribute__((__noreturn__));
#ifdef __cplusplus
}
#endif

#endif
