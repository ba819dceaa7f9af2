/* Whether the rules allow a request, and the addresses that names have given the guest. */
#include "net/requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void net_refuse(struct net *n, const char *what, const char *of, const char *option)
{
    char line[1024];

    if (!n->refused)
        return;
    snprintf(line, sizeof line, "%s %s refused; %s=%s would allow it", what, of, option, of);
    n->refused(n->arg, line);
}

void net_refuse_more(struct net *n, const char *what, const char *of, const char *option, uint64_t most)
{
    char line[1024];

    if (!n->refused)
        return;
    snprintf(line, sizeof line, "%s %s refused; %s=%" PRIu64 " does not allow more", what, of, option, most);
    n->refused(n->arg, line);
}

bool net_may_connect(const struct net *n, const struct net_address *a)
{
    if (net_policy_connect(n->policy, a, NULL))
        return true;
    for (size_t i = 0; i < NET_RECENT; i++)
        if (n->recent[i].name[0] && !memcmp(n->recent[i].address.bytes, a->bytes, sizeof a->bytes) &&
            net_policy_connect(n->policy, a, n->recent[i].name))
            return true;
    return false;
}

void net_remember(struct net *n, const struct net_address *a, const char *name)
{
    size_t at = n->next;

    for (size_t i = 0; i < NET_RECENT; i++)
        if (!strcmp(n->recent[i].name, name) && !memcmp(n->recent[i].address.bytes, a->bytes, sizeof a->bytes))
            return;
    n->next = (at + 1) % NET_RECENT;
    n->recent[at].address = *a;
    snprintf(n->recent[at].name, sizeof n->recent[at].name, "%s", name);
}
