/* What a WebAssembly module is, read from its bytes. These are hostile: every length is checked, and what does not fit
 * ends the reading.
 *
 * Format: the WebAssembly core specification, "Binary Format", with the proposals that compilers emit (exceptions,
 * threads, tail calls, 64-bit and several memories); the custom sections: "Tool Conventions" (producers, linking) and
 * the specification's appendix (name). */
#ifndef WL_WASM_INFO_H
#define WL_WASM_INFO_H

#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest file that is read. */
#define WASM_INFO_BYTES ((size_t)1 << 30)

enum wasm_kind { WASM_KIND_FUNCTION, WASM_KIND_TABLE, WASM_KIND_MEMORY, WASM_KIND_GLOBAL, WASM_KIND_TAG, WASM_KINDS };

struct wasm_limits {
    uint64_t min, max; /* of a memory: pages; of a table: elements */
    bool has_max, shared, wide;
};

struct wasm_import {
    char *module, *name; /* owned */
    enum wasm_kind kind;
};

struct wasm_export {
    char *name; /* owned */
    enum wasm_kind kind;
};

struct wasm_section_place {
    unsigned id;
    char *name; /* of a custom section; else what the specification calls it. Owned */
    const uint8_t *at;
    size_t size;
};

struct wasm_producer {
    char *field, *name, *version; /* owned */
};

/* What a runtime must support. */
enum wasm_feature {
    WASM_BULK_MEMORY,
    WASM_EXCEPTIONS,
    WASM_GC,
    WASM_LEGACY_EXCEPTIONS,
    WASM_MEMORY64,
    WASM_MULTI_MEMORY,
    WASM_MULTI_VALUE,
    WASM_REFERENCE_TYPES,
    WASM_RELAXED_SIMD,
    WASM_FLOAT_TO_INT,
    WASM_SIGN_EXTENSION,
    WASM_SIMD,
    WASM_TAIL_CALLS,
    WASM_THREADS,
    WASM_UNKNOWN_CODE, /* instructions that this reader does not know */
    WASM_FEATURES
};
extern const char *const wasm_feature_names[WASM_FEATURES];

/* Zero-initialise it. The sections point into the bytes. */
struct wasm_info {
    bool is_component; /* the rest is empty then */
    struct wasm_section_place *sections;
    size_t sections_n;
    struct wasm_import *imports;
    size_t imports_n;
    struct wasm_export *exports;
    size_t exports_n;
    struct wasm_limits *memories, *tables; /* imported ones, too */
    size_t memories_n, tables_n;
    struct wasm_producer *producers;
    size_t producers_n;
    uint64_t types, functions, globals, segments, code_bytes, data_bytes;
    bool has_start, has_names, has_dwarf, is_object; /* is_object: it has relocations, to be linked */
    bool features[WASM_FEATURES];
};

/* Whether the bytes begin as a module or component does. */
bool wasm_is(const uint8_t *bytes, size_t n);

/* Reads only the sections. A file that is no module, or whose sections do not fit into it, is WL_E_VERIFY; the text is
 * the reason alone. wasm_info_free in any case. */
int wasm_sections(const uint8_t *bytes, size_t n, struct wasm_info *info, struct wl_err *err);

/* Reads everything. */
int wasm_describe(const uint8_t *bytes, size_t n, struct wasm_info *info, struct wl_err *err);
void wasm_info_free(struct wasm_info *info);

/* The custom section in which wl-make says what is in a module (make/note.h), as JSON. */
#define WASM_NOTE "wl-make"

/* The module with such a section at its end, which replaces an earlier one: *size bytes, which the caller frees. NULL:
 * the bytes are no module. */
char *wasm_with_note(const uint8_t *bytes, size_t n, const char *note, size_t *size);

#endif
