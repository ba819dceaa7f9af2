/* URLs of https: and http:, parsed by libcurl. Nothing here uses the network. */
#ifndef WL_SOURCE_ADDRESS_H
#define WL_SOURCE_ADDRESS_H

#include "util/err.h"

#include <stdbool.h>

/* The parts of a URL that decide whether it may be fetched. */
struct web_address {
    char *host;     /* "host:port" in lower case */
    bool encrypted; /* https: */
    bool loopback;  /* on this machine */
};

/* False: it is not a URL of https: or http:. The caller frees the address with web_address_free, whatever the result.
 */
bool web_address_parse(const char *url, struct web_address *a);
void web_address_free(struct web_address *a);
#define WL_CLEANUP_WEB_ADDRESS __attribute__((cleanup(web_address_free)))

/* Where the host begins in "SCHEME://HOST...", or NULL. */
const char *web_host(const char *url);
/* Whether a URL leads to this machine. */
bool web_address_is_loopback(const char *url);
/* Whether a URL is encrypted or leads to this machine. */
bool web_address_is_safe(const char *url);
/* Whether two URLs have the same host and port. */
bool web_address_same_host(const char *a, const char *b);
/* What a link on the page at base leads to, without the part behind '#'; the caller frees it. NULL: it is not valid. */
char *web_address_join(const char *base, const char *link);
/* Takes "user:password" out of a URL: NULL if it has none. *bare is the rest. The caller frees both. */
char *web_address_login(const char *url, char **bare);

/* Checks a URL that stands in a recipe: https:, or http: to this machine if `http` is set. WL_E_RECIPE says what is
 * wrong. */
int web_address_check(const char *url, bool http, struct wl_err *err);

/* Whether s is not empty and has only letters, digits and the characters in extra. */
bool plain_text(const char *s, const char *extra);

#endif
