/* The request that looks up a name. */
#include "net/requests.h"
#include "net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

/* getaddrinfo()'s errors by name. */
static const char *lookup_error(int error)
{
    switch (error) {
    case EAI_AGAIN:
        return "again";
    case EAI_FAIL:
        return "fail";
    case EAI_MEMORY:
        return "memory";
    default:
        return "noname";
    }
}

static void say_answer(struct wasi_request *r, const struct net_address *a)
{
    struct sockaddr_storage s;

    if (!net_to_sockaddr(a, AF_INET, &s))
        net_to_sockaddr(a, AF_INET6, &s);
    if (r->size)
        wasi_say(r, "\n");
    net_say_address(r, &s);
}

static uint32_t give_answers(struct wasi_request *r, const char *name, const struct net_address *answers, size_t n)
{
    struct net *net = r->arg;
    char text[NET_ADDRESS_TEXT], *colon;
    size_t given = 0;

    for (size_t i = 0; i < n; i++) {
        if (!net_policy_answer(net->policy, name, &answers[i]))
            continue;
        net_remember(net, &answers[i], name);
        say_answer(r, &answers[i]);
        given++;
    }
    if (!given && n) {
        net_address_text(&answers[0], text);
        colon = strrchr(text, ':');
        *colon = '\0';
        net_refuse(net, "an answer for a name that points to this machine or its network,", text, "--net");
        wasi_say(r, "! fail");
    }
    return 0;
}

/* net.resolve 0|4|6 NAME: lines of 4|6 ADDRESS PORT, or ! ERROR */
uint32_t net_resolve(struct wasi_request *r)
{
    struct net *net = r->arg;
    struct net_address answers[NET_MOST_ANSWERS];
    char name[NET_NAME_SIZE];
    struct net_lookup *l;
    struct pollfd p;
    size_t n;
    int64_t family;
    int ready = 0, error;

    if (!wasi_word(r, 0, 0, 6, &family) || (family != 0 && family != 4 && family != 6))
        return WASI_EINVAL;
    if (!net_name(r->word[1], name)) {
        wasi_say(r, "! noname");
        return 0;
    }
    if (net->gate && net->gate->resolve(net->gate->arg, name, &answers[0])) {
        if (family == 6)
            wasi_say(r, "! noname");
        else
            say_answer(r, &answers[0]);
        return 0;
    }
    if (!net_policy_name(net->policy, name)) {
        net_refuse(net, "looking up", name, "--net");
        wasi_say(r, "! fail");
        return 0;
    }
    if (!net->lookups_left) {
        net_refuse_more(net, "looking up", name, "--max-lookups", net->most_lookups);
        wasi_say(r, "! fail");
        return 0;
    }
    net->lookups_left--;
    l = net_lookup_start(name, family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC);
    if (!l) {
        wasi_say(r, "! again");
        return 0;
    }
    p = (struct pollfd){.fd = net_lookup_fd(l), .events = POLLIN};
    while (ready == 0)
        ready = wasi_wait(r->w, &p, 1, NULL);
    if (ready < 0) {
        error = errno;
        net_lookup_free(l);
        return wasi_from_errno(error);
    }
    error = net_lookup_answer(l, answers, &n);
    net_lookup_free(l);
    if (error || !n) {
        wasi_say(r, "! %s", lookup_error(error));
        return 0;
    }
    return give_answers(r, name, answers, n);
}
