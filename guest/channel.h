/* Asking this project's host for what WASI has no calls for (host/wasi/wasi_channel.h; docs/channel.md has the
 * requests). Under every other host there is no channel, and all requests fail with ENOTSUP. */
#ifndef WL_CHANNEL_H
#define WL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The name of the folder that the host gives, and the longest answer with its terminating zero. */
#define CHANNEL "wl:host"
enum { CHANNEL_ANSWER = 8193 };

/* To be called at the start, with the host's number of that folder; -1: there is none. */
void channel_set(int64_t fd);
bool channel_is_there(void);

/* Sends a request, as printf() makes it, and puts the answer there as a string; answer may be NULL if none is expected.
 * Returns the answer's length, or -1 with errno. A host that knows no such request is one without: ENOTSUP. */
int channel_ask(char *answer, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, for a descriptor of the guest's, which the request names behind `what`; format: of the further words, with
 * a blank in front, or "". */
int channel_ask_of(int fd, char *answer, size_t room, const char *what, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
