/* Reads any bytes as what a module says is in it, and as an address, a licence and a version of a recipe. Names made of
 * them must be well-formed, and a bill of materials of what was read must be complete, or refused. */
#include "sbom/license.h"
#include "sbom/note.h"
#include "sbom/sbom.h"

#include "util/str.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct strv none;

/* All characters of it are letters, digits, or among `more`. */
static void check_letters(const char *text, const char *more)
{
    for (; *text; text++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", *text) && !strchr(more, *text))
            abort();
}

static void read_text(const char *text)
{
    WL_CLEANUP_FREE char *purl = sbom_purl(text, "name", text), *of_none = sbom_purl(NULL, text, ""),
                         *cpe = sbom_cpe(text, text);

    if (!starts_with(purl, "pkg:") || !starts_with(of_none, "pkg:generic/") || !starts_with(cpe, "cpe:2.3:a:"))
        abort();
    check_letters(purl, ":/@?=%-._~");
    check_letters(of_none, ":/%-._~");
    if (license_check(text, &none) == LICENSE_ALLOWED)
        abort();
}

static size_t count(const json_t *list, const char *name)
{
    return json_array_size(json_object_get(list, name));
}

static char *member(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));

    return xstrdup(text ? text : "");
}

static void add(struct sbom *s, const json_t *o, bool root)
{
    struct sbom_part *x = &s->parts[s->parts_n++];
    WL_CLEANUP_FREE char *from = member(o, "from");

    *x = (struct sbom_part){.port = member(o, "name"),
                            .name = member(o, "name"),
                            .version = member(o, "version"),
                            .recipe_version = member(o, "version"),
                            .license = member(o, "license"),
                            .homepage = member(o, "homepage"),
                            .toolchain = xstrdup(""),
                            .root = root,
                            .contained = true};
    x->purl = sbom_purl(from, x->name, x->version);
    x->cpe = sbom_cpe(x->name, x->version);
    x->sources = xcalloc(1, sizeof *x->sources);
    x->sources[x->sources_n++] = (struct sbom_source){.file = member(o, "file"), .from = xstrdup(from)};
    license_check(x->license, &none);
    if (!root)
        strv_add(&s->parts[0].contains, x->port);
}

/* Whether the document has all of it. */
static void check_document(const struct sbom *s, enum sbom_format format)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *text = NULL;
    json_t *o;
    bool complete;

    if (sbom_text(s, format, &text, &err) < 0) {
        if (!err.text)
            abort();
        return;
    }
    o = json_loads(text, 0, NULL);
    if (format == SBOM_SPDX)
        complete = count(o, "packages") == 2 * s->parts_n;
    else if (format == SBOM_CYCLONEDX)
        complete = count(o, "components") == s->parts_n && count(o, "dependencies") == s->parts_n + 1;
    else
        complete = count(json_object_get(json_object_get(o, "predicate"), "buildDefinition"), "resolvedDependencies") ==
                   s->parts_n;
    if (!o || !complete)
        abort();
    json_decref(o);
}

static void write_bills(const json_t *note)
{
    const json_t *list = json_object_get(note, "contains");
    struct sbom s = {.name = member(note, "name"),
                     .version = member(note, "version"),
                     .created = xstrdup("1980-01-01T00:00:00Z"),
                     .uuid = xstrdup("")};

    s.parts = xcalloc(json_array_size(list) + 1, sizeof *s.parts);
    add(&s, note, true);
    for (size_t i = 0; i < json_array_size(list) && i < 20; i++)
        add(&s, json_array_get(list, i), false);
    for (int format = SBOM_SPDX; format <= SBOM_SLSA; format++)
        check_document(&s, (enum sbom_format)format);
    sbom_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t header[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    WL_CLEANUP_FREE char *text = xstrndup((const char *)data, size), *module = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct wasm_info w = {0};
    json_t *note;
    size_t n = 0;

    read_text(text);
    module = wasm_with_note(header, sizeof header, text, &n);
    if (!module || wasm_describe((const uint8_t *)module, n, &w, &err) < 0)
        abort();
    note = sbom_note(&w);
    if (note)
        write_bills(note);
    json_decref(note);
    wasm_info_free(&w);
    return 0;
}
