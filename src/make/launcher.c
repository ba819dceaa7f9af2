#include "make/launcher.h"

#include "util/fs.h"
#include "util/run.h"

#include <string.h>
#include <sys/stat.h>

#define FOLDER "launcher"

/* What steps call. */
static const char *const compilers[] = {"clang-" WL_LLVM, "clang++-" WL_LLVM, "cc", "c++", "gcc", "g++"};

/* A program where the steps find it, which may differ from the caller's PATH. The caller frees it; NULL: there is none.
 */
static char *find_program(const char *name)
{
    static const char *const dirs[] = {"/usr/local/bin", "/usr/bin", "/bin"};

    if (*name == '/')
        return run_which(name);
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        WL_CLEANUP_FREE char *file = path_join(dirs[i], name);
        char *found = run_which(file);

        if (found)
            return found;
    }
    return NULL;
}

static int write_script(const struct launcher *l, const char *compiler, const char *real, const char *dir,
                        struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = path_join(dir, compiler), *quoted = shell_quote(real);
    WL_CLEANUP_STR struct str text = {0};
    int r;

    str_add(&text, "#!/bin/sh\n");
    for (size_t i = 0; i < l->env->n; i++) {
        const char *value = strchr(l->env->v[i], '=');
        WL_CLEANUP_FREE char *q = value ? shell_quote(value + 1) : NULL;

        if (value)
            str_addf(&text, "export %.*s=%s\n", (int)(value - l->env->v[i]), l->env->v[i], q);
    }
    str_addf(&text, "exec %s %s \"$@\"\n", l->program, quoted);
    r = file_write(file, text.s, text.len, err);
    if (r == 0 && chmod(file, 0755) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot set the mode of %s", file);
    return r;
}

/* The first word of the command must be a program that the steps can start. */
static int check_installed(const struct launcher *l, struct wl_err *err)
{
    WL_CLEANUP_FREE char *word = xstrndup(l->program, strcspn(l->program, " \t")), *path = find_program(word);

    if (path)
        return 0;
    wl_err_set(err, WL_E_TOOLCHAIN, "the launcher %s is not installed", word);
    return wl_err_hint(err, "install it, or take 'launcher' out of the configuration");
}

int launcher_add(struct box *b, const struct launcher *l, struct wl_err *err)
{
    static const char path[] = "PATH=";
    WL_CLEANUP_FREE char *dir = path_join(b->dir, FOLDER);
    int r = l ? check_installed(l, err) : 0;

    if (!l || r < 0)
        return r;
    r = make_dirs(dir, err);
    for (size_t i = 0; r == 0 && i < sizeof compilers / sizeof *compilers; i++) {
        WL_CLEANUP_FREE char *real = find_program(compilers[i]);

        if (real)
            r = write_script(l, compilers[i], real, dir, err);
    }
    for (size_t i = 0; i < b->env.n; i++)
        if (starts_with(b->env.v[i], path)) {
            char *with = xasprintf("PATH=%s/" FOLDER ":%s", b->root, b->env.v[i] + strlen(path));

            free(b->env.v[i]);
            b->env.v[i] = with;
        }
    for (size_t i = 0; r == 0 && i < l->dirs->n; i++) {
        r = make_dirs(l->dirs->v[i], err);
        strv_add(&b->shared, l->dirs->v[i]);
        strv_add(&b->shared, l->dirs->v[i]);
    }
    b->network = l->network;
    return r;
}
