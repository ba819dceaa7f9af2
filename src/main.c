/* wl-make: finds the command, reads its options, runs it, and turns its error into a message and an exit status. */
#include "app.h"
#include "source.h"

#include <signal.h>
#include <string.h>

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

static int not_a_command(const char *word, struct wl_err *err)
{
    size_t best = 3;
    const char *near = NULL;

    wl_err_set(err, WL_E_USAGE, "there is no command '%s', and a port is named like python/v3.11.2", word);
    for (const struct command *c = commands; c->name; c++)
        if (edit_distance(word, c->name) < best) {
            best = edit_distance(word, c->name);
            near = c->name;
        }
    if (near)
        return wl_err_hint(err, "did you mean %s? wl-make help lists the commands", near);
    return wl_err_hint(err, "wl-make help lists the commands, wl-make list the ports");
}

/* The command that the arguments ask for, and how many words name it. A bare port name means build. */
static const struct command *choose(int argc, char **argv, int *words, struct wl_err *err)
{
    const char *first = NULL;

    *words = 0;
    if (argc < 2)
        return command_find("help");
    if (argv[1][0] != '-') {
        const struct command *c = command_find(argv[1]);

        if (c) {
            *words = 1;
            return c;
        }
        first = argv[1];
    } else if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "--version")) {
        return command_find("help");
    }
    /* "wl-make -v python/3.11": options first, then a port. A word alone that is no port is more likely a command. */
    if (first && !strchr(first, '/')) {
        struct app probe = {0};
        WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
        WL_CLEANUP_FREE char *name = NULL;
        bool known = app_find_roots(&probe, &ignored) == 0 && ports_resolve(&probe.roots, first, &name, &ignored) == 0;

        app_free(&probe);
        if (!known) {
            not_a_command(first, err);
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

int main(int argc, char **argv)
{
    struct app a = {.cancel = CANCEL_NONE};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    int words, r = -WL_E_USAGE;
    const struct command *c = choose(argc, argv, &words, &err);

    if (c)
        r = run(&a, c, argc - 1 - words, argv + 1 + words, &err);
    ui_free(a.ui);
    a.ui = NULL;
    if (fflush(stdout) != 0 && r == 0)
        r = wl_err_errno(&err, WL_E_IO, "cannot write to stdout");
    if (r < 0)
        ui_error(&a.options, &err);
    app_free(&a);
    return r == -WL_E_INTERRUPTED ? end_by_signal(&a) : r < 0 ? -r : 0;
}
