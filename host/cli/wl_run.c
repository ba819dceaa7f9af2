/* wl-run: the command around libwlpy. */
#include "cli/options.h"
#include "cli/say.h"
#include "interrupt.h"
#include "wasi/wasi.h"
#include "wlpy.h"

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

static const char self[] = "wl-run";
static const char help[] =
    "Usage: wl-run [OPTION]... MODULE.wasm [--] [ARGUMENT]...\n"
    "Run a WebAssembly (WASI) program in a sandbox.\n"
    "\n"
    "What follows MODULE is the program's, whatever it looks like; one -- right behind MODULE is dropped.\n"
    "The program sees no folder and no environment variable that is not named here.\n"
    "\n";
static const char exit_status[] =
    "\n"
    "Exit status: the program's; 125 wrong options or set-up, 126 not a program that can be run, 127 no such file,\n"
    "134 the program was stopped (a trap).\n";

extern char **environ;

static void on_compile(void *arg, const char *module, bool done)
{
    const struct run_options *o = arg;
    const char *slash = strrchr(module, '/');

    if (!done) {
        fprintf(stderr, "%s: compiling ", self);
        say_part(slash ? slash + 1 : module);
        fputs(o->cache_dir ? ", this once" : "", stderr);
    } else {
        fputs("\r\033[K", stderr); /* what the program writes starts on a clean line */
    }
}

static void on_note(void *arg, const char *text)
{
    const struct run_options *o = arg;

    if (o->verbose)
        say(self, text, "");
}

static int report(const struct run_options *o, const struct wlpy_result *result)
{
    char text[1600];

    if (result->end == WLPY_EXITED) {
        if (o->snapshot && result->left) {
            snprintf(text, sizeof text, "%s ended with status %d before %s had returned, so there is no snapshot",
                     o->module, result->status, o->entry);
            say(self, text, "");
            return result->status ? result->status : ERR_MODULE;
        }
        if (result->interrupts && result->status == STATUS_INTERRUPTED)
            interrupt_die();
        if (result->status != 0 && !o->snapshot)
            say_hint(self, o);
        return result->status;
    }
    snprintf(text, sizeof text, "%s was stopped: %s", o->module, result->text);
    say(self, text, *result->hint ? result->hint : o->verbose ? "" : "--verbose shows where");
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

static int run(struct run_options *o)
{
    struct wlpy_mount *mounts = calloc(o->folders_n + 1, sizeof *mounts);
    const struct wlpy_config config = {.module = o->module,
                                       .argv = o->args,
                                       .argc = o->args_n,
                                       .env = o->env,
                                       .envc = o->env_n,
                                       .mounts = mounts,
                                       .mount_count = o->folders_n,
                                       .limits = {.stack = (size_t)o->limits.stack,
                                                  .memory = o->limits.memory,
                                                  .compile_memory = o->limits.compile_memory,
                                                  .compile_seconds = o->limits.compile_seconds},
                                       .quick = o->quick,
                                       .compiler = own_path(),
                                       .cache_dir = o->cache_dir,
                                       .entry = o->entry,
                                       .snapshot = o->snapshot,
                                       .interrupts = true,
                                       .backtrace = o->verbose,
                                       .on_compile = isatty(STDERR_FILENO) ? on_compile : NULL,
                                       .on_compile_arg = o,
                                       .on_note = on_note,
                                       .on_note_arg = o};
    struct wlpy_result result;
    struct err err;
    int status;

    if (!mounts) {
        say(self, "out of memory", "");
        return ERR_SETUP;
    }
    for (size_t i = 0; i < o->folders_n; i++)
        mounts[i] = (struct wlpy_mount){o->folders[i].host, o->folders[i].guest, o->folders[i].read_only};
    if (wlpy_run(&config, &result, &err) < 0) {
        say(self, err.text, err.hint);
        status = (int)err.code;
    } else {
        status = report(o, &result);
        wlpy_result_free(&result);
    }
    free(mounts);
    return status;
}

int main(int argc, char **argv)
{
    struct run_options o;
    struct err err;
    int status;

    if (wlpy_is_compiler(argc, argv))
        return wlpy_compile(argc, argv);
    wasi_hold_streams();
    /* The guest learns of a closed pipe and of a file that is too large by an error, like a program that ignores these.
     */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    /* A caller may have left it ignored, and then nobody learns how the compiler has ended. */
    signal(SIGCHLD, SIG_DFL);
    run_options_init(&o, OF_WL_RUN, environ);
    if (run_options_parse(&o, NULL, argc, argv, &err) < 0) {
        say(self, err.text, err.hint);
        status = (int)err.code;
    } else if (o.help) {
        status = say_help(help, OF_WL_RUN, exit_status) ? 0 : ERR_SETUP;
    } else if (o.version) {
        printf("wl-run %s (%s)\n", WL_VERSION, wlpy_engine_name());
        status = fflush(stdout) == 0 ? 0 : ERR_SETUP;
    } else {
        status = run(&o);
    }
    run_options_free(&o);
    return status;
}
