/* SPDX 2.3 as JSON. */
#include "sbom/sbom.h"

#include "util/str.h"

#include <string.h>

#define DOCUMENT "SPDXRef-DOCUMENT"

/* An identifier may have letters, digits, "." and "-". */
static char *id_of(const char *kind, const char *name)
{
    char *id = xasprintf("SPDXRef-%s-%s", kind, name);

    for (char *p = id; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *p))
            *p = '-';
    return id;
}

static void relate(json_t *list, const char *from, const char *how, const char *to)
{
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:s}", "spdxElementId", from, "relationshipType", how, "relatedSpdxElement", to));
}

/* SPDX knows addresses that a browser or a version control system understands, and no others. */
static const char *location_of(const struct sbom_source *s)
{
    return s->from && (starts_with(s->from, "https:") || starts_with(s->from, "git+https:")) ? s->from : "NOASSERTION";
}

static void add_source(json_t *packages, json_t *relations, const struct sbom_part *x, size_t i)
{
    const struct sbom_source *s = &x->sources[i];
    WL_CLEANUP_FREE char *owner = id_of("port", x->port), *name = xasprintf("%s-%zu", x->port, i),
                         *id = id_of("source", name);
    json_t *package = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:[{s:s, s:s}]}", "SPDXID", id, "name",
                                s->file, "versionInfo", x->version, "downloadLocation", location_of(s), "filesAnalyzed",
                                0, "licenseConcluded", "NOASSERTION", "licenseDeclared", "NOASSERTION", "copyrightText",
                                "NOASSERTION", "checksums", "algorithm", "SHA256", "checksumValue", s->sha256);

    json_object_set_new(package, "packageFileName", json_string(s->file));
    json_object_set_new(package, "primaryPackagePurpose", json_string("SOURCE"));
    if (s->from)
        json_object_set_new(package, "sourceInfo", json_sprintf("fetched from %s", s->from));
    json_array_append_new(packages, package);
    relate(relations, owner, "GENERATED_FROM", id);
}

static void add_patch(json_t *files, json_t *relations, const struct sbom_part *x, size_t i)
{
    const struct sbom_patch *p = &x->patches[i];
    WL_CLEANUP_FREE char *owner = id_of("port", x->port), *name = xasprintf("%s-%zu", x->port, i),
                         *id = id_of("patch", name);

    json_array_append_new(files,
                          json_pack("{s:s, s:o, s:[s], s:[{s:s, s:s}, {s:s, s:s}], s:s, s:[s], s:s}", "SPDXID", id,
                                    "fileName", json_sprintf("./%s/%s", x->port, p->name), "fileTypes", "SOURCE",
                                    "checksums", "algorithm", "SHA1", "checksumValue", p->sha1, "algorithm", "SHA256",
                                    "checksumValue", p->sha256, "licenseConcluded", "NOASSERTION", "licenseInfoInFiles",
                                    "NOASSERTION", "copyrightText", "NOASSERTION"));
    relate(relations, id, "PATCH_FOR", owner);
}

static void add_part(json_t *packages, json_t *relations, const struct sbom_part *x)
{
    WL_CLEANUP_FREE char *id = id_of("port", x->port);
    json_t *refs = json_pack("[{s:s, s:s, s:s}]", "referenceCategory", "PACKAGE-MANAGER", "referenceType", "purl",
                             "referenceLocator", x->purl);
    json_t *package =
        json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:o, s:o}", "SPDXID", id, "name", x->name, "versionInfo",
                  x->version, "downloadLocation", x->sources_n ? location_of(&x->sources[0]) : "NOASSERTION",
                  "filesAnalyzed", 0, "licenseConcluded", "NOASSERTION", "licenseDeclared", x->license, "copyrightText",
                  "NOASSERTION", "externalRefs", refs, "comment",
                  json_sprintf("wl-make port %s, recipe %s, key %s", x->port, x->recipe_version, x->key));

    if (x->cpe)
        json_array_append_new(refs, json_pack("{s:s, s:s, s:s}", "referenceCategory", "SECURITY", "referenceType",
                                              "cpe23Type", "referenceLocator", x->cpe));
    if (*x->homepage)
        json_object_set_new(package, "homepage", json_string(x->homepage));
    json_object_set_new(package, "primaryPackagePurpose",
                        json_string(x->root        ? "APPLICATION"
                                    : x->contained ? "LIBRARY"
                                                   : "OTHER"));
    json_array_append_new(packages, package);
    if (x->root)
        relate(relations, DOCUMENT, "DESCRIBES", id);
    for (size_t i = 0; i < x->contains.n; i++) {
        WL_CLEANUP_FREE char *other = id_of("port", x->contains.v[i]);

        relate(relations, id, "STATIC_LINK", other);
    }
    for (size_t i = 0; i < x->tools.n; i++) {
        WL_CLEANUP_FREE char *other = id_of("port", x->tools.v[i]);

        relate(relations, other, "BUILD_TOOL_OF", id);
    }
}

static void add_file(json_t *files, json_t *relations, const struct sbom *s, size_t i)
{
    const struct sbom_file *f = &s->files[i];
    WL_CLEANUP_FREE char *number = xasprintf("%zu", i), *id = id_of("file", number);

    json_array_append_new(files, json_pack("{s:s, s:o, s:[{s:s, s:s}, {s:s, s:s}], s:s, s:[s], s:s}", "SPDXID", id,
                                           "fileName", json_sprintf("./%s", f->name), "checksums", "algorithm", "SHA1",
                                           "checksumValue", f->sha1, "algorithm", "SHA256", "checksumValue", f->sha256,
                                           "licenseConcluded", "NOASSERTION", "licenseInfoInFiles", "NOASSERTION",
                                           "copyrightText", "NOASSERTION"));
    for (size_t k = 0; k < s->parts_n; k++)
        if (s->parts[k].root) {
            WL_CLEANUP_FREE char *root = id_of("port", s->parts[k].port);

            relate(relations, id, "GENERATED_FROM", root);
        }
}

/* Licences that are not in SPDX's list have to be explained. */
static void add_own_licenses(json_t *root, const struct sbom *s)
{
    static const char prefix[] = "LicenseRef-";
    json_t *list = json_array();
    WL_CLEANUP_STRV struct strv seen = {0};

    for (size_t i = 0; i < s->parts_n; i++)
        for (const char *p = s->parts[i].license; (p = strstr(p, prefix)); p += sizeof prefix - 1) {
            size_t n = sizeof prefix - 1;
            WL_CLEANUP_FREE char *id = NULL;

            while (p[n] && !strchr(" ()", p[n]))
                n++;
            id = xstrndup(p, n);
            if (strv_has(&seen, id))
                continue;
            strv_add(&seen, id);
            json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "licenseId", id, "name", id + sizeof prefix - 1,
                                                  "extractedText",
                                                  json_sprintf("see the licence files of %s", s->parts[i].port)));
        }
    if (json_array_size(list))
        json_object_set(root, "hasExtractedLicensingInfos", list);
    json_decref(list);
}

json_t *sbom_spdx(const struct sbom *s)
{
    json_t *packages = json_array(), *files = json_array(), *relations = json_array();
    json_t *root =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:{s:s, s:[s]}}", "spdxVersion", "SPDX-2.3", "dataLicense", "CC0-1.0",
                  "SPDXID", DOCUMENT, "name", s->name, "documentNamespace", json_sprintf("urn:uuid:%s", s->uuid),
                  "creationInfo", "created", s->created, "creators", "Tool: wl-make-" WL_VERSION);

    for (size_t i = 0; i < s->parts_n; i++) {
        add_part(packages, relations, &s->parts[i]);
        for (size_t k = 0; k < s->parts[i].sources_n; k++)
            add_source(packages, relations, &s->parts[i], k);
        for (size_t k = 0; k < s->parts[i].patches_n; k++)
            add_patch(files, relations, &s->parts[i], k);
    }
    for (size_t i = 0; i < s->files_n; i++)
        add_file(files, relations, s, i);
    json_object_set_new(root, "packages", packages);
    if (json_array_size(files))
        json_object_set(root, "files", files);
    json_decref(files);
    json_object_set_new(root, "relationships", relations);
    add_own_licenses(root, s);
    return root;
}
