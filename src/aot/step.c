#include "aot/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the program aot has said on its status descriptor (tools/aot/aot.h). */
struct listener {
    const struct aot_step *s;
    char *refused, *stopped;
};

static void tell(const struct listener *l, struct event e)
{
    e.port = l->s->of;
    if (l->s->o->events)
        l->s->o->events->emit(l->s->o->events->data, &e);
}

/* A limit may have made the compiler write anything, so a line is only taken for what it can be. */
static void listen(void *data, const char *line)
{
    struct listener *l = data;
    unsigned long long done, total;

    if (starts_with(line, "phase "))
        tell(l, (struct event){.kind = EVENT_PHASE, .text = line + strlen("phase ")});
    else if (sscanf(line, "count %9llu %9llu", &done, &total) == 2)
        tell(l, (struct event){.kind = EVENT_COUNT, .text = "files compiled", .done = done, .total = total});
    else if (starts_with(line, "refused ") && !l->refused)
        l->refused = xstrdup(line + strlen("refused "));
    else if (starts_with(line, "stopped ") && !l->stopped)
        l->stopped = xstrdup(line + strlen("stopped "));
}

static const char *limit_of(const char *stopped)
{
    static const char *const limits[][2] = {
        {"time", "a process took more processor time than its limit"},
        {"memory", "a process took more memory or stack than its limit, or was killed"},
        {"file", "a file would have been larger than its limit"}};

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (!strcmp(stopped, limits[i][0]))
            return limits[i][1];
    return "a limit was reached";
}

static int failed(const struct listener *l, const struct box *b, const struct artifact_step *s, struct wl_err *err)
{
    if (l->refused) {
        wl_err_set(err, WL_E_USAGE, "%s", l->refused);
        return wl_err_hint(err, "docs/native.md says which modules can be translated");
    }
    if (l->stopped && !strcmp(l->stopped, "space")) {
        wl_err_set(err, WL_E_IO, "%s was not compiled: no space left on the disk of the cache", l->s->of);
        return wl_err_hint(err, "free some, or name another directory with --cache-dir");
    }
    if (l->stopped) {
        wl_err_set(err, WL_E_FAILED, "%s was not compiled: %s; the whole log is %s", l->s->of, limit_of(l->stopped),
                   s->log);
        return wl_err_hint(err, !strcmp(l->stopped, "file")
                                    ? "docs/native.md lists the limits; this one grows with the module"
                                    : "docs/native.md lists the limits; wl-make aot raises them by --max-compile-time "
                                      "and --max-compile-memory");
    }
    wl_err_set(err, WL_E_FAILED, "%s was not compiled", l->s->of);
    artifact_step_failed(l->s->o, b, s, err);
    return -(int)err->cls;
}

int aot_step(const struct aot_step *s, struct wl_err *err)
{
    struct listener l = {.s = s};
    const struct artifact_step step = {.of = s->of,
                                       .what = "compiling",
                                       .name = s->title,
                                       .run = s->run,
                                       .log = s->log,
                                       .lock_fd = s->lock_fd,
                                       .jobs = s->jobs,
                                       .on_status = listen,
                                       .data = &l};
    int r = artifact_step(s->o, s->box, &step, err);

    if (r == -WL_E_FAILED)
        r = failed(&l, s->box, &step, err);
    free(l.refused);
    free(l.stopped);
    return r;
}
