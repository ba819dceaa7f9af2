#include "cmd/again.h"

#include "util/run.h"

#include <stdio.h>
#include <string.h>

enum { MOST_OUTPUT = 64 << 20 };

void again_options(const struct options *o, unsigned takes, struct strv *argv)
{
    for (size_t i = 0; i < o->ports.n; i++)
        strv_addf(argv, "--ports=%s", o->ports.v[i]);
    if (o->quiet && takes & SHARED_QUIET)
        strv_add(argv, "--quiet");
    if (o->verbose && takes & SHARED_VERBOSE)
        strv_add(argv, "--verbose");
    if (o->offline && takes & SHARED_OFFLINE)
        strv_add(argv, "--offline");
}

void again_begin(const struct app *a, const struct command *command, struct strv *argv)
{
    const struct options *o = &a->options;
    const unsigned takes = command->shared;

    strv_add(argv, a->installer);
    strv_add(argv, command->name);
    strv_addf(argv, "--cache-dir=%s", a->store.cache);
    again_options(o, takes, argv);
    if (o->jobs && takes & SHARED_JOBS)
        strv_addf(argv, "--jobs=%d", o->jobs);
    if (o->remote && takes & SHARED_OFFLINE)
        strv_addf(argv, "--remote=%s", o->remote);
    if (o->no_sandbox && takes & SHARED_NO_SANDBOX)
        strv_add(argv, "--no-sandbox");
    if (o->source && takes & SHARED_SOURCE)
        strv_addf(argv, "--source=%s", o->source);
}

int again_run(const struct app *a, const struct strv *argv, int seconds, char **output, int *status, struct wl_err *err)
{
    const struct run run = {
        .argv = argv->v, .cancel = &a->cancel, .max_output = MOST_OUTPUT, .timeout_ms = output ? seconds * 1000 : 0};

    fflush(stdout);
    return output ? run_capture(&run, status, output, err) : run_command(&run, status, err);
}
