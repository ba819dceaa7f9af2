/* The socket functions and options that wasi-libc lacks for WASI preview 1: see guest/system/sockets.c. The numbers are
 * Linux's, or wasi-libc's for later versions of WASI. */
#ifndef WL_SYS_SOCKET_H
#define WL_SYS_SOCKET_H

#include_next <sys/socket.h>

#ifndef SO_REUSEADDR
#define SO_REUSEADDR 2
#define SO_ERROR 4
#define SO_DONTROUTE 5
#define SO_BROADCAST 6
#define SO_SNDBUF 7
#define SO_RCVBUF 8
#define SO_KEEPALIVE 9
#define SO_OOBINLINE 10
#define SO_LINGER 13
#define SO_REUSEPORT 15
#define SO_RCVLOWAT 18
#define SO_SNDLOWAT 19
#define SO_ACCEPTCONN 30
#define SO_PROTOCOL 38
#define SO_DOMAIN 39
#define SO_RCVTIMEO 66
#define SO_SNDTIMEO 67
#endif

#ifndef SOMAXCONN
#define SOMAXCONN 128
#endif
#ifndef SOL_IP
#define SOL_IP 0
#endif
#ifndef SOL_TCP
#define SOL_TCP 6
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

#ifndef SOCK_RAW
#define SOCK_RAW 3
#define SOCK_RDM 4
#define SOCK_SEQPACKET 7
#endif

#ifndef MSG_DONTWAIT
#define MSG_DONTWAIT 0x0040
#define MSG_NOSIGNAL 0x4000
/* wasi-libc's is the number of MSG_PEEK: of one call it is a question, of the other an answer. */
#undef MSG_TRUNC
#define MSG_TRUNC 0x0020
#define MSG_CTRUNC 0x0008
#endif

/* Ancillary data. None can be sent and none arrives, but programs compute the sizes of its buffers. */
struct cmsghdr {
    socklen_t cmsg_len;
    int cmsg_level, cmsg_type;
};

#define CMSG_ALIGN(n) (((n) + sizeof(size_t) - 1) & (size_t) ~(sizeof(size_t) - 1))
#define CMSG_SPACE(n) (CMSG_ALIGN(n) + CMSG_ALIGN(sizeof(struct cmsghdr)))
#define CMSG_LEN(n) (CMSG_ALIGN(sizeof(struct cmsghdr)) + (n))
#define CMSG_DATA(c) ((unsigned char *)((struct cmsghdr *)(c) + 1))
#define CMSG_FIRSTHDR(m)                                                                                               \
    ((m)->msg_controllen >= sizeof(struct cmsghdr) ? (struct cmsghdr *)(m)->msg_control : (struct cmsghdr *)0)
/* What is left behind c must hold another header. */
#define CMSG_LEFT(m, c) ((size_t)((char *)(m)->msg_control + (m)->msg_controllen - (char *)(c)))
#define CMSG_NXTHDR(m, c)                                                                                              \
    ((c)->cmsg_len < sizeof(struct cmsghdr) || CMSG_LEFT(m, c) < sizeof(struct cmsghdr) ||                             \
             CMSG_LEFT(m, c) - sizeof(struct cmsghdr) < CMSG_ALIGN((c)->cmsg_len)                                      \
         ? (struct cmsghdr *)0                                                                                         \
         : (struct cmsghdr *)((char *)(c) + CMSG_ALIGN((c)->cmsg_len)))

int socket(int family, int type, int protocol);
int connect(int fd, const struct sockaddr *address, socklen_t size);
int bind(int fd, const struct sockaddr *address, socklen_t size);
int listen(int fd, int backlog);
int getsockname(int fd, struct sockaddr *__restrict address, socklen_t *__restrict size);
int getpeername(int fd, struct sockaddr *__restrict address, socklen_t *__restrict size);
ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *address, socklen_t size);
ssize_t recvfrom(int fd, void *__restrict bytes, size_t n, int flags, struct sockaddr *__restrict address,
                 socklen_t *__restrict size);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t recvmsg(int fd, struct msghdr *message, int flags);
int setsockopt(int fd, int level, int option, const void *value, socklen_t size);
int socketpair(int family, int type, int protocol, int pair[2]);
int wl_accept(int fd, struct sockaddr *__restrict address, socklen_t *__restrict size);
int wl_accept4(int fd, struct sockaddr *__restrict address, socklen_t *__restrict size, int flags);
ssize_t wl_recv(int fd, void *bytes, size_t n, int flags);
ssize_t wl_send(int fd, const void *bytes, size_t n, int flags);
int wl_getsockopt(int fd, int level, int option, void *__restrict value, socklen_t *__restrict size);

/* They replace libc's, which support no peer, few flags, and only the option SO_TYPE. */
#define accept(fd, address, size) wl_accept(fd, address, size)
#define accept4(fd, address, size, flags) wl_accept4(fd, address, size, flags)
#define recv(fd, bytes, n, flags) wl_recv(fd, bytes, n, flags)
#define send(fd, bytes, n, flags) wl_send(fd, bytes, n, flags)
#define getsockopt(fd, level, option, value, size) wl_getsockopt(fd, level, option, value, size)

#endif
