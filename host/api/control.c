/* Reaching a run from outside. */
#include "api/internal.h"

#include <signal.h>
#include <stdlib.h>

struct wlpy_control *wlpy_control_new(void)
{
    struct wlpy_control *c = malloc(sizeof *c);

    if (c)
        control_init(&c->control);
    return c;
}

void wlpy_control_free(struct wlpy_control *control)
{
    free(control);
}

enum wlpy_answer wlpy_signal(struct wlpy_control *control, int number)
{
    static const enum wlpy_answer answers[] = {[CONTROL_GIVEN] = WLPY_GIVEN,
                                               [CONTROL_NONE] = WLPY_NOBODY,
                                               [CONTROL_STUCK] = WLPY_UNHEEDED,
                                               [CONTROL_LATE] = WLPY_LATE};

    return control ? answers[control_signal(&control->control, number)] : WLPY_NOBODY;
}

enum wlpy_answer wlpy_interrupt(struct wlpy_control *control)
{
    return wlpy_signal(control, SIGINT);
}

void wlpy_cancel(struct wlpy_control *control)
{
    if (control)
        control_cancel(&control->control);
}
