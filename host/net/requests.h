/* What the files of net/ share: the requests, and what they need of a guest's network. */
#ifndef WL_NET_REQUESTS_H
#define WL_NET_REQUESTS_H

#include "net/net.h"

/* Each serves one request; docs/channel.md describes them. */
uint32_t net_socket(struct wasi_request *r);
uint32_t net_pair(struct wasi_request *r);
uint32_t net_connect(struct wasi_request *r);
uint32_t net_bind(struct wasi_request *r);
uint32_t net_listen(struct wasi_request *r);
uint32_t net_own_name(struct wasi_request *r);
uint32_t net_peer(struct wasi_request *r);
uint32_t net_from(struct wasi_request *r);
uint32_t net_to(struct wasi_request *r);
uint32_t net_option(struct wasi_request *r);
uint32_t net_linger(struct wasi_request *r);
uint32_t net_wait(struct wasi_request *r);
uint32_t net_resolve(struct wasi_request *r);
uint32_t net_aes_gcm(struct wasi_request *r);

/* The socket that the first word names; of any kind, or one that the guest has made itself. NULL with *e. */
struct wasi_fd *net_any_socket(struct wasi_request *r, uint32_t *e);
struct wasi_fd *net_own_socket(struct wasi_request *r, uint32_t *e);

/* Reports a refusal: what was tried, on what, and the option that would allow it. */
void net_refuse(struct net *n, const char *what, const char *of, const char *option);
/* The same for a limit. */
void net_refuse_more(struct net *n, const char *what, const char *of, const char *option, uint64_t most);
/* Whether the rules let the guest connect to that address, by itself or by a name that gave it. */
bool net_may_connect(const struct net *n, const struct net_address *a);
/* Keeps an answer for a name. */
void net_remember(struct net *n, const struct net_address *a, const char *name);
/* Adds "4|6 ADDRESS PORT" to the answer, or "0 - 0". */
void net_say_address(struct wasi_request *r, const struct sockaddr_storage *a);

#endif
