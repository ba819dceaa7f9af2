/* Instructions of WebAssembly that are changed, or that are added. */
#ifndef WL_BUNDLE_OPCODES_H
#define WL_BUNDLE_OPCODES_H

enum {
    OP_BLOCK = 0x02,
    OP_LOOP = 0x03,
    OP_IF = 0x04,
    OP_ELSE = 0x05,
    OP_TRY = 0x06,
    OP_CATCH = 0x07,
    OP_THROW = 0x08,
    OP_RETHROW = 0x09,
    OP_END = 0x0b,
    OP_BR = 0x0c,
    OP_BR_IF = 0x0d,
    OP_BR_TABLE = 0x0e,
    OP_RETURN = 0x0f,
    OP_CALL = 0x10,
    OP_CALL_INDIRECT = 0x11,
    OP_DELEGATE = 0x18,
    OP_CATCH_ALL = 0x19,
    OP_DROP = 0x1a,
    OP_LOCAL_GET = 0x20,
    OP_LOCAL_SET = 0x21,
    OP_GLOBAL_GET = 0x23,
    OP_GLOBAL_SET = 0x24,
    OP_I32_CONST = 0x41,
    OP_I64_CONST = 0x42,
    OP_F32_CONST = 0x43,
    OP_F64_CONST = 0x44,
    OP_I32_EQZ = 0x45,
    OP_I32_AND = 0x71,
    OP_I32_OR = 0x72,
    OP_I32_XOR = 0x73,
    OP_I32_WRAP_I64 = 0xa7,
    OP_I64_EXTEND_I32_S = 0xac,
    OP_F32_DEMOTE_F64 = 0xb6,
    OP_F64_PROMOTE_F32 = 0xbb,
    OP_SIMD = 0xfd
};

enum { TYPE_I32 = 0x7f, TYPE_I64 = 0x7e, TYPE_F32 = 0x7d, TYPE_F64 = 0x7c, TYPE_V128 = 0x7b, TYPE_EMPTY = 0x40 };

#endif
