#include "net/gcm.h"

bool gcm_is_possible(void)
{
    return false;
}

void gcm_blocks(bool encrypt, const uint8_t *key, size_t key_size, uint8_t counter[GCM_BLOCK], uint8_t hash[GCM_BLOCK],
                const uint8_t *in, uint8_t *out, size_t blocks)
{
    (void)encrypt, (void)key, (void)key_size, (void)counter, (void)hash, (void)in, (void)out, (void)blocks;
}
