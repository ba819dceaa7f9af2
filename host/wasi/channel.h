/* The channel: what a guest asks of this host beyond WASI, without an import of its own.
 *
 * The host gives one more preopened directory, the last descriptor, called WASI_CHANNEL. Reading a link below it is a
 * request: the path has its words, the link's text is the answer, and the errno is the error. The file that serves a
 * set of requests registers it (host/net/, lock.c, tty.c). docs/channel.md has every request. A guest is hostile: words
 * are checked here, numbers by wasi_word(). */
#ifndef WL_WASI_CHANNEL_H
#define WL_WASI_CHANNEL_H

#include "wasi/wasi.h"

#define WASI_CHANNEL "wl:host"

/* WORDS: of one request; REQUEST, ANSWER: bytes. */
enum { WASI_CHANNEL_VERSION = 1, WASI_MOST_WORDS = 12, WASI_MOST_REQUEST = 1024, WASI_MOST_ANSWER = 8192 };

struct wasi_request {
    struct wasi *w;
    void *arg;                   /* the set's */
    char *word[WASI_MOST_WORDS]; /* behind the request's name */
    int n;
    char answer[WASI_MOST_ANSWER]; /* filled by wasi_say() */
    size_t size;
};

struct wasi_request_kind {
    const char *name; /* SET.NAME */
    int least, most;  /* words */
    /* Returns WASI's errno; 0: the answer counts. */
    uint32_t (*serve)(struct wasi_request *r);
};

struct wasi_request_set {
    const char *name;
    unsigned version;
    const struct wasi_request_kind *kinds;
    size_t n;
    void *arg;
};

/* Registers a set, which must live as long as the guest. Returns 0, or -1 with errno. */
int wasi_serve(struct wasi *w, const struct wasi_request_set *set);

/* Gives the guest the channel, if any set is served. Call it when the guest has everything else. Returns 0, or -1 with
 * errno. */
int wasi_give_channel(struct wasi *w);

/* Adds to the answer. */
void wasi_say(struct wasi_request *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The word as a decimal number within bounds. */
bool wasi_word(const struct wasi_request *r, int at, int64_t least, int64_t most, int64_t *value);
/* The descriptor that the first word names; NULL with *e. */
struct wasi_fd *wasi_word_fd(const struct wasi_request *r, uint32_t *e);

/* path_readlink() on the channel; `at` and `result` were checked. */
uint32_t wasi_channel_readlink(struct wasi *w, uint32_t path, uint32_t size, uint32_t at, uint32_t room,
                               uint32_t result);

#endif
