/* What a command line for linking makes: a program, or a bundle. */
#include "driver.h"

#include "bundle.h"
#include "files.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Libraries whose functions every module has anyway, or that do not exist here. */
static bool is_no_library(const char *name)
{
    static const char *const names[] = {"c", "gcc", "gcc_s", "gcc_eh", "atomic", "python3", NULL};

    for (const char *const *n = names; *n; n++)
        if (strcmp(*n, name) == 0)
            return true;
    return starts_with(name, "python3.");
}

static bool is_of_cxx(const char *name)
{
    return strcmp(name, "stdc++") == 0 || strcmp(name, "c++") == 0 || strcmp(name, "c++abi") == 0 ||
           strcmp(name, "supc++") == 0;
}

static bool is_cxx(const struct call *c, const struct item *source)
{
    static const char *const endings[] = {".cc", ".cpp", ".cxx", ".c++", ".cp", ".CPP", ".C", ".ii", NULL};

    if (source->language)
        return starts_with(source->language, "c++");
    for (const char *const *ending = endings; *ending; ending++)
        if (ends_with(source->text, *ending))
            return true;
    return c->cxx && ends_with(source->text, ".c"); /* as clang++ understands it */
}

static bool has_cxx(const struct call *c)
{
    for (size_t i = 0; i < c->n_items; i++)
        if (c->items[i].kind == ITEM_SOURCE && is_cxx(c, &c->items[i]))
            return true;
    return false;
}

/* --- compiling --- */

static void add_source(struct words *argv, const struct item *item)
{
    if (item->language) {
        words_add(argv, "-x");
        words_add(argv, item->language);
    }
    words_add(argv, item->text);
    if (item->language) {
        words_add(argv, "-x");
        words_add(argv, "none");
    }
}

/* Changes an object to one without exceptions of WebAssembly. */
static void lower_file(const char *path)
{
    struct bytes out = {NULL, 0, 0};
    struct error e;
    int r = bundle_lower(path, &out, &e);

    if (r < 0)
        fail("%s", e.text);
    if (r > 0)
        write_file(path, &out, false);
    free(out.at);
}

/* Bitcode has no instructions that could be changed, so there is no optimization at link time. */
static bool is_dropped(const struct config *config, const char *flag)
{
    return config->libcxx && (starts_with(flag, "-flto") || starts_with(flag, "-fwhole-program"));
}

/* Compiles a source with the flags of the command line. */
static char *compile(const struct config *config, const struct call *c, const struct item *source)
{
    struct words argv = {NULL, 0};
    char *object = temporary(".o");

    compiler(config, c->cxx, is_cxx(c, source), &argv);
    for (size_t i = 0; i < c->n_items; i++)
        if (c->items[i].kind == ITEM_FLAG && !is_dropped(config, c->items[i].text))
            words_add(&argv, c->items[i].text);
    words_add(&argv, "-c");
    add_source(&argv, source);
    words_addf(&argv, "-o%s", object);
    run(&argv);
    lower_file(object);
    return object;
}

/* --- programs --- */

static void add_library(struct words *argv, const char *name)
{
    if (is_of_cxx(name)) {
        words_add(argv, "-lc++");
        words_add(argv, "-lc++abi");
    } else if (!is_no_library(name)) {
        words_addf(argv, "-l%s", name);
    }
}

static void add_items(const struct config *config, const struct call *c, struct words *argv)
{
    for (size_t i = 0; i < c->n_items; i++) {
        const struct item *item = &c->items[i];

        if (item->kind == ITEM_SOURCE && c->kind == CALL_PROGRAM && config->libcxx)
            words_add(argv, compile(config, c, item));
        else if (item->kind == ITEM_SOURCE)
            add_source(argv, item);
        else if (item->kind == ITEM_LIBRARY)
            add_library(argv, item->text);
        else if (item->kind == ITEM_DIR)
            words_addf(argv, "-L%s", item->text);
        else if (item->kind == ITEM_LINKER)
            words_addf(argv, "-Wl,%s", item->text);
        else if (item->kind != ITEM_FLAG || !is_dropped(config, item->text))
            words_add(argv, item->text);
    }
    if (c->out)
        words_addf(argv, "-o%s", c->out);
}

void link_program(const struct config *config, const struct call *c)
{
    struct words argv = {NULL, 0};

    compiler(config, c->cxx, c->kind == CALL_PASS && has_cxx(c), &argv);
    if (c->kind == CALL_PROGRAM && config->libcxx)
        words_addf(&argv, "-L%s/lib", config->libcxx);
    add_items(config, c, &argv);
    if (c->kind == CALL_PROGRAM) {
        words_add_all(&argv, &config->ldflags);
        if (config->libcxx) { /* the sources are compiled already */
            words_add(&argv, "-Wno-unused-command-line-argument");
            words_add(&argv, "-lsetjmp");
        }
    }
    if (c->kind == CALL_PASS)
        become(&argv);
    run(&argv);
    temporaries_remove();
}

/* The object files that a command without -o writes. */
static char *object_of(const struct item *source)
{
    const char *base = base_of(source->text), *dot = strrchr(base, '.');

    return text_of("%.*s.o", dot ? (int)(dot - base) : (int)strlen(base), base);
}

void compile_objects(const struct config *config, const struct call *c)
{
    struct words argv = {NULL, 0};

    compiler(config, c->cxx, has_cxx(c), &argv);
    add_items(config, c, &argv);
    if (!config->libcxx)
        become(&argv);
    run(&argv);
    for (size_t i = 0; i < c->n_items; i++)
        if (c->items[i].kind == ITEM_SOURCE)
            lower_file(c->out ? c->out : object_of(&c->items[i]));
}

/* --- bundles --- */

/* What is linked to a bundle. */
struct link {
    const struct config *config;
    struct words inputs, dirs;
    struct note note;
};

static bool is_below(const char *path, const char *dir)
{
    char real_path[PATH_MAX], real_dir[PATH_MAX];
    size_t n;

    if (!dir || !realpath(dir, real_dir) || !realpath(path, real_path))
        return false;
    n = strlen(real_dir);
    return strncmp(real_path, real_dir, n) == 0 && (real_path[n] == '/' || !real_path[n] || n == 1);
}

/* Whether a library is not one of the package's own: several modules share it, so it is linked with all of them. */
static bool is_shared(const struct config *config, const char *path)
{
    for (size_t i = 0; i < config->shared.n; i++)
        if (is_below(path, config->shared.list[i]))
            return true;
    return false;
}

/* Notes a library by the name after -l. */
static void note_library(struct link *l, const char *name, bool of_system)
{
    if (is_of_cxx(name))
        l->note.cxx = true;
    else if (!is_no_library(name))
        names_add(of_system ? &l->note.systems : &l->note.libraries, name, strlen(name));
}

static bool is_new(const struct words *inputs, const char *path)
{
    for (size_t i = 0; i < inputs->n; i++)
        if (is_below(path, inputs->list[i]))
            return false;
    return true;
}

static void add_file(struct link *l, const char *path)
{
    const char *base = base_of(path);
    size_t n = strlen(base);
    bool of_system = is_below(path, l->config->sysroot);

    /* Those start programs; rustc names them. */
    if (starts_with(base, "crt1") && ends_with(base, ".o"))
        return;
    /* A shared library is an object file here, which must not be linked twice. */
    if (!of_system && !is_shared(l->config, path)) {
        if (!ends_with(path, ".so") || is_new(&l->inputs, path))
            words_add(&l->inputs, path);
    } else if (starts_with(base, "lib") && ends_with(base, ".a"))
        note_library(l, text_of("%.*s", (int)n - 5, base + 3), of_system);
    else
        note_library(l, text_of(":%s", base), of_system);
}

/* What -lNAME means in a directory; NULL: it has no such file. A library for another machine does not count. */
static char *library_in(const char *dir, const char *name)
{
    if (name[0] == ':') {
        char *path = text_of("%s/%s", dir, name + 1);

        return access(path, R_OK) == 0 ? path : NULL;
    }
    for (size_t i = 0; i < 2; i++) {
        char *path = i ? text_of("%s/lib%s.a", dir, name) : text_of("%s/lib%s.so", dir, name);

        if (access(path, R_OK) == 0 && is_for_wasm(path))
            return path;
    }
    return NULL;
}

static void add_named(struct link *l, const char *name)
{
    char *path = NULL;

    for (size_t i = 0; i < l->dirs.n && !path && !is_no_library(name); i++)
        path = library_in(l->dirs.list[i], name);
    if (path) {
        add_file(l, path);
    } else {
        char *dir = text_of("%s/lib/%s", l->config->sysroot ? l->config->sysroot : "", l->config->target);

        note_library(l, name, library_in(dir, name) != NULL);
    }
}

static void add_item(struct link *l, const struct call *c, const struct item *item)
{
    switch (item->kind) {
    case ITEM_SOURCE:
        words_add(&l->inputs, compile(l->config, c, item));
        break;
    case ITEM_INPUT:
        add_file(l, item->text);
        break;
    case ITEM_LIBRARY:
        add_named(l, item->text);
        break;
    case ITEM_LINKER:
        words_add(&l->inputs, item->text);
        break;
    case ITEM_DIR:
    case ITEM_FLAG:
    case ITEM_LINK:
        break;
    }
}

/* The rule of make that tells what a file was linked from. */
static void write_dependencies(const struct call *c, const struct link *l, const char *out)
{
    struct bytes b = {NULL, 0, 0};

    if (!c->dependencies || !*c->dependencies)
        return;
    put_text(&b, "%s:", out);
    for (size_t i = 0; i < l->inputs.n; i++)
        if (l->inputs.list[i][0] != '-')
            put_text(&b, " \\\n  %s", l->inputs.list[i]);
    put_text(&b, "\n");
    write_file(c->dependencies, &b, false);
    free(b.at);
}

void link_bundle(const struct config *config, const struct call *c)
{
    struct link l = {.config = config, .note.cxx = c->cxx};
    const char *out = c->out ? c->out : "a.out";
    struct words argv = {NULL, 0};
    char *linked = temporary(".o"), *start;
    struct bytes bundle = {NULL, 0, 0};
    struct error e;

    for (size_t i = 0; i < c->n_items; i++)
        if (c->items[i].kind == ITEM_DIR)
            words_add(&l.dirs, c->items[i].text);
    for (size_t i = 0; i < c->n_items; i++)
        add_item(&l, c, &c->items[i]);
    write_dependencies(c, &l, out);
    words_add(&argv, config->ld);
    words_add(&argv, "-r");
    start = start_in_archives(&l.inputs, out);
    if (start)
        words_add(&argv, start);
    words_add_all(&argv, &l.inputs);
    words_add(&argv, "-o");
    words_add(&argv, linked);
    run(&argv);
    lower_file(linked); /* of objects that another compiler has made */
    if (bundle_make(linked, &l.note, &bundle, &e) < 0)
        fail("%s: %s", out, e.text);
    write_file(out, &bundle, true);
    temporaries_remove();
}
