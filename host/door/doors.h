/* What the files of door/ share. */
#ifndef WL_DOOR_DOORS_H
#define WL_DOOR_DOORS_H

#include "door/door.h"
#include "door/filter.h"

#include <stdatomic.h>

struct secret {
    char *name, *value, *placeholder, *variable;
    size_t host; /* in doors.list */
};

struct door {
    struct net_secret_host host;
    struct net_address at; /* the guest's address and port for it */
};

struct doors {
    atomic_int owners, visits;
    struct net_gate gate;
    struct door list[DOOR_MOST_SECRETS];
    struct secret secrets[DOOR_MOST_SECRETS];
    const char *variables[DOOR_MOST_SECRETS];
    size_t n, secrets_n, variables_n;
    char *certificates; /* or NULL */
};

/* Adds a secret, with the door of its host. 0, or -ERR_SETUP with err. */
int doors_add_secret(struct doors *d, const struct net_secret *s, struct err *err);

/* Serves one connection of the guest on a thread of its own, which closes fd. 0, or -1 with errno; fd is closed in
 * either case. */
int visit_start(struct doors *d, const struct door *door, int fd);

#endif
