#include "cmd/config.h"

#include "util/fs.h"

#include <ctype.h>
#include <string.h>

enum { MOST_BYTES = 1 << 16 };

enum kind { TEXT, FILE_NAME, FLAG, LIST, FILE_LIST, KEY_LIST };

static const struct {
    const char *name;
    enum kind kind;
    size_t member;
} settings[] = {
#define AT(m) offsetof(struct config, m)
    {"remote", TEXT, AT(remote)},
    {"remote-write", FLAG, AT(remote_write)},
    {"public-key", KEY_LIST, AT(public_keys)},
    {"secret-key", FILE_NAME, AT(secret_key)},
    {"launcher", TEXT, AT(launcher)},
    {"launcher-env", LIST, AT(launcher_env)},
    {"launcher-dir", FILE_LIST, AT(launcher_dirs)},
    {"launcher-network", FLAG, AT(launcher_network)},
#undef AT
};

enum { SETTINGS = sizeof settings / sizeof *settings };

static int wrong(const struct config *c, unsigned line, const char *what, struct wl_err *err)
{
    wl_err_set(err, WL_E_USAGE, "%s:%u: %s", c->file, line, what);
    return wl_err_hint(err, "man wl-make-config describes every setting");
}

/* The name of a file: "~" is the home directory, and others begin at the directory of the configuration. The caller
 * frees it. */
static char *file_name(const struct config *c, const char *value)
{
    const char *home = getenv("HOME");
    WL_CLEANUP_FREE char *dir = path_dir(c->file);

    if (starts_with(value, "~/") && home)
        return path_join(home, value + 2);
    return path_join(dir, value);
}

/* A key is one line of base64, which no name of a file looks like. */
static bool is_key(const char *value)
{
    enum { KEY_LETTERS = 56 };

    return strlen(value) == KEY_LETTERS && starts_with(value, "RW");
}

static int set(struct config *c, size_t i, unsigned line, const char *value, struct wl_err *err)
{
    void *member = (char *)c + settings[i].member;

    switch (settings[i].kind) {
    case TEXT:
    case FILE_NAME:
        if (*(char **)member)
            return wrong(c, line, "this is set a second time", err);
        *(char **)member = settings[i].kind == TEXT ? xstrdup(value) : file_name(c, value);
        break;
    case FLAG:
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
            return wrong(c, line, "the value is yes or no", err);
        *(bool *)member = !strcmp(value, "yes");
        break;
    case LIST:
        strv_add(member, value);
        break;
    case FILE_LIST:
        strv_take(member, file_name(c, value));
        break;
    case KEY_LIST:
        strv_take(member, is_key(value) ? xstrdup(value) : file_name(c, value));
        break;
    }
    return 0;
}

static int unknown(const struct config *c, unsigned line, const char *name, struct wl_err *err)
{
    WL_CLEANUP_FREE char *what = NULL;
    const char *nearest = NULL;
    size_t best = 4;

    for (size_t i = 0; i < SETTINGS; i++) {
        size_t d = edit_distance(name, settings[i].name);

        if (d < best) {
            best = d;
            nearest = settings[i].name;
        }
    }
    what = nearest ? xasprintf("there is no setting '%s'; did you mean '%s'?", name, nearest)
                   : xasprintf("there is no setting '%s'", name);
    return wrong(c, line, what, err);
}

/* Takes spaces off both ends. */
static char *trim(char *s)
{
    size_t n;

    while (isspace((unsigned char)*s))
        s++;
    for (n = strlen(s); n && isspace((unsigned char)s[n - 1]);)
        s[--n] = '\0';
    return s;
}

static int read_line(struct config *c, unsigned number, char *text, struct wl_err *err)
{
    char *equals, *name, *value;
    size_t i = 0;

    text = trim(text);
    if (!*text || *text == '#')
        return 0;
    equals = strchr(text, '=');
    if (!equals)
        return wrong(c, number, "this is not NAME = VALUE", err);
    *equals = '\0';
    name = trim(text);
    value = trim(equals + 1);
    while (i < SETTINGS && strcmp(settings[i].name, name) != 0)
        i++;
    if (i == SETTINGS)
        return unknown(c, number, name, err);
    return *value ? set(c, i, number, value, err) : wrong(c, number, "the value is empty", err);
}

/* What belongs together. */
static int check(const struct config *c, struct wl_err *err)
{
    if (c->remote && !c->public_keys.n) {
        wl_err_set(err, WL_E_USAGE, "%s: 'remote' is set, but no 'public-key'", c->file);
        return wl_err_hint(err, "entries of a remote store are used only if a key that you trust has signed them; "
                                "wl-make sign --generate makes one");
    }
    if (c->remote_write && !c->secret_key) {
        wl_err_set(err, WL_E_USAGE, "%s: 'remote-write' is set, but no 'secret-key'", c->file);
        return wl_err_hint(err, "what is written to a remote store is signed; wl-make sign --generate makes a key");
    }
    for (size_t i = 0; i < c->launcher_env.n; i++)
        if (!strchr(c->launcher_env.v[i], '=')) {
            wl_err_set(err, WL_E_USAGE, "%s: launcher-env: '%s' is not NAME=VALUE", c->file, c->launcher_env.v[i]);
            return wl_err_hint(err, "for example launcher-env = DISTCC_HOSTS=localhost");
        }
    return 0;
}

static char *find_file(bool *must)
{
    const char *named = getenv("WL_MAKE_CONFIG"), *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

    *must = named && *named;
    if (*must)
        return path_absolute(named);
    if (config && *config == '/')
        return path_join(config, "wl-make/config");
    return home && *home == '/' ? path_join(home, ".config/wl-make/config") : NULL;
}

int config_read(struct config *c, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL;
    bool must;
    unsigned line = 0;
    int r;

    *c = (struct config){.file = find_file(&must)};
    if (!c->file || (!must && !path_exists(c->file))) {
        free_charp(&c->file);
        return 0;
    }
    r = file_read(c->file, MOST_BYTES, &text, NULL, err);
    for (char *p = text, *next; r == 0 && p; p = next) {
        next = strchr(p, '\n');
        if (next)
            *next++ = '\0';
        r = read_line(c, ++line, p, err);
    }
    return r < 0 ? r : check(c, err);
}

void config_free(struct config *c)
{
    free(c->file);
    free(c->remote);
    strv_free(&c->public_keys);
    free(c->secret_key);
    free(c->launcher);
    strv_free(&c->launcher_env);
    strv_free(&c->launcher_dirs);
    *c = (struct config){0};
}
