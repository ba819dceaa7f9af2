/* wl-make bump: puts another version into a recipe, with the hashes of its archives, and says what changed upstream. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "make/patch.h"
#include "source/offers.h"
#include "util/fs.h"
#include "util/unpack.h"
#include "util/version.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { MAX_RECIPE = 1 << 20 };

struct bump {
    struct app *a;
    struct store_work work;
    struct recipe *before, *after;
    struct recipe_roots roots; /* those of the run, after a directory with the new recipe */
    char *file;                /* the new recipe, as it is tried */
    char *text;                /* its text */
    char *version;
    struct fetch_options fetch;
    char *archive; /* the first source's new archive */
    int strip;
    bool broken; /* a patch does not apply */
};

/* --- the text of a recipe --- */

/* Replaces a part of the text. */
static void replace(char **text, size_t at, size_t n, const char *with)
{
    char *result = xasprintf("%.*s%s%s", (int)at, *text, with, *text + at + n);

    free(*text);
    *text = result;
}

/* Where the value of a key at the beginning of a line is; *n its length, without quotes and comments. NULL: the key is
 * not there. */
static const char *value_of(const char *text, const char *key, size_t *n)
{
    size_t len = strlen(key);

    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *value = line + len + 1;

        if (strncmp(line, key, len) != 0 || line[len] != ':')
            continue;
        value += strspn(value, " ");
        if (*value == '"' || *value == '\'') {
            *n = strcspn(value + 1, value[0] == '"' ? "\"\n" : "'\n");
            return value + 1;
        }
        *n = strcspn(value, " #\n");
        return value;
    }
    return NULL;
}

static bool set_value(char **text, const char *key, const char *value)
{
    size_t n;
    const char *at = value_of(*text, key, &n);

    if (at)
        replace(text, (size_t)(at - *text), n, value);
    return at;
}

/* Replaces all of these words, where they are not part of a longer number; returns how many. */
static size_t replace_words(char **text, const char *word, const char *with)
{
    size_t count = 0, n = strlen(word);

    for (size_t at = 0; (*text)[at];) {
        const char *found = strstr(*text + at, word);

        if (!found)
            break;
        at = (size_t)(found - *text);
        if ((at && isdigit((unsigned char)(*text)[at - 1])) || isdigit((unsigned char)(*text)[at + n])) {
            at++;
            continue;
        }
        replace(text, at, n, with);
        at += strlen(with);
        count++;
    }
    return count;
}

/* A version with another letter for its dots. The caller frees it. */
static char *respelled(const char *version, char dot)
{
    char *copy = xstrdup(version);

    for (char *p = copy; *p; p++)
        if (*p == '.')
            *p = dot;
    return copy;
}

/* Addresses often have the version as R_2_9_0 or 2-9-0; ${version} fills in only 2.9.0. */
static void replace_spellings(struct bump *b)
{
    for (const char *dot = "_-"; *dot; dot++) {
        WL_CLEANUP_FREE char *before = respelled(b->before->version, *dot), *after = respelled(b->version, *dot);

        if (strchr(b->before->version, '.'))
            replace_words(&b->text, before, after);
    }
}

/* --- which version --- */

static int find_newest(struct bump *b, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(b->a->store.cache, "offers");
    WL_CLEANUP_STR struct str reasons = {0};
    const struct recipe *r = b->before;
    struct offers *offers = offers_new(&b->fetch, dir);
    bool answered = false;

    for (size_t k = 0; k < r->sources[0].source.n; k++)
        for (size_t i = 0; i < r->sources[0].source.archives[k].urls.n; i++) {
            const struct offer_query q = {r->sources[0].source.archives[k].urls.v[i], r->version, r->track};
            WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
            WL_CLEANUP_FREE char *newest = NULL;

            if (offers_newest(offers, &q, &newest, &why) < 0) {
                WL_CLEANUP_FREE char *place = offers_place(q.url);

                str_addf(&reasons, "%s%s (%s)", reasons.len ? ", " : "", place, why.text);
                continue;
            }
            answered = true;
            if (newest && (!b->version || version_compare(newest, b->version) > 0)) {
                free(b->version);
                b->version = xstrdup(newest);
            }
        }
    offers_free(offers);
    if (answered)
        return 0;
    wl_err_set(err, WL_E_FETCH, "%s: no address says which versions exist: %s", r->name, reasons.s);
    return wl_err_hint(err, "name the version: wl-make bump %s VERSION", r->name);
}

/* --- the new recipe --- */

/* Loads the recipe from its text, which is written where its patches and files are, too. */
static int load_text(struct bump *b, struct wl_err *err)
{
    int r = file_write(b->file, b->text, strlen(b->text), err);

    recipe_free(b->after);
    b->after = NULL;
    return r < 0 ? r : recipe_load(&b->roots, b->before->name, &b->after, err);
}

static int prepare_text(struct bump *b, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_dir(b->before->file), *ports = path_join(b->work.dir, "ports"),
                         *copy = path_join(ports, b->before->name), *above = path_dir(copy);
    int r = make_dirs(above, err);

    b->file = path_join(copy, "recipe.yaml");
    if (r == 0)
        r = copy_tree(dir, copy, err);
    strv_add(&b->roots.ports, ports);
    strv_addv(&b->roots.ports, &b->a->roots.ports);
    b->roots.repo = xstrdup(b->a->roots.repo);
    set_value(&b->text, "version", b->version);
    replace_spellings(b);
    return r < 0 ? r : load_text(b, err);
}

static bool same_addresses(const struct source_archive *a, const struct source_archive *b)
{
    for (size_t i = 0; i < a->urls.n; i++)
        if (i >= b->urls.n || strcmp(a->urls.v[i], b->urls.v[i]) != 0)
            return false;
    return a->urls.n == b->urls.n;
}

/* Downloads an archive from the first of its addresses that serves it; *file is the path, which the caller frees. */
static int download(struct bump *b, const struct source_archive *a, size_t number, char **file, struct str *reasons,
                    struct wl_err *err)
{
    for (size_t i = 0; i < a->urls.n; i++) {
        WL_CLEANUP_FREE char *name = source_file_name(a->urls.v[i]);
        WL_CLEANUP_FREE char *dir = xasprintf("%s/archives/%zu-%zu", b->work.dir, number, i),
                             *part = path_join(dir, name);
        WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
        const struct source_kind *kind = source_kind_of(a->urls.v[i], err);
        int r;

        if (!kind)
            return -(int)err->cls;
        r = make_dirs(dir, err);
        if (r < 0)
            return r;
        r = b->fetch.offline && kind->needs_network ? wl_err_set(&why, WL_E_FETCH, "not tried: offline")
                                                    : kind->get(a->urls.v[i], "", part, &b->fetch, &why);
        if (r == 0) {
            *file = part;
            part = NULL;
            return 0;
        }
        if (why.cls == WL_E_INTERRUPTED || why.cls == WL_E_IO)
            return wl_err_set(err, why.cls, "%s", why.text);
        str_addf(reasons, "%s%s (%s)", reasons->len ? ", " : "", a->urls.v[i], why.text);
    }
    return 1;
}

/* Puts the hash of one archive into the text. */
static int update_archive(struct bump *b, size_t source, size_t archive, size_t number, struct wl_err *err)
{
    const struct source_archive *old = &b->before->sources[source].source.archives[archive],
                                *new = &b->after->sources[source].source.archives[archive];
    WL_CLEANUP_STR struct str reasons = {0};
    WL_CLEANUP_FREE char *file = NULL;
    char hex[HASH_HEX_SIZE];
    int r;

    if (same_addresses(old, new)) {
        ui_print(stdout, "  unchanged: %s does not depend on the version\n", new->urls.v[0]);
        return 0;
    }
    r = download(b, new, number, &file, &reasons, err);
    if (r > 0)
        ui_print(stdout, "  not updated: the hash of %s: %s\n", new->urls.v[0], reasons.s);
    if (r != 0)
        return r < 0 ? r : 0;
    r = hash_file(file, hex, err);
    if (r < 0)
        return r;
    if (!replace_words(&b->text, old->sha256, hex)) {
        wl_err_set(err, WL_E_RECIPE, "%s: the hash of %s is in a recipe that it inherits from", b->before->file,
                   old->urls.v[0]);
        return wl_err_hint(err, "change it there, or give the port its own 'sha256'");
    }
    ui_print(stdout, "  %s: sha256 %s\n", path_base(file), hex);
    if (source == 0 && !b->archive) {
        b->archive = file;
        b->strip = b->after->sources[0].strip;
        file = NULL;
    }
    return 0;
}

static int update_hashes(struct bump *b, struct wl_err *err)
{
    size_t number = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < b->after->sources_n && i < b->before->sources_n; i++)
        for (size_t k = 0; r == 0 && k < b->after->sources[i].source.n && k < b->before->sources[i].source.n; k++)
            r = update_archive(b, i, k, number++, err);
    if (r < 0 || b->archive)
        return r;
    wl_err_set(err, WL_E_FETCH, "%s: no archive of version %s could be downloaded (see above); nothing was changed",
               b->before->name, b->version);
    return wl_err_hint(err, "see whether upstream offers that version: wl-make outdated %s", b->before->name);
}

/* --- what changed --- */

/* The day of the newest file, which is close to upstream's release; none after today. */
static void newest_file(const char *path, time_t *newest)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    struct stat st;

    if (lstat(path, &st) < 0)
        return;
    if (S_ISREG(st.st_mode) && st.st_mtime > *newest && st.st_mtime <= time(NULL))
        *newest = st.st_mtime;
    if (!S_ISDIR(st.st_mode) || dir_list(path, &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FREE char *sub = path_join(path, names.v[i]);

        newest_file(sub, newest);
    }
}

static void update_date(struct bump *b, const char *tree)
{
    char date[16];
    time_t newest = 0;
    struct tm tm;
    size_t n;

    newest_file(tree, &newest);
    if (!newest || !value_of(b->text, "date", &n))
        return;
    gmtime_r(&newest, &tm);
    strftime(date, sizeof date, "%Y-%m-%d", &tm);
    set_value(&b->text, "date", date);
    ui_print(stdout, "  date: %s, the day of the newest file in the archive\n", date);
}

/* Says which files are new, gone and changed. Licences are named. */
static void compare_trees(const struct manifest *old, const struct manifest *new)
{
    size_t added = 0, removed = 0, changed = 0, i = 0, k = 0;

    while (i < old->files_n || k < new->files_n) {
        const int order = manifest_compare_next(old, i, new, k);
        const struct manifest_file *any = order <= 0 ? &old->files[i] : &new->files[k];
        bool differs = order != 0 || strcmp(any->sha256, new->files[k].sha256) != 0;
        const char *name = path_base(any->path);

        if (any->type != MANIFEST_FOLDER && differs) {
            added += order > 0;
            removed += order < 0;
            changed += order == 0;
            if (!strncasecmp(name, "LICEN", 5) || !strncasecmp(name, "COPYING", 7) || !strncasecmp(name, "NOTICE", 6))
                ui_print(stdout, "  licence: %s is %s\n", any->path,
                         order > 0   ? "new"
                         : order < 0 ? "gone"
                                     : "another one");
        }
        i += order <= 0;
        k += order >= 0;
    }
    ui_print(stdout, "  files: %zu added, %zu removed, %zu changed\n", added, removed, changed);
}

static int show_changes(struct bump *b, const char *tree, struct wl_err *err)
{
    WL_CLEANUP_FREE char *cached = NULL, *before = path_join(b->work.dir, "before");
    WL_CLEANUP_MANIFEST struct manifest old = {0}, new = {0};
    size_t index = 0;
    int r;

    if (source_cached(&b->before->sources[0].source, &b->fetch, &cached, &index) != 0) {
        ui_print(stdout, "  files: not compared, because version %s is not in the cache (wl-make fetch gets it)\n",
                 b->before->version);
        return 0;
    }
    r = make_dirs(before, err);
    if (r == 0)
        r = archive_unpack(cached, before, b->before->sources[0].strip, &b->a->cancel, err);
    r = r < 0 ? r : manifest_scan(&old, before, err);
    r = r < 0 ? r : manifest_scan(&new, tree, err);
    if (r == 0)
        compare_trees(&old, &new);
    return r;
}

static int try_patches(struct bump *b, const char *tree, struct wl_err *err)
{
    for (size_t i = 0; i < b->after->patches.n; i++) {
        WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
        const char *name = path_base(b->after->patches.v[i]);

        if (patch_apply(b->after->patches.v[i], tree, &b->a->cancel, &why) == 0)
            continue;
        if (why.cls == WL_E_INTERRUPTED)
            return cancel_error(err);
        ui_print(stdout, "  patch: %s does not apply: %s\n", name, why.text);
        b->broken = true;
        return 0;
    }
    if (b->after->patches.n)
        ui_print(stdout, "  patches: all %zu apply\n", b->after->patches.n);
    return 0;
}

/* --- the whole --- */

static int bump_in(struct bump *b, struct wl_err *err)
{
    WL_CLEANUP_FREE char *tree = path_join(b->work.dir, "after");
    int r = prepare_text(b, err);

    if (r < 0)
        return r;
    ui_print(stdout, "%s: %s -> %s\n", b->before->name, b->before->version, b->version);
    r = update_hashes(b, err);
    if (r == 0 && b->after->sources[0].unpack) {
        r = make_dirs(tree, err);
        if (r == 0)
            r = archive_unpack(b->archive, tree, b->strip, &b->a->cancel, err);
        if (r == 0) {
            update_date(b, tree);
            r = show_changes(b, tree, err);
        }
        if (r == 0)
            r = try_patches(b, tree, err);
    }
    /* What is written must be a recipe. */
    if (r == 0)
        r = load_text(b, err);
    if (r == 0 && !b->a->options.dry_run)
        r = file_write(b->before->file, b->text, strlen(b->text), err);
    if (r == 0 && b->broken)
        b->a->status = WL_E_FAILED;
    return r;
}

/* A family's port has no file of its own, and others inherit their version. */
static int read_own(struct bump *b, struct wl_err *err)
{
    WL_CLEANUP_FREE char *end = xasprintf("/%s/recipe.yaml", b->before->name);
    size_t n;
    int r = file_read(b->before->file, MAX_RECIPE, &b->text, &n, err);

    if (r < 0)
        return r;
    if (!ends_with(b->before->file, end) || !value_of(b->text, "version", &n)) {
        wl_err_set(err, WL_E_USAGE, "%s has no version of its own: %s does not say one", b->before->name,
                   b->before->file);
        return wl_err_hint(err, "bump the port that it is made from");
    }
    if (b->before->sources_n)
        return 0;
    wl_err_set(err, WL_E_USAGE, "%s has no sources", b->before->name);
    return wl_err_hint(err, "change the version in %s by hand", b->before->file);
}

static int bump_port(struct bump *b, const char *given, struct wl_err *err)
{
    int r = read_own(b, err);

    if (r == 0 && given)
        b->version = xstrdup(given);
    else if (r == 0)
        r = find_newest(b, err);
    if (r < 0)
        return r;
    if (!b->version || !strcmp(b->version, b->before->version)) {
        ui_print(stdout, "%s: nothing to do, %s is the %s version\n", b->before->name, b->before->version,
                 given ? "recipe's" : "newest");
        return 0;
    }
    if (!isalnum((unsigned char)*b->version) ||
        strspn(b->version, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+~-_") !=
            strlen(b->version)) {
        wl_err_set(err, WL_E_USAGE, "'%s' is not a version", b->version);
        return wl_err_hint(err, "for example: wl-make bump zlib 1.3.2");
    }
    r = work_begin_any(&b->work, &b->a->store, "bump", err);
    return r < 0 ? r : bump_in(b, err);
}

static int run(struct app *a, struct wl_err *err)
{
    struct dead_hosts *dead = dead_hosts_new();
    struct bump b = {.a = a,
                     .work = {.lock = -1},
                     .fetch = {.cache = a->store.sources,
                               .offline = a->options.offline,
                               .cancel = &a->cancel,
                               .dead = dead,
                               .installer = a->installer}};
    WL_CLEANUP_FREE char *name = NULL;
    int r = 0;

    if (!a->options.args.n || a->options.args.n > 2) {
        wl_err_set(err, WL_E_USAGE, "bump takes a port and, if that is not to be the newest, a version");
        r = wl_err_hint(err, "for example: wl-make bump zlib 1.3.2");
    }
    if (r == 0)
        r = app_port(a, a->options.args.v[0], &name, err);
    if (r == 0)
        r = recipe_load(&a->roots, name, &b.before, err);
    if (r == 0)
        r = bump_port(&b, a->options.args.n > 1 ? a->options.args.v[1] : NULL, err);
    work_end(&b.work, false);
    recipe_free(b.before);
    recipe_free(b.after);
    recipe_roots_free(&b.roots);
    dead_hosts_free(dead);
    free(b.file);
    free(b.text);
    free(b.version);
    free(b.archive);
    return r;
}

const struct command command_bump = {
    .name = "bump",
    .usage = "bump PORT [VERSION]",
    .summary = "put another version into a recipe",
    .description =
        "Puts a version, by default the newest that the port's addresses offer, into the port's recipe, with the\n"
        "hashes of its archives and its date. Says what changed upstream, and whether the patches still apply.",
    .shared = SHARED_DRY_RUN | SHARED_OFFLINE,
    .run = run,
};
