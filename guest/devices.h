/* The devices below /dev that programs take for granted, and the descriptors there. */
#ifndef WL_DEVICES_H
#define WL_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wasi/api.h>

enum device {
    DEVICES,     /* the directory itself */
    DEVICES_FD,  /* the directory fd */
    DEVICE_NULL, /* from here on they are files */
    DEVICE_ZERO,
    DEVICE_FULL,
    DEVICE_RANDOM,
    DEVICE_URANDOM,
    DEVICE_NONE,
    DEVICE_DESCRIPTOR /* and higher: descriptor n is DEVICE_DESCRIPTOR + n */
};

/* Result of device_walk() for a path that leads out of the directory. */
#define DEVICE_AWAY ((__wasi_errno_t)0x4001)

/* Follows a path from one of the directories. If only the last name is missing, that is not an error: *device is
 * DEVICE_NONE. On DEVICE_AWAY, *rest is the path as seen from "/". */
__wasi_errno_t device_walk(enum device from, const char *path, enum device *device, const char **rest);

bool device_is_folder(enum device device);
void device_stat(enum device device, __wasi_filestat_t *stat);
__wasi_errno_t device_read(enum device device, void *to, size_t n, size_t *done);
__wasi_errno_t device_write(enum device device, size_t n, size_t *done);

/* Entry i of a directory; "." is 0 and ".." is 1. NULL: there is none. */
const char *device_name(enum device folder, uint64_t i, enum device *device);

#endif
