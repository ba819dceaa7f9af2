/* AES-GCM by AES-NI and PCLMULQDQ. The key schedule is that of FIPS 197. The hash is computed in the form of POLYVAL,
 * as RFC 8452, appendix A, relates it to GHASH: with bytes in reverse order and the key of the hash multiplied by x, a
 * product needs no shift, and is reduced by two multiplications with the upper half of the polynomial. */
#include "net/gcm.h"

#include <cpuid.h>
#include <string.h>
#include <wmmintrin.h>

#include <smmintrin.h>
#include <tmmintrin.h>

#define FAST __attribute__((target("aes,pclmul,sse4.1,ssse3")))
#define INSIDE FAST static inline __attribute__((always_inline))

/* AT_ONCE: blocks between two reductions, enough to keep the processor's units busy. */
enum { MOST_ROUNDS = 14, AT_ONCE = 8 };

struct gcm_state {
    __m128i round[MOST_ROUNDS + 1];
    __m128i power[AT_ONCE]; /* the hash's key to the power of 1 ... AT_ONCE */
    int rounds;
};

bool gcm_is_possible(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && c & bit_AES && c & bit_PCLMUL && c & bit_SSE4_1 && c & bit_SSSE3;
}

/* ---- AES ---- */

/* SubWord() of FIPS 197, and RotWord() before it: the instruction gives both of its second and fourth word. */
INSIDE uint32_t substitute(uint32_t word, bool rotate)
{
    const __m128i s = _mm_aeskeygenassist_si128(_mm_set_epi32(0, 0, (int)word, 0), 0);

    return (uint32_t)(rotate ? _mm_extract_epi32(s, 1) : _mm_cvtsi128_si32(s));
}

FAST static void expand(struct gcm_state *s, const uint8_t *key, size_t size)
{
    const size_t n = size / 4;
    uint32_t w[4 * (MOST_ROUNDS + 1)], constant = 1;

    s->rounds = (int)n + 6;
    memcpy(w, key, size);
    for (size_t i = n; i < 4 * ((size_t)s->rounds + 1); i++) {
        uint32_t t = w[i - 1];

        if (i % n == 0) {
            t = substitute(t, true) ^ constant;
            constant = constant & 0x80 ? 0x1b : constant << 1;
        } else if (n > 6 && i % n == 4) {
            t = substitute(t, false);
        }
        w[i] = w[i - n] ^ t;
    }
    memcpy(s->round, w, 16 * ((size_t)s->rounds + 1));
    explicit_bzero(w, sizeof w);
}

INSIDE __m128i encrypt_block(const struct gcm_state *s, __m128i block)
{
    block = _mm_xor_si128(block, s->round[0]);
    for (int i = 1; i < s->rounds; i++)
        block = _mm_aesenc_si128(block, s->round[i]);
    return _mm_aesenclast_si128(block, s->round[s->rounds]);
}

/* ---- The hash ---- */

INSIDE __m128i reversed(__m128i v)
{
    return _mm_shuffle_epi8(v, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

/* A sum of products that are not reduced yet. */
struct sum {
    __m128i low, middle, high;
};

INSIDE void add_product(struct sum *s, __m128i a, __m128i b)
{
    s->low = _mm_xor_si128(s->low, _mm_clmulepi64_si128(a, b, 0x00));
    s->high = _mm_xor_si128(s->high, _mm_clmulepi64_si128(a, b, 0x11));
    s->middle =
        _mm_xor_si128(s->middle, _mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x01), _mm_clmulepi64_si128(a, b, 0x10)));
}

INSIDE __m128i reduce(const struct sum *s)
{
    const __m128i polynomial = _mm_set_epi64x((long long)0xc200000000000000, 0);
    __m128i low = _mm_xor_si128(s->low, _mm_slli_si128(s->middle, 8));
    const __m128i high = _mm_xor_si128(s->high, _mm_srli_si128(s->middle, 8));

    for (int i = 0; i < 2; i++)
        low = _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e), _mm_clmulepi64_si128(low, polynomial, 0x10));
    return _mm_xor_si128(low, high);
}

INSIDE __m128i product(__m128i a, __m128i b)
{
    struct sum s = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};

    add_product(&s, a, b);
    return reduce(&s);
}

/* v times x: a shift to the left, and the polynomial where a bit is lost. */
INSIDE __m128i times_x(__m128i v)
{
    const __m128i polynomial = _mm_set_epi64x((long long)0xc200000000000000, 1);
    const __m128i lost = _mm_shuffle_epi32(_mm_srai_epi32(v, 31), 0xff),
                  carry = _mm_slli_si128(_mm_srli_epi64(v, 63), 8);

    return _mm_xor_si128(_mm_or_si128(_mm_slli_epi64(v, 1), carry), _mm_and_si128(lost, polynomial));
}

FAST static void prepare(struct gcm_state *s, size_t powers)
{
    s->power[0] = times_x(reversed(encrypt_block(s, _mm_setzero_si128())));
    for (size_t i = 1; i < powers; i++)
        s->power[i] = product(s->power[i - 1], s->power[0]);
}

/* ---- Both ---- */

struct progress {
    __m128i counter, hash; /* with bytes in reverse order */
};

/* n is a constant, so that everything is in registers. */
INSIDE void some(bool encrypt, const struct gcm_state *s, struct progress *p, const uint8_t *in, uint8_t *out, size_t n)
{
    struct sum sum = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    __m128i stream[AT_ONCE];

#pragma GCC unroll 8
    for (size_t i = 0; i < n; i++) {
        stream[i] = _mm_xor_si128(reversed(p->counter), s->round[0]);
        p->counter = _mm_add_epi32(p->counter, _mm_set_epi32(0, 0, 0, 1));
    }
    for (int r = 1; r < s->rounds; r++) {
#pragma GCC unroll 8
        for (size_t i = 0; i < n; i++)
            stream[i] = _mm_aesenc_si128(stream[i], s->round[r]);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < n; i++) {
        const __m128i before = _mm_loadu_si128((const __m128i *)(const void *)(in + i * GCM_BLOCK));
        const __m128i after = _mm_xor_si128(before, _mm_aesenclast_si128(stream[i], s->round[s->rounds]));
        __m128i hashed = reversed(encrypt ? after : before);

        _mm_storeu_si128((__m128i *)(void *)(out + i * GCM_BLOCK), after);
        if (i == 0)
            hashed = _mm_xor_si128(hashed, p->hash);
        add_product(&sum, hashed, s->power[n - 1 - i]);
    }
    p->hash = reduce(&sum);
}

INSIDE void all(bool encrypt, const struct gcm_state *s, struct progress *p, const uint8_t *in, uint8_t *out,
                size_t blocks)
{
    for (; blocks >= AT_ONCE; blocks -= AT_ONCE, in += AT_ONCE * GCM_BLOCK, out += AT_ONCE * GCM_BLOCK)
        some(encrypt, s, p, in, out, AT_ONCE);
    for (; blocks; blocks--, in += GCM_BLOCK, out += GCM_BLOCK)
        some(encrypt, s, p, in, out, 1);
}

FAST void gcm_blocks(bool encrypt, const uint8_t *key, size_t key_size, uint8_t counter[GCM_BLOCK],
                     uint8_t hash[GCM_BLOCK], const uint8_t *in, uint8_t *out, size_t blocks)
{
    struct gcm_state s;
    struct progress p;

    expand(&s, key, key_size);
    prepare(&s, blocks < AT_ONCE ? 1 : AT_ONCE);
    p.counter = reversed(_mm_loadu_si128((const __m128i *)(const void *)counter));
    p.hash = reversed(_mm_loadu_si128((const __m128i *)(const void *)hash));
    if (encrypt)
        all(true, &s, &p, in, out, blocks);
    else
        all(false, &s, &p, in, out, blocks);
    _mm_storeu_si128((__m128i *)(void *)counter, reversed(p.counter));
    _mm_storeu_si128((__m128i *)(void *)hash, reversed(p.hash));
    explicit_bzero(&s, sizeof s);
}
