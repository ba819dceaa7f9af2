#include "pack/pip.h"

#include "pack/requirements.h"
#include "source/client.h"

#include <string.h>

void pip_add_command(struct strv *argv, const char *ask_pip, const char *python, const char *command, const char *given,
                     const struct fetch_options *o)
{
    strv_add_all(argv, "python3", ask_pip, python, given ? "given" : "pip", NULL);
    if (given)
        strv_add(argv, given);
    strv_add_all(argv, command, "--quiet", "--no-input", "--disable-pip-version-check", "--retries=1", NULL);
    strv_addf(argv, "--timeout=%d", fetch_connect_seconds(o));
}

void pip_add_selection(struct strv *argv, const struct wheels *w, bool native)
{
    /* pip prefers the first ones. */
    static const char *const platforms[] = {WASI_PLATFORM, "manylinux2014_x86_64", "manylinux_2_17_x86_64",
                                            "manylinux_2_28_x86_64"};
    const char *dot = strchr(w->series, '.');

    strv_add_all(argv, "--progress-bar=off", "--only-binary=:all:", "--platform=any", "--abi=none", NULL);
    strv_addf(argv, "--python-version=%s", w->version);
    strv_addf(argv, "--implementation=%s", native ? "cp" : "py");
    if (!native)
        return;
    for (size_t i = 0; i < sizeof platforms / sizeof *platforms; i++)
        strv_addf(argv, "--platform=%s", platforms[i]);
    strv_add(argv, "--abi=abi3");
    strv_addf(argv, "--abi=cp%.*s%s", (int)strcspn(w->series, "."), w->series, dot ? dot + 1 : "");
}

int pip_run(const struct strv *argv, const char *input, const struct fetch_options *o, char **output,
            struct wl_err *err)
{
    struct client c = {.package = "python3-pip",
                       .module = "pip",
                       .argv = argv->v,
                       .input = input,
                       .o = o,
                       .output_on_failure = output};

    if (o->offline) {
        wl_err_set(err, WL_E_FETCH, "the requirements have not been fetched before, and --offline forbids the network");
        return wl_err_hint(err, "run the same command once without --offline");
    }
    return client_run(&c, NULL, err);
}

int pip_query(const struct strv *argv, const char *input, const struct fetch_options *o, char **output,
              struct wl_err *err)
{
    struct client c = {.package = "python3-pip", .module = "pip", .argv = argv->v, .input = input, .o = o};

    return client_run(&c, output, err);
}

bool pip_parts(char *line, const char **parts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *tab = line ? strchr(line, '\t') : NULL;

        if (!line)
            return false;
        parts[i] = line;
        if (tab)
            *tab++ = '\0';
        line = tab;
    }
    return true;
}
