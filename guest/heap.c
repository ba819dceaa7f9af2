/* The memory that malloc gets, in place of wasi-libc's sbrk(): the processes of a program have one sum of it
 * (docs/processes.md), and ask the host for a larger part when theirs is used up. */
#include "channel.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAGE = 65536 };

void *sbrk(intptr_t more)
{
    const size_t pages = (size_t)more / PAGE;
    size_t before;

    if (more < 0 || more % PAGE != 0)
        abort(); /* as wasi-libc's: malloc never does that */
    if (more == 0)
        return (void *)(__builtin_wasm_memory_size(0) * PAGE);
    before = __builtin_wasm_memory_grow(0, pages);
    if (before == SIZE_MAX && channel_has("process") &&
        channel_ask(NULL, 0, "process.memory %lu", (unsigned long)more) >= 0)
        before = __builtin_wasm_memory_grow(0, pages);
    if (before == SIZE_MAX) {
        errno = ENOMEM;
        return (void *)-1;
    }
    return (void *)(before * PAGE);
}
