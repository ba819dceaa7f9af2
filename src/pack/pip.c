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

char *pip_required_by(const char *output)
{
    const char *line = strstr(output, "Could not find a version that satisfies the requirement ");
    const char *end = line ? line + strcspn(line, "\n") : NULL, *from = line ? strstr(line, " (from ") : NULL;

    if (!from || from > end)
        return NULL;
    from += strlen(" (from ");
    return starts_with(from, "versions: ") || starts_with(from, "-r ") ? NULL : xstrndup(from, strcspn(from, ")>-"));
}

char *pip_line(const char *output, const char *words)
{
    const char *at = output ? strstr(output, words) : NULL;

    return at ? xstrndup(at, strcspn(at, "\n")) : NULL;
}

/* Whether the address at the end of a line, ".../simple/NAME/", is that of the package. */
static bool is_address_of(const char *line, const char *end, const char *name)
{
    const char *start;

    while (end > line && (end[-1] == '/' || end[-1] == '\r'))
        end--;
    for (start = end; start > line && start[-1] != '/';)
        start--;
    return package_same_name(start, (size_t)(end - start), name);
}

char *pip_unanswered(const char *output, const char *name)
{
    static const char words[] = " after connection broken by '";

    /* ... after connection broken by 'ReadTimeoutError("WHERE: Read timed out.")': /simple/NAME/ */
    for (const char *at = output; at && (at = strstr(at, words)); at++) {
        const char *why = at + strlen(words), *line_end = at + strcspn(at, "\n"), *end = strstr(why, "': /");

        if (!end || end > line_end || !is_address_of(end, line_end, name))
            continue;
        for (const char *p = why; p < end; p++)
            if (p[0] == ':' && p[1] == ' ')
                why = p + 2;
        if (end > why && end[-1] == ')')
            end--;
        if (end > why && (end[-1] == '\'' || end[-1] == '"'))
            end--;
        return xstrndup(why, (size_t)(end - why));
    }
    return NULL;
}

int pip_no_answer(const char *asked, const char *name, const char *why, struct wl_err *err)
{
    wl_err_set(err, WL_E_FETCH, "%s: the package index did not answer when asked for %s: %s", asked, name, why);
    return wl_err_hint(err, "check the network, and run the same command again");
}
