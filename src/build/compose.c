#include "compose.h"

#include "fs.h"

#include <string.h>
#include <sys/stat.h>

/* The note in a composed folder: the key it was made from, then size and name of each file, so that a file that was
 * removed or cut is noticed. */
#define NOTE ".wl-make"

char *compose_dir(const char *output, const struct recipe *recipe)
{
    return path_join(output, recipe->flavour_of ? recipe->flavour_of : recipe->name);
}

/* A flavour lies in the folder of its port, with a note of its own. */
static char *note_path(const char *dir, const char *flavour)
{
    return flavour ? xasprintf("%s/%s-%s", dir, NOTE, flavour) : path_join(dir, NOTE);
}

bool compose_made(const char *dir, const char *flavour)
{
    WL_CLEANUP_FREE char *note = note_path(dir, flavour);

    return path_exists(note);
}

static int list_files(const char *dir, const char *prefix, struct str *out, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir_list(dir, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *path = path_join(dir, names.v[i]), *name = path_join(prefix, names.v[i]);
        struct stat st;

        if (lstat(path, &st) < 0)
            return wl_err_unreadable(err, WL_E_IO, "cannot read %s", path);
        if (S_ISDIR(st.st_mode))
            r = list_files(path, name, out, err);
        else
            str_addf(out, "%lld %s\n", (long long)st.st_size, name);
    }
    return r;
}

static void key_of(const struct plan *p, size_t node, const bool *linked, char key[HASH_HEX_SIZE])
{
    struct hash *h = hash_new();

    hash_field(h, "artifact", p->nodes[node].key);
    for (size_t i = 0; i < p->n; i++)
        if (linked[i])
            hash_field(h, "linked", p->nodes[i].key);
    hash_end(h, key);
}

void compose_key(const struct plan *p, size_t node, char key[HASH_HEX_SIZE])
{
    bool *linked = xcalloc(p->n, sizeof *linked);

    /* Nothing is merged into a flavour's own files. */
    if (!p->nodes[node].recipe->flavour)
        plan_link_closure(p, node, linked);
    key_of(p, node, linked, key);
    free(linked);
}

bool compose_is_current(const char *dir, const char *flavour, const char *key)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_FREE char *note = note_path(dir, flavour), *text = NULL;
    char *line;

    if (file_read(note, 16u << 20, &text, NULL, &ignored) < 0 || strncmp(text, key, strlen(key)) != 0)
        return false;
    for (line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
        char *end = strchr(line + 1, '\n'), *name = NULL;
        long long size = strtoll(line + 1, &name, 10);
        WL_CLEANUP_FREE char *path = NULL;
        struct stat st;

        if (!end || !name || *name != ' ')
            return false;
        *end = '\0';
        path = path_join(dir, name + 1);
        *end = '\n';
        if (lstat(path, &st) < 0 || st.st_size != size)
            return false;
    }
    return true;
}

/* Merges a library's include/ or lib/ into the composition; what the artifact itself has there stays. */
static int merge(const char *from, const char *to, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r;

    if (!path_is_dir(from))
        return 0;
    r = make_dirs(to, err);
    if (r == 0)
        r = dir_list(from, &names, err);
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *sub = path_join(from, names.v[i]), *into = path_join(to, names.v[i]);

        if (path_is_dir(sub))
            r = merge(sub, into, err);
        else if (!path_exists(into))
            r = copy_tree(sub, into, err);
    }
    return r;
}

/* What is copied has been compared with its manifest before, by who made the plan or here. */
static int check_artifact(const struct store *s, const struct node *n, struct wl_err *err)
{
    WL_CLEANUP_FREE char *damage = NULL;
    int r = n->whole ? 1 : store_check(s, n->key, &damage, err);

    if (r != 0)
        return r < 0 ? r : 0;
    if (damage)
        wl_err_set(err, WL_E_VERIFY, "the stored artifact of %s is damaged (%s)", n->recipe->name, damage);
    else
        wl_err_set(err, WL_E_IO, "the stored artifact of %s is gone", n->recipe->name);
    return wl_err_hint(err, "run the same command again: the artifact will be made again");
}

static int fill(const struct store *s, const struct plan *p, size_t node, const bool *linked, const char *dir,
                struct wl_err *err)
{
    static const char *const shared[] = {"include", "lib"};
    WL_CLEANUP_FREE char *artifact = store_path(s, p->nodes[node].key);
    int r = check_artifact(s, &p->nodes[node], err);

    if (r == 0)
        r = copy_tree(artifact, dir, err);
    for (size_t i = 0; r == 0 && i < p->n; i++) {
        WL_CLEANUP_FREE char *library = linked[i] ? store_path(s, p->nodes[i].key) : NULL;

        if (!library)
            continue;
        r = check_artifact(s, &p->nodes[i], err);
        for (size_t k = 0; r == 0 && k < sizeof shared / sizeof *shared; k++) {
            WL_CLEANUP_FREE char *from = path_join(library, shared[k]), *to = path_join(dir, shared[k]);

            r = merge(from, to, err);
        }
    }
    return r;
}

static int write_note(const char *dir, const char *key, struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = path_join(dir, NOTE);
    WL_CLEANUP_STR struct str text = {0};
    int r;

    str_addf(&text, "%s\n", key);
    r = list_files(dir, "", &text, err);
    return r < 0 ? r : file_write(file, text.s, text.len, err);
}

/* --output may name any folder, and what was not made here must not be lost. */
static int check_place(const char *dir, struct wl_err *err)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};

    if (!path_exists(dir) || compose_made(dir, NULL) || (dir_list(dir, &names, &ignored) == 0 && names.n == 0))
        return 0;
    wl_err_set(err, WL_E_IO, "%s already exists and was not created by wl-make", dir);
    return wl_err_hint(err, "move it away, or name another folder with --output");
}

static int compose_new(const struct store *s, const struct plan *p, size_t node, const bool *linked, const char *dir,
                       const char *key, struct wl_err *err)
{
    WL_CLEANUP_FREE char *parent = path_dir(dir);
    WL_CLEANUP_TEMP_DIR struct temp_dir aside = {.fd = -1};
    int r = check_place(dir, err);

    if (r == 0)
        r = make_dirs(parent, err);
    sweep_aside(parent, path_base(dir));
    if (r == 0)
        r = temp_dir_make(&aside, parent, path_base(dir), err);
    if (r == 0)
        r = fill(s, p, node, linked, aside.path, err);
    if (r == 0)
        r = write_note(aside.path, key, err);
    if (r == 0)
        r = path_sync(aside.path, err);
    return r < 0 ? r : path_replace(aside.path, dir, err);
}

static int compose_plain(const struct store *s, const struct plan *p, size_t node, const char *dir, bool *changed,
                         struct wl_err *err)
{
    bool *linked = xcalloc(p->n, sizeof *linked);
    char key[HASH_HEX_SIZE];
    int r = 0;

    plan_link_closure(p, node, linked);
    key_of(p, node, linked, key);
    *changed = !compose_is_current(dir, NULL, key);
    if (*changed)
        r = compose_new(s, p, node, linked, dir, key, err);
    free(linked);
    return r;
}

/* The files that a note tells of, without the folder; none where there is no note. */
static void note_files(const char *dir, const char *flavour, struct strv *names)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_FREE char *note = note_path(dir, flavour), *text = NULL;

    if (file_read(note, 16u << 20, &text, NULL, &ignored) < 0)
        return;
    for (char *line = strchr(text, '\n'), *end; line && (end = strchr(line + 1, '\n')); line = end) {
        char *name = memchr(line + 1, ' ', (size_t)(end - line - 1));

        if (name)
            strv_take(names, xstrndup(name + 1, (size_t)(end - name - 1)));
    }
}

static void remove_files(const char *dir, const struct strv *names, const struct strv *but)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    for (size_t i = 0; i < names->n; i++) {
        WL_CLEANUP_FREE char *path = path_join(dir, names->v[i]);

        if (!strv_has(but, names->v[i]))
            remove_tree(path, &ignored);
    }
}

/* Copies one file into its place, aside and then renamed: a program that uses the old one keeps it. */
static int put_file(const char *from, const char *dir, const char *name, struct wl_err *err)
{
    WL_CLEANUP_FREE char *to = path_join(dir, name), *parent = path_dir(to), *copy = NULL;
    WL_CLEANUP_TEMP_DIR struct temp_dir aside = {.fd = -1};
    int r = make_dirs(parent, err);

    sweep_aside(parent, path_base(to));
    if (r == 0)
        r = temp_dir_make(&aside, parent, path_base(to), err);
    if (r < 0)
        return r;
    copy = path_join(aside.path, path_base(to));
    r = copy_tree(from, copy, err);
    if (r == 0)
        r = path_sync(aside.path, err);
    return r < 0 ? r : path_replace(copy, to, err);
}

/* Puts the artifact of a flavour among the files of its port; its note comes last. */
static int compose_flavour(const struct store *s, const struct plan *p, size_t node, const char *dir, bool *changed,
                           struct wl_err *err)
{
    const struct recipe *recipe = p->nodes[node].recipe;
    WL_CLEANUP_FREE char *note = note_path(dir, recipe->flavour), *artifact = store_path(s, p->nodes[node].key);
    WL_CLEANUP_STRV struct strv plain = {0}, old = {0}, names = {0};
    WL_CLEANUP_STR struct str text = {0};
    char key[HASH_HEX_SIZE];
    int r;

    compose_key(p, node, key);
    if (compose_is_current(dir, recipe->flavour, key))
        return 0;
    *changed = true;
    r = check_artifact(s, &p->nodes[node], err);
    if (r < 0)
        return r;
    str_addf(&text, "%s\n", key);
    r = list_files(artifact, "", &text, err);
    note_files(dir, NULL, &plain);
    note_files(dir, recipe->flavour, &old);
    for (char *line = strchr(text.s, '\n'), *end; r == 0 && (end = strchr(line + 1, '\n')); line = end) {
        char *name = strchr(line + 1, ' ') + 1;
        WL_CLEANUP_FREE char *file = xstrndup(name, (size_t)(end - name)), *from = path_join(artifact, file);

        strv_add(&names, file);
        if (strv_has(&plain, file))
            r = wl_err_set(err, WL_E_RECIPE, "%s makes %s, which %s has already", recipe->name, file,
                           recipe->flavour_of);
        else
            r = put_file(from, dir, file, err);
    }
    if (r < 0)
        return r;
    remove_files(dir, &old, &names);
    return file_write(note, text.s, text.len, err);
}

int compose(const struct store *s, const struct plan *p, size_t node, const char *output, bool *changed,
            struct wl_err *err)
{
    const struct recipe *recipe = p->nodes[node].recipe;
    WL_CLEANUP_FREE char *dir = compose_dir(output, recipe);
    const struct node *plain;
    int r;

    if (!recipe->flavour)
        return compose_plain(s, p, node, dir, changed, err);
    plain = plan_find(p, recipe->flavour_of);
    if (!plain)
        return wl_err_set(err, WL_E_FAILED, "%s is not in the plan of %s", recipe->flavour_of, recipe->name);
    r = compose_plain(s, p, (size_t)(plain - p->nodes), dir, changed, err);
    return r < 0 ? r : compose_flavour(s, p, node, dir, changed, err);
}

bool compose_current(const struct plan *p, size_t node, const char *output)
{
    const struct recipe *recipe = p->nodes[node].recipe;
    WL_CLEANUP_FREE char *dir = compose_dir(output, recipe);
    const struct node *plain = recipe->flavour ? plan_find(p, recipe->flavour_of) : NULL;
    char key[HASH_HEX_SIZE];

    if (recipe->flavour && (!plain || !compose_current(p, (size_t)(plain - p->nodes), output)))
        return false;
    compose_key(p, node, key);
    return compose_is_current(dir, recipe->flavour, key);
}

char *compose_program(const char *dir, const char *flavour)
{
    WL_CLEANUP_STRV struct strv names = {0};

    note_files(dir, flavour, &names);
    for (size_t i = 0; i < names.n; i++)
        if (starts_with(names.v[i], "bin/") && ends_with(names.v[i], ".wasm"))
            return path_join(dir, names.v[i]);
    return NULL;
}

void compose_files(const char *dir, const char *flavour, struct strv *paths)
{
    WL_CLEANUP_STRV struct strv names = {0};

    note_files(dir, flavour, &names);
    for (size_t i = 0; i < names.n; i++)
        strv_take(paths, path_join(dir, names.v[i]));
    strv_take(paths, note_path(dir, flavour));
}
