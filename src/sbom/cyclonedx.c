/* CycloneDX 1.6 as JSON, and SLSA's provenance. */
#include "sbom/sbom.h"

#include "util/fs.h"
#include "util/str.h"

#include <string.h>

static json_t *hash_list(const char *sha256)
{
    return json_pack("[{s:s, s:s}]", "alg", "SHA-256", "content", sha256);
}

/* Patches are small; a larger one is named by its hash alone. */
enum { MOST_PATCH = 1 << 20 };

static json_t *patches_of(const struct sbom_part *x)
{
    json_t *list = json_array();

    for (size_t i = 0; i < x->patches_n; i++) {
        WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
        WL_CLEANUP_FREE char *text = NULL;
        json_t *patch = json_pack("{s:s}", "type", "unofficial");
        size_t n = 0;

        if (file_read(x->patches[i].path, MOST_PATCH, &text, &n, &ignored) == 0 && strlen(text) == n &&
            utf8_valid(text, n))
            json_object_set_new(patch, "diff",
                                json_pack("{s:{s:s, s:s}}", "text", "contentType", "text/x-diff", "content", text));
        json_array_append_new(list, patch);
    }
    return list;
}

static json_t *references_of(const struct sbom_part *x)
{
    json_t *list = json_array();

    for (size_t i = 0; i < x->sources_n; i++)
        if (x->sources[i].from)
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "type", "source-distribution", "url",
                                                  x->sources[i].from, "comment", x->sources[i].file, "hashes",
                                                  hash_list(x->sources[i].sha256)));
    if (*x->homepage)
        json_array_append_new(list, json_pack("{s:s, s:s}", "type", "website", "url", x->homepage));
    return list;
}

static void add_property(json_t *list, const char *name, const char *value)
{
    if (*value)
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "value", value));
}

static void set_list(json_t *o, const char *name, json_t *list)
{
    if (json_array_size(list))
        json_object_set(o, name, list);
    json_decref(list);
}

/* The properties are named as https://github.com/CycloneDX/cyclonedx-property-taxonomy wants: the tool's name first. */
static json_t *component(const struct sbom_part *x)
{
    json_t *c = json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", x->root ? "application" : "library", "bom-ref", x->port,
                          "name", x->name, "version", x->version, "purl", x->purl);
    json_t *properties = json_array(), *patches = patches_of(x);

    if (!x->root)
        json_object_set_new(c, "scope", json_string(x->contained ? "required" : "excluded"));
    if (strcmp(x->license, "NOASSERTION") != 0)
        json_object_set_new(c, "licenses", json_pack("[{s:s}]", "expression", x->license));
    if (x->cpe)
        json_object_set_new(c, "cpe", json_string(x->cpe));
    set_list(c, "externalReferences", references_of(x));
    if (json_array_size(patches))
        json_object_set_new(c, "pedigree", json_pack("{s:O}", "patches", patches));
    json_decref(patches);
    add_property(properties, "wl-make:port", x->port);
    add_property(properties, "wl-make:recipe-version", x->recipe_version);
    add_property(properties, "wl-make:key", x->key);
    add_property(properties, "wl-make:toolchain", x->toolchain);
    for (size_t i = 0; i < x->sources_n; i++) {
        WL_CLEANUP_FREE char *value = xasprintf("%s sha256:%s", x->sources[i].file, x->sources[i].sha256);

        add_property(properties, "wl-make:source", value);
    }
    for (size_t i = 0; i < x->patches_n; i++) {
        WL_CLEANUP_FREE char *value = xasprintf("%s sha256:%s", x->patches[i].name, x->patches[i].sha256);

        add_property(properties, "wl-make:patch", value);
    }
    set_list(c, "properties", properties);
    return c;
}

static json_t *dependency(const struct sbom_part *x)
{
    json_t *list = json_array();

    for (size_t i = 0; i < x->contains.n; i++)
        json_array_append_new(list, json_string(x->contains.v[i]));
    return json_pack("{s:s, s:o}", "ref", x->port, "dependsOn", list);
}

static json_t *files_of(const struct sbom *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->files_n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "type", "file", "name", s->files[i].name, "hashes",
                                              hash_list(s->files[i].sha256)));
    return list;
}

json_t *sbom_cyclonedx(const struct sbom *s)
{
    json_t *components = json_array(), *dependencies = json_array();
    json_t *root = json_pack(
        "{s:s, s:s, s:o, s:i, s:{s:s, s:{s:[{s:s, s:s, s:s}]}, s:{s:s, s:s, s:s, s:s}}}", "bomFormat", "CycloneDX",
        "specVersion", "1.6", "serialNumber", json_sprintf("urn:uuid:%s", s->uuid), "version", 1, "metadata",
        "timestamp", s->created, "tools", "components", "type", "application", "name", "wl-make", "version", WL_VERSION,
        "component", "type", "application", "bom-ref", "wl-make:subject", "name", s->name, "version", s->version);
    json_t *roots = json_array();

    set_list(json_object_get(json_object_get(root, "metadata"), "component"), "components", files_of(s));
    for (size_t i = 0; i < s->parts_n; i++) {
        json_array_append_new(components, component(&s->parts[i]));
        json_array_append_new(dependencies, dependency(&s->parts[i]));
        if (s->parts[i].root)
            json_array_append_new(roots, json_string(s->parts[i].port));
    }
    json_array_insert_new(dependencies, 0, json_pack("{s:s, s:o}", "ref", "wl-make:subject", "dependsOn", roots));
    json_object_set_new(root, "components", components);
    json_object_set_new(root, "dependencies", dependencies);
    return root;
}

/* --- provenance --- */

/* Everything that went in: sources by address and hash, patches by hash, ports by key. */
static json_t *materials_of(const struct sbom *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->parts_n; i++) {
        const struct sbom_part *x = &s->parts[i];

        for (size_t k = 0; k < x->sources_n; k++) {
            json_t *m = json_pack("{s:s, s:{s:s}, s:{s:s}}", "name", x->sources[k].file, "digest", "sha256",
                                  x->sources[k].sha256, "annotations", "port", x->port);

            if (x->sources[k].from)
                json_object_set_new(m, "uri", json_string(x->sources[k].from));
            json_array_append_new(list, m);
        }
        for (size_t k = 0; k < x->patches_n; k++)
            json_array_append_new(list, json_pack("{s:s, s:{s:s}, s:{s:s}}", "name", x->patches[k].name, "digest",
                                                  "sha256", x->patches[k].sha256, "annotations", "port", x->port));
    }
    return list;
}

static json_t *parameters_of(const struct sbom *s, json_t *ports)
{
    json_t *options = json_object();

    for (size_t i = 0; i < s->options.n; i++) {
        size_t n = strcspn(s->options.v[i], "=");
        WL_CLEANUP_FREE char *name = xstrndup(s->options.v[i], n);

        json_object_set_new(options, name, json_string(s->options.v[i] + n + 1));
    }
    return json_pack("{s:o, s:o}", "ports", ports, "options", options);
}

json_t *sbom_slsa(const struct sbom *s)
{
    json_t *subjects = json_array(), *ports = json_array(), *keys = json_object();

    for (size_t i = 0; i < s->files_n; i++)
        json_array_append_new(
            subjects, json_pack("{s:s, s:{s:s}}", "name", s->files[i].name, "digest", "sha256", s->files[i].sha256));
    for (size_t i = 0; i < s->parts_n; i++) {
        if (s->parts[i].root)
            json_array_append_new(ports, json_string(s->parts[i].port));
        json_object_set_new(keys, s->parts[i].port,
                            json_pack("{s:s, s:s, s:s}", "version", s->parts[i].version, "key", s->parts[i].key,
                                      "toolchain", s->parts[i].toolchain));
    }
    return json_pack("{s:s, s:o, s:s, s:{s:{s:s, s:o, s:{s:o}, s:o}, s:{s:{s:s, s:{s:s}}, s:{s:o}}}}", "_type",
                     "https://in-toto.io/Statement/v1", "subject", subjects, "predicateType",
                     "https://slsa.dev/provenance/v1", "predicate", "buildDefinition", "buildType",
                     "urn:wl-make:build:1", "externalParameters", parameters_of(s, ports), "internalParameters",
                     "artifacts", keys, "resolvedDependencies", materials_of(s), "runDetails", "builder", "id",
                     "urn:wl-make:local", "version", "wl-make", WL_VERSION, "metadata", "invocationId",
                     json_sprintf("urn:uuid:%s", s->uuid));
}
