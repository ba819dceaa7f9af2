/* SHA-256 (FIPS 180-4). libcrypto has it, too, but loading that library costs each start of a program 2 to 3 ms, a
 * tenth of the total, and the hash is needed only if a module has changed. */
#ifndef WL_SHA256_H
#define WL_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t size;
    uint8_t rest[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *bytes, size_t size);
/* 64 lower case hex digits and a zero. */
void sha256_hex(struct sha256 *s, char hex[65]);

#endif
