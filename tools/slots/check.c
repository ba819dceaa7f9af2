/* Compares the functions in Python's data tables with the types that their places need.
 *
 *   slot-check PROBE FILE...
 *
 * WebAssembly calls a function only by its own type: a slot, getter or method of another type, which C allows with a
 * cast or a void *, ends the program when it is called. FILE is an object file or an archive of them; PROBE is
 * probe.c, compiled with the headers of the same Python. Object files do not have the types of data, so tables are
 * recognised by their content: which words are addresses of functions or of data, and the values of the others. Each
 * function of a wrong type is reported in a line on stderr, and the exit status is then 1. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- reading --- */

/* Bytes that are read from the front; bad is set when a read goes past the end. */
struct reader {
    const uint8_t *at, *end;
    int bad;
};

static uint8_t get_byte(struct reader *r)
{
    if (r->at == r->end) {
        r->bad = 1;
        return 0;
    }
    return *r->at++;
}

static uint64_t get_leb(struct reader *r, int is_signed)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = get_byte(r);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80 && !r->bad);
    if (is_signed && byte & 0x40 && shift < 64)
        value |= ~UINT64_C(0) << shift;
    return value;
}

static uint32_t get_number(struct reader *r)
{
    uint64_t value = get_leb(r, 0);

    if (value > UINT32_MAX)
        r->bad = 1;
    return r->bad ? 0 : (uint32_t)value;
}

/* The next n bytes as a reader of their own. */
static struct reader get_part(struct reader *r, uint32_t n)
{
    struct reader part = {r->at, r->at, 0};

    if (n > (size_t)(r->end - r->at)) {
        r->bad = 1;
        return part;
    }
    part.end = r->at += n;
    return part;
}

/* A name after its length. The copy is never freed, like everything that this program keeps. */
static const char *get_name(struct reader *r)
{
    struct reader part = get_part(r, get_number(r));
    char *name = strndup((const char *)part.at, (size_t)(part.end - part.at));

    if (!name) {
        fputs("slot-check: out of memory\n", stderr);
        exit(2);
    }
    return name;
}

static void *more(void *list, size_t n, size_t size)
{
    /* A list grows when its length is a power of two. */
    if (n & (n - 1))
        return list;
    list = reallocarray(list, n ? 2 * n : 1, size);
    if (!list) {
        fputs("slot-check: out of memory\n", stderr);
        exit(2);
    }
    return list;
}

/* --- object files --- */

enum { SECTION_TYPE = 1, SECTION_IMPORT = 2, SECTION_FUNCTION = 3, SECTION_DATA = 11 };
enum { SYMBOL_FUNCTION = 0, SYMBOL_DATA = 1, SYMBOL_SECTION = 3 };
enum { FLAG_UNDEFINED = 0x10, FLAG_NAMED = 0x40 };
enum { RELOC_TABLE_INDEX = 2, RELOC_MEMORY_ADDRESS = 5 };

struct symbol {
    const char *name;
    uint32_t kind, flags, index; /* index: of the function, or of the segment */
    uint32_t offset, size;       /* of data: its place in the segment */
};

struct segment {
    const uint8_t *bytes;
    uint32_t at, size; /* at: its place in the section */
};

struct reloc {
    uint32_t type, at, symbol; /* at: its place in the section */
    int64_t addend;
};

struct function {
    const char *name, *type;
};

struct object {
    const char *file;
    const char **types;
    struct function *functions;
    struct symbol *symbols;
    struct segment *segments;
    struct reloc *relocs; /* of the section of data */
    size_t n_types, n_functions, n_symbols, n_segments, n_relocs;
    uint32_t data_section; /* its number */
};

#define ADD(object, list, value)                                                                                       \
    ((object)->list = more((object)->list, (object)->n_##list, sizeof *(object)->list),                                \
     (object)->list[(object)->n_##list++] = (value))

static const char *value_type(uint8_t type)
{
    switch (type) {
    case 0x7f:
        return "i32";
    case 0x7e:
        return "i64";
    case 0x7d:
        return "f32";
    case 0x7c:
        return "f64";
    default:
        return "other";
    }
}

/* "(i32, i32) -> i32": the text that is shown and compared. */
static const char *get_type(struct reader *r)
{
    char text[1024];
    size_t n = 0;

    if (get_byte(r) != 0x60)
        r->bad = 1;
    for (int results = 0; results < 2; results++) {
        uint32_t count = get_number(r);

        n += (size_t)snprintf(text + n, sizeof text - n, "%s", results ? count ? " -> " : " -> nothing" : "(");
        for (uint32_t i = 0; i < count && !r->bad; i++) {
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? ", " : "", value_type(get_byte(r)));
            if (n > sizeof text - 32)
                r->bad = 1;
        }
        if (!results)
            n += (size_t)snprintf(text + n, sizeof text - n, ")");
    }
    return strdup(text);
}

static void get_limits(struct reader *r)
{
    uint8_t flags = get_byte(r);

    get_leb(r, 0);
    if (flags & 1)
        get_leb(r, 0);
}

static void add_function(struct object *o, struct reader *r, const char *name, uint32_t type)
{
    if (type >= o->n_types)
        r->bad = 1;
    else
        ADD(o, functions, ((struct function){name, o->types[type]}));
}

static void read_imports(struct object *o, struct reader *r)
{
    for (uint32_t n = get_number(r); n > 0 && !r->bad; n--) {
        const char *name;

        get_part(r, get_number(r)); /* the module */
        name = get_name(r);
        switch (get_byte(r)) {
        case 0:
            add_function(o, r, name, get_number(r));
            break;
        case 1: /* a table */
            get_byte(r);
            get_limits(r);
            break;
        case 2: /* a memory */
            get_limits(r);
            break;
        case 3: /* a global */
        case 4: /* a tag */
            get_byte(r);
            get_number(r);
            break;
        default:
            r->bad = 1;
        }
    }
}

static void read_data(struct object *o, struct reader *r)
{
    const uint8_t *start = r->at;

    for (uint32_t n = get_number(r); n > 0 && !r->bad; n--) {
        uint32_t flags = get_number(r);
        struct reader bytes;

        if (flags & 2)
            get_number(r);
        if (!(flags & 1)) { /* its address: a constant, and the end */
            get_byte(r);
            get_leb(r, 1);
            if (get_byte(r) != 0x0b)
                r->bad = 1;
        }
        bytes = get_part(r, get_number(r));
        ADD(o, segments, ((struct segment){bytes.at, (uint32_t)(bytes.at - start), (uint32_t)(bytes.end - bytes.at)}));
    }
}

static void read_symbols(struct object *o, struct reader *r)
{
    for (uint32_t n = get_number(r); n > 0 && !r->bad; n--) {
        struct symbol s = {.name = ""};

        s.kind = get_byte(r);
        s.flags = get_number(r);
        if (s.kind == SYMBOL_DATA) {
            s.name = get_name(r);
            if (!(s.flags & FLAG_UNDEFINED)) {
                s.index = get_number(r);
                s.offset = get_number(r);
                s.size = get_number(r);
            }
        } else {
            s.index = get_number(r);
            if (s.kind != SYMBOL_SECTION && (!(s.flags & FLAG_UNDEFINED) || s.flags & FLAG_NAMED))
                s.name = get_name(r);
            else if (s.kind == SYMBOL_FUNCTION && s.index < o->n_functions)
                s.name = o->functions[s.index].name;
        }
        ADD(o, symbols, s);
    }
}

static void read_linking(struct object *o, struct reader *r)
{
    if (get_number(r) != 2) {
        r->bad = 1;
        return;
    }
    while (r->at < r->end && !r->bad) {
        uint8_t kind = get_byte(r);
        struct reader part = get_part(r, get_number(r));

        if (kind == 8) { /* the table of symbols */
            read_symbols(o, &part);
            r->bad |= part.bad;
        }
    }
}

/* Whether a relocation has an addend: those of memory, and those of places in functions and sections. */
static int has_addend(uint32_t type)
{
    return (type >= 3 && type <= 5) || type == 8 || type == 9 || type == 11 || (type >= 14 && type <= 17) ||
           (type >= 21 && type <= 23) || type == 25;
}

static void read_relocs(struct object *o, struct reader *r)
{
    uint32_t section = get_number(r), before = 0;

    if (section != o->data_section)
        return;
    for (uint32_t n = get_number(r); n > 0 && !r->bad; n--) {
        struct reloc reloc = {.type = get_byte(r)};

        reloc.at = get_number(r);
        reloc.symbol = get_number(r);
        if (has_addend(reloc.type))
            reloc.addend = (int64_t)get_leb(r, 1);
        if (reloc.at < before || reloc.symbol >= o->n_symbols)
            r->bad = 1; /* they are in order */
        before = reloc.at;
        ADD(o, relocs, reloc);
    }
}

static void read_section(struct object *o, uint8_t id, uint32_t number, struct reader *r)
{
    const char *name;

    switch (id) {
    case SECTION_TYPE:
        for (uint32_t n = get_number(r); n > 0 && !r->bad; n--)
            ADD(o, types, get_type(r));
        break;
    case SECTION_IMPORT:
        read_imports(o, r);
        break;
    case SECTION_FUNCTION:
        for (uint32_t n = get_number(r); n > 0 && !r->bad; n--)
            add_function(o, r, "", get_number(r));
        break;
    case SECTION_DATA:
        o->data_section = number;
        read_data(o, r);
        break;
    case 0:
        name = get_name(r);
        if (strcmp(name, "linking") == 0)
            read_linking(o, r);
        else if (strcmp(name, "reloc.DATA") == 0)
            read_relocs(o, r);
        break;
    default:
        break;
    }
}

/* 0, or -1: it is not an object file that this program understands. */
static int read_object(struct object *o, const uint8_t *bytes, size_t n)
{
    struct reader r = {bytes + 8, bytes + n, 0};

    o->data_section = UINT32_MAX;
    if (n < 8 || memcmp(bytes, "\0asm\1\0\0\0", 8) != 0)
        return -1;
    for (uint32_t number = 0; r.at < r.end && !r.bad; number++) {
        uint8_t id = get_byte(&r);
        struct reader section = get_part(&r, get_number(&r));

        read_section(o, id, number, &section);
        r.bad |= section.bad;
    }
    for (size_t i = 0; i < o->n_symbols && !r.bad; i++) {
        const struct symbol *s = &o->symbols[i];

        if (s->kind == SYMBOL_FUNCTION && s->index >= o->n_functions)
            r.bad = 1;
        if (s->kind == SYMBOL_DATA && !(s->flags & FLAG_UNDEFINED) &&
            (s->index >= o->n_segments || s->offset > o->segments[s->index].size ||
             s->size > o->segments[s->index].size - s->offset))
            r.bad = 1;
    }
    return r.bad ? -1 : 0;
}

/* --- what a word of data is --- */

enum word_kind { WORD_NUMBER, WORD_FUNCTION, WORD_DATA, WORD_OTHER };

struct word {
    enum word_kind kind;
    uint32_t number;
    const struct symbol *symbol; /* of a function or of data */
    int64_t addend;
};

static struct word word_at(const struct object *o, const struct symbol *table, uint32_t offset)
{
    const struct segment *segment = &o->segments[table->index];
    uint32_t at = segment->at + table->offset + offset;
    const uint8_t *bytes = segment->bytes + table->offset + offset;
    struct word w = {.kind = WORD_NUMBER};
    size_t low = 0, high = o->n_relocs;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (o->relocs[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == o->n_relocs || o->relocs[low].at != at) {
        w.number = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
        return w;
    }
    w.symbol = &o->symbols[o->relocs[low].symbol];
    w.addend = o->relocs[low].addend;
    w.kind = o->relocs[low].type == RELOC_TABLE_INDEX      ? WORD_FUNCTION
             : o->relocs[low].type == RELOC_MEMORY_ADDRESS ? WORD_DATA
                                                           : WORD_OTHER;
    if (w.kind == WORD_FUNCTION && w.symbol->kind != SYMBOL_FUNCTION)
        w.kind = WORD_OTHER;
    return w;
}

static int is_null(struct word w)
{
    return w.kind == WORD_NUMBER && w.number == 0;
}

/* --- the probe --- */

/* One row of the probe: kind__table__member. */
struct row {
    char kind[16], table[40], member[40];
    uint32_t number;
    const char *wanted; /* a type */
};

static struct {
    struct row *rows;
    size_t n_rows;
} probe;

static void add_rows(const struct object *o)
{
    for (size_t i = 0; i < o->n_symbols; i++) {
        const struct symbol *s = &o->symbols[i];
        struct row row = {.wanted = NULL};
        struct word function;

        if (s->kind != SYMBOL_DATA || s->flags & FLAG_UNDEFINED || s->size != 8 ||
            sscanf(s->name, "wl_%15[a-z]__%39[A-Za-z]__%39[A-Za-z_]", row.kind, row.table, row.member) < 1)
            continue;
        /* Only fields and inner tables have two names; the names of others may have underscores. */
        if (strcmp(row.kind, "field") != 0 && strcmp(row.kind, "inner") != 0)
            snprintf(row.table, sizeof row.table, "%s", s->name + strlen("wl_") + strlen(row.kind) + strlen("__"));
        row.number = word_at(o, s, 0).number;
        function = word_at(o, s, 4);
        if (function.kind == WORD_FUNCTION)
            row.wanted = o->functions[function.symbol->index].type;
        ADD(&probe, rows, row);
    }
}

/* The row of a kind with this number, and of a table unless that is NULL. NULL: there is none. */
static const struct row *row_of(const char *kind, const char *table, uint32_t number)
{
    for (size_t i = 0; i < probe.n_rows; i++)
        if (strcmp(probe.rows[i].kind, kind) == 0 && (!table || strcmp(probe.rows[i].table, table) == 0) &&
            probe.rows[i].number == number)
            return &probe.rows[i];
    return NULL;
}

static uint32_t number_of(const char *kind, const char *table)
{
    for (size_t i = 0; i < probe.n_rows; i++)
        if (strcmp(probe.rows[i].kind, kind) == 0 && strcmp(probe.rows[i].table, table) == 0)
            return probe.rows[i].number;
    fprintf(stderr, "slot-check: the probe has no wl_%s__%s\n", kind, table);
    exit(2);
}

/* --- comparing --- */

static struct {
    size_t slots, accessors, methods, wrong;
} counts;

static void compare(const struct object *o, const struct symbol *table, struct word function, const char *place,
                    const char *wanted)
{
    const char *type;

    if (function.kind != WORD_FUNCTION || !wanted)
        return;
    type = o->functions[function.symbol->index].type;
    if (strcmp(type, wanted) == 0)
        return;
    fprintf(stderr, "%s: %s has %s as %s, which is a function %s, but must be a function %s\n", o->file, table->name,
            function.symbol->name, place, type, wanted);
    counts.wrong++;
}

/* 1: the functions in a table are only where it has places for functions. */
static int fits(const struct object *o, const struct symbol *table, uint32_t at, const char *kind)
{
    uint32_t size = number_of("size", kind);

    if (at > table->size || table->size - at < size)
        return 0;
    for (uint32_t offset = 0; offset < size; offset += 4) {
        struct word w = word_at(o, table, at + offset);
        int place = row_of("field", kind, offset) != NULL;

        if ((w.kind == WORD_FUNCTION && !place) || (place && w.kind != WORD_FUNCTION && !is_null(w)))
            return 0;
    }
    return 1;
}

static void compare_fields(const struct object *o, const struct symbol *table, uint32_t at, const char *kind)
{
    uint32_t size = number_of("size", kind);

    for (uint32_t offset = 0; offset < size; offset += 4) {
        const struct row *row = row_of("field", kind, offset);
        struct word w = word_at(o, table, at + offset);

        if (!row || w.kind != WORD_FUNCTION)
            continue;
        counts.slots++;
        compare(o, table, w, row->member, row->wanted);
    }
}

/* Whether this is a type or a module: it has the size of one, no address before its name, and its name is data. */
static int has_a_name(const struct object *o, const struct symbol *table, const char *kind)
{
    return table->size == number_of("size", kind) && word_at(o, table, 0).kind == WORD_NUMBER &&
           word_at(o, table, number_of("name", kind)).kind == WORD_DATA && fits(o, table, 0, kind);
}

static int is_type(const struct object *o, const struct symbol *table)
{
    if (!has_a_name(o, table, "PyTypeObject"))
        return 0;
    compare_fields(o, table, 0, "PyTypeObject");
    for (size_t i = 0; i < probe.n_rows; i++) {
        const struct row *row = &probe.rows[i];
        struct word w;

        if (strcmp(row->kind, "inner") != 0 || strcmp(row->table, "PyTypeObject") != 0)
            continue;
        w = word_at(o, table, row->number);
        /* Tables in other object files are not checked: Python has each of these in the same file as its type. */
        if (w.kind == WORD_DATA && w.symbol->kind == SYMBOL_DATA && !(w.symbol->flags & FLAG_UNDEFINED) &&
            w.addend >= 0 && w.addend <= w.symbol->size && fits(o, w.symbol, (uint32_t)w.addend, row->member))
            compare_fields(o, w.symbol, (uint32_t)w.addend, row->member);
    }
    return 1;
}

static int is_module(const struct object *o, const struct symbol *table)
{
    if (!has_a_name(o, table, "PyModuleDef"))
        return 0;
    compare_fields(o, table, 0, "PyModuleDef");
    return 1;
}

/* The number of entries of this size in a table, up to the entry that begins with zeros, or the end. */
static uint32_t entries(const struct object *o, const struct symbol *table, uint32_t size)
{
    uint32_t n = table->size / size;

    if (table->size % size != 0)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        if (is_null(word_at(o, table, i * size)))
            return i;
    return n;
}

static int is_text(struct word w)
{
    return w.kind == WORD_DATA || is_null(w);
}

/* METH_CLASS, METH_STATIC and METH_COEXIST do not change how a method is called. */
static const struct row *method_kind(struct word flags)
{
    return flags.kind == WORD_NUMBER ? row_of("method", NULL, flags.number & ~UINT32_C(0x70)) : NULL;
}

static int are_methods(const struct object *o, const struct symbol *table)
{
    uint32_t size = number_of("size", "PyMethodDef"), n = entries(o, table, size);

    for (uint32_t i = 0; i < n; i++)
        if (word_at(o, table, i * size).kind != WORD_DATA || word_at(o, table, i * size + 4).kind != WORD_FUNCTION ||
            !method_kind(word_at(o, table, i * size + 8)) || !is_text(word_at(o, table, i * size + 12)))
            return 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct row *kind = method_kind(word_at(o, table, i * size + 8));
        char place[80];

        counts.methods++;
        snprintf(place, sizeof place, "method %u (%s)", i, kind->table);
        compare(o, table, word_at(o, table, i * size + 4), place, kind->wanted);
    }
    return n > 0;
}

static int are_accessors(const struct object *o, const struct symbol *table)
{
    uint32_t size = number_of("size", "PyGetSetDef"), n = entries(o, table, size);
    uint32_t get = number_of("access", "get"), set = number_of("access", "set");

    for (uint32_t i = 0; i < n; i++) {
        struct word getter = word_at(o, table, i * size + get), setter = word_at(o, table, i * size + set);

        if (word_at(o, table, i * size).kind != WORD_DATA || (getter.kind != WORD_FUNCTION && !is_null(getter)) ||
            (setter.kind != WORD_FUNCTION && !is_null(setter)) || (is_null(getter) && is_null(setter)) ||
            !is_text(word_at(o, table, i * size + 12)))
            return 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct word getter = word_at(o, table, i * size + get), setter = word_at(o, table, i * size + set);
        char place[80];

        counts.accessors += (size_t)(getter.kind == WORD_FUNCTION) + (setter.kind == WORD_FUNCTION);
        snprintf(place, sizeof place, "the getter of entry %u", i);
        compare(o, table, getter, place, row_of("access", "get", get)->wanted);
        snprintf(place, sizeof place, "the setter of entry %u", i);
        compare(o, table, setter, place, row_of("access", "set", set)->wanted);
    }
    return n > 0;
}

/* The slots of a type that is made from a specification, or of a module. Only modules use just the lowest numbers. */
static int are_slots(const struct object *o, const struct symbol *table)
{
    enum { SIZE = 8, MOST = 1000 };
    uint32_t n = entries(o, table, SIZE), functions = 0;
    int of_module = 1;

    for (uint32_t i = 0; i < n; i++) {
        struct word slot = word_at(o, table, i * SIZE);

        if (slot.kind != WORD_NUMBER || slot.number == 0 || slot.number > MOST)
            return 0;
        functions += word_at(o, table, i * SIZE + 4).kind == WORD_FUNCTION;
        of_module &= slot.number <= 4;
    }
    if (functions == 0 || n == table->size / SIZE)
        return 0; /* both have an end */
    for (uint32_t i = 0; i < n; i++) {
        const struct row *row = row_of(of_module ? "phase" : "slot", NULL, word_at(o, table, i * SIZE).number);
        struct word w = word_at(o, table, i * SIZE + 4);
        char place[80];

        if (!row || w.kind != WORD_FUNCTION)
            continue;
        counts.slots++;
        snprintf(place, sizeof place, "Py_%s", row->table);
        compare(o, table, w, place, row->wanted);
    }
    return 1;
}

static void check_object(const struct object *o)
{
    for (size_t i = 0; i < o->n_symbols; i++) {
        const struct symbol *s = &o->symbols[i];

        if (s->kind != SYMBOL_DATA || s->flags & FLAG_UNDEFINED || s->size < 8 || s->size % 4 != 0)
            continue;
        (void)(is_type(o, s) || is_module(o, s) || are_methods(o, s) || are_accessors(o, s) || are_slots(o, s));
    }
}

/* --- files --- */

static uint8_t *read_file(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long size;

    if (!file || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 || fseek(file, 0, SEEK_SET) != 0 ||
        !(bytes = malloc((size_t)size + 1)) || fread(bytes, 1, (size_t)size, file) != (size_t)size) {
        fprintf(stderr, "slot-check: cannot read %s: %s\n", path, strerror(errno));
        exit(2);
    }
    fclose(file);
    *n = (size_t)size;
    return bytes;
}

static void one_object(const char *name, const uint8_t *bytes, size_t n, void (*use)(const struct object *))
{
    struct object o = {.file = name};

    if (read_object(&o, bytes, n) < 0) {
        fprintf(stderr, "slot-check: %s is not a WebAssembly object file, or one of an unknown kind\n", name);
        exit(2);
    }
    use(&o);
}

/* The name of a member of an archive: in its header, or in the table of long names. */
static const char *member_name(const uint8_t *header, const uint8_t *names, size_t names_size)
{
    char text[17] = "";
    size_t at, n;

    memcpy(text, header, 16);
    if (text[0] == '/' && names) {
        at = strtoul(text + 1, NULL, 10);
        if (at >= names_size)
            return "a member";
        for (n = 0; at + n < names_size && names[at + n] != '/' && names[at + n] != '\n'; n++)
            continue;
        return strndup((const char *)names + at, n);
    }
    text[strcspn(text, "/ ")] = '\0';
    return strdup(text);
}

static void archive(const char *path, const uint8_t *bytes, size_t n, void (*use)(const struct object *))
{
    const uint8_t *names = NULL;
    size_t names_size = 0, at = 8;

    while (n - at >= 60) {
        const uint8_t *header = bytes + at;
        char digits[11] = "";
        size_t size;

        memcpy(digits, header + 48, 10);
        size = strtoul(digits, NULL, 10);
        at += 60;
        if (size > n - at) {
            fprintf(stderr, "slot-check: %s is cut off\n", path);
            exit(2);
        }
        if (memcmp(header, "// ", 3) == 0) {
            names = bytes + at;
            names_size = size;
        } else if (memcmp(header, "/ ", 2) != 0 && size > 0) {
            one_object(member_name(header, names, names_size), bytes + at, size, use);
        }
        at += size;
        at += at % 2 && at < n;
    }
}

static void one_file(const char *path, void (*use)(const struct object *))
{
    size_t n;
    uint8_t *bytes = read_file(path, &n);

    if (n >= 8 && memcmp(bytes, "!<arch>\n", 8) == 0)
        archive(path, bytes, n, use);
    else
        one_object(path, bytes, n, use);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("Usage: slot-check PROBE FILE...\n", stderr);
        return 2;
    }
    one_file(argv[1], add_rows);
    for (int i = 2; i < argc; i++)
        one_file(argv[i], check_object);
    printf("%zu slots, %zu getters and setters, %zu methods; %zu of a wrong type\n", counts.slots, counts.accessors,
           counts.methods, counts.wrong);
    return counts.wrong ? 1 : 0;
}
