/* What happens during a run. The user interface shows it; nothing else prints. */
#ifndef WL_EVENTS_H
#define WL_EVENTS_H

#include <stddef.h>

enum event_kind {
    EVENT_PLANNED, /* count: ports to build */
    EVENT_FETCH,   /* text: address; done, total: bytes (total 0: unknown) */
    EVENT_FETCHED, /* text: file name; done: bytes; seconds */
    EVENT_WAIT,    /* another process is making the port; this one waits */
    EVENT_START,   /* port (or what else is made); index, count */
    EVENT_PHASE,   /* port; text: "unpack", "patch" or the step's name */
    EVENT_COUNT,   /* port; done, total; text: what is counted, as in "3 of 24 files compiled" */
    EVENT_OUTPUT,  /* port; text, length: what a step printed */
    EVENT_DONE,    /* port; seconds */
    EVENT_FAILED,  /* port; text, length: the last lines of the step's log, or NULL */
    EVENT_NOTE,    /* text: one line */
    EVENT_PRINTED, /* text: output of the user's program, shown even with --quiet */
    EVENT_UNBOXED, /* text: why a step is about to run without a sandbox; before every such step */
};

struct event {
    enum event_kind kind;
    const char *port, *text;
    size_t length, index, count;
    unsigned long long done, total;
    double seconds;
};

/* emit may be called from several threads at once. */
struct events {
    void (*emit)(void *data, const struct event *e);
    void *data;
};

static inline void events_note(const struct events *e, const char *text)
{
    e->emit(e->data, &(struct event){.kind = EVENT_NOTE, .text = text});
}

#endif
