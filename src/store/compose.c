#include "store/compose.h"

#include "util/fs.h"

#include <string.h>
#include <sys/stat.h>

/* The note in a composed directory: the key it was made from, then a line with size and name for each file, so that a
 * file that was removed or cut is noticed. A line break in a name is written "\\n", and "\\" is written "\\\\": what is
 * read must be one file of the directory, whatever steps call their files, since its name is later removed. */
#define NOTE ".wl-make"

char *compose_dir(const char *output, const struct recipe *recipe)
{
    return path_join(output, recipe->flavour_of ? recipe->flavour_of : recipe->name);
}

/* A flavour lies in the directory of its port, with a note of its own. */
static char *note_path(const char *dir, const char *flavour)
{
    return flavour ? xasprintf("%s/%s-%s", dir, NOTE, flavour) : path_join(dir, NOTE);
}

bool compose_made(const char *dir, const char *flavour)
{
    WL_CLEANUP_FREE char *note = note_path(dir, flavour);

    return path_exists(note);
}

static void add_name(struct str *out, const char *name)
{
    for (; *name; name++)
        if (*name == '\n')
            str_add(out, "\\n");
        else if (*name == '\\')
            str_add(out, "\\\\");
        else
            str_addc(out, *name);
}

/* Whether a name stays inside its directory: a note may contain anything. */
static bool is_inside(const char *name)
{
    for (;; name++) {
        size_t n = strcspn(name, "/");

        if (n == 0 || (n == 1 && name[0] == '.') || (n == 2 && name[0] == '.' && name[1] == '.'))
            return false;
        name += n;
        if (!*name)
            return true;
    }
}

/* The name in n bytes of a note, which the caller frees; NULL: it is not one. */
static char *read_name(const char *text, size_t n)
{
    WL_CLEANUP_STR struct str name = {0};

    for (size_t i = 0; i < n; i++) {
        bool escape = text[i] == '\\';

        if (escape && (i + 1 == n || !strchr("\\n", text[i + 1])))
            return NULL;
        i += escape;
        str_addc(&name, escape && text[i] == 'n' ? '\n' : text[i]);
    }
    return name.s && is_inside(name.s) ? str_take(&name) : NULL;
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
        if (S_ISDIR(st.st_mode)) {
            r = list_files(path, name, out, err);
        } else {
            str_addf(out, "%lld ", (long long)st.st_size);
            add_name(out, name);
            str_addc(out, '\n');
        }
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

/* The key of a composition: that of the artifacts it is put together from. */
static void compose_key(const struct plan *p, size_t node, char key[HASH_HEX_SIZE])
{
    bool *linked = xcalloc(p->n, sizeof *linked);

    /* Nothing is merged into a flavour's own files. */
    if (!p->nodes[node].recipe->flavour)
        plan_link_closure(p, node, linked);
    key_of(p, node, linked, key);
    free(linked);
}

/* Whether a directory is the composition of that key (with a flavour's name: whether it holds that flavour), and all
 * its files exist in their sizes. */
static bool compose_is_current(const char *dir, const char *flavour, const char *key)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_FREE char *note = note_path(dir, flavour), *text = NULL;
    char *line;

    if (file_read(note, 16u << 20, &text, NULL, &ignored) < 0 || strncmp(text, key, strlen(key)) != 0)
        return false;
    for (line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
        char *end = strchr(line + 1, '\n'), *name = NULL;
        long long size = strtoll(line + 1, &name, 10);
        WL_CLEANUP_FREE char *path = NULL, *own = NULL;
        struct stat st;

        if (!end || !name || *name != ' ')
            return false;
        own = read_name(name + 1, (size_t)(end - name - 1));
        path = own ? path_join(dir, own) : NULL;
        if (!path || lstat(path, &st) < 0 || st.st_size != size)
            return false;
    }
    return true;
}

/* A directory itself, not a link to one: steps can make links that lead anywhere. */
static bool is_folder(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Merges a library's include/ or lib/ into the composition; files of the artifact itself stay. No link is followed,
 * neither when reading nor when writing. */
static int merge(const char *from, const char *to, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r;

    if (!is_folder(from) || (path_exists(to) && !is_folder(to)))
        return 0;
    r = make_dirs(to, err);
    if (r == 0)
        r = dir_list(from, &names, err);
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *sub = path_join(from, names.v[i]), *into = path_join(to, names.v[i]);

        if (is_folder(sub))
            r = merge(sub, into, err);
        else if (!path_exists(into))
            r = copy_tree(sub, into, err);
    }
    return r;
}

/* Everything that is copied was compared with its manifest before, when the plan was made or here. */
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

/* --output may name any directory, and files that wl-make did not create must not be lost. */
static int check_place(const char *dir, struct wl_err *err)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};

    if (!path_exists(dir) || compose_made(dir, NULL) || (dir_list(dir, &names, &ignored) == 0 && names.n == 0))
        return 0;
    wl_err_set(err, WL_E_IO, "%s already exists and was not created by wl-make", dir);
    return wl_err_hint(err, "move it away, or name another directory with --output");
}

int compose_remove(const char *dir, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir_list(dir, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *path = path_join(dir, names.v[i]);

        if (strcmp(names.v[i], NOTE) != 0)
            r = remove_tree(path, err);
    }
    return r < 0 ? r : remove_tree(dir, err);
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

/* The names in a note, from the line after its key on. */
static void names_of(const char *text, struct strv *names)
{
    for (const char *line = strchr(text, '\n'), *end; line && (end = strchr(line + 1, '\n')); line = end) {
        const char *name = memchr(line + 1, ' ', (size_t)(end - line - 1));
        char *own = name ? read_name(name + 1, (size_t)(end - name - 1)) : NULL;

        if (own)
            strv_take(names, own);
    }
}

/* The files that a note lists, without the directory; none if there is no note. */
static void note_files(const char *dir, const char *flavour, struct strv *names)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_FREE char *note = note_path(dir, flavour), *text = NULL;

    if (file_read(note, 16u << 20, &text, NULL, &ignored) == 0)
        names_of(text, names);
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

/* The directories above a flavour's file must not be links of the port, which would lead out of the result. A link that
 * an older version of the flavour had there is removed. */
static int check_above(const char *dir, const char *name, const struct strv *old, struct wl_err *err)
{
    int r = 0;

    for (const char *slash = strchr(name, '/'); r == 0 && slash; slash = strchr(slash + 1, '/')) {
        WL_CLEANUP_FREE char *above = xstrndup(name, (size_t)(slash - name)), *path = path_join(dir, above);

        if (!path_exists(path) || is_folder(path))
            continue;
        r = strv_has(old, above)
                ? remove_tree(path, err)
                : wl_err_set(err, WL_E_RECIPE, "a flavour makes %s, but %s is not a directory", name, path);
    }
    return r;
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
    if (r == 0)
        names_of(text.s, &names);
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *from = path_join(artifact, names.v[i]);

        if (strv_has(&plain, names.v[i]))
            r = wl_err_set(err, WL_E_RECIPE, "%s makes %s, which %s has already", recipe->name, names.v[i],
                           recipe->flavour_of);
        else
            r = check_above(dir, names.v[i], &old, err);
        if (r == 0)
            r = put_file(from, dir, names.v[i], err);
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
