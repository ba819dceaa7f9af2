#include "cmd/signature.h"

#include "cmd/shared_store.h"
#include "util/fs.h"
#include "util/hash.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PASSWORD = 1024, MOST_SUMS = 1 << 24 };

/* --- passwords --- */

static void wipe(char *text)
{
    explicit_bzero(text, strlen(text));
}

/* Reads a line from the terminal into the buffer. */
static int read_typed(const struct app *a, int tty, char text[MOST_PASSWORD], struct wl_err *err)
{
    struct pollfd fds[] = {{.fd = tty, .events = POLLIN}, {.fd = a->cancel.fd, .events = POLLIN}};
    size_t n = 0;

    while (n + 1 < MOST_PASSWORD) {
        poll(fds, 2, -1);
        if (cancel_pending(&a->cancel))
            return cancel_error(err);
        if (!(fds[0].revents & (POLLIN | POLLHUP)))
            continue;
        if (read(tty, text + n, 1) != 1 || text[n] == '\n')
            break;
        n++;
    }
    text[n] = '\0';
    return 0;
}

static int ask(const struct app *a, const char *question, char **password, struct wl_err *err)
{
    WL_CLEANUP_FD int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    char text[MOST_PASSWORD] = "";
    struct termios old, quiet;
    int r;

    if (tty < 0 || tcgetattr(tty, &old) < 0) {
        wl_err_set(err, WL_E_USAGE, "the key has a password, and there is no terminal to type it");
        return wl_err_hint(err, "name a file that contains it with --password-file");
    }
    ui_end_line(a->ui);
    dprintf(tty, "%s: ", question);
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(tty, TCSAFLUSH, &quiet);
    r = read_typed(a, tty, text, err);
    tcsetattr(tty, TCSAFLUSH, &old);
    dprintf(tty, "\n");
    if (r == 0)
        *password = xstrdup(text);
    explicit_bzero(text, sizeof text);
    return r;
}

static int read_password_file(const char *file, char **password, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL;
    int r = file_read(file, MOST_PASSWORD, &text, NULL, err);

    if (r < 0)
        return r;
    *password = xstrndup(text, strcspn(text, "\r\n"));
    wipe(text);
    return 0;
}

int signature_new_password(const struct app *a, const char *password_file, char **password, struct wl_err *err)
{
    WL_CLEANUP_FREE char *again = NULL;
    int r = password_file ? read_password_file(password_file, password, err)
                          : ask(a, "Password for the new key (empty: none)", password, err);

    if (r < 0 || password_file)
        return r;
    r = ask(a, "The same again", &again, err);
    if (r == 0 && (!again || strcmp(*password, again) != 0)) {
        wl_err_set(err, WL_E_USAGE, "the two passwords differ");
        r = wl_err_hint(err, "run the command again");
    }
    if (again)
        wipe(again);
    return r;
}

/* --- signing --- */

int sums_line(const char *file, char **line, struct wl_err *err)
{
    char hex[HASH_HEX_SIZE];
    int r = hash_file(file, hex, err);

    if (r == 0)
        *line = xasprintf("%s  %s\n", hex, path_base(file));
    return r;
}

int signature_key(const struct app *a, const char *file, const char *password_file, struct sign_secret *key,
                  struct wl_err *err)
{
    WL_CLEANUP_FREE char *password = NULL, *question = NULL;
    int r = sign_init(err);

    if (!file)
        file = a->config.secret_key;
    if (r == 0 && !file) {
        wl_err_set(err, WL_E_USAGE, "no secret key is named");
        return wl_err_hint(err, "name one with --key, or set secret-key in the configuration; wl-make sign --generate "
                                "makes one");
    }
    if (r == 0 && password_file)
        r = read_password_file(password_file, &password, err);
    if (r == 0)
        r = sign_read_secret(file, password, key, err);
    if (r == 1) {
        question = xasprintf("Password for %s", file);
        r = ask(a, question, &password, err);
        if (r == 0)
            r = sign_read_secret(file, password, key, err);
    }
    if (password)
        wipe(password);
    return r;
}

int signature_write(const struct sign_secret *key, const char *file, const char *comment, struct wl_err *err)
{
    WL_CLEANUP_FREE char *to = xasprintf("%s" SIGN_SUFFIX, file), *text = NULL, *usual = NULL;
    int r;

    usual = xasprintf("timestamp:%lld\tfile:%s\thashed", (long long)time(NULL), path_base(file));
    r = sign_file(key, file, comment ? comment : usual, &text, err);
    return r < 0 ? r : file_write(to, text, strlen(text), err);
}

/* --- checking --- */

/* One line of the sums: "HASH  NAME". */
static int check_sum(const char *dir, const char *line, struct wl_err *err)
{
    WL_CLEANUP_FREE char *hash = xstrndup(line, HASH_HEX_SIZE - 1), *file = NULL;
    char hex[HASH_HEX_SIZE];
    const char *name;
    int r;

    if (strlen(line) < HASH_HEX_SIZE + 2 || !is_hex(hash, HASH_HEX_SIZE - 1) ||
        (strncmp(line + HASH_HEX_SIZE - 1, "  ", 2) != 0 && strncmp(line + HASH_HEX_SIZE - 1, " *", 2) != 0))
        return wl_err_set(err, WL_E_VERIFY, "%s/" SUMS_FILE ": '%s' is no hash and name of a file", dir, line);
    name = line + HASH_HEX_SIZE + 1;
    if (strchr(name, '/'))
        return wl_err_set(err, WL_E_VERIFY, "%s/" SUMS_FILE ": %s is in another directory", dir, name);
    file = path_join(dir, name);
    r = hash_file(file, hex, err);
    if (r == 0 && strcmp(hex, hash) != 0)
        r = wl_err_set(err, WL_E_VERIFY, "%s: its hash is not the one that is signed", file);
    return r < 0 ? wl_err_hint(err, "download the file again, from the place that the signer names") : 0;
}

static int check_sums(const struct app *a, const char *file, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL, *dir = path_dir(file);
    size_t files = 0;
    int r = file_read(file, MOST_SUMS, &text, NULL, err);

    for (char *save = NULL, *line = r == 0 ? strtok_r(text, "\n", &save) : NULL; r == 0 && line;
         line = strtok_r(NULL, "\n", &save)) {
        r = check_sum(dir, line, err);
        files++;
    }
    if (r == 0 && !a->options.quiet)
        ui_print(stdout, "%s: %zu files have the hashes that are signed\n", file, files);
    return r;
}

static int read_keys(const struct app *a, const struct strv *given, struct sign_public **keys, size_t *n,
                     struct wl_err *err)
{
    const struct config of_given = {.public_keys = *given};
    int r = shared_keys(given->n ? &of_given : &a->config, keys, n, err);

    if (r == 0 && !*n) {
        wl_err_set(err, WL_E_USAGE, "no public key is named, so nobody's signature is trusted");
        r = wl_err_hint(err, "name one with --public-key, or set public-key in the configuration");
    }
    return r;
}

int signature_check(const struct app *a, const char *file, const struct strv *given, struct wl_err *err)
{
    WL_CLEANUP_FREE char *beside = xasprintf("%s" SIGN_SUFFIX, file), *text = NULL, *comment = NULL;
    struct sign_public *keys = NULL;
    size_t n_keys = 0, n = 0, which = 0;
    char id[SIGN_ID_TEXT];
    int r = read_keys(a, given, &keys, &n_keys, err);

    if (r == 0)
        r = file_read(beside, SIGN_MOST_TEXT, &text, &n, err);
    if (r == 0)
        r = sign_verify(keys, n_keys, file, text, n, &comment, &which, err);
    if (r == -WL_E_VERIFY) {
        WL_CLEANUP_FREE char *why = xstrdup(err->text);

        wl_err_set(err, WL_E_VERIFY, "%s: %s", file, why);
        wl_err_hint(err, "do not use it: download it and its signature again, or ask who signed it");
    }
    if (r == 0) {
        sign_id_text(keys[which].id, id);
        if (!a->options.quiet)
            ui_print(stdout, "%s: signed by %s (%s)\n", file, id, comment);
        if (!strcmp(path_base(file), SUMS_FILE))
            r = check_sums(a, file, err);
    }
    free(keys);
    return r;
}
