/* wl-run: the command around libwlpy. */
#include "err.h"
#include "interrupt.h"
#include "options.h"
#include "wasi/wasi.h"
#include "wasi/wasi_hint.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#ifndef WL_VERSION
#define WL_VERSION "0.1.0"
#endif

enum { STATUS_TRAP = 134, STATUS_INTERRUPTED = 130 };

extern char **environ;

/* With a question mark for each character that a terminal would obey: names of files may have them. */
static void put_text(const char *text)
{
    size_t n = strlen(text), length;

    for (size_t i = 0; i < n; i += length)
        if (printable(text + i, n - i, &length))
            fwrite(text + i, 1, length, stderr);
        else
            fputc('?', stderr);
}

static void say(const char *text, const char *hint)
{
    fputs("wl-run: ", stderr);
    put_text(text);
    fputs(*hint ? "; " : "", stderr);
    put_text(hint);
    fputc('\n', stderr);
}

static void on_compile(void *arg, const char *module, bool done)
{
    const struct options *o = arg;
    const char *slash = strrchr(module, '/');

    if (!done) {
        fputs("wl-run: compiling ", stderr);
        put_text(slash ? slash + 1 : module);
        fputs(o->config.cache_dir ? ", this once" : "", stderr);
    } else {
        fputs("\r\033[K", stderr); /* what the program writes starts on a clean line */
    }
}

static void on_note(void *arg, const char *text)
{
    const struct options *o = arg;

    if (o->verbose)
        say(text, "");
}

/* What may help where the program has failed by itself: what it was named but not given. */
static void say_hint(const struct options *o)
{
    struct hint_folder *folders = calloc(o->config.mount_count + 1, sizeof *folders);
    struct hint_run run = {.folders = folders,
                           .folders_n = o->config.mount_count,
                           .args = o->config.argv,
                           .args_n = o->config.argc,
                           .environ = o->config.env,
                           .environ_n = o->config.envc};
    char text[HINT_SIZE];

    if (!folders)
        return;
    for (size_t i = 0; i < o->config.mount_count; i++)
        folders[i] = (struct hint_folder){o->config.mounts[i].host, o->config.mounts[i].guest};
    if (hint_failed(&run, text))
        say(text, "");
    free(folders);
}

static int report(const struct options *o, const struct wlpy_result *result)
{
    char text[1600];

    if (result->end == WLPY_EXITED) {
        if (o->config.snapshot && result->left) {
            snprintf(text, sizeof text, "%s ended with status %d before %s had returned, so there is no snapshot",
                     o->config.module, result->status, o->config.entry);
            say(text, "");
            return result->status ? result->status : WLPY_E_MODULE;
        }
        if (result->interrupts && result->status == STATUS_INTERRUPTED)
            interrupt_die();
        if (result->status != 0 && !o->config.snapshot)
            say_hint(o);
        return result->status;
    }
    snprintf(text, sizeof text, "%s was stopped: %s", o->config.module, result->text);
    say(text, *result->hint ? result->hint : o->verbose ? "" : "--verbose shows where");
    if (result->backtrace)
        fputs(result->backtrace, stderr);
    return STATUS_TRAP;
}

/* This program, to be started again. */
static const char *own_path(void)
{
    static const char link[] = "/proc/self/exe";

    return access(link, X_OK) == 0 ? link : (const char *)getauxval(AT_EXECFN);
}

int main(int argc, char **argv)
{
    struct options o;
    struct wlpy_result result;
    struct wlpy_err err;
    int status;

    if (wlpy_is_compiler(argc, argv))
        return wlpy_compile(argc, argv);
    wasi_hold_streams();
    if (options_parse(&o, argc, argv, environ, &err) < 0) {
        say(err.text, err.hint);
        options_free(&o);
        return (int)err.code;
    }
    if (o.help || o.version) {
        if (o.help)
            fputs(options_help, stdout);
        else
            printf("wl-run %s (%s)\n", WL_VERSION, wlpy_engine_name());
        options_free(&o);
        return fflush(stdout) == 0 ? 0 : WLPY_E_SETUP;
    }
    /* The guest is told of a closed pipe and a file that is too large by an error, as a program is that ignores them.
     */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    /* Where it is ignored, as a caller may have left it, nobody learns how the compiler has ended. */
    signal(SIGCHLD, SIG_DFL);
    o.config.on_note = on_note;
    o.config.on_note_arg = &o;
    o.config.compiler = own_path();
    if (isatty(STDERR_FILENO)) {
        o.config.on_compile = on_compile;
        o.config.on_compile_arg = &o;
    }
    if (wlpy_run(&o.config, &result, &err) < 0) {
        say(err.text, err.hint);
        status = (int)err.code;
    } else {
        status = report(&o, &result);
        wlpy_result_free(&result);
    }
    options_free(&o);
    return status;
}
