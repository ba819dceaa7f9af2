#include "cli/secrets.h"

#include "net/secret.h"

#include <stdlib.h>
#include <string.h>

static int wrong(struct err *err, bool of_file)
{
    err_set(err, ERR_SETUP, "cannot use an option --secret%s", of_file ? "-file" : "");
    return err_hint(err, of_file ? "the form is --secret-file NAME=FILE@HOST[:PORT]"
                                 : "the form is --secret NAME@HOST[:PORT], with the value in the variable NAME of the "
                                   "environment, or --secret NAME=VALUE@HOST[:PORT]");
}

/* A copy of a part of the text, in the block; moves *to behind it. */
static char *put(char **to, const char *from, size_t n)
{
    char *at = *to;

    memcpy(at, from, n);
    at[n] = '\0';
    *to += n + 1;
    return at;
}

int secret_parse(struct run_secret *s, const char *text, bool of_file, const char *variable, struct err *err)
{
    const char *host = strrchr(text, '@'), *equals = strchr(text, '=');
    const bool given = host && equals && equals < host;
    const size_t name = given ? (size_t)(equals - text) : host ? (size_t)(host - text) : 0;
    const char *value = given ? equals + 1 : variable ? variable + name + 1 : "";
    const size_t n = given ? (size_t)(host - value) : strlen(value);
    char why[NET_WHY_SIZE], *block;
    struct net_secret check;

    *s = (struct run_secret){0};
    if (!name || (of_file && (!given || !n)))
        return wrong(err, of_file);
    if (!given && !variable) {
        err_set(err, ERR_SETUP, "cannot use --secret %s", text);
        return err_hint(err, "the variable %.*s is not set; export it, or use --secret-file", (int)name, text);
    }
    block = malloc(name + n + strlen(host) + 3);
    if (!block)
        return err_set(err, ERR_SETUP, "out of memory");
    s->name = put(&block, text, name);
    *(of_file ? &s->file : &s->value) = put(&block, value, n);
    s->host = put(&block, host + 1, strlen(host + 1));
    check = (struct net_secret){s->name, s->value, s->host};
    if (net_secret_check(&check, why) < 0) {
        err_set(err, ERR_SETUP, "cannot use --secret%s for %.100s", of_file ? "-file" : "", s->name);
        err_hint(err, "%s", why);
        free(s->name);
        s->name = NULL;
        return -ERR_SETUP;
    }
    return 0;
}
