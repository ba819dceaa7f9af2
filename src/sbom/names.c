/* Names of packages that other databases know: PURL and CPE. */
#include "sbom/sbom.h"

#include "source/source.h"
#include "util/fs.h"
#include "util/str.h"

#include <ctype.h>
#include <string.h>

/* Adds text with all characters but those that a part of a PURL may have as %XX. */
static void add_encoded(struct str *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        if (isalnum(c) || strchr("-._~", c))
            str_addc(out, (char)c);
        else
            str_addf(out, "%%%02X", c);
    }
}

static char *purl(const char *type, const char *name, size_t name_size, const char *version, size_t version_size)
{
    struct str out = {0};

    str_addf(&out, "pkg:%s/", type);
    add_encoded(&out, name, name_size);
    if (version_size) {
        str_addc(&out, '@');
        add_encoded(&out, version, version_size);
    }
    return str_take(&out);
}

/* pypi:NAME==VERSION/FILE */
static char *of_pypi(const char *rest)
{
    size_t name = strcspn(rest, "="), skip = strspn(rest + name, "=");
    const char *version = rest + name + skip;
    WL_CLEANUP_FREE char *normal = pypi_name(rest, name);

    return purl("pypi", normal, strlen(normal), version, strcspn(version, "/#"));
}

/* npm:@SCOPE/NAME@VERSION: a scope is encoded, the slash after it is not. */
static char *of_npm(const char *rest)
{
    const char *slash = *rest == '@' ? strchr(rest, '/') : NULL, *name = slash ? slash + 1 : rest;
    const char *version = strchr(name, '@');
    size_t n = version ? (size_t)(version - name) : strlen(name);
    struct str out = {0};

    str_add(&out, "pkg:npm/");
    if (slash) {
        add_encoded(&out, rest, (size_t)(slash - rest));
        str_addc(&out, '/');
    }
    add_encoded(&out, name, n);
    if (version) {
        str_addc(&out, '@');
        add_encoded(&out, version + 1, strlen(version + 1));
    }
    return str_take(&out);
}

/* debian:pool/main/z/zlib/zlib_1.3.orig.tar.gz, or NAME_VERSION_ARCH.deb */
static char *of_debian(const char *rest)
{
    const char *file = path_base(rest), *underscore = strchr(file, '_'), *version, *end;
    bool binary = ends_with(file, ".deb");
    struct str out = {0};

    if (!underscore)
        return NULL;
    version = underscore + 1;
    end = binary ? strchr(version, '_') : strstr(version, ".orig");
    if (!end)
        return NULL;
    str_add(&out, "pkg:deb/debian/");
    add_encoded(&out, file, (size_t)(underscore - file));
    str_addc(&out, '@');
    add_encoded(&out, version, (size_t)(end - version));
    str_add(&out, "?arch=");
    if (binary)
        add_encoded(&out, end + 1, strcspn(end + 1, "."));
    else
        str_add(&out, "source");
    return str_take(&out);
}

/* crate:NAME@VERSION */
static char *of_crate(const char *rest)
{
    size_t name = strcspn(rest, "@");
    const char *version = rest[name] ? rest + name + 1 : "";

    return purl("cargo", rest, name, version, strcspn(version, "#/"));
}

char *sbom_purl(const char *from, const char *name, const char *version)
{
    static const struct {
        const char *scheme;
        char *(*make)(const char *rest);
    } kinds[] = {{"pypi:", of_pypi}, {"npm:", of_npm}, {"crate:", of_crate}, {"debian:", of_debian}};
    WL_CLEANUP_FREE char *found = NULL;
    struct str out = {0};

    for (size_t i = 0; from && !found && i < sizeof kinds / sizeof *kinds; i++)
        if (starts_with(from, kinds[i].scheme))
            found = kinds[i].make(from + strlen(kinds[i].scheme));
    if (found)
        return xstrdup(found);
    found = purl("generic", name, strlen(name), version, strlen(version));
    str_add(&out, found);
    if (from && (starts_with(from, "https:") || starts_with(from, "git+https:"))) {
        str_add(&out, *from == 'g' ? "?vcs_url=" : "?download_url=");
        add_encoded(&out, from, strlen(from));
    }
    return str_take(&out);
}

/* In the "formatted string" of CPE, all but letters, digits, "_", "-" and "." are escaped. */
static void add_cpe_part(struct str *out, const char *text, size_t n)
{
    str_addc(out, ':');
    if (!n)
        str_addc(out, '*');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        if (!isalnum(c) && !strchr("_-.", c))
            str_addc(out, '\\');
        str_addc(out, (char)tolower(c));
    }
}

char *sbom_cpe(const char *cpe, const char *version)
{
    size_t vendor = strcspn(cpe, ":");
    const char *product = cpe[vendor] ? cpe + vendor + 1 : "";
    struct str out = {0};

    str_add(&out, "cpe:2.3:a");
    add_cpe_part(&out, cpe, vendor);
    add_cpe_part(&out, product, strlen(product));
    add_cpe_part(&out, version, strlen(version));
    str_add(&out, ":*:*:*:*:*:*:*");
    return str_take(&out);
}
