/* wl-make sign: signs files as minisign does, and makes the keys for it. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "cmd/signature.h"
#include "util/fs.h"

#include <string.h>

struct own_options {
    char *key, *public_key, *password_file, *comment;
    bool generate, no_password;
};

#define AT(m) .member = offsetof(struct own_options, m)
static const struct option_spec options[] = {
    {'k', "key", "the secret key (default: secret-key of the configuration)", "FILE", OPTION_TEXT, AT(key)},
    {0, "generate", "make a pair of keys: --key, and --public-key (default: that of --key with .pub)", NULL,
     OPTION_FLAG, AT(generate)},
    {'p', "public-key", "with --generate: where the public key is written", "FILE", OPTION_TEXT, AT(public_key)},
    {0, "no-password", "with --generate: the key has no password, as a build needs it", NULL, OPTION_FLAG,
     AT(no_password)},
    {0, "password-file", "the password is the first line of FILE (default: it is typed)", "FILE", OPTION_TEXT,
     AT(password_file)},
    {0, "comment", "sign this text, too (default: the time and the name of the file)", "TEXT", OPTION_TEXT,
     AT(comment)},
    {0},
};

static int generate(const struct app *a, struct wl_err *err)
{
    const struct own_options *own = a->options.own;
    const char *key = own->key ? own->key : a->config.secret_key;
    WL_CLEANUP_FREE char *password = NULL, *pub = NULL;
    int r = sign_init(err);

    if (r == 0 && a->options.args.n) {
        wl_err_set(err, WL_E_USAGE, "--generate takes no files");
        r = wl_err_hint(err, "make the key first, then sign with it");
    }
    if (r == 0 && !key) {
        wl_err_set(err, WL_E_USAGE, "--generate needs the name of the new key");
        r = wl_err_hint(err, "for example wl-make sign --generate --key release.key");
    }
    if (r < 0)
        return r;
    pub = own->public_key          ? xstrdup(own->public_key)
          : ends_with(key, ".key") ? xasprintf("%.*s.pub", (int)strlen(key) - 4, key)
                                   : xasprintf("%s.pub", key);
    if (!own->no_password)
        r = signature_new_password(a, own->password_file, &password, err);
    if (r == 0)
        r = sign_generate(key, pub, password, err);
    if (password)
        explicit_bzero(password, strlen(password));
    if (r == 0 && !a->options.quiet)
        ui_print(stdout, "%s is the secret key: keep it to yourself\n%s is the public key: give it to others\n", key,
                 pub);
    return r;
}

static int run(struct app *a, struct wl_err *err)
{
    const struct own_options *own = a->options.own;
    const struct strv *files = &a->options.args;
    struct sign_secret key;
    int r;

    if (own->generate)
        return generate(a, err);
    if (!files->n) {
        wl_err_set(err, WL_E_USAGE, "no file is named");
        return wl_err_hint(err, "for example wl-make sign --key release.key dist/SHA256SUMS");
    }
    r = signature_key(a, own->key, own->password_file, &key, err);
    for (size_t i = 0; r == 0 && i < files->n; i++) {
        r = signature_write(&key, files->v[i], own->comment, err);
        if (r == 0 && !a->options.quiet)
            ui_print(stdout, "%s" SIGN_SUFFIX "\n", files->v[i]);
    }
    sign_forget(&key);
    return r;
}

const struct command command_sign = {
    .name = "sign",
    .usage = "sign [OPTION...] FILE...",
    .summary = "sign files as minisign does, or make keys",
    .description =
        "Writes FILE.minisig beside each file: a signature that wl-make verify --signature and the program minisign\n"
        "check. The signature of SHA256SUMS stands for all files that it names. --generate makes the keys.",
    .options = options,
    .options_size = sizeof(struct own_options),
    .shared = SHARED_QUIET,
    .run = run,
};
