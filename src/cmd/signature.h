/* Signing files, and checking signatures, for the commands sign, dist and verify. */
#ifndef WL_CMD_SIGNATURE_H
#define WL_CMD_SIGNATURE_H

#include "cmd/app.h"

/* The hashes of the files in a directory, in the form that sha256sum --check reads. */
#define SUMS_FILE "SHA256SUMS"

/* Its line about a file, with the newline; the caller frees *line. */
int sums_line(const char *file, char **line, struct wl_err *err);

/* Reads the secret key: of the file, or (NULL) of the configuration. If it has a password, that is the first line of
 * password_file, or (NULL) what the user types. Wipe the key with sign_forget. */
int signature_key(const struct app *a, const char *file, const char *password_file, struct sign_secret *key,
                  struct wl_err *err);

/* A new password, in the same way; typed, it must be typed twice. The caller wipes and frees it. */
int signature_new_password(const struct app *a, const char *password_file, char **password, struct wl_err *err);

/* Writes FILE.minisig beside the file. comment NULL: the time and the file's name. */
int signature_write(const struct sign_secret *key, const char *file, const char *comment, struct wl_err *err);

/* Checks FILE.minisig against the keys given, or (none) those of the configuration, and prints who signed. If the file
 * is SHA256SUMS, all files that it names are compared with it, too. */
int signature_check(const struct app *a, const char *file, const struct strv *keys, struct wl_err *err);

#endif
