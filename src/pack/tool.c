#include "pack/tool.h"

#include "util/fs.h"
#include "util/run.h"

#include <string.h>

enum { LITTLE_OUTPUT = 1 << 16 };

void tool_collect(const char *python, const char *collect, const char *what, const char *folder, bool strip_source,
                  struct strv *argv)
{
    strv_take(argv, path_join(python, "bin/python3"));
    /* Without -B it would write byte code into the artifact that it is run from. */
    strv_add_all(argv, "-I", "-B", collect, what, folder, NULL);
    if (strip_source)
        strv_add(argv, "--strip-source");
}

static void keep_output(void *data, const char *text, size_t n)
{
    struct tool_step *t = data;
    size_t most = t->most_output ? t->most_output : LITTLE_OUTPUT;

    str_addn(&t->output, text, n);
    /* If there is too much, keep the end. */
    if (t->output.len > most) {
        memmove(t->output.s, t->output.s + t->output.len - most / 2, most / 2 + 1);
        t->output.len = most / 2;
    }
}

static void keep_line(void *data, const char *line)
{
    struct tool_step *t = data;

    if (starts_with(line, "failed ") && !t->failed)
        t->failed = xstrdup(line + strlen("failed "));
    else if (t->on_line)
        t->on_line(t->data, line);
}

int tool_run(struct tool_step *t, const char *name, const struct strv *argv, struct wl_err *err)
{
    WL_CLEANUP_FREE char *command = run_text(argv->v), *run = xasprintf("exec %s\n", command),
                         *log = xasprintf("%s/%02d.log", t->logs, ++t->steps), *line = NULL;
    int r;

    str_free(&t->output);
    r = artifact_step(t->o, t->box,
                      &(struct artifact_step){.of = t->of,
                                              .what = "step",
                                              .name = name,
                                              .run = run,
                                              .log = log,
                                              .lock_fd = t->lock_fd,
                                              .on_output = keep_output,
                                              .on_status = keep_line,
                                              .data = t,
                                              .status = &t->status},
                      err);
    if (r == -WL_E_FAILED) {
        line = last_line(t->output.s ? t->output.s : "");
        if (t->failed || *line)
            wl_err_set(err, WL_E_FAILED, "%s", t->failed ? t->failed : line);
        wl_err_hint(err, "nothing was written; the whole log is %s", log);
    }
    free_charp(&t->failed);
    return r;
}

int tool_run_outside(const struct make_options *o, const struct strv *argv, struct wl_err *err)
{
    struct run run = {.argv = argv->v, .cancel = o->cancel};
    WL_CLEANUP_FREE char *output = NULL, *line = NULL;
    int status = 0, r = run_capture(&run, &status, &output, err);

    if (r < 0 || status == 0)
        return r;
    line = last_line(output);
    wl_err_set(err, WL_E_FAILED, "%s", line);
    return wl_err_hint(err, "nothing was written");
}

int tool_make(const struct make_options *o, const char *name, const char *key,
              int (*fill)(void *data, struct store_work *w, struct manifest *made, struct wl_err *err), void *data,
              struct wl_err *err)
{
    if (o->events)
        o->events->emit(o->events->data, &(struct event){.kind = EVENT_PLANNED, .count = 1});
    return artifact_make(
        &(struct artifact){.o = o, .key = key, .name = name, .index = 1, .count = 1, .fill = fill, .data = data}, err);
}
