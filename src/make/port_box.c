#include "make/port_box.h"

#include "make/extensions.h"
#include "make/launcher.h"
#include "make/sandbox.h"
#include "recipe/known_ports.h"
#include "util/fs.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

/* NEED_LIBS_ZLIB for libs/zlib; NEED_BUILD_PYTHON for build-python/v3.11.2, or in full NEED_BUILD_PYTHON_V3_11_2. */
static char *variable_of(const char *port, bool full)
{
    const char *base = path_base(port);
    bool versioned = base != port && base[0] == 'v' && isdigit((unsigned char)base[1]);
    size_t n = versioned && !full ? (size_t)(base - port - 1) : strlen(port);
    struct str out = {0};

    str_add(&out, "NEED_");
    for (size_t i = 0; i < n; i++)
        str_addc(&out, isalnum((unsigned char)port[i]) ? (char)toupper((unsigned char)port[i]) : '_');
    return str_take(&out);
}

/* The variable that names a need to the steps: in full if the short name would fit another one as well. */
static char *need_variable(const struct plan *p, size_t need, const bool *seen)
{
    char *name = variable_of(p->nodes[need].recipe->name, false);

    for (size_t i = 0; i < p->n; i++) {
        WL_CLEANUP_FREE char *other = i != need && seen[i] ? variable_of(p->nodes[i].recipe->name, false) : NULL;

        if (other && !strcmp(name, other)) {
            free(name);
            return variable_of(p->nodes[need].recipe->name, true);
        }
    }
    return name;
}

/* Where headers, libraries and .pc files of the linked needs are, as compiler flags. */
struct flags {
    struct str include, lib, pkgconfig;
};

/* Mounts the artifact of a port, one of those seen; *path is its path as the steps see it. */
static int show_need(struct box *b, const struct port_box *o, size_t need, const bool *seen, char **path,
                     struct wl_err *err)
{
    const char *port = o->plan->nodes[need].recipe->name;
    WL_CLEANUP_FREE char *var = need_variable(o->plan, need, seen), *start = xasprintf("%s=", var);
    int r = 0;

    for (size_t i = 0; r == 0 && i < b->env.n; i++)
        if (starts_with(b->env.v[i], start))
            r = wl_err_set(err, WL_E_RECIPE, "%s needs two ports that its steps would both know as $%s: one is %s",
                           o->plan->nodes[o->node].recipe->name, var, port);
    if (r == 0)
        r = box_show_port(b, o->store, o->plan, port, path, err);
    if (r == 0)
        strv_addf(&b->env, "%s%s", start, *path);
    return r;
}

static int show_needs(struct box *b, const struct port_box *o, struct flags *f, char **sysroot, struct wl_err *err)
{
    bool *linked = xcalloc(o->plan->n, sizeof *linked), *seen = xcalloc(o->plan->n, sizeof *seen);
    const char *of = o->plan->nodes[o->node].recipe->flavour_of;
    int r = 0;

    plan_link_closure(o->plan, o->node, linked);
    plan_reads(o->plan, o->node, 1u << NEED_BUILD | (o->for_tests ? 1u << NEED_TEST : 0), seen);
    for (size_t i = 0; r == 0 && i < o->plan->n; i++) {
        const struct node *need = &o->plan->nodes[i];
        WL_CLEANUP_FREE char *path = NULL;

        if (!seen[i])
            continue;
        r = show_need(b, o, i, seen, &path, err);
        if (r < 0)
            break;
        if (!strcmp(need->recipe->name, SYSROOT_PORT))
            *sysroot = xstrdup(path);
        if (of && !strcmp(need->recipe->name, of))
            strv_addf(&b->env, "PLAIN=%s", path);
        if (linked[i]) {
            str_addf(&f->include, " -I%s/include", path);
            str_addf(&f->lib, " -L%s/lib", path);
            str_addf(&f->pkgconfig, "%s%s/lib/pkgconfig", f->pkgconfig.len ? ":" : "", path);
        }
    }
    free(linked);
    free(seen);
    return r;
}

static void add_variables(struct box *b, const struct port_box *o, const struct flags *f, int jobs)
{
    const struct recipe *r = o->plan->nodes[o->node].recipe;
    const struct toolchain *t = plan_toolchain(o->plan, &o->plan->nodes[o->node]);
    /* So that no debug information or assert() names a directory of this machine. */
    WL_CLEANUP_FREE char *map = xasprintf("-ffile-prefix-map=%s=" SANDBOX_ROOT, b->root);
    const char *harden = t ? t->compile : "", *debug = o->debug ? " -g" : "", *blank = *harden ? " " : "";
    static const char *const folders[][2] = {
        {"ROOT", ""}, {"SRC", "/src"}, {"BUILD", "/build"}, {"STAGE", "/stage"}, {"FILES", "/files"}};

    strv_add(&b->env, "CONFIG_SITE=/dev/null");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        strv_addf(&b->env, "%s=%s%s", folders[i][0], b->root, folders[i][1]);
    strv_addf(&b->env, "SOURCE_DATE_EPOCH=%lld", recipe_epoch(r->date));
    strv_addf(&b->env, "PORT=%s", r->name);
    strv_addf(&b->env, "VERSION=%s", r->version);
    strv_addf(&b->env, "JOBS=%d", jobs);
    strv_addf(&b->env, "DEBUG=%s", o->debug ? "1" : "");
    strv_addf(&b->env, "EXTENSIONS=%s%s", r->extensions_n ? b->root : "", r->extensions_n ? "/" EXTENSIONS_RULES : "");
    strv_addf(&b->env, "CPPFLAGS=%s", f->include.s ? f->include.s + 1 : "");
    strv_addf(&b->env, "CFLAGS=-O2 %s%s%s%s", map, debug, blank, harden);
    strv_addf(&b->env, "CXXFLAGS=-O2 %s%s%s%s", map, debug, blank, harden);
    strv_addf(&b->env, "HARDENING=%s", harden);
    strv_addf(&b->env, "LDFLAGS=%s%s", t ? t->link : "", f->lib.s ? f->lib.s : "");
    /* An empty list would mean the machine's own .pc files. */
    strv_addf(&b->env, "PKG_CONFIG_LIBDIR=%s", f->pkgconfig.len ? f->pkgconfig.s : "/nonexistent");
    strv_add(&b->env, "PKG_CONFIG_PATH=");
    for (size_t i = 0; i < r->vars.n; i++) {
        WL_CLEANUP_FREE char *var = xasprintf("VAR_%s", r->vars.v[i]);

        for (char *p = var; *p && *p != '='; p++)
            *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
        strv_add(&b->env, var);
    }
    for (size_t i = 0; i < r->env.n; i++)
        strv_add(&b->env, r->env.v[i]);
}

static int copy_files(const struct strv *files, const char *dir, struct wl_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < files->n; i++) {
        WL_CLEANUP_FREE char *to = xasprintf("%s/files/%s", dir, path_base(files->v[i]));

        r = remove_tree(to, err);
        if (r == 0)
            r = copy_tree(files->v[i], to, err);
        /* As the checkout has them, they depend on the umask of the person who made it. */
        if (r == 0)
            tree_plain_modes(to);
    }
    return r;
}

static int add_variation(struct box *b, const struct port_box *o, struct wl_err *err)
{
    b->user = o->vary.user;
    return o->vary.preload ? box_show(b, o->vary.preload, "needs/vary.so", &b->preload, err) : 0;
}

int port_box_make(struct box *b, const char *dir, const struct port_box *o, struct wl_err *err)
{
    const struct node *node = &o->plan->nodes[o->node];
    const struct toolchain *t = plan_toolchain(o->plan, node);
    WL_CLEANUP_FREE char *sysroot = NULL, *sdk = NULL;
    struct flags f = {0};
    int r = box_init(b, dir, o->sandboxed, err);

    if (r == 0)
        r = launcher_add(b, o->launcher, err);
    if (r == 0)
        r = copy_files(&node->recipe->files, dir, err);
    if (r == 0 && o->for_tests)
        r = copy_files(&node->recipe->check_files, dir, err);
    if (r == 0 && t && t->sdk)
        r = box_show(b, t->sdk, "sdk", &sdk, err);
    if (r == 0)
        r = show_needs(b, o, &f, &sysroot, err);
    if (r == 0 && t)
        toolchain_env(t, sdk, sysroot, &b->env);
    if (r == 0)
        add_variables(b, o, &f, o->jobs ? o->jobs->n : 1);
    if (r == 0)
        r = extensions_write(node->recipe, dir, b->root, &b->env, err);
    if (r == 0)
        r = add_variation(b, o, err);
    if (r == 0 && o->jobs)
        strv_addf(&b->env, "MAKEFLAGS=%s", o->jobs->makeflags);
    if (r == 0 && o->for_tests) {
        b->stage_source = store_path(o->store, node->key);
        /* Without a sandbox tests get a copy: they may write where they should not. */
        if (!b->sandboxed) {
            WL_CLEANUP_FREE char *stage = path_join(dir, "stage");

            r = copy_tree(b->stage_source, stage, err);
        }
    }
    str_free(&f.include);
    str_free(&f.lib);
    str_free(&f.pkgconfig);
    return r;
}

int port_box_for_checks(struct box *b, const struct port_box *o, struct wl_err *err)
{
    const struct node *node = &o->plan->nodes[o->node];
    bool *linked = xcalloc(o->plan->n, sizeof *linked), *seen = xcalloc(o->plan->n, sizeof *seen);
    bool *all = xcalloc(o->plan->n, sizeof *all);
    int r = box_own_dir(b, "files", err);

    if (r == 0)
        r = box_own_dir(b, "needs", err);
    if (r == 0)
        r = copy_files(&node->recipe->check_files, b->dir, err);
    plan_link_closure(o->plan, o->node, linked);
    plan_reads(o->plan, o->node, 1u << NEED_BUILD | (o->for_tests ? 1u << NEED_TEST : 0), seen);
    memcpy(all, seen, o->plan->n * sizeof *all);
    for (size_t k = 0; k < node->needs_n; k++)
        if (node->needs[k].kind == NEED_CHECK)
            all[node->needs[k].node] = true;
    for (size_t i = 0; r == 0 && i < o->plan->n; i++) {
        WL_CLEANUP_FREE char *path = NULL;

        if (!all[i] || seen[i])
            continue;
        r = show_need(b, o, i, all, &path, err);
    }
    free(all);
    free(linked);
    free(seen);
    b->stage_source = path_join(b->dir, "stage");
    return r;
}
