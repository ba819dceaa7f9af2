/* A manifest as a file of JSON (manifest.h). */
#include "store/manifest_private.h"

#include "util/fs.h"
#include "util/str.h"

#include <jansson.h>
#include <string.h>

static const char *const types[] = {"file", "link", "folder"};

/* --- as text --- */

static void add_member(struct str *out, const char *name, const char *value)
{
    str_addf(out, " \"%s\": ", name);
    str_add_json(out, value ? value : "");
    str_add(out, ",\n");
}

/* File names are bytes and JSON is UTF-8: a name that is not UTF-8 is written in hexadecimal digits. */
static void add_bytes(struct str *out, const char *name, const char *value)
{
    bool text = utf8_valid(value, strlen(value));

    str_addf(out, "\"%s%s\": ", name, text ? "" : "-hex");
    if (text) {
        str_add_json(out, value);
        return;
    }
    str_addc(out, '"');
    for (; *value; value++)
        str_addf(out, "%02x", (unsigned char)*value);
    str_addc(out, '"');
}

static void add_entry(struct str *out, const struct manifest_file *f)
{
    str_add(out, "  {");
    add_bytes(out, "path", f->path);
    str_addf(out, ", \"type\": \"%s\"", types[f->type]);
    if (f->type == MANIFEST_LINK) {
        str_add(out, ", ");
        add_bytes(out, "target", f->target);
    } else {
        str_addf(out, ", \"mode\": \"%03o\"", f->mode);
    }
    if (f->type == MANIFEST_FILE)
        str_addf(out, ", \"size\": %llu, \"sha256\": \"%s\"", f->size, f->sha256);
    str_addc(out, '}');
}

static void end_list(struct str *out, size_t n)
{
    str_add(out, n ? "\n ],\n" : "],\n");
}

static void to_text(const struct manifest *m, struct str *out)
{
    str_addf(out, "{\n \"format\": %d,\n", MANIFEST_FORMAT);
    add_member(out, "key", m->key);
    add_member(out, "kind", m->kind);
    add_member(out, "name", m->name);
    add_member(out, "version", m->version);
    add_member(out, "license", m->license);
    add_member(out, "toolchain", m->toolchain);
    str_add(out, " \"sources\": [");
    for (size_t i = 0; i < m->sources_n; i++) {
        str_add(out, i ? ",\n  {\"file\": " : "\n  {\"file\": ");
        str_add_json(out, m->sources[i].file);
        str_addf(out, ", \"sha256\": \"%s\"", m->sources[i].sha256);
        if (m->sources[i].from) {
            str_add(out, ", \"from\": ");
            str_add_json(out, m->sources[i].from);
        }
        str_addc(out, '}');
    }
    end_list(out, m->sources_n);
    str_add(out, " \"needs\": [");
    for (size_t i = 0; i < m->needs_n; i++) {
        str_add(out, i ? ",\n  {\"name\": " : "\n  {\"name\": ");
        str_add_json(out, m->needs[i].name);
        str_addf(out, ", \"key\": \"%s\", \"use\": ", m->needs[i].key);
        str_add_json(out, m->needs[i].use);
        str_addc(out, '}');
    }
    end_list(out, m->needs_n);
    str_add(out, " \"files\": [");
    for (size_t i = 0; i < m->files_n; i++) {
        str_add(out, i ? ",\n" : "\n");
        add_entry(out, &m->files[i]);
    }
    end_list(out, m->files_n);
}

/* The last line, which shows whether a manifest was changed. */
static char *seal(const char *text, size_t n)
{
    char hex[HASH_HEX_SIZE];
    struct hash *h = hash_new();

    hash_add(h, text, n);
    hash_end(h, hex);
    return xasprintf(" \"sha256\": \"%s\"\n}\n", hex);
}

int manifest_write(const struct manifest *m, const char *path, struct wl_err *err)
{
    WL_CLEANUP_STR struct str out = {0};
    WL_CLEANUP_FREE char *end = NULL;

    to_text(m, &out);
    end = seal(out.s, out.len);
    str_add(&out, end);
    return file_write(path, out.s, out.len, err);
}

/* --- reading --- */

struct reader {
    const char *path;
    struct wl_err *err;
};

static int wrong(const struct reader *r, const char *what)
{
    return wl_err_set(r->err, WL_E_VERIFY, "%s: %s", path_base(r->path), what);
}

/* Copies a string of at most max bytes. If an optional one is missing, the result is NULL without an error. */
static int take_text(const struct reader *r, const json_t *o, const char *name, size_t max, bool must, char **out)
{
    const json_t *v = json_object_get(o, name);

    *out = NULL;
    if (!v && !must)
        return 0;
    if (!json_is_string(v) || json_string_length(v) > max || strlen(json_string_value(v)) != json_string_length(v)) {
        WL_CLEANUP_FREE char *what = xasprintf("\"%s\" is not a text", name);

        return wrong(r, what);
    }
    *out = xstrdup(json_string_value(v));
    return 0;
}

static int take_hash(const struct reader *r, const json_t *o, const char *name, char hex[HASH_HEX_SIZE])
{
    WL_CLEANUP_FREE char *text = NULL;
    int e = take_text(r, o, name, HASH_HEX_SIZE, true, &text);

    if (e < 0)
        return e;
    if (!is_hex(text, HASH_HEX_SIZE - 1))
        return wrong(r, "a hash is not 64 hexadecimal digits");
    memcpy(hex, text, HASH_HEX_SIZE);
    return 0;
}

/* "NAME" or "NAME-hex". */
static int take_bytes(const struct reader *r, const json_t *o, const char *name, char **out)
{
    WL_CLEANUP_FREE char *other = xasprintf("%s-hex", name), *hex = NULL;
    int e = take_text(r, o, name, MANIFEST_PATH, false, out);
    size_t n;

    if (e == 0 && !*out)
        e = take_text(r, o, other, (size_t)2 * MANIFEST_PATH, true, &hex);
    if (e < 0 || *out)
        return e;
    n = strlen(hex);
    if (n % 2 || !is_hex(hex, n))
        return wrong(r, "a name is not hexadecimal digits");
    *out = xcalloc(n / 2 + 1, 1);
    for (size_t i = 0; i < n / 2; i++)
        (*out)[i] = (char)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    return strlen(*out) == n / 2 ? 0 : wrong(r, "a name has a zero byte in it");
}

/* Names between single slashes, none of them "." or "..". */
static bool is_inside(const char *path)
{
    int depth = 0;

    for (;; path++) {
        size_t n = strcspn(path, "/");

        if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.') ||
            ++depth > MANIFEST_DEPTH + 1)
            return false;
        path += n;
        if (!*path)
            return true;
    }
}

/* Whether the directory that a path is in is one of the entries so far. Without this, a path could lead through a link.
 */
static bool has_parent(const struct manifest *m, const char *path)
{
    const char *slash = strrchr(path, '/');
    WL_CLEANUP_FREE char *dir = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;
    size_t from = 0, to = m->files_n - 1;

    while (dir && from < to) {
        size_t middle = from + (to - from) / 2;
        int order = manifest_compare_paths(dir, m->files[middle].path);

        if (order == 0)
            return m->files[middle].type == MANIFEST_FOLDER;
        *(order < 0 ? &to : &from) = order < 0 ? middle : middle + 1;
    }
    return !dir;
}

static int read_entry(const struct reader *r, const json_t *o, struct manifest *m)
{
    struct manifest_file *f = manifest_add_file(m);
    WL_CLEANUP_FREE char *type = NULL, *mode = NULL;
    int e = take_bytes(r, o, "path", &f->path);

    if (e == 0)
        e = take_text(r, o, "type", 16, true, &type);
    if (e < 0)
        return e;
    if (!is_inside(f->path))
        return wrong(r, "a path leads out of the artifact");
    if (m->files_n > 1 && manifest_compare_paths(m->files[m->files_n - 2].path, f->path) >= 0)
        return wrong(r, "the paths are not in order");
    if (!has_parent(m, f->path))
        return wrong(r, "a path is in a directory that is not listed");
    while (f->type < MANIFEST_FOLDER && strcmp(type, types[f->type]) != 0)
        f->type++;
    if (strcmp(type, types[f->type]) != 0)
        return wrong(r, "an unknown type of file");
    if (f->type == MANIFEST_LINK)
        return take_bytes(r, o, "target", &f->target);
    e = take_text(r, o, "mode", 4, true, &mode);
    if (e < 0)
        return e;
    if (strlen(mode) != 3 || strspn(mode, "01234567") != 3)
        return wrong(r, "a mode is not three octal digits");
    f->mode = (unsigned)strtoul(mode, NULL, 8);
    if (f->type == MANIFEST_FOLDER)
        return 0;
    if (!json_is_integer(json_object_get(o, "size")) || json_integer_value(json_object_get(o, "size")) < 0)
        return wrong(r, "a size is not a number");
    f->size = (unsigned long long)json_integer_value(json_object_get(o, "size"));
    return take_hash(r, o, "sha256", f->sha256);
}

static int read_source(const struct reader *r, const json_t *o, struct manifest *m)
{
    WL_CLEANUP_FREE char *file = NULL, *from = NULL;
    char hex[HASH_HEX_SIZE] = "";
    int e = take_text(r, o, "file", MANIFEST_TEXT, true, &file);

    if (e == 0)
        e = take_text(r, o, "from", MANIFEST_TEXT, false, &from);
    if (e == 0)
        e = take_hash(r, o, "sha256", hex);
    if (e == 0)
        manifest_add_source(m, file, hex, from);
    return e;
}

static int read_need(const struct reader *r, const json_t *o, struct manifest *m)
{
    WL_CLEANUP_FREE char *name = NULL, *use = NULL;
    char hex[HASH_HEX_SIZE] = "";
    int e = take_text(r, o, "name", MANIFEST_TEXT, true, &name);

    if (e == 0)
        e = take_text(r, o, "use", 16, true, &use);
    if (e == 0)
        e = take_hash(r, o, "key", hex);
    if (e == 0)
        manifest_add_need(m, name, hex, use);
    return e;
}

static int read_list(const struct reader *r, const json_t *root, const char *name, struct manifest *m,
                     int (*one)(const struct reader *r, const json_t *o, struct manifest *m))
{
    const json_t *list = json_object_get(root, name);
    int e = 0;

    if (!json_is_array(list) || json_array_size(list) > MANIFEST_ENTRIES)
        return wrong(r, "a list is missing or too long");
    for (size_t i = 0; e == 0 && i < json_array_size(list); i++)
        e = one(r, json_array_get(list, i), m);
    return e;
}

static int read_all(const struct reader *r, const json_t *root, struct manifest *m)
{
    const struct {
        const char *name;
        char **to;
    } texts[] = {{"kind", &m->kind},
                 {"name", &m->name},
                 {"version", &m->version},
                 {"license", &m->license},
                 {"toolchain", &m->toolchain}};
    int e = 0;

    if (json_integer_value(json_object_get(root, "format")) != MANIFEST_FORMAT)
        return wrong(r, "it has another format");
    for (size_t i = 0; e == 0 && i < sizeof texts / sizeof *texts; i++)
        e = take_text(r, root, texts[i].name, MANIFEST_TEXT, true, texts[i].to);
    if (e == 0)
        e = take_hash(r, root, "key", m->key);
    if (e == 0)
        e = read_list(r, root, "sources", m, read_source);
    if (e == 0)
        e = read_list(r, root, "needs", m, read_need);
    return e < 0 ? e : read_list(r, root, "files", m, read_entry);
}

/* Whether the text ends in the hash of what stands before. */
static bool is_sealed(const char *text, size_t n)
{
    enum { SEAL = sizeof " \"sha256\": \"\"\n}\n" - 1 + 64 };
    WL_CLEANUP_FREE char *end = n > SEAL ? seal(text, n - SEAL) : NULL;

    return end && memcmp(end, text + n - SEAL, SEAL) == 0;
}

int manifest_read(const char *path, struct manifest *m, struct wl_err *err)
{
    const struct reader r = {path, err};
    WL_CLEANUP_FREE char *text = NULL;
    json_error_t why;
    json_t *root;
    size_t n = 0;
    int e = file_read(path, MANIFEST_BYTES, &text, &n, err);

    if (e < 0)
        return e;
    if (!is_sealed(text, n))
        return wrong(&r, "its bytes have changed");
    root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
    e = json_is_object(root) ? read_all(&r, root, m) : wrong(&r, "it is not JSON");
    json_decref(root);
    return e;
}
