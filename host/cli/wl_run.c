/* wl-run: the command around libwlpy. */
#include "cli/child.h"
#include "cli/compile_aside.h"
#include "cli/options.h"
#include "cli/process.h"
#include "cli/refusals.h"
#include "cli/say.h"
#include "cli/terminal.h"
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

static const char self[] = "wl-run";
static const char help[] =
    "Usage: wl-run [OPTION]... MODULE.wasm [--] [ARGUMENT]...\n"
    "Run a WebAssembly (WASI) program in a sandbox.\n"
    "\n"
    "What follows MODULE is the program's, whatever it looks like; one -- right behind MODULE is dropped.\n"
    "The program sees no directory and no environment variable that is not named here, except TERM and COLORTERM\n"
    "on a terminal.\n"
    "\n";
static const char exit_status[] =
    "\n"
    "Exit status: the program's; 124 the deadline has passed, 125 wrong options or set-up, 126 not a program that can\n"
    "be run, 127 no such file, 134 the program was stopped.\n";

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

/* (How the guest has ended stays what it is, whatever its processes send until they are ended, too.) */
static bool on_signal(void *control, int number)
{
    const enum wlpy_answer answer = wlpy_signal(control, number);

    return answer == WLPY_GIVEN || answer == WLPY_LATE;
}

/* Returns the status to exit with. child: another guest has started it, and wants to know how it ended. */
static int report(const struct run_options *o, const struct wlpy_result *r, bool child)
{
    char text[1600];

    if (r->end != WLPY_EXITED) {
        snprintf(text, sizeof text, "%s was stopped: %s", o->module, r->text);
        say(self, text, *r->hint ? r->hint : o->verbose || r->end != WLPY_TRAPPED ? "" : "--verbose shows where");
        if (r->backtrace)
            fputs(r->backtrace, stderr);
        if (child && r->end == WLPY_TRAPPED)
            process_end_by(SIGABRT);
        return r->status;
    }
    if (o->snapshot && !r->returned) {
        snprintf(text, sizeof text, "%s ended with status %d before %s had returned, so there is no snapshot",
                 o->module, r->status, o->entry);
        say(self, text, "");
        return r->status ? r->status : WLPY_E_MODULE;
    }
    if (r->interrupts && r->status == 128 + 2)
        process_end_by(SIGINT);
    if (r->status != 0 && !o->snapshot && !child)
        say_hint(self, o);
    return r->status;
}

/* This program, to be started again. */
static const char *own_path(void)
{
    static const char link[] = "/proc/self/exe";

    return access(link, X_OK) == 0 ? link : (const char *)getauxval(AT_EXECFN);
}

/* What the options give to the guest. The caller frees the directories. */
static struct wlpy_run_config configure(const struct run_options *o, struct wlpy_dir *folders)
{
    for (size_t i = 0; i < o->folders_n; i++)
        folders[i] = (struct wlpy_dir){
            .host = o->folders[i].host, .guest = o->folders[i].guest, .read_only = o->folders[i].read_only};
    return (struct wlpy_run_config){
        .size = sizeof(struct wlpy_run_config),
        .argv = o->args,
        .argc = o->args_n,
        .env = o->env,
        .envc = o->env_n,
        .dirs = folders,
        .dir_count = o->folders_n,
        .in = {.kind = WLPY_FD, .fd = STDIN_FILENO},
        .out = {.kind = WLPY_FD, .fd = STDOUT_FILENO},
        .err = {.kind = WLPY_FD, .fd = STDERR_FILENO},
        .fds = o->fds,
        .fd_count = o->fds_n,
        .net = o->net,
        .net_count = o->net_n,
        .net_listen = o->net_listen,
        .net_listen_count = o->net_listen_n,
        .terminal = !o->no_terminal && !o->snapshot,
        .on_terminal = terminal_on_change,
        .backtrace = o->verbose,
    };
}

/* The secrets for the library, their files read; freed by the caller. NULL with err. */
static struct wlpy_secret *take_secrets(const struct run_options *o, struct err *err)
{
    struct wlpy_secret *secrets = calloc(o->secrets_n + 1, sizeof *secrets);

    if (!secrets)
        err_set(err, ERR_SETUP, "out of memory");
    for (size_t i = 0; secrets && i < o->secrets_n; i++) {
        struct run_secret *s = &o->secrets[i];

        if (s->file && secret_read_file(s, err) < 0) {
            free(secrets);
            return NULL;
        }
        secrets[i] = (struct wlpy_secret){sizeof *secrets, s->name, s->value, s->host};
    }
    return secrets;
}

static int run_or_snapshot(const struct run_options *o, struct wlpy_engine *engine,
                           const struct wlpy_run_config *config, struct wlpy_result *result, struct wlpy_err *err)
{
    const char *slash = strrchr(o->module, '/');
    struct wlpy_program *program;
    int r;

    if (o->snapshot)
        return wlpy_snapshot(engine, o->module, o->entry, o->snapshot, config, result, err);
    /* (What a child says may be read by a guest, which need not know where the module is.) */
    r = config->child ? wlpy_program_of_child(engine, slash ? slash + 1 : o->module, config->child, &program, err)
                      : wlpy_program_load(engine, o->module, &program, err);
    if (r == 0)
        r = wlpy_run(program, config, result, err);
    wlpy_program_free(program);
    return r;
}

/* (A command has no limits but those that its options name.) */
static uint64_t unlimited(uint64_t limit)
{
    return limit ? limit : WLPY_UNLIMITED;
}

static int run(const struct run_options *o, char **argv, struct wlpy_child *child)
{
    const struct wlpy_engine_config how = {
        .size = sizeof how,
        .stack = (size_t)o->limits.stack,
        .quick = o->quick,
        .unstoppable = o->limits.deadline_ms == 0,
        .cache_dir = o->cache_dir,
        .compiler = own_path(),
        .compile_memory = o->limits.compile_memory,
        .compile_seconds = o->limits.compile_seconds,
        .on_compile = isatty(STDERR_FILENO) ? on_compile : NULL,
        .on_compile_arg = (void *)o,
        .on_note = on_note,
        .on_note_arg = (void *)o,
    };
    struct wlpy_dir *folders = calloc(o->folders_n + 1, sizeof *folders);
    struct wlpy_control *control = wlpy_control_new();
    struct wlpy_engine *engine = NULL;
    struct wlpy_result result = {.size = sizeof result};
    struct wlpy_secret *secrets;
    const char **command;
    size_t command_n = 0;
    struct refusals refusals;
    struct err why;
    struct wlpy_err err;
    int status;

    if (!folders || !control) {
        free(folders);
        say(self, "out of memory", "");
        return WLPY_E_SETUP;
    }
    secrets = child ? NULL : take_secrets(o, &why);
    if ((!child && !secrets) || (child ? refusals_take(&refusals, self, wlpy_child_fd(child, 0), &why)
                                       : refusals_open(&refusals, self, o->net_log, &why)) < 0) {
        free(folders);
        free(secrets);
        say(self, why.text, why.hint);
        return (int)why.code;
    }
    process_on_signals(on_signal, control);
    command = o->limits.processes && !o->snapshot ? child_command(o->words, argv, &command_n) : NULL;
    status = wlpy_engine_new(&how, &engine, &err);
    if (status == 0) {
        const struct wlpy_limits limits = {.size = sizeof limits,
                                           .memory = o->limits.memory,
                                           .output = o->limits.output,
                                           .deadline_ms = unlimited(o->limits.deadline_ms),
                                           .cpu_ms = WLPY_UNLIMITED,
                                           .descriptors = WLPY_UNLIMITED,
                                           .file_bytes = WLPY_UNLIMITED,
                                           .files = WLPY_UNLIMITED,
                                           .sockets = unlimited(o->net_limits.sockets),
                                           .received = unlimited(o->net_limits.received),
                                           .sent = unlimited(o->net_limits.sent),
                                           .threads = o->limits.threads,
                                           .processes = o->limits.processes,
                                           .listening = unlimited(o->net_limits.listening),
                                           .lookups = unlimited(o->net_limits.lookups)};
        struct wlpy_run_config config = configure(o, folders);

        config.limits = &limits;
        config.control = control;
        config.secrets = secrets;
        config.secret_count = child ? 0 : o->secrets_n;
        config.child = child;
        config.child_command = command;
        config.child_signals = true;
        config.child_command_count = command_n;
        config.child_fds = &refusals.fd;
        config.child_fd_count = refusals.fd >= 0;
        /* (As OpenSSL's programs do.) */
        config.certificates = getenv("SSL_CERT_FILE");
        config.on_refusal = refusals_write;
        config.on_refusal_arg = &refusals;
        status = run_or_snapshot(o, engine, &config, &result, &err);
    }
    if (status < 0)
        say(self, err.text, err.hint);
    status = status < 0 ? (int)err.code : report(o, &result, child);
    wlpy_result_free(&result);
    wlpy_engine_free(engine);
    free(folders);
    free(secrets);
    free(command);
    /* (The control stays: a signal may still be on its way.) */
    return status;
}

static int run_child(const struct run_options *o, char **argv, struct wlpy_child *child)
{
    process_allow_sockets(o->net_limits.sockets);
    return run(o, argv, child);
}

static int run_first(struct run_options *o, char **argv)
{
    struct err err;

    if (!o->no_terminal && !o->snapshot && terminal_is_there() && run_options_pass_terminal(o, &err) < 0) {
        say(self, err.text, err.hint);
        return (int)err.code;
    }
    process_allow_sockets(o->net_limits.sockets);
    return run(o, argv, NULL);
}

int main(int argc, char **argv)
{
    struct wlpy_child *child = NULL;
    struct wlpy_err refused;
    struct run_options o;
    struct err err;
    long parent;
    int status;

    if (compile_aside_is_asked(argc, argv))
        return compile_aside(argv);
    if (child_is_asked(argc, argv, &parent)) {
        if (wlpy_child_take(parent, &child, &refused) < 0) {
            say(self, refused.text, refused.hint);
            return (int)refused.code;
        }
        child_strip(&argc, argv);
    }
    process_set_up();
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
        status = child ? run_child(&o, argv, child) : run_first(&o, argv);
    }
    wlpy_child_free(child);
    run_options_free(&o);
    return status;
}
