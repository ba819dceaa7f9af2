/* The command around a translated program. */
#include "cli/options.h"
#include "cli/say.h"
#include "native/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] = " [OPTION]... [--] [ARGUMENT]...\n"
                           "Run this WebAssembly program, compiled ahead of time, in its sandbox.\n"
                           "\n"
                           "Options end at -- or at the first word that is not one; what follows is the program's.\n"
                           "The program sees no folder and no environment variable that is not named here.\n"
                           "\n";
static const char exit_status[] =
    "\n"
    "Exit status: the program's; 124 the deadline has passed, 125 wrong options or set-up, 134 it was stopped.\n";

extern char **environ;

static void failed(void *arg)
{
    say_hint(guest_name, arg);
}

/* Opens what the options name. 0, or -ERR_SETUP with err. */
static int grant(const struct run_options *o, wasi *w, struct err *err)
{
    if (wasi_give_streams(w) < 0)
        return err_set(err, ERR_SETUP, "cannot use a standard stream: %s", strerror(errno));
    for (size_t i = 0; i < o->folders_n; i++) {
        const struct run_folder *f = &o->folders[i];
        int fd = open(f->host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 || wasi_give(w, fd, f->guest, f->read_only, false) < 0) {
            err_set(err, ERR_SETUP, "cannot grant the folder %s as %s: %s", f->host, f->guest, strerror(errno));
            return err_hint(err, "--dir takes a folder that exists and that you may read");
        }
    }
    for (size_t i = 0; i < o->fds_n; i++) {
        int fd = fcntl(o->fds[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

        if (fd < 0 || wasi_give(w, fd, NULL, false, false) < 0) {
            err_set(err, ERR_SETUP, "cannot use --fd %d: %s", o->fds[i], strerror(errno));
            return err_hint(err, "name the number of an open descriptor of the caller, 3 or more");
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct run_options o;
    struct err err;
    wasi w = {.output_left = UINT64_MAX};
    struct runtime r = {.name = guest_name, .failed = failed, .failed_arg = &o, .wasi = &w};
    int status;

    wasi_hold_streams();
    run_options_init(&o, OF_NATIVE, environ);
    status = run_options_parse(&o, guest_name, argc, argv, &err);
    if (status == 0 && o.help) {
        printf("Usage: %s", guest_name);
        return say_help(help, OF_NATIVE, exit_status) ? 0 : ERR_SETUP;
    }
    if (status == 0)
        status = grant(&o, &w, &err);
    if (status < 0) {
        say(guest_name, err.text, err.hint);
        return ERR_SETUP;
    }
    w.args = o.args;
    w.args_n = o.args_n;
    w.environ = o.env;
    w.environ_n = o.env_n;
    w.output_left = o.limits.output;
    r.stack = o.limits.stack;
    r.memory = o.limits.memory;
    r.deadline_ms = o.limits.deadline_ms;
    /* The guest learns of a closed pipe and of a file that is too large by an error, like a program that ignores these.
     */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    runtime_run(&r);
    return ERR_SETUP; /* not reached: the guest's end is that of the process */
}
