/* Signatures in the format of minisign: Ed25519 over the BLAKE2b-512 of a file, by libsodium. Keys and signatures can
 * be exchanged with the program minisign in both directions.
 *
 * Format: https://jedisct1.github.io/minisign/ ("Signature format", "Public key format", "Secret key format").
 * Signatures of the older kind, over the file itself, are refused: checking them needs the whole file in memory. */
#ifndef WL_SIGN_H
#define WL_SIGN_H

#include "util/err.h"

#include <stddef.h>

/* What is added to a file's name for its signature. */
#define SIGN_SUFFIX ".minisig"

enum { SIGN_ID_SIZE = 8, SIGN_PUBLIC_SIZE = 32, SIGN_SECRET_SIZE = 64, SIGN_ID_TEXT = 17, SIGN_MOST_TEXT = 4096 };

struct sign_public {
    unsigned char id[SIGN_ID_SIZE], key[SIGN_PUBLIC_SIZE];
};

struct sign_secret {
    unsigned char id[SIGN_ID_SIZE], key[SIGN_SECRET_SIZE];
};

/* Call it once before the first thread starts and before all others. */
int sign_init(struct wl_err *err);

/* The number of a key as minisign prints it. */
void sign_id_text(const unsigned char id[SIGN_ID_SIZE], char text[SIGN_ID_TEXT]);

/* Reads a public key: the name of a file, or the line of base64 in it. */
int sign_read_public(const char *given, struct sign_public *key, struct wl_err *err);

/* Reads a secret key. A wrong password is WL_E_USAGE. Returns 1 if the key has a password and none is given (NULL).
 * Wipe the key with sign_forget. */
int sign_read_secret(const char *file, const char *password, struct sign_secret *key, struct wl_err *err);
void sign_forget(struct sign_secret *key);

/* Makes a pair of keys and writes them, the secret one readable by its owner only. Neither file may exist. Password
 * NULL or "": the key has none. */
int sign_generate(const char *secret_file, const char *public_file, const char *password, struct wl_err *err);

/* The text of a signature of a file. The trusted comment is signed, too; it is one line. The caller frees the text. */
int sign_file(const struct sign_secret *key, const char *file, const char *comment, char **signature,
              struct wl_err *err);

/* Checks the n bytes of a signature's text, which are hostile, against a file and n_keys keys. *comment (may be NULL)
 * gets the trusted comment, which the caller frees; *which the index of the key. A signature that is malformed, does
 * not fit or is by another key is WL_E_VERIFY, its text the reason alone. */
int sign_verify(const struct sign_public *keys, size_t n_keys, const char *file, const char *signature, size_t n,
                char **comment, size_t *which, struct wl_err *err);

#endif
