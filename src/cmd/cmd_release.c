/* wl-make release: everything that has to hold before people get something, and then what they get. Each step is a
 * command of its own, started as a user starts it. */
#include "cmd/again.h"
#include "cmd/app.h"
#include "cmd/command.h"
#include "cmd/dist.h"
#include "cmd/signature.h"
#include "recipe/known_ports.h"
#include "util/fs.h"
#include "util/run.h"

#include <ctype.h>
#include <string.h>

#define CHANGES_FILE "CHANGELOG.md"
#define NOTES_FILE "RELEASE-NOTES.md"
#define LICENSES_FILE "ports/licenses.txt"

enum { MOST_CHANGES = 4 << 20 };

/* What can be left out, in the order in which it is done. The notes say of each whether it was. */
enum step { TREE, CHECK, VERIFY, AUDIT, STEPS };
static const struct {
    const char *name, *done;
    const struct command *command; /* NULL: none */
} steps[] = {
    [TREE] = {"tree", "The files are those of one commit, without changes.", NULL},
    [CHECK] = {"check", "The project's own tests passed (`wl-make check`).", &command_check},
    [VERIFY] = {"verify", "Two builds under different conditions gave the same bytes (`wl-make verify`).",
                &command_verify},
    [AUDIT] = {"audit",
               "The database of vulnerabilities named below knows none in it, and all its licenses are in "
               "`" LICENSES_FILE "` (`wl-make audit`).",
               &command_audit},
};

struct release_options {
    char *dir, *database, *sign, *password_file;
    struct strv skip;
};

#define AT(m) .member = offsetof(struct release_options, m)
static const struct option_spec options[] = {
    {'o', "output", "write the files to the new directory DIR (default: dist)", "DIR", OPTION_TEXT, AT(dir)},
    {0, "database", "for audit: a file or a directory of records in the format OSV", "PATH", OPTION_TEXT, AT(database)},
    {0, "sign", "sign SHA256SUMS with the secret key FILE", "FILE", OPTION_TEXT, AT(sign)},
    {0, "password-file", "the password of that key is the first line of FILE (default: it is typed)", "FILE",
     OPTION_TEXT, AT(password_file)},
    {0, "skip", "leave out tree, check, verify or audit; may be repeated, and the notes say so", "STEP", OPTION_LIST,
     AT(skip)},
    {0},
};

struct release {
    struct app *a;
    const struct release_options *own;
    char *dir, *python, *changes, *commit;
    bool skipped[STEPS];
    const struct sign_secret *key; /* NULL: nothing is signed */
};

/* --- what is new --- */

/* The section of the changelog whose heading is "## VERSION", with or without a date behind it. The caller frees it;
 * NULL: there is none, or it is empty. */
static char *section_of(const char *changes, const char *version)
{
    const size_t n = strlen(version);
    const char *start = NULL, *line = changes, *end;

    for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (!starts_with(line, "## "))
            continue;
        if (start)
            break;
        if (!strncmp(line + 3, version, n) && !isalnum((unsigned char)line[3 + n]) && !strchr(".-+", line[3 + n]))
            start = line + strcspn(line, "\n");
    }
    if (!start)
        return NULL;
    for (end = line; end > start && isspace((unsigned char)end[-1]); end--)
        ;
    while (start < end && isspace((unsigned char)*start))
        start++;
    return start < end ? xstrndup(start, (size_t)(end - start)) : NULL;
}

static int read_changes(struct release *d, struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = path_join(d->a->roots.repo, CHANGES_FILE), *text = NULL;
    int r = file_read(file, MOST_CHANGES, &text, NULL, err);

    if (r < 0)
        return r;
    d->changes = section_of(text, WL_VERSION);
    if (d->changes)
        return 0;
    wl_err_set(err, WL_E_USAGE, "%s says nothing about version " WL_VERSION, file);
    return wl_err_hint(err, "write what is new below a line \"## " WL_VERSION "\"");
}

/* --- steps --- */

static int git(const struct release *d, char **output, const char *const *words, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    int status = 0, r;

    strv_add(&argv, "git");
    strv_add(&argv, "-C");
    strv_add(&argv, d->a->roots.repo);
    for (; *words; words++)
        strv_add(&argv, *words);
    r = run_capture(&(struct run){.argv = argv.v, .cancel = &d->a->cancel}, &status, output, err);
    if (r < 0 || status == 0)
        return r;
    wl_err_set(err, WL_E_USAGE, "git says nothing about %s: %.*s", d->a->roots.repo, (int)strcspn(*output, "\n"),
               *output);
    return wl_err_hint(err, "release from a clone, or leave this out with --skip tree");
}

static int check_tree(struct release *d, struct wl_err *err)
{
    WL_CLEANUP_FREE char *changed = NULL;
    int r = git(d, &changed, (const char *const[]){"status", "--porcelain", NULL}, err);

    if (r == 0 && *changed) {
        wl_err_set(err, WL_E_USAGE, "%s has changes that are not committed: %.*s", d->a->roots.repo,
                   (int)strcspn(changed, "\n"), changed);
        return wl_err_hint(err, "commit them, or leave this out with --skip tree");
    }
    if (r == 0)
        r = git(d, &d->commit, (const char *const[]){"rev-parse", "HEAD", NULL}, err);
    if (r == 0)
        d->commit[strcspn(d->commit, "\n")] = '\0';
    return r;
}

static int start(const struct release *d, const struct strv *argv, struct wl_err *err)
{
    const char *command = argv->v[1];
    int status = 0, r;

    if (!d->a->options.quiet)
        ui_print(stdout, "release: %s\n", command);
    r = again_run(d->a, argv, 0, NULL, &status, err);
    if (r < 0 || status == 0)
        return r;
    wl_err_set(err, WL_E_FAILED, "there is no release: %s ended with status %d", command, status);
    return wl_err_hint(err, "what it found is above");
}

static int one_step(struct release *d, enum step step, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};

    if (step == TREE)
        return check_tree(d, err);
    again_begin(d->a, steps[step].command, &argv);
    if (step == VERIFY)
        strv_add(&argv, d->python);
    if (step == AUDIT) {
        strv_addf(&argv, "--database=%s", d->own->database);
        strv_addf(&argv, "--licenses=%s/" LICENSES_FILE, d->a->roots.repo);
        strv_add(&argv, d->python);
        strv_add(&argv, WLPY_TREE_PORT);
    }
    return start(d, &argv, err);
}

/* --- what people get --- */

static char *notes_text(const struct release *d)
{
    struct str s = {0};

    str_addf(&s, "# wl-make " WL_VERSION "\n\n%s\n\n## How this release was made\n\n", d->changes);
    if (d->commit)
        str_addf(&s, "Commit %s, with %s inside.\n\n", d->commit, d->python);
    else
        str_addf(&s, "With %s inside.\n\n", d->python);
    for (int i = 0; i < STEPS; i++)
        if (d->skipped[i])
            str_addf(&s, "- Left out: %s.\n", steps[i].name);
        else
            str_addf(&s, "- %s\n", steps[i].done);
    if (!d->skipped[AUDIT])
        str_addf(&s, "\nThe database was %s.\n", path_base(d->own->database));
    str_add(&s, "\n`sha256sum --check " SUMS_FILE "` compares the files with their hashes.");
    if (d->key)
        str_add(&s, " `wl-make verify --signature --public-key KEY " SUMS_FILE "`\n"
                    "checks who signed them, too.");
    str_add(&s, "\n");
    return str_take(&s);
}

/* The notes, and a SHA256SUMS with them, to which dist adds its files. */
static int write_notes(const struct release *d, const char *dir, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = notes_text(d), *notes = path_join(dir, NOTES_FILE), *sums = path_join(dir, SUMS_FILE),
                         *line = NULL;
    int r = file_write(notes, text, strlen(text), err);

    if (r == 0)
        r = sums_line(notes, &line, err);
    return r != 0 ? r : file_write(sums, line, strlen(line), err);
}

/* Everything is made aside. (The directory that the release becomes is one with the usual permissions, inside of the
 * one that is ours alone.) */
static int write_files(const struct release *d, struct wl_err *err)
{
    WL_CLEANUP_FREE char *parent = path_dir(d->dir), *made = NULL, *sums = NULL;
    WL_CLEANUP_TEMP_DIR struct temp_dir aside = {0};
    WL_CLEANUP_STRV struct strv argv = {0};
    int r = make_dirs(parent, err);

    if (r == 0)
        r = temp_dir_make(&aside, parent, path_base(d->dir), err);
    if (r < 0)
        return r;
    made = path_join(aside.path, path_base(d->dir));
    sums = path_join(made, SUMS_FILE);
    r = make_dirs(made, err);
    if (r == 0)
        r = write_notes(d, made, err);
    again_begin(d->a, &command_dist, &argv);
    strv_add(&argv, "--all");
    strv_addf(&argv, "--output=%s", made);
    strv_add(&argv, d->python);
    if (r == 0)
        r = start(d, &argv, err);
    if (r == 0 && d->key)
        r = signature_write(d->key, sums, NULL, err);
    if (r == 0)
        r = path_sync(made, err);
    if (r == 0 && rename(made, d->dir) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot rename %s to %s", made, d->dir);
    return r;
}

/* --- the command --- */

static int find_skipped(struct release *d, struct wl_err *err)
{
    for (size_t i = 0; i < d->own->skip.n; i++) {
        int k = 0;

        while (k < STEPS && strcmp(steps[k].name, d->own->skip.v[i]) != 0)
            k++;
        if (k == STEPS) {
            wl_err_set(err, WL_E_USAGE, "--skip: there is no step %s", d->own->skip.v[i]);
            return wl_err_hint(err, "the steps are tree, check, verify and audit");
        }
        d->skipped[k] = true;
    }
    if (d->skipped[AUDIT] == !d->own->database)
        return 0;
    wl_err_set(err, WL_E_USAGE, d->own->database ? "--database and --skip audit are given" : "--database is missing");
    return wl_err_hint(err, "audit needs a database in the format OSV; leave it out with --skip audit");
}

/* What is wrong is found before anything that takes long. */
static int release(struct release *d, struct wl_err *err)
{
    const struct strv *args = &d->a->options.args;
    int r = find_skipped(d, err);

    if (r == 0 && args->n > 1)
        r = wl_err_set(err, WL_E_USAGE, "release takes one Python");
    if (r == 0)
        r = dist_python(d->a, args->n ? args->v[0] : DEFAULT_PYTHON_PORT, err, &d->python);
    if (r == 0)
        r = read_changes(d, err);
    if (r == 0 && path_exists(d->dir)) {
        wl_err_set(err, WL_E_IO, "%s exists: a release begins with an empty directory", d->dir);
        r = wl_err_hint(err, "remove it, or name another one with -o");
    }
    for (int i = 0; r == 0 && i < STEPS; i++)
        if (!d->skipped[i])
            r = one_step(d, i, err);
    if (r == 0)
        r = write_files(d, err);
    if (r == 0 && !d->a->options.quiet)
        ui_print(stdout, "%s has release " WL_VERSION "; %s/" NOTES_FILE " says what is in it\n", d->dir, d->dir);
    return r;
}

static int run(struct app *a, struct wl_err *err)
{
    const struct release_options *own = a->options.own;
    struct release d = {.a = a, .own = own, .dir = xstrdup(own->dir ? own->dir : "dist")};
    struct sign_secret key = {0};
    int r = own->sign ? signature_key(a, own->sign, own->password_file, &key, err) : 0;

    d.key = own->sign ? &key : NULL;
    for (size_t n = strlen(d.dir); n > 1 && d.dir[n - 1] == '/'; n--)
        d.dir[n - 1] = '\0';
    if (r == 0)
        r = release(&d, err);
    sign_forget(&key);
    free(d.dir);
    free(d.python);
    free(d.changes);
    free(d.commit);
    return r;
}

const struct command command_release = {
    .name = "release",
    .usage = "release [OPTION...] [PYTHON]",
    .summary = "check everything, then write what people download",
    .description =
        "Runs the project's tests, builds the Python (default: " DEFAULT_PYTHON_PORT ") twice and compares, audits\n"
        "what is in it, and then writes all files of dist --all to a new directory, with notes from " CHANGES_FILE ".\n"
        "Nothing is written unless every step succeeds.",
    .options = options,
    .options_size = sizeof(struct release_options),
    .shared = SHARED_BUILDING | SHARED_NO_SANDBOX,
    .run = run,
};
