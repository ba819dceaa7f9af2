#include "cmd/module_info.h"

#include "cmd/module_note.h"
#include "core/wasm.h"
#include "sbom/sbom.h"
#include "store/manifest.h"
#include "util/fs.h"
#include "wasm/info.h"

#include <string.h>
#include <sys/stat.h>

/* Longer lists are cut: a library has thousands of exports. */
enum { MOST_SHOWN = 60 };

bool module_info_is_file(const char *argument)
{
    return ends_with(argument, ".wasm");
}

static void line(const char *label, const char *text)
{
    ui_print(stdout, "%-12s %s\n", label, text);
}

/* --- from the store --- */

/* A need with its version, which its own manifest has, and those that it links. */
static void add_need(const struct app *a, const struct manifest_need *n, int depth, struct strv *out)
{
    enum { MAX_DEPTH = 32 };
    WL_CLEANUP_FREE char *entry = store_entry(&a->store, n->key), *file = path_join(entry, STORE_MANIFEST),
                         *text = NULL;
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_MANIFEST struct manifest m = {0};

    if (strcmp(n->use, "link") != 0)
        return;
    if (manifest_read(file, &m, &ignored) == 0) {
        WL_CLEANUP_FREE char *version = served_version(m.version, m.sources_n ? m.sources[0].from : NULL);

        text = xasprintf("%s %s%s%s%s", n->name, version, *m.license ? " (" : "", m.license, *m.license ? ")" : "");
    } else
        text = xstrdup(n->name);
    if (strv_has(out, text) || depth == MAX_DEPTH)
        return;
    strv_add(out, text);
    for (size_t i = 0; i < m.needs_n; i++)
        add_need(a, &m.needs[i], depth + 1, out);
}

static void print_list(const char *label, const struct strv *list)
{
    for (size_t i = 0; i < list->n; i++)
        line(i ? "" : label, list->v[i]);
}

static void print_origin(const struct app *a, const struct manifest *m, const char *path)
{
    WL_CLEANUP_STRV struct strv linked = {0};
    WL_CLEANUP_FREE char *port =
        xasprintf("%s%s%s (%s of its artifact)", m->name, *m->version ? " " : "", m->version, path);

    line("made as", port);
    line("key", m->key);
    if (*m->license)
        line("license", m->license);
    for (size_t i = 0; i < m->needs_n; i++)
        add_need(a, &m->needs[i], 0, &linked);
    print_list("linked", &linked);
}

/* Looks for an artifact that has a file with this hash. (Such a file in the output is a copy of one.) */
static void find_origin(const struct app *a, const char *sha256)
{
    WL_CLEANUP_FREE char *dir = store_artifacts(&a->store);
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv keys = {0};

    if (dir_list(dir, &keys, &ignored) < 0)
        return;
    for (size_t i = 0; i < keys.n; i++) {
        WL_CLEANUP_FREE char *entry = store_entry(&a->store, keys.v[i]), *file = path_join(entry, STORE_MANIFEST);
        WL_CLEANUP_MANIFEST struct manifest m = {0};

        if (!path_exists(file) || manifest_read(file, &m, &ignored) < 0)
            continue;
        for (size_t k = 0; k < m.files_n; k++)
            if (m.files[k].type == MANIFEST_FILE && !strcmp(m.files[k].sha256, sha256)) {
                print_origin(a, &m, m.files[k].path);
                return;
            }
    }
}

/* --- from its bytes --- */

static char *limits_text(const struct wasm_limits *l, bool memory)
{
    struct str out = {0};
    uint64_t unit = memory ? WASM_PAGE : 1;

    if (memory) {
        WL_CLEANUP_FREE char *min = human_size(l->min > UINT64_MAX / unit ? UINT64_MAX : l->min * unit),
                             *max = human_size(l->max > UINT64_MAX / unit ? UINT64_MAX : l->max * unit);

        str_addf(&out, "starts with %s, %s%s", min, l->has_max ? "at most " : "no limit", l->has_max ? max : "");
    } else {
        str_addf(&out, "%llu elements, ", (unsigned long long)l->min);
        if (l->has_max)
            str_addf(&out, "at most %llu", (unsigned long long)l->max);
        else
            str_add(&out, "no limit");
    }
    if (l->shared)
        str_add(&out, ", shared between threads");
    if (l->wide)
        str_add(&out, ", 64-bit addresses");
    return str_take(&out);
}

static void print_limits(const char *label, const struct wasm_limits *list, size_t n, bool memory)
{
    for (size_t i = 0; i < n && i < MOST_SHOWN; i++) {
        WL_CLEANUP_FREE char *text = limits_text(&list[i], memory);

        line(i ? "" : label, text);
    }
}

/* A line for each module that is imported from. */
static void print_imports(const struct wasm_info *w)
{
    WL_CLEANUP_STRV struct strv modules = {0};

    for (size_t i = 0; i < w->imports_n && modules.n < MOST_SHOWN; i++)
        strv_add_once(&modules, w->imports[i].module);
    if (!modules.n)
        line("imports", "nothing");
    for (size_t k = 0; k < modules.n; k++) {
        WL_CLEANUP_STR struct str out = {0};
        size_t n = 0;

        for (size_t i = 0; i < w->imports_n; i++)
            if (!strcmp(w->imports[i].module, modules.v[k]) && n++ < MOST_SHOWN)
                str_addf(&out, " %s", w->imports[i].name);
        if (n > MOST_SHOWN)
            str_addf(&out, " ... (%zu in all)", n);
        ui_print(stdout, "%-12s %s:%s\n", k ? "" : "imports", modules.v[k], out.s);
    }
}

static void print_exports(const struct wasm_info *w)
{
    static const char *const kinds[] = {"functions", "tables", "memories", "globals", "tags"};
    bool first = true;

    for (int kind = 0; kind < WASM_KINDS; kind++) {
        WL_CLEANUP_STR struct str out = {0};
        size_t n = 0;

        for (size_t i = 0; i < w->exports_n; i++)
            if ((int)w->exports[i].kind == kind && n++ < MOST_SHOWN)
                str_addf(&out, " %s", w->exports[i].name);
        if (!n)
            continue;
        if (n > MOST_SHOWN)
            str_addf(&out, " ... (%zu in all)", n);
        ui_print(stdout, "%-12s %s:%s\n", first ? "exports" : "", kinds[kind], out.s);
        first = false;
    }
    if (first)
        line("exports", "nothing");
}

static void print_features(const struct wasm_info *w)
{
    WL_CLEANUP_STR struct str out = {0};

    for (int i = 0; i < WASM_FEATURES; i++)
        if (w->features[i])
            str_addf(&out, "%s%s", out.len ? " " : "", wasm_feature_names[i]);
    line("features", out.len ? out.s : "none beyond the first version of WebAssembly");
}

static void print_producers(const struct wasm_info *w)
{
    for (size_t i = 0; i < w->producers_n && i < MOST_SHOWN; i++)
        ui_print(stdout, "%-12s %s: %s%s%s\n", i ? "" : "producers", w->producers[i].field, w->producers[i].name,
                 *w->producers[i].version ? " " : "", w->producers[i].version);
}

static void print_sections(const struct wasm_info *w)
{
    for (size_t i = 0; i < w->sections_n && i < MOST_SHOWN; i++) {
        WL_CLEANUP_FREE char *size = human_size(w->sections[i].size);

        ui_print(stdout, "%-12s %s%s, %s\n", i ? "" : "sections", w->sections[i].id == WASM_CUSTOM ? "custom " : "",
                 w->sections[i].name, size);
    }
    if (w->sections_n > MOST_SHOWN)
        ui_print(stdout, "%-12s ... (%zu in all)\n", "", w->sections_n);
}

static uint64_t little(const uint8_t *p, unsigned bytes)
{
    uint64_t n = 0;

    while (bytes-- > 0)
        n = n << 8 | p[bytes];
    return n;
}

/* The archives of files in the data (guest/rofs.h has their layout), and what else of ours shows. */
static void print_ours(const struct wasm_info *w)
{
    static const char magic[8] = "wl-rofs";
    enum { HEADER = 48, NODES = 8, NAMES = 12, SIZE = 16, NODE = 32 };
    WL_CLEANUP_STRV struct strv found = {0};

    for (size_t i = 0; i < w->sections_n; i++) {
        const uint8_t *p = w->sections[i].at, *end = p + w->sections[i].size;

        if (w->sections[i].id != WASM_DATA)
            continue;
        while (found.n < MOST_SHOWN && (p = memmem(p, (size_t)(end - p), magic, sizeof magic))) {
            uint64_t nodes, size;

            if ((size_t)(end - p) < HEADER)
                break;
            nodes = little(p + NODES, 4);
            size = little(p + SIZE, 8);
            /* (The eight bytes alone are also in the code that looks for them, and a packed segment may end after
             * them.) */
            if (nodes && little(p + NAMES, 4) == HEADER + nodes * NODE && size >= HEADER + nodes * NODE &&
                size / 16 <= w->sections[i].size) {
                WL_CLEANUP_FREE char *text = human_size(size);

                strv_addf(&found, "an archive of %llu files and directories, %s", (unsigned long long)nodes, text);
            }
            p += sizeof magic;
        }
    }
    for (size_t i = 0; i < w->exports_n; i++) {
        if (!strcmp(w->exports[i].name, "wl_session"))
            strv_add(&found, "sessions (libwlpy, wlpy serve)");
        if (!strcmp(w->exports[i].name, "wizer.initialize"))
            strv_add(&found, "the start of a snapshot, not taken yet");
    }
    print_list("inside", &found);
}

static void print_module(const struct wasm_info *w)
{
    WL_CLEANUP_FREE char *code = human_size(w->code_bytes), *data = human_size(w->data_bytes);

    line("format", w->is_object      ? "WebAssembly object file, to be linked"
                   : w->is_component ? "WebAssembly component"
                                     : "WebAssembly module");
    if (w->is_component)
        return;
    print_limits("memory", w->memories, w->memories_n, true);
    print_limits("table", w->tables, w->tables_n, false);
    print_imports(w);
    print_exports(w);
    ui_print(stdout, "%-12s %llu functions of %llu types, %s; %llu globals\n", "code", (unsigned long long)w->functions,
             (unsigned long long)w->types, code, (unsigned long long)w->globals);
    ui_print(stdout, "%-12s %llu segments, %s\n", "data", (unsigned long long)w->segments, data);
    print_features(w);
    print_producers(w);
    line("names", w->has_dwarf ? "debug information (DWARF)" : w->has_names ? "of functions" : "none (stripped)");
    print_ours(w);
    print_sections(w);
}

int module_info_print(const struct app *a, const char *file, bool modules, struct wl_err *err)
{
    WL_CLEANUP_FREE char *bytes = NULL, *size = NULL;
    WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
    struct wasm_info w = {0};
    char sha256[HASH_HEX_SIZE];
    struct hash *h;
    struct stat st;
    size_t n = 0;
    int r;

    if (stat(file, &st) == 0 && !S_ISREG(st.st_mode)) {
        wl_err_set(err, WL_E_USAGE, "%s is not a file", file);
        return wl_err_hint(err, "name a WebAssembly module");
    }
    r = file_read(file, WASM_INFO_BYTES, &bytes, &n, err);
    if (r < 0)
        return r;
    r = wasm_describe((const uint8_t *)bytes, n, &w, &why);
    if (r < 0) {
        wl_err_set(err, why.cls, "%s: %s", file, why.text);
        r = wl_err_hint(err, "name a WebAssembly module; if this should be one, the file is damaged");
    } else {
        h = hash_new();
        hash_add(h, bytes, n);
        hash_end(h, sha256);
        size = human_size(n);
        ui_print(stdout, "%-12s %s (%s)\n", "file", file, size);
        line("sha256", sha256);
        module_note_print(&w, modules);
        find_origin(a, sha256);
        print_module(&w);
    }
    wasm_info_free(&w);
    return r;
}
