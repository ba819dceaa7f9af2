/* What a guest may reach on the network: rules that the caller gives, and nothing without one.
 *
 * Addresses that mean this machine or its own network (loopback, private, link-local, the metadata services of clouds,
 * multicast ...: special, see policy.c) are reached only if a rule names them: a rule for every address or for a name
 * does not. So a name whose owner lets it point to 127.0.0.1 opens nothing (server-side request forgery, DNS
 * rebinding). */
#ifndef WL_NET_POLICY_H
#define WL_NET_POLICY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { NET_NAME_SIZE = 254, NET_ADDRESS_TEXT = 64, NET_WHY_SIZE = 256 };

/* An address of either family and a port. IPv4 is kept as ::ffff:a.b.c.d, so that both forms of one address are the
 * same. */
struct net_address {
    uint8_t bytes[16];
    uint16_t port; /* in the machine's order */
};

/* What the rules allow, within limits. */
struct net_limits {
    uint64_t sockets;        /* open at once; 0: NET_SOCKETS */
    uint64_t listening;      /* of them, those that listen; 0: NET_LISTENING */
    uint64_t lookups;        /* of names, in all; 0: any number */
    uint64_t received, sent; /* bytes in all; 0: any number */
};

enum { NET_SOCKETS = 1024, NET_LISTENING = 64 };

/* Rules. May be shared by runs on several threads once it has all its rules. */
struct net_policy;

struct net_policy *net_policy_new(void); /* NULL: no memory */
void net_policy_free(struct net_policy *p);

/* Adds a rule for connections that the guest makes: HOST[:PORTS]. HOST is a name, *.NAME (all names below it), an
 * address, ADDRESS/BITS or * for every address that is not special; IPv6 addresses stand in brackets if ports follow.
 * PORTS are numbers and ranges, as in 443,8000-8010; without them all. Returns 0, or -1 with one line in why. */
int net_policy_allow(struct net_policy *p, const char *rule, char why[NET_WHY_SIZE]);

/* Adds a rule for ports that the guest may listen on: ADDRESS:PORTS, where ADDRESS may be localhost or *, and port 0
 * stands for any free port. Returns as net_policy_allow. */
int net_policy_listen(struct net_policy *p, const char *rule, char why[NET_WHY_SIZE]);

/* Whether a rule lets the guest look up that name. */
bool net_policy_name(const struct net_policy *p, const char *name);

/* Whether an answer for that name may be given to the guest. */
bool net_policy_answer(const struct net_policy *p, const char *name, const struct net_address *a);

/* Whether the guest may connect to that address. name: one that it was looked up by, or NULL. */
bool net_policy_connect(const struct net_policy *p, const struct net_address *a, const char *name);

/* Whether it may listen there. any_port: the system has chosen the port. */
bool net_policy_bind(const struct net_policy *p, const struct net_address *a, bool any_port);

/* Whether it means this machine or its network; see above. */
bool net_is_special(const struct net_address *a);

/* Writes why a rule or a secret cannot be used. Returns -1. */
int net_say_why(char why[NET_WHY_SIZE], const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The canonical form of a name (lower case, no dot at the end). False: it is not a name of a host. */
bool net_name(const char *text, char name[NET_NAME_SIZE]);

bool net_from_sockaddr(const struct sockaddr *from, socklen_t size, struct net_address *a);
/* Returns the size. family: AF_INET or AF_INET6; 0: the address cannot be given in that family. */
socklen_t net_to_sockaddr(const struct net_address *a, int family, struct sockaddr_storage *to);
/* As 192.0.2.1:80 or [2001:db8::1]:80. */
void net_address_text(const struct net_address *a, char text[NET_ADDRESS_TEXT]);

#endif
