#include "made_up_wheels.h"

#include "make_archive.h"
#include "util/fs.h"
#include "util/str.h"

#include <stdio.h>
#include <string.h>

void skip_without_pip(void)
{
    if (system("python3 -m pip --version >/dev/null 2>&1") != 0)
        skip();
}

void place_free(struct place *p)
{
    free(p->folder);
    free(p->requirements);
    free(p->lock);
    free(p->ask_pip);
    strv_free(&p->notes);
    wl_err_free(&p->err);
}

void place_make(void **state, struct place *p, const char *requirements)
{
    WL_CLEANUP_FREE char *text = xasprintf("--no-index\n--find-links wheels\n%s", requirements);
    WL_CLEANUP_FREE char *scratch = in_folder(state, "scratch");
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    *p = (struct place){.err = WL_ERR_INIT};
    unsetenv("PIP_FIND_LINKS");
    setenv("PIP_CONFIG_FILE", "/dev/null", 1);
    remove_tree(scratch, &ignored);
    p->folder = scratch;
    scratch = NULL;
    p->requirements = in_folder(state, "r.txt");
    p->lock = in_folder(state, "r.lock");
    p->ask_pip = path_join(getenv("WL_SOURCE_ROOT"), "src/pack/ask_pip.py");
    write_text(p->requirements, text);
    p->w = (struct wheels){.requirements = p->requirements,
                           .lock = p->lock,
                           .series = "3.13",
                           .version = "3.13.5",
                           .ask_pip = p->ask_pip,
                           .scratch = p->folder};
}

void wheel(void **state, const char *name, const char *version, const char *tag, const char *more)
{
    WL_CLEANUP_FREE char *folder = in_folder(state, "wheels"), *base = xasprintf("%s-%s", name, version);
    WL_CLEANUP_FREE char *file = xasprintf("%s/%s-%s.whl", folder, base, tag);
    WL_CLEANUP_FREE char *metadata = xasprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s", name, version, more);
    WL_CLEANUP_FREE char *about =
        xasprintf("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: %s\n", tag);
    WL_CLEANUP_FREE char *m = xasprintf("%s.dist-info/METADATA", base), *a = xasprintf("%s.dist-info/WHEEL", base);
    WL_CLEANUP_FREE char *record = xasprintf("%s.dist-info/RECORD", base), *code = xasprintf("%s.py", name);
    WL_CLEANUP_FREE char *list = xasprintf("%s,,\n%s,,\n%s,,\n%s,,\n", code, m, a, record);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    assert_ok(make_dirs(folder, &err), &err);
    make_archive(
        file, "zip",
        (struct entry[]){
            {'f', code, "# made up\n", 0}, {'f', m, metadata, 0}, {'f', a, about, 0}, {'f', record, list, 0}, {0}});
}

int lock(struct place *p)
{
    return wheels_lock(&p->w, &p->o, &p->notes, &p->err);
}

char *locked(const struct place *p)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    char *text = NULL;

    assert_ok(file_read(p->lock, 1 << 20, &text, NULL, &err), &err);
    return text;
}

int install(struct place *p, const char *site)
{
    WL_CLEANUP_FREE char *text = locked(p);

    return wheels_install(&p->w, text, site, &p->o, &p->err);
}

void sdist(void **state, const char *name, const char *version)
{
    WL_CLEANUP_FREE char *folder = in_folder(state, "wheels"), *base = xasprintf("%s-%s", name, version);
    WL_CLEANUP_FREE char *file = xasprintf("%s/%s.tar.gz", folder, base), *setup = xasprintf("%s/setup.py", base);

    make_archive(file, "tar.gz", (struct entry[]){{'f', setup, "raise SystemExit('run')\n", 0}, {0}});
}
