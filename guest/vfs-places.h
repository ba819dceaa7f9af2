/* Where a path leads: into the archive or a directory of the host, memory, a device. What vfs-places.c and vfs-paths.c
 * share. */
#ifndef WL_VFS_PLACES_H
#define WL_VFS_PLACES_H

#include "vfs.h"

struct place {
    enum vfs_kind kind;
    /* VFS_ARCHIVE: the node of the archive, or NULL. */
    const struct rofs_node *node;
    /* The descriptor below which the host would have it; -1: the host cannot have it. */
    int64_t host;
    __wasi_rights_t host_rights;
    const char *path;
    /* Only the last name of the path is missing from the archive. */
    bool in_folder;
    size_t size; /* length of the path in memory.text */
    unsigned moves;
    enum device device;
    struct memory_place memory;
};

/* An error holds for every kind of call. */
error_t place_find(__wasi_fd_t fd, const char *path, bool follow, struct place *p);
/* The same for a directory that is to be created or removed: a link at the end is not followed, even if a "/" follows
 * it. */
error_t place_find_folder(__wasi_fd_t fd, const char *path, struct place *p);

/* Whether a call has to be repeated: the host refused to follow a path that leads out of its directory. Then the place
 * is now where the path leads. Otherwise *error is the result of the call. */
bool place_goes_away(struct place *p, bool follow, error_t *error);

/* Makes a call on a place, and repeats it where links of the host lead. */
#define DO(error, call, p, follow)                                                                                     \
    do                                                                                                                 \
        (error) = (call);                                                                                              \
    while (place_goes_away(&(p), follow, &(error)))

/* The error of the host for a name in a directory of the archive that the host does not have. The directory does
 * exist, so for a call that creates something it is read-only. For other calls the name is missing, even if the host
 * has a file of the directory's name. */
error_t place_host_error(struct place *p, error_t error, bool making);

#endif
