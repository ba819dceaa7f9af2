/* wl-make-tool, which wl-make (launch/launch.h) starts: finds the command, parses its options, runs it, and turns its
 * error into a message and an exit status. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "cmd/shared_store.h"
#include "launch/launch.h"
#include "source/source.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Ends the process by the signal that was received, so that a calling shell or make sees an interruption. */
static int end_by_signal(struct app *a)
{
    int sig = cancel_signal(&a->cancel);
    sigset_t set;

    if (!sig)
        sig = SIGINT;
    fflush(NULL);
    signal(sig, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(sig);
    return 128 + sig;
}

/* The error for a word that is neither a command nor a port; no_port says why not a port. */
static int not_a_command(const char *word, const struct wl_err *no_port, struct wl_err *err)
{
    size_t best = 3;
    const char *nearest = NULL;

    /* There are several such ports, or one that cannot be read. */
    if (no_port->text && !starts_with(no_port->text, "there is no port")) {
        wl_err_set(err, no_port->cls, "%s", no_port->text);
        return no_port->hint ? wl_err_hint(err, "%s", no_port->hint) : -(int)no_port->cls;
    }
    wl_err_set(err, WL_E_USAGE, "there is no command '%s', and a port has a name like python/v3.11.2", word);
    for (const struct command *const *c = commands; *c; c++)
        if (edit_distance(word, (*c)->name) < best) {
            best = edit_distance(word, (*c)->name);
            nearest = (*c)->name;
        }
    if (nearest)
        return wl_err_hint(err, "did you mean %s? wl-make help lists the commands", nearest);
    if (no_port->hint && starts_with(no_port->hint, "did you mean"))
        return wl_err_hint(err, "%s", no_port->hint);
    return wl_err_hint(err, "wl-make help lists the commands, wl-make list the ports");
}

/* Finds the command in the arguments (without the program's name) and removes its name from them. Without a command, a
 * port's name means build. */
static const struct command *choose_command(int *argc, char **argv, struct wl_err *err)
{
    int word = options_first_word(*argc, argv, commands);
    const struct command *c = word < *argc ? command_find(argv[word]) : NULL, *build = command_find("build");
    bool known;

    if (c) {
        memmove(argv + word, argv + word + 1, (size_t)(*argc - word) * sizeof *argv);
        --*argc;
        return c;
    }
    if (word == *argc)
        return command_find("help");
    /* A word without a slash that is not a port is probably a mistyped command. */
    if (!strchr(argv[word], '/')) {
        struct app probe = {0};
        WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
        WL_CLEANUP_FREE char *name = NULL;

        known = options_parse(&probe.options, build, *argc, argv, &why) < 0 ||
                (app_find_roots(&probe, &why) == 0 && ports_resolve(&probe.roots, argv[word], &name, &why) == 0);
        app_free(&probe);
        if (!known) {
            not_a_command(argv[word], &why, err);
            return NULL;
        }
    }
    return build;
}

static int start_command(struct app *a, const struct command *c, int argc, char **argv, struct wl_err *err)
{
    int r = options_parse(&a->options, c, argc, argv, err);

    if (r < 0)
        return r;
    if (c->standalone)
        return c->run(a, err);
    if (a->options.help) {
        help_print(c, stdout);
        return 0;
    }
    r = cancel_init(&a->cancel, err);
    if (r == 0)
        r = app_init(a, err);
    if (r == 0)
        r = source_init() < 0 ? wl_err_set(err, WL_E_FETCH, "cannot initialize libcurl") : 0;
    if (r < 0)
        return r;
    a->ui = ui_new(&a->options);
    a->events = ui_events(a->ui);
    r = c->run(a, err);
    shared_store_close(a);
    source_exit();
    return r;
}

/* A later open() could reuse the number of a stream that the caller closed, and messages would be written into that
 * file. So closed streams are opened on /dev/null, for reading: writing to them fails as it should. Other descriptors
 * that the caller left open are closed in the programs that are started: a step could write to them. */
static void set_up_streams(void)
{
    int fd;

    if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        for (fd = STDERR_FILENO + 1; fd < 1024; fd++) /* before Linux 5.11 */
            fcntl(fd, F_SETFD, FD_CLOEXEC);

    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

int main(int argc, char **argv)
{
    struct app a = {.cancel = CANCEL_NONE};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    const struct command *c;
    int r;

    clock_gettime(CLOCK_REALTIME, &a.started);
    a.by_script = getenv(LAUNCH_SCRIPT_VARIABLE);
    unsetenv(LAUNCH_SCRIPT_VARIABLE);
    set_up_streams();
    /* Some callers ignore SIGCHLD. The kernel would then discard the status of every program that is started. */
    signal(SIGCHLD, SIG_DFL);
    argc--;
    argv++;
    for (int i = 0; i < argc; i++)
        strv_add(&a.words, argv[i]);
    c = choose_command(&argc, argv, &err);
    r = c ? start_command(&a, c, argc, argv, &err) : -(int)err.cls;
    ui_free(a.ui);
    a.ui = NULL;
    if (fflush(stdout) != 0 && r == 0)
        r = wl_err_errno(&err, WL_E_IO, "cannot write to stdout");
    if (r < 0)
        ui_error(&a.options, &err);
    app_free(&a);
    return r == -WL_E_INTERRUPTED ? end_by_signal(&a) : r < 0 ? -r : a.status;
}
