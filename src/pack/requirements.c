#include "pack/requirements.h"

#include "util/fs.h"

#include <ctype.h>
#include <string.h>

/* The next line of a text: *at moves behind it. NULL: no more. */
static const char *next_line(const char **at)
{
    const char *line = *at;

    if (!*line)
        return NULL;
    *at += strcspn(line, "\n");
    *at += **at == '\n';
    return line;
}

/* The value of a line's option, if that says where packages are ("" if it has none, like --no-index); else NULL. */
static const char *place_in(const char *line, const char **option)
{
    static const char *const options[] = {"--find-links",   "-f",        "--index-url", "-i", "--extra-index-url",
                                          "--trusted-host", "--no-index"};

    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        size_t n = strlen(options[i]);

        if (starts_with(line, options[i]) && strchr(" =\t\r\n", line[n])) {
            *option = options[i];
            return line + n + strspn(line + n, " =\t");
        }
    }
    return NULL;
}

void requirements_add_options(const char *text, struct str *out)
{
    const char *option;

    for (const char *line; (line = next_line(&text));)
        if (place_in(line, &option))
            str_addf(out, "%.*s\n", (int)strcspn(line, "\r\n"), line);
}

void requirements_add_places(const char *file, const char *text, struct strv *argv)
{
    WL_CLEANUP_FREE char *dir = path_dir(file);

    for (const char *line; (line = next_line(&text));) {
        WL_CLEANUP_FREE char *place = NULL, *beside = NULL;
        const char *option, *value = place_in(line, &option);

        if (!value)
            continue;
        strv_add(argv, option);
        place = xstrndup(value, strcspn(value, " \t\r\n"));
        beside = path_join(dir, place);
        if (*place)
            strv_add(argv, *place != '/' && path_exists(beside) ? beside : place);
    }
}

void requirements_add_links(const char *file, const char *text, struct strv *dirs)
{
    WL_CLEANUP_STRV struct strv words = {0};

    requirements_add_places(file, text, &words);
    for (size_t i = 0; i + 1 < words.n; i++)
        if ((!strcmp(words.v[i], "--find-links") || !strcmp(words.v[i], "-f")) && path_is_dir(words.v[i + 1]))
            strv_take(dirs, path_absolute(words.v[i + 1]));
}

static bool is_source(const char *line)
{
    static const char *const repositories[] = {"git+", "hg+", "svn+", "bzr+"};
    static const char *const archives[] = {".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"};
    const char *at = strstr(line, "@ ");
    const char *where = at ? at + 2 + strspn(at + 2, " ") : line;
    WL_CLEANUP_FREE char *word = xstrndup(where, strcspn(where, " \t\r;#"));

    if (starts_with(line, "-e ") || starts_with(line, "--editable"))
        return true;
    for (size_t i = 0; i < sizeof repositories / sizeof *repositories; i++)
        if (starts_with(word, repositories[i]))
            return true;
    for (size_t i = 0; i < sizeof archives / sizeof *archives; i++)
        if (ends_with(word, archives[i]))
            return true;
    return strchr(word, '/') && path_is_dir(word);
}

char *requirements_source(const char *text)
{
    for (const char *line; (line = next_line(&text));) {
        WL_CLEANUP_FREE char *one = NULL;

        line += strspn(line, " \t");
        one = xstrndup(line, strcspn(line, "\r\n"));
        if (*one != '#' && is_source(one)) {
            char *found = one;

            one = NULL;
            return found;
        }
    }
    return NULL;
}

char *requirements_pins(const char *text)
{
    struct str pins = {0};

    for (const char *line; (line = next_line(&text));)
        if (*line != '-' && *line != '#')
            str_addf(&pins, "%.*s\n", (int)strcspn(line, "\n"), line);
    return str_take(&pins);
}

size_t package_name_length(const char *s)
{
    size_t n = 0;

    while (isalnum((unsigned char)s[n]) || (s[n] && strchr("-_.", s[n])))
        n++;
    return n;
}

bool package_same_name(const char *a, size_t n, const char *b)
{
    if (strlen(b) != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]) &&
            !(strchr("-_.", a[i]) && strchr("-_.", b[i])))
            return false;
    return true;
}

char *wheel_pin(const char *wheel)
{
    size_t name = strcspn(wheel, "-");
    const char *version = wheel + name + (wheel[name] == '-');

    return xasprintf("%.*s==%.*s", (int)name, wheel, (int)strcspn(version, "-"), version);
}

bool wheel_is_wasi(const char *wheel)
{
    return ends_with(wheel, "-" WASI_PLATFORM ".whl");
}

char *wheel_version(const struct strv *wheels, const char *name)
{
    for (size_t i = 0; i < wheels->n; i++) {
        const char *wheel = wheels->v[i];
        size_t n = strcspn(wheel, "-");

        if (wheel[n] && package_same_name(wheel, n, name))
            return xstrndup(wheel + n + 1, strcspn(wheel + n + 1, "-"));
    }
    return NULL;
}
