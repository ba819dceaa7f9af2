/* Reads WebAssembly object files. The format is WebAssembly's binary format with the custom sections "linking" and
 * "reloc.*", which the document "Linking" of WebAssembly's tool-conventions describes. */
#ifndef WL_OBJECT_OBJECT_H
#define WL_OBJECT_OBJECT_H

#include "bytes.h"

enum {
    SECTION_CUSTOM = 0,
    SECTION_TYPE = 1,
    SECTION_IMPORT = 2,
    SECTION_FUNCTION = 3,
    SECTION_CODE = 10,
    SECTION_DATA = 11
};
enum { LINKING_VERSION = 2, LINKING_CONSTRUCTORS = 6, LINKING_COMDAT = 7, LINKING_SYMBOLS = 8 };
enum { SYMBOL_FUNCTION, SYMBOL_DATA, SYMBOL_GLOBAL, SYMBOL_SECTION, SYMBOL_TAG, SYMBOL_TABLE };
enum {
    FLAG_WEAK = 1,
    FLAG_LOCAL = 2,
    FLAG_HIDDEN = 4,
    FLAG_UNDEFINED = 0x10,
    FLAG_EXPORTED = 0x20,
    FLAG_NAMED = 0x40,
    FLAG_ABSOLUTE = 0x200
};
enum { RELOC_FUNCTION_INDEX = 0, RELOC_TABLE_INDEX = 2, RELOC_MEMORY_ADDRESS = 5 };

struct section {
    uint8_t id;
    struct span name;  /* of a custom section */
    struct span whole; /* with the number and the size */
    struct span body;  /* after them, and after the name */
    uint32_t number;   /* how many sections precede it */
};

struct function {
    struct span name; /* of an imported one */
    uint32_t type;    /* an index of types */
};

struct symbol {
    struct span name;
    struct span rest;            /* what follows the flags in the file, with the name if there is one */
    uint32_t kind, flags, index; /* index: of the function, or of the segment */
    uint32_t offset, size;       /* of data: its place in the segment */
};

struct segment {
    const uint8_t *bytes;
    uint32_t at, size; /* at: its place in the section */
};

struct reloc {
    uint32_t type, at, symbol; /* at: its place in the section; symbol: or the number of a type */
    int64_t addend;
};

/* A function that a program calls before main(); those with a small number first. */
struct constructor {
    uint32_t priority, symbol;
};

struct relocs {
    struct reloc *list;
    size_t n;
    uint32_t section; /* the number of the section that is relocated; UINT32_MAX: there are none */
};

/* Everything points into the bytes that were read. */
struct object {
    const char *file; /* for messages */
    struct section *sections;
    struct span *types; /* as they are in the file: the parameters, then the results */
    struct function *functions;
    struct span *tags, *globals; /* the names of imported ones */
    struct symbol *symbols;
    struct segment *segments;
    struct constructor *constructors; /* in the order of their calls */
    struct relocs data, code;
    size_t n_sections, n_types, n_functions, n_tags, n_globals, n_symbols, n_segments, n_constructors;
    bool is_linkable;                    /* it has a section "linking" */
    uint32_t data_section, code_section; /* UINT32_MAX: there is none */
};

/* Whether bytes begin as every WebAssembly module does. */
bool is_module(const uint8_t *bytes, size_t n);

/* Reads an object file; o must be freed in every case. 0, or -1 and *e, which names the file. After 0, every symbol's
 * indexes are in their ranges, each relocation of data lies in the section and has a symbol, and they are in order. */
int object_read(struct object *o, const char *file, const uint8_t *bytes, size_t n, struct error *e);
void object_free(struct object *o);

/* The section with this name; NULL: there is none. */
const struct section *object_custom(const struct object *o, const char *name);
const struct section *object_section(const struct object *o, uint8_t id);

static inline bool is_defined(const struct symbol *s)
{
    return !(s->flags & FLAG_UNDEFINED);
}

/* Whether other files see the symbol. */
static inline bool is_global(const struct symbol *s)
{
    return !(s->flags & FLAG_LOCAL);
}

bool reloc_has_addend(uint32_t type);

/* "(i32, i32) -> i32", in a buffer of the caller. */
const char *type_text(struct span type, char *text, size_t size);

#endif
