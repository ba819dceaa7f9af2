/* The protocols that wasi-libc's netinet/in.h lacks, with their registered numbers; and without the options that no
 * host serves, so that programs find out by #ifdef or hasattr(). (The names of multicast remain, because every system
 * has them, and programs use them without asking.) */
#ifndef WL_NETINET_IN_H
#define WL_NETINET_IN_H

#include_next <netinet/in.h>

/* For ancillary data and for raw sockets, of which there are none. */
#undef IP_BIND_ADDRESS_NO_PORT
#undef IP_HDRINCL
#undef IP_OPTIONS
#undef IP_PKTINFO
#undef IP_RECVOPTS
#undef IP_RECVRETOPTS
#undef IP_RECVTOS
#undef IP_RECVTTL
#undef IP_RETOPTS
#undef IP_TRANSPARENT
#undef IPV6_CHECKSUM
#undef IPV6_DSTOPTS
#undef IPV6_HOPLIMIT
#undef IPV6_HOPOPTS
#undef IPV6_NEXTHOP
#undef IPV6_PATHMTU
#undef IPV6_PKTINFO
#undef IPV6_RECVDSTOPTS
#undef IPV6_RECVHOPLIMIT
#undef IPV6_RECVHOPOPTS
#undef IPV6_RECVPATHMTU
#undef IPV6_RECVPKTINFO
#undef IPV6_RECVRTHDR
#undef IPV6_RECVTCLASS
#undef IPV6_RTHDR
#undef IPV6_RTHDRDSTOPTS
#undef IPV6_RTHDR_TYPE_0

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
