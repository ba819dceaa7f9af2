/* Requests of the channel as a guest makes them, for tests. */
#ifndef WL_TESTS_ASK_H
#define WL_TESTS_ASK_H

#include "guest.h"

enum { ANSWER = 2000, ROOM = 8192, RESULT = 1990 };

static uint32_t channel;
static char answer[ROOM + 1];

/* Asks; the answer is a string. */
static uint32_t ask(const char *request)
{
    const uint32_t size = size_of(request), e = wasi_path_readlink(&w, channel, 1000, size, ANSWER, ROOM, RESULT);

    answer[0] = '\0';
    if (e == 0) {
        memcpy(answer, bytes + ANSWER, get(RESULT));
        answer[get(RESULT)] = '\0';
    }
    return e;
}

#define GIVES(request, text)                                                                                           \
    do {                                                                                                               \
        assert_int_equal(ask(request), 0);                                                                             \
        assert_string_equal(answer, text);                                                                             \
    } while (0)
#define FAILS(request, error) assert_int_equal(ask(request), error)

#endif
