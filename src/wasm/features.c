#include "wasm/features.h"

const char *const wasm_feature_names[WASM_FEATURES] = {
    [WASM_BULK_MEMORY] = "bulk-memory",
    [WASM_EXCEPTIONS] = "exceptions",
    [WASM_GC] = "gc",
    [WASM_LEGACY_EXCEPTIONS] = "legacy-exceptions",
    [WASM_MEMORY64] = "memory64",
    [WASM_MULTI_MEMORY] = "multi-memory",
    [WASM_MULTI_VALUE] = "multi-value",
    [WASM_REFERENCE_TYPES] = "reference-types",
    [WASM_RELAXED_SIMD] = "relaxed-simd",
    [WASM_FLOAT_TO_INT] = "nontrapping-float-to-int",
    [WASM_SIGN_EXTENSION] = "sign-extension",
    [WASM_SIMD] = "simd",
    [WASM_TAIL_CALLS] = "tail-calls",
    [WASM_THREADS] = "threads",
    [WASM_UNKNOWN_CODE] = "unknown-instructions",
};

void wasm_type_features(uint8_t type, bool features[WASM_FEATURES])
{
    switch (type) {
    case 0x7b:
        features[WASM_SIMD] = true;
        break;
    case 0x70:
    case 0x6f:
        features[WASM_REFERENCE_TYPES] = true;
        break;
    case 0x69:
        features[WASM_EXCEPTIONS] = true;
        break;
    default:
        if (type >= 0x63 && type <= 0x74)
            features[WASM_GC] = true;
    }
}

static void skip(struct wasm_reader *r, uint64_t n)
{
    wasm_part(r, n);
}

static void block_type(struct wasm_reader *r, bool features[WASM_FEATURES])
{
    int64_t type = wasm_signed(r);

    if (type >= 0)
        features[WASM_MULTI_VALUE] = true;
    else if (type != -64)
        wasm_type_features((uint8_t)(type & 0x7f), features);
}

static void memory_argument(struct wasm_reader *r, bool features[WASM_FEATURES])
{
    enum { HAS_MEMORY = 0x40 };

    if (wasm_number(r) & HAS_MEMORY) {
        features[WASM_MULTI_MEMORY] = true;
        wasm_number(r);
    }
    wasm_number(r);
}

static void try_table(struct wasm_reader *r, bool features[WASM_FEATURES])
{
    block_type(r, features);
    for (uint64_t n = wasm_number(r); n && !r->bad; n--) {
        uint8_t kind = wasm_byte(r);

        if (kind < 2)
            wasm_number(r);
        wasm_number(r);
    }
}

/* After 0xfc. */
static bool numeric_or_bulk(struct wasm_reader *r, bool features[WASM_FEATURES])
{
    static const uint8_t operands[] = {
        [8] = 2, [9] = 1, [10] = 2, [11] = 1, [12] = 2, [13] = 1, [14] = 2, [15] = 1, [16] = 1, [17] = 1};
    uint64_t op = wasm_number(r);

    if (op < 8)
        features[WASM_FLOAT_TO_INT] = true;
    else if (op < 15)
        features[WASM_BULK_MEMORY] = true;
    else if (op < sizeof operands)
        features[WASM_REFERENCE_TYPES] = true;
    else
        return false;
    for (unsigned i = 0; i < operands[op]; i++)
        wasm_number(r);
    return true;
}

/* After 0xfd. */
static bool vector(struct wasm_reader *r, bool features[WASM_FEATURES])
{
    uint64_t op = wasm_number(r);

    features[WASM_SIMD] = true;
    if (op <= 11 || (op >= 84 && op <= 93))
        memory_argument(r, features);
    if (op == 12 || op == 13)
        skip(r, 16);
    if ((op >= 21 && op <= 34) || (op >= 84 && op <= 91))
        skip(r, 1);
    if (op >= 0x100)
        features[WASM_RELAXED_SIMD] = true;
    return op <= 0x113;
}

/* After 0xfe. */
static bool atomic(struct wasm_reader *r, bool features[WASM_FEATURES])
{
    uint64_t op = wasm_number(r);

    features[WASM_THREADS] = true;
    if (op == 3)
        skip(r, 1);
    else
        memory_argument(r, features);
    return op <= 3 || (op >= 0x10 && op <= 0x4e);
}

/* The instructions up to 0x1f: blocks, branches and calls. */
static bool control(struct wasm_reader *r, uint8_t op, bool features[WASM_FEATURES])
{
    switch (op) {
    case 0x00:
    case 0x01:
    case 0x05:
    case 0x0b:
    case 0x0f:
    case 0x1a:
    case 0x1b:
        return true;
    case 0x02:
    case 0x03:
    case 0x04:
        block_type(r, features);
        return true;
    case 0x06:
        features[WASM_LEGACY_EXCEPTIONS] = true;
        block_type(r, features);
        return true;
    case 0x19:
        features[WASM_LEGACY_EXCEPTIONS] = true;
        return true;
    case 0x07:
    case 0x09:
    case 0x18:
        features[WASM_LEGACY_EXCEPTIONS] = true;
        wasm_number(r);
        return true;
    case 0x08:
        wasm_number(r);
        return true;
    case 0x0a:
        features[WASM_EXCEPTIONS] = true;
        return true;
    case 0x0c:
    case 0x0d:
    case 0x10:
        wasm_number(r);
        return true;
    case 0x0e:
        for (uint64_t n = wasm_number(r); n && !r->bad; n--)
            wasm_number(r);
        wasm_number(r);
        return true;
    case 0x11:
        wasm_number(r);
        if (wasm_number(r))
            features[WASM_REFERENCE_TYPES] = true;
        return true;
    case 0x12:
    case 0x13:
        features[WASM_TAIL_CALLS] = true;
        wasm_number(r);
        if (op == 0x13)
            wasm_number(r);
        return true;
    case 0x1c:
        features[WASM_REFERENCE_TYPES] = true;
        for (uint64_t n = wasm_number(r); n && !r->bad; n--)
            wasm_type_features(wasm_byte(r), features);
        return true;
    case 0x1f:
        features[WASM_EXCEPTIONS] = true;
        try_table(r, features);
        return true;
    default:
        return false;
    }
}

/* Reads one instruction; false: it is not known. */
static bool instruction(struct wasm_reader *r, bool features[WASM_FEATURES])
{
    uint8_t op = wasm_byte(r);

    if (op <= 0x1f)
        return control(r, op, features);
    if (op <= 0x26) {
        features[WASM_REFERENCE_TYPES] |= op >= 0x25;
        wasm_number(r);
        return true;
    }
    if (op >= 0x28 && op <= 0x3e) {
        memory_argument(r, features);
        return true;
    }
    if (op >= 0x45 && op <= 0xc4) {
        features[WASM_SIGN_EXTENSION] |= op >= 0xc0;
        return true;
    }
    switch (op) {
    case 0x3f:
    case 0x40:
        wasm_number(r);
        return true;
    case 0x41:
    case 0x42:
        wasm_signed(r);
        return true;
    case 0x43:
        skip(r, 4);
        return true;
    case 0x44:
        skip(r, 8);
        return true;
    case 0xd0:
    case 0xd2:
        features[WASM_REFERENCE_TYPES] = true;
        wasm_signed(r);
        return true;
    case 0xd1:
        features[WASM_REFERENCE_TYPES] = true;
        return true;
    case 0xfb:
        features[WASM_GC] = true;
        return false;
    case 0xfc:
        return numeric_or_bulk(r, features);
    case 0xfd:
        return vector(r, features);
    case 0xfe:
        return atomic(r, features);
    default:
        return false;
    }
}

void wasm_body_features(struct wasm_reader body, bool features[WASM_FEATURES])
{
    for (uint64_t n = wasm_number(&body); n && !body.bad; n--) {
        wasm_number(&body);
        wasm_type_features(wasm_byte(&body), features);
    }
    while (body.at < body.end && !body.bad)
        if (!instruction(&body, features)) {
            features[WASM_UNKNOWN_CODE] = true;
            return;
        }
    features[WASM_UNKNOWN_CODE] |= body.bad;
}
