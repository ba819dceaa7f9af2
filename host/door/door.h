/* Doors: hosts that a guest speaks to over plain HTTP, while this process speaks to them over TLS and puts secrets in.
 *
 * The guest knows a secret by a placeholder of the same length. In a request through the door of the secret's host, the
 * placeholder is replaced in the headers that carry credentials (head.h); in what comes back, the secret is replaced by
 * the placeholder. Nothing else can send the secret anywhere: the door of a host leads to that host alone, whose
 * certificate is checked, and it follows no redirect. docs/network.md says what this holds against, and what not.
 *
 * TLS is the system's libcurl, loaded when the first door is passed (curl.h). */
#ifndef WL_DOOR_H
#define WL_DOOR_H

#include "core/err.h"
#include "net/net.h"
#include "net/secret.h"

enum { DOOR_MOST_SECRETS = 64, DOOR_MOST_VISITS = 64 };

struct doors;

/* Doors for the hosts of the secrets. certificates: a file with those that are trusted, or NULL: the system's. NULL
 * with err: a part of a secret is wrong, two secrets of one name have different values, libcurl cannot be loaded. */
struct doors *doors_new(const struct net_secret *secrets, size_t n, const char *certificates, struct err *err);

/* Ends the caller's interest. Connections end when the guest's sockets are closed. May be NULL. */
void doors_free(struct doors *d);

/* What net_grant() takes; the doors' own. */
const struct net_gate *doors_gate(const struct doors *d);

/* The guest's variables, "NAME=PLACEHOLDER", one for each name; the doors' own. */
const char *const *doors_variables(const struct doors *d, size_t *n);

#endif
