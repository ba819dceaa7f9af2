/* The exceptions of one function. lower.h says how they are replaced. */
#include "lower.h"
#include "opcodes.h"

#include <stdlib.h>
#include <string.h>

enum { RELOC_TAG_INDEX = 10, RELOC_GLOBAL_INDEX = 7, LONGJMP_BIT = 1 };

enum frame_kind { FRAME_OTHER, FRAME_TRY, FRAME_CATCH, FRAME_DELEGATE };

/* An open block. Levels count the blocks that are open in the new code; a block's own is its label. */
struct frame {
    enum frame_kind kind;
    uint32_t level;  /* of what a branch to the block leads to */
    uint32_t inside; /* where an exception goes from inside: the level of the block at whose end it arrives */
    uint32_t saved;  /* of a try: the local variable that keeps the exception while it is handled */
    bool clause;     /* the clause of one tag is open; it has a block of its own */
    bool complete;   /* it has a clause for everything */
};

struct work {
    struct lowering *l;
    struct reader r;
    struct frame *frames;
    size_t n;
    uint32_t level;  /* how many blocks are open */
    uint32_t caller; /* the level of the block at whose end the function is left with an exception */
    uint32_t locals; /* the first variable of ours */
    uint32_t nested; /* how many trys are open */
    size_t next_try;
    const struct outline *outline;
    struct bytes out;
    struct code_relocs relocs; /* with places in out */
    bool bad;
};

/* --- writing --- */

/* Copies old bytes, with their relocations. */
static void copy(struct work *w, const uint8_t *from, const uint8_t *to)
{
    const uint8_t *start = object_section(w->l->o, SECTION_CODE)->body.at;
    struct code_relocs *relocs = &w->l->relocs;

    while (relocs->next < relocs->from->n && relocs->from->list[relocs->next].at < (size_t)(to - start)) {
        struct reloc reloc = relocs->from->list[relocs->next++];

        if (reloc.at < (size_t)(from - start))
            continue; /* of an instruction that is gone */
        reloc.at = (uint32_t)(w->out.n + (reloc.at - (size_t)(from - start)));
        LIST_ADD(w->relocs.list, w->relocs.n, reloc);
    }
    put(&w->out, from, (size_t)(to - from));
}

static void put_variable(struct work *w, uint8_t opcode)
{
    static const uint8_t number[] = {0x80, 0x80, 0x80, 0x80, 0};

    put_byte(&w->out, opcode);
    LIST_ADD(w->relocs.list, w->relocs.n, ((struct reloc){RELOC_GLOBAL_INDEX, (uint32_t)w->out.n, w->l->thrown, 0}));
    put(&w->out, number, sizeof number);
}

static void put_op(struct work *w, uint8_t opcode, uint32_t number)
{
    put_byte(&w->out, opcode);
    put_number(&w->out, number);
}

static void put_constant(struct work *w, int32_t value)
{
    put_byte(&w->out, OP_I32_CONST);
    put_signed(&w->out, value);
}

static void put_branch(struct work *w, uint8_t opcode, uint32_t level)
{
    put_op(w, opcode, w->level - level);
}

static void put_block(struct work *w)
{
    put_byte(&w->out, OP_BLOCK);
    put_byte(&w->out, TYPE_EMPTY);
    w->level++;
}

static void put_end(struct work *w)
{
    put_byte(&w->out, OP_END);
    w->level--;
}

/* Where an exception goes from inside of the first n frames. */
static uint32_t handler_of(const struct work *w, size_t n)
{
    return n > 0 ? w->frames[n - 1].inside : w->caller;
}

/* The frame of a label. If there is none, the code is bad. */
static struct frame *frame_of(struct work *w, uint32_t label)
{
    if (label >= w->n) {
        w->bad = true;
        return &w->frames[0];
    }
    return &w->frames[w->n - 1 - label];
}

/* --- try, catch, throw --- */

static void open_frame(struct work *w, struct frame f)
{
    f.level = ++w->level;
    f.inside = handler_of(w, w->n);
    LIST_ADD(w->frames, w->n, f);
}

static void begin_try(struct work *w, const uint8_t *type)
{
    int64_t delegate = w->next_try < w->outline->n ? w->outline->delegates[w->next_try++] : -1;
    struct frame f = {.kind = FRAME_TRY, .saved = w->locals + w->nested++};

    put_byte(&w->out, OP_BLOCK);
    copy(w, type, w->r.at);
    if (delegate >= 0) {
        f.kind = FRAME_DELEGATE;
        open_frame(w, f);
        /* The label counts from outside. */
        w->bad |= (uint64_t)delegate >= w->n - 1;
        w->frames[w->n - 1].inside = handler_of(w, w->bad ? 0 : w->n - 1 - (size_t)delegate);
        return;
    }
    open_frame(w, f);
    put_block(w);
    w->frames[w->n - 1].inside = w->level;
}

/* The end of what is tried, or of a clause. */
static void end_part(struct work *w, struct frame *f)
{
    put_branch(w, OP_BR, f->level);
    if (f->kind == FRAME_TRY || f->clause)
        put_end(w);
    f->kind = FRAME_CATCH;
    f->inside = handler_of(w, w->n - 1);
    f->clause = false;
}

/* Takes the exception, which is not on its way any more. */
static void take(struct work *w, const struct frame *f)
{
    put_variable(w, OP_GLOBAL_GET);
    put_op(w, OP_LOCAL_SET, f->saved);
    put_constant(w, 0);
    put_variable(w, OP_GLOBAL_SET);
}

/* Whether a tag is that of longjmp(): its symbol is that of the relocation of the instruction that ends here. */
static bool is_longjmp(struct work *w, const uint8_t *number)
{
    const uint8_t *start = object_section(w->l->o, SECTION_CODE)->body.at;
    struct code_relocs *relocs = &w->l->relocs;

    while (relocs->next < relocs->from->n && relocs->from->list[relocs->next].at < (size_t)(number - start))
        relocs->next++;
    if (relocs->next < relocs->from->n && relocs->from->list[relocs->next].at == (size_t)(number - start) &&
        relocs->from->list[relocs->next].type == RELOC_TAG_INDEX) {
        struct span name = w->l->o->symbols[relocs->from->list[relocs->next].symbol].name;

        if (span_is(name, "__c_longjmp"))
            return true;
        if (span_is(name, "__cpp_exception"))
            return false;
    }
    w->bad = true;
    return false;
}

static void begin_catch(struct work *w, const uint8_t *number)
{
    struct frame *f = &w->frames[w->n - 1];
    bool longjmp = is_longjmp(w, number);

    if ((f->kind != FRAME_TRY && f->kind != FRAME_CATCH) || f->complete) {
        w->bad = true;
        return;
    }
    end_part(w, f);
    put_block(w);
    f->clause = true;
    put_variable(w, OP_GLOBAL_GET);
    put_constant(w, LONGJMP_BIT);
    put_byte(&w->out, OP_I32_AND);
    if (longjmp)
        put_byte(&w->out, OP_I32_EQZ);
    put_branch(w, OP_BR_IF, w->level);
    take(w, f);
    put_op(w, OP_LOCAL_GET, f->saved);
    if (longjmp) {
        put_constant(w, LONGJMP_BIT);
        put_byte(&w->out, OP_I32_XOR);
    }
}

static void begin_catch_all(struct work *w)
{
    struct frame *f = &w->frames[w->n - 1];

    if ((f->kind != FRAME_TRY && f->kind != FRAME_CATCH) || f->complete) {
        w->bad = true;
        return;
    }
    end_part(w, f);
    f->complete = true;
    take(w, f);
}

static void put_throw(struct work *w, const uint8_t *number)
{
    if (is_longjmp(w, number)) {
        put_constant(w, LONGJMP_BIT);
        put_byte(&w->out, OP_I32_OR);
    }
    put_variable(w, OP_GLOBAL_SET);
    put_branch(w, OP_BR, handler_of(w, w->n));
}

static void put_rethrow(struct work *w, uint32_t label)
{
    const struct frame *f = frame_of(w, label);

    if (f->kind != FRAME_CATCH)
        w->bad = true;
    put_op(w, OP_LOCAL_GET, f->saved);
    put_variable(w, OP_GLOBAL_SET);
    put_branch(w, OP_BR, handler_of(w, w->n));
}

/* The end of a block, or of the function. */
static void end_frame(struct work *w)
{
    struct frame *f = &w->frames[w->n - 1];

    if (f->kind == FRAME_TRY || f->kind == FRAME_CATCH) {
        if (!f->complete) { /* what no clause wants goes on */
            end_part(w, f);
            put_branch(w, OP_BR, handler_of(w, w->n - 1));
        }
        w->nested--;
    }
    w->n--;
    put_end(w);
}

/* --- calls --- */

/* C functions that never throw, so that nobody has to look: those of Python, and those that exceptions call. */
static bool never_throws(struct span name)
{
    static const char *const names[] = {"__cxa_allocate_exception",
                                        "__cxa_begin_catch",
                                        "__cxa_free_exception",
                                        "_Unwind_CallPersonality",
                                        "__cxa_get_exception_ptr",
                                        "__cxa_guard_acquire",
                                        "__cxa_guard_release",
                                        "__cxa_atexit",
                                        "malloc",
                                        "free",
                                        "memchr",
                                        "memcmp",
                                        "memcpy",
                                        "memmove",
                                        "memset",
                                        "strlen",
                                        "_ZdlPv",
                                        "_ZdlPvm",
                                        "_ZSt9terminatev",
                                        "__wasm_setjmp",
                                        "__wasm_setjmp_test",
                                        "abort"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_is(name, names[i]))
            return true;
    return span_starts(name, "Py") || span_starts(name, "_Py");
}

/* Looks for an exception after a call. (The relocations of the call have just been copied.) */
static void after_call(struct work *w, uint8_t opcode)
{
    const struct object *o = w->l->o;

    if (opcode == OP_CALL && w->relocs.n) {
        const struct reloc *last = &w->relocs.list[w->relocs.n - 1];

        if (last->type == RELOC_FUNCTION_INDEX && never_throws(o->symbols[last->symbol].name))
            return;
    }
    put_variable(w, OP_GLOBAL_GET);
    put_branch(w, OP_BR_IF, handler_of(w, w->n));
}

/* --- the function --- */

static void put_table(struct work *w)
{
    uint32_t n = read_number(&w->r);

    put_byte(&w->out, OP_BR_TABLE);
    put_number(&w->out, n);
    for (uint64_t i = 0; i <= n && !w->r.bad && !w->bad; i++)
        put_number(&w->out, w->level - frame_of(w, read_number(&w->r))->level);
}

static void lower_block(struct work *w, uint8_t opcode, const uint8_t *start)
{
    const uint8_t *immediate = w->r.at;

    switch (opcode) {
    case OP_BR_TABLE:
        put_table(w);
        return;
    case OP_BR:
    case OP_BR_IF:
        put_branch(w, opcode, frame_of(w, read_number(&w->r))->level);
        return;
    }
    read_block(&w->r, opcode);
    switch (opcode) {
    case OP_BLOCK:
    case OP_LOOP:
    case OP_IF:
        copy(w, start, w->r.at);
        open_frame(w, (struct frame){.kind = FRAME_OTHER});
        break;
    case OP_ELSE:
        put_byte(&w->out, opcode);
        break;
    case OP_TRY:
        begin_try(w, immediate);
        break;
    case OP_CATCH:
        begin_catch(w, immediate);
        break;
    case OP_CATCH_ALL:
        begin_catch_all(w);
        break;
    case OP_THROW:
        put_throw(w, immediate);
        break;
    case OP_RETHROW:
        put_rethrow(w, read_number(&(struct reader){immediate, w->r.at, false}));
        break;
    case OP_DELEGATE:
        if (w->frames[w->n - 1].kind != FRAME_DELEGATE)
            w->bad = true;
        w->nested--;
        end_frame(w);
        break;
    default: /* OP_END */
        end_frame(w);
    }
}

/* Zeros as results, which nobody uses. */
static void put_zeros(struct work *w, struct span results)
{
    static const uint8_t zeros[16];

    for (size_t i = 0; i < results.n; i++) {
        switch (results.at[i]) {
        case TYPE_I32:
        case TYPE_I64:
            put_byte(&w->out, results.at[i] == TYPE_I32 ? OP_I32_CONST : OP_I64_CONST);
            put_byte(&w->out, 0);
            break;
        case TYPE_F32:
        case TYPE_F64:
            put_byte(&w->out, results.at[i] == TYPE_F32 ? OP_F32_CONST : OP_F64_CONST);
            put(&w->out, zeros, results.at[i] == TYPE_F32 ? 4 : 8);
            break;
        case TYPE_V128:
            put_op(w, OP_SIMD, 12);
            put(&w->out, zeros, 16);
            break;
        default:
            w->bad = true;
        }
    }
}

static void lower_code(struct work *w, struct span results)
{
    /* The function itself is the outermost block. */
    w->caller = results.n ? 1 : 0;
    LIST_ADD(w->frames, w->n, ((struct frame){.kind = FRAME_OTHER, .level = 0, .inside = w->caller}));
    if (results.n)
        put_block(w);
    while (w->n && !w->r.bad && !w->bad && w->r.at < w->r.end) {
        const uint8_t *start = w->r.at;
        uint8_t opcode = read_byte(&w->r);

        if (opcode == OP_END && w->n == 1)
            break;
        if (read_block(&(struct reader){w->r.at, w->r.end, false}, opcode)) {
            lower_block(w, opcode, start);
        } else if (skip_immediates(&w->r, opcode)) {
            copy(w, start, w->r.at);
            if (opcode == OP_CALL || opcode == OP_CALL_INDIRECT)
                after_call(w, opcode);
        } else {
            w->bad = true;
        }
    }
    w->bad |= w->r.bad || w->n != 1 || w->r.at != w->r.end;
    if (results.n) {
        put_byte(&w->out, OP_RETURN);
        put_end(w);
        put_zeros(w, results);
    }
    put_byte(&w->out, OP_END);
}

/* The declarations of variables, and as many more of ours as are needed at once. */
static void put_locals(struct work *w, uint32_t parameters, uint32_t more)
{
    uint32_t groups = read_number(&w->r);
    const uint8_t *start = w->r.at;
    uint64_t n = parameters;

    for (uint32_t i = 0; i < groups && !w->r.bad; i++) {
        n += read_number(&w->r);
        read_byte(&w->r);
    }
    if (n > UINT32_MAX / 2)
        w->bad = true;
    w->locals = (uint32_t)n;
    put_number(&w->out, groups + (more > 0));
    put(&w->out, start, (size_t)(w->r.at - start));
    if (more) {
        put_number(&w->out, more);
        put_byte(&w->out, TYPE_I32);
    }
}

/* Whether this was done already, before the linker joined the object with others: the code looks at the variable. */
static bool is_lowered(const struct lowering *l, struct span body)
{
    size_t start = (size_t)(body.at - object_section(l->o, SECTION_CODE)->body.at);

    for (size_t i = l->relocs.next; i < l->relocs.from->n && l->relocs.from->list[i].at < start + body.n; i++)
        if (l->relocs.from->list[i].at >= start && l->relocs.from->list[i].type == RELOC_GLOBAL_INDEX &&
            l->relocs.from->list[i].symbol == l->thrown)
            return true;
    return false;
}

int function_lower(struct lowering *l, struct span body, struct span type, struct error *e)
{
    struct reader t = {type.at, type.at + type.n, false};
    uint32_t parameters = (uint32_t)read_span(&t).n;
    struct span results = read_span(&t);
    struct outline outline = {.n = 0};
    struct work w = {.l = l, .r = {body.at, body.at + body.n, false}, .outline = &outline};
    struct reader code = w.r;
    int r = 0;

    for (uint32_t groups = read_number(&code); groups > 0 && !code.bad; groups--) {
        read_number(&code);
        read_byte(&code);
    }
    w.bad = code.bad || !outline_read(&outline, code);
    if (!w.bad && ((!outline.calls && !outline.throws) || is_lowered(l, body))) {
        copy(&w, body.at, body.at + body.n);
    } else if (!w.bad) {
        put_locals(&w, parameters, outline.deepest);
        lower_code(&w, results);
    }
    if (w.bad)
        r = error_set(e, "%s has code that cannot be changed to code without exceptions of WebAssembly", l->o->file);
    put_number(&l->code, (uint32_t)w.out.n);
    for (size_t i = 0; i < w.relocs.n; i++) {
        w.relocs.list[i].at += (uint32_t)l->code.n;
        LIST_ADD(l->relocs.list, l->relocs.n, w.relocs.list[i]);
    }
    put(&l->code, w.out.at, w.out.n);
    free(w.out.at);
    free(w.relocs.list);
    free(w.frames);
    free(outline.delegates);
    return r;
}
