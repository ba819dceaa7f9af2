#include "sign/sign.h"

#include "sign/text.h"
#include "util/fs.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNTRUSTED "untrusted comment: "
#define TRUSTED "trusted comment: "

enum { DIGEST = crypto_generichash_BYTES_MAX, SIGNATURE = crypto_sign_BYTES, MOST_COMMENT = 1024 };

/* The second line of a signature. */
struct signature {
    unsigned char algorithm[2], id[SIGN_ID_SIZE], bytes[SIGNATURE];
};
_Static_assert(sizeof(struct signature) == 2 + SIGN_ID_SIZE + SIGNATURE, "the structure has no gaps");

int sign_init(struct wl_err *err)
{
    return sodium_init() < 0 ? wl_err_set(err, WL_E_FAILED, "libsodium cannot start") : 0;
}

void sign_id_text(const unsigned char id[SIGN_ID_SIZE], char text[SIGN_ID_TEXT])
{
    for (int i = 0; i < SIGN_ID_SIZE; i++)
        snprintf(text + (size_t)2 * i, 3, "%02X", id[SIGN_ID_SIZE - 1 - i]);
}

void sign_forget(struct sign_secret *key)
{
    sodium_memzero(key, sizeof *key);
}

/* BLAKE2b-512 of a file. */
static int digest_of(const char *file, unsigned char digest[DIGEST], struct wl_err *err)
{
    WL_CLEANUP_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
    WL_CLEANUP_FREE char *block = NULL;
    enum { BLOCK = 1 << 18 };
    crypto_generichash_state state;
    struct stat st;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot read %s", file);
    if (!S_ISREG(st.st_mode))
        return wl_err_set(err, WL_E_IO, "%s is not a file", file);
    block = xmalloc(BLOCK);
    crypto_generichash_init(&state, NULL, 0, DIGEST);
    while ((n = read(fd, block, BLOCK)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return wl_err_unreadable(err, WL_E_IO, "cannot read %s", file);
        crypto_generichash_update(&state, (const unsigned char *)block, (unsigned long long)n);
    }
    crypto_generichash_final(&state, digest, DIGEST);
    return 0;
}

/* What the second signature is about: the first one and the trusted comment. The caller frees it. */
static unsigned char *whole(const unsigned char signature[SIGNATURE], const char *comment, size_t n)
{
    unsigned char *bytes = xmalloc(SIGNATURE + n);

    memcpy(bytes, signature, SIGNATURE);
    memcpy(bytes + SIGNATURE, comment, n);
    return bytes;
}

int sign_file(const struct sign_secret *key, const char *file, const char *comment, char **signature,
              struct wl_err *err)
{
    struct signature s;
    unsigned char digest[DIGEST], global[SIGNATURE], *both;
    WL_CLEANUP_FREE char *first = NULL, *second = NULL;
    char id[SIGN_ID_TEXT];
    int r;

    if (strpbrk(comment, "\r\n") || strlen(comment) > MOST_COMMENT)
        return wl_err_set(err, WL_E_USAGE, "the comment of a signature is one line of up to %d bytes", MOST_COMMENT);
    r = digest_of(file, digest, err);
    if (r < 0)
        return r;
    memcpy(s.algorithm, SIGN_ALGORITHM_HASHED, sizeof s.algorithm);
    memcpy(s.id, key->id, sizeof s.id);
    crypto_sign_detached(s.bytes, NULL, digest, sizeof digest, key->key);
    both = whole(s.bytes, comment, strlen(comment));
    crypto_sign_detached(global, NULL, both, SIGNATURE + strlen(comment), key->key);
    free(both);
    first = sign_encode(&s, sizeof s);
    second = sign_encode(global, sizeof global);
    sign_id_text(key->id, id);
    *signature = xasprintf(UNTRUSTED "signature by the key %s\n%s\n" TRUSTED "%s\n%s\n", id, first, comment, second);
    return 0;
}

static int malformed(const char *why, struct wl_err *err)
{
    return wl_err_set(err, WL_E_VERIFY, "it is no signature of minisign: %s", why);
}

/* A line that begins with these words; *line and *length become the rest of it. */
static bool line_with(const char **rest, size_t *n, const char *words, const char **line, size_t *length)
{
    size_t skip = strlen(words);

    if (!sign_next_line(rest, n, line, length) || *length < skip || memcmp(*line, words, skip) != 0)
        return false;
    *line += skip;
    *length -= skip;
    return true;
}

/* Splits the text; nothing is checked but its form. */
static int parse(const char *text, size_t n, struct signature *s, unsigned char global[SIGNATURE], const char **comment,
                 size_t *comment_n, struct wl_err *err)
{
    const char *line;
    size_t length;

    if (n > SIGN_MOST_TEXT)
        return malformed("it is too long", err);
    if (!line_with(&text, &n, UNTRUSTED, &line, &length))
        return malformed("it does not begin with '" UNTRUSTED "'", err);
    if (!sign_next_line(&text, &n, &line, &length) || !sign_decode(line, length, s, sizeof *s))
        return malformed("its second line is not 74 bytes in base64", err);
    if (!line_with(&text, &n, TRUSTED, comment, comment_n) || *comment_n > MOST_COMMENT ||
        memchr(*comment, '\0', *comment_n))
        return malformed("its third line does not begin with '" TRUSTED "'", err);
    if (!sign_next_line(&text, &n, &line, &length) || !sign_decode(line, length, global, SIGNATURE))
        return malformed("its fourth line is not 64 bytes in base64", err);
    if (n)
        return malformed("it has more than four lines", err);
    if (!memcmp(s->algorithm, SIGN_ALGORITHM, sizeof s->algorithm))
        return wl_err_set(err, WL_E_VERIFY, "it is a signature of the old kind, without a hash: sign the file again");
    return memcmp(s->algorithm, SIGN_ALGORITHM_HASHED, sizeof s->algorithm) ? malformed("unknown algorithm", err) : 0;
}

int sign_verify(const struct sign_public *keys, size_t n_keys, const char *file, const char *signature, size_t n,
                char **comment, size_t *which, struct wl_err *err)
{
    unsigned char digest[DIGEST], global[SIGNATURE], *both;
    const char *trusted = "";
    size_t trusted_n = 0, key = 0;
    struct signature s;
    char id[SIGN_ID_TEXT];
    int r = parse(signature, n, &s, global, &trusted, &trusted_n, err);

    if (r < 0)
        return r;
    sign_id_text(s.id, id);
    while (key < n_keys && memcmp(keys[key].id, s.id, sizeof s.id) != 0)
        key++;
    if (key == n_keys)
        return wl_err_set(err, WL_E_VERIFY, "it is signed with the key %s, which is not trusted", id);
    r = digest_of(file, digest, err);
    if (r < 0)
        return r;
    if (crypto_sign_verify_detached(s.bytes, digest, sizeof digest, keys[key].key) != 0)
        return wl_err_set(err, WL_E_VERIFY, "the signature of the key %s does not fit the file", id);
    both = whole(s.bytes, trusted, trusted_n);
    r = crypto_sign_verify_detached(global, both, SIGNATURE + trusted_n, keys[key].key);
    free(both);
    if (r != 0)
        return wl_err_set(err, WL_E_VERIFY, "the comment of the signature is not what the key %s has signed", id);
    if (comment)
        *comment = xstrndup(trusted, trusted_n);
    if (which)
        *which = key;
    return 0;
}
