#include "sbom/osv.h"

#include "util/fs.h"
#include "util/str.h"
#include "util/version.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_BYTES = 256 << 20, MAX_DEPTH = 8 };

static const char *text_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s ? s : "";
}

/* --- is it this package? --- */

/* The kind and name of a PURL: "pkg:pypi/attrs" of pkg:pypi/attrs@1.2?x. */
static size_t purl_name(const char *purl)
{
    return strcspn(purl, "@?#");
}

/* The kinds of PURLs and what OSV calls these ecosystems. */
static const struct {
    const char *type, *ecosystem;
} ecosystems[] = {{"pkg:pypi/", "PyPI"},
                  {"pkg:npm/", "npm"},
                  {"pkg:cargo/", "crates"
                                 ".io"},
                  {"pkg:deb/debian/", "Debian"}};

/* "Debian:12" is of the ecosystem "Debian". */
static bool in_ecosystem(const char *given, const char *ecosystem)
{
    size_t n = strlen(ecosystem);

    return !strncmp(given, ecosystem, n) && (!given[n] || given[n] == ':');
}

/* Names of PyPI are the same whatever case and separators they have; the PURL has the form of the index. */
static bool same_name(const char *ecosystem, const char *given, const char *name, size_t n)
{
    if (strcmp(ecosystem, "PyPI") != 0)
        return strlen(given) == n && !strncmp(given, name, n);
    for (size_t i = 0; i < n; i++, given++) {
        char c = (char)tolower((unsigned char)*given);

        if (strchr("_.", c) && c)
            c = '-';
        if (c != name[i])
            return false;
    }
    return !*given;
}

static bool is_package(const json_t *package, const struct sbom_part *part)
{
    const char *purl = text_of(package, "purl"), *ecosystem = text_of(package, "ecosystem");
    size_t n = purl_name(part->purl);

    if (*purl && purl_name(purl) == n && !strncmp(purl, part->purl, n))
        return true;
    for (size_t i = 0; i < sizeof ecosystems / sizeof *ecosystems; i++) {
        size_t type = strlen(ecosystems[i].type);

        if (starts_with(part->purl, ecosystems[i].type) && in_ecosystem(ecosystem, ecosystems[i].ecosystem))
            return same_name(ecosystems[i].ecosystem, text_of(package, "name"), part->purl + type, n - type);
    }
    return false;
}

/* Whether two CPEs have the same vendor and product: the five first parts. */
static bool same_product(const char *a, const char *b)
{
    for (int colons = 0; *a && *a == *b; a++, b++)
        if (*a == ':' && ++colons == 5)
            return true;
    return false;
}

/* Databases that are made from the NVD's put CPEs into "database_specific". */
static bool has_cpe(const json_t *specific, const char *cpe)
{
    const json_t *list = json_object_get(specific, "cpes");

    if (!cpe)
        return false;
    if (same_product(text_of(specific, "cpe"), cpe))
        return true;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *given = json_string_value(json_array_get(list, i));

        if (given && same_product(given, cpe))
            return true;
    }
    return false;
}

/* "github.com/madler/zlib" in an address of that host: the host and two directories. */
static char *repository_of(const char *address)
{
    static const char *const hosts[] = {"github.com/", "gitlab.com/", "codeberg.org/"};

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        const char *start = strstr(address, hosts[i]), *owner, *name;
        size_t n;

        if (!start || start == address || (start[-1] != '/' && start[-1] != '@' && start[-1] != '.'))
            continue;
        owner = start + strlen(hosts[i]);
        name = owner + strcspn(owner, "/");
        if (!*name)
            continue;
        name++;
        n = strcspn(name, "/#?@");
        if (n > 4 && !strncmp(name + n - 4, ".git", 4))
            n -= 4;
        return n ? xasprintf("%.*s", (int)(name + n - start), start) : NULL;
    }
    return NULL;
}

static bool has_repository(const json_t *range, const struct sbom_part *part)
{
    WL_CLEANUP_FREE char *repository = repository_of(text_of(range, "repo"));

    for (size_t i = 0; repository && i < part->addresses.n; i++) {
        WL_CLEANUP_FREE char *own = repository_of(part->addresses.v[i]);

        if (own && !strcasecmp(own, repository))
            return true;
    }
    return false;
}

/* --- is it this version? --- */

/* What is compared of a version: without Debian's epoch, revision and marks of repacked archives, and without what tags
 * begin with ("v", "openssl-"). Tags of OpenSSL and others have "_" for ".". */
static char *plain_version(const char *version, const char *ecosystem, bool tag)
{
    char *plain;
    size_t n;

    if (in_ecosystem(ecosystem, "Debian")) {
        const char *colon = strchr(version, ':'), *dash;

        version = colon ? colon + 1 : version;
        dash = strrchr(version, '-');
        plain = xstrndup(version, dash ? (size_t)(dash - version) : strlen(version));
        n = strcspn(plain, "+");
        plain[n] = '\0';
        if (strstr(plain, ".dfsg"))
            *strstr(plain, ".dfsg") = '\0';
        return plain;
    }
    if (tag || (*version == 'v' && isdigit((unsigned char)version[1])))
        while (*version && !isdigit((unsigned char)*version))
            version++;
    plain = xstrdup(version);
    for (char *p = plain; tag && *p; p++)
        if (*p == '_')
            *p = '.';
    return plain;
}

/* Trailing zeros count for nothing: 1.0 is 1.0.0. */
static int compare_versions(const char *a, const char *b)
{
    return version_is_newer(a, b) ? 1 : version_is_newer(b, a) ? -1 : 0;
}

struct osv_event {
    enum { INTRODUCED, LAST_AFFECTED, FIXED } kind;
    char *version;
};

static int compare_events(const void *a, const void *b)
{
    const struct osv_event *x = a, *y = b;
    bool x_start = !strcmp(x->version, "0"), y_start = !strcmp(y->version, "0");
    int c = x_start || y_start ? y_start - x_start : compare_versions(x->version, y->version);

    return c ? c : (int)x->kind - (int)y->kind;
}

/* Whether the version is in what the events of a range describe; *fixed becomes the first fix after it. */
static bool in_events(const json_t *list, const char *ecosystem, const char *version, char **fixed)
{
    static const char *const names[] = {"introduced", "last_affected", "fixed"};
    size_t n = 0, most = json_array_size(list);
    struct osv_event *events = xcalloc(most ? most : 1, sizeof *events);
    bool affected = false;

    for (size_t i = 0; i < most; i++)
        for (int kind = INTRODUCED; kind <= FIXED; kind++) {
            const char *text = text_of(json_array_get(list, i), names[kind]);

            if (!*text)
                continue;
            events[n].kind = kind;
            events[n++].version = plain_version(text, ecosystem, false);
            break;
        }
    if (n)
        qsort(events, n, sizeof *events, compare_events);
    for (size_t i = 0; i < n; i++) {
        int c = !strcmp(events[i].version, "0") ? -1 : compare_versions(events[i].version, version);

        if (events[i].kind == INTRODUCED && c <= 0)
            affected = true;
        if (events[i].kind == FIXED && c <= 0)
            affected = false;
        if (events[i].kind == LAST_AFFECTED && c < 0)
            affected = false;
    }
    for (size_t i = 0; affected && fixed && !*fixed && i < n; i++)
        if (events[i].kind == FIXED && compare_versions(events[i].version, version) > 0)
            *fixed = xstrdup(events[i].version);
    for (size_t i = 0; i < n; i++)
        free(events[i].version);
    free(events);
    return affected;
}

static bool in_versions(const json_t *list, const char *ecosystem, const char *version, bool tags)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        WL_CLEANUP_FREE char *plain = text ? plain_version(text, ecosystem, tags) : NULL;

        if (plain && *plain && compare_versions(plain, version) == 0)
            return true;
    }
    return false;
}

/* Whether an entry of "affected" is about the part and its version. */
static bool is_affected(const json_t *affected, const struct sbom_part *part, char **fixed)
{
    const json_t *package = json_object_get(affected, "package"), *ranges = json_object_get(affected, "ranges");
    const char *ecosystem = text_of(package, "ecosystem");
    bool named = is_package(package, part) || has_cpe(json_object_get(affected, "database_specific"), part->cpe),
         tags = false, found = false;
    WL_CLEANUP_FREE char *version = NULL;

    /* A range can be of another repository or product than the one beside it. */
    version = plain_version(part->version, ecosystem, false);
    for (size_t i = 0; i < json_array_size(ranges); i++) {
        const json_t *range = json_array_get(ranges, i), *specific = json_object_get(range, "database_specific");
        bool git = !strcmp(text_of(range, "type"), "GIT"), own = has_cpe(specific, part->cpe),
             repository = has_repository(range, part);

        tags |= repository;
        if (!named && !own && !repository)
            continue;
        /* Events of GIT are commits; what versions they are, the database may say beside them. */
        if (!git)
            found |= in_events(json_object_get(range, "events"), ecosystem, version, fixed);
        found |= in_events(json_object_get(specific, "extracted_events"), ecosystem, version, fixed);
        found |= in_events(json_object_get(specific, "versions"), ecosystem, version, fixed);
    }
    if (named || tags)
        found |= in_versions(json_object_get(affected, "versions"), ecosystem, version, !named);
    return found;
}

/* --- records --- */

static char *severity_of(const json_t *record)
{
    const json_t *first = json_array_get(json_object_get(record, "severity"), 0);
    const char *word = text_of(json_object_get(record, "database_specific"), "severity");

    return xstrdup(*word ? word : text_of(first, "score"));
}

int osv_match_record(const json_t *record, const struct sbom_part *part, struct osv_match *match)
{
    const json_t *affected = json_object_get(record, "affected"), *aliases = json_object_get(record, "aliases");
    struct str other = {0};
    char *fixed = NULL;
    bool found = false;

    if (!json_is_object(record) || !*text_of(record, "id") || (affected && !json_is_array(affected)))
        return -1;
    if (json_is_string(json_object_get(record, "withdrawn")))
        return 0;
    for (size_t i = 0; i < json_array_size(affected); i++)
        found |= is_affected(json_array_get(affected, i), part, &fixed);
    if (!found) {
        free(fixed);
        return 0;
    }
    for (size_t i = 0; i < json_array_size(aliases); i++)
        if (json_is_string(json_array_get(aliases, i)))
            str_addf(&other, "%s%s", other.len ? " " : "", json_string_value(json_array_get(aliases, i)));
    *match = (struct osv_match){.part = part,
                                .id = xstrdup(text_of(record, "id")),
                                .summary = xstrdup(text_of(record, "summary")),
                                .aliases = str_take(&other),
                                .severity = severity_of(record),
                                .fixed = fixed ? fixed : xstrdup("")};
    return 1;
}

struct audit {
    const struct sbom *s;
    bool tools;
    struct osv_report *report;
};

static int check_record(struct audit *a, const json_t *record, const char *file, struct wl_err *err)
{
    a->report->records++;
    for (size_t i = 0; i < a->s->parts_n; i++) {
        struct osv_match match;
        int r = 0;

        if (a->s->parts[i].contained || a->tools)
            r = osv_match_record(record, &a->s->parts[i], &match);
        if (r < 0) {
            wl_err_set(err, WL_E_VERIFY, "%s: it is not a record in the format OSV", file);
            return wl_err_hint(err, "download the database again; its records have an \"id\" and \"affected\"");
        }
        if (r == 0)
            continue;
        a->report->v = xreallocarray(a->report->v, a->report->n + 1, sizeof *a->report->v);
        a->report->v[a->report->n++] = match;
    }
    return 0;
}

static int check_file(struct audit *a, const char *file, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL;
    json_error_t why;
    json_t *root;
    size_t n = 0;
    int r = file_read(file, MOST_BYTES, &text, &n, err);

    if (r < 0)
        return r;
    root = json_loadb(text, n, 0, &why);
    if (!root) {
        wl_err_set(err, WL_E_VERIFY, "%s:%d: it is not JSON: %s", file, why.line, why.text);
        return wl_err_hint(err, "download the database again");
    }
    if (!json_is_array(root))
        r = check_record(a, root, file, err);
    for (size_t i = 0; r == 0 && i < json_array_size(root); i++)
        r = check_record(a, json_array_get(root, i), file, err);
    json_decref(root);
    return r;
}

static int check_path(struct audit *a, const char *path, int depth, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    struct stat st;
    int r = 0;

    if (stat(path, &st) < 0)
        return wl_err_unreadable(err, WL_E_USAGE, "--database: cannot read %s", path);
    if (!S_ISDIR(st.st_mode))
        return check_file(a, path, err);
    r = dir_list(path, &names, err);
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *sub = path_join(path, names.v[i]);

        if (lstat(sub, &st) == 0 && S_ISDIR(st.st_mode) && depth < MAX_DEPTH)
            r = check_path(a, sub, depth + 1, err);
        else if (S_ISREG(st.st_mode) && ends_with(names.v[i], ".json"))
            r = check_file(a, sub, err);
    }
    return r;
}

static int compare_matches(const void *a, const void *b)
{
    const struct osv_match *x = a, *y = b;
    int c = strcmp(x->part->port, y->part->port);

    return c ? c : strcmp(x->id, y->id);
}

int osv_audit(const struct sbom *s, const char *database, bool tools, struct osv_report *report, struct wl_err *err)
{
    struct audit a = {s, tools, report};
    int r = check_path(&a, database, 1, err);

    if (r == 0 && !report->records) {
        wl_err_set(err, WL_E_USAGE, "--database %s: there are no records in it", database);
        r = wl_err_hint(err, "unpack the database: its records are files that end in .json");
    }
    if (report->n)
        qsort(report->v, report->n, sizeof *report->v, compare_matches);
    return r;
}

void osv_report_free(struct osv_report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->v[i].id);
        free(r->v[i].summary);
        free(r->v[i].aliases);
        free(r->v[i].severity);
        free(r->v[i].fixed);
    }
    free(r->v);
    *r = (struct osv_report){0};
}
