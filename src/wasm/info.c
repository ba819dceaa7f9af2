#include "wasm/info.h"

#include "core/wasm.h"
#include "util/str.h"
#include "wasm/features.h"

#include <stdlib.h>
#include <string.h>

/* More are not kept, though counted: nobody reads a longer list, and a hostile file must not take more memory than a
 * few times its size. */
enum { MOST_KEPT = 100000 };

static const char *const section_names[] = {
    "custom", "type",  "import",  "function", "table", "memory",    "global",
    "export", "start", "element", "code",     "data",  "datacount", "tag",
};
enum { SECTIONS = sizeof section_names / sizeof *section_names };

static int wrong(struct wl_err *err, const char *what)
{
    return wl_err_set(err, WL_E_VERIFY, "%s", what);
}

bool wasm_is(const uint8_t *bytes, size_t n)
{
    return n >= WASM_HEADER && !memcmp(bytes, "\0asm", 4);
}

/* A name: its length, then UTF-8. Zero bytes would end the copy early, and become "_". */
static char *read_name(struct wasm_reader *r)
{
    struct wasm_reader text = wasm_part(r, wasm_number(r));
    size_t n = (size_t)(text.end - text.at);
    char *name = xmalloc(n + 1);

    memcpy(name, text.at, n);
    name[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if (!name[i])
            name[i] = '_';
    return name;
}

/* --- sections --- */

static int add_section(struct wasm_info *info, struct wasm_reader *r, struct wl_err *err)
{
    uint8_t id = wasm_byte(r);
    struct wasm_reader body = wasm_part(r, wasm_number(r));
    struct wasm_section_place *s;

    if (r->bad)
        return wrong(err, "a section is longer than the file");
    if (id >= SECTIONS)
        return wl_err_set(err, WL_E_VERIFY, "it has a section of the unknown kind %u", id);
    if (info->sections_n == MOST_KEPT)
        return wrong(err, "it has more sections than any compiler writes");
    if ((info->sections_n & (info->sections_n - 1)) == 0)
        info->sections =
            xreallocarray(info->sections, info->sections_n ? 2 * info->sections_n : 1, sizeof *info->sections);
    s = &info->sections[info->sections_n++];
    s->id = id;
    s->name = id == WASM_CUSTOM ? read_name(&body) : xstrdup(section_names[id]);
    s->at = body.at;
    s->size = (size_t)(body.end - body.at);
    return body.bad ? wrong(err, "the name of a custom section is longer than the section") : 0;
}

int wasm_sections(const uint8_t *bytes, size_t n, struct wasm_info *info, struct wl_err *err)
{
    struct wasm_reader r = {bytes, bytes + n, false};
    int e = 0;

    if (!wasm_is(bytes, n))
        return wrong(err, "it is no WebAssembly module");
    if (!memcmp(bytes + 4, "\x0d\0\1\0", 4)) {
        info->is_component = true;
        return 0;
    }
    if (memcmp(bytes + 4, "\1\0\0\0", 4) != 0)
        return wl_err_set(err, WL_E_VERIFY, "it is a WebAssembly module of the unknown version %u",
                          bytes[4] | (unsigned)bytes[5] << 8);
    r.at += WASM_HEADER;
    while (e == 0 && r.at < r.end)
        e = add_section(info, &r, err);
    return e;
}

/* --- the content of sections --- */

static void read_limits(struct wasm_info *info, struct wasm_reader *r, struct wasm_limits **list, size_t *n)
{
    enum { HAS_MAX = 1, SHARED = 2, WIDE = 4, PAGE_SIZE = 8 };
    struct wasm_limits l = {0};
    uint8_t flags = wasm_byte(r);

    l.has_max = flags & HAS_MAX;
    l.shared = flags & SHARED;
    l.wide = flags & WIDE;
    l.min = wasm_number(r);
    l.max = l.has_max ? wasm_number(r) : 0;
    if (flags & PAGE_SIZE)
        wasm_number(r);
    info->features[WASM_THREADS] |= l.shared;
    info->features[WASM_MEMORY64] |= l.wide;
    if (r->bad || *n == MOST_KEPT)
        return;
    *list = xreallocarray(*list, *n + 1, sizeof **list);
    (*list)[(*n)++] = l;
}

static void read_table_type(struct wasm_info *info, struct wasm_reader *r)
{
    uint8_t type = wasm_byte(r);

    if (type != 0x70)
        wasm_type_features(type, info->features);
    read_limits(info, r, &info->tables, &info->tables_n);
}

/* What follows a kind in an import. */
static void read_external(struct wasm_info *info, struct wasm_reader *r, uint8_t kind)
{
    switch (kind) {
    case WASM_KIND_FUNCTION:
        wasm_number(r);
        break;
    case WASM_KIND_TABLE:
        read_table_type(info, r);
        break;
    case WASM_KIND_MEMORY:
        read_limits(info, r, &info->memories, &info->memories_n);
        break;
    case WASM_KIND_GLOBAL:
        wasm_type_features(wasm_byte(r), info->features);
        wasm_byte(r);
        break;
    case WASM_KIND_TAG:
        wasm_byte(r);
        wasm_number(r);
        break;
    default:
        r->bad = true;
    }
}

static void read_import(struct wasm_info *info, struct wasm_reader *r)
{
    char *module = read_name(r), *name = read_name(r);
    uint8_t kind = wasm_byte(r);

    read_external(info, r, kind);
    if (r->bad || info->imports_n == MOST_KEPT) {
        free(module);
        free(name);
        return;
    }
    if ((info->imports_n & (info->imports_n - 1)) == 0)
        info->imports = xreallocarray(info->imports, info->imports_n ? 2 * info->imports_n : 1, sizeof *info->imports);
    info->imports[info->imports_n++] = (struct wasm_import){module, name, (enum wasm_kind)kind};
}

static void read_export(struct wasm_info *info, struct wasm_reader *r)
{
    char *name = read_name(r);
    uint8_t kind = wasm_byte(r);

    wasm_number(r);
    r->bad |= kind >= WASM_KINDS;
    if (r->bad || info->exports_n == MOST_KEPT) {
        free(name);
        return;
    }
    if ((info->exports_n & (info->exports_n - 1)) == 0)
        info->exports = xreallocarray(info->exports, info->exports_n ? 2 * info->exports_n : 1, sizeof *info->exports);
    info->exports[info->exports_n++] = (struct wasm_export){name, (enum wasm_kind)kind};
}

static void read_table(struct wasm_info *info, struct wasm_reader *r)
{
    /* A table with an initial value has another form. */
    if (r->at < r->end && *r->at == 0x40) {
        r->at = r->end;
        info->features[WASM_GC] = true;
        return;
    }
    read_table_type(info, r);
}

static void read_memory(struct wasm_info *info, struct wasm_reader *r)
{
    read_limits(info, r, &info->memories, &info->memories_n);
}

static void read_body(struct wasm_info *info, struct wasm_reader *r)
{
    struct wasm_reader body = wasm_part(r, wasm_number(r));

    if (!r->bad)
        wasm_body_features(body, info->features);
}

/* A field: its name, and a list of names with versions. */
static void read_producers(struct wasm_info *info, struct wasm_reader *r)
{
    WL_CLEANUP_FREE char *field = read_name(r);

    for (uint64_t n = wasm_number(r); n && !r->bad; n--) {
        char *name = read_name(r), *version = read_name(r);

        if (r->bad || info->producers_n == MOST_KEPT) {
            free(name);
            free(version);
            return;
        }
        info->producers = xreallocarray(info->producers, info->producers_n + 1, sizeof *info->producers);
        info->producers[info->producers_n++] = (struct wasm_producer){xstrdup(field), name, version};
    }
}

/* The type of a function; others belong to the proposal GC, and end the reading of types. */
static void read_type(struct wasm_info *info, struct wasm_reader *r)
{
    uint64_t results = 0;

    if (wasm_byte(r) != 0x60) {
        info->features[WASM_GC] = true;
        r->at = r->end;
        return;
    }
    for (int part = 0; part < 2; part++) {
        results = wasm_number(r);
        for (uint64_t n = results; n && !r->bad; n--)
            wasm_type_features(wasm_byte(r), info->features);
    }
    info->features[WASM_MULTI_VALUE] |= results > 1;
}

/* Reads a list of things; a section that ends too early or too late is an error. */
static int read_list(struct wasm_info *info, const struct wasm_section_place *s, uint64_t *count,
                     void (*one)(struct wasm_info *info, struct wasm_reader *r), struct wl_err *err)
{
    struct wasm_reader r = {s->at, s->at + s->size, false};
    uint64_t n = wasm_number(&r);

    if (count)
        *count += n;
    for (; one && n && !r.bad && (r.at < r.end || one != read_type); n--)
        one(info, &r);
    if (r.bad)
        return wl_err_set(err, WL_E_VERIFY, "its section \"%s\" is cut off or malformed", s->name);
    return 0;
}

static int read_custom(struct wasm_info *info, const struct wasm_section_place *s, struct wl_err *err)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    (void)err;
    info->has_names |= !strcmp(s->name, "name");
    info->has_dwarf |= starts_with(s->name, ".debug_");
    info->is_object |= !strcmp(s->name, "linking");
    /* Custom sections may contain anything; runtimes do not read them. */
    if (!strcmp(s->name, "producers"))
        read_list(info, s, NULL, read_producers, &ignored);
    return 0;
}

static int read_section(struct wasm_info *info, const struct wasm_section_place *s, struct wl_err *err)
{
    switch (s->id) {
    case WASM_CUSTOM:
        return read_custom(info, s, err);
    case WASM_TYPE:
        return read_list(info, s, &info->types, read_type, err);
    case WASM_IMPORT:
        return read_list(info, s, NULL, read_import, err);
    case WASM_FUNCTION:
        return read_list(info, s, &info->functions, NULL, err);
    case WASM_TABLE:
        return read_list(info, s, NULL, read_table, err);
    case WASM_MEMORY:
        return read_list(info, s, NULL, read_memory, err);
    case WASM_GLOBAL:
        return read_list(info, s, &info->globals, NULL, err);
    case WASM_EXPORT:
        return read_list(info, s, NULL, read_export, err);
    case WASM_START:
        info->has_start = true;
        return 0;
    case WASM_CODE:
        info->code_bytes += s->size;
        return read_list(info, s, NULL, read_body, err);
    case WASM_DATA:
        info->data_bytes += s->size;
        return read_list(info, s, &info->segments, NULL, err);
    case WASM_TAG:
        info->features[WASM_EXCEPTIONS] = true;
        return 0;
    default:
        return 0;
    }
}

int wasm_describe(const uint8_t *bytes, size_t n, struct wasm_info *info, struct wl_err *err)
{
    int r = wasm_sections(bytes, n, info, err);

    for (size_t i = 0; r == 0 && i < info->sections_n; i++)
        r = read_section(info, &info->sections[i], err);
    /* Both kinds of exceptions have tags. */
    if (info->features[WASM_LEGACY_EXCEPTIONS])
        info->features[WASM_EXCEPTIONS] = false;
    info->features[WASM_MULTI_MEMORY] |= info->memories_n > 1;
    info->features[WASM_REFERENCE_TYPES] |= info->tables_n > 1;
    return r;
}

void wasm_info_free(struct wasm_info *info)
{
    for (size_t i = 0; i < info->sections_n; i++)
        free(info->sections[i].name);
    for (size_t i = 0; i < info->imports_n; i++) {
        free(info->imports[i].module);
        free(info->imports[i].name);
    }
    for (size_t i = 0; i < info->exports_n; i++)
        free(info->exports[i].name);
    for (size_t i = 0; i < info->producers_n; i++) {
        free(info->producers[i].field);
        free(info->producers[i].name);
        free(info->producers[i].version);
    }
    free(info->sections);
    free(info->imports);
    free(info->exports);
    free(info->memories);
    free(info->tables);
    free(info->producers);
    *info = (struct wasm_info){0};
}
