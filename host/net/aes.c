/* The set aes: the expensive part of AES-GCM, which a guest's TLS has done by the processor's instructions. The host
 * keeps nothing between two requests. */
#include "net/gcm.h"
#include "net/requests.h"

#include <string.h>

/* Of one request, so that none holds up the end of a guest. */
enum { MOST_BYTES = 1 << 20 };

/* The address that word has, of size bytes in the guest's memory; NULL: not inside. */
static uint8_t *bytes_at(const struct wasi_request *r, struct guest_memory m, int word, uint64_t size)
{
    int64_t at;

    return wasi_word(r, word, 0, UINT32_MAX, &at) && wasi_inside(m, (uint32_t)at, size) ? m.base + at : NULL;
}

/* aes.gcm encrypt|decrypt KEY 16|24|32 COUNTER HASH IN OUT SIZE */
uint32_t net_aes_gcm(struct wasi_request *r)
{
    const struct guest_memory m = wasi_memory(r->w);
    const bool encrypt = !strcmp(r->word[0], "encrypt");
    int64_t key_size, size;
    uint8_t *key, *counter, *hash, *in, *out;

    if ((!encrypt && strcmp(r->word[0], "decrypt") != 0) || !wasi_word(r, 2, 16, GCM_MOST_KEY, &key_size) ||
        key_size % 8 || !wasi_word(r, 7, GCM_BLOCK, MOST_BYTES, &size) || size % GCM_BLOCK)
        return WASI_EINVAL;
    key = bytes_at(r, m, 1, (uint64_t)key_size);
    counter = bytes_at(r, m, 3, GCM_BLOCK);
    hash = bytes_at(r, m, 4, GCM_BLOCK);
    in = bytes_at(r, m, 5, (uint64_t)size);
    out = bytes_at(r, m, 6, (uint64_t)size);
    if (!key || !counter || !hash || !in || !out)
        return WASI_EFAULT;
    gcm_blocks(encrypt, key, (size_t)key_size, counter, hash, in, out, (size_t)size / GCM_BLOCK);
    return WASI_SUCCESS;
}
