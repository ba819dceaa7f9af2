#include "devices.h"

#include <stdlib.h>
#include <string.h>

/* "wdev" */
#define DEVICE_NUMBER UINT64_C(0x77646576)

static const struct {
    const char *name;
    unsigned device;
} names[] = {
    {"null", DEVICE_NULL},
    {"zero", DEVICE_ZERO},
    {"full", DEVICE_FULL},
    {"random", DEVICE_RANDOM},
    {"urandom", DEVICE_URANDOM},
    {"stdin", DEVICE_DESCRIPTOR},
    {"stdout", DEVICE_DESCRIPTOR + 1},
    {"stderr", DEVICE_DESCRIPTOR + 2},
    {"fd", DEVICES_FD},
};

enum { NAMES = sizeof names / sizeof *names, DIGITS = 10 };

static enum device find(enum device folder, const char *name, size_t n)
{
    unsigned long fd;
    char *end;

    if (folder == DEVICES) {
        for (size_t i = 0; i < NAMES; i++)
            if (strlen(names[i].name) == n && !memcmp(names[i].name, name, n))
                return (enum device)names[i].device;
        return DEVICE_NONE;
    }
    if (n > DIGITS || *name < '0' || *name > '9' || (*name == '0' && n > 1))
        return DEVICE_NONE;
    fd = strtoul(name, &end, 10);
    return end != name + n || fd > INT32_MAX ? DEVICE_NONE : (enum device)(DEVICE_DESCRIPTOR + (unsigned)fd);
}

bool device_is_folder(enum device device)
{
    return device == DEVICES || device == DEVICES_FD;
}

__wasi_errno_t device_walk(enum device from, const char *path, enum device *device, const char **rest)
{
    if (!*path)
        return __WASI_ERRNO_NOENT;
    *device = from;
    while (*path) {
        size_t n = strcspn(path, "/");

        if (!device_is_folder(*device))
            return __WASI_ERRNO_NOTDIR;
        if (n == 2 && !memcmp(path, "..", 2)) {
            if (*device == DEVICES) {
                *rest = path + n + (path[n] == '/');
                return DEVICE_AWAY;
            }
            *device = DEVICES;
        } else if (n && !(n == 1 && *path == '.')) {
            *device = find(*device, path, n);
            if (*device == DEVICE_NONE)
                return path[n + strspn(path + n, "/")] ? __WASI_ERRNO_NOENT : 0;
        }
        path += n;
        if (*path == '/' && !device_is_folder(*device))
            return __WASI_ERRNO_NOTDIR;
        path += *path == '/';
    }
    return 0;
}

void device_stat(enum device device, __wasi_filestat_t *stat)
{
    *stat = (__wasi_filestat_t){
        .dev = DEVICE_NUMBER,
        .ino = (uint64_t)device + 1,
        .filetype = device_is_folder(device) ? __WASI_FILETYPE_DIRECTORY : __WASI_FILETYPE_CHARACTER_DEVICE,
        .nlink = device_is_folder(device) ? 2 : 1,
    };
}

__wasi_errno_t device_read(enum device device, void *to, size_t n, size_t *done)
{
    *done = device == DEVICE_NULL ? 0 : n;
    if (device == DEVICE_RANDOM || device == DEVICE_URANDOM)
        return __wasi_random_get(to, n);
    memset(to, 0, *done);
    return 0;
}

__wasi_errno_t device_write(enum device device, size_t n, size_t *done)
{
    *done = device == DEVICE_FULL ? 0 : n;
    return device == DEVICE_FULL && n ? __WASI_ERRNO_NOSPC : 0;
}

const char *device_name(enum device folder, uint64_t i, enum device *device)
{
    if (i < 2) {
        *device = i && folder == DEVICES_FD ? DEVICES : folder;
        return i ? ".." : ".";
    }
    if (folder != DEVICES || i - 2 >= NAMES)
        return NULL;
    *device = (enum device)names[i - 2].device;
    return names[i - 2].name;
}
