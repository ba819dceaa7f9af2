/* wl-make verify: builds ports twice under different circumstances, and says what differs; or checks signatures. */
#include "cmd/again.h"
#include "cmd/app.h"
#include "cmd/command.h"
#include "cmd/signature.h"
#include "util/fs.h"
#include "util/run.h"
#include "verify/diff.h"
#include "verify/sides.h"

#include <string.h>
#include <unistd.h>

struct verify_options {
    char *vary, *keep;
    struct strv public_keys;
    bool needs, signature;
};

#define AT(m) .member = offsetof(struct verify_options, m)
static const struct option_spec options[] = {
    {0, "vary", "what is different in the second build (default: everything but sandbox)", "LIST", OPTION_TEXT,
     AT(vary)},
    {0, "needs", "build what the ports need twice, too", NULL, OPTION_FLAG, AT(needs)},
    {0, "signature", "build nothing: check the signatures of files, and what SHA256SUMS names", NULL, OPTION_FLAG,
     AT(signature)},
    {'p', "public-key", "with --signature: trust this key, a file or the key itself; may be repeated", "KEY",
     OPTION_LIST, AT(public_keys)},
    {0, "keep", "build in the new directory DIR, and keep it", "DIR", OPTION_TEXT, AT(keep)},
    {0},
};

/* What can be varied. */
enum { DATE, DIRECTORY, JOBS, LOCALE, ORDER, SANDBOX, TIME_ZONE, UMASK, USER, VARIATIONS };
static const char *const variations[VARIATIONS] = {
    [DATE] = "date",       [DIRECTORY] = "directory", [JOBS] = "jobs",   [LOCALE] = "locale", [ORDER] = "order",
    [SANDBOX] = "sandbox", [TIME_ZONE] = "timezone",  [UMASK] = "umask", [USER] = "user"};

/* A user that nobody is: the steps of the second build run as this one. */
enum { SEEN_USER = 4321, MOST_LINES = 100 };

struct verify {
    struct app *a;
    const struct verify_options *own;
    struct make_options o;
    bool vary[VARIATIONS];
    struct strv ports, keys; /* what is compared */
    char *dir;               /* in which both builds are */
    char *cache[2];
    char *preload;
    size_t shown, hidden;
    const char *port; /* that is compared */
};

/* --- options --- */

static int read_list(struct verify *v, struct wl_err *err)
{
    const char *list = v->own->vary;

    for (int i = 0; !list && i < VARIATIONS; i++)
        v->vary[i] = i != SANDBOX;
    while (list && *list) {
        WL_CLEANUP_FREE char *word = xstrndup(list, strcspn(list, ","));
        int i = 0;

        while (i < VARIATIONS && strcmp(word, variations[i]) != 0)
            i++;
        if (i == VARIATIONS) {
            WL_CLEANUP_STR struct str all = {0};

            for (i = 0; i < VARIATIONS; i++)
                str_addf(&all, "%s%s", i ? ", " : "", variations[i]);
            wl_err_set(err, WL_E_USAGE, "--vary: '%s' cannot be varied", word);
            return wl_err_hint(err, "one or more of %s, with commas between them", all.s);
        }
        v->vary[i] = true;
        list += strlen(word);
        list += *list == ',';
    }
    return 0;
}

/* --- the two builds --- */

/* Compiles what changes the clock and the order of files for the steps. */
static int make_preload(struct verify *v, struct wl_err *err)
{
    WL_CLEANUP_FREE char *source = path_join(v->a->roots.repo, "tools/verify/vary.c"), *output = NULL;
    WL_CLEANUP_STRV struct strv argv = {0};
    int status, r;

    v->preload = path_join(v->dir, "vary.so");
    strv_add_all(&argv, "cc", "-O1", "-fPIC", "-shared", "-o", v->preload, NULL);
    strv_addf(&argv, "-DVARY_DATE=%d", v->vary[DATE]);
    strv_addf(&argv, "-DVARY_ORDER=%d", v->vary[ORDER]);
    strv_add(&argv, source);
    r = run_capture(&(struct run){.argv = argv.v, .cancel = &v->a->cancel}, &status, &output, err);
    if (r == 0 && status != 0) {
        WL_CLEANUP_FREE char *last = last_line(output);

        wl_err_set(err, WL_E_TOOLCHAIN, "cannot compile %s: %s", source, last);
        r = wl_err_hint(err,
                        "without it, neither the date nor the order of files can be varied: --vary names the rest");
    }
    return r;
}

/* The environment of the tool in the second build. */
static void vary_environment(const struct verify *v, struct strv *env)
{
    if (v->vary[LOCALE])
        strv_add(env, "LC_ALL=tr_TR.UTF-8");
    if (v->vary[TIME_ZONE])
        strv_add(env, "TZ=Pacific/Kiritimati");
    if (v->preload)
        strv_addf(env, MAKE_VARY_PRELOAD "=%s", v->preload);
    if (v->vary[USER])
        strv_addf(env, MAKE_VARY_USER "=%d", SEEN_USER);
}

/* The tool's command line for a build. */
static void add_command(const struct verify *v, int side, struct strv *argv)
{
    const struct options *o = &v->a->options;
    bool varied = side == 1;

    strv_addf(argv, "--cache-dir=%s", v->cache[side]);
    strv_addf(argv, "--output=%s/output", v->cache[side]);
    strv_addf(argv, "--jobs=%d", v->o.jobs + (varied && v->vary[JOBS]));
    again_options(o, SHARED_VERBOSE | SHARED_OFFLINE, argv);
    if (o->quiet || !o->verbose)
        strv_add(argv, "--quiet");
    if (o->debug)
        strv_add(argv, "--debug");
    if (o->no_sandbox || (varied && v->vary[SANDBOX]))
        strv_add(argv, "--no-sandbox");
    strv_add(argv, "--");
    strv_addv(argv, &v->ports);
}

static int build_side(const struct verify *v, int side, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    /* (Not its path: between the builds, another program may take its place there.) */
    WL_CLEANUP_FREE char *self = xasprintf("/proc/%d/exe", (int)getpid());
    int status, r;

    strv_add_all(&argv, "env", NULL);
    strv_addf(&argv, "WL_MAKE_ROOT=%s", v->a->roots.repo);
    /* Neither build may take from a remote store what it should make. */
    strv_add_all(&argv, "LC_ALL=C.UTF-8", "TZ=UTC", "WL_MAKE_CONFIG=/dev/null", NULL);
    if (side == 1)
        vary_environment(v, &argv);
    /* What the umask hides must not matter, so the second build hides all that can be hidden. */
    strv_add_all(&argv, "/bin/sh", "-c", "umask \"$0\"; exec \"$@\"", side == 1 && v->vary[UMASK] ? "077" : "022", self,
                 "build", NULL);
    add_command(v, side, &argv);
    r = run_command(&(struct run){.argv = argv.v, .cancel = &v->a->cancel}, &status, err);
    if (r < 0 || status == 0)
        return r;
    wl_err_set(err, WL_E_FAILED, "the %s build failed; its message is above", side ? "second" : "first");
    return side ? wl_err_hint(err, "--vary with fewer words shows what it cannot bear; --keep DIR keeps its logs")
                : wl_err_hint(err, "see whether it builds at all: wl-make %s", v->ports.v[0]);
}

/* --- comparing --- */

static void print_difference(void *data, const char *where, const char *what)
{
    struct verify *v = data;

    if (v->shown++ < MOST_LINES)
        ui_print(stdout, "%s: %s: %s\n", v->port, where, what);
}

/* Compares all that the first build made with what the second one made. */
static int compare_sides(struct verify *v, struct wl_err *err)
{
    struct side_artifacts a = {0}, b = {0};
    size_t ports = 0, bad_ports = 0, all = 0;
    int r = side_artifacts(v->cache[0], &a, err);

    if (r == 0)
        r = side_artifacts(v->cache[1], &b, err);
    for (size_t i = 0; r == 0 && i < a.n; i++) {
        const char *name = a.v[i].manifest.name;
        const struct side_artifact *other = side_artifact_of(&b, name);
        struct diff d = {.on_difference = print_difference, .data = v};
        size_t files = 0, differing = 0;

        if (!v->own->needs && !strv_has(&v->ports, name))
            continue;
        v->port = name;
        v->shown = 0;
        if (!other)
            r = wl_err_set(err, WL_E_FAILED, "the second build did not make %s", name);
        else
            r = diff_artifacts(&d, &a.v[i].manifest, a.v[i].tree, &other->manifest, other->tree, &files, &differing,
                               err);
        if (v->shown > MOST_LINES)
            ui_print(stdout, "%s: ... %zu more differences\n", name, v->shown - MOST_LINES);
        if (r == 0 && !differing && !v->a->options.quiet)
            ui_print(stdout, "%s: %zu files, the same in both builds\n", name, files);
        ports++;
        bad_ports += differing > 0;
        all += differing;
    }
    side_artifacts_free(&a);
    side_artifacts_free(&b);
    if (r == 0 && !ports)
        r = wl_err_set(err, WL_E_FAILED, "nothing was built that could be compared");
    if (r < 0 || !bad_ports)
        return r;
    wl_err_set(err, WL_E_VERIFY, "%zu files of %zu ports differ between two builds", all, bad_ports);
    return wl_err_hint(err, "--vary with fewer words shows what the difference comes from; man wl-make-verify");
}

/* --- the whole --- */

/* Finds the keys of what is built twice, so that it is not borrowed. */
static int find_keys(struct verify *v, struct wl_err *err)
{
    struct plan p = {0};
    int r = app_plan(v->a, &v->o, &v->ports, &p, err);

    for (size_t i = 0; r == 0 && i < p.n; i++)
        if (p.nodes[i].root)
            strv_add(&v->keys, p.nodes[i].key);
    plan_free(&p);
    return r;
}

static int make_sides(struct verify *v, struct wl_err *err)
{
    /* Another length, and other letters. */
    static const char *const names[] = {"a/cache", "another-directory/and/the_cache"};
    int r = 0;

    for (int side = 0; r == 0 && side < 2; side++) {
        v->cache[side] = path_join(v->dir, side == 0 || v->vary[DIRECTORY] ? names[side] : "b/cache");
        r = side_make(&v->a->store, v->cache[side], !v->own->needs, &v->keys, err);
    }
    return r;
}

static int verify_in(struct verify *v, struct wl_err *err)
{
    int r = make_sides(v, err);

    if (r == 0 && (v->vary[DATE] || v->vary[ORDER]))
        r = make_preload(v, err);
    if (r == 0)
        r = build_side(v, 0, err);
    if (r == 0)
        r = build_side(v, 1, err);
    return r < 0 ? r : compare_sides(v, err);
}

/* The directory that the user names must be a new one: what is in it would be mixed with the builds. */
static int verify_in_named(struct verify *v, struct wl_err *err)
{
    int r;

    v->dir = path_absolute(v->own->keep);
    if (path_exists(v->dir)) {
        wl_err_set(err, WL_E_USAGE, "--keep %s: it exists already", v->own->keep);
        return wl_err_hint(err, "name a directory that does not exist");
    }
    r = make_dirs(v->dir, err);
    return r < 0 ? r : verify_in(v, err);
}

static int verify_in_cache(struct verify *v, struct wl_err *err)
{
    struct store_work w;
    int r = work_begin_any(&w, &v->a->store, "verify", err);

    if (r == 0) {
        v->dir = xstrdup(w.dir);
        r = verify_in(v, err);
    }
    work_end(&w, false);
    return r;
}

static int check_signatures(const struct app *a, struct wl_err *err)
{
    const struct verify_options *own = a->options.own;
    const struct strv *files = &a->options.args;
    int r = 0;

    if (!files->n) {
        wl_err_set(err, WL_E_USAGE, "no file is named");
        return wl_err_hint(err, "for example wl-make verify --signature dist/" SUMS_FILE);
    }
    for (size_t i = 0; r == 0 && i < files->n; i++)
        r = signature_check(a, files->v[i], &own->public_keys, err);
    return r;
}

static int run(struct app *a, struct wl_err *err)
{
    struct verify v = {.a = a, .own = a->options.own};
    int r = read_list(&v, err);

    if (r == 0 && v.own->signature)
        return check_signatures(a, err);
    if (r == 0)
        r = app_ports(a, &v.ports, err);
    if (r == 0)
        app_build_options(a, &v.o, false);
    if (r == 0)
        r = store_hold(&a->store, &a->cancel, err);
    if (r == 0)
        r = store_hold_sources(&a->store, &a->cancel, err);
    if (r == 0)
        r = find_keys(&v, err);
    if (r == 0)
        r = v.own->keep ? verify_in_named(&v, err) : verify_in_cache(&v, err);
    strv_free(&v.ports);
    strv_free(&v.keys);
    free(v.dir);
    free(v.cache[0]);
    free(v.cache[1]);
    free(v.preload);
    return r;
}

const struct command command_verify = {
    .name = "verify",
    .usage = "verify [OPTION...] PORT...\n       wl-make verify --signature FILE...",
    .summary = "build a port twice and compare, or check signatures",
    .description =
        "Builds the ports twice, in caches of their own, with another date, directory, order of files, locale, time\n"
        "zone, umask, user and number of jobs, and says what differs: by file, and within it by section of a module\n"
        "or member of an archive. With --signature: checks FILE.minisig instead.",
    .options = options,
    .options_size = sizeof(struct verify_options),
    .shared = SHARED_BUILDING | SHARED_FLAVOUR | SHARED_DEBUG | SHARED_NO_SANDBOX,
    .run = run,
};
