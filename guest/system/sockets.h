/* What the calls for data (messages.c) want of a socket (sockets.c). */
#ifndef WL_SYSTEM_SOCKETS_H
#define WL_SYSTEM_SOCKETS_H

#include <sys/socket.h>

/* SOCK_STREAM or SOCK_DGRAM; -1 with errno: it is no socket. */
int socket_type(int fd);
/* Sets where the next datagram goes. 0, or -1 with errno. */
int socket_send_to(int fd, const struct sockaddr *address, socklen_t size);
/* Where the last datagram came from; *size is 0 where nobody knows. */
void socket_sent_from(int fd, struct sockaddr *restrict address, socklen_t *restrict size);

#endif
