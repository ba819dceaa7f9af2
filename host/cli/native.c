/* The command around a translated program. */
#include "cli/options.h"
#include "cli/process.h"
#include "cli/refusals.h"
#include "cli/say.h"
#include "cli/terminal.h"
#include "core/grant.h"
#include "native/runtime.h"
#include "net/net.h"
#include "wasi/lock.h"
#include "wasi/space.h"
#include "wasi/threads.h"
#include "wasi/tty.h"

#include <errno.h>
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

static bool on_sigint(void *control)
{
    return control_interrupt(control) == CONTROL_GIVEN;
}

/* What the channel serves: the network, the terminal, locks on files and their room, threads. */
static int serve(const struct run_options *o, struct wasi *w, struct tty *tty, struct err *err)
{
    static struct net net; /* the guest's until the process ends, as refusals is */
    static struct refusals refusals;
    static struct wasi_threads threads;
    const struct net_config config = {.connect = o->net,
                                      .connect_n = o->net_n,
                                      .listen = o->net_listen,
                                      .listen_n = o->net_listen_n,
                                      .limits = o->net_limits,
                                      .refused = refusals_write,
                                      .arg = &refusals};
    int r = refusals_open(&refusals, wlpy_native_program.name, o->net_log, err);

    if (r == 0)
        r = net_grant(&net, w, &config, err);
    if (r == 0 && ((!o->no_terminal && tty_serve(tty, w, terminal_on_change, NULL) < 0) ||
                   (o->folders_n && (wasi_lock_serve(w) < 0 || wasi_space_serve(w) < 0))))
        r = err_set(err, ERR_SETUP, "cannot serve the terminal and files: %s", strerror(errno));
    if (r == 0 && o->limits.threads && wasi_threads_serve(&threads, w, (unsigned)o->limits.threads) < 0)
        r = err_set(err, ERR_SETUP, "cannot serve threads: %s", strerror(errno));
    return r;
}

/* The directories come first: libc looks for them from descriptor 3 on, up to the first that is not one. The channel
 * comes last. */
static int grant(const struct run_options *o, struct wasi *w, struct tty *tty, struct err *err)
{
    int r = 0;

    for (int i = 0; r == 0 && i <= STDERR_FILENO; i++)
        r = grant_fd(w, i, true, err);
    if (r == 0)
        r = grant_folders(w, o->folders, o->folders_n, err);
    if (r == 0)
        r = serve(o, w, tty, err);
    for (size_t i = 0; r == 0 && i < o->fds_n; i++)
        r = grant_fd(w, o->fds[i], false, err);
    return r < 0 ? r : grant_channel(w, err);
}

/* Returns the status to exit with. */
static int report(const struct run_options *o, const struct end *end)
{
    char text[sizeof end->text + 32];

    if (end->kind != END_EXITED) {
        snprintf(text, sizeof text, "the program was stopped: %s", end->text);
        say(wlpy_native_program.name, text, end->hint);
        return end->status;
    }
    if (end->interrupts && end->status == STATUS_INTERRUPTED)
        process_end_by_sigint();
    if (end->status != 0)
        say_hint(wlpy_native_program.name, o);
    return end->status;
}

static int run(const struct run_options *o)
{
    static struct native_program program = NATIVE_PROGRAM_INIT(&wlpy_native_program);
    struct wasi w = {.args = o->args,
                     .args_n = o->args_n,
                     .environ = o->env,
                     .environ_n = o->env_n,
                     .output_left = o->limits.output};
    static struct control control; /* a SIGINT may come at any time */
    struct tty tty = {.saved_n = 0};
    const struct runtime r = {.name = wlpy_native_program.name,
                              .limits = &o->limits,
                              .wasi = &w,
                              .control = &control,
                              .stoppable = o->limits.deadline_ms != 0,
                              .last = true};
    struct end end;
    struct err err;
    int status = grant(o, &w, &tty, &err);

    if (status == 0) {
        control_init(&control);
        process_on_sigint(on_sigint, &control);
        status = runtime_run(&program, &r, &end, &err);
        tty_free(&tty);
    }
    if (status == 0)
        return report(o, &end);
    say(wlpy_native_program.name, err.text, err.hint);
    return (int)err.code;
}

int main(int argc, char **argv)
{
    struct run_options o;
    struct err err;
    int status;

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
    if (!o.no_terminal && terminal_is_there() && run_options_pass_terminal(&o, &err) < 0) {
        say(wlpy_native_program.name, err.text, err.hint);
        return ERR_SETUP;
    }
    status = run(&o);
    if (__llvm_profile_write_file)
        __llvm_profile_write_file();
    /* (Nothing is left to do, and what the guest has been taken out of may hold something.) */
    _exit(status);
}
