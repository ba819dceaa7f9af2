/* How the host drives an interpreter that stays between calls, in a module that exports
 *
 *     wl_session: (what: i32, size: i32) -> i32
 *
 * Each call runs the guest until it returns; in between, everything that it has is in its memory. So that memory can be
 * copied, and the copy be called, too. guest/session.c is the other end. */
#ifndef WL_SESSION_H
#define WL_SESSION_H

#include <stdint.h>

enum session_what {
    SESSION_START, /* in place of _start, once: starts the interpreter. Returns 0 if it has started. */
    SESSION_ROOM,  /* returns the address of room for a request of `size` bytes; 0: there is none */
    SESSION_EVAL,  /* does the request in that room. Returns the address of two words: the address and the size of the
                    * answer. */
    SESSION_SAVE   /* makes the memory that of a module which begins with this state: its SESSION_START or _start is
                    * called next. Returns 0 if it can. */
};

/* A request and an answer are parts, each with its kind (one letter), four bytes of its size, and its bytes; numbers
 * are little endian. In a request: */
enum {
    SESSION_CODE = 'c',  /* the code, in UTF-8 */
    SESSION_NAME = 'n',  /* its name for tracebacks */
    SESSION_LIMIT = 'l', /* in decimal: the most bytes of a text in the answer */
    /* In an answer: */
    SESSION_REPR = 'r',
    SESSION_JSON = 'j',
    SESSION_OBJECT = 'o',  /* empty: the next displays are of another object */
    SESSION_DISPLAY = 'd', /* a type, a zero byte, the bytes */
    SESSION_TYPE = 't',    /* of the exception */
    SESSION_MESSAGE = 'm',
    SESSION_TRACEBACK = 'b',
    SESSION_STATUS = 's' /* in decimal: of sys.exit() */
};

struct session_call {
    uint32_t what, size;
    uint32_t answer; /* what the guest returned */
};

#endif
