/* Linked into each module in Rust. Rust's standard library for WASI is compiled for programs with one thread: its locks
 * and its thread_local! are those of such a program. If a module could start a thread (docs/threads.md), they would
 * fail. */
#include <errno.h>

int pthread_create(void *thread, const void *attributes, void *(*start)(void *), void *argument)
{
    (void)thread;
    (void)attributes;
    (void)start;
    (void)argument;
    return ENOTSUP;
}
