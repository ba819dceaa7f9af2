/* The expensive part of AES-GCM for OpenSSL (ports/libs/openssl/host-aes-gcm.patch), by the host, whose processor has
 * instructions for it. The host sees the guest's memory anyway, and so its keys. */
#include "../channel.h"

#include <stddef.h>

/* What the host does in one request. */
enum { MOST = 1 << 20 };

int wl_host_has_gcm(void);
size_t wl_host_gcm(int encrypt, const unsigned char *key, size_t key_size, unsigned char *counter, unsigned char *hash,
                   const unsigned char *in, unsigned char *out, size_t size);

int wl_host_has_gcm(void)
{
    return channel_has("aes");
}

/* Returns how many of the bytes were done, in whole blocks; what is left is for the caller. */
size_t wl_host_gcm(int encrypt, const unsigned char *key, size_t key_size, unsigned char *counter, unsigned char *hash,
                   const unsigned char *in, unsigned char *out, size_t size)
{
    size_t done = 0;

    while (done < size && wl_host_has_gcm()) {
        const size_t part = size - done < MOST ? size - done : MOST;

        if (channel_ask(NULL, 0, "aes.gcm %s %zu %zu %zu %zu %zu %zu %zu", encrypt ? "encrypt" : "decrypt", (size_t)key,
                        key_size, (size_t)counter, (size_t)hash, (size_t)(in + done), (size_t)(out + done), part) < 0)
            break;
        done += part;
    }
    return done;
}
