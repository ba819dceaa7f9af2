/* Pipes within the one process there is. Nothing else runs while it waits, so where a pipe would have to be waited for
 * there is EDEADLK, or EAGAIN if it was not to be waited for. */
#ifndef WL_PIPE_H
#define WL_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <wasi/api.h>

struct pipe;

/* One that has an end to read from and one to write to. NULL: no memory. */
struct pipe *pipe_new(void);
/* Closes one of its ends; after the second it is gone. */
void pipe_close(struct pipe *pipe, bool writes);

__wasi_errno_t pipe_read(struct pipe *pipe, bool waits, void *to, size_t n, size_t *done);
__wasi_errno_t pipe_write(struct pipe *pipe, bool waits, const void *from, size_t n, size_t *done);
/* Whether one of these would give something else than EDEADLK or EAGAIN. */
bool pipe_is_ready(const struct pipe *pipe, bool to_write);
/* How much can be read. */
size_t pipe_filled(const struct pipe *pipe);

#endif
