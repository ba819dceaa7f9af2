#include "source/pip_config.h"

#include "util/fs.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MAX_FILE = 1 << 20 };

/* The options that are used here. */
enum key { INDEX_URL, EXTRA_INDEX_URL, FIND_LINKS, NO_INDEX, PROXY, CERT, KEYS };

static const char *const key_names[KEYS] = {"index-url", "extra-index-url", "find-links", "no-index", "proxy", "cert"};

/* The values in [global] and in [download], which take precedence. */
struct values {
    char *global[KEYS], *download[KEYS];
};

static void values_free(struct values *v)
{
    for (int i = 0; i < KEYS; i++) {
        free(v->global[i]);
        free(v->download[i]);
    }
}

static void set(char **value, char *to)
{
    free(*value);
    *value = to;
}

/* "--index-url", "index_url" and "Index-URL" are the same to pip. */
static int find_key(const char *name, size_t n)
{
    if (n > 2 && !strncmp(name, "--", 2)) {
        name += 2;
        n -= 2;
    }
    for (int k = 0; k < KEYS; k++) {
        size_t i = 0;

        if (strlen(key_names[k]) != n)
            continue;
        while (i < n && (name[i] == '_' ? '-' : tolower((unsigned char)name[i])) == key_names[k][i])
            i++;
        if (i == n)
            return k;
    }
    return -1;
}

/* The text between two places without white space around it. */
static char *trimmed(const char *s, const char *end)
{
    while (s < end && isspace((unsigned char)*s))
        s++;
    while (end > s && isspace((unsigned char)end[-1]))
        end--;
    return xstrndup(s, (size_t)(end - s));
}

/* Reads one line of an INI file. *value: the value that an indented next line continues, or NULL. */
static void take_line(struct values *v, const char *line, size_t n, char ***section, char ***value)
{
    WL_CLEANUP_FREE char *text = trimmed(line, line + n);
    size_t name_n = strcspn(text, "=:");
    int key;

    if (!*text || *text == '#' || *text == ';')
        return;
    if (isspace((unsigned char)*line)) {
        if (*value)
            set(*value, xasprintf("%s\n%s", **value, text));
        return;
    }
    *value = NULL;
    if (*text == '[') {
        *section = !strcasecmp(text, "[global]") ? v->global : !strcasecmp(text, "[download]") ? v->download : NULL;
        return;
    }
    if (!*section || !text[name_n])
        return;
    {
        WL_CLEANUP_FREE char *name = trimmed(text, text + name_n);

        key = find_key(name, strlen(name));
    }
    if (key < 0)
        return;
    *value = &(*section)[key];
    set(*value, trimmed(text + name_n + 1, text + strlen(text)));
}

static void read_file(struct values *v, const char *path)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_FREE char *text = NULL;
    char **section = NULL, **value = NULL;

    if (!path || file_read(path, MAX_FILE, &text, NULL, &ignored) < 0)
        return;
    for (const char *line = text; *line;) {
        size_t n = strcspn(line, "\n");

        take_line(v, line, n, &section, &value);
        line += n + (line[n] == '\n');
    }
}

/* DIR/NAME, or NULL without the directory. */
static char *below(const char *dir, const char *name)
{
    return dir && *dir ? path_join(dir, name) : NULL;
}

static void read_and_free(struct values *v, char *path)
{
    read_file(v, path);
    free(path);
}

/* The files of the machine, in the order in which pip reads them: later ones take precedence. */
static void read_site_dirs(struct values *v)
{
    const char *dirs = getenv("XDG_CONFIG_DIRS");
    WL_CLEANUP_STRV struct strv list = {0};

    if (!dirs || !*dirs)
        dirs = "/etc/xdg";
    for (const char *p = dirs; *p;) {
        size_t n = strcspn(p, ":");

        if (n)
            strv_take(&list, xasprintf("%.*s/pip/pip.conf", (int)n, p));
        p += n + (p[n] == ':');
    }
    for (size_t i = 0; i < list.n; i++)
        read_file(v, list.v[i]);
    read_file(v, "/etc/pip.conf");
}

static void read_files(struct values *v)
{
    const char *given = getenv("PIP_CONFIG_FILE"), *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");

    if (given && !strcmp(given, "/dev/null"))
        return;
    read_site_dirs(v);
    /* PIP_CONFIG_FILE replaces the user's own file. */
    if (!given || access(given, F_OK) < 0) {
        read_and_free(v, below(home, ".pip/pip.conf"));
        read_and_free(v, xdg && *xdg ? below(xdg, "pip/pip.conf") : below(home, ".config/pip/pip.conf"));
    }
    read_and_free(v, below(getenv("VIRTUAL_ENV"), "pip.conf"));
    read_file(v, given);
}

static void read_variables(struct values *v)
{
    for (int k = 0; k < KEYS; k++) {
        WL_CLEANUP_FREE char *name = xasprintf("PIP_%s", key_names[k]);
        const char *value;

        for (char *p = name; *p; p++)
            *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
        value = getenv(name);
        /* Like pip, an empty variable counts as none. */
        if (value && *value)
            set(&v->download[k], xstrdup(value));
    }
}

static const char *value_of(const struct values *v, enum key k)
{
    return v->download[k] ? v->download[k] : v->global[k];
}

static bool is_true(const char *s)
{
    static const char *const words[] = {"1", "y", "yes", "t", "true", "on"};

    for (size_t i = 0; s && i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(s, words[i]))
            return true;
    return false;
}

/* Adds the words of a value, without '/' at their end. */
static void add_words(struct strv *list, const char *value)
{
    for (const char *p = value ? value : ""; *(p += strspn(p, " \t\r\n"));) {
        size_t n = strcspn(p, " \t\r\n"), end = n;

        while (end > 1 && p[end - 1] == '/')
            end--;
        {
            WL_CLEANUP_FREE char *word = xstrndup(p, end);

            strv_add_once(list, word);
        }
        p += n;
    }
}

int pip_config_read(struct pip_config *c, struct wl_err *err)
{
    __attribute__((cleanup(values_free))) struct values v = {0};

    *c = (struct pip_config){0};
    read_files(&v);
    read_variables(&v);
    add_words(&c->links, value_of(&v, FIND_LINKS));
    if (!is_true(value_of(&v, NO_INDEX))) {
        c->uses_default = !value_of(&v, INDEX_URL);
        add_words(&c->indexes, value_of(&v, INDEX_URL));
        add_words(&c->indexes, value_of(&v, EXTRA_INDEX_URL));
    }
    if (value_of(&v, PROXY))
        c->proxy = xstrdup(value_of(&v, PROXY));
    if (value_of(&v, CERT))
        c->cert = xstrdup(value_of(&v, CERT));
    if (!c->links.n && !c->indexes.n && !c->uses_default)
        return wl_err_set(err, WL_E_FETCH, "pip is configured with no index (no-index)");
    return 0;
}

void pip_config_free(struct pip_config *c)
{
    strv_free(&c->links);
    strv_free(&c->indexes);
    free(c->proxy);
    free(c->cert);
}
