/* Names and addresses: numeric addresses and the names of this machine. The host looks up other names if it provides
 * a network (guest/channel.h); otherwise they do not resolve. */
#include "../channel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

int h_errno;

static char *no_aliases[] = {NULL};

const char *gai_strerror(int error)
{
    static const char *const texts[] = {
        [-EAI_BADFLAGS] = "Bad value for ai_flags",
        [-EAI_NONAME] = "Name or service not known",
        [-EAI_AGAIN] = "Temporary failure in name resolution",
        [-EAI_FAIL] =
            "Non-recoverable failure in name resolution: the host provides no network, or does not allow this name",
        [-EAI_NODATA] = "No address associated with hostname",
        [-EAI_FAMILY] = "ai_family not supported",
        [-EAI_SOCKTYPE] = "ai_socktype not supported",
        [-EAI_SERVICE] = "Servname not supported for ai_socktype",
        [-EAI_ADDRFAMILY] = "Address family for hostname not supported",
        [-EAI_MEMORY] = "Memory allocation failure",
        [-EAI_SYSTEM] = "System error",
        [-EAI_OVERFLOW] = "Result too large for supplied buffer",
    };
    size_t index = 0u - (unsigned)error;

    return index < sizeof texts / sizeof *texts && texts[index] ? texts[index] : "Unknown error";
}

const char *hstrerror(int error)
{
    static const char *const texts[] = {
        [HOST_NOT_FOUND] = "Unknown host",
        [TRY_AGAIN] = "Host name lookup failure",
        [NO_RECOVERY] = "Unknown server error",
        [NO_DATA] = "No address associated with name",
    };

    return error > 0 && (size_t)error < sizeof texts / sizeof *texts ? texts[error] : "Resolver internal error";
}

/* An IPv4 or IPv6 address. */
struct address {
    int family;
    uint32_t scope; /* of IPv6: the number of the interface, or 0 */
    union {
        struct in_addr v4;
        struct in6_addr v6;
    } of;
};

/* ADDRESS%SCOPE of IPv6, with the number of an interface: a guest knows no names of them. */
static int parse_scoped(const char *text, struct address *address)
{
    const char *percent = strchr(text, '%');
    char bare[INET6_ADDRSTRLEN];
    unsigned long long scope;
    char *end;

    if (!percent || (size_t)(percent - text) >= sizeof bare || percent[1] < '0' || percent[1] > '9')
        return 0;
    memcpy(bare, text, (size_t)(percent - text));
    bare[percent - text] = '\0';
    scope = strtoull(percent + 1, &end, 10);
    if (*end || scope > UINT32_MAX || inet_pton(AF_INET6, bare, &address->of.v6) != 1)
        return 0;
    address->family = AF_INET6;
    address->scope = (uint32_t)scope;
    return 1;
}

/* 1: the text is a numeric address. */
static int parse(const char *text, struct address *address)
{
    address->scope = 0;
    if (inet_pton(AF_INET, text, &address->of.v4) == 1 || inet_aton(text, &address->of.v4))
        address->family = AF_INET;
    else if (inet_pton(AF_INET6, text, &address->of.v6) == 1)
        address->family = AF_INET6;
    else
        return parse_scoped(text, address);
    return 1;
}

static void loopback(struct address *address, int family)
{
    address->family = family;
    address->scope = 0;
    if (family == AF_INET6)
        address->of.v6 = in6addr_loopback;
    else
        address->of.v4.s_addr = htonl(INADDR_LOOPBACK);
}

static int is_this_machine(const char *name)
{
    static const char local[] = ".localhost";
    size_t n = strlen(name);
    char own[256];

    return strcasecmp(name, local + 1) == 0 ||
           (n >= sizeof local && strcasecmp(name + n - (sizeof local - 1), local) == 0) ||
           (gethostname(own, sizeof own) == 0 && strcasecmp(name, own) == 0);
}

enum { MOST_ANSWERS = 32 };

/* Lines of "4|6 ADDRESS PORT", or "! ERROR". */
static int read_answers(char *answer, int family, struct address found[MOST_ANSWERS], size_t *n)
{
    static const struct {
        const char *name;
        int error;
    } errors[] = {{"! again", EAI_AGAIN}, {"! fail", EAI_FAIL}, {"! memory", EAI_MEMORY}};
    char *rest;

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(answer, errors[i].name) == 0)
            return errors[i].error;
    for (char *line = strtok_r(answer, "\n", &rest); line && *n < MOST_ANSWERS; line = strtok_r(NULL, "\n", &rest)) {
        char text[INET6_ADDRSTRLEN];

        if (sscanf(line, "%*d %45s", text) == 1 && parse(text, &found[*n]) &&
            (family == AF_UNSPEC || family == found[*n].family))
            ++*n;
    }
    return *n ? 0 : EAI_NONAME;
}

static int ask_host(const char *host, int family, struct address found[MOST_ANSWERS], size_t *n)
{
    char answer[CHANNEL_ANSWER];

    if (!*host || strlen(host) > 255)
        return EAI_NONAME;
    for (const char *p = host; *p; p++)
        if (*p <= ' ' || *p > '~')
            return EAI_NONAME; /* it cannot be a word of a request */
    if (channel_ask(answer, sizeof answer, "net.resolve %d %s",
                    family == AF_INET    ? 4
                    : family == AF_INET6 ? 6
                                         : 0,
                    host) < 0)
        return errno == ENOTSUP ? EAI_FAIL : EAI_SYSTEM;
    return read_answers(answer, family, found, n);
}

/* Without a name: the addresses that a server listens on, or those of this machine, in glibc's order. */
static void of_nothing(const struct addrinfo *hints, struct address found[MOST_ANSWERS], size_t *n)
{
    const int passive = hints->ai_flags & AI_PASSIVE;
    const int order[] = {passive ? AF_INET : AF_INET6, passive ? AF_INET6 : AF_INET};

    *n = 0;
    for (int i = 0; i < 2; i++) {
        if (hints->ai_family != AF_UNSPEC && hints->ai_family != order[i])
            continue;
        if (passive)
            found[*n] = (struct address){.family = order[i]};
        else
            loopback(&found[*n], order[i]);
        ++*n;
    }
}

/* The addresses of a host: 0, or an EAI_ error. */
static int look_up(const char *host, const struct addrinfo *hints, struct address found[MOST_ANSWERS], size_t *n)
{
    int family = hints->ai_family;

    *n = 1;
    if (!host) {
        of_nothing(hints, found, n);
        return 0;
    }
    if (parse(host, found))
        return family != AF_UNSPEC && family != found->family ? EAI_ADDRFAMILY : 0;
    if (hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    if (is_this_machine(host)) {
        loopback(found, family == AF_INET6 ? AF_INET6 : AF_INET);
        return 0;
    }
    *n = 0;
    return channel_has("net") ? ask_host(host, family, found, n) : EAI_FAIL;
}

/* The kinds of sockets that can be requested. */
struct kind {
    int type, protocol;
    const char *name;
};

static const struct kind kinds[] = {
    {SOCK_STREAM, IPPROTO_TCP, "tcp"}, {SOCK_DGRAM, IPPROTO_UDP, "udp"}, {SOCK_RAW, IPPROTO_IP, NULL}};

/* 0: *port is the port of the service for this kind of socket, in host byte order. Otherwise an EAI_ error. */
static int find_port(const struct kind *kind, const char *service, int flags, int *port)
{
    char *end;
    unsigned long number;
    struct servent *known;

    *port = 0;
    if (!service)
        return 0;
    number = strtoul(service, &end, 10);
    if (*service && !*end) {
        /* Only the lowest 16 bits count, as in glibc. */
        *port = (int)(number & 0xffff);
        return 0;
    }
    if (flags & AI_NUMERICSERV)
        return EAI_NONAME;
    known = kind->name ? getservbyname(service, kind->name) : NULL;
    if (!known)
        return EAI_SERVICE;
    *port = ntohs((uint16_t)known->s_port);
    return 0;
}

/* One entry of the list, followed by its address in the same block. */
static struct addrinfo *entry(const struct address *address, const struct kind *kind, int protocol, int port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } * at;
    /* The offset of the address, aligned for every type. */
    size_t offset = (sizeof(struct addrinfo) + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
    char *block = calloc(1, offset + sizeof *at);
    struct addrinfo *info = (struct addrinfo *)block;

    if (!block)
        return NULL;
    at = (void *)(block + offset);
    if (address->family == AF_INET6) {
        at->v6.sin6_family = AF_INET6;
        at->v6.sin6_port = htons((uint16_t)port);
        at->v6.sin6_addr = address->of.v6;
        at->v6.sin6_scope_id = address->scope;
    } else {
        at->v4.sin_family = AF_INET;
        at->v4.sin_port = htons((uint16_t)port);
        at->v4.sin_addr = address->of.v4;
    }
    info->ai_family = address->family;
    info->ai_socktype = kind->type;
    info->ai_protocol = protocol ? protocol : kind->protocol;
    info->ai_addr = &at->any;
    info->ai_addrlen = address->family == AF_INET6 ? sizeof at->v6 : sizeof at->v4;
    return info;
}

static int check_hints(const struct addrinfo *hints, const char *host)
{
    static const int known =
        AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_V4MAPPED | AI_ALL | AI_ADDRCONFIG | AI_NUMERICSERV;

    if ((hints->ai_flags & ~known) || (!host && (hints->ai_flags & AI_CANONNAME)))
        return EAI_BADFLAGS;
    if (hints->ai_family != AF_UNSPEC && hints->ai_family != AF_INET && hints->ai_family != AF_INET6)
        return EAI_FAMILY;
    return 0;
}

/* Adds an entry for each requested kind of socket. */
static int add(const struct address *address, const char *service, const struct addrinfo *hints, struct addrinfo **end)
{
    int error = EAI_SOCKTYPE;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct kind *kind = &kinds[i];
        int port, e;

        if ((hints->ai_socktype && hints->ai_socktype != kind->type) ||
            (hints->ai_protocol && kind->protocol != IPPROTO_IP && hints->ai_protocol != kind->protocol))
            continue;
        e = find_port(kind, service, hints->ai_flags, &port);
        if (e == EAI_NONAME)
            return e;
        if (e) {
            error = error == 0 ? 0 : e;
            continue;
        }
        *end = entry(address, kind, hints->ai_protocol, port);
        if (!*end)
            return EAI_MEMORY;
        if (hints->ai_socktype || hints->ai_protocol)
            return 0; /* only the first match */
        end = &(*end)->ai_next;
        error = 0;
    }
    return error;
}

int getaddrinfo(const char *restrict host, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict found)
{
    static const struct addrinfo none = {.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG};
    struct addrinfo *list = NULL, **end = &list;
    struct address addresses[MOST_ANSWERS];
    size_t n;
    int error;

    hints = hints ? hints : &none;
    if (!host && !service)
        return EAI_NONAME;
    error = check_hints(hints, host);
    if (error)
        return error;
    error = look_up(host, hints, addresses, &n);
    if (error)
        return error;
    for (size_t i = 0; !error && i < n; i++) {
        error = add(&addresses[i], service, hints, end);
        while (*end)
            end = &(*end)->ai_next;
    }
    if (!error && !list)
        error = EAI_NONAME;
    if (!error && (hints->ai_flags & AI_CANONNAME)) {
        list->ai_canonname = strdup(host);
        error = list->ai_canonname ? 0 : EAI_MEMORY;
    }
    if (error) {
        freeaddrinfo(list);
        return error;
    }
    *found = list;
    return 0;
}

void freeaddrinfo(struct addrinfo *found)
{
    while (found) {
        struct addrinfo *next = found->ai_next;

        free(found->ai_canonname);
        free(found);
        found = next;
    }
}

static int copy(char *to, socklen_t size, const char *text)
{
    if (!to || size == 0)
        return 0;
    if (strlen(text) >= size)
        return EAI_OVERFLOW;
    memcpy(to, text, strlen(text) + 1);
    return 0;
}

static int is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
    return ((const struct sockaddr_in *)address)->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

int getnameinfo(const struct sockaddr *restrict address, socklen_t size, char *restrict host, socklen_t host_size,
                char *restrict service, socklen_t service_size, int flags)
{
    char number[INET6_ADDRSTRLEN + 12], port[8];
    const char *name = number;
    struct servent *known = NULL;
    const void *bytes;
    int error = 0;
    uint16_t at;

    if (address->sa_family == AF_INET && size >= sizeof(struct sockaddr_in)) {
        bytes = &((const struct sockaddr_in *)address)->sin_addr;
        at = ((const struct sockaddr_in *)address)->sin_port;
    } else if (address->sa_family == AF_INET6 && size >= sizeof(struct sockaddr_in6)) {
        bytes = &((const struct sockaddr_in6 *)address)->sin6_addr;
        at = ((const struct sockaddr_in6 *)address)->sin6_port;
    } else {
        return EAI_FAMILY;
    }
    if (!inet_ntop(address->sa_family, bytes, number, sizeof number))
        return EAI_SYSTEM;
    if (address->sa_family == AF_INET6 && ((const struct sockaddr_in6 *)address)->sin6_scope_id)
        snprintf(number + strlen(number), sizeof number - strlen(number), "%%%u",
                 (unsigned)((const struct sockaddr_in6 *)address)->sin6_scope_id);
    if (!(flags & NI_NUMERICHOST) && is_loopback(address))
        name = "localhost";
    else if (flags & NI_NAMEREQD)
        return EAI_NONAME;
    error = copy(host, host_size, name);
    if (error)
        return error;
    if (!(flags & NI_NUMERICSERV))
        known = getservbyport(at, flags & NI_DGRAM ? "udp" : "tcp");
    snprintf(port, sizeof port, "%u", ntohs(at));
    return copy(service, service_size, known ? known->s_name : port);
}

/* The older functions return this one answer. */
static struct {
    struct hostent entry;
    struct address address;
    char name[NI_MAXHOST];
    char *list[2];
} last;

static struct hostent *tell(const char *name, const struct address *address)
{
    last.address = *address;
    snprintf(last.name, sizeof last.name, "%s", name);
    last.list[0] = (char *)&last.address.of;
    last.list[1] = NULL;
    last.entry =
        (struct hostent){last.name, no_aliases, address->family,
                         address->family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr), last.list};
    return &last.entry;
}

struct hostent *gethostbyname(const char *name)
{
    struct addrinfo hints = {.ai_family = AF_INET};
    struct address found[MOST_ANSWERS];
    size_t n;
    int error = look_up(name, &hints, found, &n);

    if (error) {
        h_errno = error == EAI_FAIL ? NO_RECOVERY : error == EAI_AGAIN ? TRY_AGAIN : HOST_NOT_FOUND;
        return NULL;
    }
    return tell(name, found);
}

struct hostent *gethostbyaddr(const void *bytes, socklen_t size, int family)
{
    struct address address = {.family = family}, own;

    if ((family != AF_INET || size != sizeof address.of.v4) && (family != AF_INET6 || size != sizeof address.of.v6)) {
        h_errno = NO_RECOVERY;
        return NULL;
    }
    memcpy(&address.of, bytes, size);
    loopback(&own, family);
    if (memcmp(&own.of, &address.of, size) != 0) {
        h_errno = HOST_NOT_FOUND;
        return NULL;
    }
    return tell("localhost", &address);
}
