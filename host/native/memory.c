/* Copying and filling memory, for programs that have musl inside: its own are made to be small, and a Python copies all
 * the time. What is at most 128 bytes is read whole before it is written, the rest goes by 64 bytes, with the ends,
 * that need not fit, read before and written after. */
#include <stddef.h>
#include <stdint.h>

typedef uint8_t block __attribute__((vector_size(16)));
typedef block loose_block __attribute__((aligned(1), may_alias));
typedef uint64_t loose8 __attribute__((aligned(1), may_alias));
typedef uint32_t loose4 __attribute__((aligned(1), may_alias));
typedef uint16_t loose2 __attribute__((aligned(1), may_alias));

#define AT(type, place) (*(type *)(place))
#define FROM(type, place) (*(const type *)(place))

/* Of two parts that may lie over one another, that from the start and that up to the end. */
#define BOTH(type)                                                                                                     \
    do {                                                                                                               \
        type first = FROM(type, s), last = FROM(type, s + n - sizeof(type));                                           \
                                                                                                                       \
        AT(type, d) = first;                                                                                           \
        AT(type, d + n - sizeof(type)) = last;                                                                         \
    } while (0)

struct blocks {
    block b[4];
};

static inline __attribute__((always_inline)) struct blocks get(const uint8_t *s)
{
    return (struct blocks){
        {FROM(loose_block, s), FROM(loose_block, s + 16), FROM(loose_block, s + 32), FROM(loose_block, s + 48)}};
}

static inline __attribute__((always_inline)) void put(uint8_t *d, struct blocks v)
{
    for (int i = 0; i < 4; i++)
        AT(loose_block, d + 16 * i) = v.b[i];
}

static inline __attribute__((always_inline)) void move_up_to_128(uint8_t *d, const uint8_t *s, size_t n)
{
    if (n > 64) {
        struct blocks first = get(s), last = get(s + n - 64);

        put(d, first);
        put(d + n - 64, last);
    } else if (n > 32) {
        block a = FROM(loose_block, s), b = FROM(loose_block, s + 16), y = FROM(loose_block, s + n - 32),
              z = FROM(loose_block, s + n - 16);

        AT(loose_block, d) = a;
        AT(loose_block, d + 16) = b;
        AT(loose_block, d + n - 32) = y;
        AT(loose_block, d + n - 16) = z;
    } else if (n >= 16) {
        BOTH(loose_block);
    } else if (n >= 8) {
        BOTH(loose8);
    } else if (n >= 4) {
        BOTH(loose4);
    } else if (n >= 2) {
        BOTH(loose2);
    } else if (n) {
        *d = *s;
    }
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    if (n <= 128) {
        move_up_to_128(d, s, n);
    } else if ((uintptr_t)d - (uintptr_t)s >= n) {
        block first = FROM(loose_block, s);
        struct blocks last = get(s + n - 64);
        size_t at = 16 - (uintptr_t)d % 16;

        for (; at < n - 64; at += 64)
            put(d + at, get(s + at));
        put(d + n - 64, last);
        AT(loose_block, d) = first;
    } else {
        struct blocks first = get(s);
        block last = FROM(loose_block, s + n - 16);
        size_t at = n - (uintptr_t)(d + n) % 16;

        for (; at > 64; at -= 64)
            put(d + at - 64, get(s + at - 64));
        put(d, first);
        AT(loose_block, d + n - 16) = last;
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    return memmove(to, from, n);
}

void *memset(void *to, int byte, size_t n)
{
    uint8_t *d = to;
    uint64_t eight = UINT64_C(0x0101010101010101) * (uint8_t)byte;
    block all = (block)((__attribute__((vector_size(16))) uint64_t){eight, eight});
    struct blocks four = {{all, all, all, all}};

    if (n >= 64) {
        put(d, four);
        for (size_t at = 64 - (uintptr_t)d % 16; at < n - 64; at += 64)
            put(d + at, four);
        put(d + n - 64, four);
    } else if (n >= 32) {
        AT(loose_block, d) = AT(loose_block, d + 16) = all;
        AT(loose_block, d + n - 32) = AT(loose_block, d + n - 16) = all;
    } else if (n >= 16) {
        AT(loose_block, d) = AT(loose_block, d + n - 16) = all;
    } else if (n >= 8) {
        AT(loose8, d) = AT(loose8, d + n - 8) = eight;
    } else if (n >= 4) {
        AT(loose4, d) = AT(loose4, d + n - 4) = (uint32_t)eight;
    } else if (n) {
        d[0] = d[n / 2] = d[n - 1] = (uint8_t)byte;
    }
    return to;
}
