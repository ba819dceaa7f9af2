/* The two parts of AES-GCM (NIST SP 800-38D) that cost time, for a guest that does the rest itself: counter mode and
 * the hash. By the processor's instructions, in constant time; there is nothing for processors without them. */
#ifndef WL_NET_GCM_H
#define WL_NET_GCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GCM_BLOCK = 16, GCM_MOST_KEY = 32 };

/* Whether this processor can do it. Any thread may ask. */
bool gcm_is_possible(void);

/* Encrypts or decrypts whole blocks, and hashes their encrypted form. The key has 16, 24 or 32 bytes. The counter is
 * that of the first block (its last four bytes count, big endian), the hash what was hashed so far; both are changed to
 * what follows. in and out may be the same. */
void gcm_blocks(bool encrypt, const uint8_t *key, size_t key_size, uint8_t counter[GCM_BLOCK], uint8_t hash[GCM_BLOCK],
                const uint8_t *in, uint8_t *out, size_t blocks);

#endif
