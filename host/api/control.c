/* Reaching a run from outside. */
#include "api/internal.h"

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

enum wlpy_answer wlpy_interrupt(struct wlpy_control *control)
{
    static const enum wlpy_answer answers[] = {
        [CONTROL_GIVEN] = WLPY_GIVEN, [CONTROL_NONE] = WLPY_NOBODY, [CONTROL_STUCK] = WLPY_UNHEEDED};

    return control ? answers[control_interrupt(&control->control)] : WLPY_NOBODY;
}

void wlpy_cancel(struct wlpy_control *control)
{
    if (control)
        control_cancel(&control->control);
}
