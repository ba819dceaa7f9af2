#include "sbom/license.h"

#include "util/fs.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { MOST_DEPTH = 100, MOST_LIST = 1 << 20 };

struct reader {
    const char *at;
    size_t length; /* of the word at `at`; 0: the end */
    const struct strv *allowed;
    int depth;
    bool wrong;
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("-.+:", c));
}

static void look(struct reader *r)
{
    r->at += strspn(r->at, " \t");
    r->length = 0;
    while (is_word(r->at[r->length]))
        r->length++;
    if (!r->length && *r->at)
        r->length = 1;
}

static bool take(struct reader *r, const char *word)
{
    if (strlen(word) != r->length || strncasecmp(r->at, word, r->length) != 0)
        return false;
    r->at += r->length;
    look(r);
    return true;
}

static bool at_name(const struct reader *r)
{
    static const char *const operators[] = {"AND", "OR", "WITH"};

    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (strlen(operators[i]) == r->length && !strncasecmp(r->at, operators[i], r->length))
            return false;
    return r->length && is_word(*r->at);
}

static char *take_name(struct reader *r)
{
    char *name;

    if (!at_name(r)) {
        r->wrong = true;
        return xstrdup("");
    }
    name = xstrndup(r->at, r->length);
    r->at += r->length;
    look(r);
    return name;
}

static bool has(const struct strv *allowed, const char *license)
{
    for (size_t i = 0; i < allowed->n; i++)
        if (!strcasecmp(allowed->v[i], license))
            return true;
    return false;
}

/* A licence, with or without an exception. */
static bool license(struct reader *r)
{
    WL_CLEANUP_FREE char *name = take_name(r), *exception = NULL, *both = NULL;

    if (!strcmp(name, "NOASSERTION") || !strcmp(name, "NONE"))
        return false;
    if (!take(r, "WITH"))
        return has(r->allowed, name);
    exception = take_name(r);
    both = xasprintf("%s WITH %s", name, exception);
    return has(r->allowed, name) || has(r->allowed, both);
}

static bool any_of(struct reader *r);

/* All parts must be allowed; each is read in any case. */
static bool all_of(struct reader *r)
{
    bool allowed = true;

    do {
        bool part;

        if (take(r, "(")) {
            part = any_of(r);
            r->wrong |= !take(r, ")");
        } else {
            part = license(r);
        }
        allowed &= part;
    } while (!r->wrong && take(r, "AND"));
    return allowed;
}

static bool any_of(struct reader *r)
{
    bool allowed = false;

    if (++r->depth > MOST_DEPTH)
        r->wrong = true;
    while (!r->wrong) {
        allowed |= all_of(r);
        if (!take(r, "OR"))
            break;
    }
    r->depth--;
    return allowed;
}

enum license_answer license_check(const char *expression, const struct strv *allowed)
{
    struct reader r = {.at = expression, .allowed = allowed};
    bool is_allowed;

    look(&r);
    is_allowed = any_of(&r);
    if (r.wrong || r.length)
        return LICENSE_UNREADABLE;
    return is_allowed ? LICENSE_ALLOWED : LICENSE_NOT_ALLOWED;
}

/* Whether a line of a list is one licence. */
static bool is_license(const char *line)
{
    struct strv none = {0};
    struct reader r = {.at = line, .allowed = &none};

    look(&r);
    license(&r);
    return !r.wrong && !r.length;
}

int license_list(const char *file, struct strv *allowed, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL;
    size_t number = 0, size = 0;
    int r = file_read(file, MOST_LIST, &text, &size, err);

    if (r == 0 && strlen(text) != size)
        return wl_err_set(err, WL_E_USAGE, "%s is no text", file);

    for (char *line = text, *end; r == 0 && line && *line; line = end) {
        size_t n = strcspn(line, "\n");

        number++;
        end = line + n + (line[n] == '\n');
        line[n] = '\0';
        n = strcspn(line, "#");
        while (n && isspace((unsigned char)line[n - 1]))
            n--;
        line[n] = '\0';
        line += strspn(line, " \t");
        if (!*line)
            continue;
        if (!is_license(line)) {
            wl_err_set(err, WL_E_USAGE, "%s:%zu: \"%.100s\" is no license", file, number, line);
            return wl_err_hint(err, "write one SPDX identifier a line, for example: Apache-2.0");
        }
        strv_add(allowed, line);
    }
    return r;
}
