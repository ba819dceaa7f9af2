/* Reporting events and errors of ports. */
#include "make/port_job.h"

void make_emit(const struct make_options *o, struct event e)
{
    if (o->events)
        o->events->emit(o->events->data, &e);
}

void make_add_port(const char *port, struct wl_err *err)
{
    char *text = xasprintf("%s: %s", port, err->text);

    free(err->text);
    err->text = text;
}
