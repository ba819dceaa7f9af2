/* Looking up a name on a thread of its own, since getaddrinfo() can neither be ended nor given a time. */
#ifndef WL_NET_RESOLVE_H
#define WL_NET_RESOLVE_H

#include "net/policy.h"

enum { NET_MOST_ANSWERS = 32 };

struct net_lookup;

/* Starts a lookup; family: AF_INET, AF_INET6 or AF_UNSPEC. NULL with errno: no memory or thread, or too many lookups
 * that were given up are still at work (EAGAIN). */
struct net_lookup *net_lookup_start(const char *name, int family);

/* A descriptor that becomes readable when the answer is there. The lookup's. */
int net_lookup_fd(const struct net_lookup *l);

/* The answer, once it is there: 0 and at most NET_MOST_ANSWERS addresses, or getaddrinfo()'s error. */
int net_lookup_answer(const struct net_lookup *l, struct net_address *answers, size_t *n);

/* Ends the caller's interest; a lookup at work ends by itself later. */
void net_lookup_free(struct net_lookup *l);

#endif
