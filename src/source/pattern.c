#include "source/pattern.h"

#include "util/str.h"
#include "util/version.h"

#include <ctype.h>
#include <string.h>

static const char *const extensions[] = {".tar.gz", ".tgz",     ".tar.xz", ".txz", ".tar.bz2",
                                         ".tbz2",   ".tar.zst", ".tar.lz", ".zip"};

/* The length of a name without the extension of an archive. */
static size_t stem_length(const char *name)
{
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if (ends_with(name, extensions[i]))
            return strlen(name) - strlen(extensions[i]);
    return strlen(name);
}

static bool is_bounded(const char *name, const char *at, size_t n, char separator)
{
    if (at > name &&
        (isdigit((unsigned char)at[-1]) || (at - name > 1 && at[-1] == separator && isdigit((unsigned char)at[-2]))))
        return false;
    return !isdigit((unsigned char)at[n]) && !(at[n] == separator && isdigit((unsigned char)at[n + 1]));
}

static char *with_separator(const char *version, char from, char to)
{
    char *s = xstrdup(version);

    for (char *p = s; *p; p++)
        *p = *p == from ? to : *p;
    return s;
}

bool pattern_make(const char *name, const char *version, struct pattern *p)
{
    static const char separators[] = "._-";

    if (!*version)
        return false;
    for (const char *s = separators; *s && (*s == '.' || strchr(version, '.')); s++) {
        WL_CLEANUP_FREE char *wanted = with_separator(version, '.', *s);
        size_t n = strlen(wanted), whole = stem_length(name);

        for (const char *at = name; (at = strstr(at, wanted)); at++) {
            if (!is_bounded(name, at, n, *s) || (size_t)(at - name) + n > whole)
                continue;
            *p = (struct pattern){.before = xstrndup(name, (size_t)(at - name)),
                                  .after = xstrndup(at + n, whole - (size_t)(at - name) - n),
                                  .separator = *s,
                                  .archive = name[whole] != '\0',
                                  .plain = version_is_plain(version)};
            return true;
        }
    }
    return false;
}

void pattern_free(struct pattern *p)
{
    free(p->before);
    free(p->after);
    *p = (struct pattern){0};
}

char *pattern_match(const struct pattern *p, const char *name)
{
    size_t whole = stem_length(name), before = strlen(p->before), after = strlen(p->after);
    WL_CLEANUP_FREE char *raw = NULL;
    char *version;

    if (p->archive != (name[whole] != '\0') || whole <= before + after || !starts_with(name, p->before) ||
        strncmp(name + whole - after, p->after, after) != 0)
        return NULL;
    raw = xstrndup(name + before, whole - before - after);
    version = with_separator(raw, p->separator, '.');
    if (!isdigit((unsigned char)*version) ||
        strspn(version, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+~_-") != strlen(version) ||
        (p->plain && !version_is_plain(version))) {
        free(version);
        return NULL;
    }
    return version;
}

char *pattern_fill(const struct pattern *p, const char *version)
{
    WL_CLEANUP_FREE char *spelled = with_separator(version, '.', p->separator);

    return xasprintf("%s%s%s", p->before, spelled, p->after);
}

char *pattern_debian(const char *source, const char *file)
{
    static const char *const repacked[] = {"+dfsg", ".dfsg", "~dfsg", "+ds", ".ds", "~ds", "+repack"};
    size_t n = strlen(source), end;
    const char *v, *orig, *really;
    WL_CLEANUP_FREE char *version = NULL;

    if (strncmp(file, source, n) != 0 || file[n] != '_' || !isdigit((unsigned char)file[n + 1]))
        return NULL;
    v = file + n + 1;
    orig = strstr(v, ".orig.tar.");
    if (orig && !strchr(orig + strlen(".orig.tar."), '.')) {
        end = (size_t)(orig - v);
    } else if (ends_with(v, ".dsc") || ends_with(v, ".deb")) {
        const char *stop = ends_with(v, ".deb") && strchr(v, '_') ? strchr(v, '_') : v + strlen(v) - 4, *dash = NULL;

        /* The last '-' separates upstream's version from Debian's revision. */
        for (const char *p = v; p < stop; p++)
            dash = *p == '-' ? p : dash;
        end = (size_t)((dash ? dash : stop) - v);
    } else {
        return NULL;
    }
    version = xstrndup(v, end);
    /* Debian calls 1.3.2 "1.3.dfsg+really1.3.2" when it goes back from a newer version. */
    really = strstr(version, "+really");
    if (really)
        return xstrdup(really + strlen("+really"));
    for (size_t i = 0; i < sizeof repacked / sizeof *repacked; i++) {
        char *mark = strstr(version, repacked[i]);

        if (mark)
            *mark = '\0';
    }
    return xstrdup(version);
}
