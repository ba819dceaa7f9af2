/* wl-make: finds the command, reads its options, runs it, and turns its error into a message and an exit status. */
#include "cmd/app.h"
#include "source/source.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Ends as the signal that came would have ended it, so that a calling shell or make sees an interruption. */
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

/* no_port is why the word is no port either. */
static int not_a_command(const char *word, const struct wl_err *no_port, struct wl_err *err)
{
    size_t best = 3;
    const char *near = NULL;

    if (no_port->text && !starts_with(no_port->text, "there is no port")) { /* several, or what cannot be read */
        wl_err_set(err, no_port->cls, "%s", no_port->text);
        return no_port->hint ? wl_err_hint(err, "%s", no_port->hint) : -(int)no_port->cls;
    }
    wl_err_set(err, WL_E_USAGE, "there is no command '%s', and a port is named like python/v3.11.2", word);
    for (const struct command *c = commands; c->name; c++)
        if (edit_distance(word, c->name) < best) {
            best = edit_distance(word, c->name);
            near = c->name;
        }
    if (near)
        return wl_err_hint(err, "did you mean %s? wl-make help lists the commands", near);
    if (no_port->hint && starts_with(no_port->hint, "did you mean"))
        return wl_err_hint(err, "%s", no_port->hint);
    return wl_err_hint(err, "wl-make help lists the commands, wl-make list the ports");
}

static enum command_bit command_bit_of(const char *word)
{
    const struct command *c = command_find(word);

    return c ? c->bit : 0;
}

/* The command that the arguments (without the program's name) ask for; its name is taken out of them. A bare port name
 * means build. */
static const struct command *choose(int *argc, char **argv, struct wl_err *err)
{
    int word = options_first_word(*argc, argv, command_bit_of);
    const struct command *c = word < *argc ? command_find(argv[word]) : NULL;
    bool known;

    if (c) {
        memmove(argv + word, argv + word + 1, (size_t)(*argc - word) * sizeof *argv);
        --*argc;
        return c;
    }
    if (word == *argc)
        return command_find("help");
    /* A word without a slash that is no port is more likely a mistyped command. */
    if (!strchr(argv[word], '/')) {
        struct app probe = {0};
        WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
        WL_CLEANUP_FREE char *name = NULL;

        known = options_parse(&probe.options, CMD_BUILD, *argc, argv, &why) < 0 ||
                (app_find_roots(&probe, &why) == 0 && ports_resolve(&probe.roots, argv[word], &name, &why) == 0);
        app_free(&probe);
        if (!known) {
            not_a_command(argv[word], &why, err);
            return NULL;
        }
    }
    return command_find("build");
}

static int run(struct app *a, const struct command *c, int argc, char **argv, struct wl_err *err)
{
    int r = options_parse(&a->options, c->bit, argc, argv, err);

    if (r < 0)
        return r;
    if (a->options.version) {
        puts("wl-make " WL_VERSION);
        return 0;
    }
    if (a->options.help) {
        command_help(c->bit == CMD_HELP ? NULL : c, stdout);
        return 0;
    }
    if (c->bit == CMD_HELP)
        return c->run(a, err);
    r = cancel_init(&a->cancel, err);
    if (r == 0)
        r = app_init(a, err);
    if (r == 0)
        r = source_init() < 0 ? wl_err_set(err, WL_E_FETCH, "libcurl cannot be set up") : 0;
    if (r < 0)
        return r;
    a->ui = ui_new(&a->options);
    a->events = ui_events(a->ui);
    r = c->run(a, err);
    source_exit();
    return r;
}

/* A later open() could reuse the number of a stream that the caller closed, and messages would be written into that
 * file. Open to read only, writing to it fails as it should. What else the caller left open is not for the commands
 * that are run: a step could write to it. */
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

    set_up_streams();
    /* Ignored, as some callers leave it, the kernel would throw the status of every command away. */
    signal(SIGCHLD, SIG_DFL);
    argc--;
    argv++;
    c = choose(&argc, argv, &err);
    r = c ? run(&a, c, argc, argv, &err) : -(int)err.cls;
    ui_free(a.ui);
    a.ui = NULL;
    if (fflush(stdout) != 0 && r == 0)
        r = wl_err_errno(&err, WL_E_IO, "cannot write to stdout");
    if (r < 0)
        ui_error(&a.options, &err);
    app_free(&a);
    return r == -WL_E_INTERRUPTED ? end_by_signal(&a) : r < 0 ? -r : a.status;
}
