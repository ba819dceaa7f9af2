/* The network for one guest: the requests net.* of the channel (wasi/channel.h), under a policy (policy.h). */
#ifndef WL_NET_H
#define WL_NET_H

#include "core/err.h"
#include "net/policy.h"
#include "wasi/channel.h"
#include "wasi/wasi.h"

enum { NET_RECENT = 256 };

struct net {
    const struct net_policy *policy; /* borrowed */
    struct net_policy *own;          /* what net_grant() has made */
    unsigned sockets, most_sockets;
    uint64_t received_left, sent_left;
    /* Called with one line for each request that the policy refuses; may be NULL. */
    void (*refused)(void *arg, const char *line);
    void *arg;
    struct wasi_request_set set;
    /* Answers that the guest was given, so that a rule for a name lets through what the name has given: a ring. */
    struct {
        struct net_address address;
        char name[NET_NAME_SIZE];
    } recent[NET_RECENT];
    size_t next;
};

/* What a caller gives to a guest. Without a rule there is no network. */
struct net_config {
    const char *const *connect; /* rules as net_policy_allow reads them */
    size_t connect_n;
    const char *const *listen; /* as net_policy_listen does */
    size_t listen_n;
    struct net_limits limits;
    void (*refused)(void *arg, const char *line); /* as in struct net */
    void *arg;
};

/* Lets the guest use the network; before wasi_give_channel(). n must live as long as w. Returns 0, or -1 with errno. */
int net_serve(struct net *n, struct wasi *w, const struct net_policy *policy, const struct net_limits *limits);

/* Serves the network as the rules say; before wasi_give_channel(). Without a rule it does nothing. Call net_free() when
 * the guest has ended. Returns 0, or -ERR_SETUP with err. */
int net_grant(struct net *n, struct wasi *w, const struct net_config *c, struct err *err);
void net_free(struct net *n);

#endif
