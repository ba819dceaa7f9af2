/* AES-GCM by the instructions AES and PMULL. */
#include <arm_neon.h>
#include <sys/auxv.h>

#define FAST __attribute__((target("+aes")))

typedef uint8x16_t vector;

#include "net/arch/gcm_common.h"

bool gcm_is_possible(void)
{
    const unsigned long needed = HWCAP_AES | HWCAP_PMULL;

    return (getauxval(AT_HWCAP) & needed) == needed;
}

/* ---- Vectors ---- */

INSIDE vector zero(void)
{
    return vdupq_n_u8(0);
}

INSIDE vector load(const uint8_t *from)
{
    return vld1q_u8(from);
}

INSIDE void store(uint8_t *to, vector v)
{
    vst1q_u8(to, v);
}

/* ---- AES ---- */

/* (The instruction also shifts rows, which changes nothing where all columns are equal.) */
INSIDE uint32_t substitute(uint32_t word, bool rotate)
{
    const uint32_t rotated = rotate ? word >> 8 | word << 24 : word;
    const vector s = vaeseq_u8(vreinterpretq_u8_u32(vdupq_n_u32(rotated)), zero());

    return vgetq_lane_u32(vreinterpretq_u32_u8(s), 0);
}

INSIDE vector encrypt_block(const struct gcm_state *s, vector block)
{
    for (int i = 0; i < s->rounds - 1; i++)
        block = vaesmcq_u8(vaeseq_u8(block, s->round[i]));
    return veorq_u8(vaeseq_u8(block, s->round[s->rounds - 1]), s->round[s->rounds]);
}

/* ---- The hash ---- */

INSIDE vector swapped(vector v)
{
    return vextq_u8(v, v, 8);
}

INSIDE vector reversed(vector v)
{
    return swapped(vrev64q_u8(v));
}

INSIDE vector low_by_low(vector a, vector b)
{
    return vreinterpretq_u8_p128(vmull_p64((poly64_t)vgetq_lane_u64(vreinterpretq_u64_u8(a), 0),
                                           (poly64_t)vgetq_lane_u64(vreinterpretq_u64_u8(b), 0)));
}

INSIDE vector high_by_high(vector a, vector b)
{
    return vreinterpretq_u8_p128(vmull_high_p64(vreinterpretq_p64_u8(a), vreinterpretq_p64_u8(b)));
}

INSIDE void add_product(struct sum *s, vector a, vector b)
{
    const vector other = swapped(b);

    s->low = veorq_u8(s->low, low_by_low(a, b));
    s->high = veorq_u8(s->high, high_by_high(a, b));
    s->middle = veorq_u8(s->middle, veorq_u8(low_by_low(a, other), high_by_high(a, other)));
}

INSIDE vector reduce(const struct sum *s)
{
    const vector polynomial = vreinterpretq_u8_u64(vdupq_n_u64(UINT64_C(0xc200000000000000)));
    vector low = veorq_u8(s->low, vextq_u8(zero(), s->middle, 8));
    const vector high = veorq_u8(s->high, vextq_u8(s->middle, zero(), 8));

    for (int i = 0; i < 2; i++)
        low = veorq_u8(swapped(low), low_by_low(low, polynomial));
    return veorq_u8(low, high);
}

INSIDE vector times_x(vector v)
{
    const uint64x2_t words = vreinterpretq_u64_u8(v), top = vshrq_n_u64(words, 63),
                     polynomial = vcombine_u64(vcreate_u64(1), vcreate_u64(UINT64_C(0xc200000000000000))),
                     lost = vdupq_n_u64(0 - vgetq_lane_u64(top, 1)), carry = vextq_u64(vdupq_n_u64(0), top, 1);

    return vreinterpretq_u8_u64(veorq_u64(vorrq_u64(vshlq_n_u64(words, 1), carry), vandq_u64(lost, polynomial)));
}

/* ---- Both ---- */

INSIDE void some(bool encrypt, const struct gcm_state *s, struct progress *p, const uint8_t *in, uint8_t *out, size_t n)
{
    const uint32x4_t one = vsetq_lane_u32(1, vdupq_n_u32(0), 0);
    struct sum sum = no_products();
    vector stream[AT_ONCE];

#pragma GCC unroll 8
    for (size_t i = 0; i < n; i++) {
        stream[i] = reversed(p->counter);
        p->counter = vreinterpretq_u8_u32(vaddq_u32(vreinterpretq_u32_u8(p->counter), one));
    }
    for (int r = 0; r < s->rounds - 1; r++) {
#pragma GCC unroll 8
        for (size_t i = 0; i < n; i++)
            stream[i] = vaesmcq_u8(vaeseq_u8(stream[i], s->round[r]));
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < n; i++) {
        const vector before = load(in + i * GCM_BLOCK);
        const vector last = veorq_u8(vaeseq_u8(stream[i], s->round[s->rounds - 1]), s->round[s->rounds]);
        const vector after = veorq_u8(before, last);
        vector hashed = reversed(encrypt ? after : before);

        store(out + i * GCM_BLOCK, after);
        if (i == 0)
            hashed = veorq_u8(hashed, p->hash);
        add_product(&sum, hashed, s->power[n - 1 - i]);
    }
    p->hash = reduce(&sum);
}
