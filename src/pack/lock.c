#include "pack/lock.h"

#include "pack/requirements.h"
#include "util/fs.h"

#include <string.h>

static const char hash_option[] = " --hash=sha256:", source_mark[] = " # source ", wheel_mark[] = " # wheel ",
                  requires_mark[] = "#requires ", crate_mark[] = "#crate ", more_hash[] = " sha256:";

enum { HEX = HASH_HEX_SIZE - 1 };

struct package *packages_add(struct packages *p, const char *name, size_t name_n, const char *version, size_t version_n,
                             const char *file, size_t file_n)
{
    struct package *new;

    p->v = xreallocarray(p->v, p->n + 1, sizeof *p->v);
    new = &p->v[p->n++];
    *new = (struct package){.name = xstrndup(name, name_n),
                            .version = xstrndup(version, version_n),
                            .file = file ? xstrndup(file, file_n) : NULL};
    return new;
}

int packages_add_wheel(struct packages *p, const char *dir, const char *wheel, struct wl_err *err)
{
    const char *dash = strchr(wheel, '-'), *version = dash ? dash + 1 : wheel + strlen(wheel);
    WL_CLEANUP_FREE char *file = path_join(dir, wheel);
    struct package *new =
        packages_add(p, wheel, strcspn(wheel, "-"), version, strcspn(version, "-"), wheel, strlen(wheel));

    return hash_file(file, new->sha256, err);
}

int packages_add_wheels(struct packages *p, const char *dir, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir_list(dir, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++)
        r = packages_add_wheel(p, dir, names.v[i], err);
    return r;
}

void packages_move(struct packages *to, struct package *from)
{
    to->v = xreallocarray(to->v, to->n + 1, sizeof *to->v);
    to->v[to->n++] = *from;
    *from = (struct package){0};
}

void packages_free(struct packages *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->v[i].name);
        free(p->v[i].version);
        free(p->v[i].file);
        packages_free(&p->v[i].requires);
        packages_free(&p->v[i].crates);
    }
    free(p->v);
    *p = (struct packages){0};
}

const struct package *packages_find(const struct packages *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (package_same_name(name, strlen(name), p->v[i].name))
            return &p->v[i];
    return NULL;
}

bool package_is_native(const struct package *p)
{
    return p->source || (p->file && wheel_is_wasi(p->file));
}

bool packages_have_native(const struct packages *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (package_is_native(&p->v[i]))
            return true;
    return false;
}

bool package_is_rust(const struct package *p)
{
    return packages_find(&p->requires, "maturin") || packages_find(&p->requires, "setuptools-rust");
}

void lock_add(struct str *text, const struct package *p)
{
    str_addf(text, "%s==%s%s%s", p->name, p->version, hash_option, p->sha256);
    if (p->file)
        str_addf(text, "%s%s", p->source ? source_mark : wheel_mark, p->file);
    str_addc(text, '\n');
    for (size_t i = 0; i < p->requires.n; i++) {
        const struct package *r = &p->requires.v[i];

        str_addf(text, "%s%s: %s==%s %s%s%s\n", requires_mark, p->name, r->name, r->version, r->file, more_hash,
                 r->sha256);
    }
    for (size_t i = 0; i < p->crates.n; i++) {
        const struct package *c = &p->crates.v[i];

        str_addf(text, "%s%s: %s==%s%s%s\n", crate_mark, p->name, c->name, c->version, more_hash, c->sha256);
    }
}

static bool is_version(const char *s, size_t n)
{
    return n && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+!") >= n;
}

/* Adds the package of "NAME==VERSION", which ends at `end`; NULL: it is none. */
static struct package *add_pin(struct packages *p, const char *pin, const char *end, const char *file, size_t file_n)
{
    const char *equals = strstr(pin, "==");
    size_t name_n = package_name_length(pin);

    if (!equals || equals >= end || !name_n || pin + name_n != equals ||
        !is_version(equals + 2, (size_t)(end - equals) - 2))
        return NULL;
    return packages_add(p, pin, name_n, equals + 2, (size_t)(end - equals) - 2, file, file_n);
}

static bool take_hash(struct package *p, const char *hex)
{
    if (!p || strlen(hex) < HEX)
        return false;
    memcpy(p->sha256, hex, HEX);
    p->sha256[HEX] = '\0';
    return is_hex(p->sha256, HEX);
}

/* Whether a name is one component of a path, of the letters that archives of packages have. */
static bool is_file_name(const char *s, size_t n)
{
    return n && *s != '.' && *s != '-' &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+") >= n;
}

/* "NAME==VERSION --hash=sha256:HEX # source FILE" */
static bool parse_pin(const char *line, struct packages *p)
{
    const char *hash = strstr(line, hash_option), *hex = hash ? hash + strlen(hash_option) : NULL;
    const char *mark = NULL, *file = NULL;
    bool source;
    struct package *new;

    if (!hash || strlen(hex) < HEX)
        return false;
    source = starts_with(hex + HEX, source_mark);
    mark = source ? source_mark : starts_with(hex + HEX, wheel_mark) ? wheel_mark : NULL;
    file = mark ? hex + HEX + strlen(mark) : NULL;
    if (file && !is_file_name(file, strlen(file)))
        return false;
    new = add_pin(p, line, hash, file, file ? strlen(file) : 0);
    if (!take_hash(new, hex))
        return false;
    new->source = source;
    return true;
}

/* What follows "#requires NAME: " in a line that belongs to the last package; NULL: it does not. */
static const char *after_name(const char *line, const char *mark, const struct package *of)
{
    const char *name = line + strlen(mark), *colon = strstr(name, ": ");

    return of && of->source && colon && package_same_name(name, (size_t)(colon - name), of->name) ? colon + 2 : NULL;
}

/* "#requires NAME: NAME==VERSION FILE sha256:HEX" */
static bool parse_required(const char *line, struct package *of)
{
    const char *pin = after_name(line, requires_mark, of);
    const char *space = pin ? strchr(pin, ' ') : NULL, *hash = pin ? strstr(pin, more_hash) : NULL;

    if (!space || !hash || hash <= space || !is_file_name(space + 1, (size_t)(hash - space) - 1))
        return false;
    return take_hash(add_pin(&of->requires, pin, space, space + 1, (size_t)(hash - space) - 1),
                     hash + strlen(more_hash));
}

/* "#crate NAME: NAME==VERSION sha256:HEX" */
static bool parse_crate(const char *line, struct package *of)
{
    const char *pin = after_name(line, crate_mark, of), *hash = pin ? strstr(pin, more_hash) : NULL;

    return hash && take_hash(add_pin(&of->crates, pin, hash, NULL, 0), hash + strlen(more_hash));
}

static bool parse_line(const char *line, struct packages *p)
{
    struct package *last = p->n ? &p->v[p->n - 1] : NULL;

    if (starts_with(line, requires_mark))
        return parse_required(line, last);
    if (starts_with(line, crate_mark))
        return parse_crate(line, last);
    return *line == '#' || *line == '-' || parse_pin(line, p);
}

int lock_parse(const char *file, const char *text, struct packages *p, struct wl_err *err)
{
    WL_CLEANUP_FREE char *copy = xstrdup(text);

    for (char *state, *line = strtok_r(copy, "\r\n", &state); line; line = strtok_r(NULL, "\r\n", &state)) {
        if (parse_line(line, p))
            continue;
        wl_err_set(err, WL_E_USAGE, "%s: a line is not one of a lock file: %s", file, line);
        return wl_err_hint(err, "write the file again with --update");
    }
    return 0;
}

char *lock_wheels(const char *text)
{
    struct str wheels = {0};

    for (const char *line = text; *line;) {
        size_t n = strcspn(line, "\n");
        WL_CLEANUP_FREE char *one = xstrndup(line, n);

        if (!strstr(one, source_mark) && !wheel_is_wasi(one) && !starts_with(one, requires_mark) &&
            !starts_with(one, crate_mark))
            str_addf(&wheels, "%s\n", one);
        line += n + (line[n] == '\n');
    }
    return str_take(&wheels);
}
