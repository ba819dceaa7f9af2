/* The socket functions and options that wasi-libc lacks for WASI preview 1: see guest/system/sockets.c. The numbers are
 * Linux's, or wasi-libc's for later versions of WASI. */
#ifndef WL_SYS_SOCKET_H
#define WL_SYS_SOCKET_H

#include_next <sys/socket.h>

#ifndef SO_REUSEADDR
#define SO_DEBUG 1
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
#define SO_BINDTODEVICE 25
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
#endif

int socket(int family, int type, int protocol);
int connect(int fd, const struct sockaddr *address, socklen_t size);
int bind(int fd, const struct sockaddr *address, socklen_t size);
int listen(int fd, int backlog);
int getsockname(int fd, struct sockaddr *__restrict address, socklen_t *__restrict size);
int getpeername(int fd, struct sockaddr *__restrict address, socklen_t *__restrict size);
ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *address, socklen_t size);
ssize_t recvfrom(int fd, void *__restrict bytes, size_t n, int flags, struct sockaddr *__restrict address,
                 socklen_t *__restrict size);
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
