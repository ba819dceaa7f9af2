/* Without the options that no host serves, so that programs find out by #ifdef or hasattr(). */
#ifndef WL_NETINET_TCP_H
#define WL_NETINET_TCP_H

#include_next <netinet/tcp.h>

#undef TCP_INFO
#undef TCP_CONGESTION
#undef TCP_MD5SIG
#undef TCP_THIN_LINEAR_TIMEOUTS
#undef TCP_THIN_DUPACK
#undef TCP_REPAIR
#undef TCP_REPAIR_QUEUE
#undef TCP_QUEUE_SEQ
#undef TCP_REPAIR_OPTIONS
#undef TCP_TIMESTAMP
#undef TCP_CC_INFO
#undef TCP_SAVE_SYN
#undef TCP_SAVED_SYN
#undef TCP_REPAIR_WINDOW
#undef TCP_FASTOPEN_CONNECT
#undef TCP_ULP
#undef TCP_MD5SIG_EXT
#undef TCP_FASTOPEN_KEY
#undef TCP_FASTOPEN_NO_COOKIE
#undef TCP_ZEROCOPY_RECEIVE
#undef TCP_INQ
#undef TCP_TX_DELAY

#endif
