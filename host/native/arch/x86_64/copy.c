/* Copying and filling memory, for programs that have musl inside: its own are made to be small, and a Python copies all
 * the time. What is at most 128 bytes is read whole before it is written, the rest goes by 64 bytes, with the ends,
 * that need not fit, read before and written after. */
#include <cpuid.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t block __attribute__((vector_size(16)));
typedef block loose_block __attribute__((aligned(1), may_alias));
typedef uint8_t wide __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint64_t loose8 __attribute__((aligned(1), may_alias));
typedef uint32_t loose4 __attribute__((aligned(1), may_alias));
typedef uint16_t loose2 __attribute__((aligned(1), may_alias));

#define AT(type, place) (*(type *)(place))
#define FROM(type, place) (*(const type *)(place))

/* Copies the first and the last bytes of a block; the two parts may overlap. */
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

/* So much is worth the question what the processor has, which a virtual machine passes on to its host; and so much one
 * instruction moves best, where the parts are apart. */
enum { LONG = 8192, WIDE = 128, VERY_LONG = 1 << 16 };
enum { ASKED = 1, AVX2 = 2, QUICK_REP = 4 };

static int processor(void)
{
    static int known;
    unsigned a, b, c, d, low, high;
    int has = __atomic_load_n(&known, __ATOMIC_RELAXED);

    if (has)
        return has;
    has = ASKED;
    if (__get_cpuid(1, &a, &b, &c, &d) && c & bit_OSXSAVE) {
        /* The system has to save the registers, too. */
        __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
            has |= ((low & 6) == 6 && b & bit_AVX2 ? AVX2 : 0) | (b & 1 << 9 ? QUICK_REP : 0);
    }
    __atomic_store_n(&known, has, __ATOMIC_RELAXED);
    return has;
}

#define MOVE_WIDE(d, s)                                                                                                \
    do {                                                                                                               \
        wide w = FROM(wide, s), x = FROM(wide, s + 32), y = FROM(wide, s + 64), z = FROM(wide, s + 96);                \
                                                                                                                       \
        AT(wide, d) = w;                                                                                               \
        AT(wide, d + 32) = x;                                                                                          \
        AT(wide, d + 64) = y;                                                                                          \
        AT(wide, d + 96) = z;                                                                                          \
    } while (0)

/* Both move as much of [at, end), or of [end, at), as fits, and give the new `at`. */
static __attribute__((target("avx2"), noinline)) size_t forward(uint8_t *d, const uint8_t *s, size_t at, size_t end)
{
    for (; end - at >= WIDE; at += WIDE)
        MOVE_WIDE(d + at, s + at);
    return at;
}

static __attribute__((target("avx2"), noinline)) size_t backward(uint8_t *d, const uint8_t *s, size_t at, size_t end)
{
    for (; at - end >= WIDE; at -= WIDE)
        MOVE_WIDE(d + at - WIDE, s + at - WIDE);
    return at;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    if (n <= 128) {
        move_up_to_128(d, s, n);
    } else if (n >= VERY_LONG && (uintptr_t)d - (uintptr_t)s >= n && (uintptr_t)s - (uintptr_t)d >= n &&
               processor() & QUICK_REP) {
        void *at = to;

        __asm__ volatile("rep movsb" : "+D"(at), "+S"(s), "+c"(n)::"memory");
    } else if ((uintptr_t)d - (uintptr_t)s >= n) {
        block first = FROM(loose_block, s);
        struct blocks last = get(s + n - 64);
        size_t at = 16 - (uintptr_t)d % 16;

        if (n >= LONG && processor() & AVX2)
            at = forward(d, s, at, n - 64);
        for (; at < n - 64; at += 64)
            put(d + at, get(s + at));
        put(d + n - 64, last);
        AT(loose_block, d) = first;
    } else {
        struct blocks first = get(s);
        block last = FROM(loose_block, s + n - 16);
        size_t at = n - (uintptr_t)(d + n) % 16;

        if (n >= LONG && processor() & AVX2)
            at = backward(d, s, at, 64);
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
