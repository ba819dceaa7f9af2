/* The blocks of a function. */
#include "lower.h"
#include "opcodes.h"

#include <stdlib.h>

enum { MOST_NESTED = 20000 };

static bool skip_block_type(struct reader *r)
{
    read_signed(r);
    return true;
}

bool read_block(struct reader *r, uint8_t opcode)
{
    switch (opcode) {
    case OP_BLOCK:
    case OP_LOOP:
    case OP_IF:
    case OP_TRY:
        return skip_block_type(r);
    case OP_ELSE:
    case OP_END:
    case OP_CATCH_ALL:
        return true;
    case OP_CATCH:
    case OP_THROW:
    case OP_RETHROW:
    case OP_DELEGATE:
    case OP_BR:
    case OP_BR_IF:
        read_number(r);
        return true;
    case OP_BR_TABLE:
        for (uint32_t n = read_number(r); n > 0 && !r->bad; n--)
            read_number(r);
        read_number(r);
        return true;
    default:
        return false;
    }
}

struct open {
    size_t number; /* of a try; SIZE_MAX: another block */
};

bool outline_read(struct outline *o, struct reader r)
{
    struct open *open = NULL;
    size_t n = 0;
    uint32_t nested = 0;

    while (r.at < r.end && !r.bad) {
        uint8_t opcode = read_byte(&r);
        struct reader at = r;

        if (!read_block(&r, opcode) && !skip_immediates(&r, opcode))
            r.bad = true;
        o->calls |= opcode == OP_CALL || opcode == OP_CALL_INDIRECT;
        o->throws |= opcode == OP_THROW || opcode == OP_TRY || opcode == OP_RETHROW;
        if (opcode == OP_BLOCK || opcode == OP_LOOP || opcode == OP_IF || opcode == OP_TRY) {
            LIST_ADD(open, n, ((struct open){opcode == OP_TRY ? o->n : SIZE_MAX}));
            if (opcode == OP_TRY) {
                LIST_ADD(o->delegates, o->n, -1);
                o->deepest = ++nested > o->deepest ? nested : o->deepest;
            }
        } else if ((opcode == OP_END || opcode == OP_DELEGATE) && n) {
            n--;
            nested -= open[n].number != SIZE_MAX;
            if (opcode == OP_DELEGATE && open[n].number != SIZE_MAX)
                o->delegates[open[n].number] = read_number(&at);
        } else if (opcode == OP_END ? r.at != r.end : opcode == OP_DELEGATE) {
            r.bad = true;
        }
        if (n > MOST_NESTED)
            r.bad = true;
    }
    free(open);
    return !r.bad;
}
