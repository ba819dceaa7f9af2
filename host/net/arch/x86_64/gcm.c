/* AES-GCM by AES-NI and PCLMULQDQ. */
#include <cpuid.h>
#include <wmmintrin.h>

#include <smmintrin.h>
#include <tmmintrin.h>

#define FAST __attribute__((target("aes,pclmul,sse4.1,ssse3")))

typedef __m128i vector;

#include "net/arch/gcm_common.h"

bool gcm_is_possible(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && c & bit_AES && c & bit_PCLMUL && c & bit_SSE4_1 && c & bit_SSSE3;
}

/* ---- Vectors ---- */

INSIDE vector zero(void)
{
    return _mm_setzero_si128();
}

INSIDE vector load(const uint8_t *from)
{
    return _mm_loadu_si128((const __m128i *)(const void *)from);
}

INSIDE void store(uint8_t *to, vector v)
{
    _mm_storeu_si128((__m128i *)(void *)to, v);
}

/* ---- AES ---- */

/* The instruction gives both of its second and fourth word. */
INSIDE uint32_t substitute(uint32_t word, bool rotate)
{
    const __m128i s = _mm_aeskeygenassist_si128(_mm_set_epi32(0, 0, (int)word, 0), 0);

    return (uint32_t)(rotate ? _mm_extract_epi32(s, 1) : _mm_cvtsi128_si32(s));
}

INSIDE vector encrypt_block(const struct gcm_state *s, vector block)
{
    block = _mm_xor_si128(block, s->round[0]);
    for (int i = 1; i < s->rounds; i++)
        block = _mm_aesenc_si128(block, s->round[i]);
    return _mm_aesenclast_si128(block, s->round[s->rounds]);
}

/* ---- The hash ---- */

INSIDE vector reversed(vector v)
{
    return _mm_shuffle_epi8(v, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

INSIDE void add_product(struct sum *s, vector a, vector b)
{
    s->low = _mm_xor_si128(s->low, _mm_clmulepi64_si128(a, b, 0x00));
    s->high = _mm_xor_si128(s->high, _mm_clmulepi64_si128(a, b, 0x11));
    s->middle =
        _mm_xor_si128(s->middle, _mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x01), _mm_clmulepi64_si128(a, b, 0x10)));
}

INSIDE vector reduce(const struct sum *s)
{
    const __m128i polynomial = _mm_set_epi64x((long long)0xc200000000000000, 0);
    __m128i low = _mm_xor_si128(s->low, _mm_slli_si128(s->middle, 8));
    const __m128i high = _mm_xor_si128(s->high, _mm_srli_si128(s->middle, 8));

    for (int i = 0; i < 2; i++)
        low = _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e), _mm_clmulepi64_si128(low, polynomial, 0x10));
    return _mm_xor_si128(low, high);
}

INSIDE vector times_x(vector v)
{
    const __m128i polynomial = _mm_set_epi64x((long long)0xc200000000000000, 1);
    const __m128i lost = _mm_shuffle_epi32(_mm_srai_epi32(v, 31), 0xff),
                  carry = _mm_slli_si128(_mm_srli_epi64(v, 63), 8);

    return _mm_xor_si128(_mm_or_si128(_mm_slli_epi64(v, 1), carry), _mm_and_si128(lost, polynomial));
}

/* ---- Both ---- */

INSIDE void some(bool encrypt, const struct gcm_state *s, struct progress *p, const uint8_t *in, uint8_t *out, size_t n)
{
    struct sum sum = no_products();
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
        const __m128i before = load(in + i * GCM_BLOCK);
        const __m128i after = _mm_xor_si128(before, _mm_aesenclast_si128(stream[i], s->round[s->rounds]));
        __m128i hashed = reversed(encrypt ? after : before);

        store(out + i * GCM_BLOCK, after);
        if (i == 0)
            hashed = _mm_xor_si128(hashed, p->hash);
        add_product(&sum, hashed, s->power[n - 1 - i]);
    }
    p->hash = reduce(&sum);
}
