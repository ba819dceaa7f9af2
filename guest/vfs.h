/* The files that a guest sees, whatever they are: a layer between libc and the host's WASI.
 *
 * libc's calls of WASI arrive here (wasi-host.h). A descriptor is one of
 *
 *   - the host's own: passed on as it is; nothing is known of it here;
 *   - a file of ours, of a kind below. Its number is at least VFS_FIRST, where no host counts to, unless it is a pipe
 * or a copy, which select() has to know, or was moved (fd_renumber, dup2);
 *   - a folder of both: the archive has it and the host maps one of the same name. It has the host's number, and shows
 * the names of both.
 *
 * What there is of ours:
 *
 *   - the archive (rofs.h), read-only: the library of a Python, or nothing but an empty root, "/";
 *   - memory (memory.h): /tmp and the home folder, unless the host maps them, or has them in a folder that it maps and
 * that can be written to;
 *   - devices (devices.h): /dev, unless the host maps it;
 *   - pipes (pipe.h), which have no name.
 *
 * Where the archive and the host both have a name, the archive's is seen; but a folder of that name is again a folder
 * of both. The archive's root is registered with libc as "/", and so are the others. libc looks for the longest mapped
 * folder that begins a path, so a folder that the host maps below ("/data") never comes by here but in a listing, and
 * one that it maps above or in what the archive has ("/", "/usr") is noted as a folder of both.
 *
 * vfs.c has the descriptors, vfs-files.c what can be done with one, vfs-paths.c what is done with a path, vfs-stat.c
 * the functions of libc that know of modes. cwd.c comes before all of them: it makes absolute paths of relative ones.
 */
#ifndef WL_VFS_H
#define WL_VFS_H

#include "cwd.h"
#include "devices.h"
#include "memory.h"
#include "pipe.h"
#include "rofs.h"
#include "wasi-host.h"

#include <sys/types.h>

/* The home folder of a guest that is not told of one. */
#define VFS_HOME "/home/user"

enum { VFS_FIRST = 1 << 30, VFS_PATH = MEMORY_PATH, VFS_NAME = 255 };

enum vfs_kind { VFS_ARCHIVE, VFS_MEMORY, VFS_DEVICE, VFS_PIPE };

/* An open file of ours; what descriptors that are copies of each other share. */
struct vfs_file {
    enum vfs_kind kind;
    unsigned held; /* by how many descriptors */
    union {
        const struct rofs_node *node;
        struct memory_node *memory;
        enum device device;
        struct pipe *pipe;
    };
    unsigned char
        *inflated; /* the bytes of a file that is compressed in the archive, once it has been read; else NULL */
    uint64_t offset;
    __wasi_fdflags_t flags;
    bool reads, writes;
};

/* A descriptor that is not simply the host's. */
struct vfs_entry {
    int64_t fd;                  /* the guest's number */
    int64_t host;                /* the host's descriptor behind it, or -1 */
    struct vfs_file *file;       /* NULL: only the number differs from the host's */
    __wasi_rights_t host_rights; /* what the host's folder lets be done with what is opened below it */
    bool used;
    bool gone; /* the host's descriptor of that number serves under another, so the guest must not see it */
};

/* ---- vfs.c: descriptors. Entries are good until one is added. ---- */

/* NULL: there is none, so the number is the host's. */
struct vfs_entry *vfs_find(int64_t fd);
/* The entry that has a file of ours, or NULL. */
struct vfs_entry *vfs_find_file(__wasi_fd_t fd);
/* The host's own number for a descriptor that is only the host's; -1: it is ours, or gone. */
int64_t vfs_host_only(__wasi_fd_t fd);
/* As vfs_host_only, but of folders of both, too. */
int64_t vfs_host_behind(__wasi_fd_t fd);
/* An entry with a new number of ours, with the host's number or with nothing behind it; NULL: no memory. */
struct vfs_entry *vfs_take(void);
/* The same under a number of the host's. */
struct vfs_entry *vfs_take_low(int64_t fd);
/* The same under a number that select() can wait for, if one is free. */
struct vfs_entry *vfs_take_selectable(void);
/* An open file of a kind; the rest is for the caller to fill in. NULL: no memory. */
struct vfs_file *vfs_new_file(enum vfs_kind kind, __wasi_fdflags_t flags);
/* Gives a file a new number. It is ended if there is none. */
error_t vfs_give_number(struct vfs_file *file, __wasi_fd_t *fd);
void vfs_let_go(struct vfs_file *file);
/* A number for what the host has just opened. One that is as high as ours is not passed on. */
error_t vfs_adopt(error_t error, __wasi_fd_t *fd);
/* A further descriptor of what lies behind another: with a new number, or in place of what `fd` is. */
error_t vfs_copy(__wasi_fd_t of, __wasi_fd_t *fd);
error_t vfs_copy_to(__wasi_fd_t of, __wasi_fd_t fd);
/* The name under which the host maps a folder: "" if it does not tell, NULL: it is none, or no memory. The caller frees
 * it. */
char *vfs_name_of_mapped(int64_t fd);
/* Makes the folders that the host maps, and ours, be seen in those above them. It is done once. */
void vfs_show_mapped(void);

/* For calls on descriptors: goes on with `host`, the host's number, or with -1 for a file of ours. */
#define VFS_PASS(fd, host)                                                                                             \
    int64_t host = vfs_host_only(fd);                                                                                  \
    if (host < 0 && !vfs_find_file(fd))                                                                                \
    return __WASI_ERRNO_BADF

/* ---- vfs-files.c ---- */

bool vfs_is_folder(const struct vfs_file *file);
/* Whether reading or writing would not have to wait, and how much can be read at once. */
bool vfs_is_ready(const struct vfs_file *file, bool to_write);
uint64_t vfs_left_to_read(const struct vfs_file *file);
/* What the archive says of a node. */
void vfs_stat_node(const struct rofs_node *node, __wasi_filestat_t *stat, mode_t *mode);
/* As fd_filestat_get, with the permissions. */
error_t vfs_stat_fd(__wasi_fd_t fd, __wasi_filestat_t *stat, mode_t *mode);
/* The permissions of what the host has, which does not tell. */
mode_t vfs_host_mode(const __wasi_filestat_t *stat);
/* Hides what must not be in a snapshot. */
error_t vfs_hide(error_t error, __wasi_filestat_t *stat);

/* ---- vfs-paths.c ---- */

/* As path_filestat_get, with the permissions. */
error_t vfs_stat_path(__wasi_fd_t fd, __wasi_lookupflags_t flags, const char *path, __wasi_filestat_t *stat,
                      mode_t *mode);
error_t vfs_chmod(__wasi_fd_t fd, const char *path, mode_t mode);
/* Whether what is there may be read, written, executed (R_OK ...). */
error_t vfs_access(__wasi_fd_t fd, const char *path, int how, bool follow);

/* ---- vfs-stat.c ---- */

/* The permissions of what is made next, as they were asked for, without those that umask() takes away. */
mode_t vfs_mode_for(mode_t otherwise);

#endif
