/* The well-known ports and protocols, of which other systems have lists in /etc. */
#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>

static char *no_aliases[] = {NULL};

static struct servent services[] = {
    {"ftp-data", no_aliases, 20, "tcp"}, {"ftp", no_aliases, 21, "tcp"},
    {"ssh", no_aliases, 22, "tcp"},      {"telnet", no_aliases, 23, "tcp"},
    {"smtp", no_aliases, 25, "tcp"},     {"domain", no_aliases, 53, "tcp"},
    {"domain", no_aliases, 53, "udp"},   {"tftp", no_aliases, 69, "udp"},
    {"http", no_aliases, 80, "tcp"},     {"kerberos", no_aliases, 88, "tcp"},
    {"kerberos", no_aliases, 88, "udp"}, {"pop3", no_aliases, 110, "tcp"},
    {"nntp", no_aliases, 119, "tcp"},    {"ntp", no_aliases, 123, "udp"},
    {"imap2", no_aliases, 143, "tcp"},   {"snmp", no_aliases, 161, "udp"},
    {"ldap", no_aliases, 389, "tcp"},    {"https", no_aliases, 443, "tcp"},
    {"https", no_aliases, 443, "udp"},   {"submissions", no_aliases, 465, "tcp"},
    {"syslog", no_aliases, 514, "udp"},  {"submission", no_aliases, 587, "tcp"},
    {"ldaps", no_aliases, 636, "tcp"},   {"ftps", no_aliases, 990, "tcp"},
    {"imaps", no_aliases, 993, "tcp"},   {"pop3s", no_aliases, 995, "tcp"},
    {"mysql", no_aliases, 3306, "tcp"},  {"postgresql", no_aliases, 5432, "tcp"},
};

static struct protoent protocols[] = {
    {"ip", no_aliases, IPPROTO_IP},   {"icmp", no_aliases, IPPROTO_ICMP}, {"tcp", no_aliases, IPPROTO_TCP},
    {"udp", no_aliases, IPPROTO_UDP}, {"ipv6", no_aliases, IPPROTO_IPV6}, {"ipv6-icmp", no_aliases, IPPROTO_ICMPV6},
};

/* A service with its port in network byte order. */
static struct servent *answer(const struct servent *service)
{
    static struct servent found;

    found = *service;
    found.s_port = htons((uint16_t)service->s_port);
    return &found;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (strcmp(services[i].s_name, name) == 0 && (!protocol || strcmp(services[i].s_proto, protocol) == 0))
            return answer(&services[i]);
    return NULL;
}

struct servent *getservbyport(int port, const char *protocol)
{
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (services[i].s_port == ntohs((uint16_t)port) && (!protocol || strcmp(services[i].s_proto, protocol) == 0))
            return answer(&services[i]);
    return NULL;
}

struct protoent *getprotobyname(const char *name)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (strcasecmp(protocols[i].p_name, name) == 0)
            return &protocols[i];
    return NULL;
}
