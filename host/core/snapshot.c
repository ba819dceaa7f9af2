#include "core/snapshot.h"

#include "core/atomic_file.h"
#include "core/err.h"
#include "core/needs.h"
#include "core/wasm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A run of zeros of this length begins a new segment; a segment's head takes up to a dozen bytes. JavaScript's engines
 * accept at most 100,000 segments (https://webassembly.github.io/spec/js-api/#limits), so the gaps grow if there would
 * be too many. */
enum { FIRST_GAP = 32, MOST_SEGMENTS = 50000 };

struct writer {
    uint8_t *bytes;
    size_t used, size;
    bool failed;
};

struct snapshot {
    const char *module, *entry;
    const uint8_t *memory;
    size_t size;
    struct err *err;
    struct writer out;
};

static void put(struct writer *w, const void *bytes, size_t n)
{
    if (w->failed || n == 0)
        return;
    if (n > w->size - w->used) {
        size_t size = (w->size + n) * 3 / 2;
        uint8_t *more = realloc(w->bytes, size);

        if (!more) {
            w->failed = true;
            return;
        }
        w->bytes = more;
        w->size = size;
    }
    memcpy(w->bytes + w->used, bytes, n);
    w->used += n;
}

static void put_byte(struct writer *w, uint8_t b)
{
    put(w, &b, 1);
}

static void put_leb(struct writer *w, uint64_t n)
{
    do {
        put_byte(w, (uint8_t)((n & 0x7f) | (n > 0x7f ? 0x80 : 0)));
        n >>= 7;
    } while (n);
}

/* i32.const takes a signed number. */
static void put_address(struct writer *w, uint32_t address)
{
    int64_t n = (int32_t)address;

    for (bool more = true; more;) {
        uint8_t b = n & 0x7f;

        n >>= 7;
        more = !((n == 0 && !(b & 0x40)) || (n == -1 && (b & 0x40)));
        put_byte(w, b | (more ? 0x80 : 0));
    }
}

static void put_section(struct writer *w, enum wasm_section id, struct writer *content)
{
    put_byte(w, (uint8_t)id);
    put_leb(w, content->used);
    put(w, content->bytes, content->used);
    w->failed |= content->failed;
    free(content->bytes);
}

static int refuse(struct snapshot *s, const char *why)
{
    err_set(s->err, ERR_MODULE, "cannot make a snapshot of %s: %s", s->module, why);
    return err_hint(s->err, "link it as one module with one memory of its own");
}

/* ---- memory, as segments ---- */

struct segment {
    size_t from, to;
};

/* The next part of the memory that is not zeros, from s->to on. */
static bool next_segment(const struct snapshot *s, size_t gap, struct segment *segment)
{
    size_t from = segment->to, to, zeros = 0;

    while (from < s->size && s->memory[from] == 0)
        from++;
    if (from == s->size)
        return false;
    for (to = from; to < s->size && zeros < gap; to++)
        zeros = s->memory[to] ? 0 : zeros + 1;
    *segment = (struct segment){from, to - zeros};
    return true;
}

static size_t count_segments(const struct snapshot *s, size_t *gap)
{
    size_t n;

    for (*gap = FIRST_GAP;; *gap *= 2) {
        struct segment segment = {0};

        for (n = 0; next_segment(s, *gap, &segment);)
            n++;
        if (n <= MOST_SEGMENTS)
            return n;
    }
}

static void write_data(struct snapshot *s)
{
    struct writer w = {0};
    struct segment segment = {0};
    size_t gap, n = count_segments(s, &gap);

    put_leb(&w, n);
    while (next_segment(s, gap, &segment)) {
        put_byte(&w, 0); /* active, memory 0 */
        put_byte(&w, 0x41);
        put_address(&w, (uint32_t)segment.from);
        put_byte(&w, 0x0b);
        put_leb(&w, segment.to - segment.from);
        put(&w, s->memory + segment.from, segment.to - segment.from);
    }
    put_section(&s->out, WASM_DATA, &w);
}

/* ---- the other sections that change, or that make it impossible ---- */

static int memory_section(struct snapshot *s, struct wasm_reader r)
{
    struct writer w = {0};
    uint64_t count = wasm_number(&r), flags = wasm_number(&r);

    wasm_number(&r);
    if (count != 1 || flags > 1)
        return refuse(s, "it has more than one memory, or one that is shared or of 64 bits");
    put_leb(&w, 1);
    put_leb(&w, flags);
    put_leb(&w, s->size / WASM_PAGE);
    if (flags)
        put_leb(&w, wasm_number(&r));
    put_section(&s->out, WASM_MEMORY, &w);
    return r.bad ? refuse(s, "its memory section is broken") : 0;
}

/* Skips a global; returns whether it is mutable. */
static bool pass_global(struct wasm_reader *r)
{
    uint8_t variable, op;

    wasm_byte(r);
    variable = wasm_byte(r);
    op = wasm_byte(r);
    if (op == 0x41 || op == 0x42 || op == 0x23)
        wasm_number(r);
    else if (op == 0x43 || op == 0x44)
        wasm_part(r, op == 0x43 ? 4 : 8);
    else
        r->bad = true;
    r->bad |= wasm_byte(r) != 0x0b;
    return variable != 0;
}

static int global_section(struct snapshot *s, struct wasm_reader r)
{
    uint64_t count = wasm_number(&r), variables = 0;

    for (uint64_t i = 0; i < count && !r.bad; i++)
        variables += pass_global(&r);
    if (r.bad)
        return refuse(s, "its globals are not ones that are understood");
    if (variables > SNAPSHOT_VARIABLES)
        return refuse(s, "it has too many variables outside of its memory");
    return 0;
}

static int export_section(struct snapshot *s, struct wasm_reader r)
{
    struct writer kept = {0}, w = {0};
    uint64_t count = wasm_number(&r), left = 0;

    for (uint64_t i = 0; i < count && !r.bad; i++) {
        const uint8_t *from = r.at;
        struct wasm_reader name = wasm_part(&r, wasm_number(&r));
        size_t n = (size_t)(name.end - name.at);

        wasm_byte(&r);
        wasm_number(&r);
        if (s->entry && n == strlen(s->entry) && !memcmp(name.at, s->entry, n))
            continue;
        put(&kept, from, (size_t)(r.at - from));
        left++;
    }
    put_leb(&w, left);
    put(&w, kept.bytes, kept.used);
    w.failed |= kept.failed;
    free(kept.bytes);
    put_section(&s->out, WASM_EXPORT, &w);
    return r.bad ? refuse(s, "its exports are broken") : 0;
}

static void data_count_section(struct snapshot *s)
{
    struct writer w = {0};
    size_t gap;

    put_leb(&w, count_segments(s, &gap));
    put_section(&s->out, WASM_DATA_COUNT, &w);
}

/* Segments that the program copies later would have to stay as they are. */
static int check_data(struct snapshot *s, struct wasm_reader r)
{
    uint64_t count = wasm_number(&r);

    for (uint64_t i = 0; i < count && !r.bad; i++) {
        if (wasm_number(&r) != 0)
            return refuse(s, "it has data that is copied while it runs");
        while (wasm_byte(&r) != 0x0b && !r.bad)
            wasm_number(&r);
        wasm_part(&r, wasm_number(&r));
    }
    return r.bad ? refuse(s, "its data section is broken") : 0;
}

static int rewrite(struct snapshot *s, struct wasm_reader r)
{
    bool data = false, memory = false;
    int status = 0;

    put(&s->out, r.at, WASM_HEADER);
    r.at += WASM_HEADER;
    while (status == 0 && r.at < r.end) {
        const uint8_t *from = r.at;
        uint8_t id = wasm_byte(&r);
        struct wasm_reader content = wasm_part(&r, wasm_number(&r));

        if (r.bad)
            return refuse(s, "it is broken");
        switch (id) {
        case WASM_MEMORY:
            memory = true;
            status = memory_section(s, content);
            break;
        case WASM_EXPORT:
            status = export_section(s, content);
            break;
        case WASM_START:
            status = refuse(s, "it has a start section, which would run again");
            break;
        case WASM_DATA_COUNT:
            data_count_section(s);
            break;
        case WASM_DATA:
            data = true;
            status = check_data(s, content);
            if (status == 0)
                write_data(s);
            break;
        case WASM_GLOBAL:
            status = global_section(s, content);
            /* fallthrough */
        default:
            put(&s->out, from, (size_t)(r.at - from));
        }
    }
    if (status == 0 && !memory)
        return refuse(s, "its memory is not its own");
    if (status == 0 && !data)
        write_data(s);
    if (status == 0 && s->out.failed)
        return err_set(s->err, ERR_SETUP, "out of memory");
    return status;
}

/* Under a temporary name first, so that only a complete file becomes visible. */
static int write_file(struct snapshot *s, const char *out)
{
    size_t n = strlen(out) + sizeof ".0123456789abcdef";
    char *prefix = malloc(2 * n), *temporary = prefix ? prefix + n : NULL;
    int fd, e = 0;

    if (!prefix)
        return err_set(s->err, ERR_SETUP, "out of memory");
    snprintf(prefix, n, "%s.", out);
    fd = atomic_file_create(AT_FDCWD, prefix, 0666, temporary, n);
    if (fd < 0) {
        e = errno;
    } else if (write_all(fd, s->out.bytes, s->out.used) < 0) {
        e = errno;
        atomic_file_discard(AT_FDCWD, fd, temporary);
    } else if (atomic_file_commit(AT_FDCWD, fd, temporary, out) < 0) {
        e = errno;
    }
    free(prefix);
    if (!e)
        return 0;
    err_set(s->err, ERR_SETUP, "cannot write %s: %s", out, strerror(e));
    return err_hint(s->err, "name a directory that may be written to and has room");
}

int snapshot_write(const char *module, const uint8_t *wasm, size_t wasm_size, const char *entry, const uint8_t *memory,
                   size_t size, const char *out, struct err *err)
{
    struct snapshot s = {.module = module, .entry = entry, .memory = memory, .size = size, .err = err};
    int r = rewrite(&s, (struct wasm_reader){wasm, wasm + wasm_size, false});

    if (r == 0)
        r = write_file(&s, out);
    free(s.out.bytes);
    return r;
}

/* ---- tables and variables ---- */

void snapshot_table_name(unsigned i, char name[SNAPSHOT_NAME])
{
    snprintf(name, SNAPSHOT_NAME, "wl-run table %u", i);
}

void snapshot_variable_name(unsigned i, char name[SNAPSHOT_NAME])
{
    snprintf(name, SNAPSHOT_NAME, "wl-run variable %u", i);
}

/* The additional exports. */
struct shown {
    unsigned tables, variables;
    uint64_t variable[SNAPSHOT_VARIABLES]; /* the indices of the mutable globals */
};

static void find_variables(struct shown *s, struct wasm_reader r)
{
    uint64_t count = wasm_number(&r);

    for (uint64_t i = 0; i < count && !r.bad && s->variables < SNAPSHOT_VARIABLES; i++)
        if (pass_global(&r) && !r.bad)
            s->variable[s->variables++] = i;
}

static void put_export(struct writer *w, const char *name, uint8_t kind, uint64_t number)
{
    put_leb(w, strlen(name));
    put(w, name, strlen(name));
    put_byte(w, kind);
    put_leb(w, number);
}

/* The export section, with the additional exports at its end; r: its content, or nothing. */
static void export_shown(struct writer *out, struct wasm_reader r, const struct shown *s)
{
    enum { TABLE = 1, GLOBAL = 3 };
    struct writer w = {0};
    uint64_t count = r.at < r.end ? wasm_number(&r) : 0;
    char name[SNAPSHOT_NAME];

    put_leb(&w, count + s->tables + s->variables);
    put(&w, r.at, (size_t)(r.end - r.at));
    for (unsigned i = 0; i < s->tables; i++) {
        snapshot_table_name(i, name);
        put_export(&w, name, TABLE, i);
    }
    for (unsigned i = 0; i < s->variables; i++) {
        snapshot_variable_name(i, name);
        put_export(&w, name, GLOBAL, s->variable[i]);
    }
    put_section(out, WASM_EXPORT, &w);
}

int snapshot_prepare(const uint8_t *wasm, size_t size, uint8_t **bytes, size_t *prepared, struct err *err)
{
    struct writer w = {0};
    struct wasm_reader r = {wasm, wasm + size, false}, none = {0};
    struct needs needs;
    struct shown shown = {0};
    bool done = false;

    needs_read(&needs, wasm, size);
    shown.tables = needs.tables < NEEDS_MAX_TABLES ? needs.tables : NEEDS_MAX_TABLES;
    put(&w, wasm, WASM_HEADER);
    wasm_part(&r, WASM_HEADER);
    while (!r.bad && r.at < r.end) {
        const uint8_t *from = r.at;
        uint8_t id = wasm_byte(&r);
        struct wasm_reader content = wasm_part(&r, wasm_number(&r));

        if (id == WASM_GLOBAL && !r.bad)
            find_variables(&shown, content);
        /* Sections that come after the exports. */
        if (!done && (id == WASM_START || id == WASM_ELEMENT || id == WASM_CODE || id == WASM_DATA_COUNT)) {
            export_shown(&w, none, &shown);
            done = true;
        }
        if (id == WASM_EXPORT && !done && !r.bad) {
            export_shown(&w, content, &shown);
            done = true;
        } else {
            put(&w, from, (size_t)(r.at - from));
        }
    }
    if (r.bad) { /* as it is: the engine says what is wrong with it */
        w.used = 0;
        put(&w, wasm, size);
    }
    if (w.failed) {
        free(w.bytes);
        return err_set(err, ERR_SETUP, "out of memory");
    }
    *bytes = w.bytes;
    *prepared = w.used;
    return 0;
}
