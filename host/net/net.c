#include "net/gcm.h"
#include "net/requests.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static const struct wasi_request_kind kinds[] = {
    {"net.socket", 2, 2, net_socket},   {"net.pair", 1, 1, net_pair},     {"net.connect", 3, 3, net_connect},
    {"net.bind", 3, 3, net_bind},       {"net.listen", 2, 2, net_listen}, {"net.name", 1, 1, net_own_name},
    {"net.peer", 1, 1, net_peer},       {"net.from", 1, 1, net_from},     {"net.to", 3, 3, net_to},
    {"net.option", 2, 3, net_option},   {"net.linger", 1, 3, net_linger}, {"net.wait", 2, 3, net_wait},
    {"net.resolve", 2, 2, net_resolve},
};

static const struct wasi_request_kind aes_kinds[] = {{"aes.gcm", 8, 8, net_aes_gcm}};

static unsigned most(uint64_t limit, unsigned otherwise)
{
    return limit > UINT_MAX ? UINT_MAX : limit ? (unsigned)limit : otherwise;
}

int net_serve(struct net *n, struct wasi *w, const struct net_policy *policy, const struct net_limits *limits)
{
    n->policy = policy;
    n->sockets = n->listening = 0;
    n->most_sockets = most(limits->sockets, NET_SOCKETS);
    n->most_listening = most(limits->listening, NET_LISTENING);
    n->most_lookups = n->lookups_left = limits->lookups ? limits->lookups : UINT64_MAX;
    n->received_left = limits->received ? limits->received : UINT64_MAX;
    n->sent_left = limits->sent ? limits->sent : UINT64_MAX;
    n->set = (struct wasi_request_set){
        .name = "net", .version = 1, .kinds = kinds, .n = sizeof kinds / sizeof *kinds, .arg = n};
    /* TLS is what makes it worth its while, so it comes with the network. */
    n->aes = (struct wasi_request_set){
        .name = "aes", .version = 1, .kinds = aes_kinds, .n = sizeof aes_kinds / sizeof *aes_kinds};
    return wasi_serve(w, &n->set) < 0 || (gcm_is_possible() && wasi_serve(w, &n->aes) < 0) ? -1 : 0;
}

static int add_rules(struct net_policy *p, const char *const *rules, size_t n,
                     int (*add)(struct net_policy *p, const char *rule, char why[NET_WHY_SIZE]), struct err *err)
{
    char why[NET_WHY_SIZE];

    for (size_t i = 0; i < n; i++)
        if (add(p, rules[i], why) < 0)
            return err_set(err, ERR_SETUP, "cannot use the rule %s: %s", rules[i], why);
    return 0;
}

int net_grant(struct net *n, struct wasi *w, const struct net_config *c, struct err *err)
{
    int r;

    memset(n, 0, sizeof *n);
    n->refused = c->refused;
    n->arg = c->arg;
    n->gate = c->gate;
    if (!c->connect_n && !c->listen_n && !c->gate)
        return 0;
    n->own = net_policy_new();
    if (!n->own)
        return err_set(err, ERR_SETUP, "out of memory");
    r = add_rules(n->own, c->connect, c->connect_n, net_policy_allow, err);
    if (r == 0)
        r = add_rules(n->own, c->listen, c->listen_n, net_policy_listen, err);
    if (r == 0 && net_serve(n, w, n->own, &c->limits) < 0)
        r = err_set(err, ERR_SETUP, "cannot give the network: %s", strerror(errno));
    return r;
}

void net_free(struct net *n)
{
    net_policy_free(n->own);
    n->own = NULL;
}
