/* Files with keys (sign.h). */
#include "sign/sign.h"

#include "sign/text.h"
#include "util/fs.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KDF_SCRYPT "Sc"
#define CHECKSUM "B2"

/* The second line of a file with a public key. */
struct public_line {
    unsigned char algorithm[2];
    struct sign_public key;
};
_Static_assert(sizeof(struct public_line) == 2 + SIGN_ID_SIZE + SIGN_PUBLIC_SIZE, "the structure has no gaps");

/* The part of a secret key that a password hides. */
struct hidden {
    struct sign_secret key;
    unsigned char checksum[32];
};

/* The second line of a file with a secret key. */
struct secret_line {
    unsigned char algorithm[2], kdf[2], checksum[2];
    unsigned char salt[crypto_pwhash_scryptsalsa208sha256_SALTBYTES];
    unsigned char ops[8], mem[8]; /* little-endian */
    struct hidden hidden;
};
_Static_assert(sizeof(struct secret_line) == 6 + 32 + 16 + SIGN_ID_SIZE + SIGN_SECRET_SIZE + 32,
               "the structure has no gaps");

/* The memory that a file may ask for. minisign itself uses 1 GiB. */
#define MOST_MEMORY ((uint64_t)1 << 31)

/* Finds the line of base64 in a file of a comment and that line. */
static int second_line(const char *file, const char *text, size_t n, const char **line, size_t *length,
                       struct wl_err *err)
{
    if (sign_next_line(&text, &n, line, length) && sign_next_line(&text, &n, line, length))
        return 0;
    return wl_err_set(err, WL_E_USAGE, "%s is no key of minisign: it has fewer than two lines", file);
}

int sign_read_public(const char *given, struct sign_public *key, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL;
    const char *line = given;
    size_t length = strlen(given), n = 0;
    struct public_line p;
    int r = 0;

    if (!sign_decode(given, length, &p, sizeof p)) {
        r = file_read(given, SIGN_MOST_TEXT, &text, &n, err);
        if (r == 0)
            r = second_line(given, text, n, &line, &length, err);
        if (r == 0 && !sign_decode(line, length, &p, sizeof p))
            r = wl_err_set(err, WL_E_USAGE, "%s is no public key of minisign", given);
    }
    if (r == 0 && memcmp(p.algorithm, SIGN_ALGORITHM, sizeof p.algorithm) != 0)
        r = wl_err_set(err, WL_E_USAGE, "%s is a key of another kind than Ed25519", given);
    if (r < 0)
        return r;
    *key = p.key;
    return 0;
}

static uint64_t load(const unsigned char bytes[8])
{
    uint64_t n = 0;

    for (int i = 8; i-- > 0;)
        n = n << 8 | bytes[i];
    return n;
}

static void save(uint64_t n, unsigned char bytes[8])
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(n >> 8 * i);
}

/* Hides or reveals the part with the key. */
static int apply_password(struct secret_line *s, const char *password, struct wl_err *err)
{
    unsigned char stream[sizeof s->hidden], *bytes = (unsigned char *)&s->hidden;

    if (load(s->mem) > MOST_MEMORY || load(s->ops) > MOST_MEMORY)
        return wl_err_set(err, WL_E_USAGE, "the key wants more memory or time for its password than is allowed");
    if (crypto_pwhash_scryptsalsa208sha256(stream, sizeof stream, password, strlen(password), s->salt, load(s->ops),
                                           (size_t)load(s->mem)) != 0)
        return wl_err_set(err, WL_E_FAILED,
                          "there is not enough memory to use the password of the key: it takes %llu MB",
                          (unsigned long long)(load(s->mem) >> 20));
    for (size_t i = 0; i < sizeof stream; i++)
        bytes[i] ^= stream[i];
    sodium_memzero(stream, sizeof stream);
    return 0;
}

static void checksum_of(const struct secret_line *s, unsigned char sum[32])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, 32);
    crypto_generichash_update(&state, s->algorithm, sizeof s->algorithm);
    crypto_generichash_update(&state, s->hidden.key.id, sizeof s->hidden.key.id);
    crypto_generichash_update(&state, s->hidden.key.key, sizeof s->hidden.key.key);
    crypto_generichash_final(&state, sum, 32);
}

/* Whether the second half of a secret key is the public key of the first one. (minisign writes no checksum into keys
 * without a password.) */
static bool is_pair(const struct sign_secret *key)
{
    unsigned char seed[crypto_sign_SEEDBYTES], pub[SIGN_PUBLIC_SIZE], secret[SIGN_SECRET_SIZE];
    bool same;

    crypto_sign_ed25519_sk_to_seed(seed, key->key);
    crypto_sign_seed_keypair(pub, secret, seed);
    same = sodium_memcmp(secret, key->key, sizeof secret) == 0;
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(secret, sizeof secret);
    return same;
}

static int reveal(const char *file, struct secret_line *s, const char *password, struct wl_err *err)
{
    static const unsigned char none[2];
    bool hidden = memcmp(s->kdf, none, sizeof none) != 0;
    unsigned char sum[32];
    int r;

    if (memcmp(s->algorithm, SIGN_ALGORITHM, 2) || memcmp(s->checksum, CHECKSUM, 2) ||
        (hidden && memcmp(s->kdf, KDF_SCRYPT, 2)))
        return wl_err_set(err, WL_E_USAGE, "%s is a key of an unknown kind", file);
    if (hidden && !password)
        return 1;
    if (!hidden)
        return is_pair(&s->hidden.key) ? 0 : wl_err_set(err, WL_E_USAGE, "%s is damaged", file);
    r = apply_password(s, password, err);
    if (r < 0)
        return r;
    checksum_of(s, sum);
    if (sodium_memcmp(sum, s->hidden.checksum, sizeof sum) == 0)
        return 0;
    wl_err_set(err, WL_E_USAGE, "that is not the password of %s", file);
    return wl_err_hint(err, "type the password with which the key was made");
}

int sign_read_secret(const char *file, const char *password, struct sign_secret *key, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL;
    const char *line;
    struct secret_line s;
    size_t length, n = 0;
    int r = file_read(file, SIGN_MOST_TEXT, &text, &n, err);

    if (r == 0)
        r = second_line(file, text, n, &line, &length, err);
    if (r == 0 && !sign_decode(line, length, &s, sizeof s))
        r = wl_err_set(err, WL_E_USAGE, "%s is no secret key of minisign", file);
    if (r == 0)
        r = reveal(file, &s, password, err);
    if (r == 0)
        *key = s.hidden.key;
    sodium_memzero(&s, sizeof s);
    if (text)
        sodium_memzero(text, n);
    return r;
}

/* A new file that only its owner can read. */
static int write_new(const char *file, unsigned mode, const char *text, struct wl_err *err)
{
    WL_CLEANUP_FD int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    size_t n = strlen(text);

    if (fd < 0 && errno == EEXIST) {
        wl_err_set(err, WL_E_USAGE, "%s exists: a key is never overwritten", file);
        return wl_err_hint(err, "name another file");
    }
    if (fd < 0 || write(fd, text, n) != (ssize_t)n || fsync(fd) < 0) {
        int r = wl_err_errno(err, WL_E_IO, "cannot write %s", file);

        if (fd >= 0)
            unlink(file);
        return r;
    }
    return 0;
}

static char *secret_text(struct secret_line *s, const char *password, struct wl_err *err)
{
    WL_CLEANUP_FREE char *line = NULL;

    checksum_of(s, s->hidden.checksum);
    if (password && *password) {
        memcpy(s->kdf, KDF_SCRYPT, 2);
        randombytes_buf(s->salt, sizeof s->salt);
        save(crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE, s->ops);
        save(crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE, s->mem);
        if (apply_password(s, password, err) < 0)
            return NULL;
    }
    line = sign_encode(s, sizeof *s);
    return xasprintf("untrusted comment: minisign %s key\n%s\n", password && *password ? "encrypted secret" : "secret",
                     line);
}

int sign_generate(const char *secret_file, const char *public_file, const char *password, struct wl_err *err)
{
    struct secret_line s = {.kdf = {0}};
    struct public_line p;
    WL_CLEANUP_FREE char *line = NULL, *text = NULL, *secret = NULL;
    char id[SIGN_ID_TEXT];
    int r;

    memcpy(s.algorithm, SIGN_ALGORITHM, sizeof s.algorithm);
    memcpy(s.checksum, CHECKSUM, sizeof s.checksum);
    memcpy(p.algorithm, SIGN_ALGORITHM, sizeof p.algorithm);
    randombytes_buf(p.key.id, sizeof p.key.id);
    memcpy(s.hidden.key.id, p.key.id, sizeof p.key.id);
    crypto_sign_keypair(p.key.key, s.hidden.key.key);
    secret = secret_text(&s, password, err);
    sodium_memzero(&s, sizeof s);
    if (!secret)
        return -(int)err->cls;
    line = sign_encode(&p, sizeof p);
    sign_id_text(p.key.id, id);
    text = xasprintf("untrusted comment: minisign public key %s\n%s\n", id, line);
    r = write_new(secret_file, 0600, secret, err);
    if (r == 0) {
        r = write_new(public_file, 0644, text, err);
        if (r < 0)
            unlink(secret_file);
    }
    sodium_memzero(secret, strlen(secret));
    return r;
}
