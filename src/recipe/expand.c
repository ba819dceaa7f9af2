#include "recipe/expand.h"

#include "util/version.h"

#include <string.h>

const char *variable_value(const struct recipe *r, const char *name, size_t len)
{
    for (size_t i = 0; i < r->vars.n; i++)
        if (!strncmp(r->vars.v[i], name, len) && r->vars.v[i][len] == '=')
            return r->vars.v[i] + len + 1;
    return NULL;
}

/* The number of a version between dots: 0 is the major one. "" if it has none. The caller frees it. */
static char *version_part(const char *version, int part)
{
    for (; part > 0 && *version; part--) {
        version += strcspn(version, ".");
        version += *version == '.';
    }
    return xstrndup(version, strcspn(version, "."));
}

static bool is_named(const char *name, size_t len, const char *wanted)
{
    return strlen(wanted) == len && !strncmp(name, wanted, len);
}

/* The value of ${NAME}, which the caller frees; NULL: there is no such name. */
static char *value_of(const struct recipe *r, const char *name, size_t len)
{
    const char *value;

    if (is_named(name, len, "version"))
        return xstrdup(r->version);
    if (is_named(name, len, "version.major"))
        return version_part(r->version, 0);
    if (is_named(name, len, "version.minor"))
        return version_part(r->version, 1);
    if (is_named(name, len, "series"))
        return version_series(r->version);
    value = variable_value(r, name, len);
    return value ? xstrdup(value) : NULL;
}

int expand_text(const struct recipe_loader *ld, const struct layer *l, const char *key_path, const char *text,
                char **out)
{
    WL_CLEANUP_STR struct str b = {0};
    const char *rest = text;

    for (const char *start; (start = strstr(rest, "${"));) {
        const char *name = start + 2, *end = strchr(name, '}');
        WL_CLEANUP_FREE char *value = NULL;

        if (!end)
            return layer_error(l, key_path, ld->err, "'${' without '}' in \"%s\"", text);
        value = value_of(ld->r, name, (size_t)(end - name));
        if (!value)
            return layer_error(l, key_path, ld->err, "${%.*s} is not defined; 'vars' can define it", (int)(end - name),
                               name);
        str_addn(&b, rest, (size_t)(start - rest));
        str_add(&b, value);
        rest = end + 1;
    }
    str_add(&b, rest);
    *out = str_take(&b);
    return 0;
}

int expand_list(const struct recipe_loader *ld, const struct layer *l, const char *key_path, char *const *list,
                unsigned n, struct strv *out)
{
    for (unsigned i = 0; i < n; i++) {
        WL_CLEANUP_FREE char *path = xasprintf("%s/%u", key_path, i);
        char *s = NULL;
        int r = expand_text(ld, l, path, list[i], &s);

        if (r < 0)
            return r;
        strv_take(out, s);
    }
    return 0;
}

bool switch_is_on(const struct recipe_loader *ld, const struct field *f)
{
    const struct layer *l = layer_with(ld, f);
    const bool *set = l ? l->f->value[field_index(f)].v : NULL;

    return !set || *set;
}

static const struct field *find_switch(const char *name)
{
    FOR_EACH_FIELD (f)
        if (f->kind == FIELD_SWITCH && !strcmp(f->key, name))
            return f;
    return NULL;
}

static int unknown_switch(const struct layer *l, const char *key_path, const char *entry, const char *name,
                          struct wl_err *err)
{
    WL_CLEANUP_STR struct str known = {0};

    FOR_EACH_FIELD (f)
        if (f->kind == FIELD_SWITCH)
            str_addf(&known, "%s%s", known.len ? ", " : "", f->key);
    return layer_error(l, key_path, err, "\"%s\": there is no switch '%s'; the switches are: %s", entry, name, known.s);
}

int take_condition(struct recipe_loader *ld, const struct layer *l, const char *key_path, char *entry)
{
    static const char mark[] = " if ";
    char *end = strstr(entry, mark);
    const struct field *f;
    const char *name;

    if (!end)
        return 1;
    name = end + strlen(mark);
    name += strspn(name, " ");
    f = find_switch(name);
    if (!f)
        return unknown_switch(l, key_path, entry, name, ld->err);
    while (end > entry && end[-1] == ' ')
        end--;
    *end = '\0';
    ld->used[field_index(f)] = true;
    return switch_is_on(ld, f);
}

bool is_inner_path(const char *p)
{
    if (!*p || *p == '/')
        return false;
    while (*p) {
        size_t n = strcspn(p, "/");

        if (n == 2 && p[0] == '.' && p[1] == '.')
            return false;
        p += n + (p[n] == '/');
    }
    return true;
}
