/* Requests to this project's host for which WASI has no calls (host/wasi/channel.h; docs/channel.md lists them).
 * Other hosts have no channel, and all requests fail with ENOTSUP. */
#ifndef WL_CHANNEL_H
#define WL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The name of the directory that the host gives, and the longest answer with its terminating zero. */
#define CHANNEL "wl:host"
enum { CHANNEL_ANSWER = 8193 };

/* Must be called at the start, with the host's number of that directory; -1: there is none. */
void channel_set(int64_t fd);
/* Whether a number of the host's is the channel's. */
bool channel_is(int64_t fd);
/* Whether the host serves that set of requests. */
bool channel_has(const char *set);

/* Sends a request, formatted as by printf(), and stores the answer as a string; answer may be NULL if none is
 * expected. Returns the answer's length, or -1 with errno, which is ENOTSUP if the host does not know the request. */
int channel_ask(char *answer, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same with a request that is complete, and to which nothing is answered. */
int channel_send(const char *request, size_t n);

/* The same for a descriptor of the guest, whose number follows `what` in the request. format makes the further
 * words: it begins with a space, or is "". */
int channel_ask_of(int fd, char *answer, size_t room, const char *what, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The guest's number for a descriptor that the host has opened to serve a request, from the host's number in the
 * answer. -1 with errno. */
int channel_adopt(unsigned long host);

#endif
