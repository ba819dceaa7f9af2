/* What AES-GCM has in common on all processors with instructions for it. The key schedule is that of FIPS 197. The hash
 * is computed in the form of POLYVAL, as RFC 8452, appendix A, relates it to GHASH: with bytes in reverse order and the
 * key of the hash multiplied by x, a product needs no shift, and is reduced by two multiplications with the upper half
 * of the polynomial.
 *
 * The one file that includes this has, before that, the type `vector`, and FAST, what its functions need of the
 * compiler; behind it, the functions that are only declared here. */
#ifndef WL_NET_GCM_COMMON_H
#define WL_NET_GCM_COMMON_H

#include "net/gcm.h"

#include <string.h>

#define INSIDE FAST static inline __attribute__((always_inline))

/* AT_ONCE: blocks between two reductions, enough to keep the processor's units busy. */
enum { MOST_ROUNDS = 14, AT_ONCE = 8 };

struct gcm_state {
    vector round[MOST_ROUNDS + 1];
    vector power[AT_ONCE]; /* the hash's key to the power of 1 ... AT_ONCE */
    int rounds;
};

/* A sum of products that are not reduced yet. */
struct sum {
    vector low, middle, high;
};

struct progress {
    vector counter, hash; /* with bytes in reverse order */
};

INSIDE vector zero(void);
INSIDE vector load(const uint8_t *from);
INSIDE void store(uint8_t *to, vector v);
INSIDE vector reversed(vector v);
/* v times x: a shift to the left, and the polynomial where a bit is lost. */
INSIDE vector times_x(vector v);
INSIDE void add_product(struct sum *s, vector a, vector b);
INSIDE vector reduce(const struct sum *s);
/* SubWord() of FIPS 197, and RotWord() before it. */
INSIDE uint32_t substitute(uint32_t word, bool rotate);
INSIDE vector encrypt_block(const struct gcm_state *s, vector block);
/* Encrypts or decrypts n blocks. n is a constant, so that everything is in registers. */
INSIDE void some(bool encrypt, const struct gcm_state *s, struct progress *p, const uint8_t *in, uint8_t *out,
                 size_t n);

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

INSIDE struct sum no_products(void)
{
    return (struct sum){zero(), zero(), zero()};
}

INSIDE vector product(vector a, vector b)
{
    struct sum s = no_products();

    add_product(&s, a, b);
    return reduce(&s);
}

FAST static void prepare(struct gcm_state *s, size_t powers)
{
    s->power[0] = times_x(reversed(encrypt_block(s, zero())));
    for (size_t i = 1; i < powers; i++)
        s->power[i] = product(s->power[i - 1], s->power[0]);
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
    p.counter = reversed(load(counter));
    p.hash = reversed(load(hash));
    if (encrypt)
        all(true, &s, &p, in, out, blocks);
    else
        all(false, &s, &p, in, out, blocks);
    store(counter, reversed(p.counter));
    store(hash, reversed(p.hash));
    explicit_bzero(&s, sizeof s);
}

#endif
