#include "door/doors.h"

#include "core/sha256.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HTTP = 80, HTTPS = 443 };

/* Text of that length that the guest gets instead of the value. It is the same in each run, so that a run can be
 * repeated, and long enough that nothing else looks like it. */
static void make_placeholder(char *to, size_t n, const char *name, const char *host)
{
    static const char *const starts[] = {"wl-secret-", "wl-", ""};
    const char *start = starts[n >= 40 ? 0 : n >= 16 ? 1 : 2];
    size_t at = strlen(start);

    memcpy(to, start, at);
    for (unsigned block = 0; at < n; block++) {
        char text[NET_NAME_SIZE + 256], hex[65];
        struct sha256 hash;
        int size = snprintf(text, sizeof text, "wl-secret %s %s %zu %u", name, host, n, block);

        sha256_init(&hash);
        sha256_add(&hash, text, (size_t)size);
        sha256_hex(&hash, hex);
        memcpy(to + at, hex, n - at < 64 ? n - at : 64);
        at += n - at < 64 ? n - at : 64;
    }
    to[n] = '\0';
}

/* An address that stands for a name: of the block that no network has (240.0.0.0/4). */
static struct net_address stand_in(size_t i, uint16_t port)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct net_address a = {0};

    four.sin_addr.s_addr = htonl((uint32_t)(0xf0000001 + i));
    net_from_sockaddr((struct sockaddr *)&four, sizeof four, &a);
    return a;
}

/* The door of that host and port; a new one if there is none. (As many doors as secrets have room.) */
static size_t find_door(struct doors *d, const struct net_secret_host *h)
{
    /* The guest's URL has no port if the server's has none. */
    const uint16_t port = h->port == HTTPS ? HTTP : h->port;
    struct net_address at = h->address;

    if (!h->is_address)
        at = stand_in(d->n, port);
    at.port = port;
    for (size_t i = 0; i < d->n; i++) {
        if (strcmp(d->list[i].host.text, h->text) != 0)
            continue;
        if (d->list[i].host.port == h->port)
            return i;
        memcpy(at.bytes, d->list[i].at.bytes, sizeof at.bytes);
    }
    d->list[d->n] = (struct door){*h, at};
    return d->n++;
}

/* A second secret of that name, for another host, is the same secret. */
static const struct secret *same_name(const struct doors *d, const char *name)
{
    for (size_t i = 0; i < d->secrets_n; i++)
        if (!strcmp(d->secrets[i].name, name))
            return &d->secrets[i];
    return NULL;
}

int doors_add_secret(struct doors *d, const struct net_secret *s, struct err *err)
{
    const struct secret *same = same_name(d, s->name);
    struct secret *own = &d->secrets[d->secrets_n];
    const size_t n = strlen(s->value);
    struct net_secret_host host;
    char why[NET_WHY_SIZE];

    if (net_secret_check(s, why) < 0 || net_secret_host(s->host, &host, why) < 0)
        return err_set(err, ERR_SETUP, "cannot use the secret %s: %s", s->name, why);
    if (same && strcmp(same->value, s->value) != 0)
        return err_set(err, ERR_SETUP, "cannot use the secret %s: it was given with another value, too", s->name);
    *own = (struct secret){.name = strdup(s->name), .value = strdup(s->value), .placeholder = malloc(n + 1)};
    d->secrets_n++;
    if (!own->name || !own->value || !own->placeholder)
        return err_set(err, ERR_SETUP, "out of memory");
    own->host = find_door(d, &host);
    if (same)
        memcpy(own->placeholder, same->placeholder, n + 1);
    else
        make_placeholder(own->placeholder, n, s->name, host.text);
    if (same)
        return 0;
    own->variable = malloc(strlen(s->name) + n + 2);
    if (!own->variable)
        return err_set(err, ERR_SETUP, "out of memory");
    sprintf(own->variable, "%s=%s", s->name, own->placeholder);
    d->variables[d->variables_n++] = own->variable;
    return 0;
}

static void forget(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void doors_free(struct doors *d)
{
    if (!d || atomic_fetch_sub(&d->owners, 1) != 1)
        return;
    for (size_t i = 0; i < d->secrets_n; i++) {
        forget(d->secrets[i].value);
        free(d->secrets[i].name);
        free(d->secrets[i].placeholder);
        free(d->secrets[i].variable);
    }
    free(d->certificates);
    free(d);
}
