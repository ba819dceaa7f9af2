/* A value that a guest may use and must not learn: what a caller gives of it. host/door/ does the rest. */
#ifndef WL_NET_SECRET_H
#define WL_NET_SECRET_H

#include "net/policy.h"

/* The least and the greatest size of the value, in bytes: a shorter one would be found by chance in what a server
 * sends, and no header is longer. */
enum { NET_SECRET_LEAST = 8, NET_SECRET_MOST = 4096 };

/* name: the guest's variable. value: printable ASCII without blanks, quotes, \, <, >
 * and &. host: HOST[:PORT], where HOST is a name or an
 * address, an IPv6 address in brackets if a port follows. All are borrowed. */
struct net_secret {
    const char *name, *value, *host;
};

struct net_secret_host {
    char text[NET_NAME_SIZE]; /* the name in its canonical form, or the address */
    bool is_address;
    struct net_address address; /* if it is one */
    uint16_t port;              /* of the server; 443 unless the caller names one */
};

/* Reads HOST[:PORT]. 0, or -1 with one line in why. */
int net_secret_host(const char *text, struct net_secret_host *h, char why[NET_WHY_SIZE]);

/* Checks all parts; a value that is NULL is not checked. Says nothing of the value itself. As net_secret_host(). */
int net_secret_check(const struct net_secret *s, char why[NET_WHY_SIZE]);

#endif
