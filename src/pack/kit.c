#include "pack/kit.h"

#include "pack/tool.h"
#include "recipe/known_ports.h"
#include "util/fs.h"

#include <string.h>
#include <sys/utsname.h>

#define DOC "share/doc/wlpy"
/* The port's file that lists what the Debian package depends on. It is not installed. */
#define DEPENDS "debian/depends"

enum { MOST_DEPENDS = 1 << 16 };

struct packing {
    const struct kit *k;
    const struct node *tree;
    struct parcel content;
    char *depends;
    char *name; /* of the file */
    int (*write)(const struct packing *p, const char *file, struct wl_err *err);
    char key[HASH_HEX_SIZE];
};

/* --- what is in both --- */

static int gather(struct packing *p, struct wl_err *err)
{
    WL_CLEANUP_FREE char *artifact = store_path(p->k->o->store, p->tree->key);
    struct parcel tree = {0};
    int r = parcel_tree(&tree, "", artifact, err);

    for (size_t i = 0; r == 0 && i < tree.n; i++) {
        const struct parcel_item *x = &tree.v[i];

        if (!strcmp(x->path, DEPENDS))
            r = file_read(x->from, MOST_DEPENDS, &p->depends, NULL, err);
        else if (x->kind == PARCEL_LINK)
            parcel_link(&p->content, x->path, x->from);
        else
            parcel_file(&p->content, x->path, x->from, x->mode);
    }
    for (size_t i = 0; i < p->k->pythons->n; i++)
        parcel_file(&p->content, p->k->pythons->v[i].path, p->k->pythons->v[i].from, p->k->pythons->v[i].mode);
    parcel_add(&p->content, DOC "/licenses", p->k->licenses);
    parcel_free(&tree);
    return r < 0 ? r : parcel_sort(&p->content, err);
}

static long long time_of(const struct packing *p)
{
    return recipe_epoch(p->tree->recipe->date);
}

/* --- the tarball --- */

static int write_tarball(const struct packing *p, const char *file, struct wl_err *err)
{
    size_t n = strlen(p->name) - strlen(".tar.xz");
    WL_CLEANUP_FREE char *prefix = xasprintf("%.*s/", (int)n, p->name);

    return parcel_write_tar(
        &p->content,
        &(struct parcel_tar){.prefix = prefix, .filter = "xz", .time = time_of(p), .cancel = p->k->o->cancel}, file,
        err);
}

/* --- the Debian package: an ar of two tars, as deb(5) describes --- */

static char *control(const struct packing *p, const struct parcel *data)
{
    const struct recipe *r = p->tree->recipe;

    return xasprintf("Package: wlpy\n"
                     "Version: %s\n"
                     "Architecture: amd64\n"
                     "Maintainer: The authors of wl-make <wl-make@packages.invalid>\n"
                     "Installed-Size: %llu\n"
                     "Depends: %.*s\n"
                     "Section: python\n"
                     "Priority: optional\n"
                     "Description: Python in a sandbox\n"
                     " Runs Python code and WebAssembly programs that are not trusted.\n"
                     " .\n"
                     " The program wl-run runs one program; wlpy serves Python to models, as a\n"
                     " server of the Model Context Protocol, and over HTTP; libwlpy does the same\n"
                     " inside a program. A Python comes with them, as native code and as modules\n"
                     " for every WASI runtime.\n",
                     r->version, parcel_size(data) / 1024 + 1, (int)strcspn(p->depends, "\n"), p->depends);
}

static int add_sums(const struct parcel *data, struct parcel *meta, struct wl_err *err)
{
    WL_CLEANUP_STR struct str sums = {0};

    for (size_t i = 0; i < data->n; i++) {
        char hex[HASH_HEX_SIZE];
        int r = 0;

        if (data->v[i].kind == PARCEL_LINK)
            continue;
        if (data->v[i].kind == PARCEL_FILE)
            r = hash_file_md5(data->v[i].from, hex, err);
        else
            hash_text_md5(data->v[i].from, hex);
        if (r < 0)
            return r;
        str_addf(&sums, "%s  %s\n", hex, data->v[i].path);
    }
    parcel_text(meta, "md5sums", sums.s);
    return 0;
}

/* What every Debian package has: whose it is, and under which licence. */
static void add_copyright(struct parcel *data)
{
    parcel_text(
        data, "usr/" DOC "/copyright",
        "wlpy is Copyright 2026 by the authors of wl-make, and comes under the Apache License 2.0, which is in\n"
        "/usr/share/common-licenses/Apache-2.0 on Debian systems.\n\n"
        "The licences and the copyrights of everything else that is in this package are in\n"
        "/usr/" DOC "/licenses, where the file README lists them.\n");
}

static int write_parts(const struct packing *p, const struct parcel *data, const struct parcel *meta, const char *file,
                       struct wl_err *err)
{
    WL_CLEANUP_FREE char *data_tar = xasprintf("%s.data", file), *meta_tar = xasprintf("%s.control", file);
    struct parcel_tar how = {.prefix = "./", .filter = "xz", .time = time_of(p), .cancel = p->k->o->cancel};
    struct parcel parts = {0};
    int r = parcel_write_tar(data, &how, data_tar, err);

    if (r == 0)
        r = parcel_write_tar(meta, &how, meta_tar, err);
    parcel_text(&parts, "debian-binary", "2.0\n");
    parcel_file(&parts, "control.tar.xz", meta_tar, 0644);
    parcel_file(&parts, "data.tar.xz", data_tar, 0644);
    if (r == 0)
        r = parcel_write_ar(&parts, time_of(p), file, err);
    parcel_free(&parts);
    if (r == 0)
        r = remove_tree(data_tar, err);
    return r < 0 ? r : remove_tree(meta_tar, err);
}

static int write_debian(const struct packing *p, const char *file, struct wl_err *err)
{
    struct parcel data = {0}, meta = {0};
    WL_CLEANUP_FREE char *text = NULL, *shlibs = NULL;
    int r;

    parcel_add(&data, "usr", &p->content);
    add_copyright(&data);
    r = parcel_sort(&data, err);
    if (r == 0)
        r = add_sums(&data, &meta, err);
    if (r == 0) {
        text = control(p, &data);
        parcel_text(&meta, "control", text);
        /* dpkg then runs ldconfig, now and when the package is removed. */
        parcel_text(&meta, "triggers", "activate-noawait ldconfig\n");
        shlibs = xasprintf("libwlpy 0 wlpy (>= %s)\nlibwlpy-native 0 wlpy (>= %s)\n", p->tree->recipe->version,
                           p->tree->recipe->version);
        parcel_text(&meta, "shlibs", shlibs);
        r = parcel_sort(&meta, err);
    }
    if (r == 0)
        r = write_parts(p, &data, &meta, file, err);
    parcel_free(&data);
    parcel_free(&meta);
    return r;
}

/* --- around them --- */

static int find_key(struct packing *p, struct wl_err *err)
{
    struct hash *h = hash_new();
    int r;

    hash_field(h, "kit", "2");
    hash_field(h, "file", p->name);
    hash_field(h, "date", p->tree->recipe->date);
    hash_field(h, "depends", p->depends);
    r = parcel_hash(&p->content, h, err);
    hash_end(h, p->key);
    return r;
}

static int fill(void *data, struct store_work *w, struct manifest *made, struct wl_err *err)
{
    const struct packing *p = data;
    WL_CLEANUP_FREE char *stage = store_stage(w), *file = path_join(stage, p->name);
    int r = make_dirs(stage, err);

    if (r == 0)
        r = p->write(p, file, err);
    made->kind = xstrdup("kit");
    made->name = xstrdup(p->name);
    made->version = xstrdup(p->tree->recipe->version);
    manifest_add_need(made, WLPY_TREE_PORT, p->tree->key, "build");
    return r;
}

static int make(struct packing *p, char **file, struct wl_err *err)
{
    int r = gather(p, err);

    if (r == 0)
        r = find_key(p, err);
    if (r == 0)
        r = artifact_check(p->k->o, p->name, p->key, err);
    if (r == 0)
        r = tool_make(p->k->o, p->name, p->key, fill, p, err);
    if (r >= 0) {
        WL_CLEANUP_FREE char *artifact = store_path(p->k->o->store, p->key);

        *file = path_join(artifact, p->name);
    }
    parcel_free(&p->content);
    free(p->depends);
    free(p->name);
    return r < 0 ? r : 0;
}

int kit_tarball(const struct kit *k, char **file, struct wl_err *err)
{
    struct packing p = {.k = k, .tree = plan_find(k->plan, WLPY_TREE_PORT), .write = write_tarball};
    struct utsname machine;

    p.name = xasprintf("wlpy-%s-linux-%s.tar.xz", p.tree->recipe->version,
                       uname(&machine) == 0 ? machine.machine : "unknown");
    return make(&p, file, err);
}

int kit_debian(const struct kit *k, char **file, struct wl_err *err)
{
    struct packing p = {.k = k, .tree = plan_find(k->plan, WLPY_TREE_PORT), .write = write_debian};

    p.name = xasprintf("wlpy_%s_amd64.deb", p.tree->recipe->version);
    return make(&p, file, err);
}
