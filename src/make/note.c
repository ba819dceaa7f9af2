#include "make/note.h"

#include "recipe/python.h"
#include "util/fs.h"
#include "wasm/info.h"

#include <string.h>
#include <sys/stat.h>

/* The modules of its standard library that a Python has, beside the reasons for those that it lacks: lines of NAME,
 * "yes" or "no", and a note (ports/python/base/imports.py). */
#define MODULE_TABLE "share/modules.tsv"

enum { MOST_TABLE = 4 << 20 };

int note_write(const char *file, const char *text, struct wl_err *err)
{
    WL_CLEANUP_FREE char *bytes = NULL, *with = NULL;
    size_t n = 0, size = 0;
    struct stat st;
    int r = file_read(file, WASM_INFO_BYTES, &bytes, &n, err);

    if (r < 0 || lstat(file, &st) < 0)
        return r < 0 ? r : wl_err_unreadable(err, WL_E_IO, "cannot read %s", file);
    with = wasm_with_note((const uint8_t *)bytes, n, text, &size);
    if (!with)
        return wl_err_set(err, WL_E_FAILED, "%s is no WebAssembly module", file);
    r = file_write(file, with, size, err);
    if (r == 0 && chmod(file, st.st_mode & 0777) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot set the mode of %s", file);
    return r;
}

static void add_member(struct str *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    str_addf(out, ", \"%s\": ", name);
    str_add_json(out, value);
}

static void add_content(const struct plan *p, const struct node *n, struct str *out)
{
    WL_CLEANUP_STRV struct strv roots = {0};
    bool *in = xcalloc(p->n ? p->n : 1, sizeof *in);
    const char *separator = "";

    strv_add(&roots, n->recipe->name);
    plan_content(p, &roots, in);
    str_add(out, ", \"contains\": [");
    for (size_t i = 0; i < p->n; i++) {
        const struct node *part = &p->nodes[i];
        WL_CLEANUP_FREE char *version = in[i] ? plan_version(part) : NULL;

        if (!in[i] || part == n)
            continue;
        str_addf(out, "%s{\"name\": ", separator);
        str_add_json(out, part->recipe->name);
        add_member(out, "version", version);
        add_member(out, "license", part->recipe->license);
        str_add(out, "}");
        separator = ", ";
    }
    str_add(out, "]");
    free(in);
}

/* The table of a Python; that of a flavour is the one of its Python, in the store. */
static char *table_of(const struct make_options *o, const struct plan *p, const struct node *n, const char *stage)
{
    const struct node *plain = n->recipe->flavour_of ? plan_find(p, n->recipe->flavour_of) : NULL;
    WL_CLEANUP_FREE char *artifact = plain ? store_path(o->store, plain->key) : xstrdup(stage);

    return path_join(artifact, MODULE_TABLE);
}

static void add_table(const char *file, struct str *out)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_FREE char *text = NULL;
    const char *separator = "";

    if (file_read(file, MOST_TABLE, &text, NULL, &ignored) < 0)
        return;
    str_add(out, ", \"modules\": [");
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        size_t name = strcspn(line, "\t");

        if (!starts_with(line + name, "\tyes"))
            continue;
        line[name] = '\0';
        str_add(out, separator);
        str_add_json(out, line);
        separator = ", ";
    }
    str_add(out, "]");
}

static char *text_of(const struct make_options *o, const struct plan *p, const struct node *n, const char *stage)
{
    const struct recipe *r = n->recipe;
    WL_CLEANUP_FREE char *table = table_of(o, p, n, stage), *version = plan_version(n);
    struct str out = {0};

    str_add(&out, "{\"wl-make\": 1");
    add_member(&out, "name", r->flavour_of ? r->flavour_of : r->name);
    add_member(&out, "flavour", r->flavour);
    add_member(&out, "version", version);
    add_member(&out, "license", r->license);
    add_content(p, n, &out);
    add_table(table, &out);
    str_add(&out, "}\n");
    return str_take(&out);
}

int note_modules(const struct make_options *o, const struct plan *p, const struct node *n, const char *stage,
                 struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n->recipe->contains.n; i++) {
        WL_CLEANUP_FREE char *file = path_join(stage, n->recipe->contains.v[i]);
        struct stat st;

        /* (A link could lead to something else than the stage's.) */
        if (!plan_is_program(n->recipe->contains.v[i]) || lstat(file, &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        if (!text)
            text = text_of(o, p, n, stage);
        r = note_write(file, text, err);
    }
    return r;
}
