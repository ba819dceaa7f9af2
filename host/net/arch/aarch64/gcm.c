/* AES-GCM by the instructions AES and PMULL. The hash is computed as in ../x86_64/gcm.c: in the form of POLYVAL (RFC
 * 8452, appendix A), with bytes in reverse order and the key of the hash multiplied by x. */
#include "net/gcm.h"

#include <arm_neon.h>
#include <string.h>
#include <sys/auxv.h>

#define FAST __attribute__((target("+aes")))
#define INSIDE FAST static inline __attribute__((always_inline))

/* AT_ONCE: blocks between two reductions, enough to keep the processor's units busy. */
enum { MOST_ROUNDS = 14, AT_ONCE = 8 };

struct gcm_state {
    uint8x16_t round[MOST_ROUNDS + 1];
    uint8x16_t power[AT_ONCE]; /* the hash's key to the power of 1 ... AT_ONCE */
    int rounds;
};

bool gcm_is_possible(void)
{
    const unsigned long needed = HWCAP_AES | HWCAP_PMULL;

    return (getauxval(AT_HWCAP) & needed) == needed;
}

/* ---- AES ---- */

/* SubWord() of FIPS 197. (The instruction also shifts rows, which changes nothing where all columns are equal.) */
INSIDE uint32_t substitute(uint32_t word)
{
    const uint8x16_t s = vaeseq_u8(vreinterpretq_u8_u32(vdupq_n_u32(word)), vdupq_n_u8(0));

    return vgetq_lane_u32(vreinterpretq_u32_u8(s), 0);
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
            t = substitute(t >> 8 | t << 24) ^ constant;
            constant = constant & 0x80 ? 0x1b : constant << 1;
        } else if (n > 6 && i % n == 4) {
            t = substitute(t);
        }
        w[i] = w[i - n] ^ t;
    }
    memcpy(s->round, w, 16 * ((size_t)s->rounds + 1));
    explicit_bzero(w, sizeof w);
}

INSIDE uint8x16_t encrypt_block(const struct gcm_state *s, uint8x16_t block)
{
    for (int i = 0; i < s->rounds - 1; i++)
        block = vaesmcq_u8(vaeseq_u8(block, s->round[i]));
    return veorq_u8(vaeseq_u8(block, s->round[s->rounds - 1]), s->round[s->rounds]);
}

/* ---- The hash ---- */

INSIDE uint8x16_t swapped(uint8x16_t v)
{
    return vextq_u8(v, v, 8);
}

INSIDE uint8x16_t reversed(uint8x16_t v)
{
    return swapped(vrev64q_u8(v));
}

INSIDE uint8x16_t low_by_low(uint8x16_t a, uint8x16_t b)
{
    return vreinterpretq_u8_p128(vmull_p64((poly64_t)vgetq_lane_u64(vreinterpretq_u64_u8(a), 0),
                                           (poly64_t)vgetq_lane_u64(vreinterpretq_u64_u8(b), 0)));
}

INSIDE uint8x16_t high_by_high(uint8x16_t a, uint8x16_t b)
{
    return vreinterpretq_u8_p128(vmull_high_p64(vreinterpretq_p64_u8(a), vreinterpretq_p64_u8(b)));
}

/* A sum of products that are not reduced yet. */
struct sum {
    uint8x16_t low, middle, high;
};

INSIDE void add_product(struct sum *s, uint8x16_t a, uint8x16_t b)
{
    const uint8x16_t other = swapped(b);

    s->low = veorq_u8(s->low, low_by_low(a, b));
    s->high = veorq_u8(s->high, high_by_high(a, b));
    s->middle = veorq_u8(s->middle, veorq_u8(low_by_low(a, other), high_by_high(a, other)));
}

INSIDE uint8x16_t reduce(const struct sum *s)
{
    const uint8x16_t polynomial = vreinterpretq_u8_u64(vdupq_n_u64(UINT64_C(0xc200000000000000)));
    const uint8x16_t zero = vdupq_n_u8(0);
    uint8x16_t low = veorq_u8(s->low, vextq_u8(zero, s->middle, 8));
    const uint8x16_t high = veorq_u8(s->high, vextq_u8(s->middle, zero, 8));

    for (int i = 0; i < 2; i++)
        low = veorq_u8(swapped(low), low_by_low(low, polynomial));
    return veorq_u8(low, high);
}

INSIDE struct sum no_products(void)
{
    return (struct sum){vdupq_n_u8(0), vdupq_n_u8(0), vdupq_n_u8(0)};
}

INSIDE uint8x16_t product(uint8x16_t a, uint8x16_t b)
{
    struct sum s = no_products();

    add_product(&s, a, b);
    return reduce(&s);
}

/* v times x: a shift to the left, and the polynomial where a bit is lost. */
INSIDE uint8x16_t times_x(uint8x16_t v)
{
    const uint64x2_t words = vreinterpretq_u64_u8(v), top = vshrq_n_u64(words, 63),
                     polynomial = vcombine_u64(vcreate_u64(1), vcreate_u64(UINT64_C(0xc200000000000000))),
                     lost = vdupq_n_u64(0 - vgetq_lane_u64(top, 1)), carry = vextq_u64(vdupq_n_u64(0), top, 1);

    return vreinterpretq_u8_u64(veorq_u64(vorrq_u64(vshlq_n_u64(words, 1), carry), vandq_u64(lost, polynomial)));
}

FAST static void prepare(struct gcm_state *s, size_t powers)
{
    s->power[0] = times_x(reversed(encrypt_block(s, vdupq_n_u8(0))));
    for (size_t i = 1; i < powers; i++)
        s->power[i] = product(s->power[i - 1], s->power[0]);
}

/* ---- Both ---- */

struct progress {
    uint8x16_t counter, hash; /* with bytes in reverse order */
};

/* n is a constant, so that everything is in registers. */
INSIDE void some(bool encrypt, const struct gcm_state *s, struct progress *p, const uint8_t *in, uint8_t *out, size_t n)
{
    const uint32x4_t one = vsetq_lane_u32(1, vdupq_n_u32(0), 0);
    struct sum sum = no_products();
    uint8x16_t stream[AT_ONCE];

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
        const uint8x16_t before = vld1q_u8(in + i * GCM_BLOCK);
        const uint8x16_t last = veorq_u8(vaeseq_u8(stream[i], s->round[s->rounds - 1]), s->round[s->rounds]);
        const uint8x16_t after = veorq_u8(before, last);
        uint8x16_t hashed = reversed(encrypt ? after : before);

        vst1q_u8(out + i * GCM_BLOCK, after);
        if (i == 0)
            hashed = veorq_u8(hashed, p->hash);
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
    p.counter = reversed(vld1q_u8(counter));
    p.hash = reversed(vld1q_u8(hash));
    if (encrypt)
        all(true, &s, &p, in, out, blocks);
    else
        all(false, &s, &p, in, out, blocks);
    vst1q_u8(counter, reversed(p.counter));
    vst1q_u8(hash, reversed(p.hash));
    explicit_bzero(&s, sizeof s);
}
