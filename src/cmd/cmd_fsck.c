/* wl-make fsck: reads all that the cache keeps by hash, and says what is damaged, incomplete or foreign. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "store/fsck.h"

struct fsck_options {
    bool repair;
};

static const struct option_spec options[] = {
    {0, "repair", "remove what is damaged, incomplete or foreign; builds make or fetch it again", NULL, OPTION_FLAG,
     .member = offsetof(struct fsck_options, repair)},
    {0},
};

/* The names of the classes, and the exit status if this is the worst that is left. */
static const struct {
    const char *name;
    int status;
} classes[FSCK_CLASSES] = {[FSCK_DAMAGED] = {"damaged", WL_E_VERIFY},
                           [FSCK_INCOMPLETE] = {"incomplete", EXIT_INCOMPLETE},
                           [FSCK_FOREIGN] = {"foreign", EXIT_FOREIGN}};

static void print_finding(void *data, const struct fsck_finding *f)
{
    (void)data;
    ui_print(stdout, "%-10s %s: %s%s\n", classes[f->cls].name, f->path, f->why, f->removed ? " (removed)" : "");
}

static void print_sum(const struct fsck *f)
{
    WL_CLEANUP_FREE char *size = human_size(f->bytes);
    size_t left = 0;

    ui_print(stdout, "%zu artifacts, %zu sources, %zu compiled modules, %s: ", f->artifacts, f->sources, f->modules,
             size);
    for (size_t i = 0; i < FSCK_CLASSES; i++) {
        ui_print(stdout, "%s%zu %s", i ? ", " : "", f->found[i], classes[i].name);
        left += f->left[i];
    }
    ui_print(stdout, "%s\n", left ? "; wl-make fsck --repair removes them" : "");
}

static int run(struct app *a, struct wl_err *err)
{
    const struct fsck_options *own = a->options.own;
    struct fsck f = {
        .store = &a->store, .cancel = &a->cancel, .repair = own->repair, .on_finding = print_finding, .data = a};
    int r = 0;

    if (a->options.args.n) {
        wl_err_set(err, WL_E_USAGE, "fsck takes no ports: it checks the whole cache");
        return wl_err_hint(err, "to build a port again: wl-make clean PORT, then wl-make PORT");
    }
    r = store_hold(&a->store, &a->cancel, err);
    if (r == 0)
        r = store_hold_sources(&a->store, &a->cancel, err);
    if (r == 0)
        r = fsck_run(&f, err);
    if (r < 0)
        return r;
    if (!a->options.quiet)
        print_sum(&f);
    for (size_t i = 0; i < FSCK_CLASSES && !a->status; i++)
        if (f.left[i])
            a->status = classes[i].status;
    return 0;
}

const struct command command_fsck = {
    .name = "fsck",
    .usage = "fsck [--repair]",
    .summary = "check every byte of the cache",
    .description =
        "Reads all artifacts, sources and compiled modules of the cache, and says which are damaged, incomplete, or\n"
        "nothing that wl-make has put there.",
    .options = options,
    .options_size = sizeof(struct fsck_options),
    .shared = SHARED_QUIET,
    .run = run,
};
