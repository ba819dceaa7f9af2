/* wl-make dist: writes the files that people download, with their hashes. */
#include "aot/aot.h"
#include "cmd/app.h"
#include "cmd/command.h"
#include "cmd/dist.h"
#include "cmd/signature.h"
#include "pack/kit.h"
#include "pack/licenses.h"
#include "pack/wlpy.h"
#include "recipe/known_ports.h"
#include "recipe/python.h"
#include "sbom/sbom.h"
#include "util/fs.h"
#include "util/hash.h"

#include <stdlib.h>
#include <string.h>

/* The flavours that are one file, and what their files are called. */
static const struct {
    const char *flavour, *suffix;
} files[] = {{SINGLE_FLAVOUR, ""}, {"snapshot", "-snapshot"}};

enum { FILES = sizeof files / sizeof *files };

enum { MOST_SUMS = 1 << 20 };

struct dist_options {
    char *dir, *sign, *password_file;
    bool wheel, tarball, deb, all;
};

#define AT(m) .member = offsetof(struct dist_options, m)
static const struct option_spec options[] = {
    {'o', "output", "write the files to DIR (default: dist)", "DIR", OPTION_TEXT, AT(dir)},
    {0, "wheel", "write the Python package wlpy, too, which contains the Python natively", NULL, OPTION_FLAG,
     AT(wheel)},
    {0, "tarball", "write a tarball of wl-run, wlpy and libwlpy with the Python, too", NULL, OPTION_FLAG, AT(tarball)},
    {0, "deb", "write the same as a Debian package, too", NULL, OPTION_FLAG, AT(deb)},
    {0, "all", "write everything: --wheel --tarball --deb", NULL, OPTION_FLAG, AT(all)},
    {0, "sign", "sign SHA256SUMS with the secret key FILE", "FILE", OPTION_TEXT, AT(sign)},
    {0, "password-file", "the password of that key is the first line of FILE (default: it is typed)", "FILE",
     OPTION_TEXT, AT(password_file)},
    {0},
};

struct dist {
    struct app *a;
    struct make_options o;
    struct plan plan;
    const char *dir;
    bool wheel, tarball, deb;
    const struct sign_secret *key; /* NULL: SHA256SUMS is not signed */
    struct strv pythons;           /* ports */
    struct strv sums;              /* "HASH  NAME" of what was written */
};

/* --- files in the directory --- */

static int note(struct dist *d, const char *file, struct wl_err *err)
{
    WL_CLEANUP_FREE char *beside = xasprintf("%s.sha256", file), *line = NULL;
    int r = sums_line(file, &line, err);

    if (r < 0)
        return r;
    strv_add(&d->sums, line);
    r = file_write(beside, line, strlen(line), err);
    if (r == 0 && !d->a->options.quiet) {
        WL_CLEANUP_FREE char *size = human_size(tree_size(file));

        ui_print(stdout, "%s (%s)\n", file, size);
    }
    return r;
}

/* Copies a file into the directory, and writes its hash beside it. */
static int deliver(struct dist *d, const char *from, const char *name, struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = path_join(d->dir, name);
    int r = file_copy(from, file, 0644, err);

    return r < 0 ? r : note(d, file, err);
}

static int compare(const void *a, const void *b)
{
    return strcmp(strstr(*(char *const *)a, "  "), strstr(*(char *const *)b, "  "));
}

/* Keeps what an earlier run wrote about files that still exist, unless this one has written them. */
static void keep_sums(struct dist *d, const char *before)
{
    WL_CLEANUP_STRV struct strv names = {0};

    for (size_t i = 0; i < d->sums.n; i++)
        strv_add(&names, d->sums.v[i] + HASH_HEX_SIZE + 1);
    for (const char *line = before; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        WL_CLEANUP_FREE char *whole = xasprintf("%.*s\n", (int)strcspn(line, "\n"), line),
                             *hash = xstrndup(whole, HASH_HEX_SIZE - 1);
        WL_CLEANUP_FREE char *file = NULL;
        const char *name;

        if (!is_hex(hash, HASH_HEX_SIZE - 1) || strncmp(whole + HASH_HEX_SIZE - 1, "  ", 2) != 0)
            continue;
        name = whole + HASH_HEX_SIZE + 1;
        if (strchr(name, '/') || strv_has(&names, name))
            continue;
        file = xasprintf("%s/%.*s", d->dir, (int)strcspn(name, "\n"), name);
        if (path_exists(file))
            strv_add(&d->sums, whole);
    }
}

static int write_sums(struct dist *d, struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = path_join(d->dir, SUMS_FILE), *before = NULL,
                         *signature = xasprintf("%s" SIGN_SUFFIX, file);
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STR struct str all = {0};
    int r;

    if (file_read(file, MOST_SUMS, &before, NULL, &ignored) == 0)
        keep_sums(d, before);
    qsort(d->sums.v, d->sums.n, sizeof *d->sums.v, compare);
    for (size_t i = 0; i < d->sums.n; i++)
        str_add(&all, d->sums.v[i]);
    /* (The signature of other hashes must not stay.) */
    r = remove_tree(signature, err);
    if (r == 0)
        r = file_write(file, all.s, all.len, err);
    return r < 0 || !d->key ? r : signature_write(d->key, file, NULL, err);
}

/* Writes what is in files of the directory, and how they were made, beside them. Content: the ports of which something
 * is in them. */
static int write_documents(struct dist *d, const char *base, const struct strv *content, const struct strv *files,
                           struct wl_err *err)
{
    static const char *const suffixes[] = {
        [SBOM_SPDX] = ".spdx.json", [SBOM_CYCLONEDX] = ".cdx.json", [SBOM_SLSA] = ".slsa.json"};
    WL_CLEANUP_STRV struct strv roots = {0};
    struct sbom s = {0};
    int r;

    strv_addv(&roots, content);
    strv_add_once(&roots, SYSROOT_PORT);
    r = sbom_collect(&d->o, &d->plan, &roots, &s, err);
    for (size_t i = 0; r == 0 && i < files->n; i++) {
        WL_CLEANUP_FREE char *file = path_join(d->dir, files->v[i]);

        r = sbom_add_file(&s, file, files->v[i], err);
    }
    for (size_t i = 0; r == 0 && i < sizeof suffixes / sizeof *suffixes; i++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/%s%s", d->dir, base, suffixes[i]), *text = NULL;

        r = sbom_text(&s, (enum sbom_format)i, &text, err);
        if (r == 0)
            r = file_write(file, text, strlen(text), err);
        if (r == 0)
            r = note(d, file, err);
    }
    sbom_free(&s);
    return r;
}

/* Copies a file that was made from these ports into the directory, with its hash and its documents. */
static int deliver_with_documents(struct dist *d, const char *from, const struct strv *content, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv files = {0};
    int r = deliver(d, from, path_base(from), err);

    strv_add(&files, path_base(from));
    return r < 0 ? r : write_documents(d, files.v[0], content, &files, err);
}

/* --- the Pythons as files --- */

/* Adds the two files of a Python to a parcel, by their names there. */
static int add_modules(struct dist *d, const char *python, const char *where, struct parcel *b, struct wl_err *err)
{
    for (size_t i = 0; i < FILES; i++) {
        WL_CLEANUP_FREE char *port = NULL, *module = NULL,
                             *name = xasprintf("%spython-%s%s.wasm", where, python_version(python), files[i].suffix);
        int r = ports_flavour(&d->a->roots, python, files[i].flavour, &port, err);

        if (r < 0)
            return r;
        module = app_module(d->a, &d->plan, port);
        if (!module)
            return wl_err_set(err, WL_E_FAILED, "the artifact of %s has no program (bin/*.wasm)", port);
        parcel_file(b, name, module, 0644);
    }
    return 0;
}

/* The licences of what a Python's files contain, as one file. */
static int write_licenses(struct dist *d, const char *python, struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = xasprintf("%s/python-%s-licenses.txt", d->dir, python_version(python)), *port = NULL,
                         *text = NULL;
    WL_CLEANUP_STRV struct strv content = {0};
    struct parcel licenses = {0};
    int r = ports_flavour(&d->a->roots, python, NATIVE_FLAVOUR, &port, err);

    if (r < 0)
        return r;
    strv_add(&content, port);
    r = dist_licenses(&d->o, &d->plan, &content, &licenses, err);
    if (r == 0)
        r = licenses_text(&licenses, &text, err);
    if (r == 0)
        r = file_write(file, text, strlen(text), err);
    parcel_free(&licenses);
    return r < 0 ? r : note(d, file, err);
}

static int write_modules(struct dist *d, const char *python, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv content = {0}, names = {0};
    WL_CLEANUP_FREE char *base = xasprintf("python-%s", python_version(python));
    struct parcel modules = {0};
    int r = add_modules(d, python, "", &modules, err);

    for (size_t i = 0; r == 0 && i < modules.n; i++) {
        r = deliver(d, modules.v[i].from, modules.v[i].path, err);
        strv_add(&names, modules.v[i].path);
    }
    parcel_free(&modules);
    for (size_t i = 0; r == 0 && i < FILES; i++) {
        WL_CLEANUP_FREE char *port = NULL;

        r = ports_flavour(&d->a->roots, python, files[i].flavour, &port, err);
        if (r == 0)
            strv_add(&content, port);
    }
    if (r == 0)
        r = write_documents(d, base, &content, &names, err);
    return r < 0 ? r : write_licenses(d, python, err);
}

/* --- what has a native Python in it --- */

/* The ports of which the wheel, or the tarball and the Debian package, contain something. */
static int content_of(struct dist *d, bool wheel, struct strv *ports, struct strv *content, struct wl_err *err)
{
    int r = dist_native_ports(d->a, d->pythons.v[0], ports, content, err);

    if (wheel)
        strv_add_all(content, WLPY_WHEEL_PORT, WLPY_PORTABLE_PORT, NULL);
    else
        strv_add_all(content, WLPY_TREE_PORT, RUNNER_PORT, NULL);
    return r;
}

static int write_wheel(struct dist *d, const char *program, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv ports = {0}, content = {0};
    WL_CLEANUP_FREE char *wheel = NULL, *expression = NULL;
    struct parcel licenses = {0};
    int r = content_of(d, true, &ports, &content, err);

    if (r == 0)
        r = dist_licenses(&d->o, &d->plan, &content, &licenses, err);
    if (r == 0) {
        expression = dist_expression(&d->plan, &content);
        r = wlpy_wheel_make(&(struct wlpy_wheel){.o = &d->o,
                                                 .plan = &d->plan,
                                                 .python = d->pythons.v[0],
                                                 .program = program,
                                                 .licenses = &licenses,
                                                 .expression = expression},
                            &wheel, err);
    }
    if (r == 0)
        r = deliver_with_documents(d, wheel, &content, err);
    parcel_free(&licenses);
    return r;
}

static int write_kits(struct dist *d, const char *program, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv ports = {0}, content = {0};
    WL_CLEANUP_FREE char *tarball = NULL, *deb = NULL;
    struct parcel pythons = {0}, licenses = {0};
    const struct kit k = {.o = &d->o, .plan = &d->plan, .pythons = &pythons, .licenses = &licenses};
    int r = content_of(d, false, &ports, &content, err);

    if (r == 0)
        r = dist_licenses(&d->o, &d->plan, &content, &licenses, err);
    if (r == 0)
        r = add_modules(d, d->pythons.v[0], KIT_PYTHONS, &pythons, err);
    parcel_file(&pythons, KIT_NATIVE, program, 0644);
    if (r == 0 && d->tarball)
        r = kit_tarball(&k, &tarball, err);
    if (r == 0 && tarball)
        r = deliver_with_documents(d, tarball, &content, err);
    if (r == 0 && d->deb)
        r = kit_debian(&k, &deb, err);
    if (r == 0 && deb)
        r = deliver_with_documents(d, deb, &content, err);
    parcel_free(&pythons);
    parcel_free(&licenses);
    return r;
}

static int write_native(struct dist *d, struct wl_err *err)
{
    WL_CLEANUP_FREE char *program = NULL;
    int r = dist_native(d->a, &d->plan, d->pythons.v[0], &program, err);

    if (r == 0 && d->wheel)
        r = write_wheel(d, program, err);
    if (r == 0 && (d->tarball || d->deb))
        r = write_kits(d, program, err);
    return r;
}

/* --- the whole --- */

/* The ports that are built, and those of which something is in what is written. */
static int find_ports(struct dist *d, struct strv *ports, struct strv *content, struct wl_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < d->pythons.n; i++)
        for (size_t k = 0; r == 0 && k < FILES; k++) {
            WL_CLEANUP_FREE char *port = NULL;

            r = ports_flavour(&d->a->roots, d->pythons.v[i], files[k].flavour, &port, err);
            if (r == 0)
                strv_add_once(content, port);
        }
    if (r == 0 && d->wheel) {
        strv_add_once(ports, d->pythons.v[0]);
        r = content_of(d, true, ports, content, err);
    }
    return r == 0 && (d->tarball || d->deb) ? content_of(d, false, ports, content, err) : r;
}

static int make(struct dist *d, struct wl_err *err)
{
    bool native = d->wheel || d->tarball || d->deb;
    WL_CLEANUP_STRV struct strv ports = {0}, content = {0};
    int r = native ? aot_find_compiler(err) : 0;

    if (r == 0)
        r = find_ports(d, &ports, &content, err);
    app_build_options(d->a, &d->o, false);
    if (r == 0)
        r = dist_build(d->a, &d->o, &ports, &content, &d->plan, err);
    if (r < 0 || d->a->options.dry_run)
        return r;
    r = make_dirs(d->dir, err);
    for (size_t i = 0; r == 0 && i < d->pythons.n; i++)
        r = write_modules(d, d->pythons.v[i], err);
    if (r == 0 && native)
        r = write_native(d, err);
    return r < 0 ? r : write_sums(d, err);
}

static int run(struct app *a, struct wl_err *err)
{
    const struct dist_options *own = a->options.own;
    struct dist d = {.a = a,
                     .dir = own->dir ? own->dir : "dist",
                     .wheel = own->wheel || own->all,
                     .tarball = own->tarball || own->all,
                     .deb = own->deb || own->all};
    const struct strv *args = &a->options.args;
    struct sign_secret key;
    int r = own->sign ? signature_key(a, own->sign, own->password_file, &key, err) : 0;

    d.key = own->sign ? &key : NULL;
    for (size_t i = 0; r == 0 && i < (args->n ? args->n : 1); i++) {
        WL_CLEANUP_FREE char *python = NULL;

        r = dist_python(a, args->n ? args->v[i] : DEFAULT_PYTHON_PORT, err, &python);
        if (r == 0)
            strv_add_once(&d.pythons, python);
    }
    if (r == 0 && d.pythons.n > 1 && (d.wheel || d.tarball || d.deb)) {
        wl_err_set(err, WL_E_USAGE, "--wheel, --tarball, --deb and --all take one Python, which they contain natively");
        r = wl_err_hint(err, "for example: wl-make dist --all python/v3.13.5");
    }
    if (r == 0)
        r = make(&d, err);
    sign_forget(&key);
    plan_free(&d.plan);
    strv_free(&d.pythons);
    strv_free(&d.sums);
    return r;
}

const struct command command_dist = {
    .name = "dist",
    .usage = "dist [OPTION...] [PYTHON...]",
    .summary = "write the files that people download",
    .description =
        "Builds a Python (default: " DEFAULT_PYTHON_PORT ") in the flavours that are one file, and writes them to\n"
        "a directory: python-VERSION.wasm (single) and python-VERSION-snapshot.wasm, with the licences of what they\n"
        "contain, bills of materials and provenance. --wheel, --tarball and --deb write more: the Python package\n"
        "wlpy, and wl-run, wlpy and libwlpy as a tarball and a Debian package, each with that Python as native code.\n"
        "Compiling it takes minutes, once.\n"
        "SHA256SUMS has the hashes of all files. The same sources give the same bytes.",
    .options = options,
    .options_size = sizeof(struct dist_options),
    .shared = SHARED_BUILDING | SHARED_VARIANT | SHARED_DRY_RUN,
    .run = run,
};
