/* Which pages of a private mapping of a file, or of nothing, the process has written to. */
#ifndef WL_WRITTEN_H
#define WL_WRITTEN_H

#include <stdbool.h>
#include <stdint.h>

/* Calls `each` with every range of [0, size) of the memory whose pages are the process's own: they were written to, or
 * may have been. False: the kernel cannot say, or `each` has returned false. */
bool written_find(const uint8_t *memory, uint64_t size, bool (*each)(void *arg, uint64_t at, uint64_t n), void *arg);

/* Writes a guest's memory, whose size is a multiple of 64 KiB, to a file that is empty, with holes for what is zero;
 * the file gets `room` bytes. -1 with errno. */
int written_save(int fd, const uint8_t *memory, uint64_t size, uint64_t room);

#endif
