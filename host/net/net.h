/* The network for one guest: the requests net.* of the channel (wasi/channel.h), under a policy (policy.h). */
#ifndef WL_NET_H
#define WL_NET_H

#include "core/err.h"
#include "net/policy.h"
#include "wasi/channel.h"
#include "wasi/wasi.h"

enum { NET_RECENT = 256 };

/* Names and addresses that lead to something of the host's own instead of the network (door/door.h). */
struct net_gate {
    void *arg;
    /* Whether the name is one of them, and its address for the guest. */
    bool (*resolve)(void *arg, const char *name, struct net_address *a);
    /* Connects a socket that leads there: 0, or -1 with errno and, if the guest may not, why. 1: the address is none of
     * them. */
    int (*connect)(void *arg, const struct net_address *a, int fd, char why[NET_WHY_SIZE]);
};

struct net {
    const struct net_policy *policy; /* borrowed */
    struct net_policy *own;          /* what net_grant() has made */
    unsigned sockets, most_sockets, listening, most_listening;
    uint64_t most_lookups, lookups_left, received_left, sent_left;
    /* Called with one line for each request that the policy refuses; may be NULL. */
    void (*refused)(void *arg, const char *line);
    void *arg;
    const struct net_gate *gate; /* borrowed; NULL: none */
    struct wasi_request_set set, aes;
    /* Answers that the guest was given, so that a rule for a name lets through what the name has given: a ring. */
    struct {
        struct net_address address;
        char name[NET_NAME_SIZE];
    } recent[NET_RECENT];
    size_t next;
};

/* What a caller gives to a guest. Without a rule and a gate there is no network. */
struct net_config {
    const char *const *connect; /* rules as net_policy_allow reads them */
    size_t connect_n;
    const char *const *listen; /* as net_policy_listen does */
    size_t listen_n;
    struct net_limits limits;
    const struct net_gate *gate;                  /* must live as long as the guest; NULL: none */
    void (*refused)(void *arg, const char *line); /* as in struct net */
    void *arg;
};

/* Lets the guest use the network; before wasi_give_channel(). n must live as long as w. Returns 0, or -1 with errno. */
int net_serve(struct net *n, struct wasi *w, const struct net_policy *policy, const struct net_limits *limits);

/* Serves the network as the rules say; before wasi_give_channel(). Without a rule and a gate it does nothing. Call
 * net_free() when the guest has ended. Returns 0, or -ERR_SETUP with err. */
int net_grant(struct net *n, struct wasi *w, const struct net_config *c, struct err *err);
void net_free(struct net *n);

#endif
