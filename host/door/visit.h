/* What the files of one connection share: its input from the guest (input.c), the answer to it (answer.c), and the
 * requests that pass (visit.c). All run on the connection's thread. */
#ifndef WL_DOOR_VISIT_H
#define WL_DOOR_VISIT_H

#include "door/curl.h"
#include "door/doors.h"
#include "door/head.h"

enum { VISIT_INPUT = HEAD_MOST_SIZE, VISIT_MOST_ANSWER_HEAD = 256 << 10 };

struct visit {
    struct doors *doors;
    const struct door *door;
    int fd; /* the guest's other end */
    void *handle;
    /* What has come from the guest: in[at..n) is not used yet. head points into it, below at. */
    char in[VISIT_INPUT];
    size_t at, n;
    struct head head;
    /* The body of the request. */
    int64_t left;          /* bytes of it, or of its chunk */
    bool first, body_done; /* no chunk has begun; all of it was read */
    /* The answer. */
    struct filter secrets, answers; /* placeholder -> value, value -> placeholder */
    char *text;                     /* its head, while it comes */
    size_t text_n;
    int status;
    int64_t length; /* -1: the server does not say */
    bool begun;     /* the guest has its head */
    bool body, chunks, keep;
    const char *refused; /* why the answer is not given, or NULL */
};

/* Reads until the input has a whole head, and parses it. 0; a status that refuses it; -1: the guest is gone. */
int input_head(struct visit *v);
/* libcurl's read function. */
size_t input_body(char *to, size_t size, size_t n, void *visit);

/* Sends all bytes. -1: the guest is gone. */
int visit_send(struct visit *v, const void *bytes, size_t n);
/* libcurl's functions for a line of the head and for a part of the body. */
size_t answer_line(char *line, size_t size, size_t n, void *visit);
size_t answer_part(char *bytes, size_t size, size_t n, void *visit);
/* Ends an answer whose body is complete. -1: the guest is gone. */
int answer_end(struct visit *v);
/* An answer of the door's own. */
void answer_refuse(struct visit *v, int status, const char *why);

#endif
