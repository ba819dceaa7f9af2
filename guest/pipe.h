/* Pipes within this one process. A call that would block fails with EAGAIN on a non-blocking pipe, and otherwise with
 * EDEADLK: then the caller can wait until another thread changes a pipe. */
#ifndef WL_PIPE_H
#define WL_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <wasi/api.h>

struct pipe;

/* A pipe with both ends open. NULL: out of memory. */
struct pipe *pipe_new(void);
/* Closes one end; the second call frees the pipe. */
void pipe_close(struct pipe *pipe, bool writes);

__wasi_errno_t pipe_read(struct pipe *pipe, bool waits, void *to, size_t n, size_t *done);
__wasi_errno_t pipe_write(struct pipe *pipe, bool waits, const void *from, size_t n, size_t *done);
/* Whether reading or writing would not fail with EDEADLK or EAGAIN. */
bool pipe_is_ready(const struct pipe *pipe, bool to_write);
/* Whether that end is open, and the other one closed. */
bool pipe_is_alone(const struct pipe *pipe, bool writes);
/* Until any pipe has changed. 0; EINTR; EDEADLK: there is no other thread. */
__wasi_errno_t pipe_wait(void);
/* The next poll_oneoff() also ends when a pipe changes, with EINTR; call pipe_unwatch() after it. False: there is no
 * other thread. */
bool pipe_watch(void);
void pipe_unwatch(void);
/* The number of bytes that can be read. */
size_t pipe_filled(const struct pipe *pipe);

#endif
