/* The command around a translated program. */
#include "cli/child.h"
#include "cli/options.h"
#include "cli/process.h"
#include "cli/refusals.h"
#include "cli/say.h"
#include "cli/terminal.h"
#include "core/grant.h"
#include "family/family.h"
#include "native/runtime.h"
#include "net/net.h"
#include "wasi/lock.h"
#include "wasi/space.h"
#include "wasi/threads.h"
#include "wasi/tty.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    " [OPTION]... [--] [ARGUMENT]...\n"
    "Run this WebAssembly program, compiled ahead of time, in its sandbox.\n"
    "\n"
    "Options end at -- or at the first word that is not one; what follows is the program's.\n"
    "The program sees no directory and no environment variable that is not named here, except TERM and COLORTERM\n"
    "on a terminal.\n"
    "\n";
static const char exit_status[] =
    "\n"
    "Exit status: the program's; 124 the deadline has passed, 125 wrong options or set-up, 134 it was stopped.\n";

extern char **environ;

/* clang's, in a program that counts for a profile (tools/aot): _exit() would leave it out. */
int __llvm_profile_write_file(void) __attribute__((weak));

/* (How the guest has ended stays what it is, whatever its processes send until they are ended, too.) */
static bool on_signal(void *control, int number)
{
    const enum control_answer answer = control_signal(control, number);

    return answer == CONTROL_GIVEN || answer == CONTROL_LATE;
}

/* What the channel serves: the network, the terminal, locks on files and their room, threads, signals. */
static int serve(const struct run_options *o, char **argv, struct family_start *start, struct wasi *w, struct tty *tty,
                 struct err *err)
{
    static struct net net; /* the guest's until the process ends, as refusals is */
    static struct refusals refusals;
    static struct wasi_threads threads;
    static struct family family;
    struct family_config processes = {.most = (unsigned)o->limits.processes,
                                      .code = -1,
                                      .fds = &refusals.fd,
                                      .limits = &o->limits,
                                      .takes = true,
                                      .start = start};
    const struct net_config config = {.connect = o->net,
                                      .connect_n = o->net_n,
                                      .listen = o->net_listen,
                                      .listen_n = o->net_listen_n,
                                      .limits = o->net_limits,
                                      .refused = refusals_write,
                                      .arg = &refusals};
    int r = start ? refusals_take(&refusals, wlpy_native_program.name, family_fd(start, 0), err)
                  : refusals_open(&refusals, wlpy_native_program.name, o->net_log, err);

    if (r == 0)
        r = net_grant(&net, w, &config, err);
    if (r == 0 && ((!o->no_terminal && tty_serve(tty, w, terminal_on_change, NULL) < 0) ||
                   ((o->folders_n || start) && (wasi_lock_serve(w) < 0 || wasi_space_serve(w) < 0))))
        r = err_set(err, ERR_SETUP, "cannot serve the terminal and files: %s", strerror(errno));
    if (r == 0 && o->limits.threads && wasi_threads_serve(&threads, w, (unsigned)o->limits.threads) < 0)
        r = err_set(err, ERR_SETUP, "cannot serve threads: %s", strerror(errno));
    if (r == 0 && control_serve(w) < 0)
        r = err_set(err, ERR_SETUP, "cannot serve signals: %s", strerror(errno));
    processes.fds_n = refusals.fd >= 0;
    /* (The command is needed until the process ends. Limits of lookups and of the network's bytes are for one process.)
     */
    if (r == 0 && o->limits.processes && !o->net_limits.lookups && !o->net_limits.received && !o->net_limits.sent)
        processes.command = child_command(o->words, argv, &processes.command_n);
    if (r == 0 && processes.command && family_serve(&family, w, &processes) < 0)
        r = err_set(err, ERR_SETUP, "cannot serve processes: %s", strerror(errno));
    return r;
}

/* The directories come first: libc looks for them from descriptor 3 on, up to the first that is not one. The channel
 * comes last. */
static int grant(const struct run_options *o, char **argv, struct family_start *start, struct wasi *w, struct tty *tty,
                 struct err *err)
{
    int r = 0;

    if (start) {
        r = family_grant(start, w, err);
        if (r == 0)
            r = serve(o, argv, start, w, tty, err);
        return r < 0 ? r : grant_channel(w, err);
    }

    for (int i = 0; r == 0 && i <= STDERR_FILENO; i++)
        r = grant_fd(w, i, true, err);
    if (r == 0)
        r = grant_folders(w, o->folders, o->folders_n, err);
    if (r == 0)
        r = serve(o, argv, NULL, w, tty, err);
    for (size_t i = 0; r == 0 && i < o->fds_n; i++)
        r = grant_fd(w, o->fds[i], false, err);
    return r < 0 ? r : grant_channel(w, err);
}

/* Returns the status to exit with. */
static int report(const struct run_options *o, const struct end *end, bool child)
{
    char text[sizeof end->text + 32];

    if (end->kind != END_EXITED) {
        snprintf(text, sizeof text, "the program was stopped: %s", end->text);
        say(wlpy_native_program.name, text, end->hint);
        if (child && end->kind == END_TRAPPED)
            process_end_by(SIGABRT);
        return end->status;
    }
    if (end->interrupts && end->status == STATUS_INTERRUPTED)
        process_end_by(SIGINT);
    if (end->status != 0 && !child)
        say_hint(wlpy_native_program.name, o);
    return end->status;
}

static int run(struct run_options *o, char **argv, struct family_start *start)
{
    static struct native_program program = NATIVE_PROGRAM_INIT(&wlpy_native_program);
    struct wasi w = {.args = o->args,
                     .args_n = o->args_n,
                     .environ = o->env,
                     .environ_n = o->env_n,
                     .output_left = o->limits.output};
    static struct control control; /* a signal may come at any time */
    struct tty tty = {.saved_n = 0};
    const struct runtime r = {.name = wlpy_native_program.name,
                              .limits = &o->limits,
                              .wasi = &w,
                              .control = &control,
                              .stoppable = o->limits.deadline_ms != 0,
                              .last = true};
    struct end end;
    struct err err;
    int status;

    if (start) {
        w.args = family_args(start, &w.args_n);
        w.environ = family_environ(start, &w.environ_n);
    }
    status = grant(o, argv, start, &w, &tty, &err);
    if (status == 0) {
        control_init(&control);
        process_on_signals(on_signal, &control);
        status = runtime_run(&program, &r, &end, &err);
        tty_free(&tty);
    }
    if (status == 0)
        return report(o, &end, start);
    say(wlpy_native_program.name, err.text, err.hint);
    return (int)err.code;
}

int main(int argc, char **argv)
{
    struct family_start *start = NULL;
    struct run_options o;
    struct err err;
    long parent;
    int status;

    if (child_is_asked(argc, argv, &parent)) {
        if (family_take(&start, (pid_t)parent, &err) < 0) {
            say(wlpy_native_program.name, err.text, err.hint);
            return ERR_SETUP;
        }
        child_strip(&argc, argv);
    }
    process_set_up();
    run_options_init(&o, OF_NATIVE, environ);
    if (run_options_parse(&o, wlpy_native_program.name, argc, argv, &err) < 0) {
        say(wlpy_native_program.name, err.text, err.hint);
        return ERR_SETUP;
    }
    if (o.help) {
        printf("Usage: %s", wlpy_native_program.name);
        return say_help(help, OF_NATIVE, exit_status) ? 0 : ERR_SETUP;
    }
    process_allow_sockets(o.net_limits.sockets);
    if (start)
        family_limits(start, &o.limits);
    else if (!o.no_terminal && terminal_is_there() && run_options_pass_terminal(&o, &err) < 0) {
        say(wlpy_native_program.name, err.text, err.hint);
        return ERR_SETUP;
    }
    status = run(&o, argv, start);
    if (__llvm_profile_write_file)
        __llvm_profile_write_file();
    /* (Nothing is left to do, and what the guest has been taken out of may hold something.) */
    _exit(status);
}
