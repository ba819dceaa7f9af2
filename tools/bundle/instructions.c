/* The immediates of WebAssembly's instructions: of version 1, sign extension, conversions that saturate, bulk memory,
 * reference types, SIMD, tail calls, and atomics. */
#include "lower.h"
#include "opcodes.h"

/* The place in memory of a load or a store. */
static void skip_place(struct reader *r)
{
    uint32_t align = read_number(r);

    if (align & 0x40) /* which memory */
        read_number(r);
    read_signed(r);
}

static bool skip_miscellaneous(struct reader *r)
{
    uint32_t opcode = read_number(r);

    if (opcode <= 7)
        return true; /* conversions */
    if (opcode > 17)
        return false;
    read_number(r);
    if (opcode == 8 || opcode == 10 || opcode == 12 || opcode == 14) /* two indexes */
        read_number(r);
    return true;
}

static bool skip_simd(struct reader *r)
{
    uint32_t opcode = read_number(r);

    if (opcode <= 11 || opcode == 92 || opcode == 93) {
        skip_place(r);
    } else if (opcode == 12 || opcode == 13) { /* a constant, a shuffle */
        read_part(r, 16);
    } else if (opcode >= 21 && opcode <= 34) {
        read_byte(r);
    } else if (opcode >= 84 && opcode <= 91) {
        skip_place(r);
        read_byte(r);
    }
    return opcode <= 0x113;
}

static bool skip_atomic(struct reader *r)
{
    uint32_t opcode = read_number(r);

    if (opcode == 3)
        read_byte(r);
    else
        skip_place(r);
    return opcode <= 0x4e;
}

bool skip_immediates(struct reader *r, uint8_t opcode)
{
    if (opcode >= 0x28 && opcode <= 0x3e) {
        skip_place(r);
        return true;
    }
    if (opcode >= 0x45 && opcode <= 0xc4)
        return true; /* arithmetic */
    switch (opcode) {
    case 0x00: /* unreachable */
    case 0x01: /* nop */
    case OP_RETURN:
    case OP_DROP:
    case 0x1b: /* select */
    case 0xd1: /* ref.is_null */
        return true;
    case OP_CALL:
    case 0x12: /* return_call */
    case OP_LOCAL_GET:
    case OP_LOCAL_SET:
    case 0x22: /* local.tee */
    case OP_GLOBAL_GET:
    case OP_GLOBAL_SET:
    case 0x25: /* table.get */
    case 0x26: /* table.set */
    case 0x3f: /* memory.size */
    case 0x40: /* memory.grow */
    case 0xd2: /* ref.func */
        read_number(r);
        return true;
    case OP_CALL_INDIRECT:
    case 0x13: /* return_call_indirect */
        read_number(r);
        read_number(r);
        return true;
    case 0x1c: /* select, with types */
        read_span(r);
        return true;
    case OP_I32_CONST:
    case OP_I64_CONST:
    case 0xd0: /* ref.null */
        read_signed(r);
        return true;
    case OP_F32_CONST:
        read_part(r, 4);
        return true;
    case OP_F64_CONST:
        read_part(r, 8);
        return true;
    case 0xfc:
        return skip_miscellaneous(r);
    case OP_SIMD:
        return skip_simd(r);
    case 0xfe:
        return skip_atomic(r);
    default:
        return false;
    }
}
