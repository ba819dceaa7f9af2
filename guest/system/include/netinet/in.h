/* The protocols that wasi-libc's netinet/in.h lacks, with their registered numbers. */
#ifndef WL_NETINET_IN_H
#define WL_NETINET_IN_H

#include_next <netinet/in.h>

#ifndef IPPROTO_ICMPV6
#define IPPROTO_HOPOPTS 0
#define IPPROTO_IGMP 2
#define IPPROTO_ROUTING 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_ESP 50
#define IPPROTO_AH 51
#define IPPROTO_ICMPV6 58
#define IPPROTO_NONE 59
#define IPPROTO_DSTOPTS 60
#define IPPROTO_SCTP 132
#endif

#endif
